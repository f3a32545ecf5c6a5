"""The index over the sections of a project's library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procauthor.library.library import Library
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.retrieval.embedding import embedding_for
from procauthor.retrieval.index import SectionIndex

if TYPE_CHECKING:
    from procauthor.project.project import Project


def open_index(project: Project, library: Library) -> SectionIndex:
    """Open the index and bring it up to date with a library."""
    settings = project.settings.retrieval
    index = SectionIndex.open(
        project.state / "index", embedding=embedding_for(settings.embedding), server=settings.server
    )
    report = index.sync(section_chunks(library))
    if report.notice:
        project.notices.append(report.notice)
    return index


def section_chunks(library: Library) -> list[Chunk]:
    """Return the chunks of all documents, with the lifecycle as context."""
    found: list[Chunk] = []
    for procedure in library.procedures:
        if procedure.kind != "template":
            found += chunk_document(procedure.path, procedure.document, context=procedure.lifecycle)
    return found
