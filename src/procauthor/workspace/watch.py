"""Checks again whenever a file of the library changes.

Files are looked at, not listened to: that is the same on every system and network disk, and needs nothing installed.
It costs a twentieth of a processor at most, because a pause is twenty times as long as a look.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from procauthor.errors import ProcauthorError
from procauthor.finding import Finding, Report
from procauthor.library.library import walk
from procauthor.workspace._workspace import Workspace
from procauthor.workspace.check import Checking

_PAUSE = 0.3
_SHARE = 20
_Snapshot = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Turn:
    """A check after a change: what is new in it, and what is gone."""

    report: Report
    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]


def watch(
    folder: Path,
    paths: Sequence[str] | None = None,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    baseline: bool | None = None,
) -> Iterator[Turn | ProcauthorError]:
    """Yield a turn now and after every change, for ever; an error where the library cannot be checked just then.

    The arguments are those of `Checking`. At the first turn all findings are new.
    """
    known: dict[str, Finding] = {}
    root, before = _look(folder)
    while True:
        try:
            report = Checking(Workspace.open(folder), select, ignore, baseline).check(paths)
        except ProcauthorError as error:
            yield error
        except OSError as error:
            yield ProcauthorError(f"{error.filename or root}: {error.strerror or error}")
        else:
            present = {finding.fingerprint: finding for finding in report.findings}
            new = tuple(f for mark, f in present.items() if mark not in known)
            yield Turn(report, new, tuple(f for mark, f in known.items() if mark not in present))
            known = present
        root, before = _wait(folder, before)


def _wait(folder: Path, before: _Snapshot) -> tuple[Path, _Snapshot]:
    """Return when something has changed, and nothing changes any more: an editor may write several files."""
    changed = False
    while True:
        start = time.monotonic()
        root, now = _look(folder)
        if changed and now == before:
            return root, now
        changed = changed or now != before
        before = now
        time.sleep(_PAUSE / 3 if changed else max(_PAUSE, _SHARE * (time.monotonic() - start)))


def _look(folder: Path) -> tuple[Path, _Snapshot]:
    """Return the root, and what the disk says of every file below it."""
    root = folder
    with suppress(ProcauthorError, OSError):
        root = Workspace.open(folder).root
    files: _Snapshot = {}
    for path in walk(root, ()).files:
        with suppress(OSError):
            of = os.stat(root / path)
            if stat.S_ISREG(of.st_mode):
                files[path] = (of.st_mtime_ns, of.st_size, of.st_ino)
    return root, files
