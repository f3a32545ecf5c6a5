"""Sections as passages to search: a section, or a part of a long one, with its place."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from msgspec import Struct

from procauthor.character import strip_hidden
from procauthor.markdown.document import Heading, Outline, Source
from procauthor.regex import lazy
from procauthor.secret import PartSearch, clean, redact

_TARGET_WORDS = 200
_LONGEST_WORDS = 250
_SHORTEST_WORDS = 40
_MOST_SECTIONS = 1_000
"""What comes after so many sections of a document is cut by its length alone: each of them has little to say."""
_LINE = lazy(rb"[^\n]*\n|[^\n]+")
_STRETCH = lazy(rb"(?:\s*\S+){1,200}")

Span = tuple[int, int]


class Chunk(Struct, frozen=True, array_like=True):
    """A passage. ``text`` is shown, ``context`` only helps to find it, ``line`` counts from 1."""

    id: str
    path: str
    title: str
    heading: str
    headings: tuple[str, ...]
    slug: str
    line: int
    text: str
    context: str = ""

    @property
    def place(self) -> str:
        """The section: its path and anchor. Parts of one section share it."""
        return f"{self.path}#{self.slug}"

    @property
    def hash(self) -> str:
        """The SHA-256 of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class _Stretch(NamedTuple):
    """A heading and what comes up to the next one; ``body`` is where the heading ends."""

    heading: Heading | None
    titles: tuple[str, ...]
    start: int
    body: int
    end: int


def chunk_document(path: str, source: Source, outline: Outline, *, title: str = "", context: str = "") -> list[Chunk]:
    """Cut a document into one chunk per section; a long section gives several.

    Beyond a thousand sections, short ones that follow each other share a chunk, so that a document has no more of them
    than its length asks for.

    Args:
        path: Where the document is, relative to the library.
        source: Its bytes.
        outline: Where its parts are.
        title: What it is called, where its text does not say it.
        context: Words to find it by that its text does not say, such as the lifecycle.
    """
    text = _Text(source, outline)
    shown = text.clean(outline.title) if outline.title else title
    chunks: list[Chunk] = []
    for stretch, end in _groups(source.raw, _cut_at_headings(source.raw, outline)):
        parts = text.parts(stretch) if end == stretch.end else [(stretch.body, end)]
        chunks += _chunk_stretch(path, shown, text, stretch, parts, context)
    return chunks


def _cut_at_headings(raw: bytes, outline: Outline) -> Iterator[_Stretch]:
    """Yield what is before the first heading, and then each heading with what follows it."""
    headings = [heading for heading in outline.headings if not heading.nested]
    ends = [*(heading.start for heading in headings), len(raw)]
    yield _Stretch(None, (), outline.start, outline.start, ends[0])
    above: list[Heading] = []
    for heading, end in zip(headings, ends[1:], strict=True):
        while above and above[-1].level >= heading.level:
            above.pop()
        above.append(heading)
        yield _Stretch(heading, tuple(each.text for each in above), heading.start, heading.end, end)


def _groups(raw: bytes, stretches: Iterator[_Stretch]) -> Iterator[tuple[_Stretch, int]]:
    """Yield what to cut, each with the end of the last one that belongs to its chunk."""
    group: list[_Stretch] = []
    words = 0
    for number, stretch in enumerate(stretches):
        if number < _MOST_SECTIONS:
            yield stretch, stretch.end
            continue
        size = _count(raw, (stretch.start, stretch.end))
        if group and words + size > _TARGET_WORDS:
            yield group[0], group[-1].end
            group, words = [], 0
        group.append(stretch)
        words += size
    if group:
        yield group[0], group[-1].end


def _chunk_stretch(  # noqa: PLR0913, PLR0917 - all that a chunk says of itself
    path: str, title: str, shown: _Text, stretch: _Stretch, parts: Sequence[Span], context: str
) -> Iterator[Chunk]:
    heading = stretch.heading
    slug = heading.slug if heading else ""
    # Text before the first heading has no anchor, and an anchor can be empty: the sign keeps their ids apart.
    base = f"{path}#{slug}" if heading else path
    titles = tuple(map(shown.clean, stretch.titles))
    for number, (start, end) in enumerate(parts, 1):
        text = shown.read(start, end)
        if text or (heading and heading.text):
            yield Chunk(
                id=base if number == 1 else f"{base}~{number}",
                path=path,
                title=title,
                heading=titles[-1] if titles else "",
                headings=titles,
                slug=slug,
                line=heading.line if number == 1 and heading else shown.source.line(start),
                text=text,
                context=context,
            )


def _pack(raw: bytes, units: list[Span], end: int) -> list[Span]:
    starts, words = [units[0][0]], 0
    rest = sum(_count(raw, unit) for unit in units)
    for unit in units:
        size = _count(raw, unit)
        if words >= _SHORTEST_WORDS and words + size > _TARGET_WORDS and rest >= _SHORTEST_WORDS:
            starts.append(unit[0])
            words = 0
        words += size
        rest -= size
    return list(pairwise([*starts, end]))


def _units(raw: bytes, block: Span) -> list[Span]:
    """Return the smallest spans that are not cut: the block, or its lines, or stretches of a very long line."""
    start, end = block
    if _count(raw, block) <= _LONGEST_WORDS:
        return [block]
    lines = [(start + m.start(), start + m.end()) for m in _LINE.finditer(raw[start:end])]
    return list(chain.from_iterable(_stretches(raw, line) for line in lines))


def _stretches(raw: bytes, line: Span) -> list[Span]:
    start, end = line
    if _count(raw, line) <= _LONGEST_WORDS:
        return [line]
    return [(start + m.start(), start + m.end()) for m in _STRETCH.finditer(raw[start:end])]


def _count(raw: bytes, span: Span) -> int:
    return len(raw[span[0] : span[1]].split())


def _is_long(raw: bytes, start: int, end: int) -> bool:
    # Every word but the last one has a blank behind it.
    return end - start > 2 * _LONGEST_WORDS and _count(raw, (start, end)) > _LONGEST_WORDS


class _Text:
    """The text of a document without its HTML comments, secrets and hidden characters.

    The index and every prompt are made from chunks, so this is where secrets and hidden text end. Secrets are looked
    for in the whole document, because a part of a long table does not say what its columns hold.
    """

    def __init__(self, source: Source, outline: Outline) -> None:
        self.source = source
        self._blocks = list(_pairs(outline.blocks))
        self._begins = outline.blocks[::2]
        self._cleaned: dict[str, str] = {}
        self._parts = PartSearch(source.raw)
        gaps = [(start, end, "") for start, end in _pairs(outline.comments)]
        gaps += [(s.start, s.end, f"[redacted: {s.kind}]") for s in self._parts.find(source.raw)]
        self._gaps: list[tuple[int, int, str]] = []
        for gap in sorted(gaps):
            if not self._gaps or gap[1] > self._gaps[-1][1]:
                self._gaps.append(gap)
        self._starts = [start for start, _, _ in self._gaps]

    def parts(self, stretch: _Stretch) -> list[Span]:
        """Return the spans of its parts, cut between blocks, or within a block that is too long."""
        raw = self.source.raw
        first, behind = (bisect_left(self._begins, at) for at in (stretch.start, stretch.end))
        blocks = self._blocks[first:behind]
        if not blocks or not _is_long(raw, stretch.body, stretch.end):
            return [(blocks[0][0] if blocks else stretch.body, stretch.end)]
        units = list(chain.from_iterable(_units(raw, block) for block in blocks))
        return _pack(raw, units, stretch.end)

    def read(self, start: int, end: int) -> str:
        """Return what is shown of a span."""
        at = bisect_left(self._starts, start)
        if at and self._gaps[at - 1][1] > start:
            start = min(self._gaps[at - 1][1], end)
        source = self.source
        if at == len(self._gaps) or self._gaps[at][0] >= end:
            whole = source.slice(start, end)
            # Without hidden characters it is a part of the text as it is, and looked through faster.
            plain = strip_hidden(whole) == whole
            return (redact(whole, self._parts.find) if plain else str(clean(whole))).strip()
        kept: list[str] = []
        for gap_start, gap_end, shown in self._gaps[at : bisect_left(self._starts, end)]:
            kept += [source.slice(start, max(start, gap_start)), shown]
            start = min(max(start, gap_end), end)
        kept.append(source.slice(start, end))
        return str(clean("".join(kept))).strip()

    def clean(self, text: str) -> str:
        """Return a heading as it is shown; each is needed many times."""
        if text not in self._cleaned:
            # What the document holds as it is has no other secrets than the document.
            written = strip_hidden(text) == text and text.encode() in self.source.raw
            self._cleaned[text] = redact(text, self._parts.find) if written else str(clean(text))
        return self._cleaned[text]


def _pairs(flat: Sequence[int]) -> Iterator[Span]:
    """Yield what was put one after the other as starts and ends."""
    return zip(flat[::2], flat[1::2], strict=True)
