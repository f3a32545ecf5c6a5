"""A Postgres database: where it is, how one talks to it, and the tables that are ours."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from procauthor.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg_pool import ConnectionPool

VARIABLE = "PROCAUTHOR_POSTGRES"
_Result = TypeVar("_Result")
_CONNECTIONS = 8
_CONNECT = 5
_PAUSE = 0.2
_LOCK = 7_027_115
"""Any number: who makes or changes tables holds the advisory lock of this one."""
_TABLES = """
create table if not exists procauthor_batch (
    number bigint generated always as identity primary key,
    started timestamptz not null default now(),
    ceiling bigint,
    spent bigint not null default 0
);
create table if not exists procauthor_file (
    batch bigint not null references procauthor_batch on delete cascade,
    name text not null,
    raw bytea not null,
    written timestamptz not null default now(),
    primary key (batch, name)
);
create table if not exists procauthor_line (
    id bigint generated always as identity primary key,
    batch bigint not null references procauthor_batch on delete cascade,
    name text not null,
    line bytea not null
);
create index if not exists procauthor_line_of on procauthor_line (batch, name, id);
create table if not exists procauthor_worker (
    id text primary key,
    batch bigint not null references procauthor_batch on delete cascade,
    home boolean not null,
    seen timestamptz not null default now(),
    reserved bigint not null default 0
);
create table if not exists procauthor_item (
    batch bigint not null references procauthor_batch on delete cascade,
    number integer not null,
    state text not null,
    data bytea not null,
    worker text,
    primary key (batch, number)
);
"""


@dataclass
class Database:
    """The database that the environment names. It is not asked before something is needed of it.

    Args:
        lease: Seconds after which a worker that says nothing counts as dead.
    """

    lease: float = 30.0
    _pool: ConnectionPool[Any] | None = None
    _users: int = 0
    _ready: bool = False
    _changing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """The address, from the environment, because it may hold a password.

        Raises:
            ConfigError: There is none, or it is no address of a Postgres database; it is not shown.
        """
        psycopg = _load()
        hint = f"set {VARIABLE} to postgresql://user@host/database; the password may be in ~/.pgpass"
        url = os.environ.get(VARIABLE, "")
        if not url:
            message = f"checkpoints are in Postgres by the settings, and {VARIABLE} is not set"
            raise ConfigError(message, hint)
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            message = f"{VARIABLE} is no address of a Postgres database"
            raise ConfigError(message, hint) from error
        return url

    @contextmanager
    def opened(self) -> Iterator[ConnectionPool[Any]]:
        """Keep connections open for many requests of many threads.

        Raises:
            StoreError: The database does not answer.
        """
        with self._changing:
            self._users += 1
            pool = self._pool = self._pool or self._open()
        try:
            yield pool
        finally:
            with self._changing:
                self._users -= 1
                if not self._users:
                    pool.close()
                    self._pool = None

    def _open(self) -> ConnectionPool[Any]:
        self._prepare()
        from psycopg_pool import ConnectionPool

        # What goes wrong is raised where a connection is asked for; lines on stderr besides would only confuse.
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        return ConnectionPool(
            self.url,
            kwargs=self._options(),
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=min(_CONNECT, self.lease / 2),
            check=ConnectionPool.check_connection,
            configure=self._configure,
            open=True,
        )

    def _prepare(self) -> None:
        """Make our tables, once for each process."""
        if not self._ready:
            with sentences(), self._connection() as connection, changing_tables(connection):
                connection.execute(_TABLES)
            self._ready = True

    def _options(self) -> dict[str, Any]:
        from psycopg.rows import dict_row

        # A server that is gone has to be noticed before the lease is over.
        patience = {"connect_timeout": _CONNECT, "tcp_user_timeout": int(self.lease * 500)}
        return {"autocommit": True, "prepare_threshold": None, "row_factory": dict_row, **patience}

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        if self._pool is not None:
            with self._pool.connection() as connection:
                yield connection
            return
        with _load().connect(self.url, **self._options()) as connection:
            self._configure(connection)
            yield connection

    def _configure(self, connection: Connection[Any]) -> None:
        """Have the server end the transaction of a process that sleeps: it may hold what all others wait for."""
        query = "select set_config('idle_in_transaction_session_timeout', %s, false)"
        connection.execute(query, (f"{int(self.lease * 500)}ms",))

    def run(self, work: Callable[[Connection[Any]], _Result]) -> _Result:
        """Do something in one transaction. If the database goes away for a moment, it is done again.

        Raises:
            StoreError: The database does not answer, or refuses.
        """
        self._prepare()
        psycopg = _load()
        end = time.monotonic() + self.lease / 2
        while True:
            try:
                with self._connection() as connection, connection.transaction():
                    return work(connection)
            except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
                if time.monotonic() > end:
                    raise _refused(error) from error
                time.sleep(_PAUSE)
            except psycopg.Error as error:
                raise _refused(error) from error


@contextmanager
def changing_tables(connection: Connection[Any]) -> Iterator[None]:
    """Be the only one who makes or changes tables; two at once would stand in each other's way."""
    # Who waits inside a statement would hold up an index that is made concurrently: so nobody does.
    while not connection.execute("select pg_try_advisory_lock(%s) as held", (_LOCK,)).fetchone()["held"]:  # type: ignore[index]
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


@contextmanager
def sentences() -> Iterator[None]:
    """Turn errors of the database into ours, which are one sentence.

    Raises:
        StoreError: It does not answer, or refuses.
    """
    try:
        yield
    except _load().Error as error:
        raise _refused(error) from error


def _refused(error: Exception) -> StoreError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    message = f"the database with the checkpoints cannot be used: {lines[0]}"
    return StoreError(message, f"see that the server of {VARIABLE} runs and lets you in, then go on with: resume")


def _load() -> Any:
    try:
        import psycopg
        import psycopg.conninfo
        import psycopg.errors
    except ImportError as error:
        message = "checkpoints in Postgres need an extra"
        raise ConfigError(message, 'install it with: pip install "procauthor[postgres]"') from error
    return psycopg
