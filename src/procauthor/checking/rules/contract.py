"""How documents go together: contracts, dependencies, orchestrations and the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from itertools import chain

from msgspec.structs import replace

from procauthor.checking.fix import with_fix
from procauthor.checking.scope import Family, Rule, Scope, field_line, say, say_line
from procauthor.checking.usage import Need, find_document, needs, providers, reached_from
from procauthor.data import grouped, ungrouped
from procauthor.finding import Finding
from procauthor.library.artifact import artifact_key, is_ready, knows, promised
from procauthor.library.derive import fill_status, insert_row
from procauthor.library.index import IndexRow, entries, index_of, tables
from procauthor.library.library import Procedure
from procauthor.library.reference import link_kind, may_be_made
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED, Artifact, Consumer

INPUT_WITHOUT_PROVIDER = Rule(
    name="input-without-provider",
    code="C101",
    severity="error",
    summary="A required input is said to come from a procedure that does not guarantee it.",
    why="The provider may change at any time, and no message says that the input no longer arrives.",
    fix="Correct the provider or the artifact's name, or add the artifact to the provider's output contract.",
    example="- **Risk List** (From: Design Review Procedure), whose output contract holds no Risk List",
)
CONTRACT_NOT_RECIPROCAL = Rule(
    name="contract-not-reciprocal",
    code="C102",
    severity="warning",
    summary="One side of a contract does not know the other.",
    why="A change on one side surprises the other. That a consumer takes nothing from here yet is information for it.",
    fix="Name the artifact in the consumer's required inputs and in the provider's downstream dependencies.",
    example="“used by Threat Model Procedure”, which does not list the artifact among its inputs",
)
OUTPUT_WITHOUT_PRODUCER = Rule(
    name="output-without-producer",
    code="C103",
    severity="warning",
    summary="The output contract promises something that no step makes.",
    why="Others rely on it, and no step makes it.",
    fix="Name the artifact among the outputs of a step, or take back the promise.",
    example="- **Risk List**: every risk has an owner, where no step lists a Risk List under “Outputs”",
)


def _check_contract(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    if procedure.is_judged:
        for wanted in procedure.contract.inputs:
            yield from _input(scope, procedure, wanted)
        for consumer in procedure.contract.consumers:
            yield from _consumer(scope, procedure, consumer)
        yield from _unmade(procedure)


def _unmade(procedure: Procedure) -> Iterator[Finding]:
    """Report promises that share no word with any output: one that does may name a part of it, or sum several up."""
    steps = procedure.contract.steps
    if procedure.kind != "procedure" or not steps or not all(step.outputs for step in steps):
        return
    made = chain.from_iterable(step.outputs for step in steps)
    words = set(" ".join(artifact_key(output.name) for output in made).split())
    for promise in procedure.contract.outputs:
        if words.isdisjoint(artifact_key(promise.name).split()):
            message = f"no step makes {promise.name!r}, which the output contract promises"
            yield say(OUTPUT_WITHOUT_PRODUCER, procedure, promise.start, message)


def _input(scope: Scope, procedure: Procedure, wanted: Artifact) -> Iterator[Finding]:
    """Check an input against its providers; one that is not written yet may still come to promise it."""
    sources = providers(scope, procedure, wanted)
    if not sources or not all(is_ready(p) and p.contract.outputs for p in sources):
        return
    key = artifact_key(wanted.name)
    giving = [p for p in sources if key in promised(p)]
    if not giving:
        hint = "it promises " + ", ".join(promised(sources[0]).values())
        message = f"{sources[0].title!r} does not promise {wanted.name!r}"
        yield say(INPUT_WITHOUT_PROVIDER, procedure, wanted.start, message, hint)
    elif procedure.kind == "procedure" and not any(knows(p, procedure, key) for p in giving):
        message = f"{giving[0].title!r} does not say that {procedure.title!r} uses {wanted.name!r}"
        yield say(CONTRACT_NOT_RECIPROCAL, procedure, wanted.start, message, f"add it to {giving[0].path}")


def _consumer(scope: Scope, procedure: Procedure, consumer: Consumer) -> Iterator[Finding]:
    other = scope.library.lead(procedure, consumer.target)
    key = artifact_key(consumer.artifact)
    if key and procedure.contract.outputs and key not in promised(procedure):
        hint = "it promises " + ", ".join(promised(procedure).values())
        message = f"{consumer.artifact!r} is used downstream, and the output contract does not promise it"
        yield say_line(CONTRACT_NOT_RECIPROCAL, procedure, consumer.line, message, hint)
        return
    if other is None or other.kind != "procedure" or not is_ready(other):
        return
    if other is not procedure and key not in {artifact_key(a.name) for a in other.contract.inputs}:
        message = f"{other.title!r} does not list {consumer.artifact!r} among its required inputs"
        finding = say_line(CONTRACT_NOT_RECIPROCAL, procedure, consumer.line, message, f"add it to {other.path}")
        # Who takes nothing from here does not know of it yet: that is for its next revision.
        yield finding if _takes(scope, other, procedure) else replace(finding, severity="info")


def _takes(scope: Scope, consumer: Procedure, provider: Procedure) -> bool:
    """Say whether a procedure has an input that comes from another one."""
    return any(provider in providers(scope, consumer, wanted) for wanted in consumer.contract.inputs if wanted.source)


CONTRACTS = Family(
    "Contracts between procedures",
    (INPUT_WITHOUT_PROVIDER, CONTRACT_NOT_RECIPROCAL, OUTPUT_WITHOUT_PRODUCER),
    "neighbours",
    _check_contract,
)


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
_NAMED = frozenset({"procedure", "orchestration", "standard"})
_LINKED_SHARE = 0.25


def _check_reference(scope: Scope) -> Iterator[Finding]:
    yield from _ids(scope)
    yield from _cycles(scope)
    yield from _orphans(scope)


def _ids(scope: Scope) -> Iterator[Finding]:
    named = (p for p in scope.library.procedures if p.kind in _NAMED and p.has_id and p.status != "alias")
    for name, (first, *others) in grouped((p.id, p) for p in named).items():
        for procedure in others:
            line = field_line(procedure, "id")
            yield say_line(DUPLICATE_ID, procedure, line, f"the id {name!r} belongs to {first.path!r} already")


# Circles


def _cycles(scope: Scope) -> Iterator[Finding]:
    """Report a circle at the first of its documents by the shortest way, and none for a document that another shows."""
    graph = {p.path: needs(scope, p) for p in scope.library.of_kind("procedure") if p.status != "alias"}
    inside = _circular({path: {need.procedure.path for need in uses} & graph.keys() for path, uses in graph.items()})
    covered: set[str] = set()
    for start in graph:
        if start in covered:
            continue
        procedure = scope.library.by_path[start]
        circle = _own_need(procedure) or (_shortest(graph, start) if start in inside else ())
        covered |= {need.procedure.path for need in circle}
        # A circle of what is no longer kept does no harm.
        if circle and any(need.procedure.status not in UNCOUNTED for need in circle):
            procedure, circle = _from_declared(procedure, circle)
            names = " -> ".join([procedure.title, *(need.procedure.title for need in circle)])
            message = f"dependencies run in a circle: {names}"
            yield say_line(DEPENDENCY_CYCLE, procedure, circle[0].line, message)


def _from_declared(procedure: Procedure, circle: tuple[Need, ...]) -> tuple[Procedure, tuple[Need, ...]]:
    """Let a circle begin where a dependency was declared, if it is partly made of inputs: that is what is odd."""
    starts = [procedure, *(need.procedure for need in circle[:-1])]
    pairs = zip(starts, circle, strict=True)
    declared = (at for at, (s, n) in enumerate(pairs) if s.depends_on and n.line == field_line(s, "depends_on"))
    first = next(declared, 0)
    return starts[first], circle[first:] + circle[:first]


def _circular(after: Mapping[str, set[str]]) -> set[str]:
    """Return what both leads to a circle and comes behind one, so all that can be in one."""
    leading = _blocked(after)
    pairs = ungrouped((path, after[path] & leading) for path in leading)
    return _blocked(grouped((other, path) for path, other in pairs))


def _blocked(graph: Mapping[str, Iterable[str]]) -> set[str]:
    """Return what a circle keeps from its turn, when each comes after all that it leads to."""
    sorter = TopologicalSorter(graph)
    with suppress(CycleError):
        # It goes on as far as it can.
        sorter.prepare()
    blocked = set(graph)
    while ready := sorter.get_ready():
        blocked -= set(ready)
        sorter.done(*ready)
    return blocked


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
    reached = set(chain.from_iterable(reached_from(scope, procedure) for procedure in scope.library.procedures))
    lost = [p for p in documents if p.path not in reached]
    # Where hardly anything is linked, people come by another way: from an alert, or by search.
    if len(documents) - len(lost) < len(documents) * _LINKED_SHARE:
        return
    for procedure in lost:
        message = f"no other document leads to {procedure.title!r}"
        yield say_line(ORPHAN, procedure, procedure.title_line, message)


REFERENCES = Family(
    "Identity and dependencies of documents",
    (DUPLICATE_ID, DEPENDENCY_CYCLE, ORPHAN),
    "library",
    check_library=_check_reference,
)


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
_Call = tuple[int, IndexRow]


def _check_orchestration(scope: Scope) -> Iterator[Finding]:
    for host in scope.library.of_kind("orchestration"):
        if host.is_judged and any(tables(host)):
            called = _called(scope, host)
            yield from _missing(scope, host, called)
            yield from _order(scope, host, called)
            yield from _placeholders(scope, host, called)


def _called(scope: Scope, host: Procedure) -> dict[str, _Call]:
    """Return the first call of each document, with its place among all rows."""
    called: dict[str, _Call] = {}
    for place, entry in enumerate(entries(scope.library, host)):
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
            yield say_line(ORCHESTRATION_MISSING_CALL, host, host.title_line, message, "run 'procauthor sync'")


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


ORCHESTRATIONS = Family(
    "Orchestrations: what they call, and in which order",
    (ORCHESTRATION_MISSING_CALL, ORCHESTRATION_ORDER, ORCHESTRATION_CALLS_PLACEHOLDER),
    "library",
    check_library=_check_orchestration,
)


INDEX_MISSING_ENTRY = Rule(
    name="index-missing-entry",
    code="X101",
    severity="error",
    summary="A procedure has no row in the index.",
    why="Who looks for it in the index writes it a second time.",
    fix="Run “procauthor sync”.",
    example="a new feature/threat-model.md that index.md does not list",
)
INDEX_DEAD_ENTRY = Rule(
    name="index-dead-entry",
    code="X102",
    severity="error",
    summary="A row of the index leads to a file that does not exist.",
    why="The index promises what is not there.",
    fix="Correct the link, restore the file, or keep the plain title with the status Missing.",
    example="| [Threat Model Procedure](feature/threat.md) | Defined |",
)
INDEX_STATUS_MISMATCH = Rule(
    name="index-status-mismatch",
    code="X103",
    severity="error",
    summary="A table shows another status than the text supports.",
    why="People plan with the overview; its numbers must come from the files.",
    fix="Run “procauthor sync”.",
    example="| [Threat Model Procedure](feature/threat-model.md) | Defined |, where the file is a placeholder",
)
_SYNC = "run 'procauthor sync'"


def _check_index(scope: Scope) -> Iterator[Finding]:
    index = index_of(scope.library)
    rows = tuple(entries(scope.library, index)) if index else ()
    if index and rows:
        yield from _unlisted(scope, index, rows)
        yield from _dead(scope, index, rows)
    for host in scope.library.procedures:
        if host.kind in ("index", "readme", "orchestration"):
            for entry in entries(scope.library, host):
                yield from _status(scope, host, entry)


def _unlisted(scope: Scope, index: Procedure, rows: tuple[IndexRow, ...]) -> Iterator[Finding]:
    linked = {entry.path for entry in rows}
    # A row whose link leads to another document speaks of that one, whatever its title.
    titled = {entry.key for entry in rows if entry.path not in scope.library.by_path}
    for procedure in scope.library.counted:
        if procedure.status not in UNCOUNTED and procedure.path not in linked and procedure.key not in titled:
            message = f"{procedure.title!r} has no row in {index.path!r}"
            finding = say_line(INDEX_MISSING_ENTRY, procedure, procedure.title_line, message, _SYNC)
            yield with_fix(finding, index, *insert_row(scope.library, index, procedure))


def _dead(scope: Scope, index: Procedure, rows: tuple[IndexRow, ...]) -> Iterator[Finding]:
    for entry in rows:
        title = entry.table.cell(entry.row, "title")
        written = title.link.target if title and title.link else ""
        made = may_be_made(written, scope.library.files, index.conventions)
        made = made or link_kind(written) in index.conventions.unproven
        if entry.path and not made and not scope.exists(entry.path):
            message = f"the row {entry.title!r} leads to {entry.path!r}, which does not exist"
            other = scope.library.by_key.get(entry.key, ())
            today = scope.renamed(entry.path)
            moved = f"it was renamed to {today!r}" if today else ""
            hint = f"{other[0].path!r} has this title" if len(other) == 1 else moved
            yield say(INDEX_DEAD_ENTRY, index, entry.row.start, message, hint)


def _status(scope: Scope, host: Procedure, entry: IndexRow) -> Iterator[Finding]:
    document = find_document(scope, host, entry)
    if document is None:
        if not entry.path and entry.status in DONE and not scope.named(entry.key, host):
            message = f"{entry.title!r} has no document, and is shown as {entry.status}"
            yield say(INDEX_STATUS_MISMATCH, host, entry.row.start, message)
        return
    wrong = entry.status is not None and entry.status != document.status
    if wrong and not (entry.status in DONE and document.status in DONE):
        message = f"{document.title!r} is {document.status}, and is shown as {entry.status}"
        finding = say(INDEX_STATUS_MISMATCH, host, entry.row.start, message, _SYNC)
        yield with_fix(finding, host, *fill_status(host, entry, document))


INDEX = Family(
    "Tables of procedures in the Master Procedures Index and in lifecycle READMEs",
    (INDEX_MISSING_ENTRY, INDEX_DEAD_ENTRY, INDEX_STATUS_MISMATCH),
    "library",
    check_library=_check_index,
)
