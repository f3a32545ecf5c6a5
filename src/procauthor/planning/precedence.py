"""What a plan says outside of its items of what comes first: in lists, tables and drawings, and of a whole phase."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from procauthor.markdown.document import Section, TableRow
from procauthor.planning.line import Line, plain_text
from procauthor.planning.plan import PlanItem
from procauthor.planning.text import LABEL, PlanText, field_key
from procauthor.planning.title import names_needs, needs_pattern
from procauthor.planning.value import bucket_pattern, pattern, read_words
from procauthor.regex import lazy

# Between steps, in text and in diagrams.
_ARROW = lazy(r"\s*(?:[-=─]+[>▶►]|[─-]*[→⇒➜➔])\s*")
_DOWN = lazy(r"^[\s|│]*[↓▼⬇][\s|│↓▼⬇]*$")

_PAIR = 2
_QUOTE = lazy(r"^(?:>\s*)+")


class Order(Struct, frozen=True):
    """What comes ``first``, and what waits for it: in the words of the plan, or as the lines of items."""

    first: str | Collection[int]
    then: str | Collection[int]
    line: int


class Orders:
    """Reads the orders of a plan; ``items`` are its items, ``own`` the lines that are of these."""

    def __init__(self, text: PlanText, items: Sequence[PlanItem], own: Collection[int]) -> None:
        self._text = text
        self._own = own
        self._lines = sorted({item.line for item in items})

    def read(self, place_of: Callable[[str], int | None]) -> Iterator[Order]:
        """Yield all orders; ``place_of`` says which item a name means."""
        drawn = (line for line in self._text.code if line.number not in self._own)
        yield from _read_lines(_with_lower(drawn), place_of, drawn=True)
        for section in self._text.document.sections:
            lines = [line for line in self._outside(section) if line.text.strip()]
            yield from _read_lines(lines, place_of, drawn=names_needs(section.title))
            inside = self._inside(section)
            if inside and section.line not in self._own:
                yield from self._read_group(section.title, section.line, lines, inside)
                yield from self._read_foundation(section)
            labels = [(line, label) for line in lines if (label := LABEL.match(line.text)) and not field_key(label[1])]
            for (line, label), (after, _) in pairwise([*labels, (Line(len(self._text.lines) + 1, 0, ""), None)]):
                below = [number for number in inside if line.number < number < after.number]
                if below and label:
                    yield from self._read_group(label[1], line.number, lines, below)
        for _, block in self._text.tables:
            keys = [field_key(cell.text) for cell in block.header.cells] if block.header else []
            if "depends_on" in keys:
                yield from self._read_rows(block.rows, keys.index("depends_on"))

    def _outside(self, section: Section) -> list[Line]:
        return [line for line in self._text.own(section) if line.number not in self._own]

    def _inside(self, section: Section) -> list[int]:
        last = self._text.document.source.line(self._text.document.end(section) - 1)
        return self._lines[bisect_left(self._lines, section.line) : bisect_right(self._lines, last)]

    def _read_group(self, title: str, start: int, lines: Sequence[Line], inside: list[int]) -> Iterator[Order]:
        """Yield what a heading or a label, and the lines below it before its first item, say of all items below it."""
        for form in (needs_pattern(), pattern("afterwards", _AFTERWARDS)):
            yield from (Order(said["names"], inside, start) for said in form.finditer(title))
        lead = [line for line in lines if start < line.number < inside[0]]
        if self._are_alike(inside) and any(
            map(pattern("sequence", _SEQUENCE).search, (title, *(s.text for s in lead)))
        ):
            yield from (Order([first], [then], start) for first, then in pairwise(inside))
        for each in self._text.read_fields(lead):
            if each.key == "depends_on":
                yield from (Order(value, inside, line) for value, line in each.values)
        for line in lead:
            needs = needs_pattern().match(plain_text(_QUOTE.sub("", line.text)))
            if needs:
                yield Order(needs["names"], inside, line.number)

    def _are_alike(self, inside: Sequence[int]) -> bool:
        """Say whether items are headings of one level, or lines of one list."""
        lines = [self._text.lines[number - 1] for number in inside]
        return len({(line.heading, bool(line.heading) or line.indent) for line in lines}) == 1

    def _read_foundation(self, section: Section) -> Iterator[Order]:
        remarks = re.findall(r"[(（]([^()（）]*)[)）]", section.title)
        if any(remark.strip().casefold() in read_words().lists["foundation"] for remark in remarks):
            yield Order(section.title, self._behind(section), section.line)

    def _read_rows(self, rows: Sequence[TableRow], place: int) -> Iterator[Order]:
        """Yield what the rows of a table of phases say; "all above" are those of the rows above."""
        above: list[str] = []
        for row in rows:
            cells = [plain_text(cell.text) for cell in row.cells]
            bucket = bucket_pattern().match(cells[0])
            name = bucket[0] if bucket else cells[0]
            # A row that is an item of its own may be a summary of the phase that it names.
            if len(cells) > place and (bucket or row.line not in self._own):
                every = pattern("order").search(cells[place]) and pattern("vague").match(cells[place])
                yield from (Order(first, name, row.line) for first in (above if every else [cells[place]]))
            above.append(name)

    def _behind(self, section: Section) -> list[int]:
        """Return the items in the sections that follow one below the same heading."""
        around = self._lines if section.parent is None else self._inside(self._text.document.sections[section.parent])
        return around[bisect_right(around, self._inside(section)[-1]) :]


_AFTERWARDS = r"(?P<names>[A-Z]{1,4}\d+(?:\s*[/、,&]\s*[A-Z]{1,4}\d+)*)\s*(?:{})"


# "In order of need" and "in order to" say something else.
_SEQUENCE = r"\b(?:{})\s*(?:$|[.:;,)*])"


def _with_lower(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines, and of two with an arrow down between them a line from the last step to the first."""
    above, down = "", False
    for line in lines:
        if _DOWN.match(line.text):
            down = True
        elif line.text.strip():
            yield line
            steps = _ARROW.split(line.text)
            if down and above:
                yield replace(line, text=f"{above} → {steps[0]}")
            above, down = steps[-1], False


def _read_lines(lines: Iterable[Line], place_of: Callable[[str], int | None], *, drawn: bool) -> Iterator[Order]:
    """Yield what comes first and what waits for it, as lines say it.

    They are "Task 1 depends on tasks 2 and 3", "T1/T2 before T3", and, where they are ``drawn``, "T1 -> T2".
    """
    for line in lines:
        text = line.body
        steps = [re.sub(r"^[^:]*:\s|(?:[\[{,;]|\((?![^()]*\))).*", "", step) for step in _ARROW.split(text)]
        if len(steps) > 1:
            places = [place_of(step) for step in steps]
            # A row of three items is an order wherever it stands.
            if not (drawn or names_needs(text) or (None not in places and len(steps) > _PAIR)):
                continue
            # Where all arrows lead back, they mean "depends on".
            back = None not in places and places == sorted(places, key=lambda place: -(place or 0))
            pairs = pairwise(reversed(steps) if back else steps)
            yield from (Order(first, then, line.number) for first, then in pairs)
        elif before := pattern("before", r"\s(?:{})\s").search(text):
            yield Order(text[: before.start()], text[before.end() :].partition("(")[0], line.number)
        elif needs := needs_pattern().search(text):
            waiting = plain_text(text[: needs.start()])
            label, _, said = waiting.partition(": ")
            waiting = said if field_key(label) == "depends_on" else waiting
            yield Order(re.split(r"\.\s", needs["names"])[0], waiting, line.number)
