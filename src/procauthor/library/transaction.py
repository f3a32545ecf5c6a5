"""Writes a change set as a whole or not at all.

All new bytes are staged and flushed first, then a journal with the old bytes; only then are files replaced, each in one
step that keeps the old file aside. At the end all old files are looked at: where one was saved meanwhile, the
whole change is taken back. It is done at the moment in which the journal becomes the newest entry of the history.
Whatever stops the work before leaves a journal, from which the old bytes come back.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct

from procauthor.data import pick
from procauthor.errors import ConflictError, LibraryError
from procauthor.library import disk
from procauthor.library import state as door
from procauthor.library.change import (
    Change,
    Edit,
    creation_mode,
    is_folder_permitted,
    is_permitted,
    permit,
    refuse_unportable,
    refuse_unsafe,
    verify,
)
from procauthor.library.state import unseal
from procauthor.procedure import Stamp, stamp
from procauthor.system import hold, read_regular

KIND = "change"
_VERSION = 1
# The newest change is kept whatever its size; older ones make room.
_MOST_ENTRIES = 500
_MOST_BYTES = 64 * 1024 * 1024


class FileRecord(Struct, frozen=True):
    """One file: its bytes and mode before (None: there was none), the stamp of its bytes after (None: none is).

    ``wrote`` holds the bytes after, where they are known: with them a change is told apart from what came later.
    """

    path: str
    before: bytes | None
    after: Stamp | None
    mode: int | None = None
    origin: str | None = None
    wrote: bytes | None = None


class ChangeRecord(Struct, frozen=True):
    """A change: what it is for, when it was written, its files, and the folders that it made.

    ``undone`` is true where the record is that of an undoing: its files are then as they were before the change.
    """

    title: str
    files: tuple[FileRecord, ...]
    folders: tuple[str, ...] = ()
    time: str = ""
    undone: bool = False

    def dump(self) -> bytes:
        """Return the record as JSON."""
        files = [_file_json(f) for f in self.files]
        time = self.time or datetime.now(UTC).isoformat(timespec="seconds")
        head = {"version": _VERSION, "title": self.title, "time": time, "undone": self.undone}
        return json.dumps({**head, "folders": self.folders, "files": files}).encode()


def read_record(root: Path, file: Path) -> ChangeRecord | None:
    """Return a record of the state, or None if it does not count.

    A record counts if it was written here and names nothing that no change may write.

    Raises:
        LibraryError: The file cannot be read.
    """
    try:
        plain = unseal(file, KIND, read_regular(file))
        record = None if plain is None else _load(plain)
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise LibraryError(message, "look at its permissions") from error
    except (ValueError, KeyError, TypeError):
        return None
    if record is None:
        return None
    named = chain.from_iterable((f.path, f.origin) for f in record.files)
    allowed = all(is_permitted(root, path) for path in named if path is not None)
    return record if allowed and all(is_folder_permitted(root, path) for path in record.folders) else None


def _load(raw: bytes) -> ChangeRecord:
    data: dict[str, Any] = json.loads(raw)
    files = tuple(
        FileRecord(f["path"], _decode(f["before"]), f["after"], f["mode"], f["origin"], _decode(f.get("wrote")))
        for f in data["files"]
    )
    return ChangeRecord(data["title"], files, tuple(data["folders"]), data["time"], data["undone"])


def list_records(folder: Path) -> list[Path]:
    """Return the files of the history, the oldest first."""
    return sorted((f for f in folder.glob("*.json") if f.stem.isdigit()), key=lambda f: int(f.stem))


def prune_records(folder: Path) -> None:
    """Drop the oldest entries of the history beyond the bounds of count and size."""
    size = 0
    for place, file in enumerate(reversed(list_records(folder))):
        size += file.stat().st_size
        if place and (place >= _MOST_ENTRIES or size > _MOST_BYTES):
            file.unlink(missing_ok=True)


def _file_json(file: FileRecord) -> dict[str, object]:
    encoded = {"before": _encode(file.before), "wrote": _encode(file.wrote)}
    return pick(file, "path", "before", "after", "mode", "origin", "wrote") | encoded


def _encode(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)


STATE = door.FOLDER
_JOURNAL = "journal.json"
_STAGE = "stage"
_HISTORY = "history"
_LOCK = "lock"
_LOCK_SECONDS = 10.0
_BUSY = "another procauthor process is writing to this library"


class Recovery(Struct, frozen=True):
    """What was taken back of a change that had been cut off; ``kept`` are files that were edited since.

    ``foreign`` is where a journal is kept that does not count, because it was not written here.
    """

    title: str
    restored: tuple[str, ...]
    kept: tuple[str, ...] = ()
    foreign: str = ""


@contextmanager
def lock(state: Path, wait: float = _LOCK_SECONDS) -> Iterator[None]:
    """Hold the library's lock; a second process waits, then is refused.

    Args:
        state: State folder of the library.
        wait: Seconds to wait.

    Raises:
        LockedError: Another process held the lock all the time.
        LibraryError: The state folder cannot be written.
    """
    with ExitStack() as held:
        try:
            door.make_folder(state)
            held.enter_context(hold(state / _LOCK, wait, _BUSY, "try again when it has finished"))
        except OSError as error:
            raise _unwritable(state, error) from error
        yield


def history_folder(state: Path) -> Path:
    """Return where the records of written changes are."""
    return state / _HISTORY


def apply(root: Path, state: Path, change: Change, *, wait: float = _LOCK_SECONDS) -> None:
    """Write all files of a change, or none; `history.undo` takes it back.

    Raises:
        LockedError: Another process was writing for as many seconds as we may wait.
        ConflictError: A file is no longer what the change was based on; nothing was written.
        LibraryError: A file may not be written, holds a conflict, or the disk refused; nothing was changed.
    """
    refuse_unsafe(change)
    refuse_unportable(root, change)
    with lock(state, wait):
        roll_back(root, state)
        history = history_folder(state)
        number = max((int(file.stem) for file in list_records(history)), default=0) + 1
        perform(root, state, change, history / f"{number:06}.json")
        with suppress(OSError):
            prune_records(history)


def perform(  # noqa: PLR0913, PLR0917 - a change, and how it differs from an ordinary one
    root: Path,
    state: Path,
    change: Change,
    entry: Path,
    modes: Mapping[str, int] | None = None,
    folders: tuple[str, ...] = (),
    *,
    undone: bool = False,
) -> None:
    """Write a change while the lock is held; the journal ends as the given entry of the history.

    Args:
        root: Root of the library.
        state: Its state folder.
        change: What to write.
        entry: File in the history that says how to take it back.
        modes: Permission bits of files that come back.
        folders: Folders to remove if they are empty afterwards.
        undone: Whether the change is an undoing.
    """
    places = verify(root, change)
    try:
        _stage(root, state, places, modes or {})
        made = disk.missing_folders(place for edit, place in places if edit.after is not None)
        _write_journal(root, state, _record(root, change, places, made, undone=undone))
        aside = _put(state, places, made)
        disk.remove_empty(root / folder for folder in folders)
        disk.flush_folders({place.parent for _, place in places} | {folder.parent for folder in made})
        _require_unsaved(aside)
        _commit(state, entry)
    except OSError as error:
        _give_up(root, state)
        raise _unwritable(root, error) from error
    except BaseException:
        _give_up(root, state)
        raise
    finally:
        shutil.rmtree(state / _STAGE, ignore_errors=True)


def _give_up(root: Path, state: Path) -> None:
    # If the disk refuses this too, the journal stays, and the next command tries again.
    with suppress(OSError):
        roll_back(root, state)


def _stage(root: Path, state: Path, places: list[tuple[Edit, Path]], modes: Mapping[str, int]) -> None:
    """Write all new bytes where no reader looks: a full disk is noticed here, before any file is touched."""
    stage = state / _STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    for number, (edit, place) in enumerate(places):
        if edit.after is not None:
            origin = disk.locate(root, edit.origin) if edit.origin else place
            like = place if edit.before is not None else origin
            mode = creation_mode(modes.get(edit.path)) if edit.before is None else None
            disk.write(stage / str(number), edit.after, like=like, mode=mode)
    disk.flush_folders([stage])


def _record(
    root: Path, change: Change, places: list[tuple[Edit, Path]], made: list[Path], *, undone: bool
) -> ChangeRecord:
    files = tuple(
        FileRecord(
            edit.path,
            edit.before,
            None if edit.after is None else stamp(edit.after),
            None if edit.before is None else disk.mode_of(place),
            edit.origin,
            edit.after,
        )
        for edit, place in places
    )
    real = Path(os.path.realpath(root))
    return ChangeRecord(change.title, files, tuple(f.relative_to(real).as_posix() for f in made), undone=undone)


def _write_journal(root: Path, state: Path, journal: ChangeRecord) -> None:
    staged = state / _STAGE / _JOURNAL
    disk.write(staged, door.seal(state, KIND, journal.dump()))
    history_folder(state).mkdir(exist_ok=True)
    os.replace(staged, state / _JOURNAL)
    disk.flush_folders([state, root])


def _put(state: Path, places: list[tuple[Edit, Path]], made: list[Path]) -> list[tuple[Edit, Path]]:
    """Put all files in their places; return where those are now that were there before.

    Delete first: where a disk does not tell upper from lower case, the new name may be the old file.
    """
    for folder in made:
        folder.mkdir(exist_ok=True)
    numbered = [(state / _STAGE / str(number), edit, place) for number, (edit, place) in enumerate(places)]
    aside: list[tuple[Edit, Path]] = []
    for staged, edit, place in sorted(numbered, key=lambda each: each[1].after is not None):
        try:
            if edit.before is None:
                disk.add(staged, place)
            elif edit.after is None:
                aside.append((edit, disk.take(place, staged)))
            else:
                aside.append((edit, disk.exchange(staged, place)))
        except (FileNotFoundError, FileExistsError) as error:
            raise _saved(edit) from error
    return aside


def _require_unsaved(aside: list[tuple[Edit, Path]]) -> None:
    for edit, old in aside:
        if edit.before is not None and not disk.is_untouched(old, stamp(edit.before)):
            raise _saved(edit)


def _saved(edit: Edit) -> ConflictError:
    message = f"{edit.path} was saved or moved by another program while this was being written"
    return ConflictError(message, "what was saved is kept, and nothing else was changed; run the command again")


def _commit(state: Path, entry: Path) -> None:
    os.replace(state / _JOURNAL, entry)
    # From here on the change is written; a flush that fails can only be made up for by the system.
    with suppress(OSError):
        disk.flush_folders([state, entry.parent])


# Taking back


def has_journal(state: Path) -> bool:
    """Say whether a change is being written, or was cut off."""
    return (state / _JOURNAL).exists()


def recover(root: Path, state: Path) -> Recovery | None:
    """Take back a change that was cut off; None where there is none.

    A file that was edited since the crash is left as it is, and the record of the change is kept in the history
    folder.

    Raises:
        LockedError: Another process is still writing.
        LibraryError: The disk refuses; the next command tries again.
    """
    if not has_journal(state):
        return None
    with lock(state):
        try:
            return roll_back(root, state)
        except OSError as error:
            message = f"a change was cut off, and cannot be taken back: {error.strerror}"
            raise LibraryError(
                message, f"free the disk or correct the permissions of {root}, then try again"
            ) from error


def roll_back(root: Path, state: Path) -> Recovery | None:
    """Take back what the journal says, while the lock is held."""
    journal = state / _JOURNAL
    if not journal.exists():
        shutil.rmtree(state / _STAGE, ignore_errors=True)
        return None
    record = read_record(root, journal)
    if record is None:
        return Recovery("", (), foreign=door.set_aside(journal))
    stage = state / _STAGE
    stage.mkdir(exist_ok=True)
    places = {f.path: permit(root, f.path) for f in record.files}
    # Created files go before others come back: see `_put`.
    files = sorted(enumerate(record.files), key=lambda each: each[1].before is not None)
    outcomes = {f.path: _restore(stage / str(number), places[f.path], f) for number, f in files}
    for place in places.values():
        disk.clear_beside(place)
    disk.remove_empty(root / folder for folder in record.folders)
    disk.flush_folders(place.parent for place in places.values())
    kept = tuple(path for path, outcome in outcomes.items() if outcome is None)
    if kept:
        os.replace(journal, history_folder(state) / f"cut-off-{int(time.time())}.json")
    else:
        journal.unlink()
    disk.flush_folders([state])
    shutil.rmtree(stage, ignore_errors=True)
    return Recovery(record.title, tuple(path for path, outcome in outcomes.items() if outcome), kept)


def _restore(staged: Path, place: Path, file: FileRecord) -> bool | None:
    """Bring a file back: True if it had been changed, None if it was edited since.

    What was saved while the file was being replaced is in the old file, so that one comes back where it is kept.
    """
    present = disk.read(place)
    if file.before is None:
        return _remove(staged, place, file, present)
    if present == file.before:
        return False
    if present is not None and stamp(present) != file.after:
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = creation_mode(file.mode)
    old = disk.displaced(staged, place, file.after) or _write_back(staged, place, file.before, mode)
    try:
        if present is None:
            disk.add(old, place)
        elif file.after is not None:
            return disk.put_back(old, place, file.after) or None
    except (FileExistsError, FileNotFoundError):
        return None
    return True


def _write_back(staged: Path, place: Path, content: bytes, mode: int | None) -> Path:
    back = staged.with_name("back")
    disk.write(back, content, like=place, mode=mode)
    return back


def _remove(staged: Path, place: Path, file: FileRecord, present: bytes | None) -> bool | None:
    """Remove a file that the change made, unless it was edited since."""
    if file.after is None or (present is not None and not disk.is_listed(place)):
        return False
    if present is not None and stamp(present) != file.after:
        return None
    aside = staged if present is None else disk.take(place, staged)
    if not aside.exists() or disk.is_untouched(aside, file.after):
        aside.unlink(missing_ok=True)
        return present is not None
    with suppress(FileExistsError):
        disk.add(aside, place)
    return None


def _unwritable(place: Path, error: OSError) -> LibraryError:
    message = f"cannot write to {place}: {error.strerror}"
    return LibraryError(message, "nothing was changed")
