"""What the calls of a batch may use together: places, tokens, time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from procauthor.authoring.reply import Reply
from procauthor.errors import BudgetError, HaltError

Rank = tuple[int, ...]
_LOOK = 0.5
"""Seconds after which a call that waits looks at the clock."""


def too_much(need: int, left: int) -> BudgetError:
    """Return the error that a call could pass the ceiling of all calls."""
    message = f"the next call could use {need} tokens, and {max(left, 0)} are left for all"
    return BudgetError(message, "raise the ceiling with --max-tokens")


class Allowance:
    """Lets calls through: so many at once, none without its tokens, none after the deadline.

    Args:
        jobs: How many calls may be on their way at once.
        ceiling: The tokens of all calls; None for no bound.
        spent: The tokens that were spent before.
        deadline: When the last call may begin, by ``clock``; None for no bound.
        clock: Returns seconds.
    """

    def __init__(
        self,
        jobs: int,
        ceiling: int | None = None,
        spent: int = 0,
        deadline: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._ceiling = ceiling
        self._spent = spent
        self._reserved = 0
        self._deadline = deadline
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: list[tuple[Rank, int]] = []
        self._count = 0
        self.flying = 0
        self.halted = ""
        """Why no further call is let through; empty while they are."""

    def halt(self, reason: str) -> None:
        """Let no further call through."""
        with self._changed:
            self.halted = self.halted or reason
            self._changed.notify_all()

    def spend(self, rank: Rank, need: int, call: Callable[[], Reply]) -> Reply:
        """Wait for a place, reserve the tokens, make the call, and settle what it has cost.

        Of those who wait, the lowest rank goes first.

        Raises:
            BudgetError: So many tokens are not left.
            HaltError: No further call may be made.
        """
        self._enter(rank, need)
        cost = 0
        try:
            reply = call()
            cost = reply.usage.tokens
        finally:
            with self._changed:
                self.flying -= 1
                self._reserved -= need
                self._spent += cost
                self._changed.notify_all()
        return reply

    def pause(self) -> None:
        """Wait a moment for tokens that are reserved for calls of others.

        Raises:
            HaltError: No further call may be made.
        """
        with self._changed:
            self._refuse_late()
            self._changed.wait(_LOOK)

    def _enter(self, rank: Rank, need: int) -> None:
        with self._changed:
            self._count += 1
            ticket = (rank, self._count)
            self._waiting.append(ticket)
            try:
                while not self._admit(ticket, need):
                    self._changed.wait(_LOOK)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def _admit(self, ticket: tuple[Rank, int], need: int) -> bool:
        self._refuse_late()
        if self.flying >= self._jobs or ticket != min(self._waiting):
            return False
        left = need if self._ceiling is None else self._ceiling - self._spent - self._reserved
        if need > left:
            # What is on its way may cost less than was reserved for it.
            if self._reserved:
                return False
            raise too_much(need, left)
        self._reserved += need
        self.flying += 1
        return True

    def _refuse_late(self) -> None:
        if not self.halted and self._deadline is not None and self._clock() >= self._deadline:
            self.halted = "the deadline has passed"
        if self.halted:
            raise HaltError(self.halted, "no call was made")
