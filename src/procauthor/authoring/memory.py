"""The one memory of runs: what each was asked, how far it is, and every reply that was paid for.

There is nothing else to go on with: a run is replayed from its beginning, and what was asked before is answered from
here. So a reply is flushed to the disk before it is used. The memory is one SQLite file, or the same tables in a
database that several machines share (`authoring/postgres.py`); statements are written once, for both.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from zipfile import BadZipFile

import msgspec
from msgspec.structs import replace

from procauthor.authoring.brief import Usage
from procauthor.authoring.identity import is_local
from procauthor.authoring.reply import Reply
from procauthor.data import pick
from procauthor.errors import ConfigError, StoreError
from procauthor.library.state import database, make_folder
from procauthor.system import hold

FILE = "work.db"
_VERSION = 1
TABLES = """
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
_NAMES = {"job", "part", "item", "call"}
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

    A file that is damaged is set aside under another name, so that it blocks nothing; ``notice`` says so.

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
        if self._opened is None and self._is_there():
            return self._open()
        return self._opened

    def _is_there(self) -> bool:
        try:
            return self._file is None or database(self._file).exists()
        except OSError:
            return False

    def _open(self) -> sqlite3.Connection:
        with self._told():
            if self._file is None:
                self._opened = _connect(":memory:")
                return self._opened
            try:
                make_folder(self._file.parent)
                with hold(self._file.with_suffix(".lock"), _WAIT, f"{self._file.name} is being opened"):
                    self._opened = self._connect(database(self._file))
            except OSError as error:
                message = f"{self._file} cannot be used: {error.strerror}"
                raise StoreError(message, "make its folder writable") from error
            return self._opened

    def _connect(self, file: Path) -> sqlite3.Connection:
        try:
            return _connect(file)
        except sqlite3.DatabaseError as error:
            if not _is_damaged(error):
                raise
            aside = _set_aside(file)
            self.notice = (
                f"{FILE} was damaged ({error}) and is now {aside.name}: its runs cannot be resumed, and what they paid"
                " for does not count; drafts that wait are not in it"
            )
            return _connect(file)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what is wrong with the file in our own words."""
        try:
            yield
        except sqlite3.Error as error:
            message = f"{self._file or 'the memory of runs'} cannot be used: {error}"
            again = "it is set aside at the next command" if _is_damaged(error) else "try again"
            raise StoreError(message, again) from error


def _connect(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of a new file; refuse one that is not whole.

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
        connection.executescript(f"begin immediate; {TABLES} pragma user_version = {_VERSION}; commit")
        return
    (state,) = connection.execute("pragma quick_check(1)").fetchone()
    if state != "ok" or not names >= _NAMES:
        message = str(state).splitlines()[-1] if state != "ok" else "its tables are missing"
        raise _DamagedError(message)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Say in one sentence what cannot be read, where a stored value was changed by another hand.

    Raises:
        StoreError: It cannot.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, BadZipFile, msgspec.MsgspecError) as error:
        message = f"{what} cannot be read from {FILE}"
        raise StoreError(
            message, f"delete .procauthor/{FILE.replace('.', '.*.')} to start over; drafts that wait are not in it"
        ) from error


class _DamagedError(sqlite3.DatabaseError):
    """The file can be opened and is not whole; never leaves this module."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


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


_MOST = 2_000
"""So many replies of deleted runs are kept, the newest."""
_USAGE = """
select coalesce(sum(calls), 0) as calls, coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens
from call where run in ({})
"""
_KEEP = """
insert into call (run, key, step, fields, reply, calls, input_tokens, output_tokens, reused, state)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MINE = "select * from call where run = ? and key = ? and state != 'void' order by number limit 1"
_GOOD = "select * from call where key = ? and state = 'good' order by number desc limit 1"


def call_key(model: str, messages: tuple[str, ...], schema: Mapping[str, Any], attempt: int, bounds: str = "") -> str:
    """Return the key of one exact call.

    The attempt belongs to it: to ask the same thing again after an empty reply must not repeat that reply. So do the
    ``bounds``, as server and length of the reply: a run that is resumed with other ones asks again.
    """
    text = json.dumps([model, messages, schema, attempt, bounds], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class CallLog:
    """The paid calls of one run, each on the disk before its reply is used.

    Args:
        memory: Where they are kept; without one they are forgotten with the object.
        run: The id of the run.
        fresh: Do not answer from what other runs were told.
    """

    def __init__(self, memory: WorkMemory | None = None, run: str = "", *, fresh: bool = False) -> None:
        self._memory = memory or FileMemory()
        self._run = run
        self._fresh = fresh

    @property
    def usage(self) -> Usage:
        """What all calls of the run have cost, whichever process made them."""
        return usage_of(self._memory, [self._run])

    @property
    def last(self) -> Reply | None:
        """The reply to the last call, which tells the form that worked."""
        rows = self._memory.rows("select * from call where run = ? order by number desc limit 1", self._run)
        return _reply(rows[0]) if rows else None

    def by_step(self) -> tuple[dict[str, Any], ...]:
        """Return the usage of each step, and of the fields that it asked for, by step and then by the first call."""
        rows = self._memory.rows(
            """select step, fields, sum(reused) as reused, sum(calls) as calls, sum(input_tokens) as input_tokens,
            sum(output_tokens) as output_tokens from call where run = ? group by step, fields
            order by step, min(number)""",
            self._run,
        )
        return tuple({**dict(row), "fields": json.loads(row["fields"])} for row in rows)

    def find(self, key: str, *, step: int = 0, fields: tuple[str, ...] = ()) -> Reply | None:
        """Return the reply to a call: that of this run, else one that was of use to another run, which costs nothing.

        Args:
            key: What was asked, by `call_key`.
            step: The step that asks.
            fields: What it asks for.
        """
        rows = self._memory.rows(_MINE, self._run, key)
        if rows:
            return _reply(rows[0])
        good = [] if self._fresh else self._memory.rows(_GOOD, key)
        if not good:
            return None
        reply = replace(_reply(good[0]), usage=Usage())
        return self._keep(key, reply, step, fields, reused=True)

    def keep(self, key: str, reply: Reply, *, step: int = 0, fields: tuple[str, ...] = ()) -> Reply:
        """Keep the reply to a paid call, and return the one to use: of two to the same call, the first."""
        return self._keep(key, reply, step, fields, reused=False)

    def judge(self, keys: Iterable[str], *, good: bool) -> None:
        """Say what replies were worth: good ones are of use to other runs, others are asked for again, at full cost."""
        state = "good" if good else "void"
        with self._memory.writing(flushed=False) as connection:
            for key in keys:
                connection.execute(
                    "update call set state = ? where run = ? and key = ? and state = 'kept' and reused <= ?",
                    (state, self._run, key, int(not good)),
                )

    def _keep(self, key: str, reply: Reply, step: int, fields: tuple[str, ...], *, reused: bool) -> Reply:
        usage = reply.usage
        values = (self._run, key, step, json.dumps(fields), _dump(reply))
        costs = (usage.calls, usage.input_tokens, usage.output_tokens)
        with self._memory.writing(flushed=not reused) as connection:
            first = connection.execute(_MINE, (self._run, key)).fetchone()
            connection.execute(_KEEP, (*values, *costs, int(reused), "void" if first else "kept"))
        return _reply(first) if first else reply


def usage_of(memory: WorkMemory, runs: Sequence[str]) -> Usage:
    """Return what all calls of some runs have cost, whichever process made them."""
    rows = memory.rows(_USAGE.format(", ".join("?" * len(runs))), *runs) if runs else []
    return Usage(**dict(rows[0])) if rows else Usage()


def forget_calls(memory: WorkMemory, run: str) -> None:
    """Forget the calls of a run that is deleted, but for the replies that were of use: these may be again."""
    with memory.writing(flushed=False) as connection:
        connection.execute("delete from call where run = ? and state != 'good'", (run,))
        connection.execute("update call set run = '' where run = ?", (run,))
        connection.execute(
            """delete from call where run = '' and number <= (
            select number from call where run = '' order by number desc limit 1 offset ?)""",
            (_MOST,),
        )


def _dump(reply: Reply) -> str:
    # A reply may hold half a surrogate pair, which SQLite does not take but as an escape.
    return json.dumps(pick(reply, "text", "finish", "form", "spelled"))


def _reply(row: Row) -> Reply:
    usage = Usage(row["calls"], row["input_tokens"], row["output_tokens"])
    with readable(f"a reply of run {row['run']!r}"):
        return Reply(**json.loads(row["reply"]), usage=usage)


# The database that several machines share

DATABASE = "PROCAUTHOR_DATABASE"
_SCHEMES = ("postgresql://", "postgres://")


def find_address(from_settings: str) -> str:
    """Return the address of the database: the user's environment first, then the project's settings; else nothing.

    Raises:
        ConfigError: It is no address of a Postgres database, or the settings name one on a foreign machine.
    """
    named = os.environ.get(DATABASE, "")
    where = DATABASE if named else "[run] database"
    address = named or from_settings
    if address and not _is_address(address):
        message = f"{where} is no address of a Postgres database"
        raise ConfigError(message, 'write it like "postgresql://procauthor@localhost/procauthor"')
    if address and not named and not all(map(_is_near, _hosts(address))):
        message = "[run] database in the project's settings leads to a machine outside of your private network"
        raise ConfigError(message, f"if it is yours, put the address into the environment variable {DATABASE}")
    return address


def _is_address(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return text.startswith(_SCHEMES)


def _hosts(address: str) -> Iterator[str]:
    """Yield the hosts that an address names; there may be several, and a parameter goes before the usual place."""
    parts = urlsplit(address)
    for host in parts.netloc.rpartition("@")[2].split(","):
        yield host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
    given = parse_qs(parts.query)
    for value in [*given.get("host", []), *given.get("hostaddr", [])]:
        yield from value.split(",")


def _is_near(host: str) -> bool:
    name = unquote(host)
    return not name or name.startswith(("/", "@")) or is_local(name.lower())


def password_of(address: str) -> str:
    """Return the password in an address, or nothing."""
    parts = urlsplit(address)
    return unquote(parts.password or "") or "".join(parse_qs(parts.query).get("password", []))
