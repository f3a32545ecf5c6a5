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


class Prose(Struct, frozen=True):
    """All passages of a document behind each other, so that one search looks through all of them.

    Between two passages stands what no pattern for running text can cross: line ends.
    """

    text: str
    passages: tuple[Passage, ...]
    starts: tuple[int, ...]

    def search(self, pattern: re.Pattern[str]) -> Iterator[tuple[Passage, int, str]]:
        """Yield each match with its passage and its place there."""
        for match in pattern.finditer(self.text):
            index = bisect_right(self.starts, match.start()) - 1
            yield self.passages[index], match.start() - self.starts[index], match[0]


_BETWEEN = "\n\n"


def read_prose(document: Document) -> Prose:
    """Return the passages of a document in order; they are put together once."""
    prose = document.kept.get("prose")
    if prose is None:
        passages = tuple(_join_runs(document))
        ends = accumulate(len(p.text) + len(_BETWEEN) for p in passages)
        prose = Prose(_BETWEEN.join(p.text for p in passages), passages, (0, *ends)[: len(passages)])
        document.kept["prose"] = prose
    assert isinstance(prose, Prose)
    return prose


def read_passages(document: Document) -> Iterator[Passage]:
    """Yield the passages of a document in order."""
    return iter(read_prose(document).passages)


def _join_runs(document: Document) -> Iterator[Passage]:
    raw = document.source.raw
    group: list[Run] = []
    gaps: list[str] = []
    end, heading = 0, False
    for run in document.runs:
        gap = _gap(raw[end : run.start]) if group and heading == run.heading else None
        if gap is None and group:
            yield _passage(group, gaps)
            group, gaps = [], []
        gaps.append(gap or "")
        group.append(run)
        end, heading = run.end, run.heading
    if group:
        yield _passage(group, gaps)


def _gap(between: bytes) -> str | None:
    """Return what a reader sees between two runs, or None where they do not belong together."""
    if between == b"\n":
        return " "
    if _MARKS.fullmatch(between):
        return ""
    return " " if _LINE_END.fullmatch(between) else None


def _passage(group: Sequence[Run], gaps: Sequence[str]) -> Passage:
    if len(group) == 1:
        return Passage(group[0].text, tuple(group), (0,))
    text: list[str] = []
    starts: list[int] = []
    size = 0
    for gap, run in zip(gaps, group, strict=True):
        size += len(gap)
        starts.append(size)
        size += len(run.text)
        text += (gap, run.text)
    return Passage("".join(text), tuple(group), tuple(starts))
