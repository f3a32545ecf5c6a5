"""Marked gaps: what stands in a draft where nothing is known, so that nobody takes it for text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from procauthor.library.question import OPEN
from procauthor.template.pattern import Pattern, Slot
from procauthor.template.spec import SectionSpec, Template

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
    slots = {slot.name: slot for pattern in patterns for slot in pattern.slots}
    if any(slot.reference and not slot.optional for slot in slots.values()) and titles:
        return None
    texts = [slot for slot in slots.values() if not slot.reference]
    row: dict[str, Any] = {slot.name: None for slot in slots.values() if slot.reference}
    row |= {slot.name: gap_words(slot) if slot is texts[0] else OPEN for slot in texts}
    return row or None


def lacks(template: Template, fields: Mapping[str, Any]) -> bool:
    """Say whether a section stays empty that should hold something: a reference that nobody can choose."""
    return any(
        not fields.get(spec.name) and not spec.constraint.none and spec.constraint.minimum
        for spec in template.required
        if spec.kind != "group"
    )


def holds_gap(value: Any) -> bool:
    """Say whether a field, or anything in it, is marked as a gap."""
    if isinstance(value, str):
        return value.startswith(TO_DO)
    if isinstance(value, Mapping):
        return any(map(holds_gap, value.values()))
    return isinstance(value, Sequence) and any(map(holds_gap, value))
