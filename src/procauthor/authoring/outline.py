"""The order in which a model is asked: an outline that a program can check comes before prose is paid for."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from procauthor.template.spec import SectionSpec, Template

OUTLINE, DETAIL, REST = 3, 5, 6
"""The authoring steps in which a model writes the outline, what its steps do, and all else."""
# What says how the work flows: from what it starts, through which hands it goes, and how it can end.
_SECTIONS = frozenset(("purpose", "scope", "trigger", "inputs", "workflow", "outputs", "consumers", "exits", "signals"))
# What a step does is prose, and so is what is done when it fails.
_PROSE = frozenset(("actions", "failures"))


@lru_cache(maxsize=16)
def outline_first(template: Template) -> Template:
    """Return a template whose flow is asked for as a whole, then what the steps do, then the rest.

    It renders as before. A template without steps, or with one part in them, stays as it is.
    """
    workflow = template.of_role("workflow")
    if workflow is None or workflow.kind != "steps" or not {part.role for part in workflow.parts} & _PROSE:
        return template
    return replace(template, sections=tuple(_placed(section) for section in template.sections))


def is_outline(template: Template) -> bool:
    """Say whether the flow of a template is asked for as a whole."""
    purpose = template.of_role("purpose")
    return purpose is not None and purpose.constraint.step == OUTLINE


def _placed(section: SectionSpec) -> SectionSpec:
    parts = tuple(_at(part, DETAIL if part.role in _PROSE else 0) for part in section.parts)
    return replace(_at(section, OUTLINE if section.role in _SECTIONS else REST), parts=parts)


def _at(spec: SectionSpec, step: int) -> SectionSpec:
    return replace(spec, constraint=replace(spec.constraint, step=step))
