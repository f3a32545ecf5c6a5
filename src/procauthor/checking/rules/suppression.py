"""Suppressions in documents: each says why, and each is still needed."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.directive import read_directives
from procauthor.checking.scope import Reach, Rule, Scope, say
from procauthor.finding import Finding

SUPPRESSION_WITHOUT_REASON = Rule(
    name="suppression-without-reason",
    code="U101",
    severity="warning",
    summary="A comment that ignores a rule does not say why; it does not count.",
    why="Nobody can decide later whether the exception still holds, so exceptions pile up.",
    fix="Write the reason behind two dashes, in the same comment.",
    example="<!-- procauthor: ignore broken-link -->",
)
UNUSED_SUPPRESSION = Rule(
    name="unused-suppression",
    code="U102",
    severity="warning",
    summary="A comment ignores a rule that finds nothing there, or its last day is over.",
    why="It would hide the next finding, which nobody has excused.",
    fix="Remove the comment, or correct the rule's name or the day.",
    example="<!-- procauthor: ignore broken-link -- the page is made at night --> above a link that leads somewhere",
)
RULES = (SUPPRESSION_WITHOUT_REASON, UNUSED_SUPPRESSION)
REACH: Reach = "document"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield what can be said of a suppression by itself; whether it is used shows when all rules have run."""
    for directive in read_directives(scope.subjects):
        start = directive.comment.start
        if not directive.rules:
            message = "the suppression names no rule"
            hint = "for example: <!-- procauthor: ignore broken-link -- the page is made at night -->"
            yield say(UNUSED_SUPPRESSION, directive.procedure, start, message, hint)
        elif not directive.reason:
            names = ", ".join(directive.rules)
            message = f"no reason is given to ignore {names}"
            hint = f"write: procauthor: {directive.reach} {names} -- why"
            yield say(SUPPRESSION_WITHOUT_REASON, directive.procedure, start, message, hint)
