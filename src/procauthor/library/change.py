"""A change set: several files that change together or not at all. Values only; `transaction` writes them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from procauthor.errors import LibraryError
from procauthor.library import disk, provenance, receipt
from procauthor.library.provenance import Provenance
from procauthor.library.receipt import NONE, Receipts
from procauthor.library.sidecar import sidecar_path

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One file before and after; None means that it does not exist.

    ``origin`` is the path that the text had before, where a file is renamed: the new file gets the mode of the old
    one. The old path has an edit of its own in the same change. A ``quiet`` edit is one of a file that is kept for
    programs, such as receipts: it is listed, and no diff shows its lines.
    """

    path: str
    before: bytes | None
    after: bytes | None
    origin: str | None = None
    quiet: bool = False

    @property
    def action(self) -> Action:
        """What happens to the file."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"


@dataclass(frozen=True, slots=True)
class Change:
    """Edits that belong together, in the order in which they are shown; ``title`` says what they are for."""

    edits: tuple[Edit, ...]
    title: str = ""

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.edits)

    def diff(self) -> str:
        """Return one unified diff of all files but the quiet ones; a renamed file is compared with what it was."""
        return "".join(_diffs(tuple(edit for edit in self.edits if not edit.quiet)))

    def as_json(self) -> list[dict[str, str]]:
        """Return ``changes[]`` of the documented JSON; ``from`` is there for a renamed file."""
        return [
            {"path": edit.path, "action": edit.action} | ({"from": edit.origin} if edit.origin else {})
            for edit in self.edits
        ]


def _diffs(edits: tuple[Edit, ...]) -> Iterator[str]:
    left = {edit.path: edit.before for edit in edits}
    moved = {edit.origin for edit in edits if edit.origin}
    for edit in edits:
        if edit.origin:
            yield _renamed(edit, edit.origin, left)
        elif edit.path not in moved:
            yield _diff(edit.path, edit.before, edit.path, edit.after)
        elif edit.after is not None:
            yield _diff(edit.path, None, edit.path, edit.after)


def _renamed(edit: Edit, origin: str, left: Mapping[str, bytes | None]) -> str:
    head = f"rename from {origin}\nrename to {edit.path}\n"
    return head + _diff(origin, left.get(origin), edit.path, edit.after)


def _diff(old_path: str, before: bytes | None, new_path: str, after: bytes | None) -> str:
    old = f"a/{old_path}" if before is not None else "/dev/null"
    new = f"b/{new_path}" if after is not None else "/dev/null"
    lines = difflib.unified_diff(_lines(before), _lines(after), old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(raw: bytes | None) -> list[str]:
    """Cut at line feeds only, so that a carriage return stays with its line."""
    text = (raw or b"").decode(errors="replace")
    return [line + "\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.rpartition("\n")[2]) else [])


def edit_receipts(root: Path, path: str, change: Callable[[Receipts], Receipts]) -> Edit | None:
    """Return what changes the receipts of a document, or None where nothing does.

    Raises:
        LibraryError: The present file cannot be understood, so it would be lost.
    """
    place = sidecar_path(receipt.FOLDER, path)
    before = disk.read(disk.locate(root, place))
    present = receipt.decode(before) if before is not None else NONE
    after = change(present)
    if after == present:
        return None
    if present.problem:
        message = f"{place} cannot be understood: {present.problem}"
        raise LibraryError(message, "nothing was written; correct the file, or bring back an earlier version")
    raw = receipt.encode(after)
    return None if raw == before else Edit(place, before, raw, quiet=True)


def edit_provenance(root: Path, path: str, after: Provenance) -> Edit | None:
    """Return what writes the provenance of a document, whatever was there; None where nothing changes."""
    place = sidecar_path(provenance.FOLDER, path)
    before, raw = disk.read(disk.locate(root, place)), provenance.encode(after)
    return None if raw == before else Edit(place, before, raw, quiet=True)


def move_file(root: Path, old: str, new: str) -> tuple[Edit, ...]:
    """Return what moves a file that is kept beside a document, byte for byte; nothing where there is none."""
    raw = disk.read(disk.locate(root, old))
    if raw is None:
        return ()
    present = disk.read(disk.locate(root, new))
    return Edit(new, present, raw, old, quiet=True), Edit(old, raw, None, quiet=True)
