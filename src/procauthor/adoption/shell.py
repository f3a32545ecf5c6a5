"""Pages that have no text of their own: they take in other documents, and give one of them its name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from itertools import product

from procauthor.markdown.document import Document
from procauthor.regex import lazy

_TAG = lazy(r"<%.*?%>")
_PARTIAL = lazy(r"<%=\s*partial\s*\(?\s*[\"']([^\"'<>]+)[\"']")
_ENDINGS = ("", ".md", ".erb", ".md.erb")
# Middleman leaves the hyphen out with which the name of a piece may begin.
_BEGINNINGS = ("", "_")


def find_shells(documents: Mapping[str, Document], root: str) -> dict[str, tuple[str, ...]]:
    """Return such pages with the documents that they take in, by path.

    Args:
        documents: All documents by path.
        root: The folder of the pages.
    """
    pages = ((path, _taken_in(document)) for path, document in documents.items())
    return {path: tuple(_resolved(names, documents, root)) for path, names in pages if names}


def shell_names(shells: Mapping[str, tuple[str, ...]], documents: Mapping[str, Document]) -> dict[str, str]:
    """Return the names that pages give to the one document that they take in, by its path."""
    alone = ((taken[0], documents[path].front_title) for path, taken in shells.items() if len(taken) == 1)
    return {path: name for path, name in alone if name}


def _taken_in(document: Document) -> list[str]:
    """Return the names of what a page takes in; nothing where it says anything itself."""
    if b"<%" not in document.source.raw:
        return []
    text = "\n".join(document.source.slice(block.start, block.end) for block in document.blocks)
    return [] if _TAG.sub("", text).strip() else _PARTIAL.findall(text)


def _resolved(names: list[str], documents: Mapping[str, Document], root: str) -> Iterator[str]:
    for name in names:
        folder, last = posixpath.split(posixpath.join(root, name))
        places = (posixpath.join(folder, f"{begin}{last}{end}") for begin, end in product(_BEGINNINGS, _ENDINGS))
        yield from (place for place in places if place in documents)
