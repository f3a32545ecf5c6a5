"""The search index over the sections of a library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from procauthor.library.library import Library, Procedure
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.retrieval.embedding import embedding_for
from procauthor.retrieval.index import SectionIndex
from procauthor.settings import RetrievalSettings


def open_index(folder: Path, settings: RetrievalSettings, library: Library) -> tuple[SectionIndex, str]:
    """Open the index in a folder and bring it up to date with a library; return it with what is to be said of it."""
    index = SectionIndex.open(folder, embedding=embedding_for(settings.embedding), server=settings.server)
    return index, follow(index, library)


def follow(index: SectionIndex, library: Library) -> str:
    """Bring an index up to date with a library; return what is to be said of it."""
    stamps = {p.path: f"{p.stamp}\n{p.lifecycle}" for p in _indexed(library)}
    return index.follow(stamps, lambda path: _cut(library.by_path[path])).notice


def section_chunks(library: Library) -> list[Chunk]:
    """Return the chunks of all documents, with the lifecycle as context."""
    return list(chain.from_iterable(map(_cut, _indexed(library))))


def _indexed(library: Library) -> Iterator[Procedure]:
    return (procedure for procedure in library.procedures if procedure.kind != "template")


def _cut(procedure: Procedure) -> list[Chunk]:
    return chunk_document(procedure.path, procedure.document, context=procedure.lifecycle)
