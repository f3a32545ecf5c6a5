"""The search index over the sections of a library."""

from __future__ import annotations

from pathlib import Path

from procauthor.library.library import Library
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.retrieval.embedding import embedding_for
from procauthor.retrieval.index import SectionIndex
from procauthor.settings import RetrievalSettings


def open_index(folder: Path, settings: RetrievalSettings, library: Library) -> tuple[SectionIndex, str]:
    """Open the index in a folder and bring it up to date with a library; return it with what is to be said of it."""
    index = SectionIndex.open(folder, embedding=embedding_for(settings.embedding), server=settings.server)
    return index, index.sync(section_chunks(library)).notice


def section_chunks(library: Library) -> list[Chunk]:
    """Return the chunks of all documents, with the lifecycle as context."""
    chunks: list[Chunk] = []
    for procedure in library.procedures:
        if procedure.kind != "template":
            chunks += chunk_document(procedure.path, procedure.document, context=procedure.lifecycle)
    return chunks
