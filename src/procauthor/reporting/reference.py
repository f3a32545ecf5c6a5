"""Who uses a document, what it uses, and what a change of its outputs reaches, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from procauthor.evaluation.graph import Edge, Graph
from procauthor.evaluation.impact import Concern

WORDS = {
    "needs": ("depends on it", "depends on"),
    "input": ("takes", "takes"),
    "output": ("is named as user of", "is named by it as user of"),
    "calls": ("calls it", "calls"),
    "lists": ("lists it", "lists"),
    "links": ("links to it", "links to"),
}
"""What an edge says of the user and of what is used, by its kind."""


def reference_lines(graph: Graph, node: str, reach: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Yield users, uses, and for each output how many steps a change concerns."""
    own = graph.by_id[node]
    yield f"{own.title} ({own.path or 'no document'}, {own.status})"
    yield ""
    yield "used by:"
    yield from _edges(graph, graph.users(node), 0) if graph.users(node) else iter(("  nobody",))
    yield ""
    yield "uses:"
    yield from _edges(graph, graph.uses(node), 1) if graph.uses(node) else iter(("  nothing",))
    if reach:
        yield ""
        yield "if an output changes:"
        yield from (f"  {name}: {_count(count)}" for name, count in reach)


def _count(count: int) -> str:
    return "1 step is concerned" if count == 1 else f"{count} steps are concerned"


def _edges(graph: Graph, edges: Sequence[Edge], side: int) -> Iterator[str]:
    plain = {(e.source, e.target) for e in edges if e.kind != "links"}
    for edge in edges:
        if edge.kind == "links" and (edge.source, edge.target) in plain:
            continue
        other = graph.by_id[edge.target if side else edge.source]
        place = edge.target if edge.kind == "output" else edge.source
        what = f" {edge.artifact!r}" if edge.artifact else ""
        optional = ", optional" if edge.optional else ""
        where = f"{graph.by_id[place].path or place}:{edge.line}"
        yield f"  {other.title} ({other.status}): {WORDS[edge.kind][side]}{what}{optional}  [{where}]"


def impact_lines(title: str, output: str, concerns: Sequence[Concern]) -> Iterator[str]:
    """Yield what a change of one output reaches."""
    procedures = len({concern.path for concern in concerns})
    near = sum(concern.distance == 1 for concern in concerns)
    count = _count(len(concerns))
    yield f"if {output!r} of {title} changes, {count} in {procedures} procedures, {near} of them directly:"
    for concern in concerns:
        named = concern.name or "no step uses it yet"
        step = named if concern.step is None else f"step {concern.step}: {named}"
        way = "" if concern.distance == 1 else f", by way of {concern.artifact!r}"
        yield f"  {concern.path}:{concern.line}  {concern.title}, {step}{way}"
