"""Batches in a database, which workers on several machines can share."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.authoring.batch.record import TERMS, Batch, BatchStore, Terms
from procauthor.authoring.batch.shared import SharedBoard
from procauthor.authoring.run import FILE
from procauthor.authoring.store.postgres.checkpoint import PostgresCheckpoints
from procauthor.authoring.store.postgres.database import Database
from procauthor.authoring.store.postgres.shelf import TableShelf

if TYPE_CHECKING:
    from datetime import datetime

    from procauthor.library.library import Library

_NAME = re.compile(r"shared-([1-9]\d{0,17})")
_CREATE = "insert into procauthor_batch (ceiling) values (%s) returning number, started"
_NAMES = """
select number from procauthor_batch where number in (select batch from procauthor_file where name = %s) order by number
"""
_FIND = """
select b.number, b.started, f.raw from procauthor_batch b join procauthor_file f on f.batch = b.number
where b.number = %s and f.name = %s
"""


@dataclass(frozen=True)
class TableBatchStore(BatchStore):
    """Batches as rows. Their ids differ from those in folders, so that runs and drafts of both do not meet."""

    checkpoints: PostgresCheckpoints

    shared = True

    @property
    def database(self) -> Database:
        """Where they are."""
        return self.checkpoints.database

    def opened(self) -> AbstractContextManager[Any]:
        """Keep connections open."""
        return self.database.opened()

    def create(self, terms: Terms, library: Library, plan: bytes) -> Batch:
        """Start a batch with the next number."""
        row = self._one(_CREATE, terms.max_tokens)
        return self._batch(row["number"], row["started"], terms).begin(library, plan)

    def renew(self, batch: Batch, terms: Terms) -> Batch:
        """Give a batch other terms; its ceiling holds for all workers at once."""
        self._one(
            "update procauthor_batch set ceiling = %s where number = %s returning 1", terms.max_tokens, _no(batch)
        )
        return super().renew(batch, terms)

    def holds(self, name: str) -> bool:
        """Say whether there is a batch of that id."""
        match = _NAME.fullmatch(name)
        return bool(match and self._one(_FIND, int(match[1]), TERMS))

    def names(self) -> list[str]:
        """Return the ids of all batches, oldest first."""
        rows = self.database.run(lambda connection: connection.execute(_NAMES, (TERMS,)).fetchall())
        return [f"shared-{row['number']}" for row in rows]

    def find(self, name: str) -> Batch:
        """Return a batch that is there."""
        row = self._one(_FIND, int(name.removeprefix("shared-")), TERMS)
        return self._batch(row["number"], row["started"], Terms.load(bytes(row["raw"])))

    def remove(self, batch: Batch) -> None:
        """Delete the rows of a batch, and the checkpoints of its runs."""
        shelves = [batch.run_shelf(name) for name in batch.runs] if batch.run_shelf else []
        runs = [json.loads(raw) for shelf in shelves if (raw := shelf.read(FILE)) is not None]
        self.checkpoints.forget([run["thread"] for run in runs])
        self._one("delete from procauthor_batch where number = %s returning 1", _no(batch))

    def _batch(self, number: int, started: datetime, terms: Terms) -> Batch:
        shelf = TableShelf(self.database, number)
        board = SharedBoard(self.database, shelf)
        return Batch(f"shared-{number}", terms, started.astimezone(), shelf, board, shelf.part("runs").part)

    def _one(self, query: str, *values: Any) -> Any:
        return self.database.run(lambda connection: connection.execute(query.encode(), values).fetchone())


def _no(batch: Batch) -> int:
    return int(batch.id.removeprefix("shared-"))
