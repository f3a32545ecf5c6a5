"""Vectors on a Chroma server, for a library whose searches many machines share.

Chroma holds ids and vectors only; the texts stay in SQLite. An index has a collection of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from procauthor.errors import ConfigError, RetrievalError
from procauthor.resources import install_hint

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors

_PREFIX = "vectors-"
_HNSW = {"space": "cosine", "max_neighbors": 16, "ef_construction": 100, "ef_search": 500}


class VectorServer:
    """The collection of one index on a server.

    Args:
        address: Where the server is.

    Raises:
        RetrievalError: From every method: the server does not answer.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client: Any = None
        self._collection: Any = None

    def open(self, name: str) -> str:
        """Open the collection of this name, or make an empty one; return the name of what was opened."""
        return str(self._do(lambda: self._open(name)))

    def _open(self, name: str) -> str:
        client = self._connect()
        if name in {each.name for each in client.list_collections()}:
            self._collection = client.get_collection(name, embedding_function=_guard())
            return name
        name = f"{_PREFIX}{uuid4().hex}"
        self._collection = client.create_collection(
            name, embedding_function=_guard(), configuration={"hnsw": _HNSW}, metadata={"made_by": "procauthor"}
        )
        return name

    def remove(self, path: str) -> None:
        """Take the passages of a document out."""
        self._do(lambda: self._collection.delete(where={"path": path}))

    def add(self, documents: Iterable[tuple[str, Vectors]]) -> None:
        """Put the passages of documents in; a passage without a known word has no direction, and is left out."""
        rows: list[tuple[str, int, Vectors]] = []
        for path, vectors in documents:
            rows += [(path, number, vector) for number, vector in enumerate(vectors) if vector.any()]
        self._do(lambda: self._add(rows))

    def _add(self, rows: list[tuple[str, int, Vectors]]) -> None:
        size = self._connect().get_max_batch_size()
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            self._collection.upsert(
                ids=[f"{number}:{path}" for path, number, _ in part],
                embeddings=[vector for _, _, vector in part],
                metadatas=[{"path": path} for path, _, _ in part],
            )

    def rank(self, vector: Vectors, limit: int) -> list[tuple[str, int, float]]:
        """Return path, number and cosine of the nearest passages, best first."""
        asked = {"query_embeddings": [vector], "n_results": limit, "include": ["distances"]}
        answer = self._do(lambda: self._collection.query(**asked))
        pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
        parts = ((*key.partition(":")[::2], distance) for key, distance in pairs)
        ranked = [(path, int(number), round(1 - distance, 5)) for number, path, distance in parts]
        return sorted(ranked, key=lambda each: (-each[2], each[0], each[1]))

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
        self._client = self._collection = None

    def _connect(self) -> Any:
        if self._client is None:
            try:
                import chromadb
                from chromadb.config import Settings
            except ModuleNotFoundError as error:
                message = "a Chroma server needs the package 'chromadb', which is not installed"
                raise ConfigError(message, install_hint()) from error
            host, port, ssl = _address(self.address)
            self._client = chromadb.HttpClient(host, port, ssl, settings=Settings(anonymized_telemetry=False))
        return self._client

    def _do(self, work: Any) -> Any:
        try:
            return work()
        except ConfigError:
            raise
        except Exception as error:  # Chroma raises errors of many kinds, a ValueError for a refused connection
            message = f"the Chroma server at {self.address!r} does not answer"
            raise RetrievalError(message, "start it, or leave the server setting empty") from error


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
