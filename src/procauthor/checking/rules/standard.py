"""Rules of standards: each is stated once, and what the text refers to exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from procauthor.checking.phrase import series_of
from procauthor.checking.scope import Reach, Rule, Scope, say
from procauthor.finding import Finding
from procauthor.library.contract import RULE_ID, find_rulings
from procauthor.library.library import Procedure
from procauthor.procedure import UNCOUNTED

UNKNOWN_STANDARD_RULE = Rule(
    name="unknown-standard-rule",
    code="R114",
    severity="error",
    summary="A rule is named by an id that no standard states.",
    why="The reader looks for the rule in vain, or takes another one for it.",
    fix="Correct the id, or state the rule in the standard.",
    example="as TST-40 demands, where the Test Standards state TST-01 to TST-18",
)
DUPLICATE_STANDARD_RULE = Rule(
    name="duplicate-standard-rule",
    code="R115",
    severity="error",
    summary="Two rules of standards have the same id.",
    why="A reference by id means either.",
    fix="Give the later one another id.",
    example="“- **TST-04 Names**” and, further down, “- **TST-04 Data**”",
)
RULES = (UNKNOWN_STANDARD_RULE, DUPLICATE_STANDARD_RULE)
REACH: Reach = "neighbours"

_REFERENCE = re.compile(rf"(?<![\w./#&=-])({RULE_ID})(?![\w-]|\.\d|/\w)")


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        if procedure.kind == "standard" and procedure.status not in UNCOUNTED:
            yield from _doubles(scope, procedure)
        if scope.rule_series and procedure.template is not None and procedure.status not in UNCOUNTED:
            yield from _unknown(scope, procedure)


# Unknown rules


def _unknown(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    for name, at in _references(scope, procedure):
        known = scope.rule_series.get(series_of(name))
        if known and name not in known.ids:
            ids = sorted(known.ids)
            hint = f"{known.path!r} states {ids[0]} to {ids[-1]}"
            yield say(UNKNOWN_STANDARD_RULE, procedure, at, f"no standard states a rule {name!r}", hint)


def _references(scope: Scope, procedure: Procedure) -> Iterator[tuple[str, int]]:
    """Yield the ids in running text, and in texts of links to a standard, with their places."""
    for passage in scope.mentions(procedure):
        for match in _REFERENCE.finditer(passage.text):
            yield match[1], passage.offset(match.start())
    for link, target in scope.links[procedure.path]:
        document = scope.library.by_path.get(target.path or "")
        if document is not None and document.kind == "standard":
            yield from ((match[1], link.start) for match in _REFERENCE.finditer(link.text))


# Rules that are stated twice


def _doubles(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    if not procedure.stated_rules:
        return
    seen: dict[tuple[str, str], int] = {}
    others = _owners(scope, procedure)
    for ruling in find_rulings(procedure.document):
        if not ruling.stated:
            continue
        before = seen.setdefault((ruling.id, ruling.form), ruling.start)
        message = ""
        if before != ruling.start:
            message = f"the id {ruling.id!r} belongs to the rule in line {procedure.source.line(before)} already"
        elif ruling.id in others:
            message = f"the id {ruling.id!r} belongs to a rule in {others[ruling.id]!r} already"
        if message:
            yield say(DUPLICATE_STANDARD_RULE, procedure, ruling.start, message)


def _owners(scope: Scope, procedure: Procedure) -> dict[str, str]:
    """Return which standard before this one, by path, states a rule of an id."""
    found: dict[str, str] = {}
    for standard in scope.library.of_kind("standard"):
        if standard.path < procedure.path and standard.status not in UNCOUNTED:
            for name in standard.stated_rules:
                found.setdefault(name, standard.path)
    return found
