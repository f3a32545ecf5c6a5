"""Evaluators of a ranking: how soon, and how much of, what answers a question is found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.dataset import Case
from evals.question import ANSWERS, Grades

Ranking = Sequence[str]


class ReciprocalRank:
    """One divided by the rank of the first section that answers."""

    def evaluate(self, case: Case[str, Grades], output: Ranking) -> Mapping[str, float]:
        """Return ``mrr``, whose mean over questions is the mean reciprocal rank."""
        ranks = (rank for rank, place in enumerate(output, 1) if case.expected.get(place) == ANSWERS)
        return {"mrr": next((1 / rank for rank in ranks), 0.0)}


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of the sections that answer among the first."""

    depth: int

    def evaluate(self, case: Case[str, Grades], output: Ranking) -> Mapping[str, float]:
        """Return ``recall@depth``."""
        wanted = {place for place, grade in case.expected.items() if grade == ANSWERS}
        return {f"recall@{self.depth}": len(wanted & set(output[: self.depth])) / len(wanted)}


@dataclass(frozen=True, slots=True)
class Hit:
    """Whether any section that answers is among the first."""

    depth: int

    def evaluate(self, case: Case[str, Grades], output: Ranking) -> Mapping[str, float]:
        """Return ``hit@depth``."""
        return {f"hit@{self.depth}": float(any(case.expected.get(x) == ANSWERS for x in output[: self.depth]))}


@dataclass(frozen=True, slots=True)
class CumulativeGain:
    """Normalised discounted cumulative gain: both grades count, and early places count more."""

    depth: int

    def evaluate(self, case: Case[str, Grades], output: Ranking) -> Mapping[str, float]:
        """Return ``ndcg@depth``."""
        best = _gain(sorted(case.expected.values(), reverse=True)[: self.depth])
        return {f"ndcg@{self.depth}": _gain([case.expected.get(x, 0) for x in output[: self.depth]]) / best}


def _gain(grades: Sequence[int]) -> float:
    return math.fsum((2.0**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))
