"""Totals of hours: what the plan states, in lines and in the last rows of tables, against what its items sum to."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from procauthor.markdown.document import Document, Section
from procauthor.planning.effort import effort_unit, hours_text, read_effort
from procauthor.planning.field import field_key, plain_text
from procauthor.planning.line import Line
from procauthor.planning.opening import headings, names_priority
from procauthor.planning.plan import PRIORITIES, Effort, PlanItem, Priority, Problem, Total
from procauthor.planning.value import read_priority

_TOTAL = re.compile(
    r"\btotal\b.*\b(?:effort|P\d)\b|\b(?:effort|P\d)\b.*\btotal\b|^total(?: hours| time)?$", re.IGNORECASE
)
_LINE = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?P<label>[^:*|]*\btotal\b[^:*|]*)(?::\s*(?:\*\*|__)?|(?:\*\*|__)\s*:)\s*(?P<value>.+)$",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"^(?:grand\s+|sub-?)?(?:totals?|sum)(?:\s+(?:effort|hours|time|P\d.*))?\s*:?$|^P\d\s+total$", re.IGNORECASE
)
_CLOSE = 0.01


@dataclass(frozen=True, slots=True)
class Stated:
    """A total that the plan states: for some priorities, or for all where it names none.

    ``near`` is the priority of the heading above it.
    """

    keys: tuple[Priority, ...]
    effort: Effort
    line: int
    near: Priority | None = None


def is_total(title: str) -> bool:
    """Say whether the row of a table sums up the others."""
    return bool(_ROW.match(plain_text(title)))


def names_total(label: str) -> bool:
    """Say whether a label is that of a sum of hours."""
    return bool(_TOTAL.search(label))


def read_stated(document: Document, lines: list[Line]) -> list[Stated]:
    """Return all totals that a plan states, in the order of its lines."""
    found = [*_lines(document, lines), *_rows(document)]
    return sorted(found, key=lambda each: each.line)


def _lines(document: Document, lines: list[Line]) -> Iterator[Stated]:
    for line in lines:
        found = _LINE.match(line.text)
        if found and _TOTAL.search(found["label"]):
            effort = read_effort(plain_text(found["value"]), effort_unit(found["label"]))
            if effort:
                section = next(s for s in reversed(document.sections) if s.line <= line.number)
                yield Stated(_keys(found["label"]), effort, line.number, _near(document, section))


def _rows(document: Document) -> Iterator[Stated]:
    for section in document.sections:
        for block in section.blocks:
            heads = [cell.text for cell in block.header.cells] if block.kind == "table" and block.header else []
            place = next((i for i, head in enumerate(heads) if field_key(head) == "effort"), None)
            for row in block.rows if place is not None else ():
                label = next((cell.text for cell in row.cells if is_total(cell.text)), "")
                text = plain_text(row.cells[place or 0].text) if len(row.cells) > (place or 0) else ""
                effort = read_effort(text, effort_unit(heads[place or 0])) if label else None
                if effort:
                    yield Stated(_keys(label), effort, row.line, _near(document, section))


def _keys(label: str) -> tuple[Priority, ...]:
    """Return the priorities of "Total P0 + P1 Effort" or "P0-P2 total"."""
    named = [read_priority(each) for each in re.findall(r"\bP\d\b", label, re.IGNORECASE)]
    span = re.search(r"\bP(\d)\s*(?:[-–—]|to)\s*P?(\d)\b", label, re.IGNORECASE)
    if span:
        named = [p for p in PRIORITIES if span[1] <= p[1] <= span[2]]
    return tuple(p for p in PRIORITIES if p in named)


def _near(document: Document, section: Section) -> Priority | None:
    return next((read_priority(text) for text in headings(document, section) if names_priority(text)), None)


def compute_totals(items: Sequence[PlanItem], stated: Sequence[Stated]) -> Iterator[Total]:
    """Yield the total of each priority and of all, each with the first that the plan states."""
    said = {"+".join(s.keys) or "all": s for s in reversed([_placed(s, items) for s in stated])}
    for key in (*PRIORITIES, "all"):
        chosen = [item for item in items if key in (item.priority, "all")]
        found = said.get(key)
        if chosen or found:
            effort = _sum(chosen)
            yield Total(key, found.effort if found else None, effort, len(chosen), found.line if found else 0)


def find_wrong_totals(items: Sequence[PlanItem], stated: Sequence[Stated]) -> Iterator[Problem]:
    """Yield a problem for each stated total that its items do not sum to."""
    for each in (_placed(s, items) for s in stated):
        chosen = _chosen(each, items)
        computed = _sum(chosen)
        if _same(each.effort, computed):
            continue
        silent = sum(item.effort_hours is None for item in chosen)
        without = f" ({silent} of {len(chosen)} items state none)" if silent else ""
        summed = _hours(computed) if computed else "nothing"
        scope = " and ".join(each.keys) or "the plan"
        states, whose = ("state", "their") if len(each.keys) > 1 else ("states", "its")
        message = f"{scope} {states} {_hours(each.effort)}, {whose} items sum to {summed}{without}"
        yield Problem("total", message, each.line)


def _placed(stated: Stated, items: Sequence[PlanItem]) -> Stated:
    """Read a total without a priority: as that of the plan if it fits, else as that of its heading, if there is one."""
    if stated.keys or stated.near is None or _same(stated.effort, _sum(items)):
        return stated
    return Stated((stated.near,), stated.effort, stated.line)


def _chosen(stated: Stated, items: Sequence[PlanItem]) -> list[PlanItem]:
    return [item for item in items if not stated.keys or item.priority in stated.keys]


def _sum(items: Iterable[PlanItem]) -> Effort | None:
    known = [item.effort_hours for item in items if item.effort_hours is not None]
    if not known:
        return None
    low, high = math.fsum(e.min for e in known), math.fsum(e.max for e in known)
    return Effort(round(low, 4), round(high, 4))


def _same(stated: Effort, computed: Effort | None) -> bool:
    if computed is None:
        return False
    return abs(stated.min - computed.min) < _CLOSE and abs(stated.max - computed.max) < _CLOSE


def _hours(effort: Effort) -> str:
    return hours_text(effort, "hour")
