"""Who uses whom: the graph of a library, from declared needs, inputs, calls, and links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from procauthor.checking.scope import Scope
from procauthor.checking.usage import find_document, is_optional
from procauthor.data import grouped
from procauthor.evaluation.value import Row
from procauthor.library.index import entries, read_items
from procauthor.library.library import ANNOUNCED, Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import Artifact, Kind, Status

EdgeKind = Literal["needs", "input", "output", "calls", "lists", "links"]
# What has to be there first; the others only mention.
_ORDERING: tuple[EdgeKind, ...] = ("needs", "input")
_TABLED: tuple[Kind, ...] = ("index", "readme", "orchestration")


@dataclass(frozen=True, slots=True)
class Node:
    """A document, or an announced title; ``id`` is its path, or ``missing:`` with lifecycle and title."""

    id: str
    title: str
    lifecycle: str
    kind: Kind
    status: Status
    path: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` uses ``target``; the line is in the source, but for an output in the target, which promises it."""

    source: str
    target: str
    kind: EdgeKind
    line: int
    artifact: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Graph:
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

    def uses(self, node: str) -> Sequence[Edge]:
        """Return what a node uses."""
        return self._out.get(node, ())

    def users(self, node: str) -> Sequence[Edge]:
        """Return who uses a node."""
        return self._in.get(node, ())

    def needs(self, node: str) -> tuple[str, ...]:
        """Return the ids of what has to be there before a node, each once."""
        return tuple(dict.fromkeys(e.target for e in self.uses(node) if e.kind in _ORDERING and not e.optional))

    def needed_by(self, node: str) -> tuple[str, ...]:
        """Return the ids of those that wait for a node, each once."""
        return tuple(dict.fromkeys(e.source for e in self.users(node) if e.kind in _ORDERING and not e.optional))


def row_id(row: Row) -> str:
    """Return the id of a row's node."""
    return row.path or f"missing:{title_key(row.lifecycle)}/{title_key(row.title)}"


def read_graph(scope: Scope, rows: Sequence[Row], *, links: bool = False) -> Graph:
    """Read the graph of all documents and announced titles; plain links say little, and only ``refs`` wants them."""
    nodes = [Node(row_id(r), r.title, r.lifecycle, r.kind, r.status, r.path) for r in rows]
    own = {node.id for node in nodes}
    others = (p for p in scope.library.procedures if p.path not in own and p.kind != "template")
    nodes += [Node(p.path, p.title, p.lifecycle, p.kind, p.status, p.path) for p in others]
    missing = {title_key(row.title): row_id(row) for row in reversed(rows) if row.path is None}
    reader = _GraphReader(scope, missing, links)
    edges = (edge for node in nodes if node.path for edge in reader.edges(scope.library.by_path[node.path]))
    known = {node.id for node in nodes}
    return Graph(tuple(nodes), tuple(e for e in dict.fromkeys(edges) if e.target in known and e.source in known))


@dataclass(frozen=True)
class _GraphReader:
    scope: Scope
    missing: dict[str, str]
    """Ids of announced titles, by key."""
    links: bool

    @property
    def _library(self) -> Library:
        return self.scope.library

    def edges(self, procedure: Procedure) -> Iterator[Edge]:
        """Yield the edges that a document states."""
        yield from self._declared(procedure)
        yield from self._inputs(procedure)
        yield from self._consumers(procedure)
        yield from self._promised(procedure)
        tabled = frozenset[str]()
        if procedure.kind in _TABLED:
            rows = list(self._tabled(procedure))
            tabled = frozenset(edge.target for edge in rows)
            yield from rows
        if self.links:
            yield from self._links(procedure, tabled)

    def _named(self, title: str, near: Procedure) -> str | None:
        """Return the id of what a title names, if it is one; a document comes before an announced title."""
        key = title_key(title)
        found = self.scope.named(key, near)
        if len(found) == 1:
            return found[0].path if found[0] is not near else None
        return None if found else self.missing.get(key)

    def _declared(self, procedure: Procedure) -> Iterator[Edge]:
        for name in procedure.depends_on:
            found = self.scope.declared(name, procedure)
            target = self._named(name, procedure) or (found[0].path if len(found) == 1 else None)
            if target and target != procedure.path:
                yield Edge(procedure.path, target, "needs", procedure.field_lines.get("depends_on", 1))

    def _inputs(self, procedure: Procedure) -> Iterator[Edge]:
        for wanted in procedure.contract.inputs:
            target = self.provider(procedure, wanted)
            if target:
                yield Edge(procedure.path, target, "input", wanted.line, wanted.name, is_optional(wanted))

    def provider(self, procedure: Procedure, wanted: Artifact) -> str | None:
        """Return the id of what an input comes from: linked behind ``From:``, else named there."""
        if not wanted.source:
            return None
        if wanted.target:
            linked = self._library.lead(procedure, wanted.target)
            return linked.path if linked and linked is not procedure else None
        # "Dough Procedure *(announced)*": what is in parentheses is no part of the name.
        return self._named(wanted.source.partition(" (")[0], procedure)

    def _consumers(self, procedure: Procedure) -> Iterator[Edge]:
        for consumer in procedure.contract.consumers:
            user = self._library.lead(procedure, consumer.target)
            if user and user is not procedure:
                yield Edge(user.path, procedure.path, "output", consumer.line, consumer.artifact)

    def _promised(self, procedure: Procedure) -> Iterator[Edge]:
        """Yield what goes to announced titles: "**Loaf** is used by Tasting Procedure *(announced)*"."""
        for section in procedure.document.sections if procedure.speaks_of_announced else ():
            for item in (item for block in section.blocks for item in block.items if ANNOUNCED in item.raw):
                words = title_key(item.raw.partition(ANNOUNCED)[0]).split()
                keys = (" ".join(words[place:]) for place in range(len(words)))
                user = next((self.missing[key] for key in keys if key in self.missing), None)
                artifact = re.search(r"\*\*([^*]+)\*\*", item.raw)
                if user and artifact and not any(wanted.line == item.line for wanted in procedure.contract.inputs):
                    yield Edge(user, procedure.path, "output", item.line, artifact[1])

    def _tabled(self, host: Procedure) -> Iterator[Edge]:
        kind: EdgeKind = "calls" if host.kind == "orchestration" else "lists"
        for entry in entries(host):
            document = find_document(self.scope, host, entry)
            target = document.path if document else self.missing.get(entry.key)
            if target and target != host.path:
                yield Edge(host.path, target, kind, entry.row.line)
        if host.kind == "orchestration" and not any(entries(host)):
            yield from self._called(host)

    def _called(self, host: Procedure) -> Iterator[Edge]:
        """Yield what an orchestration without tables calls: what its lists name, and what its text links to."""
        calls: dict[str, int] = {}
        for each in read_items(self._library, host):
            named = self._library.by_key.get(each.key, ())
            path = each.path or (named[0].path if len(named) == 1 else self.missing.get(each.key))
            if path:
                calls.setdefault(path, each.line)
        for link, target in self.scope.links[host.path]:
            if target.path and not link.image:
                calls.setdefault(target.path, link.line)
        for path, line in sorted(calls.items(), key=lambda call: call[1]):
            other = self._library.by_path.get(path)
            if (other is not None and other is not host and other.kind == "procedure") or path.startswith("missing:"):
                yield Edge(host.path, path, "calls", line)

    def _links(self, procedure: Procedure, tabled: frozenset[str]) -> Iterator[Edge]:
        """Yield plain links, one for each target."""
        seen: set[str] = set(tabled)
        for link, target in self.scope.links[procedure.path]:
            path = target.path
            if path in self._library.by_path and path != procedure.path and path not in seen:
                seen.add(str(path))
                yield Edge(procedure.path, str(path), "links", link.line)
