"""How long a batch will take: an estimate from the steps that have ended."""

from __future__ import annotations

from collections.abc import Mapping

from procauthor.authoring.author import STEPS
from procauthor.batch.schedule import Schedule, State, remaining

_OPEN: frozenset[State] = frozenset({"waiting", "working"})


class Pace:
    """Counts the steps of all items."""

    def __init__(self, schedule: Schedule, jobs: int) -> None:
        self._schedule = schedule
        self._jobs = jobs
        self._steps: dict[int, int] = {}
        self._count = 0
        self._seconds = 0.0

    def step(self, number: int, step: int, seconds: float) -> None:
        """Count a step that has ended."""
        self._steps[number] = step
        self._count += 1
        self._seconds += seconds

    def left(self, states: Mapping[int, State]) -> float | None:
        """Return the seconds that are left, None before the first step has ended."""
        if not self._count:
            return None
        each = self._seconds / self._count
        left = {n: each * (len(STEPS) - self._steps.get(n, 0)) for n, state in states.items() if state in _OPEN}
        return remaining(self._schedule, left, self._jobs)
