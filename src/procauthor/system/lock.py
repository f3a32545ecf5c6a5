"""One at a time, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from procauthor.errors import LockedError

_PAUSE = 0.02


@contextmanager
def hold(file: Path, patience: float, message: str, hint: str = "try again when it is done") -> Iterator[None]:
    """Hold a lock on a file, which is made if need be and never removed.

    The death of the process gives the lock back.

    Args:
        file: The file.
        patience: Seconds to wait for another process.
        message: What the error says.
        hint: What it advises.

    Raises:
        LockedError: Another process still held it when the patience was over.
        OSError: The file cannot be made or opened.
    """
    # Reading a library needs no lock, and shall not wait for the import.
    from filelock import FileLock, Timeout

    lock = FileLock(file, timeout=patience, poll_interval=_PAUSE)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(message, hint) from None
    try:
        yield
    finally:
        lock.release()
