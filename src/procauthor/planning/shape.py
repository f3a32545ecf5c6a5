"""Finds the items of a plan by its shape: which tables, headings and lists hold them.

Each table, family of headings and list is weighed as a whole, because what people write side by side is of one kind.
Fields that only items have (a priority, hours, dependencies) say most, then a priority right above, boxes and codes,
then numbers, phases and kinds of documents. What is light counts only where nothing heavier is near.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from msgspec.structs import replace

from procauthor.naming import title_key
from procauthor.planning.line import plain_text
from procauthor.planning.opening import TITLED, TOLD, Headings, WeighedList, find_lists
from procauthor.planning.table import find_rows, unread_tables
from procauthor.planning.text import Field, Opening, PlanText, Scopes, field_key
from procauthor.planning.title import (
    clean_title,
    names_bucket,
    names_check,
    names_priority,
    names_work,
    read_count,
    read_number,
)
from procauthor.planning.value import is_nothing
from procauthor.regex import lazy

# "8.2 Runbook: RB-001 Oven" is about the item RB-001.
_CODE = lazy(r"(?<![\w-])[A-Z]{2,10}(?:-[A-Z]{1,10})*-\d{1,5}(?![\w-])")
_SURE = 3
_LIKELY = 2


def find_openings(text: PlanText) -> list[Opening]:
    """Return the openings of all items, in the order of the text."""
    told, level = text.reading.items, text.reading.level
    rows = list(find_rows(text)) if told in ("", "tables") else []
    rows = [row for row in rows if not told or text.is_told(row.section, level)]
    sections = Headings(text, rows)
    headed = sections.openings(alone=not any(row.fields for row in rows)) if told in ("", "headings") else []
    scopes = Scopes(headed)
    rows = [row for row in rows if row.line.start not in scopes]
    lists = list(find_lists(text, scopes)) if told in ("", "lists") else []
    if told:
        listed = _openings(each for each in lists if text.is_told(each.section, level))
    else:
        listed = _choose(text, lists, [*headed, *rows])
    if not (headed or rows or told) and all(each.weight < _SURE for each in lists):
        rows = list(find_rows(text, loose=True))
        listed = [] if rows else listed
    headed = headed if headed or rows or listed else sections.outermost()
    numbers = [o.first for o in listed if o.first]
    if len(set(numbers)) < len(numbers):
        # Numbers from lists that each begin with 1 tell nothing apart.
        single = [bool(o.first) and not o.code and o.first == o.last for o in listed]
        listed = [
            replace(o, first=0, last=0, code=str(o.first)) if one else o for o, one in zip(listed, single, strict=True)
        ]
    return [sections.with_inherited(opening) for opening in _once((*headed, *rows, *listed))]


def _openings(lists: Iterable[WeighedList]) -> list[Opening]:
    return sorted(chain.from_iterable(each.openings for each in lists), key=lambda o: o.line.start)


def _choose(text: PlanText, lists: Sequence[WeighedList], others: Sequence[Opening]) -> list[Opening]:
    """Choose among lists: the sure ones, and of the others those beside which nothing surer is."""
    busy = text.busy(others)
    chosen = [each for each in lists if each.weight >= _SURE and not _is_outdone(text, each, busy)]
    # People tick boxes, so they are work wherever they are, but for lists of checks and what has items above it.
    chosen += [each for each in lists if each.ticked and each not in chosen and not _is_check(text, each, busy)]
    homes = {_home(o) for o in (*(o for o in others if not o.line.heading), *_openings(chosen))}
    taken = busy | {each.section.index for each in chosen}
    light = [each for each in lists if each not in chosen and each.section.index not in taken]
    plain = [each for each in light if each.weight > each.own and not (each.boxed and each.own <= _LIKELY)]
    alone = not (chosen or others)
    chosen += [each for each in plain if alone or _home(each.openings[0]) in homes]
    if not (chosen or others):
        chosen = [each for each in light if each.boxed or each.own >= _LIKELY]
    openings: list[Opening] = []
    for opening in _openings(chosen):
        # What is below an item is said of it.
        if not openings or opening.line.start >= openings[-1].scope_end:
            openings.append(opening)
    return openings


def _is_outdone(text: PlanText, listed: WeighedList, busy: Collection[int]) -> bool:
    """Say whether a heading or a table has the items of a place already, so that lines with little to say are none."""
    bucket = next((s for s in text.above(listed.section) if names_bucket(s.title)), None)
    boxed = listed.own < TOLD and listed.weight == _SURE and listed.boxed
    return boxed and bucket is not None and bucket.index in busy


def _is_check(text: PlanText, listed: WeighedList, busy: Collection[int]) -> bool:
    """Say whether boxes are checks of something else, or details of items in the same section."""
    section = listed.section
    detail = section.index in busy or (section.parent in busy and field_key(section.title))
    return bool(detail) or any(map(names_check, text.named(section)))


def _home(opening: Opening) -> tuple[int | None, int]:
    return opening.section.parent, opening.section.level


def _once(openings: Sequence[Opening]) -> list[Opening]:
    """Leave out what only names again an item of another list or table: a schedule, a summary.

    What one of two places alone says, as a list of details behind a table, is said of the item.
    """
    homes: dict[str, int] = {}
    kept: list[Opening] = []
    for opening in sorted(openings, key=lambda o: (not o.fields, o.line.start)):
        keys = [*_keys(opening.code), _titled(opening.title)]
        inner = _CODE.search(opening.title) if opening.line.heading else None
        asked = [*(_keys(opening.code) or keys), *(_keys(inner[0]) if inner else ())]
        first = next((homes[key] for key in asked if key in homes), None)
        if first is None or _place(kept[first]) == _place(opening):
            homes |= {key: len(kept) for key in keys if key not in homes}
            kept.append(opening)
        else:
            known = {f.key for f in kept[first].fields}
            more = tuple(f for f in opening.fields if f.key not in known)
            own = kept[first]
            if (mark := opening.line.any_mark) and mark.done and not (own.line.any_mark or "status" in known):
                more += (Field("done", "", "✅", opening.line.number),)
            kept[first] = replace(own, fields=(*own.fields, *more))
    return sorted(kept, key=lambda o: o.line.start)


def _keys(code: str) -> list[str]:
    # A number of a list tells nothing apart.
    return [code.upper()] if code and (code.startswith("0") or not code.isdigit()) else []


def _titled(title: str) -> str:
    return f"title {title_key(clean_title(title))}"


def _place(opening: Opening) -> tuple[int, int]:
    section = opening.section
    return (section.parent or 0, 0) if opening.line.heading else (section.index + 1, opening.place)


def unclaimed(text: PlanText, openings: Sequence[Opening]) -> Iterator[tuple[int, str]]:
    """Yield the lines that look like items and are in none: boxes, codes and what is right below a priority.

    Metrics, goals, risks and the like are no items, nor is what names an item again.
    """
    scopes, starts = Scopes(openings), [o.line.start for o in openings]
    levels = {o.section.level for o in openings if o.line.heading and o.first}
    named = set(chain.from_iterable((*_keys(o.code), _titled(o.title)) for o in openings))
    for placed in text.placed:
        line, read = placed.line, read_number(placed.line.body)
        if placed.role or line.start in scopes or read_count(line.body) or is_nothing(line.body):
            continue
        code = read.code.upper() if read else ""
        heading = placed.label or placed.section.title
        urgent = names_priority(heading) or names_work(heading) or names_bucket(heading)
        urgent = urgent or (text.is_plan and TITLED.match(line.content) is not None)
        # "**Goal:** fresh bread" below a phase is said of the phase.
        urgent = urgent and not line.indent and not (line.body.startswith("**") and ":**" in line.body)
        if (line.mark or code or urgent) and not {code, _titled(line.body)} & named:
            yield line.number, line.body
    for section in text.document.sections:
        read, end = read_number(section.title), text.document.end(section)
        # A number like those of items on the same level says as much as a code.
        coded = read and (re.search(r"[A-Z].*\d", read.code) or (read.dot and read.first and section.level in levels))
        inside = bisect_left(starts, end) > bisect_left(starts, section.start)
        again = inside or section.start in scopes or text.roles[section.index]
        if read and coded and not (again or {read.code.upper(), _titled(read.title)} & named):
            yield section.line, section.title
    for block in unread_tables(text, set(starts)):
        heads = block.header.cells if block.header else ()
        yield block.line, f"a table with the columns {', '.join(plain_text(cell.text) for cell in heads)}"
