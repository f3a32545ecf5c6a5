"""Writes a change set as a whole or not at all.

All new bytes are staged and flushed first, then a journal with the old bytes; only then are files replaced, each in one
step that keeps the old file aside. At the end all old files are looked at: where somebody saved one meanwhile, the
whole change is taken back. It is done at the moment in which the journal becomes the newest entry of the history.
Whatever stops the work before leaves a journal, from which the old bytes come back.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from procauthor.errors import ConflictError, LibraryError
from procauthor.library import disk, record, swap
from procauthor.library import state as door
from procauthor.library.change import Change, Edit
from procauthor.library.guard import refuse_unportable, refuse_unsafe
from procauthor.library.permit import creation_mode, permit
from procauthor.library.record import ChangeRecord, FileRecord
from procauthor.library.verify import verify
from procauthor.procedure import stamp
from procauthor.system.lock import hold

STATE = door.FOLDER
_JOURNAL = "journal.json"
_STAGE = "stage"
_HISTORY = "history"
_LOCK = "lock"
_LOCK_SECONDS = 10.0
_BUSY = "another procauthor process is writing to this library"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was taken back of a change that had been cut off; ``kept`` are files that somebody edited since.

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
        number = max((int(file.stem) for file in record.entries(history)), default=0) + 1
        perform(root, state, change, history / f"{number:06}.json")
        with suppress(OSError):
            record.prune(history)


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
    """Write all new bytes where nobody reads them: a full disk is noticed here, before any file is touched."""
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
    disk.write(staged, door.seal(state, record.KIND, journal.dump()))
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
                swap.add(staged, place)
            elif edit.after is None:
                aside.append((edit, swap.take(place, staged)))
            else:
                aside.append((edit, swap.exchange(staged, place)))
        except (FileNotFoundError, FileExistsError) as error:
            raise _saved(edit) from error
    return aside


def _require_unsaved(aside: list[tuple[Edit, Path]]) -> None:
    for edit, old in aside:
        if edit.before is not None and not swap.is_untouched(old, stamp(edit.before)):
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

    A file that somebody edited since the crash is left as it is, and the record of the change is kept in the history
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
    found = record.read(root, journal)
    if found is None:
        return Recovery("", (), foreign=door.set_aside(journal))
    stage = state / _STAGE
    stage.mkdir(exist_ok=True)
    places = {f.path: permit(root, f.path) for f in found.files}
    # Created files go before others come back: see `_put`.
    files = sorted(enumerate(found.files), key=lambda each: each[1].before is not None)
    outcomes = {f.path: _restore(stage / str(number), places[f.path], f) for number, f in files}
    for place in places.values():
        swap.clear(place)
    disk.remove_empty(root / folder for folder in found.folders)
    disk.flush_folders(place.parent for place in places.values())
    kept = tuple(path for path, outcome in outcomes.items() if outcome is None)
    if kept:
        os.replace(journal, history_folder(state) / f"cut-off-{int(time.time())}.json")
    else:
        journal.unlink()
    disk.flush_folders([state])
    shutil.rmtree(stage, ignore_errors=True)
    return Recovery(found.title, tuple(path for path, outcome in outcomes.items() if outcome), kept)


def _restore(staged: Path, place: Path, file: FileRecord) -> bool | None:
    """Bring a file back: True if it had been changed, None if somebody else has edited it since.

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
    old = swap.displaced(staged, place, file.after) or _write_back(staged, place, file.before, mode)
    try:
        if present is None:
            swap.add(old, place)
        elif file.after is not None:
            return swap.put_back(old, place, file.after) or None
    except (FileExistsError, FileNotFoundError):
        return None
    return True


def _write_back(staged: Path, place: Path, content: bytes, mode: int | None) -> Path:
    back = staged.with_name("back")
    disk.write(back, content, like=place, mode=mode)
    return back


def _remove(staged: Path, place: Path, file: FileRecord, present: bytes | None) -> bool | None:
    """Remove a file that the change made, unless somebody has edited it since."""
    if file.after is None or (present is not None and not disk.is_listed(place)):
        return False
    if present is not None and stamp(present) != file.after:
        return None
    aside = staged if present is None else swap.take(place, staged)
    if not aside.exists() or swap.is_untouched(aside, file.after):
        aside.unlink(missing_ok=True)
        return present is not None
    with suppress(FileExistsError):
        swap.add(aside, place)
    return None


def _unwritable(place: Path, error: OSError) -> LibraryError:
    message = f"cannot write to {place}: {error.strerror}"
    return LibraryError(message, "nothing was changed")
