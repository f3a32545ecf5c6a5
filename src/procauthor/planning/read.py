"""Reads an action plan from the bytes of a Markdown file, and ticks what it says; no other byte changes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from procauthor.data import grouped
from procauthor.errors import PlanError, UnreadableError
from procauthor.markdown.document import Replacement
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import find_conflict
from procauthor.markdown.proof import rewrite
from procauthor.naming import title_key
from procauthor.planning.around import names_total, read_goals, read_groups, read_metrics, sum_up
from procauthor.planning.dependency import Resolver
from procauthor.planning.item import read_items, remarks
from procauthor.planning.line import lines_of
from procauthor.planning.order import arrange, choose_next
from procauthor.planning.plan import Goal, Plan, PlanItem, Problem, Tick, Unread
from procauthor.planning.shape import find_openings, unclaimed
from procauthor.planning.text import Opening, PlanText, field_key
from procauthor.planning.title import asks_for, read_number
from procauthor.regex import lazy

_WHOLE = lazy(r"\bprocedure$", re.IGNORECASE)
_MANY = 3
_BARE_NUMBER = lazy(r"^(?:items?\s+)?#?(\d{1,4})$", re.IGNORECASE)


def read_plan(raw: bytes, *, known: Mapping[str, str] | None = None) -> Plan:
    """Read an action plan.

    Args:
        raw: The bytes of the file.
        known: The library's status of each procedure by the key of its title; it counts before the plan's word.
            One that is announced without a document is "missing": a tick alone does not make it done.

    Raises:
        PlanError: The file holds no plan item, or an unresolved conflict.
        UnreadableError: The bytes are not UTF-8.
    """
    try:
        text = PlanText(parse(raw))
    except UnicodeDecodeError as error:
        message = f"the plan is not UTF-8 (byte {error.start})"
        raise UnreadableError(message, "save it as UTF-8") from error
    conflict = find_conflict(text.document)
    if conflict is not None:
        message = f"a merge conflict is not resolved in line {text.document.source.line(conflict)} of the plan"
        raise PlanError(message, "it says two things at once; resolve the conflict first")
    openings = find_openings(text)
    if not openings:
        message = "the file holds no plan item"
        hint = 'write each as "### 1. Define Data Design Procedure", or "- [ ] Data Design Procedure" under "## P0"'
        raise PlanError(message, hint)
    return _plan(text, openings, known or {})


def _plan(text: PlanText, openings: Sequence[Opening], statuses: Mapping[str, str]) -> Plan:
    known = {key: status for key, status in statuses.items() if status != "missing"}
    inside = ((o.line, *lines_of(text.lines, o.line.start, o.scope_end)) for o in openings)
    own = {line.number for line in chain.from_iterable(inside)}
    goals, completed = (read_goals(text, own, known, role) for role in ("goals", "completed"))
    drafts, problems = read_items(text, openings, known)
    resolver = Resolver(drafts, known, (*goals, *completed), statuses.keys() - known.keys())
    asides = (p for p in text.placed if p.line.number not in own)
    heads = ((p, p.label or p.section.title) for p in asides)
    named = ((p, number.title if (number := read_number(head)) else head) for p, head in heads)
    resolver.add(p.line for p, head in named if field_key(head) == "depends_on")
    items = tuple(sorted(resolver.resolve(), key=lambda item: (item.number, item.line)))
    goals, completed = (tuple(_assign(each, items)) for each in (goals, completed))
    order, cycles = arrange(items)
    following, waiting = choose_next(items, order, goals)
    totals, wrong = sum_up(text, items)
    groups, uncounted = read_groups(text, own)
    problems += [*_unknown(goals, known), *uncounted, *resolver.problems, *cycles, *waiting, *wrong]
    return Plan(
        title=text.document.title,
        items=items,
        groups=groups,
        problems=tuple(sorted(_once_for_all(problems, len(items)), key=lambda p: (p.line, p.kind, p.message))),
        order=order,
        next=following,
        totals=totals,
        metrics=read_metrics(text, own),
        goals=goals,
        completed=completed,
        unread=tuple(_unread(text, openings)),
    )


def _unread(text: PlanText, openings: Sequence[Opening]) -> Iterator[Unread]:
    """Yield what looks like an item and is in none, and the fields of items that have no known label."""
    lines = dict(unclaimed(text, openings))
    for opening in openings:
        lines |= {entry.line.number: entry.text for entry in remarks(opening)}
    fields = chain.from_iterable(opening.fields for opening in openings)
    strange = [f for f in fields if f.label and not (f.key or names_total(f.label))]
    # A label that many items have is said once.
    for first, *others in grouped((f.label.casefold(), f) for f in strange).values():
        more = f" (and {len(others)} more of this label)" if others else ""
        lines[first.line] = f"{first.label}: {first.single}".rstrip(": ") + more
    yield from (Unread(line, said) for line, said in sorted(lines.items()))


def _once_for_all(problems: list[Problem], count: int) -> list[Problem]:
    """Say it once where no item of a plan has a priority, or many state efforts in sizes."""
    kinds = defaultdict(list, grouped((problem.kind, problem) for problem in problems))
    if len(lacking := kinds["priority"]) == count > 1:
        kinds["priority"] = [Problem("priority", "no item has a priority; all count as P3", lacking[0].line)]
    if len(sized := kinds["effort"]) > _MANY:
        message = f"{len(sized)} items state efforts that are no numbers of hours; the first: {sized[0].message}"
        kinds["effort"] = [Problem("effort", message, sized[0].line)]
    return list(chain.from_iterable(kinds.values()))


def _assign(goals: Iterable[Goal], items: Sequence[PlanItem]) -> Iterator[Goal]:
    """Give each goal the number of the item that it names."""
    numbers = {title_key(item.title): item.number for item in items}
    titles = {item.number: item.title for item in items}
    for goal in goals:
        bare = _BARE_NUMBER.match(goal.title)
        number = numbers.get(title_key(goal.title)) or (int(bare[1]) if bare and int(bare[1]) in titles else None)
        yield replace(goal, item=number, title=titles[number] if number and bare else goal.title)


def _unknown(goals: Iterable[Goal], known: Mapping[str, str]) -> Iterator[Problem]:
    for goal in goals:
        lost = goal.item is None and not goal.done and title_key(goal.title) not in known
        if lost and (_WHOLE.search(goal.title) or _BARE_NUMBER.match(goal.title)):
            yield Problem("unresolved", f"the goal {goal.title!r} is no item of this plan", goal.line)


def tick(raw: bytes, plan: Plan, title: str) -> bytes:
    """Return the plan's bytes with the procedure ticked: its own line, and its session goals.

    ``[ ]`` becomes ``[x]``, and a sign such as ❌ at the head of a line becomes ✅. Only what asks for the procedure to
    be there is ticked: that it is there proves no update, no sign-off and no action item. Ticking twice changes
    nothing more.
    """
    ticks = _ticks(plan, title)
    if any(raw[each.start : each.end] != each.was for each in ticks):
        # The plan was read from other bytes.
        ticks = _ticks(read_plan(raw), title)
    return rewrite("the plan", parse(raw), [Replacement(t.start, t.end, t.text) for t in ticks]) if ticks else raw


def _ticks(plan: Plan, title: str) -> set[Tick]:
    key = title_key(title)
    own = (item.ticks for item in plan.items if title_key(item.title) == key)
    goals = (goal for goal in plan.goals if title_key(goal.title) == key and asks_for(goal.text, goal.title))
    return {*chain.from_iterable(own), *(goal.tick for goal in goals if goal.tick)}
