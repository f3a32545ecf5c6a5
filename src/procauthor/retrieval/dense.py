"""Search by meaning: unit vectors in a Chroma collection, embedded or on a server.

A set of vectors is never changed: it is written as a whole under a new name, and the old one is dropped. So a
process that is killed while it writes leaves nothing that is referred to, and readers never see half of it. Chroma
holds ids and vectors only; the texts stay in SQLite.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from procauthor.errors import ConfigError, RetrievalError

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors

_PREFIX = "vectors-"
_DATABASE = "chroma.sqlite3"
_HNSW = {
    "space": "cosine",
    "max_neighbors": 16,
    "ef_construction": 100,
    "ef_search": 500,
    # Below this many rows no graph is written to disk. A graph that a kill left half-written can crash its readers.
    "sync_threshold": 100_000,
}
_PAGE_SHARE = 0.2


class UnreadableVectorsError(RetrievalError):
    """The vectors cannot be read, and have to be written again."""


class VectorStore:
    """Sets of vectors, each under a name of its own, in a folder or on a server."""

    def __init__(self, folder: Path, server: str = "") -> None:
        self._folder = folder
        self.server = server
        self._open: dict[str, tuple[Any, Any]] = {}

    def write(self, ids: Sequence[str], vectors: Vectors) -> str:
        """Write a set of vectors and return its name."""
        name = f"{_PREFIX}{uuid4().hex}"
        client = self._client(name)
        collection = client.create_collection(
            name, embedding_function=_guard(), configuration={"hnsw": _HNSW}, metadata={"made_by": "procauthor"}
        )
        size = client.get_max_batch_size()
        for start in range(0, len(ids), size):
            collection.add(ids=list(ids[start : start + size]), embeddings=vectors[start : start + size])
        self._open[name] = client, collection
        return name

    def rank(self, name: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """Return the nearest ids with their cosine, best first.

        Raises:
            UnreadableVectorsError: The set is gone or damaged.
            RetrievalError: The server does not answer.
        """
        try:
            found = self._collection(name).query(query_embeddings=[vector], n_results=limit, include=["distances"])
        except RetrievalError:
            raise
        except Exception as error:  # Chroma raises errors of many kinds for damaged files
            raise UnreadableVectorsError(_unreadable(error)) from error
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return sorted(((key, round(1 - distance, 5)) for key, distance in pairs), key=lambda pair: (-pair[1], pair[0]))

    def is_readable(self, name: str) -> bool:
        """Tell whether a set in the folder looks whole, without loading Chroma; sets on a server are not asked."""
        if self.server:
            return True
        file = self._folder / name / _DATABASE
        try:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
                return bool(db.execute("select 1 from collections where name = ?", (name,)).fetchone())
        except sqlite3.Error:
            return False

    def drop(self, name: str) -> None:
        """Remove a set of vectors if it is there."""
        if not name:
            return
        client, _ = self._open.pop(name, (None, None))
        if self.server:
            with suppress(Exception):  # a set that is left over does no harm
                (client or self._client(name)).delete_collection(name)
        if client:
            client.close()
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def sweep(self, kept: str) -> None:
        """Remove all sets in the folder but one: what killed processes left."""
        for folder in self._folder.glob(f"{_PREFIX}*"):
            if folder.name != kept:
                self.drop(folder.name)

    def close(self) -> None:
        """Let go of all files and connections."""
        for client, _ in self._open.values():
            client.close()
        self._open.clear()

    def _collection(self, name: str) -> Any:
        if name not in self._open:
            if not self.is_readable(name):
                raise UnreadableVectorsError(_unreadable())
            client = self._client(name)
            self._open[name] = client, client.get_collection(name, embedding_function=_guard())
        return self._open[name][1]

    def _client(self, name: str) -> Any:
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        if not self.server:
            return chromadb.PersistentClient(str(self._folder / name), settings)
        host, port, ssl = _address(self.server)
        try:
            return chromadb.HttpClient(host, port, ssl, settings=settings)
        except Exception as error:  # Chroma turns a refused connection into a ValueError
            message = f"the Chroma server at {self.server!r} does not answer"
            raise RetrievalError(message, "start it, or leave the server setting empty") from error


def blend(vectors: Vectors, paths: Sequence[str]) -> Vectors:
    """Return the vectors, each drawn towards the mean of its document: a passage is about what its document is."""
    import numpy as np

    from procauthor.retrieval.vector import normalise

    numbers = {path: number for number, path in enumerate(dict.fromkeys(paths))}
    pages = np.array([numbers[path] for path in paths])
    sums = np.zeros((len(numbers), vectors.shape[1]), np.float32)
    np.add.at(sums, pages, vectors)
    return normalise(vectors + _PAGE_SHARE * normalise(sums)[pages])


def _address(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        ssl, host, port = parts.scheme == "https", parts.hostname, parts.port
    except ValueError:
        ssl, host, port, parts = False, None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        message = f"the Chroma server {url!r} is no URL"
        raise ConfigError(message, "write it as 'http://localhost:8000'")
    return host, port or (443 if ssl else 8000), ssl


def _unreadable(error: Exception | None = None) -> str:
    return "the stored vectors cannot be read" + (f": {error}" if error else "")


def _guard() -> Any:
    """Return an embedding function that refuses: without one, Chroma would download a model."""
    from chromadb import Documents, EmbeddingFunction, Embeddings

    class NoEmbedding(EmbeddingFunction[Documents]):
        def __init__(self) -> None:
            pass

        def __call__(self, input: Documents) -> Embeddings:  # noqa: A002, ARG002 - the name is Chroma's
            message = "Chroma must not embed texts itself"
            raise RuntimeError(message)

        @staticmethod
        def name() -> str:
            return "procauthor-none"

        def get_config(self) -> dict[str, Any]:
            return {}

        @staticmethod
        def build_from_config(_config: dict[str, Any]) -> EmbeddingFunction[Documents]:
            return NoEmbedding()

        def default_space(self) -> Any:
            return "cosine"

        def supported_spaces(self) -> Any:
            return ["cosine"]

    return NoEmbedding()
