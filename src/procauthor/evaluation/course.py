"""Orchestrations: what they call, and the chain of calls on which most is left to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from procauthor.checking.scope import Scope
from procauthor.checking.usage import find_document
from procauthor.evaluation.graph import Graph
from procauthor.evaluation.value import Call, Course, Row
from procauthor.library.index import entries
from procauthor.library.library import Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED

_Found = tuple[str, str | None]


def read_courses(scope: Scope, rows: Mapping[str, Row], graph: Graph) -> Iterator[Course]:
    """Yield every orchestration; ``rows`` are those of documents, by path."""
    for host in scope.library.of_kind("orchestration"):
        row = rows[host.path]
        if row.status in UNCOUNTED:
            continue
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


def _targets(scope: Scope, host: Procedure, graph: Graph) -> Iterator[_Found]:
    """Yield what the tables of an orchestration call; without tables, the procedures that its text links to."""
    listed = [entry for entry in entries(host) if entry.title]
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
