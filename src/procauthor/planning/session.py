"""What comes next: the goals of the next session, else the first items that nothing holds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from procauthor.naming import title_key
from procauthor.planning.order import edges
from procauthor.planning.plan import Dependency, Effort, Goal, PlanItem, Problem

_MOST = 3
_ROUNDING = 1e-6
_OPEN_STATES = ("placeholder", "missing", "in progress", "to be defined")


def choose_next(
    items: Sequence[PlanItem], order: Sequence[int], goals: Sequence[Goal]
) -> tuple[tuple[int, ...], list[Problem]]:
    """Return the numbers of the next items in order, and which goals have to wait."""
    blockers = _blockers(items)
    wanted = {goal.item for goal in goals if goal.item is not None and not goal.done}
    chosen: list[int] = []
    waiting: list[Problem] = []
    for number in order:
        open_goal = number in wanted and blockers.get(number) is not None
        lacking = [name for other, name in blockers.get(number) or () if other not in chosen]
        if open_goal and lacking:
            waiting.append(_waiting(number, lacking, goals))
        elif open_goal:
            chosen.append(number)
    if not chosen:
        chosen = [number for number in order if blockers.get(number) == []][:_MOST]
    return tuple(chosen), waiting


@dataclass(frozen=True, slots=True)
class Fit:
    """The items that fit into some hours, in order, and those that nobody has estimated. Numbers of items."""

    chosen: tuple[int, ...]
    effort: Effort
    unknown: tuple[int, ...]


def fit(items: Sequence[PlanItem], order: Sequence[int], hours: float) -> Fit:
    """Choose items in their order until the hours are used up, counting the upper estimate of each.

    An item is taken only when all that it waits for is done or taken before it. One that is too long is passed over;
    what waits for it is passed over as well.
    """
    blockers = _blockers(items)
    by_number = {item.number: item for item in items}
    chosen: list[int] = []
    unknown: list[int] = []
    taken: set[int | None] = set()
    low = high = 0.0
    for number in order:
        effort = by_number[number].effort_hours
        if number not in blockers or any(other not in taken for other, _ in blockers[number]):
            continue
        if effort is None:
            unknown.append(number)
        elif high + effort.max <= hours + _ROUNDING:
            chosen.append(number)
            taken.add(number)
            low, high = low + effort.min, high + effort.max
    return Fit(tuple(chosen), Effort(round(low, 4), round(high, 4)), tuple(unknown))


def _waiting(number: int, lacking: list[str], goals: Sequence[Goal]) -> Problem:
    goal = next(goal for goal in goals if goal.item == number)
    names = ", ".join(repr(name) for name in lacking)
    return Problem("blocked", f"the goal {goal.title!r} has to wait for {names}", goal.line, number)


def _blockers(items: Sequence[PlanItem]) -> dict[int, list[tuple[int | None, str]]]:
    """Return for every open item what it waits for: open items by number, other procedures without one."""
    found: dict[int, list[tuple[int | None, str]]] = {item.number: [] for item in items if not item.done}
    for (a, b), strength in edges(items).items():
        if strength != "soft" and not items[a].done and items[b].number in found:
            found[items[b].number].append((items[a].number, items[a].title))
    own = {title_key(item.title) for item in items}
    for item in items:
        if item.number in found:
            found[item.number] += [(None, d.title) for d in item.depends_on if _outside(d, own)]
    return found


def _outside(dependency: Dependency, own: set[str]) -> bool:
    return dependency.hard and dependency.state in _OPEN_STATES and title_key(dependency.title) not in own
