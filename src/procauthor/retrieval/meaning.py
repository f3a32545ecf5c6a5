"""Ranking by meaning: finds the documents nearest to a query, and in these the nearest passages."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from procauthor.errors import ConfigError, RetrievalError
from procauthor.retrieval.embedding import Embedding, WordEmbedding, blend, normalise, pack, unpack
from procauthor.retrieval.lexical import read_passage
from procauthor.retrieval.ranking import Place, Ranking, Weights, best_first, compare, merge
from procauthor.retrieval.store import ChunkStore, Vectored
from procauthor.system import install_hint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from procauthor.retrieval.embedding import Vectors


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


# In so many documents, and in those that hold the words of the query, the nearest passages are looked for.
_NEAREST_PAGES = 200
_KEPT = 2000
# The bytes of a number that is kept half as precise.
_HALF = 2
# How far a query moves towards the passages that answer it best so far, and how many of them count.
_FEEDBACK = 0.3
_BEST = 5


class _Matrix:
    """The vectors of documents, with the row of each in the index.

    Attributes:
        rows: The rows.
        vectors: The vectors, in the same order.
    """

    def __init__(self, rows: NDArray[np.int64], vectors: Vectors) -> None:
        import numpy as np

        self.rows, self.vectors = rows, vectors
        self._sum: NDArray[Any] = vectors.sum(axis=0, dtype=np.float64)

    @property
    def middle(self) -> NDArray[Any]:
        """The mean of all vectors."""
        return self._sum / max(1, len(self.rows))

    def change(self, gone: Collection[int], new: _Matrix) -> None:
        """Take some rows out and put new ones in, in the same places as far as possible: an edit copies nothing."""
        import numpy as np

        places = np.flatnonzero(np.isin(self.rows, list(gone)))
        both = min(len(places), len(new.rows))
        self._sum += new._sum - self.vectors[places].sum(axis=0, dtype=np.float64)
        self.rows[places[:both]], self.vectors[places[:both]] = new.rows[:both], new.vectors[:both]
        if both < max(len(places), len(new.rows)):
            kept = np.delete(np.arange(len(self.rows)), places[both:])
            self.rows = np.append(self.rows[kept], new.rows[both:])
            self.vectors = np.concatenate([self.vectors[kept], new.vectors[both:]])


class VectorIndex:
    """The vectors of an index, those of documents in memory and those of passages as far as they are needed.

    Args:
        embedding: What makes vectors.
        server: The address of a Chroma server that ranks them, or nothing.
        weights: How much each ranking counts, where both together say which passages are best.
        writing: Holds the lock of the index.
    """

    def __init__(
        self, embedding: Embedding, server: str, weights: Weights, writing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._embedding = embedding
        self._server = VectorServer(server) if server else None
        self._weights = weights
        self._writing = writing
        self._known: dict[int, str] | None = None
        self._pages: dict[int, tuple[str, bytes]] = {}
        self._matrix: _Matrix | None = None
        self._passages: OrderedDict[int, Vectors] = OrderedDict()

    def close(self) -> None:
        """Let go of connections."""
        if self._server:
            self._server.close()

    def forget(self) -> None:
        """Forget what was read."""
        self._known = None
        self._pages.clear()
        self._passages.clear()
        self._matrix = None

    def rank(self, store: ChunkStore, paths: dict[int, str], query: str, words: Ranking, limit: int) -> Ranking:
        """Return the passages nearest to a query with their cosine, best first.

        Args:
            store: What is indexed.
            paths: The paths of all documents, by their rows; the same object as long as nothing has changed.
            query: What is asked for.
            words: What the words of the query find.
            limit: The length of the ranking.
        """
        if not query.strip() or not paths:
            return []
        self._follow(store, paths)
        (vector,) = self._embedding.embed([query])
        if not vector.any():
            return []
        ranking = self._nearest(store, vector, words, limit)
        if ranking and isinstance(self._embedding, WordEmbedding):
            moved = self._move(store, vector, {"lexical": words, "dense": ranking})
            ranking = self._nearest(store, moved, words, limit)
        return ranking

    # Vectors

    def _follow(self, store: ChunkStore, paths: dict[int, str]) -> None:
        """Know the vectors of these documents, and make those that are missing."""
        if paths is self._known:
            return
        gone, new = compare(self._pages, paths)
        known = dict(store.pages(new, self._embedding.id))
        missing = [row for row in new if row not in known]
        if missing:
            with self._writing():
                made = dict(self._make(store, missing))
                store.keep_vectors(self._embedding.id, made)
            known |= {row: each.page for row, each in made.items()}
        # Only now: what could not be made is asked for again, and the matrix has to hear of these as well.
        for row in gone:
            del self._pages[row]
            self._passages.pop(row, None)
        self._pages |= {row: (paths[row], page) for row, page in known.items()}
        if self._matrix is not None:
            self._matrix.change(gone, self._unpacked(known))
        # Also where this is another try: a server that did not answer may lack what is known here.
        if self._server:
            with self._writing():
                self._send(self._server, store)
        self._known = paths

    def _make(self, store: ChunkStore, rows: Sequence[int]) -> Iterator[tuple[int, Vectored]]:
        """Yield the vectors of documents; only texts that this embedding has not seen are embedded."""
        import numpy as np

        texts = {row: {_hash(text): text for text in map(read_passage, store.chunks(row))} for row in rows}
        wanted = dict(chain.from_iterable(each.items() for each in texts.values()))
        remembers = not isinstance(self._embedding, WordEmbedding)
        known = store.known_vectors(self._embedding.id, list(wanted)) if remembers else {}
        new = {key: text for key, text in wanted.items() if key not in known}
        if new:
            vectors = self._embedding.embed(list(new.values()))
            made = {key: vector.astype(np.float32).tobytes() for key, vector in zip(new, vectors, strict=True)}
            if remembers:
                store.remember_vectors(self._embedding.id, made)
            known |= made
        for row in rows:
            keys = [_hash(read_passage(chunk)) for chunk in store.chunks(row)]
            joined = np.frombuffer(b"".join(known[key] for key in keys), np.float32)
            yield row, vectored(self._embedding, joined.reshape(len(keys), -1))

    def _vectors(self, store: ChunkStore, rows: Sequence[int]) -> dict[int, Vectors]:
        missing = [row for row in rows if row not in self._passages]
        read = dict(store.vectors(missing, self._embedding.id))
        together, behind = unpack(b"".join(read.values()), self._embedding.dimensions), 0
        for row, raw in read.items():
            first, behind = behind, behind + len(raw) // _HALF // self._embedding.dimensions
            self._passages[row] = together[first:behind].copy()
        vectors = {row: self._passages[row] for row in rows if row in self._passages}
        for row in vectors:
            self._passages.move_to_end(row)
        while len(self._passages) > _KEPT:
            self._passages.popitem(last=False)
        return vectors

    def _all_pages(self) -> _Matrix:
        if self._matrix is None:
            self._matrix = self._unpacked({row: page for row, (_, page) in self._pages.items()})
        return self._matrix

    def _unpacked(self, pages: Mapping[int, bytes]) -> _Matrix:
        """Return the vectors of documents that have one."""
        import numpy as np

        rows = sorted(row for row, page in pages.items() if page)
        return _Matrix(
            np.array(rows, np.int64), unpack(b"".join(pages[row] for row in rows), self._embedding.dimensions)
        )

    # Ranking

    def _nearest(self, store: ChunkStore, vector: Vectors, words: Ranking, limit: int) -> Ranking:
        import numpy as np

        if self._server:
            rows = {path: row for row, (path, _) in self._pages.items()}
            hits = self._server.rank(vector, limit)
            return [(Place(path, number, rows[path]), score) for path, number, score in hits if path in rows]
        pages = self._all_pages()
        near = _first(_cosines(pages.vectors, vector), _NEAREST_PAGES)
        chosen = sorted({*pages.rows[near].tolist(), *(place.row for place, _ in words)})
        vectors = self._vectors(store, chosen)
        if not vectors:
            return []
        scores = _cosines(np.concatenate(list(vectors.values())), vector)
        sizes = list(map(len, vectors.values()))
        ends = np.cumsum(sizes)
        starts = ends - sizes
        # A passage without a known word has no direction.
        best = _first(scores, limit)
        best = best[scores[best] != 0]
        owners = np.searchsorted(ends, best, side="right")
        rows, numbers = np.array(list(vectors))[owners].tolist(), (best - starts[owners]).tolist()
        places = (Place(self._pages[row][0], number, row) for row, number in zip(rows, numbers, strict=True))
        return best_first(dict(zip(places, scores[best].tolist(), strict=True)))[:limit]

    def _move(self, store: ChunkStore, vector: Vectors, rankings: dict[str, Ranking]) -> Vectors:
        """Return the vector of a query drawn towards the passages that answer it best, by words and by meaning.

        So a word of the library's own comes near to what is beside it, and a known one to what it means here.
        """
        import numpy as np

        middle = self._all_pages().middle
        moved = np.zeros_like(middle)
        for place, score in best_first(merge(rankings, self._weights))[:_BEST]:
            for passages in self._vectors(store, [place.row]).values():
                moved += score * (passages[place.number] - middle)
        (step,) = normalise(moved[None])
        toward: Vectors = normalise((vector + _FEEDBACK * step)[None])[0]
        return toward

    # A server

    def _send(self, server: VectorServer, store: ChunkStore) -> None:
        """Bring a server up to date; what it lost is sent again."""
        name, known = server.open(store.fact(server.address)), store.sent()
        if name != store.fact(server.address):
            store.note_sent(dict.fromkeys(known, ""))
            store.set_fact(server.address, name)
            known = {}
        stamps = {path: f"{self._embedding.id}\n{stamp}" for path, (_, stamp) in store.documents().items()}
        for path in sorted(known):
            if known[path] != stamps.get(path):
                server.remove(path)
                store.note_sent({path: ""})
        rows = {path: row for row, (path, _) in self._pages.items()}
        new = [path for path, stamp in stamps.items() if known.get(path) != stamp and path in rows]
        raws = dict(store.vectors([rows[path] for path in new], self._embedding.id))
        server.add((path, unpack(raws[rows[path]], self._embedding.dimensions)) for path in new if rows[path] in raws)
        store.note_sent({path: stamps[path] for path in new})


def vectored(embedding: Embedding, vectors: Vectors) -> Vectored:
    """Return the vectors of a document as they are kept, of those of its passages."""
    if not len(vectors):
        return Vectored(b"", b"")
    page, passages = blend(vectors)
    return Vectored(pack(page), pack(passages if isinstance(embedding, WordEmbedding) else vectors))


def _cosines(vectors: Vectors, vector: Vectors) -> NDArray[np.float64]:
    """Return the cosine of each row with a vector. It does not depend on the place of the row, as with BLAS."""
    import numpy as np

    cosines: NDArray[np.float64] = np.einsum("ij,j->i", vectors, vector).astype(np.float64)
    return np.round(cosines, 5)


def _first(scores: NDArray[np.floating], most: int) -> NDArray[np.int64]:
    """Return where the highest scores are; all that are as high as the last one count."""
    import numpy as np

    if len(scores) <= most:
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - most)[len(scores) - most]
    return np.flatnonzero(scores >= least)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
