"""One line of an example with its fields: ``- **{artifact}**: {description} (From: [{provider?}](procedure))``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from procauthor.template.key import identifier

_SLOT = re.compile(
    r"\[\{(?P<ref>\w+)(?P<refopt>\?)?\}\]\(procedure\)|\{(?P<name>[^{}\n]+?)(?P<opt>\?)?\}",
)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of an example. ``hint`` holds the words in braces where they are no bare name."""

    name: str
    hint: str = ""
    optional: bool = False
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """Literal text and slots in order. ``start`` and ``end`` of an optional group bracket what goes with its slot."""

    parts: tuple[str | Slot, ...]
    text: str

    def __hash__(self) -> int:
        # What reads items is looked up by it, once for each of them.
        return hash(self.text)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The fields, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def single(self) -> Slot | None:
        """The only field, if the pattern has one and it is no reference: then an item is a plain string."""
        slots = self.slots
        return slots[0] if len(slots) == 1 and not slots[0].reference else None

    @property
    def main(self) -> Slot | None:
        """The only field that must be filled, where others may stay empty: then its text alone says it all."""
        needed = [slot for slot in self.slots if not slot.optional]
        return needed[0] if len(needed) == 1 < len(self.slots) and not needed[0].reference else None


def parse_pattern(text: str, fallback: str = "text") -> Pattern:
    """Split an example line into literals and slots.

    An example without any slot is taken as words that say what to write: one field named ``fallback``.
    """
    parts: list[str | Slot] = []
    position = 0
    for match in _SLOT.finditer(text):
        if match.start() > position:
            parts.append(text[position : match.start()])
        parts.append(_slot(match, fallback))
        position = match.end()
    if position < len(text):
        parts.append(text[position:])
    if not any(isinstance(part, Slot) for part in parts):
        return Pattern((Slot(fallback, hint=text.strip()),), text)
    return Pattern(tuple(parts), text)


def _slot(match: re.Match[str], fallback: str) -> Slot:
    if match["ref"]:
        return Slot(identifier(match["ref"].lower(), "reference"), optional=bool(match["refopt"]), reference=True)
    words = match["name"]
    if _IDENTIFIER.fullmatch(words):
        return Slot(identifier(words, fallback), optional=bool(match["opt"]))
    return Slot(fallback, hint=words, optional=bool(match["opt"]))


def holds_block(pattern: Pattern) -> bool:
    """Say whether an item may have blocks below it: nothing is written behind its words."""
    return pattern.single is not None and pattern.parts[-1] is pattern.single
