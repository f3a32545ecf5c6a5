"""Ranking by meaning: keeps the vectors in step with what is indexed, and asks them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.dense import UnreadableVectorsError, VectorStore, blend
from procauthor.retrieval.embedding import Embedding, Learner
from procauthor.retrieval.store import ChunkStore, hash_passage
from procauthor.retrieval.word import read_passage

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors

_UNREADABLE = "the stored vectors could not be read and are made anew"


class VectorIndex:
    """The vectors of an index. They are made when they are first asked for, and again when the chunks changed.

    Args:
        embedding: What makes vectors.
        vectors: Where they are kept.
        writing: Holds the lock of the index.
        mended: Takes a sentence about anything that was damaged.
    """

    def __init__(
        self,
        embedding: Embedding,
        vectors: VectorStore,
        writing: Callable[[], AbstractContextManager[None]],
        mended: list[str],
    ) -> None:
        self._embedding = embedding
        self._fitted: Embedding | None = None
        self._vectors = vectors
        self._writing = writing
        self._mended = mended

    def rank(self, store: ChunkStore, query: str, limit: int) -> list[tuple[str, float]]:
        """Return the ids of the nearest chunks with their cosine, best first."""
        if not query.strip():
            return []
        try:
            return self._rank(store, query, limit)
        except UnreadableVectorsError:
            self._forget(store)
            return self._rank(store, query, limit)

    def check(self, store: ChunkStore) -> None:
        """Forget vectors that are gone or damaged, so that they are made again when they are next needed."""
        name = _read_state(store).get("name", "")
        if name and not self._vectors.is_readable(name):
            self._forget(store)

    def close(self) -> None:
        """Let go of all files and connections."""
        self._vectors.close()

    def _rank(self, store: ChunkStore, query: str, limit: int) -> list[tuple[str, float]]:
        state = self._renew(store)
        if not state["name"]:
            return []
        (vector,) = self._recall(store, state["fitted"]).embed([query])
        return self._vectors.rank(state["name"], vector, min(limit, int(state["size"]))) if vector.any() else []

    def _renew(self, store: ChunkStore) -> dict[str, str]:
        """Return what the vectors were made of, after making them if that is no longer what is indexed."""
        state = _read_state(store)
        if state.get("for") == self._purpose(store):
            return state
        with self._writing():
            state = _read_state(store)
            # Another process may have made them while this one waited for the lock.
            current = state.get("for") == self._purpose(store)
            return state if current else self._make(store, state.get("name", ""))

    def _purpose(self, store: ChunkStore) -> str:
        return "\n".join((self._embedding.id, self._vectors.server, store.fact("content")))

    def _make(self, store: ChunkStore, old: str) -> dict[str, str]:
        state = {"name": "", "fitted": "", "size": "0", "for": self._purpose(store)}
        chunks = store.read_all()
        if chunks:
            embedding, vectors = self._embed(store, chunks)
            known = [row for row, vector in enumerate(vectors) if vector.any()]
            name = self._vectors.write([chunks[row].id for row in known], vectors[known]) if known else ""
            state |= {"name": name, "fitted": embedding.id, "size": str(len(known))}
        store.set_fact("vectors", json.dumps(state))
        self._vectors.drop(old)
        self._vectors.sweep(state["name"])
        return state

    def _embed(self, store: ChunkStore, chunks: Sequence[Chunk]) -> tuple[Embedding, Vectors]:
        if not isinstance(self._embedding, Learner):
            return self._embedding, self._embed_new(store, chunks)
        texts = [read_passage(chunk) for chunk in chunks]
        self._fitted = fitted = self._embedding.fit(texts)
        store.keep_model(fitted.id, fitted.dump())
        return fitted, blend(fitted.embed(texts), [chunk.path for chunk in chunks])

    def _embed_new(self, store: ChunkStore, chunks: Sequence[Chunk]) -> Vectors:
        """Return the vectors of the chunks; only texts that this embedding has not seen are embedded."""
        import numpy as np

        passages = [hash_passage(chunk) for chunk in chunks]
        cached = store.vectors(self._embedding.id)
        new = {key: read_passage(chunk) for key, chunk in zip(passages, chunks, strict=True) if key not in cached}
        if new:
            made = self._embedding.embed(list(new.values())).astype(np.float32)
            found = {key: vector.tobytes() for key, vector in zip(new, made, strict=True)}
            store.keep_vectors(self._embedding.id, found.items())
            cached |= found
        return np.stack([np.frombuffer(cached[key], np.float32) for key in passages])

    def _recall(self, store: ChunkStore, name: str) -> Embedding:
        """Return the embedding that made the vectors."""
        if not isinstance(self._embedding, Learner):
            return self._embedding
        if self._fitted is None or self._fitted.id != name:
            learnt = store.model(name)
            if learnt is None:
                raise UnreadableVectorsError(_UNREADABLE)
            self._fitted = self._embedding.load(name, learnt)
        return self._fitted

    def _forget(self, store: ChunkStore) -> None:
        with self._writing():
            name = _read_state(store).get("name", "")
            store.set_fact("vectors", "{}")
            self._vectors.drop(name)
            self._mended.append(_UNREADABLE)


def _read_state(store: ChunkStore) -> dict[str, str]:
    state: dict[str, str] = json.loads(store.fact("vectors") or "{}")
    return state
