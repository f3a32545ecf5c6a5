"""Groups: lines, headings and rows that count procedures without naming them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from procauthor.markdown.document import Block, Document, Section
from procauthor.planning.field import plain_text, read_fields
from procauthor.planning.line import Line, lines_of
from procauthor.planning.opening import headings
from procauthor.planning.plan import Group, Priority, Problem
from procauthor.planning.total import is_total
from procauthor.planning.tracking import Placed
from procauthor.planning.value import read_priority

_COUNT = re.compile(
    r"^(?P<name>.*\S)\s*\(\s*~?(?P<count>\d+)"
    r"(?:\s+(?:\w+\s+){0,2}?procedures?\b[^()]*|(?<=lifecycle \(\d)|(?<=lifecycle \(\d\d))\)\s*(?:[-–—:].*)?$",
    re.IGNORECASE,
)
_COUNT_BEHIND = re.compile(r"^(?P<name>.*?\S)\s*(?::|\s[-–—])\s*~?(?P<count>\d+)\s+procedures?\.?$", re.IGNORECASE)
_COUNT_BEFORE = re.compile(r"^~?(?P<count>\d+)\s+(?P<name>\S.*?)\s+procedures?\.?$", re.IGNORECASE)
_NAMES = ("lifecycle", "group", "area", "category")
_COUNTS = ("procedures", "count", "number of procedures", "procedure count")


def read_groups(document: Document, lines: list[Line], placed: list[Placed], own: set[int]) -> tuple[Group, ...]:
    """Return all groups outside metrics and goals; ``own`` are the lines of items, which count nothing."""
    found = list(_lines(document, lines, placed))
    found += _headings(document, lines, own)
    found += _rows(document, lines, own)
    return tuple(sorted(found, key=lambda g: g.line))


def _lines(document: Document, lines: list[Line], placed: list[Placed]) -> Iterator[Group]:
    for each in placed:
        counted = None if each.role else read_count(each.line.body)
        if counted:
            yield Group(*counted, _priority(document, each.section, lines), each.line.number)


def read_count(text: str) -> tuple[str, int] | None:
    """Return name and count of "Release Lifecycle (10 procedures)"."""
    text = plain_text(text)
    found = _COUNT.match(text) or _COUNT_BEHIND.match(text) or _COUNT_BEFORE.match(text)
    return (found["name"].rstrip(" :–—-"), int(found["count"])) if found else None


def find_uncounted(placed: Sequence[Placed], groups: Collection[Group]) -> Iterator[Problem]:
    """Yield a problem for each line that is among groups and gives no one count."""
    counted = {group.line for group in groups}
    lists = {(p.section.index, p.label) for p in placed if p.line.number in counted}
    for each in placed:
        if (each.section.index, each.label) in lists and each.line.number not in counted:
            message = f"{plain_text(each.line.body)!r} is among groups and gives no count of procedures"
            yield Problem("count", message, each.line.number)


def _headings(document: Document, lines: list[Line], own: set[int]) -> Iterator[Group]:
    for section in document.sections:
        counted = read_count(section.title)
        inside = lines_of(lines, section.start, document.end(section))
        if counted and not any(line.number in own for line in inside):
            yield Group(*counted, _priority(document, section, lines), section.line)


def _rows(document: Document, lines: list[Line], own: set[int]) -> Iterator[Group]:
    for section in document.sections:
        for block in section.blocks:
            name, count, priority = _columns(block)
            for row in block.rows if name is not None and count is not None else ():
                texts = [cell.text.strip() for cell in row.cells]
                number = re.match(r"~?(\d+)", texts[count or 0])
                if number and row.line not in own and not is_total(texts[name or 0]):
                    stated = read_priority(texts[priority]) if priority is not None else None
                    found = stated or _priority(document, section, lines)
                    yield Group(plain_text(texts[name or 0]), int(number[1]), found, row.line)


def _columns(block: Block) -> tuple[int | None, int | None, int | None]:
    heads = [plain_text(cell.text).casefold() for cell in block.header.cells] if block.header else []
    first = [next((heads.index(n) for n in names if n in heads), None) for names in (_NAMES, _COUNTS, ("priority",))]
    return first[0], first[1], first[2]


def _priority(document: Document, section: Section, lines: list[Line]) -> Priority:
    """Return the priority of the section's field, else of the nearest heading that names one, else the lowest."""
    fields = read_fields(lines_of(lines, section.body, section.end))
    texts = [f.text for f in fields if f.key == "priority"] + headings(document, section)
    return next((p for text in texts if (p := read_priority(text))), "P3")
