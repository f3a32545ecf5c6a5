"""Three-way merge of documents: by section, and within a section by block, list item and table row. Pure.

What only one side changed is taken; what both changed alike is taken once; anything else that touches is a conflict.
Markers are never written into a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from msgspec import Struct

from procauthor.data import grouped
from procauthor.markdown.document import Document, line_start
from procauthor.markdown.parse import parse


class Clash(Struct, frozen=True):
    """A place that both sides changed in different ways: its section, and the bytes of all three."""

    heading: str
    base: bytes
    ours: bytes
    theirs: bytes


class Merged(Struct, frozen=True):
    """The merged bytes, complete only where there is no clash; ``ours`` and ``theirs`` say which sections changed."""

    raw: bytes
    clashes: tuple[Clash, ...] = ()
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


class _MergePiece(Struct, frozen=True):
    """A run of bytes that is merged as a whole; ``section`` is the key of the section that it is in."""

    raw: bytes
    section: tuple[str, int]


_Sections = Mapping[tuple[str, int], Sequence[_MergePiece]]


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Merge two descendants of one text.

    Raises:
        UnicodeDecodeError: One of the texts is not UTF-8.
    """
    pieces = [_pieces(parse(raw)) for raw in (base, ours, theirs)]
    groups = [grouped((piece.section, piece) for piece in each) for each in pieces]
    changed = [_changed(groups[0], side) for side in groups[1:]]
    if ours == base or theirs in (base, ours):
        return Merged(theirs if ours == base else ours, (), *changed)
    raws: list[bytes] = []
    clashes: list[Clash] = []
    if list(groups[0]) == list(groups[1]) == list(groups[2]):
        triples = [(groups[0][key], groups[1][key], groups[2][key]) for key in groups[0]]
    else:
        triples = [(pieces[0], pieces[1], pieces[2])]
    for old, mine, yours in triples:
        for part in _merge_pieces(old, mine, yours):
            if isinstance(part, Clash):
                clashes.append(part)
            else:
                raws.append(part)
    return Merged(b"".join(raws), tuple(clashes), *changed)


def _changed(old: _Sections, new: _Sections) -> tuple[str, ...]:
    """Return the headings of the sections that differ, in the order of the new text."""
    keys = [key for key in new if key not in old or _join(old[key]) != _join(new[key])]
    keys += [key for key in old if key not in new]
    return tuple(dict.fromkeys(heading or "the head of the document" for heading, _ in keys))


# Pieces


def _pieces(document: Document) -> list[_MergePiece]:
    """Cut a document; the pieces joined are its bytes."""
    raw = document.source.raw
    counts: dict[str, int] = {}
    pieces: list[_MergePiece] = []
    for section in document.sections:
        number = counts[section.title] = counts.get(section.title, 0) + 1
        start = 0 if section.index == 0 else section.start
        cuts = sorted({start, *(c for c in _cuts(document, section.index) if start < c < section.end), section.end})
        pieces += [_MergePiece(raw[a:b], (section.title, number)) for a, b in pairwise(cuts)]
    return pieces


def _cuts(document: Document, index: int) -> Iterator[int]:
    """Yield where a section is cut: at blocks, items, rows, and each line of metadata."""
    section = document.sections[index]
    raw = document.source.raw
    yield section.body
    if index == 0 and document.front_matter:
        lines = document.source.line_starts
        yield from (start for start in lines if start <= document.front_matter[1])
    for block in section.blocks:
        yield line_start(raw, block.start)
        yield from (line_start(raw, item.start) for item in block.items)
        yield from (line_start(raw, row.start) for row in block.rows)
        if block.kind == "paragraph":
            # A label, and each bold field, is a line of its own.
            yield from (s for s in document.source.line_starts if block.start < s < block.end)


# Three sides


def _merge_pieces(
    base: Sequence[_MergePiece], ours: Sequence[_MergePiece], theirs: Sequence[_MergePiece]
) -> Iterator[bytes | Clash]:
    """Yield the merged bytes, or a clash, from one stretch of changed pieces to the next."""
    changes = sorted([*_changes(base, ours, 0), *_changes(base, theirs, 1)], key=lambda c: (c.low, c.high, c.side))
    position = 0
    while changes:
        group = [changes.pop(0)]
        high = group[0].high
        while changes and _touches(changes[0], group, high):
            group.append(changes.pop(0))
            high = max(high, group[-1].high)
        low = group[0].low
        yield _join(base[position:low])
        yield _resolve(base[low:high], _side(group, 0, base, low, high), _side(group, 1, base, low, high))
        position = high
    yield _join(base[position:])


class _Change(Struct, frozen=True):
    """Pieces of the base from ``low`` to ``high`` become others on one side."""

    low: int
    high: int
    pieces: tuple[_MergePiece, ...]
    side: int


def _changes(base: Sequence[_MergePiece], side: Sequence[_MergePiece], number: int) -> Iterator[_Change]:
    old, new = [p.raw for p in base], [p.raw for p in side]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield _Change(a, b, tuple(side[c:d]), number)


def _touches(change: _Change, group: Sequence[_Change], high: int) -> bool:
    """Say whether a change meets those of the other side: the same pieces, or an insertion at the same place."""
    if change.low < high:
        return True
    return change.low == high and any(
        c.side != change.side and (c.low == c.high or change.low == change.high) for c in group if c.high == high
    )


def _side(group: Sequence[_Change], number: int, base: Sequence[_MergePiece], low: int, high: int) -> list[_MergePiece]:
    pieces: list[_MergePiece] = []
    position = low
    for change in (c for c in group if c.side == number):
        pieces += [*base[position : change.low], *change.pieces]
        position = change.high
    return [*pieces, *base[position:high]]


def _resolve(base: Sequence[_MergePiece], ours: Sequence[_MergePiece], theirs: Sequence[_MergePiece]) -> bytes | Clash:
    old, mine, yours = _join(base), _join(ours), _join(theirs)
    if mine in (old, yours):
        return yours
    if yours == old:
        return mine
    heading = next((p.section[0] for p in (*base, *ours, *theirs)), "")
    return Clash(heading, old, mine, yours)


def _join(pieces: Sequence[_MergePiece]) -> bytes:
    return b"".join(p.raw for p in pieces)
