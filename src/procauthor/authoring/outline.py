"""The order in which a model is asked: an outline that a program can check, and then the page in one piece."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from procauthor.template.spec import SectionSpec, Template

OUTLINE, WRITE, REST = 3, 5, 6
"""The authoring steps in which a model writes the outline, the page, and what one reply has no room for."""
AIM = (2_000, 2_800)
"""The words of a page that can be followed under pressure, commands and tables included."""
_PAGE_TOKENS = 6_000
"""What follows the outline takes 4,000 tokens in a long procedure with code and tables; a model that thinks, more."""
# What says how the work flows: from what it starts, through which hands it goes, and how it can end.
_SECTIONS = frozenset(("purpose", "scope", "trigger", "inputs", "workflow", "outputs", "consumers", "exits", "signals"))
# What a step does is prose, and so is what is done when it fails.
_PROSE = frozenset(("actions", "failures"))


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


def _placed(section: SectionSpec, rest: int) -> SectionSpec:
    parts = tuple(_at(part, WRITE if part.role in _PROSE else 0) for part in section.parts)
    return replace(_at(section, OUTLINE if section.role in _SECTIONS else rest), parts=parts)


def _at(spec: SectionSpec, step: int) -> SectionSpec:
    return replace(spec, constraint=replace(spec.constraint, step=step))
