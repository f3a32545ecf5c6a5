"""All rules there are, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType, ModuleType

from procauthor.checking.rules import (
    bound,
    claim,
    contract,
    flow,
    index,
    label,
    link,
    name,
    orchestration,
    reading,
    reference,
    review,
    role,
    safety,
    standard,
    status,
    step,
    structure,
    suppression,
    template,
    title,
)
from procauthor.checking.scope import Reach, Rule, Scope
from procauthor.errors import ConfigError
from procauthor.finding import Finding

__all__ = ["FAMILIES", "RULES", "Rule", "closest_rule", "find_rule", "find_rules"]

FAMILIES = (
    structure,
    bound,
    reading,
    safety,
    status,
    claim,
    step,
    flow,
    contract,
    link,
    label,
    name,
    reference,
    role,
    title,
    standard,
    index,
    orchestration,
    review,
    template,
    suppression,
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for family in FAMILIES for rule in family.RULES})


def reach(family: ModuleType) -> Reach:
    """Return what the findings of a family depend on."""
    found: Reach = getattr(family, "REACH", "library")
    return found


def look_at_one(rules: Iterable[str]) -> bool:
    """Say whether rules, by name, look at one document without the others."""
    wanted = frozenset(rules)
    return all(reach(family) == "document" for family in FAMILIES if any(rule.name in wanted for rule in family.RULES))


def run_family(family: ModuleType, scope: Scope) -> Iterator[Finding]:
    """Yield the findings of a family on the documents under report, and those on the library."""
    yield from family.check(scope)
    if hasattr(family, "check_library"):
        yield from family.check_library(scope)


def find_rule(name_or_code: str) -> Rule:
    """Return the rule of that name or code.

    Raises:
        ConfigError: There is none; the hint names the nearest.
    """
    wanted = name_or_code.strip().lower()
    for rule in RULES.values():
        if wanted in (rule.name, rule.code.lower()):
            return rule
    close = closest_rule(wanted)
    message = f"no rule {name_or_code!r}"
    raise ConfigError(message, f"did you mean {close!r}?" if close else "known rules: " + ", ".join(RULES))


def find_rules(words: Iterable[str]) -> Iterator[Rule]:
    """Yield the rules of names, codes and beginnings of codes, each word perhaps several with commas between.

    ``R`` gives all rules whose code begins with R, ``R10`` those from R100 to R109.

    Raises:
        ConfigError: A word fits no rule; the hint names the nearest.
    """
    for word in (part.strip() for text in words for part in text.split(",") if part.strip()):
        begun = [rule for rule in RULES.values() if rule.code.startswith(word.upper())]
        yield from begun or [find_rule(word)]


def closest_rule(word: str) -> str:
    """Return the name of a rule that is spelt nearly like the word, or nothing."""
    close = get_close_matches(word.strip().lower(), list(RULES), n=1)
    return close[0] if close else ""
