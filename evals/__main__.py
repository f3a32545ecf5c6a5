"""Run the evaluations: ``python -m evals retrieval``. Results are written to ``evals/results``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evals.report import RESULTS, write_result
from evals.retrieval import measure_retrieval, show_retrieval
from procauthor.errors import ProcauthorError

_HERE = Path(__file__).parent
_ROOT = _HERE.parent


def main() -> int:
    """Measure, print, write; return the exit code."""
    options = _parse()
    try:
        return int(options.run(options))
    except ProcauthorError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 2


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evals", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder that the results are written to")
    parts = parser.add_subparsers(required=True)
    retrieval = parts.add_parser("retrieval", help="search: every engine on the same questions")
    retrieval.add_argument("--questions", type=Path, default=_HERE / "retrieval.jsonl")
    retrieval.add_argument("--library", type=Path, default=_ROOT / "procedures", help="or a folder of libraries")
    retrieval.add_argument(
        "--embedding", action="append", help="builtin, minilm, langchain:<provider>:<model>; repeatable"
    )
    retrieval.add_argument("--allow-unknown", action="store_true", help="for questions about a library that moved on")
    retrieval.add_argument("--name", default="retrieval", help="name of the result files")
    retrieval.set_defaults(run=_run_retrieval)
    return parser.parse_args()


def _run_retrieval(options: argparse.Namespace) -> int:
    embeddings = options.embedding or ["builtin", "minilm"]
    result = measure_retrieval(options.questions, options.library, embeddings, allow_unknown=options.allow_unknown)
    text = show_retrieval(result)
    sys.stdout.write(text)
    write_result(options.name, result, text, options.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
