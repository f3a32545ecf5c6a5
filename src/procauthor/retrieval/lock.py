"""One writer at a time, across processes."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from procauthor.errors import LockedError

_PAUSE = 0.05


@contextmanager
def hold(file: Path, patience: float) -> Iterator[None]:
    """Hold a lock on a file, which is made if need be and never removed.

    Raises:
        LockedError: Another process still held it when the patience, in seconds, was over.
    """
    with file.open("ab") as handle:
        _acquire(handle.fileno(), time.monotonic() + patience)
        # Closing the file gives the lock back, and so does the death of the process.
        yield


def _acquire(handle: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                message = "another process is writing the search index"
                raise LockedError(message, "try again when it is done") from None
            time.sleep(_PAUSE)
        else:
            return
