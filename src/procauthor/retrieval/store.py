"""What is indexed, in one SQLite file: chunks, their word index, cached vectors, and what an embedding learnt."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.lexical import (
    SCHEMA,
    Places,
    add_passage,
    rank_words,
    read_places,
    remove_passage,
    replace_page,
)
from procauthor.retrieval.word import read_passage

FILE_NAME = "index.sqlite"
_VERSION = 3
_TIMEOUT = 10.0
_TABLES = f"""
create table chunk(row integer primary key, id text unique, path text, signature text, passage text, value text);
create index chunk_path on chunk(path);
create table document(row integer primary key, path text unique);
create table fact(name text primary key, value text);
create table vector(passage text, embedding text, value blob, primary key (passage, embedding)) without rowid;
create table model(id text primary key, value blob);
{SCHEMA}
pragma user_version = {_VERSION};
"""


class OutdatedStoreError(sqlite3.DatabaseError):
    """The file was made by another version of procauthor, and has to be made anew."""


class ChunkStore:
    """The SQLite file of an index. Every method leaves it whole, whenever the process dies."""

    def __init__(self, file: Path) -> None:
        self.db = sqlite3.connect(file, timeout=_TIMEOUT, check_same_thread=False)
        self._places: tuple[str, Places] = "", {}
        try:
            self._prepare()
        except sqlite3.Error:
            self.db.close()
            raise

    def _prepare(self) -> None:
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        if self._version() == _VERSION:
            return
        # The first of two processes makes the tables; the second finds them made.
        self.db.execute("begin immediate")
        with self.db:
            if self._version() not in (0, _VERSION):
                message = "the index was made by another version"
                raise OutdatedStoreError(message)
            if self._version() == 0:
                for statement in _TABLES.split(";"):
                    self.db.execute(statement)

    def _version(self) -> int:
        return int(self.db.execute("pragma user_version").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def is_whole(self) -> bool:
        """Tell whether the file passes SQLite's own check, and its word index too."""
        for table in ("passage", "page", "concept"):
            self.db.execute(f"insert into {table}({table}) values ('integrity-check')")  # noqa: S608 - our own names
        self.db.rollback()
        return bool(self.db.execute("pragma quick_check(1)").fetchone() == ("ok",))

    def signatures(self) -> dict[str, str]:
        """Return the signature of every chunk by its id."""
        return dict(self.db.execute("select id, signature from chunk").fetchall())

    def change(self, removed: Iterable[str], added: Sequence[Chunk]) -> None:
        """Remove and add chunks, in one transaction."""
        with self.db:
            paths = {path for key in removed for path in self._remove(key)}
            for chunk in added:
                self._add(chunk)
            for path in sorted(paths | {chunk.path for chunk in added}):
                self._renew_page(path)
            self._set("content", self._digest())
            self._set("revision", uuid4().hex)

    def read(self, keys: Iterable[str]) -> dict[str, Chunk]:
        """Return the chunks with these ids, as far as they are known."""
        found = (self.db.execute("select value from chunk where id = ?", (key,)).fetchone() for key in keys)
        return {chunk.id: chunk for chunk in (_load(row[0]) for row in found if row)}

    def rank(self, query: str, limit: int) -> list[tuple[str, float]]:
        """Return the ids of the chunks whose words answer a query best, with their scores, best first."""
        revision = self.fact("revision")
        if self._places[0] != revision:
            self._places = revision, read_places(self.db)
        return rank_words(self.db, self._places[1], query, limit)

    def read_all(self) -> list[Chunk]:
        """Return all chunks, ordered by id."""
        return [_load(value) for (value,) in self.db.execute("select value from chunk order by id")]

    def fact(self, name: str) -> str:
        """Return a fact about the index, or an empty string."""
        row = self.db.execute("select value from fact where name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact about the index."""
        with self.db:
            self._set(name, value)

    def vectors(self, embedding: str) -> dict[str, bytes]:
        """Return the cached vectors of an embedding by the hash of the text that they were made of."""
        rows = self.db.execute("select passage, value from vector where embedding = ?", (embedding,))
        return dict(rows.fetchall())

    def keep_vectors(self, embedding: str, vectors: Iterable[tuple[str, bytes]]) -> None:
        """Cache vectors."""
        with self.db:
            self.db.executemany(
                "insert or replace into vector(passage, embedding, value) values (?, ?, ?)",
                ((passage, embedding, value) for passage, value in vectors),
            )

    def model(self, name: str) -> bytes | None:
        """Return what the embedding of this id learnt."""
        row = self.db.execute("select value from model where id = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def keep_model(self, name: str, learnt: bytes) -> None:
        """Keep what an embedding learnt, in place of what any learnt before."""
        with self.db:
            self.db.execute("delete from model")
            self.db.execute("insert into model(id, value) values (?, ?)", (name, learnt))

    def _add(self, chunk: Chunk) -> None:
        row = self.db.execute(
            "insert into chunk(id, path, signature, passage, value) values (?, ?, ?, ?, ?)",
            (chunk.id, chunk.path, sign(chunk), hash_passage(chunk), _dump(chunk)),
        ).lastrowid
        assert row is not None
        add_passage(self.db, row, chunk)

    def _remove(self, key: str) -> Iterator[str]:
        for row, path in self.db.execute("select row, path from chunk where id = ?", (key,)).fetchall():
            remove_passage(self.db, row)
            self.db.execute("delete from chunk where row = ?", (row,))
            yield path

    def _renew_page(self, path: str) -> None:
        rows = self.db.execute("select value from chunk where path = ? order by id", (path,)).fetchall()
        self.db.execute("insert or ignore into document(path) values (?)", (path,))
        (row,) = self.db.execute("select row from document where path = ?", (path,)).fetchone()
        replace_page(self.db, row, [_load(value) for (value,) in rows])
        if not rows:
            self.db.execute("delete from document where row = ?", (row,))

    def _set(self, name: str, value: str) -> None:
        self.db.execute("insert or replace into fact(name, value) values (?, ?)", (name, value))

    def _digest(self) -> str:
        """Return a hash of all that vectors are made of."""
        digest = hashlib.sha256()
        for key, passage in self.db.execute("select id, passage from chunk order by id"):
            digest.update(f"{key}\0{passage}\n".encode())
        return digest.hexdigest()


def sign(chunk: Chunk) -> str:
    """Return a hash of everything about a chunk."""
    return hashlib.sha256(_dump(chunk).encode()).hexdigest()


def hash_passage(chunk: Chunk) -> str:
    """Return a hash of the text that a chunk is found by."""
    return hashlib.sha256(read_passage(chunk).encode()).hexdigest()


def _dump(chunk: Chunk) -> str:
    return json.dumps([getattr(chunk, name) for name in Chunk.__slots__])


def _load(value: str) -> Chunk:
    parts = dict(zip(Chunk.__slots__, json.loads(value), strict=True))
    return Chunk(**{**parts, "headings": tuple(parts["headings"])})
