"""Flags with which files are opened, and what is asked of an open file; systems that lack one do without."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Read the bytes as they are, and do not wait: a pipe or a device is no file."""
READ_NO_LINK = READ | getattr(os, "O_NOFOLLOW", 0)
"""The same, and open no link."""
WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
"""Write a file from its beginning."""


def set_mode(handle: int, mode: int) -> None:
    """Give an open file permission bits, on systems that have them."""
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)


def own_as(handle: int, like: Path) -> None:
    """Give an open file the owner of another one, where this may be done."""
    if hasattr(os, "fchown"):
        owner = like.stat()
        with suppress(PermissionError):
            os.fchown(handle, owner.st_uid, owner.st_gid)


def flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, so that a renaming in it outlives a power cut; Windows opens no folder.

    Raises:
        OSError: The disk refuses.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    except PermissionError:
        if os.name == "nt":
            return
        raise
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_being_written(handle: int) -> bool:
    """Say whether any program has a file open for writing: then Linux grants no lease on it; others cannot say."""
    if sys.platform != "linux":
        return False
    try:
        import fcntl
    except ImportError:
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
