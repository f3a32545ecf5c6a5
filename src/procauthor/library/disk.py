"""Files on the disk: where a path is, how one is written so that no save is lost, and whether any has changed since."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from procauthor.errors import LibraryError
from procauthor.git import deciding_files
from procauthor.procedure import Stamp, stamp
from procauthor.system import (
    READ_NO_LINK,
    WRITE,
    flush_folder,
    is_being_written,
    move_to_gap,
    own_as,
    put_aside,
    read_regular,
    set_mode,
    tells_all_changes,
)
from procauthor.system import exchange as exchange_files

_BESIDE = ".procauthor-new"


def locate(root: Path, path: str) -> Path:
    """Return where a path is; a link is followed, so that it stays a link, but never out of the root.

    Raises:
        LibraryError: The path, or what it links to, lies outside of the library.
    """
    place = Path(os.path.realpath(root / path))
    if not place.is_relative_to(os.path.realpath(root)):
        message = f"{path!r} lies outside of the library"
        raise LibraryError(message, "nothing was changed")
    return place


def leads_out(root: Path, place: Path) -> bool:
    """Say whether a place in the library is a link, or lies behind one, that leads out of it."""
    real = os.path.realpath(root)
    inside = Path(os.path.abspath(place)).is_relative_to(os.path.abspath(root))
    return inside and not Path(os.path.realpath(place)).is_relative_to(real)


def paths_from_root(root: Path, named: str | Path) -> Iterator[str]:
    """Yield what a path that was typed may mean in the library: it counts from here, then from the root.

    Of a link, where it leads to comes before itself. What lies outside of the library is left out.
    """
    base = root.resolve()
    for place in (Path.cwd() / named, root / named):
        for real in (place.resolve(), place.parent.resolve() / place.name):
            with suppress(ValueError):
                yield real.relative_to(base).as_posix()


def read(place: Path) -> bytes | None:
    """Return the bytes of a file, or None where there is none.

    Raises:
        LibraryError: It is a folder, or cannot be read.
    """
    try:
        return read_regular(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        message = f"{place.name} cannot be read: {error.strerror}"
        raise LibraryError(message, "nothing was changed") from error


def is_listed(place: Path) -> bool:
    """Say whether the folder lists this very name: some disks find README.md under readme.md."""
    try:
        return place.name in os.listdir(place.parent)
    except OSError:
        return False


def mode_of(place: Path) -> int | None:
    """Return the permission bits of a file, or None where there is none."""
    try:
        return stat.S_IMODE(place.stat().st_mode)
    except OSError:
        return None


def is_writable(place: Path) -> bool:
    """Say whether a file or folder may be written; a superuser respects a missing write bit too."""
    return bool((mode_of(place) or 0) & 0o222) and os.access(place, os.W_OK)


def write(place: Path, content: bytes, like: Path | None = None, mode: int | None = None) -> None:
    """Write a new file and flush it to the disk, with the mode and owner of another one or with a mode."""
    handle = os.open(place, WRITE, 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        if like is not None and (present := mode_of(like)) is not None:
            own_as(file.fileno(), like)
            mode = present
        if mode is not None:
            set_mode(file.fileno(), mode)
        os.fsync(file.fileno())


def write_file(place: Path, content: bytes) -> None:
    """Write one file that is no part of a change, whole or not at all.

    Raises:
        LibraryError: It cannot be written.
    """
    try:
        place = Path(os.path.realpath(place))
        write(beside(place), content, like=place if place.exists() else None)
        os.replace(beside(place), place)
        flush_folders([place.parent])
    except OSError as error:
        with suppress(OSError):
            beside(place).unlink(missing_ok=True)
        message = f"cannot write {str(place)!r}: {error.strerror}"
        raise LibraryError(message, "look at its permissions and at the free space; nothing was written") from error


def beside(place: Path) -> Path:
    """Return where a file is written that is to take the place of another one in the same folder."""
    return place.with_name(f".{place.name}{_BESIDE}")


def missing_folders(places: Iterable[Path]) -> list[Path]:
    """Return the folders that do not exist yet above some places, the outermost first."""
    folders: set[Path] = set()
    for place in places:
        for folder in place.parents:
            if folder.is_dir() or folder in folders:
                break
            folders.add(folder)
    return sorted(folders)


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, the innermost first, that hold nothing."""
    for folder in sorted(folders, reverse=True):
        with suppress(OSError):
            folder.rmdir()


def flush_folders(folders: Iterable[Path]) -> None:
    """Flush folders to the disk, so that a renaming in them outlives a power cut."""
    for folder in sorted(set(folders)):
        flush_folder(folder)


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
        FileExistsError: Another one was saved meanwhile and is in the place now.
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
        aside = beside(place)
        os.replace(place, aside)
    return aside


def is_untouched(aside: Path, content: Stamp) -> bool:
    """Say whether a file that was moved away holds what it should, and no process has it open to write more into it."""
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
    waiting = beside(place)
    gap = content is not None and not place.exists()
    whole = () if gap else (new, waiting)
    candidates = (*whole, put_aside(new), put_aside(waiting))
    return next((each for each in candidates if is_aside(each, content)), None)


def put_back(old: Path, place: Path, content: Stamp) -> bool:
    """Exchange a file with the one that took its place; say whether that one was as it should be.

    Where it was not, it was saved meanwhile, and what was saved last is in the place.
    """
    expected = content
    for swaps in range(_SWAPS):
        going = _stamp_of(old)
        old = exchange(old, place)
        if is_untouched(old, expected):
            return swaps == 0
        expected = going
    return False


def clear_beside(place: Path) -> None:
    """Remove what may be left beside a place."""
    for file in (beside(place), put_aside(beside(place))):
        file.unlink(missing_ok=True)


def _stamp_of(file: Path) -> Stamp:
    return stamp(read(file) or b"")


def _on_same_disk(new: Path, place: Path) -> Path:
    if new.parent == place.parent or new.stat().st_dev == place.parent.stat().st_dev:
        return new
    copy = beside(place)
    write(copy, new.read_bytes(), like=new)
    return copy


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
    """Tells a long-running process whether anything has changed in a folder, without a look at each of its files.

    To ask it is one question to the system, so it is for a folder with many files. The system tells of changes in the
    order in which they were made. So a file of our own is written first: when that has been told, all changes that were
    made before it have been told as well.

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
