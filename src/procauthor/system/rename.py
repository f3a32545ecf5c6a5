"""Renames a file without replacing one that somebody has put there meanwhile."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_AT_FDCWD = -100
_NO_REPLACE = 1
_EXCHANGE = 2
_UNKNOWN = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})
_OLD = ".old"


def move_to_gap(new: Path, place: Path) -> None:
    """Move a file to a place where there is none.

    Raises:
        FileExistsError: There is one.
        OSError: The disk refuses.
    """
    try:
        _rename(new, place, _NO_REPLACE)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        _move_by_name(new, place)


def exchange(new: Path, place: Path) -> None:
    """Let two files of one disk change places.

    Raises:
        FileNotFoundError: There is none at the place.
        FileExistsError: Somebody saved another one meanwhile, which is in the place now; the old one is `put_aside`.
        OSError: The disk refuses.
    """
    try:
        _rename(new, place, _EXCHANGE)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        old = put_aside(new)
        os.replace(place, old)
        _move_by_name(new, place)
        os.replace(old, new)


def put_aside(new: Path) -> Path:
    """Return where the old file is for a moment while a new one takes its place."""
    return new.with_name(new.name + _OLD)


def _move_by_name(new: Path, place: Path) -> None:
    """Move a file to an empty place by a second name: unlike most renamings, that fails where somebody was quicker."""
    try:
        _link(new, place)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        # A disk without second names leaves a moment between the look and the renaming.
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from error
        os.rename(new, place)
    else:
        new.unlink()


def _link(new: Path, place: Path) -> None:
    if os.link in os.supports_follow_symlinks:
        os.link(new, place, follow_symlinks=False)
    else:
        os.link(new, place)


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
    """Return the call of Linux that does both in one step, or None."""
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
