"""The built-in embedding: a text is the weighted sum of its words, whose vectors ship."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from procauthor.retrieval.vector import normalise
from procauthor.retrieval.vocabulary import read_shipped
from procauthor.retrieval.word import is_feature, list_words

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors

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
        return self.embed_words(map(list_words, texts))

    def embed_words(self, texts: Iterable[Sequence[str]]) -> Vectors:
        """Return one unit row for each text, given as the stems of its words."""
        import numpy as np

        counts = [Counter(filter(is_feature, words)) for words in texts]
        places = {word: place for place, word in enumerate(sorted({word for count in counts for word in count}))}
        shares = np.zeros((len(counts), len(places)), np.float32)
        for row, count in enumerate(counts):
            for word, times in count.items():
                shares[row, places[word]] = 1 + math.log(times)
        if not places:
            return np.zeros((len(counts), self.dimensions), np.float32)
        return normalise(shares @ np.stack([_vector(word) for word in places]))


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
