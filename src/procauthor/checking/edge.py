"""Who uses whom: what a document states of others, as edges of a graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from procauthor.checking.scope import Scope
from procauthor.checking.usage import find_document, is_optional
from procauthor.library.index import entries, read_items
from procauthor.library.library import ANNOUNCED, Procedure
from procauthor.naming import title_key
from procauthor.procedure import Artifact, Kind

EdgeKind = Literal["needs", "input", "output", "calls", "lists", "links"]
_TABLED: tuple[Kind, ...] = ("index", "readme", "orchestration")
# No path holds it.
_TITLE = "\0"


class Edge(Struct, frozen=True, array_like=True):
    """``source`` uses ``target``; the line is in the source, but for an output in the target, which promises it.

    Both are paths; the target may be a title without a document, as `of_title` writes it.
    """

    source: str
    target: str
    kind: EdgeKind
    line: int
    artifact: str = ""
    optional: bool = False


encode_edges = msgspec.msgpack.Encoder().encode
decode_edges = msgspec.msgpack.Decoder(list[Edge]).decode


def of_title(key: str) -> str:
    """Return how an edge names a title that no document has; whether it is announced is for the reader to know."""
    return _TITLE + key


def title_of(target: str) -> str:
    """Return the key of the title that an edge leads to; empty where it leads to a document."""
    return target[1:] if target.startswith(_TITLE) else ""


def read_edges(scope: Scope, procedure: Procedure) -> list[Edge]:
    """Return the edges that a document states, each once, in its order: a template states none."""
    if procedure.kind == "template":
        return []
    edges = [*_declared(scope, procedure), *_inputs(scope, procedure), *_consumers(scope, procedure)]
    tabled = list(_tabled(scope, procedure)) if procedure.kind in _TABLED else []
    links = _links(scope, procedure, {edge.target for edge in tabled})
    return list(dict.fromkeys((*edges, *tabled, *links)))


def _named(scope: Scope, title: str, near: Procedure) -> str:
    """Return what a title names: a document comes before an announced title; nothing where it names several."""
    key = title_key(title)
    procedures = scope.named(key, near)
    if len(procedures) == 1:
        return procedures[0].path if procedures[0] is not near else ""
    return "" if procedures else of_title(key)


def _declared(scope: Scope, procedure: Procedure) -> Iterator[Edge]:
    for name in procedure.depends_on:
        procedures = scope.declared(name, procedure)
        target = _named(scope, name, procedure)
        if len(procedures) == 1 and (not target or title_of(target)):
            target = procedures[0].path
        if target and target != procedure.path:
            yield Edge(procedure.path, target, "needs", procedure.field_lines.get("depends_on", 1))


def _inputs(scope: Scope, procedure: Procedure) -> Iterator[Edge]:
    for wanted in procedure.contract.inputs:
        target = _provider(scope, procedure, wanted)
        if target:
            yield Edge(procedure.path, target, "input", wanted.line, wanted.name, is_optional(wanted))


def _provider(scope: Scope, procedure: Procedure, wanted: Artifact) -> str:
    """Return what an input comes from: linked behind ``From:``, else named there."""
    if not wanted.source:
        return ""
    if wanted.target:
        linked = scope.library.lead(procedure, wanted.target)
        return linked.path if linked and linked is not procedure else ""
    # "Dough Procedure *(announced)*": what is in parentheses is no part of the name.
    return _named(scope, wanted.source.partition(" (")[0], procedure)


def _consumers(scope: Scope, procedure: Procedure) -> Iterator[Edge]:
    for consumer in procedure.contract.consumers:
        user = scope.library.lead(procedure, consumer.target)
        if user and user is not procedure:
            yield Edge(user.path, procedure.path, "output", consumer.line, consumer.artifact)


def promised_edges(procedure: Procedure, announced: dict[str, str]) -> Iterator[Edge]:
    """Yield what goes to announced titles: "**Loaf** is used by Tasting Procedure *(announced)*".

    Args:
        procedure: The document.
        announced: The ids of announced titles by key; where the longest title begins, only all of them can say.
    """
    for section in procedure.document.sections if procedure.speaks_of_announced else ():
        for item in (item for item in section.items if ANNOUNCED in item.raw):
            words = title_key(item.raw.partition(ANNOUNCED)[0]).split()
            keys = (" ".join(words[place:]) for place in range(len(words)))
            user = next((announced[key] for key in keys if key in announced), None)
            artifact = re.search(r"\*\*([^*]+)\*\*", item.raw)
            if user and artifact and not any(wanted.line == item.line for wanted in procedure.contract.inputs):
                yield Edge(user, procedure.path, "output", item.line, artifact[1])


def _tabled(scope: Scope, host: Procedure) -> Iterator[Edge]:
    kind: EdgeKind = "calls" if host.kind == "orchestration" else "lists"
    rows = entries(scope.library, host)
    for entry in rows:
        document = find_document(scope, host, entry)
        target = document.path if document else of_title(entry.key)
        if target != host.path:
            yield Edge(host.path, target, kind, entry.row.line)
    if host.kind == "orchestration" and not rows:
        yield from _called(scope, host)


def _called(scope: Scope, host: Procedure) -> Iterator[Edge]:
    """Yield what an orchestration without tables calls: what its lists name, and what its text links to."""
    calls: dict[str, int] = {}
    for each in read_items(scope.library, host):
        named = scope.library.by_key.get(each.key, ())
        calls.setdefault(each.path or (named[0].path if len(named) == 1 else of_title(each.key)), each.line)
    for link, target in scope.links[host.path]:
        if target.path and not link.image:
            calls.setdefault(target.path, link.line)
    for path, line in sorted(calls.items(), key=lambda call: call[1]):
        other = scope.library.by_path.get(path)
        if title_of(path) or (other is not None and other is not host and other.kind == "procedure"):
            yield Edge(host.path, path, "calls", line)


def _links(scope: Scope, procedure: Procedure, tabled: set[str]) -> Iterator[Edge]:
    """Yield plain links, one for each target."""
    seen = {*tabled, procedure.path}
    for link, target in scope.links[procedure.path]:
        path = target.path
        if path and path not in seen and path in scope.library.by_path:
            seen.add(path)
            yield Edge(procedure.path, path, "links", link.line)
