"""Tells a process that lives whether anything has changed in a library, without a look at each of its files.

The system tells of changes in the order in which they were made. So a file of our own is written first: when its own
change has been told, all that were made before it have been told as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from procauthor.git import deciding_files
from procauthor.system import tells_all_changes

_BARRIER = "watched"
_PATIENCE = 0.05
_MOST_FAILURES = 3
_LONGEST = 5.0
"""Seconds after which all files are looked at whatever was told: of what is written to mapped memory nobody is told."""


class Watch:
    """Watches a folder. To ask it is one question to the system, so it is for a folder with many files.

    Args:
        notify: Tells of changes below the folder.
        root: The folder.
        state: The folder in it for what the program keeps for itself; what changes in there is no change.
    """

    def __init__(self, notify: Any, root: Path, state: Path) -> None:
        self._notify = notify
        self._root = root
        self._own = f"{state}{os.sep}"
        self._barrier = state / _BARRIER
        self._failures = 0
        self._looked = -_LONGEST
        self._beside: tuple[object, ...] = ()

    @classmethod
    def open(cls, root: Path, state: Path | None) -> Watch | None:
        """Watch a folder; None where the system does not tell of all changes in it."""
        if state is None or not state.is_dir() or not tells_all_changes(root):
            return None
        try:
            from watchfiles._rust_notify import RustNotify

            return cls(RustNotify([os.fspath(root)], False, False, 0, True, False), root, state)  # noqa: FBT003 - its way
        except (ImportError, OSError, RuntimeError):
            return None

    def is_quiet(self) -> bool:
        """Say whether nothing has changed since the last time that this was asked; if unsure, it has."""
        if self._failures >= _MOST_FAILURES:
            return False
        told, beside, now = self._tell(), tuple(_signatures(self._root)), time.monotonic()
        if told and beside == self._beside and now - self._looked < _LONGEST:
            return True
        self._looked, self._beside = now, beside
        return False

    def close(self) -> None:
        """Watch no longer."""
        self._failures = _MOST_FAILURES
        self._notify.close()

    def _tell(self) -> bool:
        """Say whether nothing was told before our own change was; False as well where that one was not told."""
        quiet, until = True, time.monotonic() + _PATIENCE
        try:
            self._barrier.write_bytes(b"")
            while time.monotonic() < until:
                told = self._notify.watch(1, 1, int(_PATIENCE * 1000), None)
                paths = {path for _, path in told} if isinstance(told, set) else set()
                quiet = quiet and all(path.startswith(self._own) or path == self._own[:-1] for path in paths)
                if os.fspath(self._barrier) in paths:
                    self._failures = 0
                    return quiet
        except (OSError, RuntimeError):
            pass
        self._failures += 1
        return False


def _signatures(root: Path) -> Iterator[object]:
    """Yield what is known of files that are not watched: they decide what git ignores in the folder."""
    for file in deciding_files(root):
        try:
            found = os.stat(file)
            yield file, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
        except OSError:
            yield file
