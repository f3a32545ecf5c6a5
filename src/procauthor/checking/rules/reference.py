"""Identity and dependencies of documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from procauthor.checking.scope import Rule, Scope, field_line, say_line, title_line
from procauthor.checking.usage import Need, find_document, needs
from procauthor.finding import Finding
from procauthor.library.index import entries
from procauthor.library.library import Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED

DUPLICATE_ID = Rule(
    name="duplicate-id",
    code="R108",
    severity="error",
    summary="Two documents have the same id.",
    why="A reference by id leads to either; mostly the front matter was copied.",
    fix="Give one of them another id.",
    example="“id: test-plan” in test-plan.md and in its copy",
)
DEPENDENCY_CYCLE = Rule(
    name="dependency-cycle",
    code="R109",
    severity="error",
    summary="Procedures depend on each other in a circle.",
    why="None of them can start.",
    fix="Remove one dependency, or call the input that closes the circle optional.",
    example="Test Plan depends on Data Design, which depends on Test Plan",
)
ORPHAN = Rule(
    name="orphan",
    code="R110",
    severity="info",
    summary="No other document leads to this one.",
    why="What nothing leads to is not found, and soon not kept.",
    fix="List it in the index or a README, link it where it is used, or delete it.",
    example="a standard that no procedure links and no table lists",
)
RULES = (DUPLICATE_ID, DEPENDENCY_CYCLE, ORPHAN)
_NAMED = frozenset({"procedure", "orchestration", "standard"})
_LINKED_SHARE = 0.25


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    yield from _ids(scope)
    yield from _cycles(scope)
    yield from _orphans(scope)


def _ids(scope: Scope) -> Iterator[Finding]:
    owners: dict[str, list[Procedure]] = defaultdict(list)
    for procedure in scope.library.procedures:
        if procedure.kind in _NAMED and procedure.has_id and procedure.status != "alias":
            owners[procedure.id].append(procedure)
    for name, (first, *others) in owners.items():
        for procedure in others:
            line = field_line(procedure, "id")
            yield say_line(DUPLICATE_ID, procedure, line, f"the id {name!r} belongs to {first.path!r} already")


# Circles


def _cycles(scope: Scope) -> Iterator[Finding]:
    """Report a circle at the first of its documents by the shortest way, and none for a document that another shows."""
    graph = {p.path: needs(scope, p) for p in scope.library.of_kind("procedure") if p.status != "alias"}
    inside = _circular(graph)
    covered: set[str] = set()
    for start in graph:
        if start in covered:
            continue
        procedure = scope.library.by_path[start]
        circle = _own_need(procedure) or (_shortest(graph, start) if start in inside else ())
        covered |= {need.procedure.path for need in circle}
        # A circle of what is no longer kept hurts nobody.
        if circle and any(need.procedure.status not in UNCOUNTED for need in circle):
            procedure, circle = _from_declared(procedure, circle)
            names = " -> ".join([procedure.title, *(need.procedure.title for need in circle)])
            message = f"dependencies run in a circle: {names}"
            yield say_line(DEPENDENCY_CYCLE, procedure, circle[0].line, message)


def _from_declared(procedure: Procedure, circle: tuple[Need, ...]) -> tuple[Procedure, tuple[Need, ...]]:
    """Let a circle begin where somebody declared a dependency, if it is partly made of inputs: that is what is odd."""
    starts = [procedure, *(need.procedure for need in circle[:-1])]
    pairs = zip(starts, circle, strict=True)
    declared = (at for at, (s, n) in enumerate(pairs) if s.depends_on and n.line == field_line(s, "depends_on"))
    first = next(declared, 0)
    return starts[first], circle[first:] + circle[:first]


def _circular(graph: Mapping[str, Sequence[Need]]) -> set[str]:
    """Return what is left when documents that nothing depends on, or that depend on nothing, are taken away in turn."""
    after = {path: {n.procedure.path for n in found if n.procedure.path in graph} for path, found in graph.items()}
    before: dict[str, set[str]] = {path: set() for path in graph}
    for path, found in after.items():
        for other in found:
            before[other].add(path)
    left = set(graph)
    free = [path for path in graph if not after[path] or not before[path]]
    while free:
        path = free.pop()
        if path not in left:
            continue
        left.discard(path)
        for near, back in ((after, before), (before, after)):
            for other in near[path]:
                back[other].discard(path)
                if not back[other]:
                    free.append(other)
    return left


def _own_need(procedure: Procedure) -> tuple[Need, ...]:
    """Return the smallest circle: a procedure that declares to depend on itself."""
    if procedure.key in map(title_key, procedure.depends_on):
        return (Need(procedure, field_line(procedure, "depends_on")),)
    return ()


def _shortest(graph: Mapping[str, Sequence[Need]], start: str) -> tuple[Need, ...]:
    """Return the shortest way from a document back to itself, by breadth-first search."""
    queue: list[tuple[Need, ...]] = [()]
    seen: set[str] = set()
    for way in queue:
        here = way[-1].procedure.path if way else start
        for need in graph.get(here, ()):
            if need.procedure.path == start:
                # A need of one's own name is another document's when it is not declared: see _own_need.
                if way:
                    return (*way, need)
            elif need.procedure.path not in seen:
                seen.add(need.procedure.path)
                queue.append((*way, need))
    return ()


# Orphans


def _orphans(scope: Scope) -> Iterator[Finding]:
    documents = [
        p for p in scope.library.procedures if p.kind in _NAMED and p.template is not None and p.status not in UNCOUNTED
    ]
    reached = _reached(scope)
    lost = [p for p in documents if p.path not in reached]
    # Where hardly anything is linked, people come by another way: from an alert, or by search.
    if len(documents) - len(lost) < len(documents) * _LINKED_SHARE:
        return
    for procedure in lost:
        message = f"no other document leads to {procedure.title!r}"
        yield say_line(ORPHAN, procedure, title_line(procedure), message)


def _reached(scope: Scope) -> set[str]:
    """Return the documents that another one links, lists in a table, or depends on."""
    found: set[str] = set()
    shown = scope.library.by_address
    for procedure in scope.library.procedures:
        own = {shown[path].path if path in shown else path for path in procedure.targets}
        own |= {p.path for title in procedure.depends_on for p in scope.declared(title, procedure)}
        if procedure.kind in ("index", "readme", "orchestration"):
            rows = (find_document(scope, procedure, entry) for entry in entries(procedure))
            own |= {document.path for document in rows if document}
        found |= own - {procedure.path}
    return found
