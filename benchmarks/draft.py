"""Measures what a draft costs with a model: calls, tokens and corrections, without one.

Published procedures of a library are taken out of it, one at a time, and drafted again. The model is a server on the
loopback interface that answers with what they said, so replies are as long as real ones, and figures change with the
prompts alone. Tokens are estimated as the program does where a server counts none.

Usage: python benchmarks/draft.py [--library procedures] [--keep FOLDER] [--json] [PATH ...]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from procauthor import Project
from procauthor.authoring.reading import read_fields
from procauthor.errors import ProcauthorError
from procauthor.library.library import Procedure
from tests.loopback import Json, Loopback, Scripted, data, schema_of, words_of

ROOT = Path(__file__).parents[1]
PATHS = (
    "incident/incident-triage.md",
    "release/release-versioning.md",
    "security/vulnerability-intake.md",
    "operations/runbook-authoring.md",
    "pr/hotfix-pr.md",
    "feature/feature-flag-plan.md",
)
MODEL = "openai:any"


@dataclass(frozen=True)
class Row:
    """What one draft cost. Before the first call it is told what most runs take, ``usual``, and the most, ``bound``."""

    path: str
    calls: int
    input_tokens: int
    output_tokens: int
    usual: int
    bound: int
    errors: int
    warnings: int
    open_questions: int
    words: int
    seconds: float
    error: str = ""


def measure(root: Path, path: str, keep: Path | None = None) -> Row:
    """Draft a procedure of a library again; the library is left without it."""
    project = Project.open(root)
    procedure = project.library().by_path[path]
    fields = fields_of(procedure)
    (root / path).unlink()
    with Loopback(lambda body: answer(body, fields)) as server:
        settings = root / "procauthor.toml"
        before = settings.read_text()
        settings.write_text(f'{before}\n[authoring]\nbase_url = "{server.url}"\nretries = 0\n')
        try:
            return _draft(Project.open(root), procedure, server)
        finally:
            settings.write_text(before)
            if keep:
                _keep(server, keep / Path(path).stem)


def fields_of(procedure: Procedure) -> dict[str, Any]:
    """Return what a published procedure says, as fields of its template."""
    document, template = procedure.document, procedure.template
    assert template is not None
    raw = document.source.raw
    start = document.front_matter[1] if document.front_matter else 0
    return read_fields(template, raw[start:].decode(), {}, raw[:start].count(b"\n") + 1)


def answer(body: Json, fields: Mapping[str, Any]) -> Scripted:
    """Answer a request with what a procedure says."""
    wanted: Json = schema_of(body)["properties"]
    return data({name: _fitted(_field(name, fields), schema) for name, schema in wanted.items()}, usage=False)


def _field(name: str, fields: Mapping[str, Any]) -> Any:
    """Return a field; a part that is asked for all steps together is collected from them."""
    if name in fields:
        return fields[name]
    for section, rows in fields.items():
        part = name.removeprefix(f"{section}_")
        if part != name and isinstance(rows, list) and part != "more":
            return [{"step": number, part: row[part]} for number, row in enumerate(rows, start=1) if row.get(part)]
    return None


def _fitted(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return as much of a value as its schema holds."""
    options = schema.get("anyOf", [schema])
    kinds = {option.get("type"): option for option in options}
    if isinstance(value, list) and "array" in kinds:
        return [_fitted(each, kinds["array"]["items"]) for each in value]
    if "object" in kinds and value is not None:
        return _object(value, kinds["object"]["properties"])
    if "array" in kinds:
        return []
    return _text(value, options)


def _object(value: Any, parts: Mapping[str, Mapping[str, Any]]) -> Json:
    # An item of which only its name is said is read as that name.
    given = value if isinstance(value, dict) else {next(iter(parts)): value}
    return {name: _fitted(given.get(name), part) for name, part in parts.items()}


def _text(value: Any, options: Sequence[Mapping[str, Any]]) -> Any:
    allowed = {title for option in options for title in option.get("enum", ())}
    known = isinstance(value, str) and (not allowed or value in allowed)
    if known or isinstance(value, int):
        return value
    optional = any(option.get("type") == "null" for option in options)
    return None if optional else ""


def _draft(project: Project, procedure: Procedure, server: Loopback) -> Row:
    started, author = time.perf_counter(), project.author(MODEL, fresh=True)
    brief = author.brief(procedure.title)
    bound = author.bound(brief)
    assert bound is not None
    try:
        draft = author.create(procedure.title)
    except ProcauthorError as error:
        seconds = time.perf_counter() - started
        return Row(
            procedure.path, len(server.requests), 0, 0, bound.usual, bound.plain, 1, 0, 0, 0, seconds, str(error)
        )
    severities = [finding["severity"] for finding in draft.findings]
    return Row(
        path=procedure.path,
        calls=draft.usage.calls,
        input_tokens=draft.usage.input_tokens,
        output_tokens=draft.usage.output_tokens,
        usual=bound.usual,
        bound=bound.plain,
        errors=severities.count("error"),
        warnings=severities.count("warning"),
        open_questions=len(draft.open_questions),
        words=len(draft.text.split()),
        seconds=round(time.perf_counter() - started, 2),
    )


def _keep(server: Loopback, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, body in enumerate(server.requests, start=1):
        (folder / f"{number}.md").write_text(words_of(body), encoding="utf-8")
        (folder / f"{number}.json").write_text(json.dumps(schema_of(body), indent=1), encoding="utf-8")


def rows(library: Path, paths: Sequence[str], keep: Path | None = None) -> Iterator[Row]:
    """Measure procedures of a library, each in a fresh copy."""
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "library"
            shutil.copytree(library, root, ignore=shutil.ignore_patterns(".procauthor"))
            yield measure(root, path, keep)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=PATHS)
    parser.add_argument("--library", type=Path, default=ROOT / "procedures")
    parser.add_argument("--keep", type=Path, help="a folder for the requests: words and schemas")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("OPENAI_API_KEY", "none")
    found = list(rows(options.library, options.paths, options.keep))
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=1))
        return
    for row in found:
        print(" ".join(f"{name} {value}" for name, value in asdict(row).items() if value != ""))
    print(
        "median",
        *(
            f"{n} {statistics.median(getattr(r, n) for r in found):g}"
            for n in ("calls", "input_tokens", "usual", "bound")
        ),
    )


if __name__ == "__main__":
    main()
