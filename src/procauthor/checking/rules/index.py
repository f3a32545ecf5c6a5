"""Tables of procedures, orchestrations and statuses."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.rules.reference import needs
from procauthor.checking.scope import Scope, say, say_line, say_path
from procauthor.finding import Finding
from procauthor.library.index import Entry, entries, index_of
from procauthor.library.library import Procedure
from procauthor.naming import title_key

_GONE = frozenset({"alias", "deprecated"})


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    index = index_of(scope.library)
    if index is not None:
        yield from _index(scope, index)
    for host in scope.library.procedures:
        if host.kind in ("index", "readme", "orchestration"):
            yield from _statuses(scope, host)
        if host.kind == "orchestration" and host.template is not None:
            yield from _orchestration(scope, host)
    for procedure in scope.library.procedures:
        if procedure.template is not None and procedure.declared_status in ("defined", "approved"):
            yield from _declared(procedure)


def _index(scope: Scope, index: Procedure) -> Iterator[Finding]:
    rows = list(entries(index))
    listed = {entry.path for entry in rows} | {entry.key for entry in rows}
    if not rows:
        return
    for procedure in scope.library.counted:
        if procedure.path not in listed and procedure.key not in listed and procedure.status not in _GONE:
            message = f"{procedure.title!r} has no row in {index.path}"
            yield say_path("index-missing-entry", procedure.path, message, "run procauthor sync")
    for entry in rows:
        if entry.path and entry.path not in scope.library.files:
            message = f"the row {entry.title!r} leads to {entry.path}, which does not exist"
            yield say("index-dead-entry", index, entry.row.start, message)


def _document(scope: Scope, host: Procedure, entry: Entry) -> Procedure | None:
    if entry.path:
        return scope.library.by_path.get(entry.path)
    found = scope.named(entry.key, host)
    return found[0] if len(found) == 1 else None


def _statuses(scope: Scope, host: Procedure) -> Iterator[Finding]:
    for entry in entries(host):
        document = _document(scope, host, entry)
        if document is None or entry.status is None or not document.counted:
            continue
        if entry.status != document.status and {entry.status, document.status} != {"defined", "approved"}:
            message = f"{document.title!r} is {document.status}, not {entry.status}"
            yield say("index-status-mismatch", host, entry.row.start, message, "run procauthor sync")


def _orchestration(scope: Scope, host: Procedure) -> Iterator[Finding]:
    rows = list(entries(host))
    called: dict[str, int] = {}
    for place, entry in enumerate(rows):
        document = _document(scope, host, entry)
        if document is not None:
            called.setdefault(document.path, place)
            if document.status == "placeholder":
                message = f"{document.title!r} is called, and not defined yet"
                yield say("orchestration-calls-placeholder", host, entry.row.start, message)
    for procedure in scope.library.of_kind("procedure"):
        same = title_key(procedure.lifecycle) == title_key(host.lifecycle) and procedure.phase is not None
        if rows and same and procedure.path not in called and procedure.status not in _GONE:
            message = f"{procedure.title!r} (phase {procedure.phase}) is not called"
            yield say_line("orchestration-missing-call", host, 1, message, "run procauthor sync")
    for path, place in called.items():
        for before in needs(scope, scope.library.by_path[path]):
            if called.get(before.path, -1) > place:
                message = (
                    f"{scope.library.by_path[path].title!r} is called before {before.title!r}, on which it depends"
                )
                yield say("orchestration-order", host, rows[place].row.start, message)


def _declared(procedure: Procedure) -> Iterator[Finding]:
    if procedure.status in ("placeholder", "in progress"):
        line = procedure.document.fields["status"].line
        message = f"declared {procedure.declared_status}, but the text is {procedure.status}"
        yield say_line("status-mismatch", procedure, line, message)
