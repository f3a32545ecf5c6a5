"""What a reader sees of a piece of a document, letter by letter, with where each letter is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from procauthor.markdown.document import Document
from procauthor.markdown.edit import Replacement
from procauthor.markdown.leaf import Container, Leaf
from procauthor.markdown.write import escape

_EMPHASIS = frozenset({"Strong", "Emphasis", "Strikethrough"})


@dataclass(frozen=True)
class Shown:
    """The text of some leaves. Of each letter: the span of its bytes, and the number of the stretch that it is in.

    Within a stretch all letters have the same emphasis, and there is nothing between them that a reader does not see.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    stretches: tuple[int, ...]
    codes: frozenset[int]
    """The stretches of code."""
    cells: frozenset[int]
    """The stretches within a cell of a table."""
    marked: frozenset[int]
    """The stretches that have more emphasis than others."""
    fixed: frozenset[int]
    """The stretches that are something of their own there: code, a link or a picture."""

    def replace(self, start: int, end: int, text: str) -> Replacement | None:
        """Return what puts a text in place of some letters; None where these are in several stretches.

        Code can hold no backtick.
        """
        if start >= end or len(set(self.stretches[start:end])) > 1:
            return None
        code = self.stretches[start] in self.codes
        if code and "`" in text:
            return None
        written = escape(text)
        if code:
            written = text.replace("|", "\\|") if self.stretches[start] in self.cells else text
        return Replacement(self.spans[start][0], self.spans[end - 1][1], written, text)


def read_shown(document: Document, leaves: Iterable[Leaf]) -> Shown:
    """Return what a reader sees of leaves that follow each other."""
    text: list[str] = []
    spans: list[tuple[int, int]] = []
    stretches: list[int] = []
    paths: dict[int, tuple[Container, ...]] = {}
    codes: set[int] = set()
    number, before = 0, None
    behind = -1
    for leaf in leaves:
        if leaf.kind not in ("text", "code", "break"):
            before = None
            continue
        sort: tuple[bool, tuple[Container, ...]] = (leaf.kind == "code", leaf.path)
        if sort != before:
            number, before = number + 1, sort
        if leaf.kind == "code":
            codes.add(number)
        paths[number] = leaf.path
        text.append(leaf.text)
        spans += _spans(document.source.raw, leaf, behind)
        stretches += [number] * len(leaf.text)
        behind = leaf.end
    least = min(map(len, paths.values()), default=0)
    marked = {stretch for stretch, path in paths.items() if len(path) > least}
    fixed = {stretch for stretch in marked if any(c.tag not in _EMPHASIS for c in paths[stretch][least:])} | codes
    cells = {stretch for stretch, path in paths.items() if any(c.tag == "TableCell" for c in path)}
    sets = map(frozenset, (codes, cells, marked, fixed))
    return Shown("".join(text), tuple(spans), tuple(stretches), *sets)


def _spans(raw: bytes, leaf: Leaf, behind: int) -> list[tuple[int, int]]:
    """Return the span of each letter; an escaped sign begins with its backslash, an entity is one piece."""
    written = raw[leaf.start : leaf.end]
    inside = written.find(leaf.text.encode())
    if inside < 0 or (leaf.kind == "text" and len(written) != len(leaf.text.encode())):
        return [(leaf.start, leaf.end)] * len(leaf.text)
    place = leaf.start + inside
    places = []
    for letter in leaf.text:
        size = len(letter.encode())
        places.append((place, place + size))
        place += size
    escaped = leaf.kind == "text" and raw[leaf.start - 1 : leaf.start] == b"\\" and behind < leaf.start
    if escaped and places:
        places[0] = (leaf.start - 1, places[0][1])
    return places
