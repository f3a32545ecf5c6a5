"""How a call is bounded: a deadline for the whole of it, and how often a run may try again."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

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
        clock: Returns seconds.
    """

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._until = 0.0
        self._lock = threading.Lock()

    def close(self, seconds: float) -> None:
        """Let nobody through for so many seconds from now."""
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
        found, error = box.get(timeout=seconds)
    except queue.Empty:
        message = f"no complete answer in {seconds:.0f} seconds"
        raise TimeoutError(message) from None
    if error is not None:
        raise error
    return found[0]
