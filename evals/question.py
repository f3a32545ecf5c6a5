"""Questions about a library, and the sections that answer them, in two grades."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from evals.dataset import Case, Dataset
from procauthor.markdown.parse import parse
from procauthor.project.project import Project
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.workspace._workspace import section_chunks

ANSWERS = 2
HELPS = 1

Grades = Mapping[str, int]
"""How well each section answers: 2 it does, 1 it helps. A section that is not named does not."""

Question = Case[str, Grades]


def read_questions(file: Path) -> Dataset[str, Grades]:
    """Read questions, one JSON object a line: a query, and lists of ``path#anchor`` that answer it or help."""
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    cases = [Case(_name(line, number), str(line["query"]), _grades(line)) for number, line in enumerate(lines, 1)]
    return Dataset(file.stem, tuple(cases))


def is_held_out(case: Question) -> bool:
    """Tell whether a question is kept for measuring only; a hash decides, so nobody chooses."""
    return hashlib.sha256(case.input.encode()).digest()[0] % 2 == 1


def find_unknown(dataset: Dataset[str, Grades], chunks: list[Chunk]) -> list[str]:
    """Return the sections that questions name and that the library does not have."""
    known = {chunk.place for chunk in chunks}
    return sorted({place for case in dataset.cases for place in case.expected if place not in known})


def read_library(folder: Path) -> list[Chunk]:
    """Cut a library as the product does, or, where there are several below a folder, all of them together."""
    if (folder / "procauthor.toml").exists():
        return section_chunks(Project.open(folder).library())
    return list(_read_corpus(folder))


def _read_corpus(folder: Path) -> Iterator[Chunk]:
    """Cut all Markdown files; a folder ``corpus`` on the way is left out of the paths."""
    for file in sorted(folder.rglob("*.md")):
        path = "/".join(part for part in file.relative_to(folder).parts if part != "corpus")
        try:
            document = parse(file.read_bytes())
        except UnicodeDecodeError:
            continue
        yield from chunk_document(path, document.source, document.outline)


def _name(line: Mapping[str, object], number: int) -> str:
    return str(line.get("id", number))


def _grades(line: Mapping[str, list[str]]) -> Grades:
    helping = dict.fromkeys(line.get("partial", []), HELPS)
    return helping | dict.fromkeys(line["relevant"], ANSWERS)
