"""Cases, what is asked of them, and what came out: the words of the field, and nothing about what is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Input = TypeVar("Input")
Expected = TypeVar("Expected")
Output = TypeVar("Output")
Output_contra = TypeVar("Output_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Case(Generic[Input, Expected]):
    """One thing to ask, and what a good answer is measured against."""

    name: str
    input: Input
    expected: Expected


class Evaluator(Protocol[Input, Expected, Output_contra]):
    """Scores one output. A score that does not apply to a case is left out, and never counted as zero."""

    def evaluate(self, case: Case[Input, Expected], output: Output_contra) -> Mapping[str, float]:
        """Return scores by name."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Output]):
    """What a case gave, and its scores."""

    case: str
    output: Output
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Dataset(Generic[Input, Expected]):
    """Cases that are measured together."""

    name: str
    cases: tuple[Case[Input, Expected], ...]

    def evaluate(
        self,
        task: Callable[[Case[Input, Expected]], Output],
        evaluators: Sequence[Evaluator[Input, Expected, Output]],
    ) -> list[Outcome[Output]]:
        """Run the task on every case and score what it gives."""
        outcomes: list[Outcome[Output]] = []
        for case in self.cases:
            output = task(case)
            scores = {name: value for one in evaluators for name, value in one.evaluate(case, output).items()}
            outcomes.append(Outcome(case.name, output, scores))
        return outcomes
