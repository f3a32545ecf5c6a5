"""Runs the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from procauthor.checking.rule import FAMILIES, RULES, find_rule
from procauthor.checking.scope import ROOT, Scope
from procauthor.finding import Finding, Report, Severity
from procauthor.library.index import missing_titles
from procauthor.library.library import Library
from procauthor.settings import Settings


def check(  # noqa: PLR0913 - each narrows or widens what is reported
    library: Library,
    *,
    settings: Settings,
    announced: Collection[str] = (),
    paths: Collection[str] | None = None,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Report:
    """Check a library with all rules.

    Args:
        library: What is checked.
        settings: Severities by rule, templates, and how anchors are made.
        announced: Keys of titles that a plan announces; what the index announces counts by itself.
        paths: Report only on these documents; the rules still see all.
        select: Only these rules, by name or code; empty for all.
        ignore: Not these.

    Raises:
        ConfigError: A rule's name is not known.
    """
    wanted = {find_rule(name).name for name in select} or set(RULES)
    wanted -= {find_rule(name).name for name in ignore}
    levels = {find_rule(name).name: level for name, level in settings.rules.items()}
    wanted -= {name for name, level in levels.items() if level == "off"}
    severities: dict[str, Severity] = {name: level for name, level in levels.items() if level != "off"}
    scope = Scope(library, frozenset(announced) | frozenset(missing_titles(library)), settings)
    shown = None if paths is None else {*paths, ROOT}
    found = (
        replace(each, severity=severities.get(each.rule, each.severity))
        for each in _findings(scope, wanted)
        if shown is None or each.path in shown
    )
    return Report.of(found, documents=len(library.procedures) + len(library.unread), procedures=len(library.counted))


def _findings(scope: Scope, wanted: Collection[str]) -> Iterator[Finding]:
    """Run the families that hold a wanted rule."""
    for family in FAMILIES:
        if any(rule.name in wanted for rule in family.RULES):
            yield from (finding for finding in family.check(scope) if finding.rule in wanted)
