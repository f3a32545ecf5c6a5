"""Applies the suppressions in documents to findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from procauthor.checking.directive import Directive
from procauthor.checking.rule import closest_rule, find_rule
from procauthor.checking.rules.suppression import RULES, UNUSED_SUPPRESSION
from procauthor.checking.scope import say
from procauthor.errors import ConfigError
from procauthor.finding import Finding
from procauthor.library.receipt import today

_OWN = frozenset(rule.name for rule in RULES)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Findings that stay, those that are hidden, and the names of the rules that each directive hides, by its place."""

    kept: tuple[Finding, ...]
    hidden: tuple[Finding, ...]
    used: Mapping[tuple[str, int], Collection[str]]


def named_rules(directives: Sequence[Directive]) -> frozenset[str]:
    """Return the names of the rules that valid directives speak of."""
    found = {_rule_name(word) for directive in directives if directive.valid for word in directive.rules}
    return frozenset(name for name in found if name)


def suppress(findings: Sequence[Finding], directives: Sequence[Directive]) -> Suppressed:
    """Hide the findings that a directive covers; what is said of suppressions themselves is never hidden."""
    kept: list[Finding] = []
    hidden: list[Finding] = []
    by_path: dict[str, list[tuple[Directive, frozenset[str]]]] = {}
    day = today()
    for directive in directives:
        if directive.valid and not directive.expired(day):
            names = frozenset(filter(None, map(_rule_name, directive.rules)))
            by_path.setdefault(directive.procedure.path, []).append((directive, names - _OWN))
    used: dict[tuple[str, int], set[str]] = {}
    for finding in findings:
        covering = [
            directive
            for directive, names in by_path.get(finding.path, ())
            if finding.rule in names and directive.covers(finding.path, finding.line)
        ]
        for directive in covering:
            used.setdefault(directive.place, set()).add(finding.rule)
        (hidden if covering else kept).append(finding)
    return Suppressed(tuple(kept), tuple(hidden), used)


def find_unused(directives: Sequence[Directive], suppressed: Suppressed, ran: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each rule that a directive ignores in vain; a rule that did not run cannot tell."""
    for directive in directives:
        if not directive.valid:
            continue
        if directive.expired(today()):
            message = f"the exception for {', '.join(directive.rules)} counted until {directive.until}"
            hint = "fix what it hid, or write a later day"
            yield say(UNUSED_SUPPRESSION, directive.procedure, directive.comment.start, message, hint)
            continue
        hidden = suppressed.used.get(directive.place, ())
        for word in directive.rules:
            name = _rule_name(word)
            start = directive.comment.start
            if not name:
                close = closest_rule(word)
                hint = f"did you mean {close!r}?" if close else ""
                yield say(UNUSED_SUPPRESSION, directive.procedure, start, f"no rule is called {word!r}", hint)
            elif name in _OWN:
                message = f"{name} cannot be ignored"
                yield say(UNUSED_SUPPRESSION, directive.procedure, start, message)
            elif name in ran and name not in hidden:
                message = f"{name} finds nothing here to ignore"
                yield say(UNUSED_SUPPRESSION, directive.procedure, start, message, "remove the comment")


def _rule_name(word: str) -> str:
    try:
        return find_rule(word).name
    except ConfigError:
        return ""
