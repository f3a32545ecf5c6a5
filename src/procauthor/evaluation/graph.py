"""Who uses whom: the graph of a library, and what follows from it: critical paths, and what a change reaches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace as replace_struct

from procauthor.checking.scope import Scope
from procauthor.checking.usage import Edge, EdgeKind, decode_edges, find_document, promised_edges, read_edges, title_of
from procauthor.data import grouped
from procauthor.errors import NotFoundError
from procauthor.evaluation.value import Call, Course, Row
from procauthor.library.artifact import artifact_key
from procauthor.library.index import entries
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED, Artifact, Kind, Status

# What has to be there first; the others only mention.
_ORDERING: tuple[EdgeKind, ...] = ("needs", "input")


class Node(Struct, frozen=True):
    """A document, or an announced title; ``id`` is its path, or ``missing:`` with lifecycle and title."""

    id: str
    title: str
    lifecycle: str
    kind: Kind
    status: Status
    path: str | None


class Graph(Struct, frozen=True, dict=True):
    """Nodes in the order of the rows, then of paths; edges in the order of source and line."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Nodes by id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def _out(self) -> dict[str, list[Edge]]:
        return grouped((edge.source, edge) for edge in self.edges)

    @cached_property
    def _in(self) -> dict[str, list[Edge]]:
        return grouped((edge.target, edge) for edge in self.edges)

    def without_links(self) -> Graph:
        """Return the graph without plain links."""
        return Graph(self.nodes, tuple(edge for edge in self.edges if edge.kind != "links"))

    def uses(self, node: str) -> Sequence[Edge]:
        """Return what a node uses."""
        return self._out.get(node, ())

    def users(self, node: str) -> Sequence[Edge]:
        """Return who uses a node."""
        return self._in.get(node, ())

    def needs(self, node: str) -> tuple[str, ...]:
        """Return the ids of what has to be there before a node, each once."""
        return tuple(dict.fromkeys(e.target for e in self.uses(node) if e.kind in _ORDERING and not e.optional))


def row_id(row: Row) -> str:
    """Return the id of a row's node."""
    return row.path or f"missing:{title_key(row.lifecycle)}/{title_key(row.title)}"


def read_graph(scope: Scope, rows: Sequence[Row], known: Mapping[str, bytes] = MappingProxyType({})) -> Graph:
    """Return the graph of all documents and announced titles.

    Args:
        scope: The library.
        rows: The rows of its evaluation.
        known: The encoded edges of documents, by path; of others they are read.
    """
    nodes = [Node(row_id(r), r.title, r.lifecycle, r.kind, r.status, r.path) for r in rows]
    own = {node.id for node in nodes}
    others = (p for p in scope.library.procedures if p.path not in own and p.kind != "template")
    nodes += [Node(p.path, p.title, p.lifecycle, p.kind, p.status, p.path) for p in others]
    announced = {title_key(row.title): row_id(row) for row in reversed(rows) if row.path is None}
    there = {node.id for node in nodes}
    edges: list[Edge] = []
    for procedure in (scope.library.by_path[node.path] for node in nodes if node.path):
        stated = known.get(procedure.path)
        uses = read_edges(scope, procedure) if stated is None else decode_edges(stated)
        # No other document states the same edges, so each is there once.
        edges += (e if e.target in there else _to_title(e, announced) for e in uses if e.source in there)
        edges += dict.fromkeys(promised_edges(procedure, announced))
    return Graph(tuple(nodes), tuple(edge for edge in edges if edge.target in there))


def _to_title(edge: Edge, announced: Mapping[str, str]) -> Edge:
    """Return an edge that leads to a title as one to its node; to nothing where nothing announces it."""
    title = title_of(edge.target)
    return replace_struct(edge, target=announced.get(title, "")) if title else edge


def read_courses(scope: Scope, rows: Mapping[str, Row], graph: Graph) -> Iterator[Course]:
    """Yield every orchestration; ``rows`` are those of documents, by path."""
    for host in scope.library.of_kind("orchestration"):
        row = rows[host.path]
        if row.status not in UNCOUNTED:
            calls = tuple(_calls(scope, host, rows, graph))
            yield Course(host.title, host.path, row.lifecycle, calls, _critical(calls, graph))


def _calls(scope: Scope, host: Procedure, rows: Mapping[str, Row], graph: Graph) -> Iterator[Call]:
    seen: set[str] = set()
    for title, path in _targets(scope, host, graph):
        row = rows.get(path or "")
        if path is not None and row is None:
            continue
        key = path or title_key(title)
        if key not in seen:
            seen.add(key)
            yield Call(row.title if row else title, path, row.status if row else "missing", len(seen))


def _targets(scope: Scope, host: Procedure, graph: Graph) -> Iterator[tuple[str, str | None]]:
    """Yield what the tables of an orchestration call; without tables, the procedures that its text links to."""
    listed = [entry for entry in entries(scope.library, host) if entry.title]
    for entry in listed:
        document = find_document(scope, host, entry)
        yield (document.title, document.path) if document else (entry.title, None)
    if not listed:
        calls = (edge.target for edge in graph.uses(host.path) if edge.kind == "calls")
        yield from ((graph.by_id[target].title, graph.by_id[target].path) for target in calls)


def _critical(calls: tuple[Call, ...], graph: Graph) -> tuple[Call, ...]:
    """Return the chain with the most gaps; needs that run against the order of the calls are left out, so no circle."""
    places = {call.path: place for place, call in enumerate(calls) if call.path}
    best: list[tuple[int, int]] = []
    before: list[int | None] = []
    for place, call in enumerate(calls):
        needed = graph.needs(call.path) if call.path else ()
        earlier = sorted(places[path] for path in needed if path in places and places[path] < place)
        chosen = max(earlier, key=lambda other: (best[other], -other), default=None)
        gaps, length = best[chosen] if chosen is not None else (0, 0)
        best.append((gaps + call.gap, length + 1))
        before.append(chosen)
    end: int | None = max(range(len(calls)), key=lambda place: (best[place], -place), default=None)
    chain: list[Call] = []
    while end is not None:
        chain.append(calls[end])
        end = before[end]
    return tuple(reversed(chain))


class Concern(Struct, frozen=True):
    """A step that a change reaches; without a step, a procedure that takes the artifact and has no step that uses it.

    ``distance`` is 1 where the artifact itself is used, and one more for each artifact on the way.
    """

    path: str
    title: str
    step: int | None
    name: str
    artifact: str
    line: int
    distance: int


_Item = tuple[str, str, str, int]
"""Path, key and name of an artifact as that document knows it, and its distance."""


def outputs_of(procedure: Procedure) -> dict[str, Artifact]:
    """Return what a procedure makes, by key: its output contract, then what its steps make."""
    made = [*procedure.contract.outputs, *chain.from_iterable(step.outputs for step in procedure.contract.steps)]
    return {artifact_key(output.name): output for output in reversed(made)}


def read_impact(library: Library, graph: Graph, procedure: Procedure, output: str) -> tuple[Concern, ...]:
    """Return every step that a change of an output concerns, nearest first, each once.

    Raises:
        NotFoundError: The procedure makes no such thing; the hint names what it makes.
    """
    key = artifact_key(output)
    made = outputs_of(procedure)
    if key not in made:
        message = f"{procedure.title!r} has no output {output!r}"
        names = ", ".join(dict.fromkeys(repr(a.name) for a in procedure.contract.outputs or tuple(made.values())))
        raise NotFoundError(message, f"its outputs are {names}" if names else "it has no outputs")
    waiting: deque[_Item] = deque([(procedure.path, key, made[key].name, 1)])
    seen = {(procedure.path, key)}
    concerns: dict[tuple[str, int | None, str], Concern] = {}
    while waiting:
        item = waiting.popleft()
        for concern, following in _reached(library, graph, item):
            concerns.setdefault((concern.path, concern.step, concern.name), concern)
            for next_item in following:
                if next_item[:2] not in seen:
                    seen.add(next_item[:2])
                    waiting.append(next_item)
    return tuple(sorted(concerns.values(), key=lambda c: (c.distance, c.path, c.line)))


def _reached(library: Library, graph: Graph, item: _Item) -> Iterator[tuple[Concern, list[_Item]]]:
    """Yield the steps that use an artifact, with what they make of it: in its document, then in those that take it."""
    path, key, name, distance = item
    yield from _steps(library.by_path[path], key, name, distance)
    if key not in {artifact_key(output.name) for output in library.by_path[path].contract.outputs}:
        return
    users = {e.source: e for e in graph.users(path) if e.kind == "input" and artifact_key(e.artifact) == key}
    for source, edge in users.items():
        user = library.by_path[source]
        steps = list(_steps(user, key, name, distance))
        yield from steps
        if not steps:
            yield Concern(user.path, user.title, None, "", name, edge.line, distance), []


def _steps(procedure: Procedure, key: str, name: str, distance: int) -> Iterator[tuple[Concern, list[_Item]]]:
    for step in procedure.contract.steps:
        if any(artifact_key(wanted.name) == key for wanted in step.inputs):
            concern = Concern(procedure.path, procedure.title, step.number, step.name, name, step.line, distance)
            made = ((artifact_key(output.name), output.name) for output in step.outputs)
            yield concern, [(procedure.path, own, said, distance + 1) for own, said in made if own != key]
