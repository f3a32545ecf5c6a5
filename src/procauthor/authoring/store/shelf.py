"""Named bytes that belong to one run or one batch: in a folder, or wherever else a shelf can be."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from procauthor.errors import LockedError
from procauthor.library.state import make_folder


class Journal(Protocol):
    """Lines that are only ever added, each safe before `append` returns."""

    def read(self) -> bytes:
        """Return all lines, each with its newline; a crash may have cut one off."""

    def append(self, line: bytes) -> None:
        """Add a line without its newline."""


class Shelf(Protocol):
    """Named bytes. Whatever is written is replaced as a whole: a crash leaves the old or the new."""

    def read(self, name: str) -> bytes | None:
        """Return what has that name, None where nothing has."""

    def write(self, name: str, raw: bytes, *, flush: bool = True) -> None:
        """Store bytes; without ``flush`` a power cut may take them."""

    def remove(self, name: str) -> None:
        """Forget what has that name."""

    def age(self, name: str) -> float | None:
        """Return how many seconds ago something was written, None where there is nothing."""

    def journal(self, name: str) -> Journal:
        """Return lines by their name."""

    def hold(self, what: str) -> AbstractContextManager[None]:
        """Hold the shelf, so that no second process works on it; ``what`` names it in the error.

        Raises:
            LockedError: Another process holds it.
        """


@dataclass(frozen=True, slots=True)
class FileJournal:
    """Lines in a file, each flushed to the disk."""

    path: Path

    def read(self) -> bytes:
        """Return all lines; none where there is no file."""
        return self.path.read_bytes() if self.path.is_file() else b""

    def append(self, line: bytes) -> None:
        """Add a line."""
        make_folder(self.path.parent)
        with self.path.open("a+b") as file:
            # A crash can leave half a line: the next one must not continue it.
            file.write((b"" if _is_whole(file.fileno()) else b"\n") + line + b"\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class FolderShelf:
    """Named bytes as the files of a folder. A name may hold slashes."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, raw: bytes, *, flush: bool = True) -> None:
        """Replace a file."""
        place = self.folder / name
        make_folder(place.parent)
        temporary = place.with_suffix(".tmp")
        temporary.write_bytes(raw)
        if flush:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(place)

    def remove(self, name: str) -> None:
        """Delete a file if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def age(self, name: str) -> float | None:
        """Return how many seconds ago a file was written."""
        try:
            return time.time() - (self.folder / name).stat().st_mtime
        except FileNotFoundError:
            return None

    def journal(self, name: str) -> FileJournal:
        """Return the lines of a file."""
        return FileJournal(self.folder / name)

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Hold the folder. The lock ends with the process."""
        handle = os.open(self.folder / "lease", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            message = f"{what} is being worked on by another process"
            raise LockedError(message, "wait until it has ended") from error
        try:
            yield
        finally:
            os.close(handle)


def _is_whole(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return not size or os.pread(handle, 1, size - 1) == b"\n"
