"""Declared status against what the text supports."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.definition import Reach, Rule
from procauthor.checking.scope import Scope, field_line, say_line
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.placeholder import find_placeholders, find_template_text
from procauthor.library.status import match_sections

STATUS_MISMATCH = Rule(
    name="status-mismatch",
    code="T101",
    severity="error",
    summary="The declared status is not what the text supports.",
    why="A status that is typed in proves nothing, and every overview counts on it.",
    fix="Finish the text, or correct the status.",
    example="“status: Defined” above a procedure with three of its eleven sections",
)
RULES = (STATUS_MISMATCH,)
REACH: Reach = "document"
_CLAIMS = frozenset({"defined", "approved"})


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        if procedure.template is None or procedure.declared_status not in _CLAIMS:
            continue
        if procedure.status in ("placeholder", "in progress"):
            message = f"declared {procedure.declared_status}, but the text is {procedure.status}"
            yield say_line(STATUS_MISMATCH, procedure, field_line(procedure, "status"), message, _lack(procedure))


def _lack(procedure: Procedure) -> str:
    """Say what stands between the text and its status."""
    assert procedure.template is not None
    match = match_sections(procedure.document, procedure.template)
    empty = [s.heading for s in match.empty if not s.constraint.optional]
    found = []
    if match.missing:
        found.append("missing: " + ", ".join(s.heading for s in match.missing))
    if empty:
        found.append("empty: " + ", ".join(empty))
    words = procedure.conventions.placeholders
    leftovers = find_placeholders(procedure.document, words)
    if any(leftovers) or any(find_template_text(procedure.document, procedure.template)):
        found.append("words that stand for a text to come")
    return "; ".join(found)
