"""Runs the rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from procauthor.checking.rule import find_rule
from procauthor.checking.rules import contract, index, reference, step, structure
from procauthor.checking.scope import Scope
from procauthor.finding import Finding, Report
from procauthor.library.index import missing_titles
from procauthor.library.library import Library
from procauthor.settings import Settings

_FAMILIES: tuple[Callable[[Scope], Iterator[Finding]], ...] = (
    structure.check,
    step.check,
    reference.check,
    contract.check,
    index.check,
)


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
        settings: Severities by rule.
        announced: Keys of titles that a plan announces; what the index announces counts by itself.
        paths: Report only on these documents; the rules still see all.
        select: Only these rules, by name or code.
        ignore: Not these.

    Raises:
        ConfigError: A rule's name is not known.
    """
    chosen = {find_rule(name).name for name in select}
    left_out = {find_rule(name).name for name in ignore}
    severities = {find_rule(name).name: severity for name, severity in settings.rules.items()}
    scope = Scope(library, frozenset(announced) | frozenset(missing_titles(library)))
    found = []
    for finding in (f for family in _FAMILIES for f in family(scope)):
        severity = severities.get(finding.rule, finding.severity)
        wanted = (not chosen or finding.rule in chosen) and finding.rule not in left_out
        if severity != "off" and wanted and (paths is None or finding.path in paths or finding.path == "."):
            found.append(replace(finding, severity=severity))
    return Report.of(
        found,
        documents=len(library.procedures) + len(library.unread),
        procedures=len(library.counted),
    )
