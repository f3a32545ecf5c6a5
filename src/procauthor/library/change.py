"""A change set: several files that change together or not at all."""

from __future__ import annotations

import base64
import difflib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from procauthor.errors import ConflictError, LibraryError, LockedError

Action = Literal["create", "update", "delete"]
_JOURNAL = "journal.json"
_LOCK = "lock"
_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Edit:
    """One file before and after; None means that it does not exist."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def action(self) -> Action:
        """What happens to the file."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"


@dataclass(frozen=True, slots=True)
class Change:
    """Edits that belong together, in the order in which they are shown."""

    edits: tuple[Edit, ...]

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.edits)

    def diff(self) -> str:
        """Return one unified diff of all files."""
        return "".join(_diff(edit) for edit in self.edits)

    def as_json(self) -> list[dict[str, str]]:
        """Return ``changes[]`` of the documented JSON."""
        return [{"path": edit.path, "action": edit.action} for edit in self.edits]


def _diff(edit: Edit) -> str:
    before = (edit.before or b"").decode(errors="replace").splitlines(keepends=True)
    after = (edit.after or b"").decode(errors="replace").splitlines(keepends=True)
    old = f"a/{edit.path}" if edit.before is not None else "/dev/null"
    new = f"b/{edit.path}" if edit.after is not None else "/dev/null"
    lines = difflib.unified_diff(before, after, old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


@contextmanager
def lock(state: Path) -> Iterator[None]:
    """Hold the library's lock; a second process waits, then is refused.

    Raises:
        LockedError: Another process held the lock for ten seconds.
        LibraryError: The state folder cannot be written.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        handle = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unwritable(state, error) from error
    try:
        _wait(handle)
        yield
    finally:
        os.close(handle)


def _wait(handle: int) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                message = "another procauthor process is writing to this library"
                raise LockedError(message, "try again when it has finished") from error
            time.sleep(0.05)
        else:
            return


def apply(root: Path, state: Path, change: Change) -> None:
    """Write all files of a change, or none.

    A journal with the old bytes is on disk before the first file is touched; after a crash, `recover` puts them back.

    Raises:
        ConflictError: A file is no longer what the change was based on; nothing was written.
        LibraryError: The disk refused; what was written has been taken back.
    """
    with lock(state):
        recover(root, state)
        for edit in change.edits:
            if _read(_place(root, edit.path)) != edit.before:
                message = f"{edit.path} changed since this was prepared"
                raise ConflictError(message, "nothing was written; run the command again")
        journal = state / _JOURNAL
        try:
            _write(journal, json.dumps([_as_entry(edit) for edit in change.edits]).encode())
            for edit in change.edits:
                _put(_place(root, edit.path), edit.after)
        except OSError as error:
            with suppress(OSError):
                recover(root, state)
            raise _unwritable(root, error) from error
        journal.unlink()


def recover(root: Path, state: Path) -> tuple[str, ...]:
    """Take back a change that was cut off; return the paths that were restored."""
    journal = state / _JOURNAL
    if not journal.exists():
        return ()
    restored = []
    for entry in json.loads(journal.read_text(encoding="utf-8")):
        edit = Edit(entry["path"], _decode(entry["before"]), _decode(entry["after"]))
        place = _place(root, edit.path)
        present = _read(place)
        if present == edit.after and present != edit.before:
            _put(place, edit.before)
            restored.append(edit.path)
    journal.unlink()
    return tuple(restored)


def _as_entry(edit: Edit) -> dict[str, str | None]:
    return {"path": edit.path, "before": _encode(edit.before), "after": _encode(edit.after)}


def _encode(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _place(root: Path, path: str) -> Path:
    """Return where a path is; a link is followed, so that it stays a link, but never out of the root."""
    place = Path(os.path.realpath(root / path))
    if not place.is_relative_to(os.path.realpath(root)):
        message = f"{path!r} lies outside of the library"
        raise LibraryError(message)
    return place


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{place.name} cannot be read: {error.strerror}"
        raise LibraryError(message) from error


def _put(place: Path, content: bytes | None) -> None:
    if content is None:
        place.unlink(missing_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(place, content)


def _write(place: Path, content: bytes) -> None:
    """Write a file by way of a temporary one, flushed to the disk, so that no reader sees half of it."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, place.stat().st_mode & 0o777 if place.exists() else 0o644)
        os.replace(name, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_file(place: Path, content: bytes) -> None:
    """Write one file whole or not at all; a device or a pipe is written to as it is.

    Raises:
        LibraryError: It cannot be written.
    """
    try:
        if place.exists() and not place.is_file():
            place.write_bytes(content)
        else:
            _write(Path(os.path.realpath(place)), content)
    except OSError as error:
        message = f"cannot write {str(place)!r}: {error.strerror}"
        raise LibraryError(message) from error


def _unwritable(place: Path, error: OSError) -> LibraryError:
    message = f"cannot write to {place}: {error.strerror}"
    return LibraryError(message, "nothing was changed")
