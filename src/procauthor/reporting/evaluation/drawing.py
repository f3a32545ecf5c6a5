"""The dependency graph as shapes of an SVG drawing. States differ by border and word, not by colour alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from procauthor.data import grouped
from procauthor.evaluation.graph import Graph, Node
from procauthor.regex import lazy
from procauthor.reporting.evaluation.layout import lay_out, reduce

WIDTH, HEIGHT = 190, 58
_COLUMN, _ROW, _MARGIN = WIDTH + 70, HEIGHT + 16, 12
_LINE = 24
_MOST = 120
_TAIL = lazy(r"\s+procedure$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Box:
    """One node: its upper left corner, and its title in one or two lines."""

    node: Node
    x: int
    y: int
    lines: tuple[str, ...]
    needs: tuple[str, ...]
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge, from what is needed to who needs it."""

    source: str
    target: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure."""

    name: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    hidden: int
    """How many edges follow from others and are left out."""
    across: int
    """How many edges lead to other figures."""


def draw(graph: Graph) -> tuple[Drawing, ...]:
    """Return one figure of all procedures that are connected; where they are too many, one for each lifecycle."""
    counted = [node for node in graph.nodes if node.kind in ("procedure", "orchestration")]
    pairs = _pairs(graph, {node.id for node in counted})
    linked = set(chain.from_iterable(pairs))
    nodes = [node for node in counted if node.id in linked]
    if len(nodes) <= _MOST:
        return (_figure("All lifecycles", nodes, pairs),) if nodes else ()
    figures = []
    for name in dict.fromkeys(node.lifecycle for node in nodes):
        own = [node for node in nodes if node.lifecycle == name]
        figures.append(_figure(name or "(no lifecycle)", own, pairs))
    return tuple(figures)


def _pairs(graph: Graph, known: set[str]) -> list[tuple[str, str]]:
    """Return who is needed by whom; an orchestration needs what it calls."""
    pairs = [
        (edge.target, edge.source)
        for edge in graph.edges
        if edge.kind in ("needs", "input", "calls") and not edge.optional and {edge.source, edge.target} <= known
    ]
    return list(dict.fromkeys(pairs))


def _figure(name: str, nodes: Sequence[Node], pairs: Sequence[tuple[str, str]]) -> Drawing:
    places = {node.id: place for place, node in enumerate(nodes)}
    touching = [pair for pair in pairs if pair[0] in places or pair[1] in places]
    numbered = [(places[a], places[b]) for a, b in touching if a in places and b in places]
    before, after = grouped((b, a) for a, b in touching), grouped(touching)
    shown = reduce(len(nodes), numbered)
    layout = lay_out(len(nodes), shown)
    spots = [
        (_MARGIN + layer * _COLUMN, _MARGIN + height * _ROW)
        for layer, height in zip(layout.layers, layout.heights, strict=True)
    ]
    boxes = tuple(
        Box(
            node,
            x,
            round(y),
            _lines(node.title),
            tuple(before.get(node.id, ())),
            tuple(after.get(node.id, ())),
        )
        for node, (x, y) in zip(nodes, spots, strict=True)
    )
    arrows = []
    heights = [y for _, y in spots]
    for a, b in shown:
        between = [(_MARGIN + layer * _COLUMN, _MARGIN + height * _ROW) for layer, height in layout.routes[a, b]]
        heights += [y for _, y in between]
        arrows.append(Arrow(nodes[a].id, nodes[b].id, _path(spots[a], between, spots[b])))
    width = max((x for x, _ in spots), default=0) + WIDTH + _MARGIN
    height = max(heights, default=0) + HEIGHT + _MARGIN
    across = len(touching) - len(numbered)
    return Drawing(name, int(width), int(height), boxes, tuple(arrows), len(set(numbered)) - len(shown), across)


def _lines(title: str) -> tuple[str, ...]:
    """Return a title in at most two lines; the drawing's tables show it whole."""
    lines = textwrap.wrap(_TAIL.sub("", title), _LINE, break_long_words=True) or [title]
    if len(lines) > 2:  # noqa: PLR2004 - a box has room for two
        return lines[0], lines[1][: _LINE - 1] + "…"
    return tuple(lines)


def _path(start: tuple[float, float], between: Sequence[tuple[float, float]], end: tuple[float, float]) -> str:
    """Return a curve from the right side of a box to the left side of another, level where it passes a layer."""
    half = HEIGHT / 2
    x, y = start[0] + WIDTH, start[1] + half
    parts = [f"M{x:.0f} {y:.0f}"]
    for at, height in between:
        parts.append(_curve(x, y, at, height + half))
        x, y = at + WIDTH, height + half
        parts.append(f"L{x:.0f} {y:.0f}")
    parts.append(_curve(x, y, end[0], end[1] + half))
    return "".join(parts)


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:.0f} {y:.0f} {middle:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
