"""Vectors of words, whose weighted sum is the vector of a text, and the ones that ship with procauthor."""

from __future__ import annotations

import io
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from procauthor.retrieval.vector import Vectors

    Row = tuple[NDArray[np.intp], Vectors]

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

    def weigh(self, count: Counter[str]) -> Row:
        """Return the places of the known words of a text and their weights, at length 1."""
        import numpy as np

        known = [(self._places[word], 1 + math.log(n)) for word, n in count.items() if word in self._places]
        places = np.array([place for place, _ in known], np.intp)
        values = np.array([value for _, value in known], np.float32) * self.weights[places]
        length = math.sqrt(float(values @ values))
        return places, values / (length or 1)

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
