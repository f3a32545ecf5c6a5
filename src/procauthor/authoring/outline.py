"""The order in which a model is asked: an outline that a program can check, and then the page in one piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from procauthor.template.spec import SectionSpec, Template, meaning_of

OUTLINE, WRITE, REST = 3, 5, 6
"""The authoring steps in which a model writes the outline, the page, and what one reply has no room for."""
AIM = (1_800, 3_000)
"""The words of a page that can be followed under pressure, without its code, which is pasted and not read."""
LOOKS = 2
"""So often a model looks at the whole: the second time only where the first changed something."""
_PAGE_TOKENS = 6_000
"""What follows the outline takes 4,000 tokens in a long procedure with code and tables; a model that thinks, more."""
# What says how the work flows: from what it starts, through which hands it goes, and how it can end.
_SECTIONS = frozenset(("purpose", "scope", "trigger", "inputs", "workflow", "outputs", "consumers", "exits", "signals"))
# What a step does is prose, and so is what is done when it fails.
_PROSE = frozenset(("actions", "failures"))
_RANGE = re.compile(r"\d\s*[-–—]\s*\d")


@lru_cache(maxsize=16)
def outline_first(template: Template, reply_tokens: int) -> Template:
    """Return a template whose flow is asked for as a whole, and then all that is left of the page.

    It renders as before. A template without steps, or with one part in them, stays as it is.

    Args:
        template: The template.
        reply_tokens: The longest reply. Where it may not hold the page, what the steps do is asked for first, and the
            other sections after it.
    """
    workflow = template.of_role("workflow")
    if workflow is None or workflow.kind != "steps" or not {part.role for part in workflow.parts} & _PROSE:
        return template
    rest = WRITE if reply_tokens >= _PAGE_TOKENS else REST
    return replace(template, sections=tuple(_placed(section, rest) for section in template.sections))


def is_outline(template: Template) -> bool:
    """Say whether the flow of a template is asked for as a whole."""
    purpose = template.of_role("purpose")
    return purpose is not None and purpose.constraint.step == OUTLINE


def name_others(template: Template, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return steps of which none is named as beside itself: models like to name the whole group in each of its steps.

    A range such as "2-4" stays as it is.

    Args:
        template: The template.
        rows: The steps, with their parts by name.
    """
    workflow = template.of_role("workflow")
    parts = [part.name for part in workflow.parts if part.role == "beside"] if workflow else []
    words = meaning_of(template).steps
    changed = [dict(row) for row in rows]
    for number, row in enumerate(changed, start=1):
        row |= {name: _without(row[name], number, words) for name in parts if row.get(name)}
    return changed


def _without(text: str, number: int, words: Iterable[str]) -> str | None:
    """Return a list of steps without the one of a number; None where no other is left."""
    if str(number) not in re.findall(r"\d+", text) or _RANGE.search(text):
        return text
    left = re.sub(rf"\b{number}\b\D*(?=\d)|\D*\b{number}\b(?!\D*\d)", "", text)
    numbers = re.findall(r"\d+", left)
    if len(numbers) == 1:
        left = re.sub(rf"\b({'|'.join(map(re.escape, words))})s(?=\s+\d)", r"\1", left, flags=re.IGNORECASE)
    return left if numbers else None


def _placed(section: SectionSpec, rest: int) -> SectionSpec:
    parts = tuple(_at(part, WRITE if part.role in _PROSE else 0) for part in section.parts)
    return replace(_at(section, OUTLINE if section.role in _SECTIONS else rest), parts=parts)


def _at(spec: SectionSpec, step: int) -> SectionSpec:
    return replace(spec, constraint=replace(spec.constraint, step=step))
