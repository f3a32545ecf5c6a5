"""Texts to vectors: the built-in embedding, which learns from the library itself, or one of LangChain."""

from __future__ import annotations

import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from procauthor.errors import ConfigError, ModelError, RetrievalError
from procauthor.retrieval.word import list_features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Row = tuple[NDArray[np.intp], Vectors]

_DIMENSIONS = 512
_VOCABULARY = 8_000
_SAMPLE = 20_000
_ROWS = 1_024
_SPARE = 16
_ROUNDS = 2
_TINY = 50
_COMMON = 0.3
_BATCH = 128
_TIMEOUT: dict[str, dict[str, Any]] = {"openai": {"timeout": 60, "max_retries": 2}}


class Embedding(Protocol):
    """Makes unit vectors of texts. Two embeddings with one id give the same vectors."""

    @property
    def id(self) -> str:
        """Names the embedding and everything that its vectors depend on."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, of length 1, or 0 when nothing in the text is known."""


@runtime_checkable
class Learner(Protocol):
    """An embedding that is fitted to the texts of a library before it is used."""

    def fit(self, texts: Sequence[str]) -> Self:
        """Return the embedding that these texts give."""

    def dump(self) -> bytes:
        """Return what was learnt."""

    def load(self, name: str, learnt: bytes) -> Self:
        """Return the embedding of this id from what it had learnt."""


def embedding_for(name: str) -> Embedding:
    """Return the embedding that a setting names: ``builtin`` or ``langchain:<provider>:<model>``.

    Raises:
        ConfigError: There is no such embedding, or its package is not installed.
    """
    if name == "builtin":
        return LibraryEmbedding()
    kind, _, model = name.partition(":")
    provider, _, rest = model.partition(":")
    if kind == "langchain" and provider and rest:
        return LangChainEmbedding(model)
    message = f"no embedding is called {name!r}"
    raise ConfigError(message, "use 'builtin' or 'langchain:<provider>:<model>'")


class LibraryEmbedding:
    """Latent semantic analysis of the library: words that occur together point the same way.

    TF-IDF of stems and groups of synonyms, reduced by a truncated singular value decomposition that is found by
    subspace iteration from a fixed seed. The same texts in the same order give the same vectors.
    """

    def __init__(
        self, name: str = "builtin-1", words: Mapping[str, float] | None = None, projection: Vectors | None = None
    ) -> None:
        self.id = name
        self.dimensions = _DIMENSIONS if projection is None else projection.shape[1]
        self._words = dict(words or {})
        self._places = {word: place for place, word in enumerate(self._words)}
        self._projection = projection

    def fit(self, texts: Sequence[str]) -> Self:
        """Return the embedding that these texts give."""
        # Beyond the sample the directions hardly move; every text is still embedded.
        step = math.ceil(len(texts) / _SAMPLE) or 1
        counts = [Counter(list_features(text)) for text in texts[::step]]
        digest = hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()
        name, words = f"{self.id}-{digest[:16]}", _choose_words(counts)
        rows = type(self)(name, words).weigh(counts)
        return type(self)(name, words, _find_directions(rows, len(words)))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text."""
        import numpy as np

        if self._projection is None:
            message = "the built-in embedding has not been fitted to a library"
            raise RetrievalError(message, "index the library first")
        rows = self.weigh([Counter(list_features(text)) for text in texts])
        found = [block @ self._projection for block in _blocks(rows, len(self._words))]
        return normalise(np.vstack(found)) if found else np.zeros((0, self.dimensions), np.float32)

    def weigh(self, counts: Sequence[Counter[str]]) -> list[Row]:
        """Return for each text the places of its known words and their weights, at length 1."""
        import numpy as np

        rows: list[Row] = []
        for count in counts:
            known = [(word, n) for word, n in count.items() if word in self._places]
            values = np.array([(1 + math.log(n)) * self._words[word] for word, n in known], np.float32)
            rows.append((np.array([self._places[word] for word, _ in known], np.intp), values / (_length(values) or 1)))
        return rows

    def dump(self) -> bytes:
        """Return what was learnt."""
        import numpy as np

        assert self._projection is not None
        buffer = io.BytesIO()
        words = np.frombuffer("\n".join(self._words).encode(), np.uint8)
        weights = np.array(list(self._words.values()))
        np.savez(buffer, words=words, weights=weights, projection=self._projection.astype(np.float16))
        return buffer.getvalue()

    def load(self, name: str, learnt: bytes) -> Self:
        """Return the embedding of this id from what it had learnt."""
        import numpy as np

        with np.load(io.BytesIO(learnt), allow_pickle=False) as parts:
            words = parts["words"].tobytes().decode().split("\n")
            weights, projection = parts["weights"].tolist(), parts["projection"].astype(np.float32)
        return type(self)(name, dict(zip(words, weights, strict=False)), projection)


class LangChainEmbedding:
    """An embedding of a provider, by way of LangChain. Texts leave the machine unless the provider is local."""

    def __init__(self, model: str) -> None:
        self.id = f"langchain:{model}"
        self._model = _init_model(model)
        self._dimensions = 0

    @property
    def dimensions(self) -> int:
        """The length of a vector; asks the provider the first time."""
        return self._dimensions or self.embed(["dimension"]).shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text.

        Raises:
            ModelError: The provider failed.
        """
        import numpy as np

        rows: list[list[float]] = []
        try:
            for start in range(0, len(texts), _BATCH):
                rows += self._model.embed_documents(list(texts[start : start + _BATCH]))
        except Exception as error:  # every provider raises errors of its own
            message = f"the embedding {self.id!r} failed: {error}"
            raise ModelError(message, "check the provider, or set the embedding to 'builtin'") from error
        vectors = np.asarray(rows, np.float32).reshape(len(rows), -1)
        self._dimensions = vectors.shape[1]
        return normalise(vectors)


def _choose_words(counts: Sequence[Counter[str]]) -> dict[str, float]:
    """Return the vocabulary with the weight of each word: those of at least two passages, but not of nearly all."""
    spread = Counter(word for count in counts for word in count)
    fewest = 2 if len(counts) > _TINY else 1
    most = max(_COMMON * len(counts), 5)
    words = sorted((w for w, n in spread.items() if fewest <= n <= most), key=lambda w: (-spread[w], w))
    return {word: math.log((len(counts) + 1) / (spread[word] + 0.5)) for word in words[:_VOCABULARY]}


def _find_directions(rows: list[Row], size: int) -> Vectors:
    """Find the strongest directions of the passages, each weighted by the root of its strength."""
    import numpy as np

    width = min(_DIMENSIONS + _SPARE, size)
    directions = np.random.default_rng(0).standard_normal((size, width)).astype(np.float32)
    for _ in range(_ROUNDS):
        directions = np.linalg.qr(_multiply(rows, directions))[0]
    values, turn = np.linalg.eigh(directions.T @ _multiply(rows, directions))
    kept = np.argsort(-values, kind="stable")[:_DIMENSIONS]
    strength = np.maximum(values[kept], 0) ** 0.25
    # Rounded as it is stored, so that it is the same before and after.
    found: Vectors = (directions @ turn[:, kept] * strength).astype(np.float16).astype(np.float32)
    return found


def _multiply(rows: list[Row], directions: Vectors) -> Vectors:
    """Multiply by the matrix of the passages and by its transpose."""
    import numpy as np

    product = np.zeros_like(directions)
    for block in _blocks(rows, len(directions)):
        product += block.T @ (block @ directions)
    return product


def _blocks(rows: list[Row], size: int) -> Iterator[Vectors]:
    """Yield the passages as dense rows, some at a time: dense products are fast, and memory stays small."""
    import numpy as np

    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        block = np.zeros((len(part), size), np.float32)
        for number, (places, values) in enumerate(part):
            block[number, places] = values
        yield block


def _length(values: Vectors) -> float:
    return math.sqrt(float(values @ values))


def normalise(vectors: Vectors) -> Vectors:
    """Return the rows at length 1; empty ones stay empty."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _init_model(model: str) -> Any:
    from langchain.embeddings import init_embeddings

    try:
        return init_embeddings(model, **_TIMEOUT.get(model.partition(":")[0], {}))
    except (ImportError, ValueError) as error:
        message = f"the embedding 'langchain:{model}' cannot be used: {str(error).splitlines()[0]}"
        raise ConfigError(message, "install the provider's package, or set the embedding to 'builtin'") from error
    except Exception as error:  # a missing key is an error of the provider's own kind
        message = f"the embedding 'langchain:{model}' cannot be used: {error}"
        raise ConfigError(message, "set the provider's key in the environment") from error
