"""What comes next: the goals of the next session, the first items that nothing holds up, what fits into some hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from procauthor.evaluation.value import Evaluation, Share
from procauthor.naming import title_key
from procauthor.planning.order import edges
from procauthor.planning.plan import Effort, Goal, Plan, PlanItem, Problem

_MOST = 3
_ROUNDING = 1e-6
_OPEN_STATES = ("placeholder", "missing", "in progress", "to be defined")


def choose_next(
    items: Sequence[PlanItem], order: Sequence[int], goals: Sequence[Goal]
) -> tuple[tuple[int, ...], list[Problem]]:
    """Return the numbers of the next items in order, and which goals have to wait."""
    blockers = _blockers(items)
    wanted = {goal.item: goal for goal in reversed(goals) if goal.item in blockers and not goal.done}
    chosen: list[int] = []
    waiting: list[Problem] = []
    for number in order:
        goal = wanted.get(number)
        lacking = [repr(name) for other, name in blockers.get(number, ()) if other not in chosen]
        if goal and lacking:
            message = f"the goal {goal.title!r} has to wait for {', '.join(lacking)}"
            waiting.append(Problem("blocked", message, goal.line, number))
        elif goal:
            chosen.append(number)
    if not chosen:
        chosen = [number for number in order if blockers.get(number) == []][:_MOST]
    return tuple(chosen), waiting


@dataclass(frozen=True, slots=True)
class Fit:
    """The items that fit into some hours, in order, and those without an estimate. Numbers of items."""

    chosen: tuple[int, ...]
    effort: Effort
    unknown: tuple[int, ...]


def fit(items: Sequence[PlanItem], order: Sequence[int], hours: float) -> Fit:
    """Choose items in their order until the hours are used up, counting the upper estimate of each.

    An item is taken only when all that it waits for is done or taken before it. One that is too long is passed over;
    what waits for it is passed over as well.
    """
    blockers = _blockers(items)
    efforts = {item.number: item.effort_hours for item in items}
    chosen: list[int] = []
    taken: set[int | None] = set()
    unknown: list[int] = []
    low = high = 0.0
    for number in order:
        effort = efforts[number]
        if number not in blockers or any(other not in taken for other, _ in blockers[number]):
            continue
        if effort is None:
            unknown.append(number)
        elif high + effort.max <= hours + _ROUNDING:
            chosen.append(number)
            taken.add(number)
            low, high = low + effort.min, high + effort.max
    return Fit(tuple(chosen), Effort(round(low, 4), round(high, 4)), tuple(unknown))


def _blockers(items: Sequence[PlanItem]) -> dict[int, list[tuple[int | None, str]]]:
    """Return for every open item what it waits for: open items by number, other procedures without one."""
    blockers: dict[int, list[tuple[int | None, str]]] = {item.number: [] for item in items if not item.done}
    for (a, b), strength in edges(items).items():
        if strength != "soft" and not items[a].done and items[b].number in blockers:
            blockers[items[b].number].append((items[a].number, items[a].title))
    own = {title_key(item.title) for item in items}
    for item in items:
        outside = (d.title for d in item.depends_on if d.hard and d.state in _OPEN_STATES)
        if item.number in blockers:
            blockers[item.number] += [(None, title) for title in outside if title_key(title) not in own]
    return blockers


@dataclass(frozen=True, slots=True)
class Session:
    """What fits into some hours, and what completion it brings: of the library, and of the lifecycles that gain."""

    hours: float
    items: tuple[PlanItem, ...]
    fit: Fit
    now: Share
    then: Share
    lifecycles: tuple[tuple[str, Share, Share], ...]


def plan_session(plan: Plan, evaluation: Evaluation, hours: float) -> Session:
    """Choose what to do next; only what the evaluation counts as unfinished brings completion."""
    fitting = fit(plan.items, plan.order, hours)
    by_number = {item.number: item for item in plan.items}
    items = tuple(by_number[number] for number in fitting.chosen)
    open_rows = {title_key(row.title): title_key(row.lifecycle) for row in evaluation.rows if not row.done}
    homes = [open_rows[key] for key in dict.fromkeys(title_key(item.title) for item in items) if key in open_rows]
    gains = []
    for each in evaluation.lifecycles:
        now = each.tally.completion
        if more := homes.count(title_key(each.name)):
            gains.append((each.name, now, Share(now.part + more, now.whole)))
    now = evaluation.total.completion
    return Session(hours, items, fitting, now, Share(now.part + len(homes), now.whole), tuple(gains))
