"""Measure the search of sections: questions with known answers over one or several libraries.

    python benchmarks/retrieval.py --questions questions.jsonl --corpus libraries/

A question is a line of JSON with ``query``, ``relevant`` and perhaps ``partial``: lists of ``path#anchor``, with paths
relative to the corpus. A folder ``corpus`` on the way is left out of the paths (``pack/corpus/a.md`` is ``pack/a.md``).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from procauthor.markdown.parse import parse
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.retrieval.embedding import embedding_for
from procauthor.retrieval.index import Engine, SectionIndex

_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Question:
    """A query and the sections that answer it, wholly or in part."""

    query: str
    relevant: frozenset[str]
    partial: frozenset[str]


def main() -> None:
    """Print a table with a row for each engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--embedding", default="builtin")
    options = parser.parse_args()
    questions = read_questions(options.questions)
    chunks = list(read_chunks(options.corpus))
    with tempfile.TemporaryDirectory() as folder:
        embedding = embedding_for(options.embedding)
        with SectionIndex.open(Path(folder) / "index", embedding=embedding) as index:
            measure(index, chunks, questions)


def measure(index: SectionIndex, chunks: list[Chunk], questions: list[Question]) -> None:
    """Build the index, ask all questions of each engine, and print what came out."""
    words = _time(lambda: index.sync(chunks))
    vectors = _time(lambda: index.search("warm", engine="dense"))
    build = {"lexical": words, "dense": words + vectors, "merged": words + vectors}
    out = sys.stdout.write
    out(f"{len(chunks)} chunks, {len({chunk.place for chunk in chunks})} sections, {len(questions)} questions\n\n")
    heads = "engine", "MRR", "recall@5", "recall@10", "hit@10", "MRR partial", "hit@10 partial", "build s", "query ms"
    out(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n")
    for engine in get_args(Engine):
        found, took = _ask(index, questions, engine)
        whole = [q.relevant for q in questions]
        either = [q.relevant | q.partial for q in questions]
        figures = [
            mean_reciprocal(found, whole),
            recall(found, whole, 5),
            recall(found, whole, 10),
            hit_rate(found, whole, 10),
            mean_reciprocal(found, either),
            hit_rate(found, either, 10),
        ]
        cells = " | ".join(f"{figure:.3f}" for figure in figures)
        out(f"| {engine} | {cells} | {build[engine]:.1f} | {took:.0f} |\n")


def read_questions(file: Path) -> list[Question]:
    """Read questions, one a line."""
    lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    return [Question(x["query"], frozenset(x["relevant"]), frozenset(x.get("partial", ()))) for x in lines]


def read_chunks(corpus: Path) -> Iterator[Chunk]:
    """Cut all Markdown files under a folder; files that are not UTF-8 are left out."""
    for file in sorted(corpus.rglob("*.md")):
        path = "/".join(part for part in file.relative_to(corpus).parts if part != "corpus")
        try:
            document = parse(file.read_bytes())
        except UnicodeDecodeError:
            continue
        yield from chunk_document(path, document)


def mean_reciprocal(found: list[list[str]], answers: list[frozenset[str]]) -> float:
    """Return the mean of one divided by the rank of the first answer."""
    ranks = [
        next((1 / rank for rank, place in enumerate(places, 1) if place in right), 0.0)
        for places, right in zip(found, answers, strict=True)
    ]
    return statistics.mean(ranks)


def recall(found: list[list[str]], answers: list[frozenset[str]], depth: int) -> float:
    """Return the mean share of the answers among the first places."""
    pairs = zip(found, answers, strict=True)
    return statistics.mean(len(right & set(places[:depth])) / len(right) for places, right in pairs)


def hit_rate(found: list[list[str]], answers: list[frozenset[str]], depth: int) -> float:
    """Return the share of questions with an answer among the first places."""
    pairs = zip(found, answers, strict=True)
    return statistics.mean(bool(right & set(places[:depth])) for places, right in pairs)


def _ask(index: SectionIndex, questions: list[Question], engine: Engine) -> tuple[list[list[str]], float]:
    found: list[list[str]] = []
    times: list[float] = []
    for question in questions:
        start = time.perf_counter()
        hits = index.search(question.query, _DEPTH, engine=engine)
        times.append(time.perf_counter() - start)
        found.append([hit.chunk.place for hit in hits])
    return found, statistics.median(times) * 1000


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
