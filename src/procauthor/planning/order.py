"""The order of a plan's items: dependencies first, then priority, then number. Says where they run in circles."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from procauthor.naming import title_key
from procauthor.planning.plan import PlanItem, Problem
from procauthor.planning.vague import Vague

Strength = Literal["hard", "vague", "soft"]
Edges = Mapping[tuple[int, int], Strength]
_STRENGTHS: tuple[Strength, ...] = ("hard", "vague", "soft")


def arrange(items: Sequence[PlanItem]) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """Return the numbers of all items in order, and a problem for every circle of dependencies.

    The order does not depend on the order of the items given. Soft and vague dependencies are kept unless they
    close a circle.
    """
    ranked = _rank(items)
    known = edges(ranked)
    hard = {edge for edge, strength in known.items() if strength == "hard"}
    problems = tuple(_cycle_problem(ranked, hard, loop) for loop in _components(len(ranked), hard))
    return tuple(ranked[place].number for place in _topological(len(ranked), _kept(len(ranked), known))), problems


def prerequisites(items: Sequence[PlanItem]) -> dict[int, tuple[int, ...]]:
    """Return for each item the numbers of those that it waits for, in the order of `arrange`.

    Nobody waits for himself in the end: what closes a circle is left out as it is there, and so are soft dependencies.
    """
    return _before_each(items, _STRENGTHS[:2])


def soft_prerequisites(items: Sequence[PlanItem]) -> dict[int, tuple[int, ...]]:
    """Return for each item the numbers of those that better come before it, and need not."""
    return _before_each(items, _STRENGTHS[2:])


def _before_each(items: Sequence[PlanItem], strengths: Collection[Strength]) -> dict[int, tuple[int, ...]]:
    ranked = _rank(items)
    known = edges(ranked)
    found: dict[int, list[int]] = {item.number: [] for item in ranked}
    for before, place in sorted(_kept(len(ranked), known)):
        if known[before, place] in strengths:
            found[ranked[place].number].append(ranked[before].number)
    return {number: tuple(before) for number, before in found.items()}


def _rank(items: Sequence[PlanItem]) -> list[PlanItem]:
    return sorted(items, key=lambda i: (i.priority, i.number, title_key(i.title)))


def _kept(size: int, known: Edges) -> set[tuple[int, int]]:
    """Return who comes before whom, without circles: inside one, only hard edges that follow the rank stay."""
    hard = {edge for edge, strength in known.items() if strength == "hard"}
    kept = {edge for edge in hard if edge[0] < edge[1]} | _outside(hard, _components(size, hard))
    wished = kept | (known.keys() - hard)
    return kept | _outside(wished, _components(size, wished))


def _outside(all_edges: Iterable[tuple[int, int]], loops: list[list[int]]) -> set[tuple[int, int]]:
    """Return the edges that are part of no circle."""
    home = {place: number for number, loop in enumerate(loops) for place in loop}
    return {(a, b) for a, b in all_edges if a != b and (a not in home or home[a] != home.get(b))}


def edges(items: Sequence[PlanItem]) -> dict[tuple[int, int], Strength]:
    """Return who comes before whom, by place, and whether it has to be so; the strongest word counts."""
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        places.setdefault(title_key(item.title), place)
    numbers = {item.number: place for place, item in enumerate(items)}
    vague = Vague(items)
    found: dict[tuple[int, int], Strength] = {}
    for item in items:
        for first, then, strength in _named(item, places, numbers, vague):
            edge = first, then
            if strength == "hard" or first != then:
                found[edge] = min(strength, found.get(edge, strength), key=_STRENGTHS.index)
    return found


def _named(
    item: PlanItem, places: Mapping[str, int], numbers: Mapping[int, int], vague: Vague
) -> Iterator[tuple[int, int, Strength]]:
    """Yield the places of what an item comes after and before."""
    own = numbers[item.number]
    for each in item.depends_on:
        if each.state == "vague":
            for number in vague.read(each.title, item):
                yield numbers[number], own, "vague" if each.hard else "soft"
        elif (other := places.get(title_key(each.title))) is not None:
            yield other, own, "hard" if each.hard else "soft"
    for title in item.blocks:
        soft = title in item.soft_blocks
        if title in item.vague_blocks:
            for number in vague.read(title, item, behind=True):
                yield own, numbers[number], "soft" if soft else "vague"
        elif (other := places.get(title_key(title))) is not None:
            yield own, other, "soft" if soft else "hard"


# Graphs of places


def _topological(size: int, kept: Collection[tuple[int, int]]) -> Iterator[int]:
    after = _successors(size, kept)
    waiting = [0] * size
    for _, b in kept:
        waiting[b] += 1
    ready = [place for place in range(size) if not waiting[place]]
    while ready:
        place = heapq.heappop(ready)
        yield place
        for other in after[place]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, other)


def _successors(size: int, all_edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    after: list[list[int]] = [[] for _ in range(size)]
    for a, b in sorted(all_edges):
        after[a].append(b)
    return after


def _components(size: int, all_edges: Collection[tuple[int, int]]) -> list[list[int]]:
    """Return the groups of places that reach each other, and those with an edge to themselves (Kosaraju)."""
    after = _successors(size, all_edges)
    before = _successors(size, [(b, a) for a, b in all_edges])
    seen: set[int] = set()
    finished: list[int] = []
    for root in range(size):
        finished += _walk(root, after, seen)
    seen.clear()
    groups = [sorted(_walk(root, before, seen)) for root in reversed(finished) if root not in seen]
    return sorted(group for group in groups if len(group) > 1 or (group[0], group[0]) in all_edges)


def _walk(root: int, after: list[list[int]], seen: set[int]) -> list[int]:
    """Return what can be reached from a root and was not seen, deepest first; without recursion."""
    finished: list[int] = []
    stack = [] if root in seen else [(root, iter(after[root]))]
    seen.add(root)
    while stack:
        place, rest = stack[-1]
        following = next((other for other in rest if other not in seen), None)
        if following is None:
            finished.append(place)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(after[following])))
    return finished


def _cycle_problem(items: Sequence[PlanItem], hard: Iterable[tuple[int, int]], loop: list[int]) -> Problem:
    path = _shortest(loop, hard)
    names = " -> ".join(f"{items[place].number} {items[place].title}" for place in path)
    first = items[min(path)]
    return Problem("cycle", f"dependencies run in a circle: {names}", first.line, first.number)


def _shortest(loop: list[int], hard: Iterable[tuple[int, int]]) -> list[int]:
    """Return the shortest way from the first place of a circle back to itself."""
    inside, root = set(loop), loop[0]
    after: dict[int, list[int]] = {place: [] for place in loop}
    for a, b in sorted(hard):
        if a in inside and b in inside:
            after[a].append(b)
    queue = deque([[root]])
    seen: set[int] = set()
    while queue:
        path = queue.popleft()
        for other in after[path[-1]]:
            if other == root:
                return [*path, root]
            if other not in seen:
                seen.add(other)
                queue.append([*path, other])
    raise AssertionError(root)
