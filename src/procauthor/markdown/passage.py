"""Running text as a reader sees it: runs joined over line ends, emphasis and escapes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from msgspec import Struct

from procauthor.markdown.document import Document, TextRun

_LONG_RUN = 2000
_MARKS = re.compile(rb"[*_~\\]*")
_LINE_END = re.compile(rb"[*_~\\ \t]*\r?\n[ \t>]*[*_~\\]*")


class PlainText(Struct, frozen=True, gc=False):
    """Text without code and links between; ``runs`` begin at ``starts`` within the text."""

    text: str
    runs: tuple[TextRun, ...]
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


class Prose:
    """All passages of a document behind each other, so that one search looks through all of them.

    Between two passages stands what no pattern for running text can cross: line ends. A passage is made when somebody
    asks for it, because hardly any is.

    Args:
        document: What is to be read.
    """

    def __init__(self, document: Document) -> None:
        raw = document.source.raw
        self._runs = runs = document.runs
        # Of each run the place in the text; of each passage the number of its first run.
        self._places: list[int] = []
        self._firsts: list[int] = []
        text: list[str] = []
        place = end = 0
        heading: bool | None = None
        for number, run in enumerate(runs):
            gap = _gap(raw[end : run.start]) if heading is run.heading else None
            if gap is None:
                self._firsts.append(number)
                gap = _BETWEEN
            place += len(gap)
            self._places.append(place)
            place += len(run.text)
            text += (gap, run.text)
            end, heading = run.end, run.heading
        self.text = "".join(text)

    def __iter__(self) -> Iterator[PlainText]:
        return map(self._passage, range(len(self._firsts)))

    def search(self, pattern: re.Pattern[str]) -> Iterator[tuple[PlainText, int, str]]:
        """Yield each match with its passage and its place there."""
        for match in pattern.finditer(self.text):
            number = self._number(match.start())
            yield self._passage(number), match.start() - self._places[self._firsts[number]], match[0]

    def around(self, places: Iterable[int]) -> Iterator[PlainText]:
        """Yield the passages around places of the text, each once and in order."""
        return map(self._passage, sorted({self._number(place) for place in places}))

    def _number(self, place: int) -> int:
        return bisect_right(self._firsts, bisect_right(self._places, place) - 1) - 1

    def _passage(self, number: int) -> PlainText:
        first = self._firsts[number]
        last = self._firsts[number + 1] if number + 1 < len(self._firsts) else len(self._runs)
        begin, end = self._places[first], self._places[last - 1] + len(self._runs[last - 1].text)
        starts = tuple(place - begin for place in self._places[first:last])
        return PlainText(self.text[begin:end], self._runs[first:last], starts)


_BETWEEN = "\n\n"


def read_prose(document: Document) -> Prose:
    """Return the running text of a document; it is put together once."""
    prose = document.kept.get("prose")
    if not isinstance(prose, Prose):
        prose = document.kept["prose"] = Prose(document)
    return prose


def read_passages(document: Document) -> Iterator[PlainText]:
    """Yield the passages of a document in order."""
    return iter(read_prose(document))


def _gap(between: bytes) -> str | None:
    """Return what a reader sees between two runs, or None where they do not belong together."""
    if between == b"\n":
        return " "
    if _MARKS.fullmatch(between):
        return ""
    return " " if _LINE_END.fullmatch(between) else None
