"""A document as its leaves: text, code, HTML and the like, each with what it is in, from the outside in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from procauthor.markdown.document import Document
from procauthor.markdown.parse import read_events

LeafKind = Literal["text", "code", "break", "html", "footnote", "task", "rule"]
_KINDS: dict[str, LeafKind] = {
    "Text": "text",
    "Code": "code",
    "Html": "html",
    "InlineHtml": "html",
    "FootnoteReference": "footnote",
    "TaskListMarker": "task",
    "SoftBreak": "break",
    "HardBreak": "break",
    "Rule": "rule",
}


class Container(Struct, gc=False):
    """What leaves are in: ``tag`` is Paragraph, Link, Strong and so on; ``data`` is what the parser says of it.

    ``place`` counts the cells of a row, from 0.
    """

    tag: str
    data: Any
    start: int
    end: int
    place: int = 0
    above: str = ""
    """The tag of what it is in itself."""


class Leaf(Struct, frozen=True, gc=False):
    """A piece of a document that holds no other; ``text`` is what is meant, a break is one space."""

    kind: LeafKind
    text: str
    start: int
    end: int
    path: tuple[Container, ...]


class Parts(Struct, frozen=True):
    """All containers of a document and all leaves, in the order in which they begin."""

    containers: tuple[Container, ...]
    leaves: tuple[Leaf, ...]

    def within(self, tag: str, start: int) -> Iterator[Leaf]:
        """Yield the leaves in the container with a tag that begins at an offset."""
        return (leaf for leaf in self.leaves if any(c.tag == tag and c.start == start for c in leaf.path))


def read_parts(document: Document) -> Parts:
    """Return the parts of a document; they are read once."""
    parts = document.kept.get("parts")
    if not isinstance(parts, Parts):
        parts = document.kept["parts"] = _read(document)
    return parts


def _named(event: Any) -> tuple[str, Any]:
    """Return the name of an event or a tag, with what the parser says of it."""
    return (event, None) if isinstance(event, str) else next(iter(event.items()))


def _read(document: Document) -> Parts:
    containers: list[Container] = []
    leaves: list[Leaf] = []
    path: tuple[Container, ...] = ()
    cell = 0
    for event, start, end in read_events(document):
        name, value = _named(event)
        if name == "Start":
            tag, data = _named(value)
            cell = 0 if tag in ("TableRow", "TableHead") else cell
            above = path[-1].tag if path else ""
            container = Container(tag, data, start, end, cell if tag == "TableCell" else 0, above)
            cell += tag == "TableCell"
            containers.append(container)
            path = (*path, container)
        elif name == "End":
            path = path[:-1]
        else:
            kind = _KINDS.get(name, "html")
            leaves.append(Leaf(kind, " " if kind == "break" else str(value or ""), start, end, path))
    return Parts(tuple(containers), tuple(leaves))
