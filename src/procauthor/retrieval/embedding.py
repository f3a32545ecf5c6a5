"""Texts to vectors: what an embedding is, which ones there are, and those of LangChain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from procauthor.errors import ConfigError, ModelError
from procauthor.resources import install_hint
from procauthor.retrieval.vector import normalise

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors

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
        from procauthor.retrieval.builtin import WordEmbedding

        return WordEmbedding()
    kind, _, model = name.partition(":")
    if kind == "minilm":
        from procauthor.retrieval.minilm import MiniLMEmbedding

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
