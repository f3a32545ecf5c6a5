"""Carries pieces of a document into another one: links, levels of headings and definitions go along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from procauthor.errors import ConflictError
from procauthor.library.library import Procedure
from procauthor.markdown.document import Definition, Document, Heading, Section
from procauthor.markdown.edit import Replacement, replace_spans
from procauthor.markdown.parse import read_definitions
from procauthor.markdown.title import title_section
from procauthor.refactoring.link import relocate_links
from procauthor.refactoring.relocation import Relocation
from procauthor.refactoring.rewrite import merge

_FOOTNOTE = re.compile(rb"\[\^([^\]\s]+)\](:?)")
_MOST_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of a document, and by how many levels its headings go down."""

    start: int
    end: int
    shift: int = 0

    def holds(self, offset: int) -> bool:
        """Say whether an offset lies within."""
        return self.start <= offset < self.end


def end_of(document: Document, section: Section) -> int:
    """Return where a section and those below it end; metadata at the foot of the document belong to no section."""
    end = document.end(section)
    foot = [f.start for f in document.fields.values() if section.body <= f.start < end]
    if document.front_matter is None and foot and title_section(document) is not section:
        rules = [b.start for s in document.family(section) for b in s.blocks if b.kind == "rule" and b.start < foot[0]]
        end = max(rules, default=end)
    return end


def carry(host: Procedure, piece: Piece, relocation: Relocation, home: str, more: Iterable[Replacement] = ()) -> str:
    """Return the text of a piece as it stands in the document at ``home``."""
    raw = host.document.source.raw
    found = merge(more, relocate_links(host, relocation, home), _levels(host.document, piece))
    inside = [Replacement(r.start - piece.start, r.end - piece.start, r.text) for r in found if piece.holds(r.start)]
    return replace_spans(raw[piece.start : piece.end], inside).decode()


def _levels(document: Document, piece: Piece) -> Iterator[Replacement]:
    for heading in headings_in(document, piece):
        raw = document.source.raw[heading.start : heading.end]
        if piece.shift and raw.lstrip().startswith(b"#"):
            start = heading.start + raw.index(b"#")
            level = max(2, min(_MOST_LEVELS, heading.level + piece.shift))
            yield Replacement(start, start + heading.level, "#" * level)


def headings_in(document: Document, piece: Piece) -> list[Heading]:
    """Return the headings of a piece, in order."""
    return [h for h in document.headings if piece.holds(h.start)]


def needed_definitions(document: Document, pieces: Sequence[Piece]) -> tuple[list[Definition], list[Definition]]:
    """Return the definitions that the pieces need from the rest, and those that the rest needs from the pieces."""

    def within(offset: int) -> bool:
        return any(piece.holds(offset) for piece in pieces)

    used = {
        label: {within(link.start) for link in document.links if _key(link.label) == label}
        for label in _labels(document)
    }
    carried, left = [], []
    for definition in read_definitions(document):
        places = used.get(_key(definition.label), set())
        if True in places and not within(definition.start):
            carried.append(definition)
        if False in places and within(definition.start):
            left.append(definition)
    return carried, left


def idle_definitions(document: Document, pieces: Sequence[Piece], *, within: bool) -> Iterator[Replacement]:
    """Yield what takes away the definitions that are used on the other side only.

    Args:
        document: The document from which the pieces go.
        pieces: What goes.
        within: Whether those in the pieces are meant, or those in the rest.
    """
    places: dict[str, set[bool]] = {}
    for link in document.links:
        if link.label:
            places.setdefault(_key(link.label), set()).add(any(piece.holds(link.start) for piece in pieces))
    raw = document.source.raw
    for definition in read_definitions(document):
        inside = any(piece.holds(definition.start) for piece in pieces)
        if inside == within and places.get(_key(definition.label)) == {not within}:
            behind = definition.start + len(raw[definition.start : definition.end].rstrip(b"\r\n"))
            line_end = raw.find(b"\n", behind)
            yield Replacement(definition.start, len(raw) if line_end < 0 else line_end + 1, "")


def _labels(document: Document) -> set[str]:
    return {_key(link.label) for link in document.links if link.label}


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()


def definition_text(host: Procedure, definition: Definition, relocation: Relocation, home: str) -> str:
    """Return a definition as it stands in the document at ``home``."""
    return carry(host, Piece(definition.start, definition.end), relocation, home).rstrip("\r\n")


def definition_lines(document: Document) -> str:
    """Return the definitions of a document, a line each: without them a reference in a piece is plain text."""
    found = (document.source.slice(d.start, d.end).strip() for d in read_definitions(document))
    return "\n".join(found)


def refuse_footnotes(host: Procedure, pieces: Sequence[Piece]) -> None:
    """Refuse to tear a footnote from its text.

    Raises:
        ConflictError: A footnote's mark and text would come to stand in two documents.
    """
    sides: dict[bytes, set[bool]] = {}
    for match in _FOOTNOTE.finditer(host.document.source.raw):
        sides.setdefault(match[1], set()).add(any(piece.holds(match.start()) for piece in pieces))
    torn = sorted(label.decode(errors="replace") for label, found in sides.items() if len(found) > 1)
    if torn:
        message = f"the footnote {torn[0]!r} of {host.path} would be torn from its text"
        raise ConflictError(message, "nothing was changed; move the footnote by hand first")
