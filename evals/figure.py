"""Means with confidence intervals: how far a figure on so many cases can be trusted."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_RESAMPLES = 2_000
_TAIL = 0.025
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean and the interval that holds 95 of 100 bootstrap resamples of the cases."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the figure for a table."""
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


def estimate(values: Sequence[float]) -> Figure:
    """Return the mean of the values with its interval; resampling starts from a fixed seed."""
    return _figure(statistics.fmean(values), [statistics.fmean(sample) for sample in _resample(list(values))])


def estimate_gain(values: Sequence[float], base: Sequence[float]) -> Figure:
    """Return how much greater the mean of the values is than that of a base, as a share of the base.

    Both are of the same cases in the same order, and are resampled together.
    """
    pairs = list(zip(values, base, strict=True))
    return _figure(_gain(pairs), [_gain(sample) for sample in _resample(pairs)])


def _gain(pairs: Sequence[tuple[float, float]]) -> float:
    below = statistics.fmean(base for _, base in pairs)
    return statistics.fmean(value for value, _ in pairs) / below - 1 if below else 0.0


def _resample(values: list[Item]) -> list[list[Item]]:
    chance = random.Random(0)  # noqa: S311 - nothing secret is drawn
    return [chance.choices(values, k=len(values)) for _ in range(_RESAMPLES)]


def _figure(mean: float, means: list[float]) -> Figure:
    ordered = sorted(means)
    return Figure(mean, ordered[int(_TAIL * len(ordered))], ordered[int((1 - _TAIL) * len(ordered)) - 1])
