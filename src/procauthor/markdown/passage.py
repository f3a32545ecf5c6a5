"""Running text as a reader sees it: runs joined over line ends, emphasis and escapes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from msgspec import Struct

from procauthor.markdown.document import Document, Run

_LONG_RUN = 2000
_MARKS = re.compile(rb"[*_~\\]*")
_LINE_END = re.compile(rb"[*_~\\ \t]*\r?\n[ \t>]*[*_~\\]*")


class Passage(Struct, frozen=True, gc=False):
    """Text without code and links between; ``runs`` begin at ``starts`` within the text."""

    text: str
    runs: tuple[Run, ...]
    starts: tuple[int, ...]

    @property
    def heading(self) -> bool:
        """Whether it stands in a heading."""
        return self.runs[0].heading

    def offset(self, place: int) -> int:
        """Return the byte offset of a character of the text."""
        index = bisect_right(self.starts, place) - 1
        run = self.runs[index]
        before = place - self.starts[index]
        return min(run.start + _bytes(run.text, before), run.end)


def _bytes(text: str, place: int) -> int:
    """Return the number of bytes before a character; of a very long text only what is behind a mark is counted."""
    if text.isascii():
        return place
    if len(text) < _LONG_RUN:
        return len(text[:place].encode())
    mark, rest = divmod(place, _LONG_RUN)
    return _marks(text)[mark] + len(text[place - rest : place].encode())


@lru_cache(maxsize=1)
def _marks(text: str) -> list[int]:
    """Return the number of bytes before every character at a mark. Questions come run by run, so one is kept."""
    parts = (len(text[at : at + _LONG_RUN].encode()) for at in range(0, len(text), _LONG_RUN))
    return [0, *accumulate(parts)]


def read_passages(document: Document) -> Iterator[Passage]:
    """Yield the passages of a document in order."""
    raw = document.source.raw
    group: list[Run] = []
    gaps: list[str] = []
    for run in document.runs:
        gap = _gap(raw, group[-1], run) if group else None
        if gap is None and group:
            yield _passage(group, gaps)
            group, gaps = [], []
        gaps.append(gap or "")
        group.append(run)
    if group:
        yield _passage(group, gaps)


def _gap(raw: bytes, before: Run, after: Run) -> str | None:
    """Return what a reader sees between two runs, or None where they do not belong together."""
    if before.heading != after.heading:
        return None
    between = raw[before.end : after.start]
    if _MARKS.fullmatch(between):
        return ""
    return " " if _LINE_END.fullmatch(between) else None


def _passage(group: Sequence[Run], gaps: Sequence[str]) -> Passage:
    text = ""
    starts: list[int] = []
    for gap, run in zip(gaps, group, strict=True):
        text += gap
        starts.append(len(text))
        text += run.text
    return Passage(text, tuple(group), tuple(starts))
