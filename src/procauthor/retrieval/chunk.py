"""Sections as passages to search: a section, or a part of a long one, with where it stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from procauthor.markdown.document import Block, Document, Section
from procauthor.redact import clean

_TARGET_WORDS = 200
_LONGEST_WORDS = 250
_SHORTEST_WORDS = 40
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_STRETCH = re.compile(rb"(?:\s*\S+){1,200}")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chunk:
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


def chunk_document(path: str, document: Document, *, context: str = "") -> list[Chunk]:
    """Cut a document into one chunk per section; a long section gives several.

    Args:
        path: Where the document is, relative to the library.
        document: The parsed document.
        context: Words to find it by that its text does not say, such as the lifecycle.
    """
    return [chunk for section in document.sections for chunk in _chunk_section(path, document, section, context)]


def _chunk_section(path: str, document: Document, section: Section, context: str) -> Iterator[Chunk]:
    slug = section.heading.slug if section.heading else ""
    # Text before the first heading has no anchor, and an anchor can be empty: the sign keeps their ids apart.
    base = f"{path}#{slug}" if section.heading else path
    for number, (start, end) in enumerate(_parts(document, section), 1):
        text = _read(document, start, end)
        if not text and not (section.heading and section.title):
            continue
        yield Chunk(
            id=base if number == 1 else f"{base}~{number}",
            path=path,
            title=document.title,
            heading=section.title,
            headings=document.path(section),
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
    units = [unit for block in section.blocks for unit in _units(raw, block)]
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
    return [part for line in lines for part in _stretches(raw, line)]


def _stretches(raw: bytes, line: Span) -> list[Span]:
    start, end = line
    if _count(raw, line) <= _LONGEST_WORDS:
        return [line]
    return [(start + m.start(), start + m.end()) for m in _STRETCH.finditer(raw[start:end])]


def _count(raw: bytes, span: Span) -> int:
    return len(raw[span[0] : span[1]].split())


def _read(document: Document, start: int, end: int) -> str:
    """Return the text of a span without its HTML comments, secrets and hidden characters."""
    kept: list[str] = []
    for comment in document.comments:
        if start <= comment.start < end:
            kept.append(document.source.slice(start, comment.start))
            start = min(comment.end, end)
        elif comment.start < start < comment.end:
            start = min(comment.end, end)
    kept.append(document.source.slice(start, end))
    # The index and every prompt are made from chunks, so this is where secrets and hidden text end.
    return str(clean("".join(kept))).strip()
