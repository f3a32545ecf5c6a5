"""Search by words: BM25 in SQLite FTS5, over passages, over whole documents, and over groups of synonyms.

A passage is short, and often does not repeat the subject that its document is about. So its score is its own,
plus a share of its document's, plus a share for the synonyms of the query's words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from heapq import nsmallest

from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.word import list_concepts, list_terms, read_passage, read_path, spell_out

SCHEMA = """
create virtual table passage using fts5(title, path, headings, heading, body, tokenize = 'porter unicode61');
create virtual table page using fts5(title, path, headings, body, tokenize = 'porter unicode61');
create virtual table concept using fts5(body, tokenize = 'unicode61');
"""
Places = dict[int, tuple[str, int]]
_PASSAGE = "bm25(passage, 2, 1, 1, 2, 1)"
_PAGE_SHARE = 0.5
_MOST = 1_000
_CONCEPT_SHARE = 0.5


def add_passage(db: sqlite3.Connection, row: int, chunk: Chunk) -> None:
    """Index a chunk under its row number."""
    above = " ".join(chunk.headings[:-1])
    parts = (chunk.title, read_path(chunk.path), above, chunk.heading, f"{chunk.text}\n{chunk.context}")
    db.execute(
        "insert into passage(rowid, title, path, headings, heading, body) values (?, ?, ?, ?, ?, ?)",
        (row, *map(spell_out, parts)),
    )
    db.execute("insert into concept(rowid, body) values (?, ?)", (row, " ".join(list_concepts(read_passage(chunk)))))


def remove_passage(db: sqlite3.Connection, row: int) -> None:
    """Take a chunk out."""
    db.execute("delete from passage where rowid = ?", (row,))
    db.execute("delete from concept where rowid = ?", (row,))


def replace_page(db: sqlite3.Connection, row: int, chunks: Sequence[Chunk]) -> None:
    """Index a whole document anew from its chunks; without any, take it out."""
    db.execute("delete from page where rowid = ?", (row,))
    if not chunks:
        return
    headings = " ".join(chunk.heading for chunk in chunks)
    body = "\n".join(f"{chunk.text}\n{chunk.context}" for chunk in chunks)
    parts = (chunks[0].title, read_path(chunks[0].path), headings, body)
    db.execute(
        "insert into page(rowid, title, path, headings, body) values (?, ?, ?, ?, ?)", (row, *map(spell_out, parts))
    )


def read_places(db: sqlite3.Connection) -> Places:
    """Return for each row its chunk's id and the row of its document."""
    rows = db.execute("select chunk.row, chunk.id, document.row from chunk join document using (path)")
    return {row: (name, page) for row, name, page in rows}


def rank_words(db: sqlite3.Connection, places: Places, query: str, limit: int) -> list[tuple[str, float]]:
    """Return the ids of the best chunks with their scores, best first."""
    words = _match(list_terms(query))
    own = _score(db, "passage", _PASSAGE, words)
    related = _score(db, "concept", "bm25(concept)", _match(dict.fromkeys(list_concepts(query))))
    pages = _score(db, "page", "bm25(page)", words)
    scores: list[tuple[float, str]] = []
    for row in own.keys() | related.keys():
        name, page = places.get(row, ("", 0))
        shares = _PAGE_SHARE * pages.get(page, 0.0) + _CONCEPT_SHARE * related.get(row, 0.0)
        scores.append((-round(own.get(row, 0.0) + shares, 9), name))
    return [(name, -score) for score, name in nsmallest(limit, scores)]


def _match(words: Iterable[str]) -> str:
    """Return a query for any of the words, all quoted, so that none is read as an operator."""
    return " OR ".join(f'"{word}"' for word in words)


def _score(db: sqlite3.Connection, table: str, rank: str, match: str) -> dict[int, float]:
    if not match:
        return {}
    # Only names from this file enter the statement; the query itself is a parameter.
    asked = f"select rowid, -{rank} as score from {table} where {table} match ? order by score desc limit {_MOST}"  # noqa: S608
    return dict(db.execute(asked, (match,)).fetchall())
