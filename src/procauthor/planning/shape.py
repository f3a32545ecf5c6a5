"""Finds the items of a plan by its shape: which tables, lists and headings hold them.

Each series is weighed, and the heaviest are taken first: what is below an item is said of it, and what has items below
it is a heading over them. Fields that only items have (a priority, hours, dependencies) say most, then a priority right
above, boxes and codes, then numbers, phases and kinds of documents. A plan in which nothing weighs much has its items
in what it has. What is not taken is listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec.structs import replace

from procauthor.naming import title_key
from procauthor.planning.entry import find_lists
from procauthor.planning.heading import Headings
from procauthor.planning.plan import Unread
from procauthor.planning.series import LIKELY, SURE, Items, Series
from procauthor.planning.table import find_tables
from procauthor.planning.text import Field, Opening, PlanText, field_key
from procauthor.planning.title import clean_title
from procauthor.regex import lazy

# "8.2 Runbook: RB-001 Oven" is about the item RB-001.
_CODE = lazy(r"(?<![\w-])[A-Z]{2,10}(?:-[A-Z]{1,10})*-\d{1,5}(?![\w-])")
_SAID = lazy(r"^\*\*[^*:]+:\*\*")


def find_openings(text: PlanText) -> tuple[list[Opening], list[Unread]]:
    """Return the openings of all items, in the order of the text, and what looks like items and is in none."""
    headings = Headings(text)
    series = sorted(
        [*find_tables(text), *find_lists(text), *headings.series()], key=lambda each: (-each.weight, each.whole)
    )
    items = Items()
    if text.reading.items:
        _take_told(text, series, items)
    else:
        left = [each for each in series if each.aside != "aside"]
        taken = [each for each in left if each.weight >= SURE and not each.aside and items.take(each)]
        left = [each for each in left if each.weight < SURE]
        if taken:
            _take_beside(text, taken, left, items)
        else:
            _take_any(text, left, items)
    openings = _once(items.openings)
    unread = list(_unread(text, series, items, openings))
    return [headings.with_inherited(opening) for opening in _renumbered(openings)], unread


def _take_told(text: PlanText, series: Sequence[Series], items: Items) -> None:
    """Take what the front matter of a plan says; of headings without a level, the innermost."""
    level = text.reading.level
    for each in series:
        if each.kind == text.reading.items:
            here = [o for o in each.openings if text.is_told(o.section, o.line.heading or level)]
            items.take(replace(each, openings=tuple(here), whole=not level))


def _take_beside(text: PlanText, taken: Sequence[Series], left: Sequence[Series], items: Items) -> None:
    """Take what is light and beside items: boxes, and what is written as they are, or below headings like theirs."""
    busy = text.busy(items.openings)
    homes = {each.home for each in taken if each.kind != "headings"}
    times, others = Counter(each.like for each in taken), Counter(each.like for each in left)
    for each in left:
        section = each.openings[0].section
        if each.aside or section.index in busy or (section.parent in busy and field_key(section.title)):
            # Checks, and details of the items in the same section.
            continue
        placed = each.weight > each.own or (each.own and text.is_plan)
        beside = placed and each.home in homes and not each.boxed and each.kind != "headings"
        # People tick boxes, so they are work wherever they are.
        if each.boxed or beside or 1 < times[each.like] > others[each.like]:
            items.take(each)


def _take_any(text: PlanText, left: Sequence[Series], items: Items) -> None:
    """Take the heaviest of what is light, where there is nothing else; a single line makes no plan."""
    series = [each for each in left if not each.aside] or left
    best = max((each.weight for each in series), default=0)
    if best < LIKELY and sum(len(each.openings) for each in series) < LIKELY:
        return
    headings = all(each.kind == "headings" and not each.whole for each in series if each.weight == best)
    for each in sorted(series, key=lambda each: each.whole):
        # Below a title such as "TODO", headings are work as well as lists are.
        fits = text.is_plan or each.whole or (each.kind == "headings") == headings
        if fits and each.weight >= max(1, best - 1):
            items.take(each)
    for each in series if not items.openings else ():
        if each.kind != "headings" and len(each.openings) > 1:
            items.take(each)


def _once(openings: Sequence[Opening]) -> list[Opening]:
    """Leave out what only names again an item of another list or table: a schedule, a summary.

    What one of two places alone says, as a list of details behind a table, is said of the item.
    """
    homes: dict[str, int] = {}
    kept: list[Opening] = []
    for opening in sorted(openings, key=lambda o: (not o.fields, o.line.start)):
        inner = _CODE.search(opening.title) if opening.line.heading else None
        bare = _codes(opening.title) if any(map(str.isdigit, opening.title)) and " " not in opening.title else []
        asked = [*(_codes(opening.code) or _names(opening)), *(_codes(inner[0]) if inner else ()), *bare]
        first = next((homes[key] for key in asked if key in homes), None)
        if first is None or _place(kept[first]) == _place(opening):
            homes |= {key: len(kept) for key in _names(opening) if key not in homes}
            kept.append(opening)
        else:
            own = kept[first]
            known = {f.key for f in own.fields}
            more = tuple(f for f in opening.fields if f.key not in known)
            if (mark := opening.line.any_mark) and mark.done and not (own.line.any_mark or "status" in known):
                more += (Field("done", "", "✅", opening.line.number),)
            kept[first] = replace(own, fields=(*own.fields, *more))
    return sorted(kept, key=lambda o: o.line.start)


def _codes(code: str) -> list[str]:
    # A number of a list tells nothing apart.
    return [code.upper()] if code and (code.startswith("0") or not code.isdigit()) else []


def _names(opening: Opening) -> list[str]:
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


def _unread(text: PlanText, series: Sequence[Series], items: Items, openings: Sequence[Opening]) -> Iterator[Unread]:
    """Yield what looks like items and is in none, but for asides, and for what names an item again or is over items."""
    named = set(chain.from_iterable(map(_names, openings)))
    for each in series:
        left = [o for o in each.openings if not (items.is_over(o) or items.begins(o) or named & {*_names(o)})]
        outside = [o for o in left if not items.is_below(o)]
        if each.aside == "aside" or not left:
            continue
        if each.kind == "tables":
            # Work within an item is work as well.
            if each.own:
                yield Unread(text.table_lines[left[0].place], f"a table with the columns {each.form}")
        elif each.weight > (each.kind == "headings") or left[0].code:
            # "**Goal:** fresh bread" below a phase is said of the phase.
            lines = (o for o in outside if not _SAID.match(o.line.body))
            yield from (Unread(o.line.number, o.section.title if o.line.heading else o.line.body) for o in lines)
        elif each.kind == "lists" and outside and text.is_plan:
            more = f" (and {len(outside) - 1} more)" if len(outside) > 1 else ""
            yield Unread(outside[0].line.number, outside[0].line.body + more)
