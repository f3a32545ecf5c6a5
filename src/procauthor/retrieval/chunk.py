"""Sections as passages to search: a section, or a part of a long one, with its place."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain, pairwise

from msgspec import Struct
from msgspec.structs import replace

from procauthor.character import strip_hidden
from procauthor.markdown.document import Block, Document, Section
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


class Chunk(Struct, frozen=True):
    """A passage. ``text`` is shown, ``context`` only helps to find it, ``line`` counts from 1."""

    id: str
    path: str
    title: str
    heading: str
    headings: tuple[str, ...]
    slug: str
    line: int
    text: str
    hash: str
    context: str = ""

    @property
    def place(self) -> str:
        """The section: its path and anchor. Parts of one section share it."""
        return f"{self.path}#{self.slug}"


def chunk_document(path: str, document: Document, *, title: str = "", context: str = "") -> list[Chunk]:
    """Cut a document into one chunk per section; a long section gives several.

    Beyond a thousand sections, short ones that follow each other share a chunk, so that a document has no more of them
    than its length asks for.

    Args:
        path: Where the document is, relative to the library.
        document: The parsed document.
        title: What it is called, where its text does not say it.
        context: Words to find it by that its text does not say, such as the lifecycle.
    """
    text = _Text(document)
    chunks: list[Chunk] = []
    for section, end in _groups(document):
        chunks += _chunk_section(path, text, section, context, end)
    return chunks if document.title else [replace(chunk, title=title) for chunk in chunks]


def _groups(document: Document) -> Iterator[tuple[Section, int]]:
    """Yield the sections to cut, each with the end of the last one that belongs to its chunk."""
    raw, sections = document.source.raw, document.sections
    yield from ((section, section.end) for section in sections[:_MOST_SECTIONS])
    group: list[Section] = []
    words = 0
    for section in sections[_MOST_SECTIONS:]:
        size = _count(raw, (section.start, section.end))
        if group and words + size > _TARGET_WORDS:
            yield group[0], group[-1].end
            group, words = [], 0
        group.append(section)
        words += size
    if group:
        yield group[0], group[-1].end


def _chunk_section(path: str, shown: _Text, section: Section, context: str, last: int) -> Iterator[Chunk]:
    document = shown.document
    slug = section.heading.slug if section.heading else ""
    # Text before the first heading has no anchor, and an anchor can be empty: the sign keeps their ids apart.
    base = f"{path}#{slug}" if section.heading else path
    parts = _parts(document, section) if last == section.end else [(section.body, last)]
    for number, (start, end) in enumerate(parts, 1):
        text = shown.read(start, end)
        if not text and not (section.heading and section.title):
            continue
        yield Chunk(
            id=base if number == 1 else f"{base}~{number}",
            path=path,
            title=shown.clean(document.title),
            heading=shown.clean(section.title),
            headings=tuple(map(shown.clean, document.path(section))),
            slug=slug,
            line=section.line if number == 1 and section.heading else document.source.line(start),
            text=text,
            hash=hashlib.sha256(text.encode()).hexdigest(),
            context=context,
        )


def _parts(document: Document, section: Section) -> list[Span]:
    """Return the spans of a section's parts, cut between blocks, or within a block that is too long."""
    raw = document.source.raw
    if not section.blocks or _count(raw, (section.body, section.end)) <= _LONGEST_WORDS:
        first = section.blocks[0].start if section.blocks else section.body
        return [(first, section.end)]
    units = list(chain.from_iterable(_units(raw, block) for block in section.blocks))
    return _pack(raw, units, section.end)


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


def _units(raw: bytes, block: Block) -> list[Span]:
    """Return the smallest spans that are not cut: the block, or its lines, or stretches of a very long line."""
    whole = (block.start, block.end)
    if _count(raw, whole) <= _LONGEST_WORDS:
        return [whole]
    lines = [(block.start + m.start(), block.start + m.end()) for m in _LINE.finditer(raw[block.start : block.end])]
    return list(chain.from_iterable(_stretches(raw, line) for line in lines))


def _stretches(raw: bytes, line: Span) -> list[Span]:
    start, end = line
    if _count(raw, line) <= _LONGEST_WORDS:
        return [line]
    return [(start + m.start(), start + m.end()) for m in _STRETCH.finditer(raw[start:end])]


def _count(raw: bytes, span: Span) -> int:
    return len(raw[span[0] : span[1]].split())


class _Text:
    """The text of a document without its HTML comments, secrets and hidden characters.

    The index and every prompt are made from chunks, so this is where secrets and hidden text end. Secrets are looked
    for in the whole document, because a part of a long table does not say what its columns hold.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._cleaned: dict[str, str] = {}
        self._parts = PartSearch(document.source.raw)
        gaps = [(c.start, c.end, "") for c in document.comments]
        gaps += [(s.start, s.end, f"[redacted: {s.kind}]") for s in self._parts.find(document.source.raw)]
        self._gaps: list[tuple[int, int, str]] = []
        for gap in sorted(gaps):
            if not self._gaps or gap[1] > self._gaps[-1][1]:
                self._gaps.append(gap)
        self._starts = [start for start, _, _ in self._gaps]

    def read(self, start: int, end: int) -> str:
        """Return what is shown of a span."""
        at = bisect_left(self._starts, start)
        if at and self._gaps[at - 1][1] > start:
            start = min(self._gaps[at - 1][1], end)
        source = self.document.source
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
            written = strip_hidden(text) == text and text.encode() in self.document.source.raw
            self._cleaned[text] = redact(text, self._parts.find) if written else str(clean(text))
        return self._cleaned[text]
