"""A layered layout of a directed graph: layers from left to right, few crossings, long edges led around nodes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import chain, pairwise, repeat

Edges = Sequence[tuple[int, int]]
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class GraphLayout:
    """Where nodes and edges are. ``layers`` and ``heights`` by node; a route holds the points between its ends."""

    layers: tuple[int, ...]
    heights: tuple[float, ...]
    routes: Mapping[tuple[int, int], tuple[tuple[int, float], ...]]


def lay_out(size: int, edges: Iterable[tuple[int, int]]) -> GraphLayout:
    """Lay out nodes 0 to ``size`` - 1. Heights are in units in which two nodes of a layer are 1 apart.

    An edge that closes a circle is turned round for the layout; its route is still found under its own ends.
    """
    unique = sorted({(a, b) for a, b in edges if a != b})
    forward = _without_circles(size, unique)
    layers = _layers(size, list(forward.values()))
    grid = _Grid(size, layers, sorted(set(forward.values())))
    order = grid.ordered()
    heights = grid.heights(order)
    routes = {}
    for edge, laid in forward.items():
        points = tuple((grid.layer[d], heights[d]) for d in grid.chains[laid])
        routes[edge] = points if edge == laid else tuple(reversed(points))
    return GraphLayout(tuple(layers), tuple(heights[:size]), routes)


def reduce(size: int, edges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the edges without those that follow from others; a graph with circles is returned as it is."""
    unique = sorted({(a, b) for a, b in edges if a != b})
    forward = _without_circles(size, unique)
    if any(edge != laid for edge, laid in forward.items()):
        return unique
    after = _neighbours(size, unique)
    reach = [0] * size
    kept: list[tuple[int, int]] = []
    for node in TopologicalSorter(dict(enumerate(after))).static_order():
        behind = 0
        for other in sorted(after[node], key=lambda o: -reach[o].bit_count()):
            if not behind >> other & 1:
                kept.append((node, other))
            behind |= reach[other] | 1 << other
        reach[node] = behind
    return sorted(kept)


def _without_circles(size: int, edges: Edges) -> dict[tuple[int, int], tuple[int, int]]:
    """Return each edge with the direction in which it is laid out; a walk turns those round that close a circle."""
    after = _neighbours(size, edges)
    state = [0] * size
    turned: set[tuple[int, int]] = set()
    for root in range(size):
        stack: list[tuple[int, Iterator[int]]] = []
        if not state[root]:
            state[root] = 1
            stack.append((root, iter(after[root])))
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                stack.pop()
            elif state[following] == 1:
                turned.add((node, following))
            elif not state[following]:
                state[following] = 1
                stack.append((following, iter(after[following])))
    return {edge: (edge[1], edge[0]) if edge in turned else edge for edge in edges}


def _neighbours(size: int, edges: Edges) -> list[list[int]]:
    neighbours: list[list[int]] = [[] for _ in range(size)]
    for a, b in edges:
        neighbours[a].append(b)
    return neighbours


def _layers(size: int, edges: Edges) -> list[int]:
    """Return the layer of each node: behind all that comes before it; what waits for nothing is close by."""
    after = _neighbours(size, edges)
    before = _neighbours(size, [(b, a) for a, b in edges])
    layers = [0] * size
    order = list(TopologicalSorter(dict(enumerate(before))).static_order())
    for node in order:
        layers[node] = max((layers[other] + 1 for other in before[node]), default=0)
    for node in reversed(order):
        if after[node] and not before[node]:
            layers[node] = min(layers[other] for other in after[node]) - 1
    return layers


class _Grid:
    """The nodes and the points at which long edges pass the layers between."""

    def __init__(self, size: int, layers: Sequence[int], edges: Edges) -> None:
        self.layer = list(layers)
        self.chains: dict[tuple[int, int], list[int]] = {}
        links: list[tuple[int, int]] = []
        for a, b in edges:
            chain = []
            for layer in range(layers[a] + 1, layers[b]):
                chain.append(len(self.layer))
                self.layer.append(layer)
            self.chains[a, b] = chain
            stops = [a, *chain, b]
            links += list(pairwise(stops))
        self.size = size
        self.after = _neighbours(len(self.layer), links)
        self.before = _neighbours(len(self.layer), [(b, a) for a, b in links])

    def ordered(self) -> list[list[int]]:
        """Return the order within each layer with the fewest crossings of all sweeps."""
        rows: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for point in self._walk():
            rows[self.layer[point]].append(point)
        best, fewest = [list(row) for row in rows], self._crossings(rows)
        for sweep in range(_SWEEPS):
            self._sweep(rows, down=sweep % 2 == 0)
            crossings = self._crossings(rows)
            if crossings < fewest:
                best, fewest = [list(row) for row in rows], crossings
        return best

    def _walk(self) -> Iterator[int]:
        """Yield all points, neighbours close to each other."""
        seen: set[int] = set()
        for root in range(len(self.layer)):
            stack = [root]
            while stack:
                point = stack.pop()
                if point not in seen:
                    seen.add(point)
                    yield point
                    stack += reversed(self.before[point] + self.after[point])

    def _sweep(self, rows: list[list[int]], *, down: bool) -> None:
        near = self.before if down else self.after
        for row, fixed in zip(rows[1:], rows, strict=False) if down else zip(rows[-2::-1], rows[:0:-1], strict=False):
            places = {point: place for place, point in enumerate(fixed)}
            own = {point: place for place, point in enumerate(row)}
            row.sort(key=lambda p: (_mean([places[o] for o in near[p]], own[p]), own[p]))

    def _crossings(self, rows: Sequence[Sequence[int]]) -> int:
        total = 0
        for row, following in pairwise(rows):
            places = {point: place for place, point in enumerate(following)}
            total += _inversions(list(chain.from_iterable(sorted(places[o] for o in self.after[p]) for p in row)))
        return total

    def heights(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """Return a height for each point: as near to its neighbours as the order and the gaps allow."""
        heights = [0.0] * len(self.layer)
        for row in rows:
            for place, point in enumerate(row):
                heights[point] = float(place)
        for sweep in range(_SWEEPS):
            for row in rows if sweep % 2 == 0 else rows[::-1]:
                wished = [_mean([heights[o] for o in (*self.before[p], *self.after[p])], heights[p]) for p in row]
                gaps = [1.0 if p < self.size or o < self.size else 0.5 for p, o in pairwise(row)]
                for point, height in zip(row, _spread(wished, gaps), strict=True):
                    heights[point] = height
        lowest = min(heights, default=0.0)
        return [height - lowest for height in heights]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _inversions(values: Sequence[int]) -> int:
    """Count the pairs in the wrong order."""
    seen: list[int] = []
    total = 0
    for value in values:
        place = bisect_right(seen, value)
        total += len(seen) - place
        seen.insert(place, value)
    return total


def _spread(wished: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return the heights nearest to those wished (least squares) that keep the order and the gaps."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wished, offsets, strict=False):
        total, count = wish - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    flat = chain.from_iterable(repeat(total / count, count) for total, count in blocks)
    return [value + offset for value, offset in zip(flat, offsets, strict=False)]
