"""What is kept of a change that is being written or was written: enough to take it back."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from procauthor.errors import LibraryError
from procauthor.library.change import Action
from procauthor.library.permit import is_folder_permitted, is_permitted
from procauthor.library.state import unseal
from procauthor.procedure import Stamp

KIND = "change"
_VERSION = 1
# The newest change is kept whatever its size; older ones make room.
_MOST_ENTRIES = 500
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file: its bytes and mode before (None: there was none), the stamp of its bytes after (None: none is).

    ``wrote`` holds the bytes after, where they are known: with them a change is told apart from what came later.
    """

    path: str
    before: bytes | None
    after: Stamp | None
    mode: int | None = None
    origin: str | None = None
    wrote: bytes | None = None

    @property
    def action(self) -> Action:
        """What happened to the file."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"


@dataclass(frozen=True, slots=True)
class ChangeRecord:
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


def read(root: Path, file: Path) -> ChangeRecord | None:
    """Return a record of the state, or None if it does not count.

    A record counts if it was written here and names nothing that no change may write.

    Raises:
        LibraryError: The file cannot be read.
    """
    try:
        plain = unseal(file, KIND, file.read_bytes())
        found = None if plain is None else _load(plain)
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise LibraryError(message, "look at its permissions") from error
    except (ValueError, KeyError, TypeError):
        return None
    if found is None:
        return None
    named = [path for f in found.files for path in (f.path, f.origin) if path is not None]
    allowed = all(is_permitted(root, path) for path in named)
    return found if allowed and all(is_folder_permitted(root, path) for path in found.folders) else None


def _load(raw: bytes) -> ChangeRecord:
    found: dict[str, Any] = json.loads(raw)
    files = tuple(
        FileRecord(f["path"], _decode(f["before"]), f["after"], f["mode"], f["origin"], _decode(f.get("wrote")))
        for f in found["files"]
    )
    return ChangeRecord(found["title"], files, tuple(found["folders"]), found["time"], found["undone"])


def entries(folder: Path) -> list[Path]:
    """Return the files of the history, the oldest first."""
    return sorted((f for f in folder.glob("*.json") if f.stem.isdigit()), key=lambda f: int(f.stem))


def prune(folder: Path) -> None:
    """Drop the oldest entries of the history beyond the bounds of count and size."""
    size = 0
    for place, file in enumerate(reversed(entries(folder))):
        size += file.stat().st_size
        if place and (place >= _MOST_ENTRIES or size > _MOST_BYTES):
            file.unlink(missing_ok=True)


def _file_json(file: FileRecord) -> dict[str, object]:
    return {
        "path": file.path,
        "before": _encode(file.before),
        "after": file.after,
        "mode": file.mode,
        "origin": file.origin,
        "wrote": _encode(file.wrote),
    }


def _encode(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
