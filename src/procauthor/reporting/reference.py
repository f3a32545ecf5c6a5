"""Who uses a document, what it uses, and what a change of its outputs reaches, as lines of text and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from msgspec.structs import asdict

from procauthor.checking.usage import Edge, EdgeKind
from procauthor.data import pick
from procauthor.errors import NotFoundError
from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.graph import Concern, Graph, Node, read_impact
from procauthor.library.thin import is_placeholder
from procauthor.naming import amount, title_key

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


def select(graph: Graph, lifecycle: str = "") -> Graph:
    """Return the procedures and orchestrations with their edges, of one lifecycle where one is named.

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
    inside = [edge for edge in edges if edge.source in keep and edge.target in keep]
    return Graph(tuple(node for node in graph.nodes if node.id in keep), tuple(inside))


def mermaid(graph: Graph) -> Iterator[str]:
    """Yield the lines of a Mermaid flowchart: an arrow leads from what is needed to who needs it."""
    names = _names(graph)
    yield "flowchart LR"
    for node in graph.nodes:
        left, right = _SHAPES.get("missing" if node.status == "missing" else node.kind, ('["', '"]'))
        label = re.sub(r'["<>&#;]', lambda m: f"#{ord(m[0])};", node.title)
        yield f"  {names[node.id]}{left}{label}<br>{node.status}{right}:::{_CLASSES.get(node.status, node.status)}"
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


def _pairs(graph: Graph) -> Sequence[tuple[str, str, EdgeKind]]:
    """Return each pair of nodes once; a need says more than a call, and an optional input no more than one."""
    kinds: dict[tuple[str, str], EdgeKind] = {}
    for edge in sorted(graph.edges, key=lambda e: e.kind == "calls" or e.optional):
        kinds.setdefault((edge.target, edge.source), "calls" if edge.optional else edge.kind)
    return sorted((target, source, kind) for (target, source), kind in kinds.items())


WORDS = {
    "needs": ("depends on it", "depends on"),
    "input": ("takes", "takes"),
    "output": ("is named as user of", "is named by it as user of"),
    "calls": ("calls it", "calls"),
    "lists": ("lists it", "lists"),
    "links": ("links to it", "links to"),
}
"""What an edge says of the user and of what is used, by its kind."""


def find_node(census: Census, reference: str) -> str:
    """Return the id of a document, or of a title that is announced without one.

    Raises:
        NotFoundError: There is none; the hint names the nearest.
        AmbiguousError: Several documents share the title or id.
    """
    try:
        return census.library.find(reference).path
    except NotFoundError:
        key = title_key(reference)
        announced = [node.id for node in census.graph.nodes if node.path is None and title_key(node.title) == key]
        if len(announced) != 1:
            raise
        return announced[0]


def reach_of(census: Census, node: str) -> list[tuple[str, int]]:
    """Return for each output of a document how many steps a change of it concerns."""
    procedure = census.library.by_path.get(node)
    if procedure is None:
        return []
    words = procedure.conventions.placeholders
    names = [output.name for output in procedure.contract.outputs if not is_placeholder(output.name, words)]
    return [(name, len(impact_of(census, node, name))) for name in names]


def impact_of(census: Census, node: str, output: str) -> tuple[Concern, ...]:
    """Return every step that a change of an output concerns.

    Raises:
        NotFoundError: There is no document, or it makes no such thing.
    """
    procedure = census.library.by_path.get(node)
    if procedure is None:
        message = f"{census.references.by_id[node].title!r} has no document, and so no outputs"
        raise NotFoundError(message)
    return read_impact(census.library, census.references, procedure, output)


def reference_json(census: Census, node: str) -> dict[str, object]:
    """Return the documented JSON object about who uses a document, and what it uses."""
    graph = census.references
    return {
        "document": node_json(graph.by_id[node]),
        "used_by": [edge_json(edge) for edge in graph.users(node)],
        "uses": [edge_json(edge) for edge in graph.uses(node)],
        "outputs": [{"name": name, "steps_concerned": count} for name, count in reach_of(census, node)],
    }


def impact_json(census: Census, node: str, output: str) -> dict[str, object]:
    """Return the documented JSON object about what a change of an output reaches; for the errors see `impact_of`."""
    concerned = [asdict(concern) for concern in impact_of(census, node, output)]
    return {"document": node_json(census.references.by_id[node]), "output": output, "concerned": concerned}


def reference_lines(graph: Graph, node: str, reach: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Yield users, uses, and for each output how many steps a change concerns."""
    own = graph.by_id[node]
    yield f"{own.title} ({own.path or 'no document'}, {own.status})"
    yield ""
    yield "used by:"
    yield from _edges(graph, graph.users(node), 0) if graph.users(node) else iter(("  nothing",))
    yield ""
    yield "uses:"
    yield from _edges(graph, graph.uses(node), 1) if graph.uses(node) else iter(("  nothing",))
    if reach:
        yield ""
        yield "if an output changes:"
        yield from (f"  {name}: {amount(count, 'step')} concerned" for name, count in reach)


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
    count = f"{amount(len(concerns), 'step')} concerned"
    yield f"if {output!r} of {title} changes, {count} in {amount(procedures, 'procedure')}, {near} of them directly:"
    for concern in concerns:
        named = concern.name or "no step uses it yet"
        step = named if concern.step is None else f"step {concern.step}: {named}"
        way = "" if concern.distance == 1 else f", by way of {concern.artifact!r}"
        yield f"  {concern.path}:{concern.line}  {concern.title}, {step}{way}"
