"""One file takes the place of another in such a way that no save is lost.

Between a look at a file and its replacement somebody may save it. So a file is never overwritten: the old one is put
aside in the same step, looked at afterwards, and put back where it is not what was expected.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from procauthor.library import disk
from procauthor.procedure import Stamp, stamp
from procauthor.system.descriptor import READ_NO_LINK, is_being_written
from procauthor.system.rename import exchange as exchange_files
from procauthor.system.rename import move_to_gap, put_aside

_SWAPS = 10


def add(new: Path, place: Path) -> None:
    """Move a file to a place where there is none.

    Raises:
        FileExistsError: There is one.
        OSError: The disk refuses.
    """
    move_to_gap(_on_same_disk(new, place), place)


def exchange(new: Path, place: Path) -> Path:
    """Put a file in the place of another one; return where that one is now.

    Raises:
        FileNotFoundError: There is none.
        FileExistsError: Somebody saved another one meanwhile, which is in the place now.
        OSError: The disk refuses.
    """
    new = _on_same_disk(new, place)
    exchange_files(new, place)
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
        os.replace(place, aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        aside = disk.beside(place)
        os.replace(place, aside)
    return aside


def is_untouched(aside: Path, content: Stamp) -> bool:
    """Say whether a file that was moved away holds what it should, and nobody has it open to write more into it."""
    try:
        handle = os.open(aside, READ_NO_LINK)
    except OSError:
        return False
    with os.fdopen(handle, "rb") as file:
        return not is_being_written(handle) and stamp(file.read()) == content


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
    candidates = (*whole, put_aside(new), put_aside(beside))
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
    for file in (disk.beside(place), put_aside(disk.beside(place))):
        file.unlink(missing_ok=True)


def _stamp_of(file: Path) -> Stamp:
    return stamp(disk.read(file) or b"")


def _on_same_disk(new: Path, place: Path) -> Path:
    if new.parent == place.parent or new.stat().st_dev == place.parent.stat().st_dev:
        return new
    beside = disk.beside(place)
    disk.write(beside, new.read_bytes(), like=new)
    return beside
