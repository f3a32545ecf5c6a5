"""Tells a long-running process whether anything has changed in a library, without a look at each of its files.

The system tells of changes in the order in which they were made. So a file of our own is written first: when that has
been told, all changes that were made before it have been told as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from procauthor.git import deciding_files
from procauthor.system import tells_all_changes

# No two questions have the same file: what is told late of one would be taken for the answer to the next.
_NUMBERS = count()
_PATIENCE = 0.05
_MOST_FAILURES = 3
_LONGEST = 5.0
"""Seconds after which all files are looked at whatever was told.

Nothing is told of what is written to mapped memory, or to a second name of a file that is elsewhere; nor of changes
beyond what the system queues, or in new folders beyond the number that it watches.
"""


class Watch:
    """Watches a folder. To ask it is one question to the system, so it is for a folder with many files.

    Args:
        notify: Tells of changes below the folder.
        root: The folder.
        state: The folder in it for what the program keeps for itself.
    """

    def __init__(self, notify: Any, root: Path, state: Path) -> None:
        self._notify = notify
        self._root = root
        self._state = state
        self._process = os.getpid()
        self._failures = 0
        self._looked = -_LONGEST
        self._beside: tuple[object, ...] = ()

    @classmethod
    def open(cls, root: Path, state: Path | None) -> Watch | None:
        """Watch a folder; None where the system does not tell of all changes in it."""
        if state is None or not state.is_dir() or not tells_all_changes(root):
            return None
        try:
            # The public `watch` waits for changes and gathers them; it cannot be asked what has been told until now.
            # For that the package documents this class, as its "Rust backend", in spite of the name of the module.
            from watchfiles._rust_notify import RustNotify

            return cls(RustNotify([os.fspath(root)], False, False, 0, True, False), root, state)  # noqa: FBT003 - its way
        except (ImportError, OSError, RuntimeError):
            return None

    def changes(self) -> frozenset[str] | None:
        """Return the paths that have changed since the last time that this was asked; None where that is not sure."""
        # A copy of the process has none of its threads, so nothing is told there, and a lock may stay closed.
        if self._failures >= _MOST_FAILURES or self._process != os.getpid():
            return None
        told, beside, now = self._told(), tuple(_signatures(self._root)), time.monotonic()
        if told is not None and beside == self._beside and now - self._looked < _LONGEST:
            return told
        self._looked, self._beside = now, beside
        return None

    def close(self) -> None:
        """Watch no longer."""
        self._failures = _MOST_FAILURES
        self._notify.close()

    def _told(self) -> frozenset[str] | None:
        """Return what was told before our own change was; None where that one was not told, or git may look again."""
        paths: set[str] = set()
        until = time.monotonic() + _PATIENCE
        own = self._state / f"asked-{os.getpid()}-{next(_NUMBERS)}"
        try:
            own.touch()
            while time.monotonic() < until:
                told = self._notify.watch(1, 1, int(_PATIENCE * 1000), None)
                if told == "signal":
                    # It takes an interrupt for itself and only says so.
                    raise KeyboardInterrupt
                if isinstance(told, set):
                    paths.update(path for _, path in told)
                if os.fspath(own) in paths:
                    self._failures = 0
                    return self._below(paths)
        except (OSError, RuntimeError):
            # Counted below: after a few of them, all files are looked at for good.
            pass
        finally:
            with suppress(OSError):
                own.unlink(missing_ok=True)
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            # What is told to no reader would be kept for ever.
            self._notify.close()
        return None

    def _below(self, paths: set[str]) -> frozenset[str] | None:
        """Return paths as the library has them, without state; None where one may change what git ignores."""
        inside = {os.path.relpath(path, self._root).replace(os.sep, "/") for path in paths}
        if any(path.rpartition("/")[2] == ".gitignore" for path in inside):
            return None
        return frozenset(path for path in inside if path.partition("/")[0] not in (self._state.name, ".git"))


def _signatures(root: Path) -> Iterator[object]:
    """Yield what is known of files that are not watched: they decide what git ignores in the folder."""
    for file in deciding_files(root):
        try:
            status = os.stat(file)
            yield file, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
        except OSError:
            yield file
