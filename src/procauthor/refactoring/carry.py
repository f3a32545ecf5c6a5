"""Carries pieces of a document into another one: links, levels of headings and definitions go along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct

from procauthor.data import grouped
from procauthor.errors import ConflictError
from procauthor.library.library import Procedure
from procauthor.markdown.document import (
    Definition,
    Document,
    Heading,
    Replacement,
    Section,
    label_key,
    replace_spans,
    title_section,
)
from procauthor.markdown.parse import parse, read_definitions
from procauthor.markdown.proof import Kept, find_differences, kept_by, refuse
from procauthor.refactoring.relocation import Leads, Relocation, relocate_links
from procauthor.refactoring.rewrite import merge
from procauthor.regex import lazy

_FOOTNOTE = lazy(rb"\[\^([^\]\s]+)\](:?)")
_MOST_LEVELS = 6


class Piece(Struct, frozen=True):
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
        blocks = chain.from_iterable(s.blocks for s in document.family(section))
        rules = [b.start for b in blocks if b.kind == "rule" and b.start < foot[0]]
        end = max(rules, default=end)
    return end


class Carried(Struct, frozen=True):
    """The text of a piece as it is in another document, and which bytes of the first stayed in it."""

    text: str
    kept: tuple[Kept, ...]

    def moved(self, by: int) -> Iterator[Kept]:
        """Yield what stayed, where the text begins at an offset."""
        return (Kept(k.start, k.end, k.at + by) for k in self.kept)


def carry(
    host: Procedure, piece: Piece, relocation: Relocation, home: str, more: Iterable[Replacement] = ()
) -> Carried:
    """Return a piece as it is in the document at ``home``, without empty lines around it."""
    raw = host.document.source.raw
    edits = merge(more, relocate_links(host, relocation, home), _levels(host.document, piece))
    inside = [Replacement(r.start - piece.start, r.end - piece.start, r.text) for r in edits if piece.holds(r.start)]
    whole = replace_spans(raw[piece.start : piece.end], inside)
    text = whole.strip(b"\r\n")
    lead = len(whole) - len(whole.lstrip(b"\r\n")) if text else len(whole)
    kept = _shifted(kept_by(piece.end - piece.start, inside), piece.start, lead, len(text))
    return Carried(text.decode(), tuple(kept))


def _shifted(kept: Iterable[Kept], start: int, lead: int, size: int) -> Iterator[Kept]:
    """Yield what stayed by its place in the document, without what was stripped off the text."""
    for each in kept:
        first = max(each.start, each.start + lead - each.at)
        last = min(each.end, each.start + lead + size - each.at)
        if first < last:
            yield Kept(first + start, last + start, each(first) - lead)


def verify_carried(host: Procedure, kept: Iterable[Kept], relocation: Relocation, home: str, raw: bytes) -> None:
    """Make sure that what was carried is read in its new document as it was in its old one.

    Raises:
        LibraryError: It is not; the message names the line.
    """
    differences = find_differences(host.document, parse(raw), list(kept), Leads(host, relocation, home))
    refuse(host.path, differences)


def refuse_unclosed(host: Procedure) -> None:
    """Refuse a document with a block that is never closed: what comes behind it would be part of the block.

    Raises:
        ConflictError: It has one; the message names its line.
    """
    for problem in host.document.problems:
        if problem.kind == "unclosed-block":
            message = f"{host.path}:{host.document.source.line(problem.start)}: {problem.message}"
            raise ConflictError(message, "nothing was changed; close it first")


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
    sides = _sides(document, pieces)
    carried, left = [], []
    for definition in read_definitions(document):
        places, inside = sides.get(label_key(definition.label), set()), _holds(pieces, definition.start)
        if True in places and not inside:
            carried.append(definition)
        if False in places and inside:
            left.append(definition)
    return carried, left


def _sides(document: Document, pieces: Sequence[Piece]) -> dict[str, set[bool]]:
    """Return for the key of each label whether links with it are within the pieces, outside of them, or both."""
    groups = grouped((label_key(link.label), _holds(pieces, link.start)) for link in document.links if link.label)
    return {key: set(places) for key, places in groups.items()}


def _holds(pieces: Sequence[Piece], offset: int) -> bool:
    return any(piece.holds(offset) for piece in pieces)


def idle_definitions(document: Document, pieces: Sequence[Piece], *, within: bool) -> Iterator[Replacement]:
    """Yield what takes away the definitions that are used on the other side only.

    Args:
        document: The document from which the pieces go.
        pieces: What goes.
        within: Whether those in the pieces are meant, or those in the rest.
    """
    sides, raw = _sides(document, pieces), document.source.raw
    for definition in read_definitions(document):
        if _holds(pieces, definition.start) == within and sides.get(label_key(definition.label)) == {not within}:
            behind = definition.start + len(raw[definition.start : definition.end].rstrip(b"\r\n"))
            line_end = raw.find(b"\n", behind)
            yield Replacement(definition.start, len(raw) if line_end < 0 else line_end + 1, "")


def definition_text(host: Procedure, definition: Definition, relocation: Relocation, home: str) -> str:
    """Return a definition as it is in the document at ``home``."""
    return carry(host, Piece(definition.start, definition.end), relocation, home).text


def definition_lines(document: Document) -> str:
    """Return the definitions of a document, a line each: without them a reference in a piece is plain text."""
    definitions = (document.source.slice(d.start, d.end).strip() for d in read_definitions(document))
    return "\n".join(definitions)


def refuse_same_footnotes(one: Procedure, other: Procedure) -> None:
    """Refuse to bring two footnotes of one label into one document.

    Raises:
        ConflictError: Both documents have a footnote of that label.
    """
    labels = {match[1] for match in _FOOTNOTE.finditer(other.document.source.raw) if match[2]}
    for match in _FOOTNOTE.finditer(one.document.source.raw):
        if match[2] and match[1] in labels:
            line = one.document.source.line(match.start())
            message = f"{one.path}:{line}: {other.path} has a footnote {match[1].decode(errors='replace')!r} too"
            raise ConflictError(message, "nothing was changed; give one of them another label first")


def refuse_same_ids(one: Procedure, other: Procedure) -> None:
    """Refuse to bring two places of one id into one document: a link would lead to the first of them.

    Raises:
        ConflictError: Both documents have a place of that id, written as HTML or as an attribute.
    """
    same = (one.anchors - set(one.heading_slugs)) & (other.anchors - set(other.heading_slugs))
    raw = one.document.source.raw
    places = sorted(
        (match.start(), id_) for id_ in same if (match := re.search(rb"\b%s\b" % re.escape(id_.encode()), raw))
    )
    if places:
        start, id_ = places[0]
        message = f"{one.path}:{one.document.source.line(start)}: {other.path} has a place with the id {id_!r} too"
        raise ConflictError(message, "nothing was changed; give one of them another id first")


def refuse_footnotes(host: Procedure, pieces: Sequence[Piece]) -> None:
    """Refuse to tear a footnote from its text.

    Raises:
        ConflictError: A footnote's mark and text would come to be in two documents.
    """
    marks = _FOOTNOTE.finditer(host.document.source.raw)
    sides = grouped((match[1], _holds(pieces, match.start())) for match in marks)
    torn = sorted(label.decode(errors="replace") for label, places in sides.items() if len(set(places)) > 1)
    if torn:
        message = f"the footnote {torn[0]!r} of {host.path} would be torn from its text"
        raise ConflictError(message, "nothing was changed; move the footnote by hand first")
