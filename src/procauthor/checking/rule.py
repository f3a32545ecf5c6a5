"""All rules there are, by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from procauthor.checking.definition import Rule
from procauthor.checking.rules import (
    contract,
    index,
    label,
    link,
    name,
    orchestration,
    reference,
    safety,
    status,
    step,
    structure,
)
from procauthor.errors import ConfigError

__all__ = ["FAMILIES", "RULES", "Rule", "find_rule"]

FAMILIES = (structure, safety, status, step, contract, link, label, name, reference, index, orchestration)
RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for family in FAMILIES for rule in family.RULES})


def find_rule(name_or_code: str) -> Rule:
    """Return the rule of that name or code.

    Raises:
        ConfigError: There is none; the hint names the nearest.
    """
    wanted = name_or_code.strip().lower()
    for rule in RULES.values():
        if wanted in (rule.name, rule.code.lower()):
            return rule
    close = get_close_matches(wanted, list(RULES), n=1)
    message = f"no rule {name_or_code!r}"
    raise ConfigError(message, f"did you mean {close[0]!r}?" if close else "known rules: " + ", ".join(RULES))
