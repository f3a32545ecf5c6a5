"""Edits of the files that hold receipts and provenance; every one becomes part of a change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from procauthor.errors import LibraryError
from procauthor.library import disk, provenance, receipt
from procauthor.library.change import Edit
from procauthor.library.provenance import Provenance
from procauthor.library.receipt import NONE, Receipts
from procauthor.library.sidecar import sidecar_path


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
