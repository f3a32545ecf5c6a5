"""Reads an action plan from the bytes of a Markdown file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from procauthor.errors import PlanError, UnreadableError
from procauthor.markdown.document import Document
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.planning.bare import find_bare
from procauthor.planning.entry import find_openings
from procauthor.planning.group import read_groups
from procauthor.planning.item import read_items
from procauthor.planning.line import Line, read_lines
from procauthor.planning.opening import Opening
from procauthor.planning.order import arrange
from procauthor.planning.plan import PRIORITIES, Effort, Goal, Plan, PlanItem, Problem, Total
from procauthor.planning.resolve import Resolver
from procauthor.planning.session import choose_next
from procauthor.planning.tracking import Stated, placed_lines, read_around

_CLOSE = 0.01


def read_plan(raw: bytes, *, known: Mapping[str, str] | None = None) -> Plan:
    """Read an action plan.

    Args:
        raw: The bytes of the file.
        known: The library's status of each procedure by the key of its title; it counts before the plan's word.

    Raises:
        PlanError: The file holds no plan item.
        UnreadableError: The bytes are not UTF-8.
    """
    document = _parse(raw)
    lines = read_lines(document)
    openings = find_openings(document, lines)
    bare, skipped = find_bare(document, lines, openings)
    openings = sorted((*openings, *bare), key=lambda o: o.line.start)
    if not openings:
        message = "the file holds no plan item"
        raise PlanError(
            message,
            'write each as "### 1. Define Data Design Procedure", or "- [ ] Data Design Procedure" under "## P0"',
        )
    return _plan(document, lines, openings, known or {}, skipped)


def _parse(raw: bytes) -> Document:
    try:
        return parse(raw)
    except UnicodeDecodeError as error:
        message = f"the plan is not UTF-8 (byte {error.start})"
        raise UnreadableError(message, "save it as UTF-8") from error


def _plan(
    document: Document,
    lines: list[Line],
    openings: Sequence[Opening],
    known: Mapping[str, str],
    skipped: Sequence[Problem],
) -> Plan:
    own = _own_lines(lines, openings)
    placed = [each for each in placed_lines(document, lines) if each.line.number not in own]
    around = read_around(lines, placed, known)
    drafts, problems = read_items(document, openings, known)
    resolver = Resolver(drafts, known, (*around.goals, *around.completed))
    items = tuple(sorted(resolver.resolve(drafts), key=lambda item: (item.number, item.line)))
    order, cycles = arrange(items)
    goals = _assigned(around.goals, items)
    following, waiting = choose_next(items, order, goals)
    totals = tuple(_totals(items, around.stated))
    problems += [*skipped, *resolver.problems, *cycles, *waiting, *_wrong_totals(totals, items)]
    return Plan(
        title=document.title,
        items=items,
        groups=read_groups(document, lines, placed, own),
        problems=tuple(sorted(problems, key=lambda p: (p.line, p.kind, p.message))),
        order=order,
        next=following,
        totals=totals,
        metrics=around.metrics,
        goals=goals,
        completed=_assigned(around.completed, items),
    )


def _own_lines(lines: list[Line], openings: Iterable[Opening]) -> set[int]:
    own: set[int] = set()
    for opening in openings:
        own.add(opening.line.number)
        for line in lines[opening.line.number :]:
            if line.start >= opening.scope_end:
                break
            own.add(line.number)
    return own


def _assigned(goals: Iterable[Goal], items: Iterable[PlanItem]) -> tuple[Goal, ...]:
    """Give each goal the number of the item that it names."""
    numbers = {title_key(item.title): item.number for item in items}
    return tuple(replace(goal, item=numbers.get(title_key(goal.title))) for goal in goals)


def _totals(items: Sequence[PlanItem], stated: Sequence[Stated]) -> Iterator[Total]:
    said = {each.key: each for each in reversed(stated)}
    for key in (*PRIORITIES, "all"):
        chosen = [item for item in items if key in (item.priority, "all")]
        found = said.get(key)
        if chosen or found:
            effort = _sum(item.effort_hours for item in chosen)
            yield Total(key, found.effort if found else None, effort, len(chosen), found.line if found else 0)


def _sum(efforts: Iterable[Effort | None]) -> Effort | None:
    known = [effort for effort in efforts if effort is not None]
    if not known:
        return None
    low, high = math.fsum(e.min for e in known), math.fsum(e.max for e in known)
    return Effort(round(low, 4), round(high, 4))


def _wrong_totals(totals: Iterable[Total], items: Sequence[PlanItem]) -> Iterator[Problem]:
    for total in totals:
        if total.stated is None or _same(total.stated, total.computed):
            continue
        scope = "the plan" if total.key == "all" else total.key
        silent = [i.number for i in items if total.key in (i.priority, "all") and i.effort_hours is None]
        without = f" ({len(silent)} of {total.items} items state none)" if silent else ""
        summed = _hours(total.computed) if total.computed else "nothing"
        message = f"{scope} states {_hours(total.stated)}, its items sum to {summed}{without}"
        yield Problem("total", message, total.line)


def _same(stated: Effort, computed: Effort | None) -> bool:
    if computed is None:
        return False
    return abs(stated.min - computed.min) < _CLOSE and abs(stated.max - computed.max) < _CLOSE


def _hours(effort: Effort) -> str:
    low, high = f"{effort.min:g}", f"{effort.max:g}"
    return f"{low} hours" if low == high else f"{low}-{high} hours"
