"""Where LangGraph keeps its checkpoints."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from procauthor.errors import AuthoringError
from procauthor.library.state import make_folder


class Checkpoints(Protocol):
    """Checkpoints of many runs, each in a thread of its own."""

    def thread(self, run: str) -> str:
        """Return the name of a new thread for a run."""

    def opened(self) -> AbstractContextManager[None]:
        """Keep them open, so that several runs may begin at once."""

    def saver(self) -> AbstractContextManager[Any]:
        """Yield LangGraph's checkpointer.

        Raises:
            AuthoringError: They cannot be used.
        """

    def forget(self, threads: Sequence[str]) -> None:
        """Delete the checkpoints of some threads.

        Raises:
            AuthoringError: They cannot be changed.
        """


def plain() -> Any:
    """Return a serializer for plain data: whoever can write checkpoints must not be able to have code run."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer(allowed_msgpack_modules=None)


@dataclass(frozen=True, slots=True)
class SqliteCheckpoints:
    """Checkpoints in one SQLite file."""

    file: Path

    def thread(self, run: str) -> str:
        """Return the run's own id: the file belongs to the folder of the runs."""
        return run

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the file open, so that none of several runs has to tidy it up."""
        make_folder(self.file.parent)
        with self.saver() as saver:
            saver.setup()
            yield

    @contextmanager
    def saver(self) -> Iterator[Any]:
        """Yield the checkpointer on a connection of its own."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        with _connect(self.file) as connection:
            yield SqliteSaver(connection, serde=plain())

    def forget(self, threads: Sequence[str]) -> None:
        """Delete checkpoints; without LangGraph, which is slow to load."""
        if not threads or not self.file.is_file():
            return
        marks = ", ".join("?" * len(threads))
        connection = sqlite3.connect(self.file, timeout=30)
        try:
            with connection:
                for table in ("checkpoints", "writes"):
                    connection.execute(f"delete from {table} where thread_id in ({marks})", list(threads))  # noqa: S608
        except sqlite3.Error as error:
            message = f"the checkpoints cannot be changed: {error}"
            raise AuthoringError(message, "try again when no run is being worked on") from error
        finally:
            connection.close()


@contextmanager
def _connect(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, check_same_thread=False, timeout=30)
    try:
        connection.execute("pragma journal_mode=wal")
        # Each reply is flushed by itself. A checkpoint that a power cut takes is computed from these again.
        connection.execute("pragma synchronous=normal")
        yield connection
    except sqlite3.Error as error:
        message = f"the checkpoints cannot be used: {error}"
        raise AuthoringError(message, f"delete {file.name} to start over") from error
    finally:
        connection.close()
