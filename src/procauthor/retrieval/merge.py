"""Rankings, and how two of them become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from procauthor.retrieval.lexical import Place

Ranking = list[tuple[Place, float]]

_SPAN = 100
"""How many places of a ranking count in the merge; the score at its end counts nothing."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each ranking counts in the merge."""

    lexical: float = 1.0
    dense: float = 1.0


def merge(rankings: Mapping[str, Ranking], weights: Weights) -> dict[Place, float]:
    """Add up what each ranking says of a passage, from 1 for its best down to 0, as the weights share it out."""
    shares = {name: float(getattr(weights, name)) for name in rankings}
    scores: dict[Place, float] = {}
    for name, ranking in rankings.items():
        for place, score in _scale(ranking):
            scores[place] = scores.get(place, 0.0) + shares[name] / sum(shares.values()) * score
    return scores


def best_first(scores: Mapping[Place, float]) -> Ranking:
    """Return passages by their scores; of equal ones the first by path and place."""
    return sorted(scores.items(), key=lambda each: (-each[1], each[0]))


def _scale(ranking: Ranking) -> Ranking:
    """Return the scores of the places that count, from 1 for the first to 0 for one that counts no more."""
    if not ranking:
        return []
    best = ranking[0][1]
    floor = ranking[_SPAN][1] if len(ranking) > _SPAN else min(0.0, ranking[-1][1])
    spread = best - floor
    return [(place, (score - floor) / spread if spread > 0 else 1.0) for place, score in ranking[:_SPAN]]
