"""Totals of hours: what the plan states, in lines and in the last rows of tables, against what its items sum to."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from procauthor.markdown.document import Section
from procauthor.planning.effort import effort_unit, hours_text, read_effort
from procauthor.planning.field import field_key, plain_text
from procauthor.planning.opening import names_priority
from procauthor.planning.plan import PRIORITIES, Effort, PlanItem, Priority, Problem, Total
from procauthor.planning.text import PlanText
from procauthor.planning.value import PRIORITY_CODE, read_priority
from procauthor.planning.words import pattern
from procauthor.regex import lazy

_LINE = lazy(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?P<label>[^:*|]+)(?::\s*(?:\*\*|__)?|(?:\*\*|__)\s*:)\s*(?P<value>.+)$")
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
    row = r"^(?:grand\s+|sub-?)?(?:{})(?:\s+(?:effort|hours|time|P\d.*))?\s*:?$|^P\d\s+(?:{})$"
    return bool(pattern("total", row).match(plain_text(title)))


def names_total(label: str) -> bool:
    """Say whether a label is that of a sum of hours."""
    word = pattern("total").search(label)
    if not word:
        return False
    rest = f"{label[: word.start()]} {label[word.end() :]}".strip(" :")
    words = re.findall(r"[^\W\d_]+", rest)
    return not words or bool(PRIORITY_CODE.search(rest)) or any(field_key(each) == "effort" for each in words)


def read_stated(text: PlanText) -> list[Stated]:
    """Return all totals that a plan states, in the order of its lines."""
    return sorted((*_lines(text), *_rows(text)), key=lambda each: each.line)


def _lines(text: PlanText) -> Iterator[Stated]:
    starts = [section.line for section in text.document.sections]
    for line in text.lines:
        found = _LINE.match(line.text)
        if found and names_total(found["label"]):
            effort = read_effort(plain_text(found["value"]), effort_unit(found["label"]))
            if effort:
                section = text.document.sections[max(0, bisect_right(starts, line.number) - 1)]
                yield Stated(_keys(found["label"]), effort, line.number, _near(text, section))


def _rows(text: PlanText) -> Iterator[Stated]:
    for section in text.document.sections:
        for block in section.blocks:
            heads = [cell.text for cell in block.header.cells] if block.kind == "table" and block.header else []
            place = next((i for i, head in enumerate(heads) if field_key(head) == "effort"), -1)
            for row in block.rows if place >= 0 else ():
                label = next((cell.text for cell in row.cells if is_total(cell.text)), "")
                cell = plain_text(row.cells[place].text) if len(row.cells) > place else ""
                effort = read_effort(cell, effort_unit(heads[place])) if label else None
                if effort:
                    yield Stated(_keys(label), effort, row.line, _near(text, section))


def _keys(label: str) -> tuple[Priority, ...]:
    """Return the priorities of "Total P0 + P1 Effort" or "P0-P2 total"."""
    named = [read_priority(each) for each in PRIORITY_CODE.findall(label)]
    span = re.search(r"\bP(\d)\s*(?:[-–—]|to)\s*P?(\d)\b", label, re.IGNORECASE)
    return tuple(p for p in PRIORITIES if p in named or (span and span[1] <= p[1] <= span[2]))


def _near(text: PlanText, section: Section) -> Priority | None:
    return next((read_priority(each) for each in text.headings(section) if names_priority(each)), None)


def compute_totals(items: Sequence[PlanItem], stated: Sequence[Stated]) -> Iterator[Total]:
    """Yield the total of each priority and of all, each with the first that the plan states."""
    said = {"+".join(s.keys) or "all": s for s in reversed([_placed(s, items) for s in stated])}
    for key in (*PRIORITIES, "all"):
        chosen = [item for item in items if key in (item.priority, "all")]
        found = said.get(key)
        if chosen or found:
            yield Total(key, found.effort if found else None, _sum(chosen), len(chosen), found.line if found else 0)


def find_wrong_totals(items: Sequence[PlanItem], stated: Sequence[Stated]) -> Iterator[Problem]:
    """Yield a problem for each stated total that its items do not sum to."""
    for each in (_placed(s, items) for s in stated):
        chosen = [item for item in items if not each.keys or item.priority in each.keys]
        computed = _sum(chosen)
        if _same(each.effort, computed):
            continue
        silent = sum(item.effort_hours is None for item in chosen)
        without = f" ({silent} of {len(chosen)} items state none)" if silent else ""
        summed = hours_text(computed, "hour") if computed else "nothing"
        scope = " and ".join(each.keys) or "the plan"
        states, whose = ("state", "their") if len(each.keys) > 1 else ("states", "its")
        message = f"{scope} {states} {hours_text(each.effort, 'hour')}, {whose} items sum to {summed}{without}"
        yield Problem("total", message, each.line)


def _placed(stated: Stated, items: Sequence[PlanItem]) -> Stated:
    """Read a total without a priority: as that of the plan if it fits, else as that of its heading, if there is one."""
    if stated.keys or stated.near is None or _same(stated.effort, _sum(items)):
        return stated
    return Stated((stated.near,), stated.effort, stated.line)


def _sum(items: Iterable[PlanItem]) -> Effort | None:
    known = [item.effort_hours for item in items if item.effort_hours is not None]
    if not known:
        return None
    low, high = math.fsum(e.min for e in known), math.fsum(e.max for e in known)
    return Effort(round(low, 4), round(high, 4))


def _same(stated: Effort, computed: Effort | None) -> bool:
    return computed is not None and abs(stated.min - computed.min) < _CLOSE and abs(stated.max - computed.max) < _CLOSE
