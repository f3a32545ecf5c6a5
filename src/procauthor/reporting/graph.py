"""A graph of procedures as Mermaid, as DOT, and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from procauthor.data import pick
from procauthor.errors import NotFoundError
from procauthor.evaluation.graph import Edge, EdgeKind, Graph, Node
from procauthor.naming import title_key

_DRAWN: tuple[EdgeKind, ...] = ("needs", "input", "calls")
_LINES: dict[EdgeKind, str] = {"needs": "-->", "input": "-->", "calls": "-.->"}
_SHAPES = {"missing": ('("', '")'), "orchestration": ('[["', '"]]')}
_DOT = {
    "defined": 'style="filled" fillcolor="#dff2e5"',
    "approved": 'style="filled,bold" fillcolor="#dff2e5"',
    "in progress": 'style="filled,dashed" fillcolor="#fdeecb"',
    "placeholder": 'style="dashed"',
    "missing": 'style="dotted"',
    "alias": 'style="dotted"',
    "deprecated": 'style="dotted"',
    "proposed": 'style="filled,dashed" fillcolor="#fdeecb"',
    "rejected": 'style="dotted"',
}
_CLASSES = {
    "in progress": "progress",
    "proposed": "progress",
    "alias": "gone",
    "deprecated": "gone",
    "rejected": "gone",
}
_MERMAID = """\
  classDef defined fill:#dff2e5,stroke:#1f7a45,color:#1c1f23
  classDef approved fill:#dff2e5,stroke:#125c33,stroke-width:3px,color:#1c1f23
  classDef progress fill:#fdeecb,stroke:#8a5a00,stroke-dasharray:12 3,color:#1c1f23
  classDef placeholder fill:#e8ecf3,stroke:#5b6b85,stroke-dasharray:6 4,color:#1c1f23
  classDef missing fill:#ffffff,stroke:#b3261e,stroke-dasharray:2 4,color:#1c1f23
  classDef gone fill:#ececec,stroke:#6d6d6d,color:#1c1f23"""


def select(graph: Graph, *, lifecycle: str = "", around: str = "") -> Graph:
    """Return the procedures and orchestrations with their edges; of one lifecycle, or around one node.

    Raises:
        NotFoundError: There is no such lifecycle.
    """
    counted = [node for node in graph.nodes if node.kind in ("procedure", "orchestration")]
    keep = {node.id for node in counted}
    if lifecycle:
        key = title_key(lifecycle.strip().removesuffix("Lifecycle").removesuffix("lifecycle"))
        keep = {node.id for node in counted if title_key(node.lifecycle) == key}
        if not keep:
            message = f"no lifecycle {lifecycle!r}"
            names = dict.fromkeys(repr(node.lifecycle) for node in counted if node.lifecycle)
            raise NotFoundError(message, f"lifecycles are {', '.join(names)}" if names else "")
    edges = [edge for edge in graph.edges if edge.kind in _DRAWN]
    if around:
        near = (*graph.uses(around), *graph.users(around))
        keep &= {around}.union(*({e.source, e.target} for e in near if e.kind in _DRAWN))
    inside = [edge for edge in edges if edge.source in keep and edge.target in keep]
    return Graph(tuple(node for node in graph.nodes if node.id in keep), tuple(inside))


def mermaid(graph: Graph) -> Iterator[str]:
    """Yield the lines of a Mermaid flowchart: an arrow leads from what is needed to who needs it."""
    names = _names(graph)
    yield "flowchart LR"
    for node in graph.nodes:
        left, right = _SHAPES.get("missing" if node.status == "missing" else node.kind, ('["', '"]'))
        label = re.sub(r'["<>&#;]', lambda m: f"#{ord(m[0])};", node.title)
        yield f"  {names[node.id]}{left}{label}<br>{node.status}{right}:::{_style(node)}"
    for target, source, kind in _pairs(graph):
        yield f"  {names[target]} {_LINES[kind]} {names[source]}"
    yield _MERMAID


def dot(graph: Graph) -> Iterator[str]:
    """Yield the lines of a DOT digraph."""
    names = _names(graph)
    yield "digraph procedures {"
    yield '  rankdir="LR"; node [shape="box"];'
    for node in graph.nodes:
        label = json.dumps(f"{node.title}\n{node.status}", ensure_ascii=False)
        shape = ' shape="box3d"' if node.kind == "orchestration" else ""
        yield f"  {names[node.id]} [label={label} {_DOT[node.status]}{shape}];"
    for target, source, kind in _pairs(graph):
        style = ' [style="dashed"]' if kind == "calls" else ""
        yield f"  {names[target]} -> {names[source]}{style};"
    yield "}"


def graph_json(graph: Graph) -> dict[str, object]:
    """Return nodes and edges; ``source`` uses ``target``."""
    return {"nodes": [node_json(node) for node in graph.nodes], "edges": [edge_json(edge) for edge in graph.edges]}


def node_json(node: Node) -> dict[str, object]:
    """Return a node."""
    return pick(node, "id", "title", "path", "lifecycle", "kind", "status")


def edge_json(edge: Edge) -> dict[str, object]:
    """Return an edge."""
    return pick(edge, "source", "target", "kind", "artifact", "line", "optional")


def _names(graph: Graph) -> dict[str, str]:
    return {node.id: f"n{place}" for place, node in enumerate(graph.nodes, 1)}


def _style(node: Node) -> str:
    return _CLASSES.get(node.status, node.status)


def _pairs(graph: Graph) -> Sequence[tuple[str, str, EdgeKind]]:
    """Return each pair of nodes once; a need says more than a call, and an optional input no more than one."""
    found: dict[tuple[str, str], EdgeKind] = {}
    for edge in sorted(graph.edges, key=lambda e: e.kind == "calls" or e.optional):
        found.setdefault((edge.target, edge.source), "calls" if edge.optional else edge.kind)
    return sorted((target, source, kind) for (target, source), kind in found.items())
