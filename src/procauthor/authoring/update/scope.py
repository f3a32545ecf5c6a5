"""Which sections an update may touch: what step 1 of the graph decides, and the bound on it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procauthor.authoring.update.outline import FRAME, EditTarget, Outline
from procauthor.template.key import section_key

# Metadata counts as a section of this name.
METADATA = "M"
_SMALL, _SHARE = 3, 0.34
_EVERYWHERE = re.compile(r"\b(?:all|each|every|everywhere|throughout|whole|entire|any)\b", re.IGNORECASE)
_DEFAULT_STEP = 6


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """One section that an update needs to touch, and why."""

    section: str
    change: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ScopeEntry:
        """Read an entry."""
        return cls(str(data["section"]), str(data["change"]))


def sections_of(outline: Outline) -> tuple[str, ...]:
    """Return the ids of everything that can be a scope: metadata, sections and steps, in order."""
    # The title belongs to the document; what stands below it is text like any other.
    held = {place.section for place in outline.places.values()}
    parts = (t.id for t in outline.targets.values() if t.kind in ("section", "step"))
    names = [name for name in parts if name not in FRAME or name in held]
    has_fields = any(t.kind == "field" for t in outline.targets.values())
    return ((METADATA,) if has_fields else ()) + tuple(names)


def allowance(outline: Outline, wish: str) -> int:
    """Return how many sections a wish may need.

    A third of the document, but not less than three; a section that the wish names comes on top; a wish that says
    "all" or "every" may need all of them.
    """
    names = sections_of(outline)
    if _EVERYWHERE.search(wish):
        return len(names)
    words = f" {section_key(wish)} "
    named = sum(f" {section_key(outline.title(name))} " in words for name in names)
    return min(len(names), max(_SMALL, round(len(names) * _SHARE)) + named)


def targets_in(outline: Outline, scope: Sequence[str]) -> tuple[EditTarget, ...]:
    """Return what operations may name within a scope.

    A section allows what stands in it, not what stands in its subsections. A workflow allows to insert and to delete
    steps; what a step says needs the step itself.
    """
    return tuple(target for target in outline.targets.values() if _allows(outline, scope, target))


def _allows(outline: Outline, scope: Sequence[str], target: EditTarget) -> bool:
    if target.id == "M.id":
        return False
    if target.kind == "step":
        return target.id.rpartition(".")[0] in scope
    if target.kind == "section" and target.id in FRAME:
        return False
    if target.kind == "section":
        spec = outline.specs.get(target.id)
        return target.id in scope and (spec is None or spec.kind == "steps" or spec.constraint.optional)
    return target.section in scope


def step_of(outline: Outline, section: str) -> int:
    """Return the authoring step (1 to 6, never 4) that works on a section."""
    if section == METADATA:
        return 1
    name = section
    while name:
        spec = outline.specs.get(name)
        if spec is not None:
            step = spec.constraint.step or _DEFAULT_STEP
            return step if step in (1, 2, 3, 5, 6) else _DEFAULT_STEP
        name = name.rpartition(".")[0]
    return _DEFAULT_STEP
