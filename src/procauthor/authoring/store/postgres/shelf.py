"""The named bytes of a batch as rows."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from procauthor.authoring.store.postgres.database import Database

if TYPE_CHECKING:
    from psycopg import Connection

_WRITE = """
insert into procauthor_file (batch, name, raw) values (%s, %s, %s)
on conflict (batch, name) do update set raw = excluded.raw, written = now()
"""


@dataclass(frozen=True, slots=True)
class TableShelf:
    """Named bytes of one batch; ``prefix`` stands before every name."""

    database: Database
    batch: int
    prefix: str = ""

    def part(self, name: str) -> TableShelf:
        """Return a shelf within this one."""
        return replace(self, prefix=f"{self.prefix}{name}/")

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a row."""
        row = self._row("raw", name)
        return bytes(row) if row is not None else None

    def write(self, name: str, raw: bytes, *, flush: bool = True) -> None:  # noqa: ARG002 - a commit is flushed
        """Replace a row."""
        self.database.run(lambda connection: self.put(connection, name, raw))

    def put(self, connection: Connection[Any], name: str, raw: bytes) -> None:
        """Replace a row within a transaction."""
        connection.execute(_WRITE, (self.batch, self.prefix + name, raw))

    def remove(self, name: str) -> None:
        """Delete a row if it is there."""
        query = "delete from procauthor_file where batch = %s and name = %s"
        self.database.run(lambda connection: connection.execute(query, (self.batch, self.prefix + name)))

    def age(self, name: str) -> float | None:
        """Return how many seconds ago a row was written, by the clock of the database."""
        seconds = self._row("extract(epoch from now() - written)", name)
        return float(seconds) if seconds is not None else None

    def journal(self, name: str) -> TableJournal:
        """Return lines by their name."""
        return TableJournal(self.database, self.batch, self.prefix + name)

    def hold(self, what: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the claim of an item holds its run
        """Do nothing: who may write here is decided by the claims of the board."""
        return nullcontext()

    def _row(self, column: str, name: str) -> Any:
        query = f"select {column} as found from procauthor_file where batch = %s and name = %s"  # noqa: S608 - ours

        def ask(connection: Connection[Any]) -> Any:
            row = connection.execute(query.encode(), (self.batch, self.prefix + name)).fetchone()
            return row["found"] if row else None

        return self.database.run(ask)


@dataclass(frozen=True, slots=True)
class TableJournal:
    """Lines as rows in the order in which they came."""

    database: Database
    batch: int
    name: str

    def read(self) -> bytes:
        """Return all lines."""
        query = "select line from procauthor_line where batch = %s and name = %s order by id"
        rows = self.database.run(lambda connection: connection.execute(query, (self.batch, self.name)).fetchall())
        return b"".join(bytes(row["line"]) + b"\n" for row in rows)

    def append(self, line: bytes) -> None:
        """Add a line."""
        query = "insert into procauthor_line (batch, name, line) values (%s, %s, %s)"
        self.database.run(lambda connection: connection.execute(query, (self.batch, self.name, line)))
