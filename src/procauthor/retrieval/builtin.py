"""The built-in embedding: vectors of words that ship, and what a library teaches about its own words."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from procauthor.errors import RetrievalError
from procauthor.retrieval.vector import normalise
from procauthor.retrieval.vocabulary import Vocabulary, read_shipped
from procauthor.retrieval.word import list_features

if TYPE_CHECKING:
    from procauthor.retrieval.vector import Vectors
    from procauthor.retrieval.vocabulary import Row

_MOST_WORDS = 30_000
_TINY = 50
_FAMILIAR = 0.3
"""How far a word that is known moves towards the passages of the library that it stands in."""
_STRANGE = 0.7
"""How much a word that only the library has is itself, beside the passages that it stands in."""
_RARITY = 2.0
"""What a word that no other library has weighs more than its rarity in this one says."""


class LibraryEmbedding:
    """A text is the weighted sum of its words.

    Vectors of common words ship: they were distilled from a sentence model. A word that only the library has gets a
    direction of its own and the mean of the passages that it stands in, so a library in any language can be searched;
    a word that is known moves some way towards its passages. The same texts in the same order give the same vectors.
    """

    def __init__(self, name: str = "builtin-2", learnt: bytes = b"") -> None:
        self.id = name
        self._learnt = learnt
        self._vocabulary = _join(read_shipped(), Vocabulary.load(learnt)) if learnt else None

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(read_shipped().vectors.shape[1])

    def fit(self, texts: Sequence[str]) -> Self:
        """Return the embedding that these texts give."""
        digest = hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()
        counts = [Counter(list_features(text)) for text in texts]
        learnt = _learn(counts, _choose_words(counts))
        # Read back as it is stored, so that it is the same before and after.
        return self.load(f"{self.id}-{digest[:16]}", learnt.dump())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text."""
        if self._vocabulary is None:
            message = "the built-in embedding has not been fitted to a library"
            raise RetrievalError(message, "index the library first")
        rows = [self._vocabulary.weigh(Counter(list_features(text))) for text in texts]
        return normalise(self._vocabulary.add_up(rows))

    def dump(self) -> bytes:
        """Return what was learnt."""
        return self._learnt

    def load(self, name: str, learnt: bytes) -> Self:
        """Return the embedding of this id from what it had learnt."""
        return type(self)(name, learnt)


def _choose_words(counts: Sequence[Counter[str]]) -> dict[str, int]:
    """Return the words of at least two passages, with the number of passages, most frequent first."""
    spread = Counter(word for count in counts for word in count)
    fewest = 2 if len(counts) > _TINY else 1
    chosen = sorted((word for word, n in spread.items() if n >= fewest), key=lambda word: (-spread[word], word))
    return {word: spread[word] for word in chosen[:_MOST_WORDS]}


def _learn(counts: Sequence[Counter[str]], spread: dict[str, int]) -> Vocabulary:
    """Return the vectors of a library's words: their own, where they ship, and those of their passages."""
    import numpy as np

    shipped, words = read_shipped(), tuple(spread)
    known = np.array([word in shipped for word in words], bool)
    places = [shipped.place(word) for word in words if word in shipped]
    weights = np.array([np.log((len(counts) + 1) / (n + 0.5)) + _RARITY for n in spread.values()], np.float32)
    vectors = np.zeros((len(spread), shipped.vectors.shape[1]), np.float32)
    typical = float(np.linalg.norm(shipped.vectors, axis=1).mean())
    for place in np.flatnonzero(~known):
        vectors[place] = _STRANGE * typical * _mark(words[place], vectors.shape[1])
    weights[known], vectors[known] = shipped.weights[places], shipped.vectors[places]
    start = Vocabulary(words, weights, vectors)
    surrounding = typical * _surround(start, [start.weigh(count) for count in counts])
    return Vocabulary(words, weights, vectors + surrounding * np.where(known, _FAMILIAR, 1)[:, None])


def _mark(word: str, dimensions: int) -> Vectors:
    """Return a direction that is a word's own: the bits of its hash."""
    import numpy as np

    digest = hashlib.shake_256(word.encode(errors="replace")).digest(dimensions // 8)
    bits = np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.float32)
    mark: Vectors = (2 * bits - 1) / np.float32(np.sqrt(dimensions))
    return mark


def _surround(vocabulary: Vocabulary, rows: Sequence[Row]) -> Vectors:
    """Return for each word the direction of the passages that it stands in, as they differ from the mean passage."""
    import numpy as np

    passages = normalise(vocabulary.add_up(rows))
    passages -= passages.mean(axis=0) if len(passages) else 0
    sums = np.zeros_like(vocabulary.vectors)
    for (places, _), passage in zip(rows, passages, strict=True):
        sums[places] += passage
    return normalise(sums)


def _join(shipped: Vocabulary, learnt: Vocabulary) -> Vocabulary:
    """Return both vocabularies in one; what was learnt goes before what ships."""
    import numpy as np

    rest = [place for place, word in enumerate(shipped.words) if word not in learnt]
    return Vocabulary(
        learnt.words + tuple(shipped.words[place] for place in rest),
        np.concatenate([learnt.weights, shipped.weights[rest]]),
        np.vstack([learnt.vectors, shipped.vectors[rest]]),
    )
