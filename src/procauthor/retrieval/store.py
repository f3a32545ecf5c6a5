"""What is indexed, in one SQLite file: for each document its passages, the words of these, and their vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Struct

from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.lexical import Counts

FILE_NAME = "index.sqlite"
_VERSION = 6
_TIMEOUT = 10.0
# What is read of all documents for every query lies apart from what is read of a few. A row is never given again.
_TABLES = f"""
create table document(row integer primary key autoincrement, path text unique, stamp text);
create table words(row integer primary key, value blob, seal integer);
create table passages(row integer primary key, value blob, seal integer);
create table vectors(
  row integer primary key, embedding text, page blob, page_seal integer, passages blob, seal integer
);
create table vector(passage text, embedding text, value blob, primary key (passage, embedding)) without rowid;
create table sent(path text primary key, stamp text) without rowid;
create table fact(name text primary key, value text) without rowid;
pragma user_version = {_VERSION};
"""
_AT_ONCE = 500
_MADE = "made"
_MARK = "mark"
_DAMAGED = "a row is damaged"
_encode = msgspec.msgpack.Encoder().encode
_decode_chunks = msgspec.msgpack.Decoder(list[Chunk]).decode
_decode_counts = msgspec.msgpack.Decoder(Counts).decode


class OutdatedStoreError(sqlite3.DatabaseError):
    """The file was made by another version of procauthor, and has to be made again."""


class Vectored(Struct, frozen=True, array_like=True):
    """The vectors of a document and of its passages, as floating-point numbers of 16 bits, one row after the other."""

    page: bytes
    passages: bytes


class IndexedDocument(Struct, frozen=True, array_like=True):
    """What is indexed of a document.

    Attributes:
        path: Where it is.
        stamp: What the rest was made of.
        chunks: Its passages, encoded.
        counts: Their words, encoded.
        vectors: Their vectors, where these can be made of the text alone.
    """

    path: str
    stamp: str
    chunks: bytes
    counts: bytes
    vectors: Vectored | None


@dataclass(slots=True)
class Listing:
    """What was read of the documents of an index: it outlives the open file.

    Attributes:
        mark: What the index said of its state then; it is another text after each change of the documents.
        documents: The row of each document and what it was indexed of, by its path; None before it was read.
        paths: The path of each by its row, in the order of rows.
    """

    mark: str = ""
    documents: dict[str, tuple[int, str]] | None = None
    paths: dict[int, str] = field(default_factory=dict)


class ChunkStore:
    """The SQLite file of an index. Every method leaves it whole, whenever the process dies.

    Args:
        file: Where it is.
        listing: What was read before; it is read anew where something has been written since.

    Attributes:
        made: What tells the file from any other that is or was in its place: rows are its own.
    """

    def __init__(self, file: Path, listing: Listing) -> None:
        self._listing = listing
        self._version_read = -1
        self.db = sqlite3.connect(file, timeout=_TIMEOUT, check_same_thread=False)
        try:
            self._prepare()
            self.made = self.fact(_MADE)
        except sqlite3.Error:
            self.db.close()
            raise

    def _prepare(self) -> None:
        self.db.execute("pragma trusted_schema = off")
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        if self._version() == 0:
            self.db.execute("begin immediate")
            if self._version() == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    self.db.execute(statement)
                self._put_fact(_MADE, token_hex())
            self.db.commit()
        if self._version() != _VERSION:
            message = "another version made it"
            raise OutdatedStoreError(message)

    def _version(self) -> int:
        return int(self.db.execute("pragma user_version").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def is_whole(self) -> bool:
        """Tell whether the file passes SQLite's own check."""
        return bool(self.db.execute("pragma quick_check(1)").fetchone() == ("ok",))

    def documents(self) -> Mapping[str, tuple[int, str]]:
        """Return the row of each document and what it was indexed of, by its path.

        It is the same object, and follows the changes, as long as no other process writes.
        """
        listing = self._listing
        # It says cheaply that no other process has written anything; only the mark says what is another.
        version = int(self.db.execute("pragma data_version").fetchone()[0])
        if listing.documents is None or version != self._version_read:
            mark = self.fact(_MARK)
            if listing.documents is None or mark != listing.mark:
                rows = self.db.execute("select path, row, stamp from document order by row").fetchall()
                listing.documents = {path: (row, stamp) for path, row, stamp in rows}
                listing.paths = {row: path for path, row, _ in rows}
            listing.mark, self._version_read = mark, version
        return listing.documents

    def paths(self) -> dict[int, str]:
        """Return the path of each document by its row, in the order of rows."""
        self.documents()
        return dict(self._listing.paths)

    def mark(self) -> str:
        """Return what is another text after each change of the documents, whoever makes it."""
        self.documents()
        return self._listing.mark

    def change(self, gone: Iterable[str], entries: Iterable[IndexedDocument], embedding: str) -> None:
        """Take documents out and put others in, in one transaction; their vectors are of an embedding."""
        self.documents()
        mark = token_hex()
        try:
            with self.db:
                for path in gone:
                    self._remove(path)
                for entry in entries:
                    self._remove(entry.path)
                    self._add(entry, embedding)
                self._put_fact(_MARK, mark)
            self._listing.mark = mark
        except BaseException:
            self._listing.documents = None
            raise

    def counts(self, rows: Sequence[int]) -> Iterator[tuple[int, str, Counts]]:
        """Yield path and words of the documents at some rows."""
        query = "select row, path, value, seal from document join words using (row)"
        for row, path, value, seal in self._select(query, rows):
            yield row, path, _read(value, seal, _decode_counts)

    def chunks(self, row: int) -> list[Chunk]:
        """Return the passages of the document at a row; none where it is gone."""
        for value, seal in self.db.execute("select value, seal from passages where row = ?", (row,)):
            chunks: list[Chunk] = _read(value, seal, _decode_chunks)
            return chunks
        return []

    def vectors(self, rows: Sequence[int], embedding: str) -> Iterator[tuple[int, bytes]]:
        """Yield the vectors of the passages of documents, as far as this embedding has made them."""
        for row, name, value, seal in self._select("select row, embedding, passages, seal from vectors", rows):
            if name == embedding:
                yield row, _read(value, seal, bytes)

    def pages(self, rows: Sequence[int], embedding: str) -> Iterator[tuple[int, bytes]]:
        """Yield the vectors of documents, as far as this embedding has made them."""
        for row, name, value, seal in self._select("select row, embedding, page, page_seal from vectors", rows):
            if name == embedding:
                yield row, _read(value, seal, bytes)

    def keep_vectors(self, embedding: str, vectors: Mapping[int, Vectored]) -> None:
        """Keep the vectors of documents by their rows."""
        with self.db:
            for row, each in vectors.items():
                self._keep(row, embedding, each)

    def known_vectors(self, embedding: str, passages: Sequence[str]) -> dict[str, bytes]:
        """Return vectors that an embedding once made, by the hash of their text."""
        query = "select value from vector where passage = ? and embedding = ?"
        rows = ((key, self.db.execute(query, (key, embedding)).fetchone()) for key in passages)
        return {key: bytes(row[0]) for key, row in rows if row}

    def remember_vectors(self, embedding: str, vectors: Mapping[str, bytes]) -> None:
        """Remember what an embedding made of texts."""
        rows = ((passage, embedding, value) for passage, value in vectors.items())
        with self.db:
            self.db.executemany("insert or replace into vector values (?, ?, ?)", rows)

    def sent(self) -> dict[str, str]:
        """Return what a server holds, as the stamps of documents by their path."""
        return dict(self.db.execute("select path, stamp from sent").fetchall())

    def note_sent(self, stamps: Mapping[str, str]) -> None:
        """Note what a server holds now; an empty stamp says that it no longer holds a document."""
        with self.db:
            self.db.executemany("insert or replace into sent values (?, ?)", stamps.items())
            self.db.execute("delete from sent where stamp = ''")

    def fact(self, name: str) -> str:
        """Return a fact about the index, or an empty string."""
        row = self.db.execute("select value from fact where name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact about the index."""
        with self.db:
            self._put_fact(name, value)

    def _put_fact(self, name: str, value: str) -> None:
        self.db.execute("insert or replace into fact(name, value) values (?, ?)", (name, value))

    def _select(self, query: str, rows: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        """Yield what a query says of some rows; of many rows all are read, which is faster."""
        if len(rows) > _AT_ONCE:
            wanted = frozenset(rows)
            yield from (each for each in self.db.execute(f"{query} order by row") if each[0] in wanted)
            return
        for row in rows:
            yield from self.db.execute(f"{query} where row = ?", (row,))

    def _add(self, entry: IndexedDocument, embedding: str) -> None:
        added = self.db.execute("insert into document(path, stamp) values (?, ?)", (entry.path, entry.stamp))
        row = added.lastrowid
        assert row is not None
        assert self._listing.documents is not None
        self._listing.documents[entry.path] = row, entry.stamp
        self._listing.paths[row] = entry.path
        self.db.execute("insert into words values (?, ?, ?)", (row, entry.counts, crc32(entry.counts)))
        self.db.execute("insert into passages values (?, ?, ?)", (row, entry.chunks, crc32(entry.chunks)))
        if entry.vectors is not None:
            self._keep(row, embedding, entry.vectors)

    def _keep(self, row: int, embedding: str, vectors: Vectored) -> None:
        page, passages = vectors.page, vectors.passages
        values = (row, embedding, page, crc32(page), passages, crc32(passages))
        self.db.execute("insert or replace into vectors values (?, ?, ?, ?, ?, ?)", values)

    def _remove(self, path: str) -> None:
        assert self._listing.documents is not None
        self._listing.documents.pop(path, None)
        for (row,) in self.db.execute("select row from document where path = ?", (path,)).fetchall():
            self._listing.paths.pop(row, None)
            for table in ("document", "words", "passages", "vectors"):
                self.db.execute(f"delete from {table} where row = ?", (row,))  # noqa: S608 - our own names


def dump_chunks(chunks: Sequence[Chunk]) -> bytes:
    """Return passages as they are kept."""
    return _encode(chunks)


def dump_counts(counts: Counts) -> bytes:
    """Return the words of passages as they are kept."""
    return _encode(counts)


def _read(value: bytes, seal: int, decode: Any) -> Any:
    """Return a value that was kept.

    Raises:
        sqlite3.DatabaseError: It is damaged.
    """
    if crc32(value) != seal:
        raise sqlite3.DatabaseError(_DAMAGED)
    return decode(value)
