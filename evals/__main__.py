"""Run the evaluations: ``python -m evals retrieval|drafting|judge``. Results are written to ``evals/results``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.drafting import Setup, measure_drafting, show_drafting
from evals.judge import Judge, judge_folders, show_judgement
from evals.report import RESULTS, write_result
from evals.retrieval import measure_retrieval, show_retrieval
from evals.workshop import unpack
from procauthor.errors import ProcauthorError

_HERE = Path(__file__).parent


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
    retrieval.add_argument("--library", type=Path, help="a library, or a folder of them; else the copy that was graded")
    retrieval.add_argument(
        "--embedding", action="append", help="builtin, minilm, langchain:<provider>:<model>; repeatable"
    )
    retrieval.add_argument("--allow-unknown", action="store_true", help="for questions about a library that moved on")
    retrieval.add_argument("--name", default="retrieval", help="name of the result files")
    retrieval.set_defaults(run=_run_retrieval)
    _add_drafting(parts.add_parser("drafting", help="drafts: the same wishes to any author"))
    _add_judge(parts.add_parser("judge", help="a model compares the kept drafts of two runs"))
    return parser.parse_args()


def _add_drafting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--author", default="offline", help="offline, or provider:model")
    parser.add_argument("--base-url", default="", help="a server that speaks the OpenAI protocol")
    parser.add_argument("--embedding", default="builtin")
    parser.add_argument("--passages", type=int, default=12, help="how many passages a brief has at most")
    parser.add_argument("--prompts", type=Path, help="a folder of prompts that come before those that ship")
    parser.add_argument("--replay", type=Path, help="a folder of recorded completions; with --base-url it is filled")
    parser.add_argument("--only", default="", help="words that the name of a case must hold, such as 'update'")
    parser.add_argument("--keep", type=Path, help="a folder for the drafts")
    parser.add_argument("--name", default="drafting", help="name of the result files")
    parser.set_defaults(run=_run_drafting)


def _add_judge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--first", type=Path, required=True, help="a folder of kept drafts")
    parser.add_argument("--second", type=Path, required=True)
    parser.add_argument("--model", required=True, help="provider:model")
    parser.add_argument("--base-url", default="")
    parser.add_argument("--name", default="judge", help="name of the result files")
    parser.set_defaults(run=_run_judge)


def _run_retrieval(options: argparse.Namespace) -> int:
    embeddings = options.embedding or ["builtin", "minilm"]
    with TemporaryDirectory(prefix="procauthor-evals-") as folder:
        library = options.library or unpack(Path(folder))
        result = measure_retrieval(options.questions, library, embeddings, allow_unknown=options.allow_unknown)
    return _finish(options, result, show_retrieval(result))


def _run_drafting(options: argparse.Namespace) -> int:
    direct = options.base_url and not options.replay
    settings = {
        "authoring": {"passages": options.passages} | ({"base_url": options.base_url} if direct else {}),
        "retrieval": {"embedding": options.embedding},
    }
    setup = Setup(options.author, settings, options.prompts, options.replay, options.base_url)
    result = measure_drafting(setup, options.only, options.keep)
    return _finish(options, result, show_drafting(result))


def _run_judge(options: argparse.Namespace) -> int:
    result = judge_folders(Judge.open(options.model, options.base_url), options.first, options.second)
    return _finish(options, result, show_judgement(result))


def _finish(options: argparse.Namespace, result: Mapping[str, Any], text: str) -> int:
    sys.stdout.write(text)
    write_result(options.name, result, text, options.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
