"""Reads a library for a check: takes what is remembered from the last one, reads and checks the rest by itself."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b
from itertools import chain, compress
from operator import is_not
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from procauthor.checking.phrase import write_notes
from procauthor.checking.rule import families_of
from procauthor.checking.rules.status import write_directives
from procauthor.checking.scope import NeedsLibrary, Scope
from procauthor.data import grouped, keep
from procauthor.errors import StaleError
from procauthor.finding import Finding
from procauthor.library.disk import Watch
from procauthor.library.library import Library, Procedure, Tree, UnreadFile, read_file, read_template, walk
from procauthor.library.sidecar import Review, read_reviews
from procauthor.library.state import database, make_folder
from procauthor.library.stored import Facts, Shelf, Stored, read_facts
from procauthor.procedure import Kind, Stamp, stamp
from procauthor.settings import Settings
from procauthor.system import read_regular, share, without_collection
from procauthor.template.read import TemplateStore

FILE_NAME = "check.db"
_SCHEMA = """
CREATE TABLE shelf (number INTEGER PRIMARY KEY, records BLOB, seal BLOB);
CREATE TABLE fact (
  path TEXT PRIMARY KEY, stamp TEXT, contract BLOB, contract_seal BLOB, view BLOB, detail BLOB, notes BLOB, seal BLOB
);
CREATE TABLE told (name TEXT, shelf INTEGER, kept BLOB, seal BLOB, PRIMARY KEY (name, shelf));
CREATE TABLE edge (path TEXT PRIMARY KEY, value BLOB);
CREATE TABLE note (name TEXT PRIMARY KEY, value BLOB, seal BLOB) WITHOUT ROWID;
"""
# An evaluation reads the contracts of all documents and nothing else, so they are in front, with a seal of their own.
_CONTRACT = "path, stamp, contract, contract_seal"
_OTHERS = "path, stamp, view, detail, notes, seal"
# A file that was written this shortly before it was read may be written again without a change of its times.
_GRAIN = 2_000_000_000


# All records are read at every check, so they lie together; after an edit only those of one shelf are written again.
_SHELVES = 128
# The bytes of a digest of what something was made from.
_ONCE = 16

_encode = msgspec.msgpack.Encoder().encode


class Signature(Struct, frozen=True, array_like=True):
    """What the disk says of a file: if none of it changed, the file is the same."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result, read_at: int) -> Signature:
        """Return the signature of a file; one that may still change unnoticed gets one that is never met."""
        racy = max(status.st_mtime_ns, status.st_ctime_ns) + _GRAIN > read_at
        return cls(-1 if racy else status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    @property
    def is_firm(self) -> bool:
        """Whether the file cannot have changed unnoticed; any other signature is not worth writing down."""
        return self.size >= 0

    def fits(self, status: os.stat_result) -> bool:
        """Say whether a file is the one that was read."""
        return (
            self.inode == status.st_ino
            and self.modified == status.st_mtime_ns
            and self.changed == status.st_ctime_ns
            and self.size == status.st_size
        )


class Among(Struct, frozen=True, array_like=True):
    """What depends on other documents too, each part encoded; where there is nothing, it is empty.

    Attributes:
        findings: The findings of a document that depend on others.
        needs: What must come before it.
        reached: What it leads to.
        unnamed: What it takes from those that do not name it.
        looked: The documents into whose text all this looked; None where these are too many to believe it again.
        asked: The numbers of the questions that were asked of the others.
    """

    findings: bytes
    needs: bytes
    reached: bytes
    unnamed: bytes
    looked: bytes | None
    asked: bytes


class Record(Struct, array_like=True):
    """What is remembered of a document.

    ``own`` holds the findings that depend on it alone, ``among`` what depends on others too. ``whole`` says that a
    family which mostly needs one document alone wanted to see the others. ``marks`` are the hashes of its sections.
    ``edges`` is the digest of the edges that it states, which are kept apart, and ``drawn`` these themselves as long
    as they are not.
    """

    path: str
    signature: Signature
    stamp: str
    kind: str
    digest: bytes
    face: bytes
    directives: bytes
    own: bytes
    whole: bool = False
    marks: bytes = b""
    among: Among | None = None
    edges: bytes = b""
    drawn: bytes | None = None
    facts: Facts | None = None

    def draw(self, edges: bytes) -> None:
        """Know the encoded edges that the document states."""
        self.drawn = edges
        self.edges = _digest(edges)


_decode_records = msgspec.msgpack.Decoder(list[Record]).decode
_decode_told = msgspec.msgpack.Decoder(list[tuple[str, str, bytes]]).decode


class Memory:
    """The remembered records and notes, read from a file if there is one that can be believed.

    Args:
        file: Where they are kept; None for nowhere.
        key: What they depend on besides the documents: the program, settings, templates.
    """

    def __init__(self, file: Path | None, key: bytes) -> None:
        self._file = file
        self._key = key
        self._connection: sqlite3.Connection | None = None
        self._opener = 0
        self._lock = threading.RLock()
        self.records: dict[str, Record] = {}
        self.notes: dict[str, bytes] = {}
        self.touched: list[Record] = []
        """Records of files that were written, and have the same bytes as before."""
        if file is not None:
            with contextlib.suppress(sqlite3.Error, OSError, ValueError, TypeError):
                self._read(database(file))

    def _read(self, file: Path) -> None:
        connection = _open(file)
        notes = {row[0]: row[1] for row in connection.execute("SELECT * FROM note") if _is_sealed(row)}
        if notes.get("key") != self._key:
            connection.close()
            return
        for row in connection.execute("SELECT * FROM shelf"):
            if _is_sealed(row):
                self.records.update((record.path, record) for record in _decode_records(row[1]))
        self.notes = notes
        self._connection, self._opener = connection, os.getpid()

    def facts(self, record: Record) -> Facts:
        """Return the facts of a document.

        Raises:
            sqlite3.Error: The file was taken away or spoilt meanwhile.
        """
        if record.facts is not None:
            return record.facts
        query = f"SELECT {_CONTRACT}, {_OTHERS} FROM fact WHERE path = ?"  # noqa: S608 - constants
        with self._lock:
            row: tuple[Any, ...] = self._opened().execute(query, (record.path,)).fetchone() or ()
        contract, others = row[:4], row[4:]
        # Another check may have written meanwhile, of a text that is newer than the one this check is about.
        if not row or not _is_sealed(contract) or not _is_sealed(others) or row[1] != record.stamp:
            message = "a row is missing, spoilt, or of another text"
            raise sqlite3.DatabaseError(message)
        _, _, view, detail, notes, _ = others
        return Facts(record.face, view, detail, contract[2], notes)

    def contracts(self, records: Mapping[str, Record]) -> dict[str, bytes]:
        """Return the encoded contracts of all documents at once; what is spoilt is left out.

        To ask for one row after the other takes three times as long.
        """
        known = {path: record.facts.contract for path, record in records.items() if record.facts is not None}
        if len(known) < len(records):
            with contextlib.suppress(sqlite3.Error):
                with self._lock:
                    rows = self._opened().execute(f"SELECT {_CONTRACT} FROM fact").fetchall()  # noqa: S608 - constants
                for row in rows:
                    record = records.get(row[0])
                    if record and record.facts is None and row[1] == record.stamp and _is_sealed(row):
                        known[row[0]] = row[2]
        return known

    def edges(self, records: Mapping[str, Record]) -> dict[str, bytes]:
        """Return the encoded edges that documents state; those that are spoilt, or of another reading, are left out."""
        known = {path: record.drawn for path, record in records.items() if record.drawn is not None}
        if len(known) < len(records) and self._file is not None:
            with contextlib.suppress(sqlite3.Error), self._lock:
                for path, value in self._opened().execute("SELECT path, value FROM edge"):
                    record = records.get(path)
                    if record is not None and record.drawn is None and _digest(value) == record.edges:
                        known[path] = value
        return known

    def told(self, name: str, records: Mapping[str, Record]) -> dict[str, bytes]:
        """Return what is kept under a name of documents as they are now, by path; what is spoilt is left out."""
        if self._file is None or "turn" not in self.notes:
            return {}
        with contextlib.suppress(sqlite3.Error), self._lock:
            rows = self._opened().execute("SELECT * FROM told WHERE name = ?", (name,)).fetchall()
            return dict(chain.from_iterable(_told(row, records) for row in rows))
        return {}

    def keep_told(self, told: Mapping[tuple[str, str], bytes], records: Mapping[str, Record]) -> None:
        """Keep values by path and name, of documents as these records have them.

        Where another process has written meanwhile, it is left to that one.
        """
        if not told or self._file is None or "turn" not in self.notes:
            return
        shelves = grouped(((name, _shelf(path)), (path, value)) for (path, name), value in told.items())
        self.close()
        with (
            contextlib.suppress(sqlite3.Error, OSError),
            contextlib.closing(sqlite3.connect(database(self._file), timeout=0.2, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            if self._is_as_read(connection):
                for place, made in shelves.items():
                    rows = connection.execute("SELECT * FROM told WHERE name = ? AND shelf = ?", place).fetchall()
                    known = dict(chain.from_iterable(_told(row, records) for row in rows)) | dict(made)
                    kept = _encode([(path, records[path].stamp, value) for path, value in known.items()])
                    connection.execute("REPLACE INTO told VALUES (?, ?, ?, ?)", _seal((*place, kept)))
            connection.execute("COMMIT")

    def notes_of(self, records: Mapping[str, Record]) -> Iterator[tuple[str, bytes]]:
        """Yield what rules keep of the text of each document.

        Raises:
            sqlite3.Error: The file was taken away or spoilt meanwhile.
        """
        stored = {path for path, record in records.items() if record.facts is None}
        for path, record in records.items():
            if record.facts is not None:
                yield path, record.facts.notes
        if stored:
            with self._lock:
                rows = self._opened().execute("SELECT path, notes FROM fact").fetchall()
            yield from (row for row in rows if row[0] in stored)

    def _opened(self) -> sqlite3.Connection:
        # A copy of the process must not use what the first one opened.
        if self._connection is None or self._opener != os.getpid():
            assert self._file is not None
            self._connection, self._opener = _open(database(self._file)), os.getpid()
        return self._connection

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def forget(self) -> None:
        """Take the file away, because something in it is wrong, and know nothing any more."""
        self.close()
        self.records, self.notes, self.touched = {}, {}, []
        if self._file is not None:
            with contextlib.suppress(OSError):
                database(self._file).unlink(missing_ok=True)

    def once(self, name: str, rests_on: bytes, make: Callable[[], bytes]) -> bytes:
        """Return what was made under a name from the same bytes before; else make it, and remember it.

        Args:
            name: Under which it is kept; one thing a name.
            rests_on: All that it depends on, beside the program and the settings.
            make: Makes it.
        """
        key = _digest(rests_on)
        known = self.notes.get(name, b"")
        if known[:_ONCE] == key:
            return known[_ONCE:]
        made = make()
        self.write((), (), {name: key + made})
        return made

    def write(self, changed: Iterable[Record], gone: Iterable[str], notes: Mapping[str, bytes]) -> None:
        """Know what is new, and write it. Where the disk or another process does not let us, others take longer."""
        new, old = list(changed), list(gone)
        if self._file is not None:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._write(self._file, new, old, notes)
        self.records |= {record.path: record for record in new}
        for path in old:
            self.records.pop(path, None)
        self.notes |= notes
        self.touched = []

    def _write(self, file: Path, changed: list[Record], gone: list[str], notes: Mapping[str, bytes]) -> None:
        fresh = "turn" not in self.notes
        self.close()
        make_folder(file.parent)
        file = database(file)
        target = file.with_name(f"{file.name}.{os.getpid()}") if fresh else file
        try:
            with contextlib.closing(sqlite3.connect(target, timeout=0.2, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous=OFF" if fresh else "PRAGMA synchronous=NORMAL")
                connection.execute("BEGIN IMMEDIATE")
                if fresh:
                    for statement in filter(str.strip, _SCHEMA.split(";")):
                        connection.execute(statement)
                elif not self._is_as_read(connection):
                    return
                own = {"key": self._key, "turn": os.urandom(8)}
                _fill(connection, changed, gone, {**notes, **own})
                _shelve(connection, self.records, changed, gone)
                connection.execute("COMMIT")
            for record in changed:
                record.drawn = None
            if fresh:
                target.replace(file)
            self.notes |= own
        finally:
            if fresh:
                target.unlink(missing_ok=True)

    def _is_as_read(self, connection: sqlite3.Connection) -> bool:
        """Say whether no other process has written since: its findings and ours may rest on different texts."""
        row = connection.execute("SELECT value FROM note WHERE name = 'turn'").fetchone()
        return row is not None and row[0] == self.notes.get("turn")


def _open(file: Path) -> sqlite3.Connection:
    """Open the file for reading only, so that a library on a read-only disk is read as well."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    return connection


def _fill(connection: sqlite3.Connection, changed: list[Record], gone: list[str], notes: Mapping[str, bytes]) -> None:
    facts = (_fact(r, r.facts) for r in changed if r.facts)
    connection.executemany("REPLACE INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?)", facts)
    drawn = ((r.path, r.drawn) for r in changed if r.drawn is not None)
    connection.executemany("REPLACE INTO edge VALUES (?, ?)", drawn)
    for table in ("fact", "edge"):
        connection.executemany(f"DELETE FROM {table} WHERE path = ?", ((path,) for path in gone))  # noqa: S608 - ours
    connection.executemany("REPLACE INTO note VALUES (?, ?, ?)", map(_seal, notes.items()))


def _fact(record: Record, facts: Facts) -> tuple[object, ...]:
    own = record.path, record.stamp
    return (*_seal((*own, facts.contract)), *_seal((*own, facts.view, facts.detail, facts.notes))[len(own) :])


def _shelve(
    connection: sqlite3.Connection, before: Mapping[str, Record], changed: list[Record], gone: list[str]
) -> None:
    """Write the shelves on which a record has changed; the facts are in a table of their own.

    Which documents a shelf has is read from it: to ask each of a large library for its shelf takes longer.
    """
    new = grouped((_shelf(record.path), record) for record in changed)
    for number in {*new, *map(_shelf, gone)}:
        row = connection.execute("SELECT * FROM shelf WHERE number = ?", (number,)).fetchone()
        paths = [record.path for record in _decode_records(row[1])] if row and _is_sealed(row) else []
        records = {path: before[path] for path in paths if path in before and path not in gone}
        records |= {record.path: record for record in new.get(number, ())}
        bare = [msgspec.structs.replace(record, facts=None, drawn=None) for record in records.values()]
        connection.execute("REPLACE INTO shelf VALUES (?, ?, ?)", _seal((number, _encode(bare))))


def _shelf(path: str) -> int:
    return zlib.crc32(path.encode(errors="surrogateescape")) % _SHELVES


def _seal(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return a row with its checksum: a disk that spoils a byte is no reason for a wrong finding."""
    return (*row, blake2b(_encode(row), digest_size=8).digest())


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=_ONCE).digest()


def _told(row: tuple[Any, ...], records: Mapping[str, Record]) -> Iterator[tuple[str, bytes]]:
    """Yield paths and values of a shelf, if it is whole, of documents whose text is as it was then."""
    for path, of, value in _decode_told(row[2]) if _is_sealed(row) else ():
        record = records.get(path)
        if record is not None and record.stamp == of:
            yield path, value


def _is_sealed(row: tuple[object, ...]) -> bool:
    return _seal(row[:-1]) == row


@cache
def program_key() -> bytes:
    """Return a digest of the program itself, as it was when it was first asked for: sizes and times of its modules."""
    digest = blake2b(digest_size=16)
    root = Path(__file__).parent.parent
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n != "__pycache__")
        for name in sorted(files):
            status = os.stat(os.path.join(folder, name))
            digest.update(f"{folder}/{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.digest()


# Below this, to remember costs more than to read, and a small folder stays as clean as it was.
_WORTH_KEEPING = 64
# To have the system tell of changes takes as long, the first time, as to look at so many files.
_WORTH_WATCHING = 10_000
# Each overview is looked into several times; this many are kept in between.
_OVERVIEWS = 256
_MOST_MADE = 256
# No file has this signature.
_NOWHERE = Signature(-1, 0, 0, 0)
_ALONE = families_of("document")
decode_findings = msgspec.msgpack.Decoder(list[Finding]).decode


class Surveyed(Struct, frozen=True):
    """A library whose documents are known from facts, with what is remembered of them.

    Attributes:
        library: The documents. Those of the disk are `Stored`; over them there may be others.
        memory: What was found at the last check of what is on disk.
        records: What is known of each document, by its path.
        fresh: The paths of the documents that are not remembered as they are.
        gone: The paths of those that are remembered, and no longer there.
        shelf: Where texts and facts are read.
        surveyor: What reads documents.
        laid: Whether the library is not that on disk, so that nothing of it may be remembered.
    """

    library: Library
    memory: Memory
    records: dict[str, Record]
    fresh: frozenset[str]
    gone: frozenset[str]
    shelf: Shelf
    surveyor: Surveyor
    laid: bool = False

    def for_counting(self) -> Self:
        """Keep what an evaluation reads several times: the tables of all overviews."""
        self.shelf.keep(_OVERVIEWS)
        return self

    def edges(self) -> dict[str, bytes]:
        """Return the encoded edges that documents state, by path, as the last check has found them."""
        return self.memory.edges(self.records)

    def keep_told(self) -> None:
        """Keep what was worked out of documents for the first time."""
        made, self.shelf.new_told = self.shelf.new_told, {}
        self.memory.keep_told(made, self.records)

    def over(self, library: Library) -> Surveyed:
        """Return what is known of a library that was made of this one: with other documents, or without some."""
        if library is self.library:
            return self
        records: dict[str, Record] = {}
        for procedure in library.procedures:
            known = self.records.get(procedure.path)
            if known is None or not isinstance(procedure, Stored) or known.stamp != procedure.stamp:
                known = self.surveyor.record(procedure)
            records[procedure.path] = known
        before = self.memory.records
        return Surveyed(
            library,
            self.memory,
            records,
            frozenset(path for path, record in records.items() if before.get(path) is not record),
            frozenset(before.keys() - records.keys()),
            self.shelf,
            self.surveyor,
            laid=True,
        )


class Surveyor:
    """Reads the documents of one library, as often as it is asked to.

    Args:
        root: The root of the library.
        state: Where to remember; None for nowhere.
        settings: The settings.
        templates: The templates.
    """

    def __init__(self, root: Path, state: Path | None, settings: Settings, templates: TemplateStore) -> None:
        self._root = root
        self.state = state
        self._settings = settings
        self._templates = templates
        self._memory: Memory | None = None
        self._last: Surveyed | None = None
        self._made: OrderedDict[tuple[str, str], Record] = OrderedDict()
        self._looked_at = 0
        self._certain = True
        self._inodes: set[int] = set()
        self._watch: Watch | None = None

    def survey(self) -> Surveyed:
        """Read the library; what this has read before is taken from there, as far as it is the same."""
        changed = self._changes()
        if self._last is not None and not changed and changed is not None:
            return self._last
        # What was told is told once: should this end before its time, all documents are looked at the next time.
        self._certain = False
        if changed is not None:
            self._inodes.difference_update(self._inodes_of(changed))
        self._last = self._read_again(changed)
        if changed is None:
            self._inodes.clear()
        self._inodes.update(self._inodes_of(self._last.records if changed is None else changed))
        self._certain = True
        return self._last

    def _inodes_of(self, paths: Iterable[str]) -> Iterator[int]:
        """Yield what the disk knows the files of documents by; one that cannot be read any more has none."""
        assert self._last is not None
        known = map(self._last.records.get, paths)
        return (record.signature.inode for record in known if record is not None)

    def _read_again(self, changed: frozenset[str] | None) -> Surveyed:
        """Read what has changed; None where all documents have to be looked at."""
        edited = self._read_edits(changed) if changed else None
        return edited or self._read_all()

    def _read_edits(self, changed: frozenset[str]) -> Surveyed | None:
        """Read the documents that alone have changed since the last reading; None where more has."""
        last, memory, reviews = self._last, self._memory, read_reviews(self._root)
        if last is None or memory is None or not memory.records or reviews != last.library.reviews:
            return None
        records, unknown = self._unchanged(sorted(changed), memory, dict(last.records))
        with without_collection():
            for made in map(self._read, unknown):
                if isinstance(made, UnreadFile):
                    return None
                records[made.path] = made
        edited = [path for path in changed if records[path] is not last.records[path]]
        if not edited:
            return last
        fresh = frozenset(path for path in last.fresh | changed if records[path] is not memory.records.get(path))
        shelf = self._shelf(memory, records)
        documents, shelf = self._after_edits(last, edited, records, shelf)
        library = Library.of(self._root, documents, (), last.library.files, reviews)
        return Surveyed(library, memory, records, fresh, last.gone & memory.records.keys(), shelf, self)

    def _read_all(self) -> Surveyed:
        """Look at all documents."""
        tree = walk(self._root, self._settings.library.exclude)
        memory = self._memory = self._memory or self._open(len(tree.documents))
        records, unknown = self._recall(tree, memory)
        unread = list(tree.closed)
        for made in share(unknown, partial(map, self._read), Record | UnreadFile):
            if isinstance(made, UnreadFile):
                unread.append(made)
            else:
                records[made.path] = made
        records = {path: records[path] for path in filter(records.__contains__, tree.documents)}
        unread.sort(key=lambda each: each.path)
        reviews = read_reviews(self._root)
        fresh = frozenset(compress(records, map(is_not, records.values(), map(memory.records.get, records))))
        if self._last is not None and self._is_as_before(self._last, tree, records, unread, reviews):
            return self._last
        return self._put_together(tree, memory, records, unread, fresh, reviews)

    def _changes(self) -> frozenset[str] | None:
        """Return the documents that alone have changed since the last reading; None where others may have.

        The disk is watched as soon as all looks together have cost what that does.
        """
        if self._last is None:
            return None
        known = self._last.records
        before, self._looked_at = self._looked_at, self._looked_at + len(known)
        if before < _WORTH_WATCHING <= self._looked_at:
            self._watch = Watch.open(self._root, self.state)
        changed = self._watch.changes() if self._watch is not None else None
        if not self._certain:
            return None
        if not changed:
            return changed
        # Of a file with several names, or links to it, only one is told.
        certain = len(self._inodes) == len(known) and changed <= known.keys() and not self._last.library.unread
        return changed if certain and all(map(self._is_file, changed)) else None

    def _is_file(self, path: str) -> bool:
        return (self._root / path).is_file() and not (self._root / path).is_symlink()

    def rest(self) -> None:
        """Watch the disk no longer, until it is looked at often again."""
        if self._watch is not None:
            self._watch.close()
        self._watch, self._looked_at = None, 0

    def _is_as_before(
        self,
        before: Surveyed,
        tree: Tree,
        records: Mapping[str, Record],
        unread: Sequence[UnreadFile],
        reviews: Mapping[str, Review],
    ) -> bool:
        """Say whether a reading has found what the one before it has found."""
        library = before.library
        return (
            before.memory is self._memory
            and (tree.files, reviews, tuple(unread)) == (library.files, library.reviews, library.unread)
            and records.keys() == before.records.keys()
            and not any(map(is_not, records.values(), before.records.values()))
        )

    def is_like(self, other: Surveyor) -> bool:
        """Say whether what another one remembers counts for this one."""
        return self.state == other.state and self._key() == other._key()

    def forget(self) -> None:
        """Begin again with what is on disk, because what was remembered turned out to be wrong."""
        if self._memory is not None:
            self._memory.close()
        self._memory = self._last = None

    def _open(self, documents: int) -> Memory:
        kept = self.state is not None and documents >= _WORTH_KEEPING
        return Memory(self.state / FILE_NAME if kept and self.state else None, self._key() if kept else b"")

    def record(self, procedure: Procedure) -> Record:
        """Return what is known of a document that is not on disk; it is the same as long as its text is."""
        key = (procedure.path, procedure.stamp)
        return keep(self._made, key, lambda: self._record(procedure, _NOWHERE), _MOST_MADE)

    def _key(self) -> bytes:
        """Return what all findings depend on besides the documents."""
        digest = blake2b(program_key(), digest_size=16)
        digest.update(repr(self._settings).encode())
        digest.update(repr(sorted(self._settings.library.model_fields_set)).encode())
        for name in sorted(set(filter(None, self._settings.templates.values()))):
            digest.update(f"\0{name}\0{self._templates.digest(name)}".encode())
        return digest.digest()

    def _recall(self, tree: Tree, memory: Memory) -> tuple[dict[str, Record], list[str]]:
        """Return the records of the files that are as they were, and the paths of the others."""
        if not memory.records:
            return {}, list(tree.documents)
        # What was read last may not be written down yet.
        known = memory.records if self._last is None else self._last.records
        records: dict[str, Record] = {}
        unknown: list[str] = []
        top = os.fspath(self._root)
        for path in tree.documents:
            record = known.get(path)
            try:
                if record is not None and record.signature.fits(os.stat(f"{top}/{path}")):
                    records[path] = record
                    continue
            except OSError:
                pass
            unknown.append(path)
        return self._unchanged(unknown, memory, records)

    def _unchanged(
        self, unknown: Sequence[str], memory: Memory, records: dict[str, Record]
    ) -> tuple[dict[str, Record], list[str]]:
        """Take those whose bytes are as they were, though the disk says that they were written."""
        changed: list[str] = []
        last = {} if self._last is None else self._last.records
        for path in unknown:
            known = {each.stamp: each for each in (memory.records.get(path), last.get(path)) if each is not None}
            file = self._root / path
            try:
                read_at, status = time.time_ns(), file.stat()
                record = None if not known or file.is_symlink() else known.get(stamp(read_regular(file)))
                if record is not None:
                    record.signature = Signature.of(status, read_at)
                    if record.signature.is_firm:
                        memory.touched.append(record)
                    records[path] = record
                    continue
            except OSError:
                pass
            changed.append(path)
        return records, changed

    def _read(self, path: str) -> Record | UnreadFile:
        """Read a document, and run on it the families that need no other."""
        read_at = time.time_ns()
        try:
            # Before it is read: a file that is written meanwhile shall not look like the one that was read.
            status = os.stat(self._root / path)
        except OSError as error:
            return UnreadFile(path, error.strerror or "cannot be read")
        procedure = read_file(self._root, path, self._settings, self._templates)
        return (
            procedure if isinstance(procedure, UnreadFile) else self._record(procedure, Signature.of(status, read_at))
        )

    def _record(self, procedure: Procedure, signature: Signature) -> Record:
        facts = read_facts(procedure, write_notes(procedure))
        findings, whole = self._alone(procedure)
        return Record(
            path=procedure.path,
            signature=signature,
            stamp=procedure.stamp,
            kind=procedure.kind,
            digest=blake2b(facts.face + facts.view + procedure.kind.encode(), digest_size=16).digest(),
            face=facts.face,
            directives=write_directives(procedure),
            own=_encode(findings) if findings else b"",
            whole=whole,
            marks=_encode(procedure.marks),
            facts=facts,
        )

    def _alone(self, procedure: Procedure) -> tuple[list[Finding], bool]:
        scope = Scope(Library(self._root, (procedure,)), (), self._settings, alone=True)
        findings: list[Finding] = []
        try:
            for family in _ALONE:
                findings += family.check(scope, procedure)
        except NeedsLibrary:
            return [], True
        return findings, False

    def _put_together(  # noqa: PLR0913, PLR0917 - all that a reading has found
        self,
        tree: Tree,
        memory: Memory,
        records: dict[str, Record],
        unread: Sequence[UnreadFile],
        fresh: frozenset[str],
        reviews: Mapping[str, Review],
    ) -> Surveyed:
        last, shelf = self._last, self._shelf(memory, records)
        if last and records.keys() == last.records.keys() and reviews == last.library.reviews:
            edited = compress(records, map(is_not, records.values(), last.records.values()))
            documents, shelf = self._after_edits(last, list(edited), records, shelf)
        else:
            documents = {path: self._document(each, reviews.get(path), shelf) for path, each in records.items()}
        library = Library.of(self._root, documents, tuple(unread), tree.files, reviews)
        gone = frozenset(memory.records.keys() - records.keys())
        return Surveyed(library, memory, records, fresh, gone, shelf, self)

    def _shelf(self, memory: Memory, records: Mapping[str, Record]) -> Shelf:
        def fetch(path: str) -> Facts:
            try:
                return memory.facts(records[path])
            except sqlite3.Error as error:
                memory.forget()
                raise StaleError(FILE_NAME) from error

        return Shelf(
            self._root,
            fetch,
            lambda: memory.contracts(records),
            lambda name: memory.told(name, records),
            lambda path: read_template(path, self._settings, self._templates),
        )

    def _after_edits(
        self, last: Surveyed, edited: Sequence[str], records: Mapping[str, Record], shelf: Shelf
    ) -> tuple[dict[str, Procedure], Shelf]:
        """Return the documents where some of those of the last reading were edited, and the shelf they are on.

        The others stay on theirs: most edits are of one document.
        """
        before = [last.library.by_path[path] for path in edited]
        last.shelf.renew([each for each in before if isinstance(each, Stored)], shelf)
        now = {path: self._document(records[path], last.library.reviews.get(path), last.shelf) for path in edited}
        return last.library.by_path | now, last.shelf

    def _document(self, record: Record, review: Review | None, shelf: Shelf) -> Stored:
        """Return a document: one that is as it was at the last reading is the same, with all that was decoded of it."""
        if self._last is not None and self._last.records.get(record.path) is record:
            known = self._last.library.by_path[record.path]
            if isinstance(known, Stored) and known.review == review:
                known.move(shelf)
                return known
        kind: Kind = record.kind  # type: ignore[assignment]
        head = record.path, Stamp(record.stamp), kind
        told = record.face, record.directives, record.marks
        return Stored(*head, *told, review, shelf, self._settings.conventions)
