"""The hybrid index over the sections of a library."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

from procauthor.errors import LockedError, ProcauthorError, RetrievalError
from procauthor.library.state import make_folder
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.dense import VectorStore
from procauthor.retrieval.embedding import Embedding, Learner, embedding_for
from procauthor.retrieval.lock import hold
from procauthor.retrieval.meaning import VectorIndex
from procauthor.retrieval.store import FILE_NAME, ChunkStore, ForeignStoreError, OutdatedStoreError, sign

Engine = Literal["merged", "lexical", "dense"]
Ranking = list[tuple[str, float]]
_Result = TypeVar("_Result")

_DEPTH = 200
_SPAN = 100
"""How many places of a ranking count in the merge; the score at its end counts nothing."""
_DAMAGED = "the search index was damaged and has been rebuilt"
_FOREIGN = "the search index was not written here, so it does not count and has been rebuilt"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each ranking counts in the merge."""

    lexical: float = 1.0
    dense: float = 1.0


LEARNT = Weights(dense=0.7)
"""The built-in embedding knows words, not sentences, so it counts less than a model."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync changed. A chunk that changed counts as removed and as added."""

    added: int
    removed: int
    unchanged: int
    rebuilt: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
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

    SQLite holds what is indexed; the vectors in Chroma are derived from it, when they are first searched. The result
    of a search depends on the chunks alone, not on the edits that led to them. Open it with ``SectionIndex.open``.
    """

    def __init__(self, folder: Path, embedding: Embedding, server: str, weights: Weights, patience: float) -> None:
        self._folder = folder
        self._weights = weights
        self._patience = patience
        self._threads = threading.RLock()
        self._locked = False
        self._temporary = ""
        self._mended: list[str] = []
        self._meaning = VectorIndex(embedding, VectorStore(folder, server), self._writing, self._mended)
        self._store = self._open_store()

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
        weights = weights or (LEARNT if isinstance(embedding, Learner) else Weights())
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
        """What went wrong and was mended since the last sync, in one sentence, or nothing."""
        return next(iter(self._mended), self._temporary)

    def sync(self, chunks: Iterable[Chunk]) -> SyncReport:
        """Make the index hold exactly these chunks.

        Raises:
            LockedError: Another process is writing.
            RetrievalError: The index cannot be used.
        """
        wanted = {chunk.id: chunk for chunk in chunks}
        with self._writing():
            report = self._mending(lambda: self._change(wanted))
            self._mending(lambda: self._meaning.check(self._store))
            report = replace(report, rebuilt=bool(self._mended), notice=self.notice)
            self._mended.clear()
            return report

    def search(self, query: str, limit: int = 10, *, engine: Engine = "merged") -> list[Hit]:
        """Return the best sections for a query in words, best first, each with its best passage.

        Raises:
            LockedError: Vectors have to be made, and another process is writing.
            ModelError: The provider of the embedding failed.
            RetrievalError: The index cannot be used, or the Chroma server does not answer.
        """
        with self._threads:
            return self._mending(lambda: self._search(query, limit, engine))

    def close(self) -> None:
        """Let go of all files."""
        with self._threads:
            self._store.close()
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

    def _change(self, wanted: dict[str, Chunk]) -> SyncReport:
        known = self._store.signatures()
        added = [wanted[key] for key in sorted(wanted) if known.get(key) != sign(wanted[key])]
        changed = {chunk.id for chunk in added}
        removed = [key for key in sorted(known) if key not in wanted or key in changed]
        if added or removed:
            self._store.change(removed, added)
        return SyncReport(len(added), len(removed), len(wanted) - len(added))

    def _open_store(self) -> ChunkStore:
        file = self._folder / FILE_NAME
        if not file.exists():
            with self._writing():
                return ChunkStore(file)
        try:
            return ChunkStore(file)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            with self._writing():
                return self._renew_store()

    def _renew_store(self) -> ChunkStore:
        """Put a damaged file aside, drop an outdated one, and begin anew, unless another process has just done so."""
        file = self._folder / FILE_NAME
        outdated, said = False, _DAMAGED
        try:
            store = ChunkStore(file)
            if store.is_whole():
                return store
            store.close()
        except sqlite3.DatabaseError as error:
            outdated = isinstance(error, OutdatedStoreError)
            said = _FOREIGN if isinstance(error, ForeignStoreError) else _DAMAGED
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        if outdated:
            file.unlink()
        else:
            file.replace(file.with_suffix(".damaged"))
            self._mended.append(said)
        return ChunkStore(file)

    def _rebuild(self) -> None:
        """Begin anew with the chunks that can still be read."""
        chunks: list[Chunk] = []
        with suppress(sqlite3.DatabaseError, ValueError):
            chunks = self._store.read_all()
        self._store.close()
        self._store = self._renew_store()
        self._change({chunk.id: chunk for chunk in chunks})

    def _mending(self, work: Callable[[], _Result]) -> _Result:
        """Do the work; if the file turns out to be damaged, rebuild it and try once more."""
        try:
            return work()
        except sqlite3.OperationalError as error:
            raise _explain(error) from error
        except sqlite3.DatabaseError:
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
            with hold(self._folder / "lock", self._patience):
                self._locked = True
                try:
                    yield
                finally:
                    self._locked = False

    # Search

    def _search(self, query: str, limit: int, engine: Engine) -> list[Hit]:
        rankings: dict[str, Ranking] = {}
        if engine != "dense":
            rankings["lexical"] = self._store.rank(query, _DEPTH)
        if engine != "lexical":
            rankings["dense"] = self._meaning.rank(self._store, query, _DEPTH)
        scores = self._merge(rankings) if engine == "merged" else dict(rankings[engine])
        return self._choose(scores, rankings, limit)

    def _merge(self, rankings: dict[str, Ranking]) -> dict[str, float]:
        """Add up what each ranking says of a chunk, from 1 for its best down to 0, as the weights share it out."""
        weights = {name: getattr(self._weights, name) for name in rankings}
        scores: dict[str, float] = {}
        for name, ranking in rankings.items():
            share = weights[name] / sum(weights.values())
            for key, score in _scale(ranking):
                scores[key] = scores.get(key, 0.0) + share * score
        return scores

    def _choose(self, scores: dict[str, float], rankings: dict[str, Ranking], limit: int) -> list[Hit]:
        """Return hits for the best chunks, one for each section."""
        finders = {name: {key for key, _ in ranking} for name, ranking in rankings.items()}
        best: dict[str, Hit] = {}
        for key in sorted(scores, key=lambda key: (-scores[key], key)):
            if len(best) >= limit:
                break
            for chunk in self._store.read([key]).values():
                engines = tuple(name for name, keys in finders.items() if key in keys)
                best.setdefault(chunk.place, Hit(chunk, scores[key], engines))
        return list(best.values())


def _scale(ranking: Ranking) -> Ranking:
    """Return the scores of the places that count, from 1 for the first to 0 for one that counts no more."""
    if not ranking:
        return []
    best = ranking[0][1]
    floor = ranking[_SPAN][1] if len(ranking) > _SPAN else min(0.0, ranking[-1][1])
    spread = best - floor
    return [(key, (score - floor) / spread if spread > 0 else 1.0) for key, score in ranking[:_SPAN]]


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _explain(error: Exception) -> ProcauthorError:
    if _is_busy(error):
        return LockedError("another process is writing the search index", "try again when it is done")
    return RetrievalError(f"the search index cannot be used: {error}", "remove its folder, it will be made anew")
