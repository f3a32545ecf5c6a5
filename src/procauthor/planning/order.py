"""The order of a plan's items: dependencies first, then priority, then number. Says where they run in circles."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from procauthor.naming import title_key
from procauthor.planning.dependency import Directory
from procauthor.planning.plan import PlanItem, Problem

Strength = Literal["hard", "vague", "soft"]
_STRENGTHS: tuple[Strength, ...] = ("hard", "vague", "soft")


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


def edges(items: Sequence[PlanItem]) -> dict[tuple[int, int], Strength]:
    """Return who comes before whom, by place, and whether it has to be so; the strongest word counts."""
    directory = Directory(items)
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        places.setdefault(title_key(item.title), place)
    numbers = {item.number: place for place, item in enumerate(items)}
    strongest: dict[tuple[int, int], Strength] = {}
    for own, item in enumerate(items):
        for other, strength, behind in _named(item, places, numbers, directory):
            edge = (own, other) if behind else (other, own)
            if strength == "hard" or own != other:
                strongest[edge] = min(strength, strongest.get(edge, strength), key=_STRENGTHS.index)
    return strongest


def _strength(*, hard: bool, vague: bool) -> Strength:
    if not hard:
        return "soft"
    return "vague" if vague else "hard"


def _named(
    item: PlanItem, places: Mapping[str, int], numbers: Mapping[int, int], directory: Directory
) -> Iterator[tuple[int, Strength, bool]]:
    """Yield the places of what an item names, how strongly, and whether that comes behind it."""
    needs = [(d.title, d.hard, d.state == "vague", False) for d in item.depends_on]
    blocks = [(t, t not in item.soft_blocks, t in item.vague_blocks, True) for t in item.blocks]
    for title, hard, vague, behind in (*needs, *blocks):
        strength = _strength(hard=hard, vague=vague)
        if vague:
            meant = directory.read_vague(title, item, behind=behind)
            yield from ((numbers[number], strength, behind) for number in meant)
        elif (other := places.get(title_key(title))) is not None:
            yield other, strength, behind


def _opened(size: int, known: Mapping[tuple[int, int], Strength]) -> tuple[list[int], list[list[int]]]:
    """Return all places in order, and the circles of hard edges; of a circle, the weakest edge is let go."""
    order, loose = _order(size, known)
    if loose:
        order, _ = _order(size, {edge: strength for edge, strength in known.items() if edge not in loose})
    return order, [circle for edge, circle in loose.items() if known[edge] == "hard"]


def _order(size: int, known: Mapping[tuple[int, int], Strength]) -> tuple[list[int], dict[tuple[int, int], list[int]]]:
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
            pairs = zip(circle[1:], circle, strict=False)
            first, then = max(pairs, key=lambda pair: (_STRENGTHS.index(before[pair[1]][pair[0]]), -pair[1]))
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
    walked = [place]
    for other in reversed(path):
        walked.append(other)
        if other == place:
            break
    return walked[::-1]


def _problem(items: Sequence[PlanItem], circle: Sequence[int]) -> Problem:
    ring = list(reversed(circle))[1:]
    first = ring.index(min(ring))
    path = [*ring[first:], *ring[: first + 1]]
    names = " -> ".join(f"{items[place].number} {items[place].title}" for place in path)
    return Problem("cycle", f"dependencies run in a circle: {names}", items[path[0]].line, items[path[0]].number)
