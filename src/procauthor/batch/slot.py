"""Which of the items in work may compute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CpuSlots:
    """Limits how many threads compute at once: Python runs one at a time, and more would only slow each other down.

    Items that just got a reply go before items that have not started, because their next call is ready sooner.

    Args:
        count: How many may compute at once.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._returning = 0
        lock = threading.Lock()
        self._first = threading.Condition(lock)
        self._later = threading.Condition(lock)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Compute when there is room for an item that starts."""
        with self._later:
            self._later.wait_for(lambda: self._free and not self._returning)
            self._free -= 1
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let others compute while a reply is waited for."""
        self._give()
        try:
            yield
        finally:
            with self._first:
                self._returning += 1
                self._first.wait_for(lambda: self._free)
                self._returning -= 1
                self._free -= 1
                self._pass_on()

    def _give(self) -> None:
        with self._first:
            self._free += 1
            self._pass_on()

    def _pass_on(self) -> None:
        if self._free:
            (self._first if self._returning else self._later).notify()
