"""The documents of the library as resources: ``procauthor://procedures/feature/threat-model.md``."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, unquote

from procauthor.errors import NotFoundError
from procauthor.library.library import Procedure
from procauthor.project.project import Project

PREFIX = "procauthor://procedures/"


def list_documents(project: Project) -> Iterator[tuple[str, Procedure]]:
    """Yield the address of every document with the document."""
    for procedure in project.library().procedures:
        yield PREFIX + quote(procedure.path), procedure


def read_document(project: Project, address: str) -> str:
    """Return the text of a document.

    Raises:
        NotFoundError: No document of the library has that address.
    """
    path = unquote(address.removeprefix(PREFIX)) if address.startswith(PREFIX) else ""
    procedure = project.library().by_path.get(path)
    if procedure is None:
        message = f"no document has the address {address!r}"
        raise NotFoundError(message, f"addresses look like {PREFIX}PATH")
    return procedure.document.source.raw.decode()
