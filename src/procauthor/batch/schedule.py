"""Which item of a batch is next. No clock, no thread, no disk: states in, decisions out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

State = Literal[
    "waiting", "working", "drafted", "accepted", "needs revision", "rejected", "failed", "blocked", "stopped"
]
OnFailure = Literal["wait", "announce"]
States = Mapping[int, State]

THERE: tuple[State, ...] = ("drafted", "accepted")
"""What dependents can build on."""
LACKING: tuple[State, ...] = ("needs revision", "rejected", "failed", "blocked")
"""What will not be there in this session, so that dependents wait or go on with what the plan announces."""
ENDED: tuple[State, ...] = ("accepted", *LACKING)


@dataclass(frozen=True, slots=True)
class Task:
    """One procedure to write.

    ``needs`` are numbers of tasks that have to be there first, ``after`` of those that have to have ended, well or not,
    because something is handed over between them. All of them are before it in the batch.
    """

    number: int
    title: str
    needs: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    @property
    def before(self) -> tuple[int, ...]:
        """All tasks that end before this one begins."""
        return (*self.needs, *self.after)


@dataclass(frozen=True)
class Schedule:
    """The tasks of a batch in their order, and what a failure means for those that need the failed one."""

    tasks: tuple[Task, ...]
    on_failure: OnFailure = "wait"

    @cached_property
    def by_number(self) -> dict[int, Task]:
        """The tasks by number."""
        return {task.number: task for task in self.tasks}

    @cached_property
    def closure(self) -> dict[int, frozenset[int]]:
        """What ends before each task begins, because of it or of something in between."""
        closed: dict[int, frozenset[int]] = {}
        for task in self.tasks:
            closed[task.number] = frozenset(task.before).union(*(closed[n] for n in task.before))
        return closed

    @cached_property
    def rest(self) -> dict[int, int]:
        """The length of the longest chain that begins with a task, itself included."""
        lengths = dict.fromkeys(self.by_number, 1)
        for task in reversed(self.tasks):
            for number in task.before:
                lengths[number] = max(lengths[number], lengths[task.number] + 1)
        return lengths

    @cached_property
    def ranks(self) -> dict[int, tuple[int, int]]:
        """Whose turn it is where not all can go on at once: the longest chain first, then the order. Low is first."""
        return {task.number: (-self.rest[task.number], place) for place, task in enumerate(self.tasks)}

    @property
    def critical_path(self) -> tuple[int, ...]:
        """The longest chain of tasks that need each other; of several the first in order."""
        return tuple(self._follow())

    def _follow(self) -> Iterator[int]:
        fitting = list(self.tasks)
        while fitting:
            best = max(fitting, key=lambda task: self.rest[task.number])
            yield best.number
            fitting = [
                task
                for task in self.tasks
                if best.number in task.before and self.rest[task.number] == self.rest[best.number] - 1
            ]

    @property
    def waves(self) -> tuple[tuple[int, ...], ...]:
        """The tasks that could go on at the same time if all took equally long."""
        depth: dict[int, int] = {}
        for task in self.tasks:
            depth[task.number] = 1 + max((depth[n] for n in task.before), default=-1)
        count = max(depth.values(), default=-1) + 1
        return tuple(tuple(n for n, at in depth.items() if at == wave) for wave in range(count))

    def settle(self, states: States) -> dict[int, State]:
        """Return the states with those blocked that wait for what will not come."""
        settled = dict(states)
        if self.on_failure == "announce":
            return settled
        for task in self.tasks:
            if settled[task.number] == "waiting" and any(settled[n] in LACKING for n in task.needs):
                settled[task.number] = "blocked"
        return settled

    def ready(self, states: States) -> tuple[int, ...]:
        """Return the tasks that can begin, the most urgent first."""
        ended = (*THERE, *LACKING)
        good = ended if self.on_failure == "announce" else THERE
        fitting = [
            task.number
            for task in self.tasks
            if states[task.number] == "waiting"
            and all(states[n] in good for n in task.needs)
            and all(states[n] in ended for n in task.after)
        ]
        return tuple(sorted(fitting, key=self.ranks.__getitem__))

    def turn(self, states: States) -> int | None:
        """Return the task whose draft is accepted next: in order, so that no draft overtakes an earlier one."""
        for task in self.tasks:
            if states[task.number] == "drafted":
                return task.number
            if states[task.number] not in ENDED:
                return None
        return None

    def base(self, number: int, states: States) -> tuple[int, ...]:
        """Return the tasks whose documents a task may build on: all that end before it, as far as they are there."""
        return tuple(t.number for t in self.tasks if t.number in self.closure[number] and states[t.number] in THERE)


def renew(states: States) -> dict[int, State]:
    """Return the states with which a batch goes on later: what failed or was stopped is tried again."""
    again = ("working", "failed", "blocked", "stopped")
    return {number: "waiting" if state in again else state for number, state in states.items()}


def limit_tasks(tasks: Sequence[Task], only: Sequence[int], limit: int | None) -> tuple[Task, ...]:
    """Return the tasks that were chosen; what they need beyond these is taken as announced."""
    chosen = [task for task in tasks if not only or task.number in only][:limit]
    kept = {task.number for task in chosen}
    return tuple(
        Task(t.number, t.title, tuple(n for n in t.needs if n in kept), tuple(n for n in t.after if n in kept))
        for t in chosen
    )
