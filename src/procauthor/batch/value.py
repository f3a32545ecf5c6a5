"""What a batch tells while it works, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from procauthor.authoring.brief import Usage
from procauthor.batch.record import BatchItem, LeftOut
from procauthor.evaluation.value import Tally
from procauthor.naming import amount

_FAILED = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What a batch tells while it works: an item entered a state, or a step of it began or ended.

    ``seconds`` are those of the step or of the item so far; ``usage`` is that of the item; ``left`` is an estimate of
    the seconds until the batch ends, None before anything can be said.
    """

    number: int
    title: str
    state: str
    step: int = 0
    name: str = ""
    done: bool = False
    seconds: float = 0.0
    usage: Usage = Usage()
    note: str = ""
    left: float | None = None


Tell = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Written:
    """One item at the end, with what it has cost in all sessions. ``draft`` is empty where no draft waits."""

    item: BatchItem
    run: str
    draft: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What came of a batch.

    ``before`` counts the library as it was when the batch began, ``after`` as it is now, and ``once_accepted`` as it
    will be when all drafts of the batch that wait are accepted. ``halted`` says why the session stopped early.
    """

    batch: str
    author: str
    items: tuple[Written, ...]
    left_out: tuple[LeftOut, ...]
    seconds: float
    before: Tally
    after: Tally
    once_accepted: Tally
    max_tokens: int | None = None
    halted: str = ""
    ended: bool = True

    @property
    def usage(self) -> Usage:
        """What all items have cost, in all sessions."""
        return sum((written.usage for written in self.items), Usage())

    @property
    def outcome(self) -> str:
        """What came of it, in two or three words."""
        if self.halted:
            return "Stopped"
        states = {written.item.state for written in self.items}
        if not states:
            return "Nothing to do"
        if states <= {"accepted"}:
            return "Accepted"
        return "Awaiting review" if states <= {"accepted", "drafted"} else "Needs revision"

    @property
    def summary(self) -> str:
        """The outcome with how many items are in each state: "Needs revision: 17 accepted, 1 needs revision"."""
        counts = Counter(written.item.state for written in self.items)
        states = ", ".join(f"{number} {state}" for state, number in counts.items())
        return f"{self.outcome}: {states if len(counts) > 1 else amount(len(self.items), 'item')}"

    @property
    def exit_code(self) -> int:
        """0 all items are there, 1 some are not, 3 none is because model or server failed."""
        states = [written.item.state for written in self.items]
        if all(state in {"accepted", "drafted"} for state in states):
            return 0
        failed = any(w.item.state == "failed" and w.item.exit_code == _FAILED for w in self.items)
        none = not {"accepted", "drafted", "needs revision"} & set(states)
        return _FAILED if failed and none else 1
