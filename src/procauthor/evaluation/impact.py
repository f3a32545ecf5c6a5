"""What a change of one output reaches: the steps that use it, and those that use what these make of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from procauthor.errors import NotFoundError
from procauthor.evaluation.graph import Graph
from procauthor.library.artifact import artifact_key
from procauthor.library.library import Library, Procedure
from procauthor.procedure import Artifact, Step


@dataclass(frozen=True, slots=True)
class Concern:
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
    made = [*procedure.contract.outputs, *(output for step in procedure.contract.steps for output in step.outputs)]
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
    found: dict[tuple[str, int | None, str], Concern] = {}
    while waiting:
        item = waiting.popleft()
        for concern, following in _reached(library, graph, item):
            found.setdefault((concern.path, concern.step, concern.name), concern)
            for next_item in following:
                if next_item[:2] not in seen:
                    seen.add(next_item[:2])
                    waiting.append(next_item)
    return tuple(sorted(found.values(), key=lambda c: (c.distance, c.path, c.line)))


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
            yield concern, list(_made(procedure, step, key, distance))


def _made(procedure: Procedure, step: Step, key: str, distance: int) -> Iterator[_Item]:
    for output in step.outputs:
        if artifact_key(output.name) != key:
            yield procedure.path, artifact_key(output.name), output.name, distance + 1
