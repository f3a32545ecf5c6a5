"""Who uses a document, what it uses, and what a change of its outputs reaches, as lines of text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from procauthor.errors import NotFoundError
from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.graph import Edge, Graph
from procauthor.evaluation.impact import Concern, read_impact
from procauthor.naming import amount, title_key
from procauthor.reporting.graph import edge_json, node_json

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
    names = [output.name for output in procedure.contract.outputs] if procedure else []
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
    yield f"if {output!r} of {title} changes, {count} in {amount(procedures, 'procedure')}, {near} of them directly:"
    for concern in concerns:
        named = concern.name or "no step uses it yet"
        step = named if concern.step is None else f"step {concern.step}: {named}"
        way = "" if concern.distance == 1 else f", by way of {concern.artifact!r}"
        yield f"  {concern.path}:{concern.line}  {concern.title}, {step}{way}"
