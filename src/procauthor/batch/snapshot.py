"""What an item of a batch may see. It does not depend on when other items end."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from procauthor.authoring.grounding import DocumentTexts
from procauthor.batch.record import Batch
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.planning.read import read_plan

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records
    from procauthor.planning.plan import Plan
    from procauthor.retrieval.chunk import Chunk
    from procauthor.retrieval.index import SectionIndex


class Snapshot:
    """The library as it was when the batch began, and over it the documents of what an item needs.

    Passages come from that library alone: what the batch itself writes reaches later items by its contract, and is no
    evidence for them.
    """

    def __init__(self, records: Records, batch: Batch) -> None:
        self._records = records
        self._batch = batch
        self._lock = threading.RLock()
        self.texts = DocumentTexts()
        """Documents as evidence; most are the same for all items."""
        self._views: dict[tuple[tuple[int, str], ...], Library] = {}

    @cached_property
    def base(self) -> Library:
        """The library as it was when the batch began."""
        raws, unread, files = self._batch.base()
        documents = tuple(self._read(path, raw) for path, raw in sorted(raws.items()))
        return Library(self._records.workspace.root, documents, unread, files)

    @cached_property
    def plan(self) -> Plan:
        """The plan as it was when the batch began."""
        return read_plan(self._batch.plan, known={p.key: str(p.status) for p in self.base.counted})

    def view(self, built_on: Sequence[tuple[int, str]]) -> Library:
        """Return the library with the documents of some items, each given by number and path."""
        key = tuple(built_on)
        if not key:
            return self.base
        with self._lock:
            if key not in self._views:
                self._views[key] = self.laid_over(self.base, key)
            return self._views[key]

    def laid_over(self, library: Library, items: Sequence[tuple[int, str]]) -> Library:
        """Return a library with the documents of some items over it, and all that follows from them."""
        documents = [self._read(path, self._batch.text(number) or b"") for number, path in items]
        return self._records.workspace.with_derived(library.overlay(*documents), ticks=False)

    def search(self, query: str, limit: int) -> Sequence[Chunk]:
        """Return the best passages of the library as it was."""
        with self._lock:
            return [hit.chunk for hit in self._index.search(query, limit)]

    def close(self) -> None:
        """Let go of the index."""
        if "_index" in self.__dict__:
            self._index.close()

    @cached_property
    def _index(self) -> SectionIndex:
        return self._records.workspace.open_index(self.base)

    def _read(self, path: str, raw: bytes) -> Procedure:
        return read_procedure(path, raw, self._records.workspace.settings, self._records.workspace.templates)
