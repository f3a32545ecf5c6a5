"""Names that name no procedure: "All PR review procedures", "Other PR Lifecycle procedures"."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from procauthor.naming import listed, title_key
from procauthor.planning.plan import PlanItem, Priority
from procauthor.planning.value import PRIORITY_CODE, read_lifecycle, read_priority
from procauthor.planning.words import pattern

# Of a long plan, a name without an end is read as the nearest items alone, so that all names together stay bounded.
_MOST_PAIRS = 100_000
_FEWEST = 20


class Vague:
    """Reads vague names against the items of one plan."""

    def __init__(self, items: Sequence[PlanItem]) -> None:
        self._items = sorted(items, key=lambda item: item.number)
        self._lifecycles = {item.lifecycle for item in items if item.lifecycle}
        self._most = max(_FEWEST, _MOST_PAIRS // max(1, len(items)))
        self._kinds: dict[tuple[frozenset[str] | None, str, Priority | None], list[int]] = {}

    def read(self, text: str, item: PlanItem, *, behind: bool = False) -> list[int]:
        """Return the numbers of the items that a name is read as: only lower ones, or with ``behind`` higher ones.

        A lifecycle, phase or priority in the name narrows them down; a name without any means the item's own lifecycle.
        """
        if pattern("undecided", r"^(?:{}|\?+)(?!\w)").match(text):
            return []
        phase = read_lifecycle(text)[1]
        priority = read_priority(text) if PRIORITY_CODE.search(text) else None
        names = frozenset(name for name in self._lifecycles if f" {title_key(name)} " in f" {title_key(text)} ")
        if not names and (priority or pattern("order").search(text)):
            found = self._kind(None, str(phase or ""), priority)
        else:
            found = self._kind(names or frozenset({item.lifecycle}), str(phase or ""), priority)
        if behind:
            first = bisect_right(found, item.number)
            return found[first : first + self._most]
        last = bisect_left(found, item.number)
        return found[max(0, last - self._most) : last]

    def _kind(self, lifecycles: frozenset[str] | None, phase: str, priority: Priority | None) -> list[int]:
        """Return the numbers of the items of some lifecycles, of a phase and of a priority, where these are given."""
        key = lifecycles, phase, priority
        if key not in self._kinds:
            fitting = (i for i in self._items if lifecycles is None or i.lifecycle in lifecycles)
            fitting = (i for i in fitting if not phase or str(i.phase) == phase)
            self._kinds[key] = sorted({i.number for i in fitting if priority in (None, i.priority)})
        return self._kinds[key]


def spell_numbers(numbers: Sequence[int]) -> str:
    """Return "items 1 and 2", and of many "43 items from 1 to 60"."""
    if len(numbers) > _FEWEST:
        return f"{len(numbers)} items from {numbers[0]} to {numbers[-1]}"
    names = listed([str(number) for number in numbers], most=_FEWEST)
    return f"item{'s' * (len(numbers) > 1)} {names}" if numbers else "no item of this plan"
