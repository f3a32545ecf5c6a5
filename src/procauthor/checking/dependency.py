"""What must exist before a procedure can start."""

from __future__ import annotations

from dataclasses import dataclass

from procauthor.checking.artifact import is_optional, providers
from procauthor.checking.scope import Scope, field_line
from procauthor.library.library import Procedure


@dataclass(frozen=True, slots=True)
class Need:
    """A procedure that comes first, and the line that says so."""

    procedure: Procedure
    line: int


def needs(scope: Scope, procedure: Procedure) -> list[Need]:
    """Return what a procedure depends on, from what is known of it or from its text."""
    if scope.known_needs is None:
        return find_needs(scope, procedure)
    return scope.known_needs.get(procedure.path, [])


def find_needs(scope: Scope, procedure: Procedure) -> list[Need]:
    """Find what a procedure depends on: declared, or as the provider of a required input."""
    found: list[Need] = []
    for title in procedure.depends_on:
        named = scope.declared(title, procedure)
        if len(named) == 1:
            found.append(Need(named[0], field_line(procedure, "depends_on")))
    for wanted in procedure.contract.inputs:
        sources = () if is_optional(wanted) else providers(scope, procedure, wanted)
        # Of several providers any one will do, so none of them must come first.
        if len(sources) == 1:
            found.append(Need(sources[0], wanted.line))
    return [need for need in found if need.procedure.kind == "procedure" and need.procedure.status != "alias"]
