"""How calls are bounded: places, tokens and time of a batch, a deadline for one call, and how often it is repeated."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

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


_Result = TypeVar("_Result")

_FIRST = 0.5
_LONGEST = 30.0
_MOST_ASKED = 60.0
"""A server that asks for a longer wait is not waited for: the run is kept, and a person resumes it."""
_SHARE = 5
_SPREAD = 0.2


class Gate:
    """Keeps calls back while a server has too many requests: all that share it, not only the one that was told.

    Args:
        sleep: What waits.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._until = 0.0
        self._lock = threading.Lock()

    def close(self, seconds: float) -> None:
        """Let no call through for so many seconds from now."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def pass_through(self) -> None:
        """Wait until the gate is open, and a little longer: not all at the same moment."""
        while (left := self._until - time.monotonic()) > 0:
            self._sleep(left + left * _SPREAD * random.random())  # noqa: S311 - it only keeps clients apart


class Patience:
    """How often a run may try again. The bound is shared by all calls, so that a bad hour does not multiply the costs.

    Args:
        retries: How often one call is tried again.
        total: How often calls of the run are tried again altogether; five times ``retries`` where nothing is said.
        sleep: What waits.
        gate: Where calls wait that share a server; one of its own where nothing is said.
    """

    def __init__(
        self,
        retries: int,
        *,
        total: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
        gate: Gate | None = None,
    ) -> None:
        self.gate = gate or Gate(sleep)
        self._retries = retries
        self._left = retries * _SHARE if total is None else total
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self, attempt: int, asked: float | None = None, *, everybody: bool = False) -> bool:
        """Wait before the next try, longer each time and never the same; say whether there may be one.

        Args:
            attempt: How many tries of this call failed before this one.
            asked: The seconds that the server asks for.
            everybody: Keep back all calls that share the gate for this time.
        """
        with self._lock:
            if attempt >= self._retries or self._left <= 0 or (asked or 0.0) > _MOST_ASKED:
                return False
            self._left -= 1
        longest = min(_LONGEST, _FIRST * 2.0**attempt)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - it only keeps clients apart
        seconds = longest * jitter if asked is None else asked + 0.1 * jitter
        if everybody:
            self.gate.close(seconds)
        self._sleep(seconds)
        return True


def bounded(call: Callable[[], _Result], seconds: float) -> _Result:
    """Return what a call returns, or raise TimeoutError after so many seconds.

    The clients bound the time between two bytes only, so a server that drips would hold them for ever. The thread that
    is left behind ends with its connection, or with the program.
    """
    box: queue.SimpleQueue[tuple[list[_Result], BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            box.put(([call()], None))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was waited for
            box.put(([], error))

    threading.Thread(target=work, daemon=True, name="procauthor-call").start()
    try:
        value, error = box.get(timeout=seconds)
    except queue.Empty:
        message = f"no complete answer in {seconds:.0f} seconds"
        raise TimeoutError(message) from None
    if error is not None:
        raise error
    return value[0]


Spend = Callable[[int, Callable[[], Reply]], Reply]
"""Makes a call that may use so many tokens, and returns its reply."""


def at_once(_need: int, call: Callable[[], Reply]) -> Reply:
    """Make a call without asking for room."""
    return call()
