"""Finds the items of a plan by its shape: which tables, lists and headings hold them.

Each series of openings is weighed (`weigh.py`), and the likeliest are taken first: what is below an item is said of it,
and what has items below it is a heading over them. Where nothing is likely, the best of a plan is. What is not taken
and not unlikely is listed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain

from msgspec.structs import replace

from procauthor.naming import title_key
from procauthor.planning.entry import find_lists
from procauthor.planning.heading import Headings
from procauthor.planning.plan import Unread
from procauthor.planning.series import STRONG, Series
from procauthor.planning.table import find_tables
from procauthor.planning.text import Field, Opening, PlanText, field_key
from procauthor.planning.title import clean_title, read_count
from procauthor.planning.weigh import weigh
from procauthor.regex import lazy

# "8.2 Runbook: RB-001 Oven" is about the item RB-001.
_CODE = lazy(r"(?<![\w-])[A-Z]{2,10}(?:-[A-Z]{1,10})*-\d{1,5}(?![\w-])")
_SAID = lazy(r"^\*\*[^*:]+:\*\*")
# Logarithms of odds: what is likelier is taken, else what is near to the best of a plan (one line alone needs more to
# be a plan), else listed.
_LIKELY, _NEAR, _ALONE, _POSSIBLE = 0.0, 0.4, -1.0, -3.0


def find_openings(text: PlanText) -> tuple[list[Opening], list[Unread]]:
    """Return the openings of all items, in the order of the text, and what looks like items and is in none."""
    headings = Headings(text)
    series = find_series(text, headings)
    told = [each for each in series if each.kind.startswith(text.reading.items)] if text.reading.items else []
    odds = dict(zip(map(id, series), weigh(text, headings, series), strict=True))
    ranked = sorted(series, key=lambda each: -odds[id(each)])
    items = _Items()
    if told:
        _take_told(text, told, items)
    else:
        least = max(_POSSIBLE, min(_LIKELY, max(odds.values(), default=0) - _NEAR))
        likely = [each for each in ranked if odds[id(each)] >= least and each.role != "metrics"]
        # A single line makes no plan where it is not likely by itself.
        if least > _ALONE - _NEAR or sum(len(each.openings) for each in likely) > 1:
            for each in likely:
                items.take(each)
    again = chain.from_iterable(each.openings for each in series if each.kind == "headings")
    openings = _once(items.openings, [o for o in again if not (items.is_below(o) or items.is_over(o))])
    possible = [each for each in series if odds[id(each)] > _POSSIBLE and not each.role]
    unread = list(_unread(text, possible, items, openings))
    return [headings.with_inherited(opening) for opening in _renumbered(openings)], unread


def find_series(text: PlanText, headings: Headings) -> list[Series]:
    """Return all that may be items, in groups of what is written alike side by side."""
    return [*find_tables(text), *find_lists(text), *headings.series()]


def _take_told(text: PlanText, series: Sequence[Series], items: _Items) -> None:
    """Take what the front matter of a plan says; of headings without a level, the innermost."""
    level = text.reading.level
    for each in sorted(series, key=lambda each: -each.level):
        if not level or level == each.level + (each.kind != "headings"):
            here = [o for o in each.openings if text.is_told(o.section, o.line.heading or level)]
            items.take(replace(each, openings=tuple(here)))


class _Items:
    """The openings of items, in the order of the text; none is below another."""

    def __init__(self) -> None:
        self.openings: list[Opening] = []
        self._starts: list[int] = []

    def take(self, series: Series) -> None:
        """Take what is neither below an item nor over one; where most is over items, all is.

        What has fields of its own ends where the first item below it begins.
        """
        over = list(map(self.is_over, series.openings))
        if sum(over) * 2 <= len(over):
            for opening in series.openings:
                self._take(opening)

    def _take(self, opening: Opening) -> None:
        place = bisect_right(self._starts, opening.line.start)
        if self.is_over(opening):
            opening = opening.until(self.openings[place].line)
            if not any(f.key in STRONG for f in opening.fields):
                return
        if self.is_below(opening):
            return
        self._starts.insert(place, opening.line.start)
        self.openings.insert(place, opening)

    def is_over(self, opening: Opening) -> bool:
        """Say whether an item begins below an opening."""
        place = bisect_right(self._starts, opening.line.start)
        return place < len(self._starts) and self._starts[place] < opening.scope_end

    def is_below(self, opening: Opening) -> bool:
        """Say whether an opening is an item or within one."""
        place = bisect_right(self._starts, opening.line.start)
        return bool(place) and self.openings[place - 1].scope_end > opening.line.start

    def begins(self, opening: Opening) -> bool:
        """Say whether an item begins on the line of an opening."""
        place = bisect_left(self._starts, opening.line.start)
        return place < len(self._starts) and self._starts[place] == opening.line.start


def _once(openings: Sequence[Opening], others: Sequence[Opening]) -> list[Opening]:
    """Leave out what only names again an item of another list or table: a schedule, a summary.

    What one of two places alone says, as a list of details behind a table, is said of the item; so is what ``others``
    say that are no items themselves.
    """
    homes: dict[str, int] = {}
    kept: list[Opening] = []
    ranked = sorted(openings, key=lambda o: (not o.fields, o.line.start))
    for place, opening in enumerate([*ranked, *others]):
        inner = _CODE.search(opening.title) if opening.line.heading else None
        bare = _codes(opening.title) if any(map(str.isdigit, opening.title)) and " " not in opening.title else []
        asked = [*(_codes(opening.code) or names_of(opening)), *(_codes(inner[0]) if inner else ()), *bare]
        first = next((homes[key] for key in asked if key in homes), None)
        if place < len(ranked) and (first is None or _place(kept[first]) == _place(opening)):
            homes |= {key: len(kept) for key in names_of(opening) if key not in homes}
            kept.append(opening)
        elif first is not None:
            kept[first] = _joined(kept[first], opening)
    return sorted(kept, key=lambda o: o.line.start)


def _joined(own: Opening, other: Opening) -> Opening:
    """Return an item with what another place says of it."""
    known = {f.key for f in own.fields}
    more = tuple(f for f in other.fields if f.key not in known)
    if (mark := other.line.any_mark) and mark.done and not (own.line.any_mark or "status" in known):
        more += (Field("done", "", "✅", other.line.number),)
    return replace(own, fields=(*own.fields, *more))


def _codes(code: str) -> list[str]:
    # A number of a list tells nothing apart.
    return [code.upper()] if code and (code.startswith("0") or not code.isdigit()) else []


def names_of(opening: Opening) -> list[str]:
    """Return what an item is called: its code, and its title."""
    return [*_codes(opening.code), f"title {title_key(clean_title(opening.title))}"]


def _place(opening: Opening) -> tuple[int, int]:
    section = opening.section
    return (section.parent or 0, 0) if opening.line.heading else (section.index + 1, opening.place)


def _renumbered(openings: Sequence[Opening]) -> list[Opening]:
    """Take the numbers of lists that each begin with 1 as codes: they tell nothing apart."""
    numbers = Counter(o.first for o in openings if o.first and not o.line.heading)
    if not numbers or max(numbers.values()) == 1:
        return list(openings)
    single = [o.first == o.last > 0 and not (o.code or o.line.heading) for o in openings]
    return [
        replace(o, first=0, last=0, code=str(o.first)) if one else o for o, one in zip(openings, single, strict=True)
    ]


def _unread(text: PlanText, series: Sequence[Series], items: _Items, openings: Sequence[Opening]) -> Iterator[Unread]:
    """Yield a line for each series that may hold items, for what is no item, names none again, and is over none."""
    named = set(chain.from_iterable(map(names_of, openings)))
    within: dict[Hashable, list[Opening]] = defaultdict(list)
    for each in series:
        free = (o for o in each.openings if not (items.is_over(o) or items.begins(o) or _is_over_groups(o)))
        left = [o for o in free if not named & {*names_of(o)}]
        outside = [o for o in left if not (items.is_below(o) or _SAID.match(o.line.body))]
        if each.kind == "tables" and left and any(o.told for o in left):
            # Work within an item is work as well.
            yield Unread(text.table_lines[left[0].place], f"a table with the columns {each.form}")
        elif outside:
            yield _left_out(outside, "")
        elif not field_key(each.label or next(iter(text.headings[each.openings[0].section.index]), "")):
            # What a label says is no other reading of the plan.
            within[each.kind, each.form, each.level] += left
    yield from (_left_out(some, "below items") for some in within.values() if len(some) > 1)


def _is_over_groups(opening: Opening) -> bool:
    """Say whether lines that only count procedures are below an opening: those are read as groups."""
    entries = chain.from_iterable(field.entries for field in opening.fields)
    return any(read_count(entry.line.body) for entry in entries)


def _left_out(openings: Sequence[Opening], place: str) -> Unread:
    first, count = openings[0], len(openings) - 1
    said = first.section.title if first.line.heading else first.line.body or first.title
    more = " ".join(filter(None, (f"and {count} more" if count else "", place)))
    return Unread(first.line.number, f"{said} ({more})" if more else said)
