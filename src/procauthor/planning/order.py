"""The order of a plan's items: dependencies, then priority, then number; what comes next, and what fits into hours."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Literal

from msgspec import Struct

from procauthor.evaluation.value import Evaluation, Share
from procauthor.naming import title_key
from procauthor.planning.dependency import Directory
from procauthor.planning.plan import Effort, Goal, Plan, PlanItem, Problem
from procauthor.procedure import UNCOUNTED

Strength = Literal["hard", "vague", "soft"]
_Edges = dict[tuple[int, int], Strength]
_STRENGTHS: tuple[Strength, ...] = ("hard", "vague", "soft")
_MOST_NEXT = 3
_ROUNDING = 1e-6
_OPEN_STATES = ("placeholder", "missing", "in progress", "to be defined")


def arrange(items: Sequence[PlanItem]) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """Return the numbers of all items in order, and a problem for every circle of dependencies that was opened.

    The order does not depend on the order of the items given. Soft and vague dependencies are kept unless they
    close a circle.
    """
    ranked = _rank(items)
    order, circles = _opened(len(ranked), edges(ranked))
    return tuple(ranked[place].number for place in order), tuple(_problem(ranked, circle) for circle in circles)


def prerequisites(items: Sequence[PlanItem], *, soft: bool = False) -> dict[int, tuple[int, ...]]:
    """Return for each item the numbers of those that it waits for, or with ``soft`` of those that better come before.

    No item waits for itself in the end: what closes a circle is left out.
    """
    ranked = _rank(items)
    known = edges(ranked)
    places = {place: at for at, place in enumerate(_opened(len(ranked), known)[0])}
    before: dict[int, list[int]] = {item.number: [] for item in ranked}
    for (first, then), strength in sorted(known.items()):
        if (strength == "soft") == soft and places[first] < places[then]:
            before[ranked[then].number].append(ranked[first].number)
    return {number: tuple(numbers) for number, numbers in before.items()}


def _rank(items: Sequence[PlanItem]) -> list[PlanItem]:
    return sorted(items, key=lambda i: (i.priority, i.number, title_key(i.title)))


def edges(items: Sequence[PlanItem]) -> _Edges:
    """Return who comes before whom, by place, and whether it has to be so; the strongest word counts."""
    directory = Directory(items)
    places = {title_key(item.title): place for place, item in reversed(list(enumerate(items)))}
    numbers = {item.number: place for place, item in enumerate(items)}
    strongest: _Edges = {}
    for own, item in enumerate(items):
        needs = [(d.title, d.hard, d.state == "vague", False) for d in item.depends_on]
        blocks = [(t, t not in item.soft_blocks, t in item.vague_blocks, True) for t in item.blocks]
        for title, hard, vague, behind in (*needs, *blocks):
            strength = _STRENGTHS[vague if hard else 2]
            if vague:
                others = [numbers[each] for each in directory.read_vague(title, item, behind=behind)]
            else:
                others = [places[key]] if (key := title_key(title)) in places else []
            for other in others:
                edge = (own, other) if behind else (other, own)
                if strength == "hard" or own != other:
                    strongest[edge] = min(strength, strongest.get(edge, strength), key=_STRENGTHS.index)
    return strongest


def _opened(size: int, known: _Edges) -> tuple[list[int], list[list[int]]]:
    """Return all places in order, and the circles of hard edges; of a circle, the weakest edge is let go."""
    order, loose = _order(size, known)
    if loose:
        order, _ = _order(size, {edge: strength for edge, strength in known.items() if edge not in loose})
    return order, [circle for edge, circle in loose.items() if known[edge] == "hard"]


def _order(size: int, known: _Edges) -> tuple[list[int], dict[tuple[int, int], list[int]]]:
    """Return all places in order, and the edges that had to be let go with the circles that they close."""
    before: list[dict[int, Strength]] = [{} for _ in range(size)]
    after: list[list[int]] = [[] for _ in range(size)]
    for (first, then), strength in sorted(known.items()):
        before[then][first] = strength
        after[first].append(then)
    ready = [place for place in range(size) if not before[place]]
    order: list[int] = []
    loose: dict[tuple[int, int], list[int]] = {}
    # Where the search for circles has come to; it goes on there, so that its time grows with the edges alone.
    path: dict[int, None] = {}
    starts = iter(range(size))
    while len(order) < size:
        if not ready:
            circle = _circle(before, path, starts)
            then, first = min(pairwise(circle), key=lambda p: (-_STRENGTHS.index(before[p[0]][p[1]]), p[0]))
            del before[then][first]
            loose[first, then] = circle
            while next(reversed(path)) != then:
                path.popitem()
            ready = [] if before[then] else [then]
            continue
        place = heapq.heappop(ready)
        order.append(place)
        for then in after[place]:
            if before[then].pop(place, None) and not before[then]:
                heapq.heappush(ready, then)
    return order, loose


def _circle(before: Sequence[Mapping[int, Strength]], path: dict[int, None], starts: Iterator[int]) -> list[int]:
    """Walk back over what is waited for until a place comes again, and return the circle as it was walked."""
    while path and not before[next(reversed(path))]:
        path.popitem()
    if not path:
        path[next(place for place in starts if before[place])] = None
    while (place := min(before[next(reversed(path))])) not in path:
        path[place] = None
    walked = [place, *takewhile(lambda other: other != place, reversed(path)), place]
    return walked[::-1]


def _problem(items: Sequence[PlanItem], circle: Sequence[int]) -> Problem:
    ring = list(reversed(circle))[1:]
    first = ring.index(min(ring))
    path = [*ring[first:], *ring[: first + 1]]
    names = " -> ".join(f"{items[place].number} {items[place].title}" for place in path)
    return Problem("cycle", f"dependencies run in a circle: {names}", items[path[0]].line, items[path[0]].number)


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
    return tuple(chosen or [number for number in order if blockers.get(number) == []][:_MOST_NEXT]), waiting


def _blockers(items: Sequence[PlanItem]) -> dict[int, list[tuple[int | None, str]]]:
    # What is done or dropped is never next, and nothing waits for it.
    left = [item for item in items if not (item.done or item.status in UNCOUNTED)]
    blockers: dict[int, list[tuple[int | None, str]]] = {item.number: [] for item in left}
    for (a, b), strength in edges(items).items():
        if strength != "soft" and items[a].number in blockers and items[b].number in blockers:
            blockers[items[b].number].append((items[a].number, items[a].title))
    own = {title_key(item.title) for item in items}
    for item in left:
        outside = (d.title for d in item.depends_on if d.hard and d.state in _OPEN_STATES)
        blockers[item.number] += [(None, title) for title in outside if title_key(title) not in own]
    return blockers


class Gain(Struct, frozen=True):
    """The completion of a lifecycle (the library under an empty name) now, and with some items done."""

    name: str
    now: Share
    then: Share


class Session(Struct, frozen=True):
    """The items that fit into some hours, in order, the numbers of those without an estimate, and what is gained."""

    hours: float
    items: tuple[PlanItem, ...]
    effort: Effort
    unknown: tuple[int, ...]
    gains: tuple[Gain, ...]


def plan_session(plan: Plan, evaluation: Evaluation, hours: float) -> Session:
    """Choose what to do next: items in their order until the hours are used up, by the upper estimate of each.

    An item is taken only when all that it waits for is done or taken before it; one that is too long is passed over.
    Only what the evaluation counts as unfinished brings completion.
    """
    chosen, unknown = fit(plan, hours)
    efforts = [item.effort_hours for item in chosen if item.effort_hours]
    effort = Effort(round(sum(e.min for e in efforts), 4), round(sum(e.max for e in efforts), 4))
    return Session(hours, tuple(chosen), effort, tuple(unknown), gains(evaluation, chosen))


def gains(evaluation: Evaluation, items: Sequence[PlanItem]) -> tuple[Gain, ...]:
    """Return what completion is once some items are done: that of the library, then of each lifecycle that gains."""
    homes = {title_key(row.title): title_key(row.lifecycle) for row in evaluation.rows if not row.done}
    counts = Counter(homes[key] for key in {title_key(item.title) for item in items} if key in homes)
    tallies = [("", evaluation.total, counts.total())]
    tallies += [(each.name, each.tally, counts[title_key(each.name)]) for each in evaluation.lifecycles]
    return tuple(
        Gain(name, tally.completion, Share(tally.completion.part + more, tally.completion.whole))
        for place, (name, tally, more) in enumerate(tallies)
        if more or not place
    )


def fit(plan: Plan, hours: float) -> tuple[list[PlanItem], list[int]]:
    """Return the items that fit into some hours, in order, and the numbers of those without an estimate."""
    blockers, items = _blockers(plan.items), {item.number: item for item in plan.items}
    chosen: dict[int | None, PlanItem] = {}
    unknown: list[int] = []
    left = hours + _ROUNDING
    for number in plan.order:
        effort = items[number].effort_hours
        if number not in blockers or any(other not in chosen for other, _ in blockers[number]):
            continue
        if effort is None:
            unknown.append(number)
        elif effort.max <= left:
            chosen[number], left = items[number], left - effort.max
    return list(chosen.values()), unknown
