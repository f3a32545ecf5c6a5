"""The one memory of runs: what each was asked, how far it is, and every reply that was paid for.

There is nothing else to go on with: a run is replayed from its beginning, and what was asked before is answered from
here. So a reply is flushed to the disk before it is used. The memory is one SQLite file, or the same tables in a
database that several machines share (`authoring/postgres.py`); statements are written once, for both.
"""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

from procauthor.errors import StoreError
from procauthor.library.state import make_folder, mark
from procauthor.system import hold

FILE = "work.db"
_VERSION = 1
TABLES = """
create table origin (mark text not null);
create table job (
    number integer primary key autoincrement,
    id text not null unique,
    kind text not null,
    terms text not null,
    started real not null,
    ended real,
    accepted real
);
create table part (job text not null, name text not null, raw blob not null, primary key (job, name));
create table item (
    job text not null, number integer not null, state text not null, document blob, primary key (job, number)
);
create table call (
    number integer primary key autoincrement,
    run text not null,
    key text not null,
    step integer not null,
    fields text not null,
    reply text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    reused integer not null,
    state text not null
);
create index call_of_run on call (run, key);
create index call_of_use on call (key) where state = 'good';
"""
_NAMES = {"origin", "job", "part", "item", "call"}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF
"""The lower bits of SQLite's error codes say what kind of error it is."""
_WAIT = 30.0


Row = Mapping[str, Any] | sqlite3.Row


class Connection(Protocol):
    """What both databases offer; a value in a statement is a question mark."""

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Any:
        """Execute a statement, and return what gives its rows."""

    def commit(self) -> None:
        """Keep what the transaction wrote."""

    def rollback(self) -> None:
        """Forget what the transaction wrote."""


class WorkMemory(ABC):
    """Jobs (a run, or a batch of runs), their parts, the items of batches, and calls.

    Threads may share a memory, and so may processes. ``notice`` is a sentence for the user, if there is one.
    """

    notice = ""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._within = False

    def rows(self, query: str, *values: Any) -> list[Row]:
        """Return the rows that a query gives; none while there is nothing to ask."""
        with self._lock, self._told():
            connection = self._find()
            return list(connection.execute(query, values).fetchall()) if connection else []

    @contextmanager
    def writing(self, *, flushed: bool = True) -> Iterator[Connection]:
        """Yield the connection in one transaction, which is kept when the block ends, or not at all.

        A transaction within another one of the same thread is a part of that.

        Args:
            flushed: Whether it has to outlast a loss of power; it outlasts the process in any case.

        Raises:
            StoreError: The memory cannot be written.
        """
        with self._lock, self._told():
            connection = self._find() or self._open()
            if self._within:
                yield connection
                return
            try:
                self._begin(connection, flushed=flushed)
                self._within = True
                yield connection
                connection.commit()
            except BaseException:
                # An interrupt too may come between any two of these.
                connection.rollback()
                raise
            finally:
                self._within = False

    def write(self, query: str, *values: Any) -> None:
        """Change rows by one statement. What it says can be found out again, so it need not outlast a loss of power."""
        with self.writing(flushed=False) as connection:
            connection.execute(query, values)

    # Parts: named bytes that belong to a job

    def part(self, job: str, name: str) -> bytes | None:
        """Return the bytes of that name, None where there are none."""
        rows = self.rows("select raw from part where job = ? and name = ?", job, name)
        return bytes(rows[0]["raw"]) if rows else None

    def keep_part(self, job: str, name: str, raw: bytes) -> None:
        """Keep bytes under a name, instead of those that it had."""
        with self.writing() as connection:
            connection.execute(
                """insert into part (job, name, raw) values (?, ?, ?)
                on conflict (job, name) do update set raw = excluded.raw""",
                (job, name, raw),
            )

    def drop_part(self, job: str, name: str) -> None:
        """Forget the bytes of that name."""
        self.write("delete from part where job = ? and name = ?", job, name)

    @abstractmethod
    def hold(self, job: str, what: str) -> AbstractContextManager[None]:
        """Hold a job, so that no second process works on it; the hold ends with the process.

        Args:
            job: Its id.
            what: Its name in the error.

        Raises:
            LockedError: Another process holds it.
        """

    def delete(self, job: str) -> None:
        """Delete a job with all that belongs to it, but for its calls."""
        with self.writing(flushed=False) as connection:
            for table, column in (("part", "job"), ("item", "job"), ("job", "id")):
                connection.execute(f"delete from {table} where {column} = ?", (job,))  # noqa: S608 - ours

    def _number(self, job: str) -> int:
        """Return the number of a job, which is never given again.

        Raises:
            StoreError: There is no such job any more.
        """
        rows = self.rows("select number from job where id = ?", job)
        if not rows:
            message = f"there is no {job!r} any more"
            raise StoreError(message, "it was deleted meanwhile")
        return int(rows[0]["number"])

    # What differs

    def close(self) -> None:  # noqa: B027 - not every memory has a file to let go of
        """Let go of the file until the next question. What is in no file stays."""

    @abstractmethod
    def _find(self) -> Connection | None:
        """Return the connection if there is something to connect to."""

    @abstractmethod
    def _open(self) -> Connection:
        """Return the connection; what is not there yet is made."""

    @abstractmethod
    def _begin(self, connection: Connection, *, flushed: bool) -> None:
        """Begin a transaction: of those that write, one at a time, in whichever process."""

    @abstractmethod
    def _told(self) -> AbstractContextManager[None]:
        """Say what is wrong in our own words."""


class FileMemory(WorkMemory):
    """The memory in a file, which the first writing makes.

    A file that is damaged, or was not written in this state folder, is set aside under another name, so that it blocks
    nothing and is not believed; ``notice`` says so.

    Args:
        file: The SQLite file; without one, everything is forgotten with the object.

    Raises:
        StoreError: The file cannot be opened, or belongs to a newer version.
    """

    def __init__(self, file: Path | None = None) -> None:
        super().__init__()
        self._file = file
        self._opened: sqlite3.Connection | None = None
        self._find()

    def hold(self, job: str, what: str) -> AbstractContextManager[None]:
        """Hold a job by a lock on a file; see `WorkMemory.hold`."""
        place = self._lock_of(job)
        place.parent.mkdir(exist_ok=True)
        message = f"{what} is being worked on by another process"
        return hold(place, 0.0, message, "wait until it has ended")

    def delete(self, job: str) -> None:
        """Delete a job, and its lock; see `WorkMemory.delete`."""
        place = self._lock_of(job)
        super().delete(job)
        place.unlink(missing_ok=True)

    def _lock_of(self, job: str) -> Path:
        """Return the file that is locked by the process that works on a job."""
        if self._file is None:
            message = "a memory without a file belongs to this process alone"
            raise StoreError(message)
        return self._file.with_name("locks") / str(self._number(job))

    def _begin(self, connection: Connection, *, flushed: bool) -> None:
        # What comes later in the log is flushed with all that came before it.
        connection.execute(f"pragma synchronous = {'full' if flushed else 'normal'}")
        connection.execute("begin immediate")

    def close(self) -> None:
        """Let go of the file until the next question. What is in no file stays."""
        with self._lock:
            if self._opened is not None and self._file is not None:
                self._opened.close()
                self._opened = None

    # The file

    def _find(self) -> sqlite3.Connection | None:
        """Return the connection if there is something to connect to."""
        if self._opened is None and (self._file is None or self._file.exists()):
            return self._open()
        return self._opened

    def _open(self) -> sqlite3.Connection:
        with self._told():
            if self._file is None:
                self._opened = _connect(":memory:", "")
                return self._opened
            try:
                make_folder(self._file.parent)
                with hold(self._file.with_suffix(".lock"), _WAIT, f"{self._file.name} is being opened"):
                    self._opened = self._connect(self._file)
            except OSError as error:
                message = f"{self._file} cannot be used: {error.strerror}"
                raise StoreError(message, "make its folder writable") from error
            return self._opened

    def _connect(self, file: Path) -> sqlite3.Connection:
        origin = mark(file)
        try:
            return _connect(file, origin)
        except sqlite3.DatabaseError as error:
            if not _is_damaged(error):
                raise
            what = "was not written here" if isinstance(error, _ForeignError) else f"was damaged ({error})"
            aside = _set_aside(file)
            self.notice = (
                f"{file.name} {what} and is now {aside.name}: its runs cannot be resumed, and what they paid for does"
                " not count; drafts that wait are not in it"
            )
            return _connect(file, origin)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what is wrong with the file in our own words."""
        try:
            yield
        except sqlite3.Error as error:
            message = f"{self._file or 'the memory of runs'} cannot be used: {error}"
            again = "it is set aside at the next command" if _is_damaged(error) else "try again"
            raise StoreError(message, again) from error


def _connect(file: Path | str, origin: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        _prepare(connection, origin)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, origin: str) -> None:
    """Make the tables of a new file, with the mark of the state folder; refuse one that is not ours or not whole.

    Raises:
        sqlite3.DatabaseError: It is damaged.
        StoreError: It was written by a newer version.
    """
    (version,) = connection.execute("pragma user_version").fetchone()
    names = {row["name"] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    if version > _VERSION:
        message = f"{FILE} was written by a newer version of procauthor"
        raise StoreError(message, "update procauthor")
    if not version and not names:
        made = f"insert into origin values ('{origin}'); pragma user_version = {_VERSION}"  # noqa: S608 - hexadecimal
        connection.executescript(f"begin immediate; {TABLES} {made}; commit")
        return
    (state,) = connection.execute("pragma quick_check(1)").fetchone()
    if state != "ok" or not names >= _NAMES:
        message = str(state).splitlines()[-1] if state != "ok" else "its tables are missing"
        raise _DamagedError(message)
    if [row["mark"] for row in connection.execute("select mark from origin")] != [origin]:
        raise _ForeignError


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Say in one sentence what cannot be read, where a stored value was changed by another hand.

    Raises:
        StoreError: It cannot.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
        message = f"{what} cannot be read from {FILE}"
        raise StoreError(message, f"delete {FILE} to start over; drafts that wait are not in it") from error


class _DamagedError(sqlite3.DatabaseError):
    """The file can be opened and is not whole; never leaves this module."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class _ForeignError(_DamagedError):
    """The file was written in another state folder; never leaves this module."""


def _is_damaged(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _DAMAGED


def _set_aside(file: Path) -> Path:
    """Give a damaged file, and what SQLite keeps beside it, a name that is free."""
    number = 1
    while file.with_name(f"{file.name}.damaged-{number}").exists():
        number += 1
    aside = file.with_name(f"{file.name}.damaged-{number}")
    file.rename(aside)
    for end in ("-wal", "-shm"):
        beside = file.with_name(file.name + end)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + end))
    return aside
