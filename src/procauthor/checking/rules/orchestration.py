"""Orchestrations: what they call, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from procauthor.checking.scope import Rule, Scope, say, say_line, title_line
from procauthor.checking.usage import find_document, needs
from procauthor.finding import Finding
from procauthor.library.index import IndexRow, entries, tables
from procauthor.library.library import Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED

ORCHESTRATION_MISSING_CALL = Rule(
    name="orchestration-missing-call",
    code="O101",
    severity="error",
    summary="An orchestration does not call a procedure that has a phase of its lifecycle.",
    why="Who works by the orchestration never carries the procedure out.",
    fix="Run “procauthor sync”, or take the phase out of the procedure.",
    example="a Feature procedure of phase 2 that is in no table of the Feature orchestration",
)
ORCHESTRATION_ORDER = Rule(
    name="orchestration-order",
    code="O102",
    severity="error",
    summary="A procedure is called before one that it depends on.",
    why="It would start without its inputs.",
    fix="Move the row below the one that it depends on, or correct the dependency.",
    example="Threat Model in row 1 and Architecture Review, on which it depends, in row 2",
)
ORCHESTRATION_CALLS_PLACEHOLDER = Rule(
    name="orchestration-calls-placeholder",
    code="O103",
    severity="info",
    summary="An orchestration calls a procedure that is not defined yet.",
    why="The way through the lifecycle has a gap there.",
    fix="Define the procedure.",
    example="| 4 | [Threat Model Procedure](threat-model.md) | Placeholder |",
)
RULES = (ORCHESTRATION_MISSING_CALL, ORCHESTRATION_ORDER, ORCHESTRATION_CALLS_PLACEHOLDER)
_Call = tuple[int, IndexRow]


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for host in scope.finished:
        if host.kind == "orchestration" and any(tables(host)):
            called = _called(scope, host)
            yield from _missing(scope, host, called)
            yield from _order(scope, host, called)
            yield from _placeholders(scope, host, called)


def _called(scope: Scope, host: Procedure) -> dict[str, _Call]:
    """Return the first call of each document, with its place among all rows."""
    called: dict[str, _Call] = {}
    for place, entry in enumerate(entries(host)):
        document = find_document(scope, host, entry)
        if document is not None:
            called.setdefault(document.path, (place, entry))
    return called


def _missing(scope: Scope, host: Procedure, called: Mapping[str, _Call]) -> Iterator[Finding]:
    for procedure in scope.library.of_kind("procedure"):
        if procedure.path in called or procedure.phase is None or procedure.status in UNCOUNTED:
            continue
        if title_key(procedure.lifecycle) == title_key(host.lifecycle):
            message = f"{procedure.title!r} (phase {procedure.phase}) is not called"
            yield say_line(ORCHESTRATION_MISSING_CALL, host, title_line(host), message, "run 'procauthor sync'")


def _order(scope: Scope, host: Procedure, called: Mapping[str, _Call]) -> Iterator[Finding]:
    for path, (place, entry) in called.items():
        procedure = scope.library.by_path[path]
        late = {
            need.procedure.path: need.procedure
            for need in needs(scope, procedure)
            if need.procedure.status not in UNCOUNTED
            and need.procedure.path in called
            and called[need.procedure.path][0] > place
        }
        for before in late.values():
            message = f"{procedure.title!r} is called before {before.title!r}, on which it depends"
            yield say(ORCHESTRATION_ORDER, host, entry.row.start, message)


def _placeholders(scope: Scope, host: Procedure, called: Mapping[str, _Call]) -> Iterator[Finding]:
    for path, (_, entry) in called.items():
        procedure = scope.library.by_path[path]
        if procedure.status == "placeholder":
            message = f"{procedure.title!r} is called, and not defined yet"
            yield say(ORCHESTRATION_CALLS_PLACEHOLDER, host, entry.row.start, message)
