"""Reads an action plan from the bytes of a Markdown file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from procauthor.errors import PlanError, UnreadableError
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.planning.field import Field
from procauthor.planning.group import find_uncounted, read_groups
from procauthor.planning.item import read_items, remarks
from procauthor.planning.line import lines_of
from procauthor.planning.opening import Opening
from procauthor.planning.order import arrange
from procauthor.planning.plan import Goal, Plan, PlanItem, Problem, Unread
from procauthor.planning.resolve import Resolver
from procauthor.planning.session import choose_next
from procauthor.planning.shape import find_openings, unclaimed
from procauthor.planning.text import PlanText
from procauthor.planning.total import compute_totals, find_wrong_totals, names_total, read_stated
from procauthor.planning.tracking import read_around
from procauthor.regex import lazy

_WHOLE = lazy(r"\bprocedure$", re.IGNORECASE)
_MANY = 3
_BARE_NUMBER = lazy(r"^(?:items?\s+)?#?(\d{1,4})$", re.IGNORECASE)


def read_plan(raw: bytes, *, known: Mapping[str, str] | None = None) -> Plan:
    """Read an action plan.

    Args:
        raw: The bytes of the file.
        known: The library's status of each procedure by the key of its title; it counts before the plan's word.

    Raises:
        PlanError: The file holds no plan item.
        UnreadableError: The bytes are not UTF-8.
    """
    try:
        text = PlanText(parse(raw))
    except UnicodeDecodeError as error:
        message = f"the plan is not UTF-8 (byte {error.start})"
        raise UnreadableError(message, "save it as UTF-8") from error
    openings = find_openings(text)
    if not openings:
        message = "the file holds no plan item"
        hint = 'write each as "### 1. Define Data Design Procedure", or "- [ ] Data Design Procedure" under "## P0"'
        raise PlanError(message, hint)
    return _plan(text, openings, known or {})


def _plan(text: PlanText, openings: Sequence[Opening], known: Mapping[str, str]) -> Plan:
    own = _own_lines(text, openings)
    around = read_around(text, own, known)
    drafts, problems = read_items(text, openings, known)
    resolver = Resolver(drafts, known, (*around.goals, *around.completed))
    items = tuple(sorted(resolver.resolve(drafts), key=lambda item: (item.number, item.line)))
    order, cycles = arrange(items)
    goals = _assigned(around.goals, items)
    following, waiting = choose_next(items, order, goals)
    stated = read_stated(text)
    groups = read_groups(text, own)
    problems += [*_unknown_goals(goals, known), *find_uncounted(text, own, groups), *resolver.problems]
    problems += [*cycles, *waiting, *find_wrong_totals(items, stated)]
    return Plan(
        title=text.document.title,
        items=items,
        groups=groups,
        problems=tuple(sorted(_once_for_all(problems, len(items)), key=lambda p: (p.line, p.kind, p.message))),
        order=order,
        next=following,
        totals=tuple(compute_totals(items, stated)),
        metrics=around.metrics,
        goals=goals,
        completed=_assigned(around.completed, items),
        unread=tuple(_unread(text, openings)),
    )


def _unread(text: PlanText, openings: Sequence[Opening]) -> Iterator[Unread]:
    """Yield what looks like an item and is in none, and the fields of items that have no known label."""
    spans = dict(unclaimed(text, openings))
    labels: dict[str, list[Field]] = defaultdict(list)
    for opening in openings:
        for each in opening.fields:
            if each.label and not (each.key or names_total(each.label)):
                labels[each.label.casefold()].append(each)
        spans |= {entry.line.number: entry.text for entry in remarks(opening)}
    # A label that many items have is said once.
    for fields in labels.values():
        more = f" (and {len(fields) - 1} more of this label)" if len(fields) > 1 else ""
        spans[fields[0].line] = f"{fields[0].label}: {fields[0].single}".rstrip(": ") + more
    yield from (Unread(line, said) for line, said in sorted(spans.items()))


def _once_for_all(problems: list[Problem], count: int) -> list[Problem]:
    """Say it once where no item of a plan has a priority, or many state efforts in sizes."""
    lacking = [problem for problem in problems if problem.kind == "priority"]
    sized = [problem for problem in problems if problem.kind == "effort"]
    once: list[Problem] = []
    if len(lacking) == count > 1:
        once.append(Problem("priority", "no item has a priority; all count as P3", lacking[0].line))
    if len(sized) > _MANY:
        message = f"{len(sized)} items state efforts that are no numbers of hours; the first: {sized[0].message}"
        once.append(Problem("effort", message, sized[0].line))
    said = {problem.kind for problem in once}
    return [problem for problem in problems if problem.kind not in said] + once


def _own_lines(text: PlanText, openings: Iterable[Opening]) -> set[int]:
    own: set[int] = set()
    for opening in openings:
        own.add(opening.line.number)
        own |= {line.number for line in lines_of(text.lines, opening.line.start, opening.scope_end)}
    return own


def _assigned(goals: Iterable[Goal], items: Iterable[PlanItem]) -> tuple[Goal, ...]:
    """Give each goal the number of the item that it names."""
    numbers = {title_key(item.title): item.number for item in items}
    titles = {item.number: item.title for item in items}
    return tuple(_assign(goal, numbers, titles) for goal in goals)


def _assign(goal: Goal, numbers: Mapping[str, int], titles: Mapping[int, str]) -> Goal:
    number = numbers.get(title_key(goal.title))
    bare = _BARE_NUMBER.match(goal.title)
    if number is None and bare and int(bare[1]) in titles:
        number = int(bare[1])
        return replace(goal, item=number, title=titles[number])
    return replace(goal, item=number)


def _unknown_goals(goals: Iterable[Goal], known: Mapping[str, str]) -> Iterator[Problem]:
    for goal in goals:
        lost = goal.item is None and not goal.done and title_key(goal.title) not in known
        if lost and (_WHOLE.search(goal.title) or _BARE_NUMBER.match(goal.title)):
            yield Problem("unresolved", f"the goal {goal.title!r} is no item of this plan", goal.line)
