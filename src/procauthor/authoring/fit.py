"""Facts fitted to the fields that a template has for one item, row or text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from procauthor.template.pattern import Pattern
from procauthor.template.spec import SectionSpec

Facts = dict[str, Any]
"""What is known of one item, by the names that the shipped templates give to its fields, the most telling first."""


def fit_rows(spec: SectionSpec, facts: Sequence[Facts], titles: Collection[str]) -> list[Any]:
    """Return one value for each of the facts; those are left out that need a reference and have none.

    Args:
        spec: The section, or the part of a step.
        facts: What is known, an entry for each item.
        titles: The closed list of titles.
    """
    limit = spec.constraint.maximum or len(facts)
    if spec.kind == "table":
        patterns = [column.pattern for column in spec.columns]
    else:
        patterns = [spec.pattern] if spec.pattern else []
    single = spec.pattern.single if spec.pattern and spec.kind != "table" else None
    if single:
        return [str(each.get(single.name) or ": ".join(_plain(each))) for each in facts[:limit]]
    fitted = [fit(patterns, each, titles) for each in facts[:limit]]
    return [row for row in fitted if row is not None]


def fit(patterns: Sequence[Pattern], facts: Facts, titles: Collection[str]) -> Facts | None:
    """Return one item; None where it needs a reference and there is none to give, or a field that nothing is known of.

    A field takes the fact of its name; one of another name takes the next fact that no field has asked for.
    """
    slots = {slot.name: slot for pattern in patterns for slot in pattern.slots}
    spare = iter([text for name, text in facts.items() if name not in slots and isinstance(text, str) and text])
    row: Facts = {}
    for slot in slots.values():
        value = facts.get(slot.name)
        if slot.reference:
            value = value if value in titles else None
        elif value is None:
            value = next(spare, None)
        if not value and not slot.optional:
            return None
        row[slot.name] = value
    return row


def _plain(facts: Facts) -> list[str]:
    return [value for value in facts.values() if isinstance(value, str)]
