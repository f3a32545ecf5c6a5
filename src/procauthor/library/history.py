"""The changes that were written, the newest last: each can be taken back, and brought back again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from procauthor.errors import ConflictError, NotFoundError
from procauthor.library import disk, record
from procauthor.library.change import Change, Edit
from procauthor.library.record import FileRecord, Record
from procauthor.library.transaction import history_folder, lock, perform, roll_back
from procauthor.markdown.merge import merge
from procauthor.procedure import stamp

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A change that was written, or taken back: ``record`` says how to turn it round."""

    number: int
    file: Path
    record: Record

    @property
    def title(self) -> str:
        """What the change was for."""
        return self.record.title

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""
        return self.record.undone

    def as_json(self) -> dict[str, object]:
        """Return the entry as the documented JSON object; actions are those of the change itself."""
        turned = {"create": "delete", "delete": "create", "update": "update"}
        changes = [{"path": f.path, "action": turned[f.action] if self.undone else f.action} for f in self.record.files]
        return {
            "number": self.number,
            "title": self.title,
            "time": self.record.time,
            "undone": self.undone,
            "changes": changes,
        }


def read_history(state: Path) -> list[HistoryEntry]:
    """Return all entries that count, the oldest first.

    Raises:
        LibraryError: An entry cannot be read.
    """
    return list(_newest_first(state))[::-1]


def read_strangers(state: Path) -> list[str]:
    """Return the names of the files in the history that do not count: they were not written here, or are damaged.

    Raises:
        LibraryError: A file cannot be read.
    """
    return [file.name for file in record.entries(history_folder(state)) if record.read(state.parent, file) is None]


def _newest_first(state: Path) -> Iterator[HistoryEntry]:
    for file in reversed(record.entries(history_folder(state))):
        found = record.read(state.parent, file)
        if found is not None:
            yield HistoryEntry(int(file.stem), file, found)


def undo(root: Path, state: Path, number: int | None = None) -> tuple[HistoryEntry, Change]:
    """Take back the newest change that still stands, or the one with a number; return it with what was written.

    Later changes of a document stay, where they are in other places of it.

    Raises:
        NotFoundError: There is none.
        ConflictError: A file of it was edited since at the same place; nothing was written.
        LibraryError: The disk refused; nothing was changed.
    """
    with lock(state):
        roll_back(root, state)
        if number is None:
            found = next((entry for entry in _newest_first(state) if not entry.undone), None)
        else:
            found = _numbered(state, number, undone=False)
        if found is None:
            message = "there is nothing to undo"
            raise NotFoundError(message, "no change of this library is in its history")
        return found, _turn(root, state, found)


def redo(root: Path, state: Path, number: int | None = None) -> tuple[HistoryEntry, Change]:
    """Write again what was undone last, or the change with a number; return it with what was written.

    Raises:
        NotFoundError: Nothing was undone, or another change was written since.
        ConflictError: A file of it was edited since; nothing was written.
        LibraryError: The disk refused; nothing was changed.
    """
    with lock(state):
        roll_back(root, state)
        if number is not None:
            entry = _numbered(state, number, undone=True)
            return entry, _turn(root, state, entry)
        waiting = list(takewhile(lambda entry: entry.undone, _newest_first(state)))
        if not waiting:
            message = "there is nothing to redo"
            hint = (
                "only what was undone last comes back by itself; for the rest give a number of: procauthor undo --list"
            )
            raise NotFoundError(message, hint)
        return waiting[-1], _turn(root, state, waiting[-1])


def _numbered(state: Path, number: int, *, undone: bool) -> HistoryEntry:
    entry = next((entry for entry in _newest_first(state) if entry.number == number), None)
    if entry is None:
        message = f"the history has no change {number}"
        raise NotFoundError(message, "see: procauthor undo --list")
    if entry.undone is not undone:
        message = f"change {number}, {entry.title!r}, {'stands' if undone else 'was taken back already'}"
        hint = f"undo it with: procauthor undo {number}" if undone else f"bring it back with: procauthor redo {number}"
        raise NotFoundError(message, hint)
    return entry


def _turn(root: Path, state: Path, entry: HistoryEntry) -> Change:
    """Write the bytes from before the entry; the entry is replaced by its opposite."""
    files = entry.record.files
    found = {f.path: disk.read(disk.locate(root, f.path)) for f in files}
    target = {f.path: f.before for f in files}
    moved = [f for f in files if _stamp(found[f.path]) != f.after and not _hidden(root, f.path, f.after)]
    for file in moved:
        target[file.path] = _merged(state, file, found[file.path])
    _refuse([f.path for f in moved if target[f.path] is None], entry)
    origins = {f.origin: f.path for f in files if f.origin}
    edits = tuple(
        Edit(f.path, None if f.after is None else found[f.path], target[f.path], origins.get(f.path)) for f in files
    )
    change = Change(edits, entry.title)
    modes = {f.path: f.mode for f in files if f.mode is not None}
    perform(root, state, change, entry.file, modes, entry.record.folders, undone=not entry.undone)
    return change


def _refuse(paths: list[str], entry: HistoryEntry) -> None:
    if paths:
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        names = ", ".join(paths[:_SHOWN]) + more
        message = f"{names} changed since {entry.title!r}, so it cannot be {'redone' if entry.undone else 'undone'}"
        raise ConflictError(message, "nothing was written; take those edits back first, or keep them")


def _merged(state: Path, file: FileRecord, found: bytes | None) -> bytes | None:
    """Return a document without what the entry did to it, and with what came later; None where both meet.

    The bytes that the entry left are known where a later entry replaced them, for it keeps what it replaced.
    """
    if file.before is None or found is None or not file.path.endswith(".md"):
        return None
    records = (each for entry in _newest_first(state) for each in entry.record.files if each.path == file.path)
    left = next((each.before for each in records if _stamp(each.before) == file.after), None)
    if left is None:
        return None
    try:
        merged = merge(left, found, file.before)
    except UnicodeDecodeError:
        return None
    return None if merged.clashes else merged.raw


def _stamp(raw: bytes | None) -> str | None:
    return None if raw is None else stamp(raw)


def _hidden(root: Path, path: str, after: str | None) -> bool:
    """Say whether a file is gone as it should be, though the disk shows another one that differs in case alone."""
    return after is None and not disk.is_listed(disk.locate(root, path))
