"""One value in the form of its example: an item, the cells of a row, the words of a step's heading; and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from procauthor.template.clean import Cleaner
from procauthor.template.pattern import Pattern, Slot, holds_block

_REFERENCE = r"(?:\[(?P<{0}_linked>[^\]]+)\]\([^)\s]+\)|(?P<{0}_said>.+?) \*\(announced\)\*)"
_SEPARATORS = ("; ", ", ")


@dataclass(frozen=True, slots=True)
class SlotGroup:
    """A field with the words around it that go where it goes: `` (From: `` and ``)``."""

    slot: Slot
    before: str = ""
    after: str = ""


@lru_cache(maxsize=512)
def groups_of(pattern: Pattern) -> tuple[str | SlotGroup, ...]:
    """Return the words and fields of an example; an optional field takes along what is there for it alone."""
    parts = list(pattern.parts)
    found: list[str | SlotGroup] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            found.append(part)
            continue
        words = found[-1] if found else ""
        behind = parts[index + 1] if index + 1 < len(parts) else ""
        before, after = _around(words, behind) if part.optional else ("", "")
        if before:
            found[-1] = str(words)[: -len(before)]
        if after:
            parts[index + 1] = str(behind)[len(after) :]
        found.append(SlotGroup(part, before, after))
    return tuple(found)


def _around(before: object, after: object) -> tuple[str, str]:
    """Return the words that go with a field: the brackets around it, else all from the last comma or semicolon on."""
    if not isinstance(before, str) or not isinstance(after, str):
        return "", ""
    opened, closed = before.rfind(" ("), after.find(")")
    if opened != -1 and closed != -1:
        return before[opened:], after[: closed + 1]
    cut = max(before.rfind(mark) for mark in _SEPARATORS)
    return (before[cut:], "") if cut != -1 else ("", "")


def render_pattern(pattern: Pattern, value: Any, clean: Cleaner, *, cell: bool = False, whole: bool = True) -> str:
    """Return one item on one line; where it has a single field, blocks stand below it.

    Args:
        pattern: The example of the template.
        value: A mapping of fields; a string where one field must be filled and no other is. With a single field and
            ``whole``, always a string.
        clean: Makes text safe, and knows the links.
        cell: Whether it stands in a table.
        whole: Whether a single field is the item itself.
    """
    single = pattern.single if whole else None
    main = single or (pattern.main if isinstance(value, str) else None)
    fields: Mapping[str, Any] = {main.name: value} if main else value
    words = clean.item if single and holds_block(pattern) else clean.inline
    plain = clean.cell if cell else words
    shown = (_shown(part, fields, clean, plain) for part in groups_of(pattern))
    return "".join(shown).strip()


def _shown(part: str | SlotGroup, fields: Mapping[str, Any], clean: Cleaner, plain: Callable[[object], str]) -> str:
    if isinstance(part, str):
        return part
    value = fields.get(part.slot.name)
    if value is None or value == "":
        return ""
    return part.before + (clean.reference(value) if part.slot.reference else plain(value)) + part.after


# And back


@lru_cache(maxsize=512)
def _regex(pattern: Pattern) -> re.Pattern[str]:
    taken: set[str] = set()
    return re.compile("".join(_source(part, taken) for part in groups_of(pattern)), re.DOTALL)


def _source(part: str | SlotGroup, taken: set[str]) -> str:
    if isinstance(part, str):
        return re.escape(part)
    slot = part.slot
    named = _REFERENCE.format(slot.name) if slot.reference else f"(?P<{slot.name}>.+?)"
    # A field that stands twice says the same twice, however it is written.
    inner = re.escape(part.before) + (".+?" if slot.name in taken else named) + re.escape(part.after)
    taken.add(slot.name)
    return f"(?:{inner})?" if slot.optional else inner


def read_pattern(pattern: Pattern, text: str) -> dict[str, str | None] | None:
    """Return the fields of one item by name, None for an optional one that is not there; None where it does not fit.

    Args:
        pattern: The example of the template.
        text: The item without its marker.
    """
    match = _regex(pattern).fullmatch(text)
    return None if match is None else dict(_values(pattern, match))


def _values(pattern: Pattern, match: re.Match[str]) -> Iterator[tuple[str, str | None]]:
    for slot in pattern.slots:
        yield (
            slot.name,
            match[f"{slot.name}_linked"] or match[f"{slot.name}_said"] if slot.reference else match[slot.name],
        )
