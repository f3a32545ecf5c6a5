"""What cannot be relied on, because it is not read: conflicts, and notations of other programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from procauthor.checking.scope import Reach, Rule, Scope, say
from procauthor.convention.site import rules_of
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.markdown.foreign import Foreign, Notation, find_conflict, find_foreign

CONFLICT_MARKER = Rule(
    name="conflict-marker",
    code="L105",
    severity="error",
    summary="A merge conflict is not resolved.",
    why="The document says two things at once. No command writes into it, and nobody can approve it.",
    fix="Decide what counts, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>.",
    example="<<<<<<< HEAD",
)
NOT_UNDERSTOOD = Rule(
    name="not-understood",
    code="L106",
    severity="warning",
    summary="A document holds something that is not read.",
    why="No other rule has seen it: a link of that kind may be broken, and a rename does not change it.",
    fix="Write it in plain Markdown, or turn the rule off if another program looks after it.",
    example="[[test-plan]], {% include steps.md %}, or front matter that gives the status twice",
)
RULES = (CONFLICT_MARKER, NOT_UNDERSTOOD)
REACH: Reach = "document"
_ONE: dict[Notation, str] = {
    "wiki link": "a wiki link",
    "include": "an include",
    "shortcode": "a shortcode",
    "footnote": "a footnote",
}
_HINTS: dict[Notation, str] = {
    "wiki link": "write [text](path.md): only such links are checked, and follow a rename",
    "include": "the text that it brings in is not checked here",
    "shortcode": "what it shows is not checked",
    "footnote": "no footnote of that name is defined",
}
# Here nothing is at stake that another rule would look after.
_HARMLESS = frozenset({"shortcode", "footnote"})


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        conflict = find_conflict(procedure.document)
        if conflict is not None:
            yield say(CONFLICT_MARKER, procedure, conflict, "a merge conflict is not resolved")
        for problem in procedure.document.problems:
            if problem.kind == "duplicate-key":
                yield say(NOT_UNDERSTOOD, procedure, problem.start, problem.message, "keep one of them")
        for foreign in find_foreign(procedure.document):
            yield _foreign(procedure, foreign)


def _foreign(procedure: Procedure, foreign: Foreign) -> Finding:
    notation = foreign.notation
    message = f"{_ONE[notation]} is not read" if foreign.count == 1 else f"{foreign.count} {notation}s are not read"
    finding = say(NOT_UNDERSTOOD, procedure, foreign.start, message, _HINTS[notation])
    filled = notation == "include" and rules_of(procedure.conventions.site).pages
    return replace(finding, severity="info") if filled or notation in _HARMLESS else finding
