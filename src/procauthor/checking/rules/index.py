"""Tables of procedures in the Master Procedures Index and in lifecycle READMEs."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.fix import mend
from procauthor.checking.scope import Rule, Scope, say, say_line, title_line
from procauthor.checking.usage import find_document
from procauthor.finding import Finding
from procauthor.library.derive import fill_status, insert_row
from procauthor.library.index import IndexRow, entries, index_of
from procauthor.library.library import Procedure
from procauthor.procedure import DONE, UNCOUNTED

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
RULES = (INDEX_MISSING_ENTRY, INDEX_DEAD_ENTRY, INDEX_STATUS_MISMATCH)
_SYNC = "run 'procauthor sync'"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    index = index_of(scope.library)
    rows = tuple(entries(index)) if index else ()
    if index and rows:
        yield from _unlisted(scope, index, rows)
        yield from _dead(scope, index, rows)
    for host in scope.library.procedures:
        if host.kind in ("index", "readme", "orchestration"):
            for entry in entries(host):
                yield from _status(scope, host, entry)


def _unlisted(scope: Scope, index: Procedure, rows: tuple[IndexRow, ...]) -> Iterator[Finding]:
    linked = {entry.path for entry in rows}
    # A row whose link leads to another document speaks of that one, whatever its title.
    titled = {entry.key for entry in rows if entry.path not in scope.library.by_path}
    for procedure in scope.library.counted:
        if procedure.status not in UNCOUNTED and procedure.path not in linked and procedure.key not in titled:
            message = f"{procedure.title!r} has no row in {index.path!r}"
            finding = say_line(INDEX_MISSING_ENTRY, procedure, title_line(procedure), message, _SYNC)
            yield mend(finding, index, *insert_row(index, procedure))


def _dead(scope: Scope, index: Procedure, rows: tuple[IndexRow, ...]) -> Iterator[Finding]:
    for entry in rows:
        if entry.path and not scope.exists(entry.path):
            message = f"the row {entry.title!r} leads to {entry.path!r}, which does not exist"
            other = scope.library.by_key.get(entry.key, ())
            hint = f"{other[0].path!r} has this title" if len(other) == 1 else ""
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
        yield mend(finding, host, *fill_status(host, entry, document))
