"""One value rendered through the template: an item, the cells of a row, the words of a step's heading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from procauthor.template.pattern import Pattern, Slot
from procauthor.template.render import Cleaner, enclosure, holds_block


def render_pattern(pattern: Pattern, value: Any, clean: Cleaner, *, cell: bool = False, whole: bool = True) -> str:
    """Return one item on one line; where it has a single field, blocks of code stand below it.

    Args:
        pattern: The example of the template.
        value: A string where the pattern has a single field and ``whole`` is set, else a mapping of fields.
        clean: Makes text safe, and knows the links.
        cell: Whether it stands in a table.
        whole: Whether a single field is the item itself.
    """
    single = pattern.single if whole else None
    fields: Mapping[str, Any] = {single.name: value} if single else value
    words = clean.item if single and holds_block(pattern) else clean.inline
    plain = clean.cell if cell else words
    parts = list(pattern.parts)
    out: list[str] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            out.append(part)
            continue
        shown = _slot(part, fields.get(part.name), clean, plain)
        before, after = enclosure(parts, index) if part.optional else ("", "")
        if before:
            out[-1] = out[-1][: -len(before)]
        if after:
            parts[index + 1] = str(parts[index + 1])[len(after) :]
        out.append(f"{before}{shown}{after}" if shown else "")
    return "".join(out).strip()


def _slot(slot: Slot, value: Any, clean: Cleaner, plain: Callable[[object], str]) -> str:
    if value is None or value == "":
        return ""
    return clean.reference(value) if slot.reference else plain(value)
