"""Bytes of files that people name. A pipe or a device is no file: opening one may wait for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from procauthor.system.descriptor import READ

NO_FILE = "it is a pipe or a device, and no file"


def read_regular(place: str | Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        OSError: There is none, it cannot be read, or it is a folder, a pipe or a device.
    """
    handle = os.open(place, READ)
    with open(handle, "rb", closefd=True) as file:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, NO_FILE, str(place))
        return file.read()
