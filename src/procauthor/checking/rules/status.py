"""Declared status against what the text supports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from procauthor.checking.scope import Reach, Rule, Scope, field_line, say_line
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.status import lack_of
from procauthor.procedure import DONE, UNCOUNTED

STATUS_MISMATCH = Rule(
    name="status-mismatch",
    code="T101",
    severity="error",
    summary="The declared status is not what the text supports.",
    why="A status that is typed in proves nothing, and every overview counts on it.",
    fix="Finish the text, or correct the status.",
    example="“status: Defined” above a procedure with three of its eleven sections",
)
OPEN_QUESTION = Rule(
    name="open-question",
    code="T102",
    severity="info",
    summary="A question of the front matter is not answered; an error where the document is declared finished.",
    why="Who works by the document has to decide what its author could not.",
    fix="Answer it with procauthor answer, or by hand: write the answer into the text, and take the question out.",
    example="open_questions: [Which role accepts the result?]",
)
PROPOSAL_OPEN = Rule(
    name="proposal-open",
    code="T103",
    severity="info",
    summary="A proposed value was not accepted yet; an error where the document is declared finished.",
    why="The author could not know the value, and says why this one may be right. Nobody has agreed to it.",
    fix="Accept it with procauthor answer --accept, or answer with another value.",
    example="The owner answers within (proposed: two days; as in the other reviews).",
)
RULES = (STATUS_MISMATCH, OPEN_QUESTION, PROPOSAL_OPEN)
REACH: Reach = "document"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        if procedure.status not in UNCOUNTED:
            yield from _questions(procedure)
        if procedure.template is None or procedure.declared_status not in DONE:
            continue
        lack = (
            lack_of(procedure.document, procedure.template, procedure.conventions.placeholders)
            if procedure.status in ("placeholder", "in progress")
            else ""
        )
        # Questions and proposals are findings of their own.
        if lack:
            message = f"declared {procedure.declared_status}, but the text is {procedure.status}"
            yield say_line(STATUS_MISMATCH, procedure, field_line(procedure, "status"), message, lack)


def _questions(procedure: Procedure) -> Iterator[Finding]:
    """Report what is open. A mark in the text that stands for a text to come is reported as that."""
    for question in procedure.questions:
        if question.kind == "proposal":
            rule, message = PROPOSAL_OPEN, f"nobody has accepted {question.text!r} yet"
        elif question.listed:
            rule, message = OPEN_QUESTION, f"open question {question.number}: {question.text}"
        else:
            continue
        finding = say_line(rule, procedure, question.line, message, question.reason)
        yield replace(finding, severity="error") if procedure.declared_status in DONE else finding
