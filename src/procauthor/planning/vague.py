"""Names that name no procedure: "All PR review procedures", "Other PR Lifecycle procedures"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from procauthor.naming import title_key
from procauthor.planning.plan import PlanItem
from procauthor.planning.value import read_priority

UNDECIDED = re.compile(
    r"^(?:tbd|to be (?:determined|decided|confirmed)|unknown|unclear|various|\?+)(?!\w)", re.IGNORECASE
)
_EVERY = re.compile(r"\b(previous|prior|preceding|earlier|above|subsequent|later|following)\b", re.IGNORECASE)
_PHASE = re.compile(r"\bphase\s*(\d+)", re.IGNORECASE)
_PRIORITY = re.compile(r"\bP\d\b", re.IGNORECASE)


def read_vague(text: str, item: PlanItem, items: Sequence[PlanItem], *, behind: bool = False) -> list[int]:
    """Return the numbers of the items that a vague name is read as: only lower ones, or with ``behind`` higher ones.

    A lifecycle, phase or priority in the name narrows them down; a name without any means the item's own lifecycle.
    """
    if UNDECIDED.match(text):
        return []
    near = [i for i in items if (i.number > item.number if behind else i.number < item.number)]
    phase, priority = _PHASE.search(text), _PRIORITY.search(text)
    names = {name for name in {i.lifecycle for i in items} if name and _names(text, name)}
    if phase:
        near = [i for i in near if str(i.phase) == phase[1]]
    if priority:
        near = [i for i in near if i.priority == read_priority(text)]
    if names or not (priority or _EVERY.search(text)):
        near = [i for i in near if i.lifecycle in (names or {item.lifecycle})]
    return sorted({i.number for i in near})


def _names(text: str, lifecycle: str) -> bool:
    return f" {title_key(lifecycle)} " in f" {title_key(text)} "
