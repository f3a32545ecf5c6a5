"""The memory of runs in a Postgres database, for several machines. The one module that knows what differs there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any

from procauthor.authoring.memory import TABLES, Connection, WorkMemory, password_of
from procauthor.errors import ConfigError, LockedError, StoreError
from procauthor.secret import Censor
from procauthor.system import install_hint

try:
    import psycopg
    from psycopg.rows import dict_row
except ImportError as error:
    _said = "the settings name a database, and procauthor was installed without what it needs for one"
    raise ConfigError(_said, install_hint("workers")) from error

_VERSION = "1"
# A machine that is gone says nothing: neither side may wait for it for ever.
_OPTIONS: dict[str, Any] = {
    "application_name": "procauthor",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
# A process that was put to sleep must not keep all others waiting either.
BOUNDS = """
set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
set idle_in_transaction_session_timeout = 10000
"""
_KINDS = {
    "integer primary key autoincrement": "bigint generated always as identity primary key",
    " blob": " bytea",
    " real": " double precision",
}
_SHARED = """
create table origin (mark text not null);
create table hold (job text not null, number integer not null, holder text not null, primary key (job, number));
create table reservation (id text primary key, job text not null, number integer not null, tokens integer not null);
"""
# Of processes that read and then write, one at a time: as SQLite does it with a whole file.
_BEGIN = "begin; set local synchronous_commit = {}; lock table origin in exclusive mode"


class SharedMemory(WorkMemory):
    """The memory in the tables of a database, in the schema that its user begins with. Missing tables are made.

    What is lost with the connection is told as an error, and the next question connects again.

    Args:
        address: The address of the database. It is never shown.

    Raises:
        ConfigError: The address cannot be read.
        StoreError: The database cannot be reached, or its tables are not ours.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self._opened: _Connection | None = None
        self._open()

    @contextmanager
    def hold(self, job: str, what: str) -> Iterator[None]:
        """Hold a job by a lock of a connection of its own; see `WorkMemory.hold`."""
        number = self._number(job)
        with self._told():
            connection = self._connect()
        try:
            query = "select pg_try_advisory_lock(hashtext(current_schema()), ?) as mine"
            with self._told():
                mine = connection.execute(query, (number,)).fetchone()["mine"]
            if not mine:
                message = f"{what} is being worked on by another process"
                raise LockedError(message, "wait until it has ended; procauthor run --join helps with a batch")
            yield
        finally:
            connection.raw.close()

    def delete(self, job: str) -> None:
        """Delete a job, and what is reserved for it; see `WorkMemory.delete`."""
        with self.writing(flushed=False) as connection:
            super().delete(job)
            connection.execute("delete from hold where job = ?", (job,))
            connection.execute("delete from reservation where job = ?", (job,))

    def _find(self) -> Connection | None:
        return self._open()

    def _open(self) -> Connection:
        with self._lock, self._told():
            if self._opened is None or self._opened.raw.closed:
                self._opened = None
                opened = self._connect()
                self._prepare(opened)
                self._opened = opened
            return self._opened

    def _connect(self) -> _Connection:
        try:
            connection = _Connection(psycopg.connect(self.address, autocommit=True, **_OPTIONS))
        except psycopg.ProgrammingError as error:
            message = f"the address of the database cannot be read: {self._shown(error)}"
            raise ConfigError(message, 'write it like "postgresql://procauthor@localhost/procauthor"') from None
        connection.execute(BOUNDS)
        return connection

    def _begin(self, connection: Connection, *, flushed: bool) -> None:
        connection.execute(_BEGIN.format("on" if flushed else "off"))

    def _prepare(self, connection: _Connection) -> None:
        """Make the tables, unless they are there.

        Raises:
            StoreError: They were made by another version.
        """
        connection.execute("begin; select pg_advisory_xact_lock(hashtext(current_schema()))")
        try:
            if connection.execute("select to_regclass('origin') as it").fetchone()["it"] is None:
                connection.execute(reduce(lambda text, kind: text.replace(*kind), _KINDS.items(), TABLES) + _SHARED)
                connection.execute("insert into origin values (?)", (_VERSION,))
            marks = [row["mark"] for row in connection.execute("select mark from origin")]
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        if marks != [_VERSION]:
            message = "the tables in the database were made by another version of procauthor"
            raise StoreError(message, "use the same version everywhere, or another schema")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            message = f"the database of runs cannot be used: {self._shown(error)}"
            hint = (
                "see that it runs, and that PROCAUTHOR_DATABASE or [run] database is right; what was paid for is kept"
            )
            raise StoreError(message, hint) from None

    def _shown(self, error: psycopg.Error) -> str:
        """Return what an error says in its first line, without the password."""
        words = " ".join(str(error).split("\n", 1)[0].split()) or type(error).__name__
        return Censor([password_of(self.address)])(words.replace(self.address, "its address"))


class _Connection:
    """A connection that takes statements as SQLite does."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw
        self.raw.row_factory = dict_row

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Any:
        """Execute a statement, or several without values."""
        if not values:
            return self.raw.execute(query.encode())
        return self.raw.execute(query.replace("?", "%s").encode(), values)

    def commit(self) -> None:
        """Keep what the transaction wrote."""
        self.raw.commit()

    def rollback(self) -> None:
        """Forget what the transaction wrote; where the connection is lost, the server does."""
        if not self.raw.closed:
            self.raw.rollback()
