"""The changes that were written, the newest last: each can be taken back, and brought back again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from procauthor.errors import ConflictError, NotFoundError
from procauthor.library import disk, record
from procauthor.library.change import Change, Edit
from procauthor.library.record import Record
from procauthor.library.transaction import history_folder, lock, perform, roll_back
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
    """Return all entries, the oldest first.

    Raises:
        LibraryError: An entry was damaged.
    """
    return list(_newest_first(state))[::-1]


def _newest_first(state: Path) -> Iterator[HistoryEntry]:
    for file in reversed(record.entries(history_folder(state))):
        yield HistoryEntry(int(file.stem), file, record.load(file))


def undo(root: Path, state: Path) -> tuple[HistoryEntry, Change]:
    """Take back the newest change that still stands; return it with what was written.

    Raises:
        NotFoundError: There is none.
        ConflictError: A file of it was edited since; nothing was written.
        LibraryError: The disk refused; nothing was changed.
    """
    with lock(state):
        roll_back(root, state)
        standing = next((entry for entry in _newest_first(state) if not entry.undone), None)
        if standing is None:
            message = "there is nothing to undo"
            raise NotFoundError(message, "no change of this library is in its history")
        return standing, _turn(root, state, standing)


def redo(root: Path, state: Path) -> tuple[HistoryEntry, Change]:
    """Write again what was undone last; return it with what was written.

    Raises:
        NotFoundError: Nothing was undone, or another change was written since.
        ConflictError: A file of it was edited since; nothing was written.
        LibraryError: The disk refused; nothing was changed.
    """
    with lock(state):
        roll_back(root, state)
        waiting = list(takewhile(lambda entry: entry.undone, _newest_first(state)))
        if not waiting:
            message = "there is nothing to redo"
            raise NotFoundError(message, "only what was undone last can come back, and only before the next change")
        return waiting[-1], _turn(root, state, waiting[-1])


def _turn(root: Path, state: Path, entry: HistoryEntry) -> Change:
    """Write the bytes from before the entry; the entry is replaced by its opposite."""
    word = "redone" if entry.undone else "undone"
    found = {f.path: disk.read(disk.locate(root, f.path)) for f in entry.record.files}
    moved = [
        f.path for f in entry.record.files if _stamp(found[f.path]) != f.after and not _hidden(root, f.path, f.after)
    ]
    if moved:
        more = f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
        names = ", ".join(moved[:_SHOWN]) + more
        message = f"{names} changed since {entry.title!r}, so it cannot be {word}"
        raise ConflictError(message, "nothing was written; take those edits back first, or keep them")
    origins = {f.origin: f.path for f in entry.record.files if f.origin}
    edits = tuple(
        Edit(f.path, None if f.after is None else found[f.path], f.before, origins.get(f.path))
        for f in entry.record.files
    )
    change = Change(edits, entry.title)
    modes = {f.path: f.mode for f in entry.record.files if f.mode is not None}
    perform(root, state, change, entry.file, modes, entry.record.folders, undone=not entry.undone)
    return change


def _stamp(raw: bytes | None) -> str | None:
    return None if raw is None else stamp(raw)


def _hidden(root: Path, path: str, after: str | None) -> bool:
    """Say whether a file is gone as it should be, though the disk shows another one that differs in case alone."""
    return after is None and not disk.is_listed(disk.locate(root, path))
