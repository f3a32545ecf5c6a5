"""LangGraph's checkpoints in Postgres, by LangGraph's own checkpointer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from procauthor.authoring.store.checkpoint import plain
from procauthor.authoring.store.postgres.database import Database, changing_tables, sentences


@dataclass
class PostgresCheckpoints:
    """Checkpoints in the tables of LangGraph."""

    database: Database
    _ready: bool = False

    def thread(self, run: str) -> str:
        """Return a name that is nobody else's: runs of several checkouts may have the same id."""
        return f"{run}-{uuid4().hex[:12]}"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep connections open."""
        with self.database.opened() as pool:
            if not self._ready:
                from langgraph.checkpoint.postgres import PostgresSaver

                with sentences(), pool.connection() as connection, changing_tables(connection):
                    PostgresSaver(connection).setup()
                self._ready = True
            yield

    @contextmanager
    def saver(self) -> Iterator[Any]:
        """Yield the checkpointer.

        Raises:
            StoreError: The database cannot be used.
        """
        with self.opened(), self.database.opened() as pool, sentences():
            from langgraph.checkpoint.postgres import PostgresSaver

            yield PostgresSaver(pool, serde=plain())

    def forget(self, threads: Sequence[str]) -> None:
        """Delete the checkpoints of some threads."""
        if not threads:
            return
        with self.saver() as saver:
            for thread in threads:
                saver.delete_thread(thread)
