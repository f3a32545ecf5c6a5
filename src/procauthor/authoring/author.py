"""The one interface of all authors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from procauthor.authoring.brief import Answer, Brief
from procauthor.template.spec import Template

# The eight steps of Create or Update Procedure, under the names that users see.
STEPS: tuple[str, ...] = (
    "Identify purpose and boundaries",
    "Identify inputs and triggers",
    "Decompose the workflow",
    "Validate input/output continuity",
    "Define failure modes",
    "Define output contract and definition of done",
    "Format with the canonical template",
    "Validate and review",
)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a field must be written again: its name, and what was wrong with it."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class AskForm:
    """What an ask wants instead of the template's fields: a model of its own, and the prompts that ask for it.

    ``prompts`` are (name, variables) in order; each gets the marker of the brief as ``mark`` besides. ``briefed`` puts
    the brief before them.
    """

    model: type[BaseModel]
    prompts: tuple[tuple[str, Mapping[str, object]], ...]
    briefed: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """What one step asks of an author.

    ``fields`` holds what earlier steps filled, ``asked`` the questions that are open so far; ``problems`` is empty on
    the first ask, and names what must be written again on a later one. ``budget`` is the number of tokens that the run
    may still use, None for no bound; ``left`` how many proposals and questions the draft may still have, likewise.
    """

    brief: Brief
    template: Template
    step: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[FieldProblem] = ()
    budget: int | None = None
    form: AskForm | None = None
    asked: tuple[str, ...] = ()
    left: int | None = None

    @property
    def names(self) -> frozenset[str]:
        """The fields that must be corrected; empty on the first ask, which wants all fields of the step."""
        return frozenset(problem.field for problem in self.problems)


class Author(Protocol):
    """Fills the typed fields of one step at a time."""

    @property
    def id(self) -> str:
        """``offline``, or ``provider:model``."""

    def fill(self, ask: Ask) -> Answer:
        """Return values that fit ``build_model(template, step, brief.titles)``.

        Raises:
            ModelError: The provider failed after retries.
            ModelOutputError: No usable output after repairs.
            BudgetError: The next call could pass the run's ceiling.
        """


@dataclass(frozen=True, slots=True)
class Critique:
    """Remarks on fields, and an open question where the reviewer gave no reply that could be read."""

    remarks: tuple[FieldProblem, ...] = ()
    question: str = ""


def told(value: Any) -> Any:
    """Return a value without the members that say nothing: a model reads them in every call."""
    if isinstance(value, Mapping):
        return {name: told(each) for name, each in value.items() if each is not None}
    return [told(each) for each in value] if isinstance(value, list) else value
