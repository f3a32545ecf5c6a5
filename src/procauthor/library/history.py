"""The changes that were written, the newest last: each can be taken back, and brought back again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from procauthor.data import pick
from procauthor.errors import ConflictError, LibraryError, NotFoundError
from procauthor.library import disk
from procauthor.library.change import Change, Edit, action_of
from procauthor.library.sidecar import PROVENANCE, document_path, merge_sidecars
from procauthor.library.transaction import (
    ChangeRecord,
    FileRecord,
    history_folder,
    list_records,
    lock,
    perform,
    read_record,
    roll_back,
)
from procauthor.markdown.merge import merge
from procauthor.naming import is_document, list_first
from procauthor.procedure import stamp

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A change that was written, or taken back: ``record`` says how to turn it round."""

    number: int
    file: Path
    record: ChangeRecord

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
        files = self.record.files
        states = ((f.path, *((f.after, f.before) if self.undone else (f.before, f.after))) for f in files)
        changes = [{"path": path, "action": action_of(before, after)} for path, before, after in states]
        return {
            **pick(self, "number", "title"),
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
    return [file.name for file in list_records(history_folder(state)) if read_record(state.parent, file) is None]


def _require_newest(state: Path, entry: HistoryEntry | None) -> None:
    """Refuse where a newer entry does not count: what it has written is not known, so nothing before it is the last."""
    files = list_records(history_folder(state))
    newer = [f for f in files if entry is None or int(f.stem) > entry.number]
    lost = next((f for f in reversed(newer) if read_record(state.parent, f) is None), None)
    if lost is not None:
        number = int(lost.stem)
        message = f"change {number} of the history is damaged, so it cannot be told what comes next"
        place = lost.relative_to(state.parent).as_posix()
        hint = f"name a change by its number: procauthor undo --list; or delete {place} to forget change {number}"
        raise LibraryError(message, hint)


def _newest_first(state: Path) -> Iterator[HistoryEntry]:
    for file in reversed(list_records(history_folder(state))):
        record = read_record(state.parent, file)
        if record is not None:
            yield HistoryEntry(int(file.stem), file, record)


def undo(root: Path, state: Path, number: int | None = None) -> tuple[HistoryEntry, Change]:
    """Take back the newest change in force, or the one with a number; return it with what was written.

    Later changes of a document stay, where they are in other places of it.

    Raises:
        NotFoundError: There is none.
        ConflictError: A file of it was edited since at the same place; nothing was written.
        LibraryError: The newest entry is damaged, or the disk refused; nothing was changed.
    """
    with lock(state):
        roll_back(root, state)
        if number is None:
            last = next((entry for entry in _newest_first(state) if not entry.undone), None)
            _require_newest(state, last)
        else:
            last = _numbered(state, number, undone=False)
        if last is None:
            message = "there is nothing to undo"
            raise NotFoundError(message, "no change of this library is in its history")
        return last, _turn(root, state, last)


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
        _require_newest(state, waiting[-1] if waiting else None)
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
        message = f"change {number}, {entry.title!r}, {'was not undone' if undone else 'was undone already'}"
        hint = f"undo it with: procauthor undo {number}" if undone else f"bring it back with: procauthor redo {number}"
        raise NotFoundError(message, hint)
    return entry


def _turn(root: Path, state: Path, entry: HistoryEntry) -> Change:
    """Write the bytes from before the entry; the entry is replaced by its opposite."""
    present = {f.path: disk.read(disk.locate(root, f.path)) for f in entry.record.files}
    target = {f.path: f.before for f in entry.record.files}
    moved = {f for f in entry.record.files if _has_moved(root, f, present[f.path])}
    lost: list[str] = []
    left_out: set[FileRecord] = set()
    for file in sorted(moved, key=lambda f: f.path):
        merged = _merged(file, present[file.path])
        if isinstance(merged, bytes):
            target[file.path] = merged
        elif document_path(PROVENANCE, file.path):
            left_out.add(file)
        else:
            lost.append(f"{file.path}:{merged}" if merged else file.path)
    _refuse(lost, entry)
    files = [f for f in entry.record.files if f not in left_out]
    origins = {f.origin: f.path for f in files if f.origin}
    edits = tuple(
        Edit(f.path, None if f.after is None else present[f.path], target[f.path], origins.get(f.path)) for f in files
    )
    change = Change(edits, entry.title)
    modes = {f.path: f.mode for f in files if f.mode is not None}
    perform(root, state, change, entry.file, modes, entry.record.folders, undone=not entry.undone)
    return change


def _has_moved(root: Path, file: FileRecord, present: bytes | None) -> bool:
    # A file may be gone as it should be, though the disk shows another one that differs in case alone.
    gone = file.after is None and not disk.is_listed(disk.locate(root, file.path))
    return _stamp(present) != file.after and not gone


def _refuse(places: list[str], entry: HistoryEntry) -> None:
    if places:
        names, done = list_first(places, _SHOWN), "redone" if entry.undone else "undone"
        message = f"{names} changed since {entry.title!r}, so it cannot be {done}"
        raise ConflictError(message, "nothing was written; take those edits back first, or keep them")


def _merged(file: FileRecord, present: bytes | None) -> bytes | int:
    """Return a file without what the entry did to it, and with what came later; else the line where both meet.

    The line is 0 where the file is gone.
    """
    if present is None:
        return 0
    left = file.wrote
    if left is None or file.before is None:
        return _first_difference(left or b"", present)
    if not is_document(file.path):
        merged = merge_sidecars(left, present, file.before)
        return _first_difference(left, present) if merged is None else merged
    try:
        united = merge(left, present, file.before)
    except UnicodeDecodeError:
        return _first_difference(left, present)
    if not united.clashes:
        return united.raw
    return present.count(b"\n", 0, max(0, present.find(united.clashes[0].ours))) + 1


def _first_difference(left: bytes, present: bytes) -> int:
    pairs = zip_longest(left.splitlines(), present.splitlines())
    return next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 1)


def _stamp(raw: bytes | None) -> str | None:
    return None if raw is None else stamp(raw)
