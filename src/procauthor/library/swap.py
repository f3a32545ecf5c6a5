"""One file takes the place of another in such a way that no save is lost.

Between a look at a file and its replacement somebody may save it. So a file is never overwritten: the old one is put
aside in the same step, looked at afterwards, and put back where it is not what was expected.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from procauthor.library import disk
from procauthor.procedure import Stamp, stamp

_AT_FDCWD = -100
_NO_REPLACE = 1
_EXCHANGE = 2
_UNKNOWN = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})
_OLD = ".old"
_SWAPS = 10


def add(new: Path, place: Path) -> None:
    """Move a file to a place where there is none.

    Raises:
        FileExistsError: There is one.
        OSError: The disk refuses.
    """
    new = _on_same_disk(new, place)
    try:
        _rename(new, place, _NO_REPLACE)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        _link(new, place)


def exchange(new: Path, place: Path) -> Path:
    """Put a file in the place of another one; return where that one is now.

    Raises:
        FileNotFoundError: There is none.
        FileExistsError: Somebody saved another one meanwhile, which is in the place now.
        OSError: The disk refuses.
    """
    new = _on_same_disk(new, place)
    try:
        _rename(new, place, _EXCHANGE)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        old = _old(new)
        os.rename(place, old)
        _link(new, place)
        os.rename(old, new)
    return new


def take(place: Path, aside: Path) -> Path:
    """Move a file away; return where it is now: the given place, or beside its own if that is on another disk.

    Raises:
        FileNotFoundError: There is none.
        OSError: The disk refuses.
    """
    if aside.exists() and aside.samefile(place):
        # A move by a second name was cut off, and a renaming between two names of one file does nothing.
        aside.unlink()
    try:
        os.rename(place, aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        aside = disk.beside(place)
        os.rename(place, aside)
    return aside


def is_untouched(aside: Path, content: Stamp) -> bool:
    """Say whether a file that was moved away holds what it should, and nobody has it open to write more into it."""
    try:
        handle = os.open(aside, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    with os.fdopen(handle, "rb") as file:
        return not _is_being_written(handle) and stamp(file.read()) == content


def is_aside(aside: Path, content: Stamp | None) -> bool:
    """Say whether a file lies there that was moved away, and not the one that was to take its place."""
    return os.path.lexists(aside) and not aside.is_symlink() and _stamp_of(aside) != content


def displaced(new: Path, place: Path, content: Stamp | None) -> Path | None:
    """Return where the file is that `exchange` or `take` moved away, or None where none was.

    Args:
        new: The file that was to take the place, or the one that `take` was told.
        place: Where it went.
        content: What it holds; None where nothing was to take the place.
    """
    beside = disk.beside(place)
    gap = content is not None and not place.exists()
    whole = () if gap else (new, beside)
    candidates = (*whole, _old(new), _old(beside))
    return next((each for each in candidates if is_aside(each, content)), None)


def put_back(old: Path, place: Path, content: Stamp) -> bool:
    """Exchange a file with the one that took its place; say whether that one was as it should be.

    Where it was not, somebody has saved it meanwhile, and what was saved last is in the place.
    """
    expected = content
    for swaps in range(_SWAPS):
        going = _stamp_of(old)
        old = exchange(old, place)
        if is_untouched(old, expected):
            return swaps == 0
        expected = going
    return False


def clear(place: Path) -> None:
    """Remove what may be left beside a place."""
    for file in (disk.beside(place), _old(disk.beside(place))):
        file.unlink(missing_ok=True)


def _old(new: Path) -> Path:
    return new.with_name(new.name + _OLD)


def _stamp_of(file: Path) -> Stamp:
    return stamp(disk.read(file) or b"")


def _on_same_disk(new: Path, place: Path) -> Path:
    if new.parent == place.parent or new.stat().st_dev == place.parent.stat().st_dev:
        return new
    beside = disk.beside(place)
    disk.write(beside, new.read_bytes(), like=new)
    return beside


def _link(new: Path, place: Path) -> None:
    """Move a file to an empty place by a second name: unlike a renaming, that fails where somebody was quicker."""
    try:
        os.link(new, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        # A disk without second names leaves a moment between the look and the renaming.
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from error
        os.rename(new, place)
    else:
        new.unlink()


def _rename(source: Path, target: Path, flag: int) -> None:
    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    sys.audit("os.rename", str(source), str(target), -1, -1)
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flag):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


@cache
def _renameat2() -> Any:
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def _is_being_written(handle: int) -> bool:
    """Say whether any program has a file open for writing: then Linux grants no lease on it."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # Who breaks a lease sends a signal; this one is ignored by default.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
