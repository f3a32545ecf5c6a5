"""Measure the search index: how long it takes to build, how large it is, and how long a query takes.

    python benchmarks/retrieval.py --sections 10000
    python benchmarks/retrieval.py --corpus libraries/

Without a corpus a library is made, whose few words stand in very many sections: the worst case for a word index. How
good the answers are is measured by `python -m evals retrieval`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from library import make
from procauthor.errors import ConfigError
from procauthor.markdown.parse import parse
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.retrieval.embedding import embedding_for
from procauthor.retrieval.index import Engine, SectionIndex

_SECTIONS_EACH = 16
_ROUNDS = 3
QUERIES = (
    "who has to approve the replacement of a shared valve",
    "the gauge shows nothing after the nightly restart",
    "roll back",
    "what must exist before we can install a certified relay, and where is the test record kept",
    "deviation",
    "a customer is angry because the ticket was closed twice and nobody told him",
)


def main() -> None:
    """Print a table with a row for each engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sections", type=int, default=10_000)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--embedding", default="builtin")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus or make_corpus(Path(folder) / "library", options.sections)
        chunks = list(read_chunks(corpus))
        if not options.corpus:
            chunks = cut_at(chunks, options.sections)
        try:
            measure(Path(folder) / "index", options.embedding, chunks)
        except ConfigError as error:
            sys.exit(f"not measured: {error.message}")


def make_corpus(folder: Path, sections: int) -> Path:
    """Make a library of at least so many sections."""
    make(folder, sections // _SECTIONS_EACH + 1)
    return folder


def cut_at(chunks: list[Chunk], sections: int) -> list[Chunk]:
    """Return the chunks of the first sections."""
    kept = set(list(dict.fromkeys(chunk.place for chunk in chunks))[:sections])
    return [chunk for chunk in chunks if chunk.place in kept]


def read_chunks(corpus: Path) -> Iterator[Chunk]:
    """Cut all Markdown files under a folder; files that are not UTF-8 are left out."""
    for file in sorted(corpus.rglob("*.md")):
        try:
            document = parse(file.read_bytes())
        except UnicodeDecodeError:
            continue
        yield from chunk_document(file.relative_to(corpus).as_posix(), document)


def measure(folder: Path, embedding: str, chunks: list[Chunk]) -> None:
    """Build the index, ask all queries of each engine, and print what it took."""
    with SectionIndex.open(folder, embedding=embedding_for(embedding)) as index:
        words = _time(lambda: index.sync(chunks))
        vectors = _time(lambda: index.search("warm", engine="dense"))
        again = _time(lambda: index.sync(chunks))
        print(f"{len(chunks)} chunks, {len({chunk.place for chunk in chunks})} sections, embedding {embedding}\n")
        print("| engine | median query ms | slowest query ms |\n|---|---|---|")
        for engine in get_args(Engine):
            times = _ask(index, engine)
            print(f"| {engine} | {statistics.median(times):.1f} | {max(times):.1f} |")
    with SectionIndex.open(folder, embedding=embedding_for(embedding)) as index:
        first = _time(lambda: index.search("first query of a new process"))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    print(f"\nwords {words:.1f} s, vectors {vectors:.1f} s, sync without a change {again:.2f} s,")
    print(f"first query after opening {first * 1000:.0f} ms, {size:.1f} MB on disk")


def _ask(index: SectionIndex, engine: Engine) -> list[float]:
    index.search(QUERIES[0], engine=engine)
    asked = [query for _ in range(_ROUNDS) for query in QUERIES]
    return [_time(lambda query=query: index.search(query, engine=engine)) * 1000 for query in asked]


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
