"""Groups: lines, headings and rows that count procedures without naming them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from procauthor.markdown.document import Block, Section
from procauthor.planning.field import plain_text
from procauthor.planning.line import lines_of
from procauthor.planning.plan import Group, Priority, Problem
from procauthor.planning.text import PlanText
from procauthor.planning.total import is_total
from procauthor.planning.value import read_priority
from procauthor.regex import lazy

_COUNT = lazy(
    r"^(?P<name>.*\S)\s*\(\s*~?(?P<count>\d+)"
    r"(?:\s+(?:\w+\s+){0,2}?procedures?\b[^()]*|(?<=lifecycle \(\d)|(?<=lifecycle \(\d\d))\)\s*(?:[-–—:].*)?$",
    re.IGNORECASE,
)
_COUNT_BEHIND = lazy(r"^(?P<name>.*?\S)\s*(?::|\s[-–—])\s*~?(?P<count>\d+)\s+procedures?\.?$", re.IGNORECASE)
_COUNT_BEFORE = lazy(r"^~?(?P<count>\d+)\s+(?P<name>\S.*?)\s+procedures?\.?$", re.IGNORECASE)
_NAMES = ("lifecycle", "group", "area", "category")
_COUNTS = ("procedures", "count", "number of procedures", "procedure count")


def read_groups(text: PlanText, own: Collection[int]) -> tuple[Group, ...]:
    """Return all groups outside metrics and goals; ``own`` are the lines of items, which count nothing."""
    return tuple(sorted((*_lines(text, own), *_headings(text, own), *_rows(text, own)), key=lambda g: g.line))


@lru_cache(maxsize=1 << 16)
def read_count(text: str) -> tuple[str, int] | None:
    """Return name and count of "Release Lifecycle (10 procedures)"."""
    text = plain_text(text)
    if not any(map(str.isdigit, text)):
        return None
    found = _COUNT.match(text) or _COUNT_BEHIND.match(text) or _COUNT_BEFORE.match(text)
    return (found["name"].rstrip(" :–—-"), int(found["count"])) if found else None


def find_uncounted(text: PlanText, own: Collection[int], groups: Collection[Group]) -> Iterator[Problem]:
    """Yield a problem for each line that is among groups and gives no one count."""
    counted = {group.line for group in groups}
    placed = [p for p in text.placed if p.line.number not in own]
    lists = {(p.section.index, p.label) for p in placed if p.line.number in counted}
    for each in placed:
        if (each.section.index, each.label) in lists and each.line.number not in counted:
            message = f"{plain_text(each.line.body)!r} is among groups and gives no count of procedures"
            yield Problem("count", message, each.line.number)


def _lines(text: PlanText, own: Collection[int]) -> Iterator[Group]:
    for each in text.placed:
        free = not each.role and each.line.number not in own
        if free and (counted := read_count(each.line.body)):
            yield Group(*counted, _priority(text, each.section), each.line.number)


def _headings(text: PlanText, own: Collection[int]) -> Iterator[Group]:
    for section in text.document.sections:
        if counted := read_count(section.title):
            inside = lines_of(text.lines, section.start, text.document.end(section))
            if not any(line.number in own for line in inside):
                yield Group(*counted, _priority(text, section), section.line)


def _rows(text: PlanText, own: Collection[int]) -> Iterator[Group]:
    for section in text.document.sections:
        for block in section.blocks:
            name, count, priority = _columns(block)
            for row in block.rows if name is not None and count is not None else ():
                texts = [cell.text.strip() for cell in row.cells]
                number = re.match(r"~?(\d+)", texts[count or 0])
                if number and row.line not in own and not is_total(texts[name or 0]):
                    stated = read_priority(texts[priority]) if priority is not None else None
                    found = stated or _priority(text, section)
                    yield Group(plain_text(texts[name or 0]), int(number[1]), found, row.line)


def _columns(block: Block) -> tuple[int | None, int | None, int | None]:
    heads = [plain_text(cell.text).casefold() for cell in block.header.cells] if block.header else []
    first = [next((heads.index(n) for n in names if n in heads), None) for names in (_NAMES, _COUNTS, ("priority",))]
    return first[0], first[1], first[2]


def _priority(text: PlanText, section: Section) -> Priority:
    """Return the priority of the section's field, else of the nearest heading that names one, else the lowest."""
    texts = [f.text for f in text.fields(section) if f.key == "priority"] + list(text.headings(section))
    return next((p for each in texts if (p := read_priority(each))), "P3")
