"""All rules there are, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain
from types import MappingProxyType

from procauthor.checking.rules.contract import CONTRACTS, INDEX, ORCHESTRATIONS, REFERENCES
from procauthor.checking.rules.link import LABELS, LINKS
from procauthor.checking.rules.name import NAMES, ROLES, STANDARDS, TITLES
from procauthor.checking.rules.safety import SAFETY
from procauthor.checking.rules.status import CLAIMS, REVIEWS, STATUS, SUPPRESSIONS
from procauthor.checking.rules.step import FLOW, STEPS
from procauthor.checking.rules.structure import BOUNDS, READING, STRUCTURE, TEMPLATES
from procauthor.checking.scope import Family, Reach, Rule
from procauthor.errors import ConfigError

__all__ = ["FAMILIES", "RULES", "Rule", "closest_rule", "find_rule", "find_rules"]

FAMILIES = (
    STRUCTURE,
    BOUNDS,
    READING,
    SAFETY,
    STATUS,
    CLAIMS,
    STEPS,
    FLOW,
    CONTRACTS,
    LINKS,
    LABELS,
    NAMES,
    REFERENCES,
    ROLES,
    TITLES,
    STANDARDS,
    INDEX,
    ORCHESTRATIONS,
    REVIEWS,
    TEMPLATES,
    SUPPRESSIONS,
)
RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.name: rule for rule in chain.from_iterable(family.rules for family in FAMILIES)}
)
RULE_WORDS: Mapping[str, Rule] = MappingProxyType({**RULES, **{rule.code.lower(): rule for rule in RULES.values()}})
"""All rules by their names, and by their codes in small letters."""


def families_of(reach: Reach) -> tuple[Family, ...]:
    """Return the families whose findings depend on so much."""
    return tuple(family for family in FAMILIES if family.reach == reach)


def look_at_one(rules: Iterable[str]) -> bool:
    """Say whether rules, by name, look at one document without the others."""
    wanted = frozenset(rules)
    return all(family.reach == "document" for family in FAMILIES if any(r.name in wanted for r in family.rules))


def find_rule(name_or_code: str) -> Rule:
    """Return the rule of that name or code.

    Raises:
        ConfigError: There is none; the hint names the nearest.
    """
    wanted = name_or_code.strip().lower()
    if wanted in RULE_WORDS:
        return RULE_WORDS[wanted]
    close = closest_rule(wanted)
    message = f"no rule {name_or_code!r}"
    raise ConfigError(message, f"did you mean {close!r}?" if close else "known rules: " + ", ".join(RULES))


def find_rules(words: Iterable[str]) -> Iterator[Rule]:
    """Yield the rules of names, codes and beginnings of codes, each word perhaps several with commas between.

    ``R`` gives all rules whose code begins with R, ``R10`` those from R100 to R109.

    Raises:
        ConfigError: A word fits no rule; the hint names the nearest.
    """
    for word in filter(None, map(str.strip, ",".join(words).split(","))):
        begun = [rule for rule in RULES.values() if rule.code.startswith(word.upper())]
        yield from begun or [find_rule(word)]


def closest_rule(word: str) -> str:
    """Return the name of a rule that is spelt nearly like the word, or nothing."""
    close = get_close_matches(word.strip().lower(), list(RULES), n=1)
    return close[0] if close else ""
