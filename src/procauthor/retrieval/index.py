"""The hybrid index over the sections of a library."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped
from procauthor.errors import LockedError, ProcauthorError, RetrievalError
from procauthor.library.state import database, make_folder
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.embedding import Embedding, WordEmbedding, embedding_for
from procauthor.retrieval.lexical import Counting, Counts
from procauthor.retrieval.meaning import VectorIndex, vectored
from procauthor.retrieval.ranking import Ranking, Weights, WordIndex, best_first, merge
from procauthor.retrieval.store import (
    FILE_NAME,
    ChunkStore,
    IndexedDocument,
    Listing,
    OutdatedStoreError,
    dump_chunks,
    dump_counts,
)
from procauthor.system import hold, share

Engine = Literal["merged", "lexical", "dense"]
Cut = Callable[[str], Sequence[Chunk]]
_Result = TypeVar("_Result")

_DEPTH = 200
_DAMAGED = "the search index was damaged and has been rebuilt"
_BUSY = "another process is writing the search index"
_DIGITS = 6
_TOGETHER = 32
LEARNT = Weights(dense=0.7)
"""The built-in embedding knows words, not sentences, so it counts less than a model."""


class SyncReport(Struct, frozen=True):
    """What a sync changed, in documents. One that changed counts as removed and as added."""

    added: int
    removed: int
    unchanged: int
    rebuilt: bool = False
    notice: str = ""


class Hit(Struct, frozen=True):
    """A chunk that was found, and by what."""

    chunk: Chunk
    score: float
    engines: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the hit as the documented JSON object."""
        chunk = self.chunk
        place = {"path": chunk.path, "heading": chunk.heading, "line": chunk.line}
        return {**place, "score": round(self.score, _DIGITS), "text": chunk.text}


class SectionIndex:
    """Finds sections by their words and by their meaning.

    SQLite holds what is indexed, for each document by itself: an edit costs what it changed. The result of a search
    depends on the chunks alone, not on the edits that led to them. Open it with ``SectionIndex.open``, and keep it
    open where more than one question is asked.
    """

    def __init__(self, folder: Path, embedding: Embedding, server: str, weights: Weights, patience: float) -> None:
        self._folder = folder
        self._embedding = embedding
        self._weights = weights
        self._patience = patience
        self._threads = threading.RLock()
        self._locked = False
        self._temporary = ""
        self._repaired: list[str] = []
        self._wanted: tuple[dict[str, str], Cut] | None = None
        self._known: Mapping[str, tuple[int, str]] | None = None
        self._meaning = VectorIndex(embedding, server, weights, self._writing)
        self._words = WordIndex(self._counts)
        self._made = self._mark = ""
        self._paths: dict[int, str] = {}
        self._listing = Listing()
        self._opened: ChunkStore | None = self._open_store()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        embedding: Embedding | None = None,
        server: str = "",
        weights: Weights | None = None,
        patience: float = 5.0,
    ) -> Self:
        """Open the index in a folder, or make a new one; in a temporary folder if that one cannot be written.

        Args:
            folder: Where the index is.
            embedding: What makes vectors, the built-in one by default.
            server: The URL of a Chroma server; without one the vectors are in the folder.
            weights: How much each ranking counts in the merge.
            patience: How many seconds to wait for another process that writes.

        Raises:
            LockedError: Another process is writing.
        """
        embedding = embedding or embedding_for("builtin")
        weights = weights or (LEARNT if isinstance(embedding, WordEmbedding) else Weights())
        try:
            make_folder(folder)
            return cls(folder, embedding, server, weights, patience)
        except (OSError, sqlite3.OperationalError) as error:
            if _is_busy(error):
                raise _explain(error) from error
            index = cls(Path(tempfile.mkdtemp(prefix="procauthor-")), embedding, server, weights, patience)
            index._temporary = f"the search index is temporary, because {str(folder)!r} cannot be written: {error}"
            return index

    @property
    def notice(self) -> str:
        """What went wrong and was repaired since the last sync, in one sentence, or nothing."""
        return next(iter(self._repaired), self._temporary)

    def sync(self, chunks: Iterable[Chunk]) -> SyncReport:
        """Make the index hold exactly these chunks.

        Raises:
            LockedError: Another process is writing.
            RetrievalError: The index cannot be used.
        """
        documents = grouped((chunk.path, chunk) for chunk in chunks)
        stamps = {path: hashlib.sha256(dump_chunks(each)).hexdigest() for path, each in documents.items()}
        return self.follow(stamps, documents.__getitem__)

    def follow(self, stamps: Mapping[str, str], cut: Cut) -> SyncReport:
        """Make the index hold exactly these documents; only those that changed are cut into chunks.

        Args:
            stamps: For each path what its chunks depend on, as a text that is another one if they may be others.
            cut: Gives the chunks of the document at a path. It may be called in another process.

        Raises:
            LockedError: Another process is writing.
            RetrievalError: The index cannot be used.
        """
        with self._threads:
            self._wanted = dict(stamps), cut
            self._known = None
            return self._report(stamps)

    def follow_edits(self, stamps: Mapping[str, str], cut: Cut) -> SyncReport:
        """Do as `follow` does where only the stamps of these documents may be others, which takes less time.

        Args:
            stamps: The new stamps of these.
            cut: Gives the chunks of any document.

        Raises:
            LockedError: Another process is writing.
            RetrievalError: The index cannot be used.
        """
        with self._threads:
            assert self._wanted is not None
            self._wanted = {**self._wanted[0], **stamps}, cut
            return self._report(stamps)

    def _report(self, edits: Collection[str]) -> SyncReport:
        report = self._repairing(lambda: self._follow(edits))
        report = replace(report, rebuilt=bool(self._repaired), notice=self.notice)
        self._repaired.clear()
        return report

    def search(self, query: str, limit: int = 10, *, engine: Engine = "merged") -> list[Hit]:
        """Return the best sections for a query in words, best first, each with its best passage.

        Raises:
            LockedError: Vectors have to be made, and another process is writing.
            ModelError: The provider of the embedding failed.
            RetrievalError: The index cannot be used, or the Chroma server does not answer.
        """
        with self._threads:
            return self._repairing(lambda: self._search(query, limit, engine))

    def release(self) -> None:
        """Let go of all files until the next question, and keep in memory what was read from them."""
        with self._threads:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def close(self) -> None:
        """Let go of all files, and of what was read."""
        with self._threads:
            self.release()
            self._meaning.close()
            if self._temporary:
                shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Return the index."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the index."""
        self.close()

    # What is indexed

    def _follow(self, edits: Collection[str]) -> SyncReport:
        """Index these documents if their stamps are others; all, if it is not known what was indexed before."""
        assert self._wanted is not None
        stamps, cut = self._wanted
        known = self._store.documents()
        gone: list[str] = []
        if known is not self._known:
            edits, gone = stamps, sorted(known.keys() - stamps.keys())
        changed = sorted(path for path in edits if path not in known or known[path][1] != stamps[path])
        replaced = sum(path in known for path in changed)
        if changed or gone:
            with self._writing():
                make = _EntryMaker(stamps, cut, self._embedding)
                self._store.change(gone, share(changed, make, IndexedDocument), self._embedding.id)
        self._known = known
        return SyncReport(len(changed), len(gone) + replaced, len(stamps) - len(changed))

    def _counts(self, rows: Sequence[int]) -> Iterator[tuple[int, str, Counts]]:
        return self._store.counts(rows)

    @property
    def _store(self) -> ChunkStore:
        if self._opened is None:
            self._opened = self._open_store()
        return self._opened

    def _open_store(self) -> ChunkStore:
        file = database(self._folder / FILE_NAME)
        if not file.exists():
            with self._writing():
                return ChunkStore(file, self._listing)
        try:
            return ChunkStore(file, self._listing)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            with self._writing():
                return self._renew_store()

    def _renew_store(self) -> ChunkStore:
        """Put a damaged file aside, drop an outdated one, and begin again, unless another process has just done so."""
        file = database(self._folder / FILE_NAME)
        outdated = False
        try:
            store = ChunkStore(file, self._listing)
            if store.is_whole() and not self._repaired:
                return store
            store.close()
        except sqlite3.DatabaseError as error:
            outdated = isinstance(error, OutdatedStoreError)
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        for folder in self._folder.glob("vectors-*") if outdated else ():
            # Earlier versions kept vectors there.
            shutil.rmtree(folder, ignore_errors=True)
        if outdated:
            file.unlink()
        else:
            file.replace(file.with_suffix(".damaged"))
            self._repaired.append(_DAMAGED)
        return ChunkStore(file, self._listing)

    def _rebuild(self) -> None:
        """Begin again with what the index was last told to hold."""
        self._store.close()
        self._repaired.append(_DAMAGED)
        self._opened = self._renew_store()
        if self._wanted:
            self._follow(())

    def _repairing(self, work: Callable[[], _Result]) -> _Result:
        """Do the work; if the file turns out to be damaged, rebuild it and try once more."""
        try:
            return work()
        except sqlite3.OperationalError as error:
            raise _explain(error) from error
        except (sqlite3.DatabaseError, msgspec.MsgspecError):
            with self._writing():
                self._rebuild()
                return work()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock of the folder; who holds it already goes on."""
        with self._threads:
            if self._locked:
                yield
                return
            with hold(self._folder / "lock", self._patience, _BUSY):
                self._locked = True
                try:
                    yield
                finally:
                    self._locked = False

    # Search

    def _search(self, query: str, limit: int, engine: Engine) -> list[Hit]:
        self._notice_changes()
        rankings: dict[str, Ranking] = {"lexical": self._words.rank(query, _DEPTH)}
        if engine != "lexical":
            words = rankings["lexical"]
            rankings["dense"] = self._meaning.rank(self._store, self._paths, query, words, _DEPTH)
        if engine != "merged":
            rankings = {engine: rankings[engine]}
        scores = merge(rankings, self._weights) if engine == "merged" else dict(rankings[engine])
        return self._choose(best_first(scores), rankings, limit)

    def _notice_changes(self) -> None:
        """Read what this process or another one has written since the last search."""
        store = self._store
        if store.made != self._made:
            self._words = WordIndex(self._counts)
            self._meaning.forget()
        # Before the paths are read: what another process writes meanwhile is noticed the next time.
        mark = store.mark()
        if (store.made, mark) != (self._made, self._mark):
            self._paths = store.paths()
            self._words.follow(self._paths)
            self._made, self._mark = store.made, mark

    def _choose(self, ranked: Ranking, rankings: dict[str, Ranking], limit: int) -> list[Hit]:
        """Return hits for the best chunks, one for each section."""
        finders = {name: {place for place, _ in ranking} for name, ranking in rankings.items()}
        chunks: dict[int, list[Chunk]] = {}
        best: dict[str, Hit] = {}
        for place, score in ranked:
            if len(best) >= limit:
                break
            if place.row not in chunks:
                chunks[place.row] = self._store.chunks(place.row)
            for chunk in chunks[place.row][place.number : place.number + 1]:
                engines = tuple(name for name, places in finders.items() if place in places)
                best.setdefault(chunk.place, Hit(chunk, score, engines))
        return list(best.values())


class _EntryMaker:
    """Makes what is indexed of documents. It is called in other processes too, and loads what it needs there."""

    def __init__(self, stamps: Mapping[str, str], cut: Cut, embedding: Embedding) -> None:
        self._stamps = stamps
        self._cut = cut
        self._embedding = embedding
        self._counting = Counting()

    def __call__(self, paths: Sequence[str]) -> Iterator[IndexedDocument]:
        for start in range(0, len(paths), _TOGETHER):
            yield from self._make(paths[start : start + _TOGETHER])

    def _make(self, paths: Sequence[str]) -> Iterator[IndexedDocument]:
        documents = list(map(self._cut, paths))
        counted = self._counting.count(documents)
        for path, chunks, (counts, frequency) in zip(paths, documents, counted, strict=True):
            vectors = None
            if isinstance(self._embedding, WordEmbedding):
                made = self._embedding.embed_stems(self._counting.lexicon, frequency, len(chunks))
                vectors = vectored(self._embedding, made)
            yield IndexedDocument(path, self._stamps[path], dump_chunks(chunks), dump_counts(counts), vectors)


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _explain(error: Exception) -> ProcauthorError:
    if _is_busy(error):
        return LockedError(_BUSY, "try again when it is done")
    return RetrievalError(f"the search index cannot be used: {error}", "remove its folder, it will be made again")
