"""Facts fitted to the fields that a template has, and marked gaps for what nothing is known of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any

from procauthor.library.status import OPEN
from procauthor.template.spec import Pattern, SectionSpec, Slot

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
    slots = _slots(patterns)
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


def _slots(patterns: Sequence[Pattern]) -> dict[str, Slot]:
    return {slot.name: slot for slot in chain.from_iterable(pattern.slots for pattern in patterns)}


def _plain(facts: Facts) -> list[str]:
    return [value for value in facts.values() if isinstance(value, str)]


TO_DO = "TODO"
"""The word that marks a gap; the check reports it, and a document with one is in progress."""


def gap_text(spec: SectionSpec) -> str:
    """Return the mark of a text that nothing is known for, with the words of the template that say what it wants."""
    slot = spec.pattern.single if spec.pattern else None
    return gap_words(slot) if slot else TO_DO


def gap_words(slot: Slot) -> str:
    """Return the mark of a field, with what the template says of it on one line."""
    hint = " ".join(slot.hint.split())
    return f"{TO_DO}: {hint}" if hint else f"{TO_DO} {slot.name.replace('_', ' ')}"


def gap_rows(spec: SectionSpec, titles: Collection[str], count: int = 0) -> list[Any]:
    """Return as many marked entries as the template asks for, one at least; none where each needs a reference."""
    wanted = count or max(1, spec.constraint.minimum)
    if spec.kind != "table" and spec.pattern and spec.pattern.single:
        return [gap_words(spec.pattern.single)] * wanted
    patterns = [column.pattern for column in spec.columns] or ([spec.pattern] if spec.pattern else [])
    row = gap_fields(patterns, titles)
    return [row] * wanted if row else []


def gap_fields(patterns: Sequence[Pattern], titles: Collection[str]) -> dict[str, Any] | None:
    """Return an item whose first field is marked, and the others left open; None where it cannot do without a title."""
    slots = _slots(patterns)
    if any(slot.reference and not slot.optional for slot in slots.values()) and titles:
        return None
    texts = [slot for slot in slots.values() if not slot.reference]
    row: dict[str, Any] = {slot.name: None for slot in slots.values() if slot.reference}
    row |= {slot.name: gap_words(slot) if slot is texts[0] else OPEN for slot in texts}
    return row or None


def holds_gap(value: Any) -> bool:
    """Say whether a field, or anything in it, is marked as a gap."""
    if isinstance(value, str):
        return value.startswith(TO_DO)
    if isinstance(value, Mapping):
        return any(map(holds_gap, value.values()))
    return isinstance(value, Sequence) and any(map(holds_gap, value))
