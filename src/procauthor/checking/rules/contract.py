"""Contracts between procedures."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.scope import Scope, artifact_key, say, say_line
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.naming import title_key

_READY = frozenset({"defined", "approved"})


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.finished:
        yield from _providers(scope, procedure)
        yield from _consumers(scope, procedure)


def _ready(scope: Scope, title: str, near: Procedure) -> Procedure | None:
    found = scope.named(title_key(title), near)
    return found[0] if len(found) == 1 and found[0].status in _READY and found[0].template else None


def _providers(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    for wanted in procedure.contract.inputs:
        provider = _ready(scope, wanted.source, procedure) if wanted.source else None
        if provider is None or provider is procedure or not provider.contract.outputs:
            continue
        promised = {artifact_key(a.name): a.name for a in provider.contract.outputs}
        if artifact_key(wanted.name) not in promised:
            hint = "it promises " + ", ".join(promised.values())
            message = f"{provider.title!r} does not promise {wanted.name!r}"
            yield say("input-without-provider", procedure, wanted.start, message, hint)


def _consumers(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    for consumer in procedure.contract.consumers:
        other = _ready(scope, consumer.title, procedure)
        if other is None or other.kind != "procedure":
            continue
        if artifact_key(consumer.artifact) not in {artifact_key(a.name) for a in other.contract.inputs}:
            message = f"{other.title!r} does not list {consumer.artifact!r} among its required inputs"
            yield say_line("contract-not-reciprocal", procedure, consumer.line, message)
    for wanted in procedure.contract.inputs:
        provider = _ready(scope, wanted.source, procedure) if wanted.source else None
        if provider is None or provider.kind != "procedure" or not provider.contract.consumers:
            continue
        known = {(artifact_key(c.artifact), title_key(c.title)) for c in provider.contract.consumers}
        if (artifact_key(wanted.name), procedure.key) not in known:
            message = f"{provider.title!r} does not say that {procedure.title!r} uses {wanted.name!r}"
            yield say("contract-not-reciprocal", procedure, wanted.start, message)
