"""Batches beside the library, each of which one process works on."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.authoring.batch.board import SoleBoard
from procauthor.authoring.batch.record import TERMS, Batch, BatchStore, Terms
from procauthor.authoring.store.shelf import FolderShelf
from procauthor.library.state import is_id, make_folder

if TYPE_CHECKING:
    from procauthor.library.library import Library


class FolderBatchStore(BatchStore):
    """Batches beside the library, one folder each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, terms: Terms, library: Library, plan: bytes) -> Batch:
        """Start a batch in a folder of its own."""
        make_folder(self.folder)
        number = 1 + max((int(f.name.removeprefix("batch-")) for f in self.folder.glob("batch-*")), default=0)
        while True:
            folder = self.folder / f"batch-{number}"
            try:
                folder.mkdir()
                break
            except FileExistsError:
                number += 1
        (folder / "items").mkdir()
        return self._batch(folder.name, terms).begin(library, plan)

    def find(self, name: str) -> Batch:
        """Return a batch that is there."""
        return self._batch(name, Terms.load((self.folder / name / TERMS).read_bytes()))

    def _batch(self, name: str, terms: Terms) -> Batch:
        shelf = FolderShelf(self.folder / name)
        started = datetime.fromtimestamp((shelf.folder / "items").stat().st_ctime).astimezone()
        board = SoleBoard(name, shelf, tuple(task.number for task in terms.tasks))
        return Batch(name, terms, started, shelf, board)

    def holds(self, name: str) -> bool:
        """Say whether there is a batch of that id."""
        return is_id(name) and (self.folder / name / TERMS).is_file()

    def names(self) -> list[str]:
        """Return the ids of all batches, oldest first."""
        found = [file.parent.name for file in self.folder.glob(f"batch-*/{TERMS}")]
        return sorted(found, key=lambda name: int(name.removeprefix("batch-")))

    def remove(self, batch: Batch) -> None:
        """Delete the folder of a batch."""
        shutil.rmtree(self.folder / batch.id)
