"""Which output becomes which input: every hand-over between two procedures, and whether both sides know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from procauthor.evaluation.graph import Edge, Graph, Node
from procauthor.library.artifact import artifact_key
from procauthor.library.library import Library
from procauthor.procedure import DONE

TraceState = Literal[
    "agreed", "not promised", "user not named", "not listed by the user", "provider unfinished", "user unfinished"
]


@dataclass(frozen=True, slots=True)
class Trace:
    """One artifact on its way from a provider to a user."""

    artifact: str
    provider: Node
    user: Node
    state: TraceState


def read_traces(library: Library, graph: Graph) -> tuple[Trace, ...]:
    """Return all hand-overs, by provider, artifact and user."""
    asked = {_key(edge): edge for edge in graph.edges if edge.kind == "input"}
    named = {_key(edge): edge for edge in graph.edges if edge.kind == "output"}
    promised = {
        procedure.path: {artifact_key(output.name) for output in procedure.contract.outputs}
        for procedure in library.counted
    }
    return tuple(sorted(_traces(graph, asked, named, promised), key=_rank))


def _key(edge: Edge) -> tuple[str, str, str]:
    return edge.target, artifact_key(edge.artifact), edge.source


def _traces(
    graph: Graph,
    asked: dict[tuple[str, str, str], Edge],
    named: dict[tuple[str, str, str], Edge],
    promised: dict[str, set[str]],
) -> Iterator[Trace]:
    for key, edge in (named | asked).items():
        provider, user = graph.by_id[edge.target], graph.by_id[edge.source]
        if provider.status not in DONE:
            state: TraceState = "provider unfinished"
        elif key not in asked:
            state = "not listed by the user" if user.status in DONE else "user unfinished"
        elif key[1] not in promised.get(edge.target, ()):
            state = "not promised"
        else:
            state = "agreed" if key in named else "user not named"
        yield Trace(edge.artifact, provider, user, state)


def _rank(trace: Trace) -> tuple[str, ...]:
    return trace.provider.title, trace.artifact, trace.user.title, trace.provider.id, trace.user.id
