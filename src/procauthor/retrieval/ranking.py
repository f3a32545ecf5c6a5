"""Search by words: BM25 over passages, over whole documents, and over groups of synonyms.

A passage is short, and often does not repeat the subject that its document is about. So its score is its own,
plus a share of its document's, plus a share for the synonyms of the query's words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import filterfalse, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from procauthor.retrieval.lexical import Counts, Postings, Wording, list_terms, number_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_PAGE_SHARE = 0.5
_CONCEPT_SHARE = 0.75
# As SQLite, Lucene and most others have them.
_K = 1.2
_B = 0.75
_LEAST_RARITY = 1e-6
_LEAST_TAIL = 64
_TAIL_SHARE = 20
# The order of a sum is no reason to put one passage before another.
_DIGITS = 9
_ALIKE = 10.0**-_DIGITS


class Place(NamedTuple):
    """A passage: the document, by its row in the index, and the number of the passage in it."""

    path: str
    number: int
    row: int


def compare(known: dict[int, Any], rows: dict[int, Any]) -> tuple[list[int], list[int]]:
    """Return which of the known rows are gone, and which rows are new.

    Args:
        known: Rows in any order.
        rows: Those that are there now, in order; a new one is greater than all known ones.
    """
    last = max(known, default=0)
    new = list(takewhile(lambda row: row > last, reversed(rows)))
    return list(filterfalse(rows.__contains__, known)), new[::-1]


class WordIndex:
    """The words of an index, in memory.

    Args:
        read: Gives the path and the counts of documents by their row.
    """

    def __init__(self, read: Callable[[Sequence[int]], Iterable[tuple[int, str, Counts]]]) -> None:
        self._read = read
        self._forget()

    def _forget(self) -> None:
        self._passages, self._concepts, self._pages = _TermTable(), _TermTable(), _TermTable()
        self._page_of: dict[int, int] = {}
        self._rows: list[int] = []
        self._paths: list[str] = []
        self._first: list[int] = [0]
        self._fresh = 0

    def follow(self, rows: dict[int, Any]) -> None:
        """Hold the documents at these rows, and no others; only what is new is read."""
        gone, new = compare(self._page_of, rows)
        dead = len(self._rows) - len(self._page_of) + len(gone)
        if max(self._fresh, dead) > max(_LEAST_TAIL, len(rows) // _TAIL_SHARE):
            self._forget()
            gone, new = [], list(rows)
        for row in gone:
            self._drop(self._page_of.pop(row))
        if new:
            self._fresh = self._fresh + len(new) if self._rows else 0
            self._add(list(self._read(new)))

    def _drop(self, page: int) -> None:
        self._pages.drop(page, page + 1)
        for table in (self._passages, self._concepts):
            table.drop(self._first[page], self._first[page + 1])

    def _add(self, documents: Sequence[tuple[int, str, Counts]]) -> None:
        import numpy as np

        for row, path, counts in documents:
            self._page_of[row] = len(self._rows)
            self._rows.append(row)
            self._paths.append(path)
            self._first.append(self._first[-1] + len(counts.passages.sizes) // 4)
        self._passages.add([counts.passages for _, _, counts in documents])
        self._concepts.add([counts.concepts for _, _, counts in documents])
        self._pages.add([counts.page for _, _, counts in documents])
        self._sizes = np.diff(self._first)

    def rank(self, query: str, limit: int) -> list[tuple[Place, float]]:
        """Return the best passages with their scores, best first."""
        import numpy as np

        if not self._page_of:
            return []
        words = [number_of(word) for word in list_terms(query)]
        own = self._passages.score(words)
        related = self._concepts.score(Wording.of([query]).concepts().columns.tolist())
        hits = np.flatnonzero((own > 0) | (related > 0))
        if not len(hits):
            return []
        shared = np.repeat(self._pages.score(words), self._sizes)
        scores = (own + _CONCEPT_SHARE * related + _PAGE_SHARE * shared)[hits]
        if len(hits) > limit:
            least = np.partition(scores, len(hits) - limit)[len(hits) - limit]
            kept = scores >= least - _ALIKE
            hits, scores = hits[kept], scores[kept]
        scores = np.round(scores, _DIGITS)
        ranked = sorted(zip((-scores).tolist(), map(self._place, hits.tolist()), strict=True))
        return [(place, -score) for score, place in ranked[:limit]]

    def _place(self, passage: int) -> Place:
        page = bisect_right(self._first, passage) - 1
        return Place(self._paths[page], passage - self._first[page], self._rows[page])


class _TermTable:
    """Rows with their terms, in two parts: one is large, and what came later is in the other."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._later: list[Postings] = []

    def add(self, postings: Sequence[Postings]) -> None:
        """Add rows behind all others."""
        if self._parts:
            self._later += postings
        part = _Part(self._later or postings)
        if self._parts[1:]:
            part.drop_as(self._parts[1])
        self._parts = [*self._parts[:1], part]

    def drop(self, start: int, end: int) -> None:
        """Take rows out; the numbers of the others stay."""
        at = 0
        for part in self._parts:
            part.drop(slice(max(0, start - at), max(0, end - at)))
            at += len(part.live)

    def score(self, terms: Iterable[int]) -> Scores:
        """Return the BM25 of all rows, 0 for those without any of the terms."""
        import numpy as np

        for part in self._parts:
            part.get_ready()
        rows = sum(part.rows for part in self._parts)
        length = sum(part.length for part in self._parts)
        sums = [np.zeros(len(part.live)) for part in self._parts]
        mean = length / rows if rows else 1.0
        helds = [part.held(mean or 1.0) for part in self._parts]
        for term in terms:
            places = [part.find(term) for part in self._parts]
            many = sum(part.count_live(at) for part, (at, _) in zip(self._parts, places, strict=True))
            rarity = max(float(np.log((rows - many + 0.5) / (many + 0.5))), _LEAST_RARITY)
            for held, total, (at, counts) in zip(helds, sums, places, strict=True):
                total[at] += rarity * counts * (_K + 1) / (counts + held[at])
        for part, total in zip(self._parts, sums, strict=True):
            total[~part.live] = 0
        scores: Scores = np.concatenate(sums) if sums else np.zeros(0)
        return scores


class _Part:
    """Rows that were added together.

    Attributes:
        lengths: The length of each row.
        live: Which rows have not been dropped.
        rows: How many these are.
        length: The sum of their lengths.
    """

    def __init__(self, postings: Sequence[Postings]) -> None:
        import numpy as np

        def joined(name: str, kind: type) -> NDArray[Any]:
            return np.frombuffer(b"".join(getattr(each, name) for each in postings), kind)

        self.lengths: Scores = joined("lengths", np.uint32).astype(np.float64)
        self.live: Mask = np.ones(len(self.lengths), bool)
        self.rows, self.length = len(self.lengths), int(self.lengths.sum())
        self._terms = joined("terms", np.uint32)
        self._counts = joined("counts", np.uint8)
        self._ends: NDArray[Any] = np.cumsum(joined("sizes", np.uint32), dtype=np.int64)
        self._rows: NDArray[Any] | None = None
        self._asked = False
        self._mean = 0.0
        self._held = self.lengths

    def drop(self, rows: slice | NDArray[Any]) -> None:
        """Take rows out."""
        live = self.live[rows]
        self.rows -= int(live.sum())
        self.length -= int(self.lengths[rows].sum(where=live))
        self.live[rows] = False

    def drop_as(self, other: _Part) -> None:
        """Take out the rows that are out of another one, which has the first of these rows."""
        self.drop((~other.live).nonzero()[0])

    def get_ready(self) -> None:
        """Put the terms in order for the second query: a process that answers but one has nothing of it."""
        if self._asked and self._rows is None:
            self._sort()
        self._asked = True

    def held(self, mean: float) -> Scores:
        """Return by how much the length of each row holds its counts down, where rows have a mean length."""
        if mean != self._mean:
            self._mean, self._held = mean, _K * (1 - _B + _B * self.lengths / mean)
        return self._held

    def count_live(self, rows: NDArray[Any]) -> int:
        """Return how many of some rows have not been dropped."""
        return len(rows) if self.rows == len(self.live) else int(self.live[rows].sum())

    def find(self, term: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the rows with a term, those that were dropped too, and how often each has it."""
        import numpy as np

        if self._rows is None:
            at = np.flatnonzero(self._terms == term)
            return np.searchsorted(self._ends, at, side="right"), self._counts[at]
        sought = np.uint32(term)
        first, last = (int(np.searchsorted(self._terms, sought, side=side)) for side in ("left", "right"))
        # Numbers of another size would be converted each time that they are used.
        return self._rows[first:last].astype(np.intp), self._counts[first:last]

    def _sort(self) -> None:
        """Sort by terms, with row and count in one number each: that is four times as fast as to sort places."""
        import numpy as np

        sizes = np.diff(self._ends, prepend=0)
        joined = self._terms.astype(np.uint64) << 32
        joined |= np.repeat(np.arange(len(sizes), dtype=np.uint64) << 8, sizes)
        joined |= self._counts
        joined.sort()
        self._terms, self._counts = (joined >> 32).astype(np.uint32), joined.astype(np.uint8)
        self._rows = joined.astype(np.uint32) >> 8


Ranking = list[tuple[Place, float]]

_SPAN = 100
"""How many places of a ranking count in the merge; the score at its end counts nothing."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each ranking counts in the merge."""

    lexical: float = 1.0
    dense: float = 1.0


def merge(rankings: Mapping[str, Ranking], weights: Weights) -> dict[Place, float]:
    """Add up what each ranking says of a passage, from 1 for its best down to 0, as the weights share it out."""
    shares = {name: float(getattr(weights, name)) for name in rankings}
    scores: dict[Place, float] = {}
    for name, ranking in rankings.items():
        for place, score in _scale(ranking):
            scores[place] = scores.get(place, 0.0) + shares[name] / sum(shares.values()) * score
    return scores


def best_first(scores: Mapping[Place, float]) -> Ranking:
    """Return passages by their scores; of equal ones the first by path and place."""
    return sorted(scores.items(), key=lambda each: (-each[1], each[0]))


def _scale(ranking: Ranking) -> Ranking:
    """Return the scores of the places that count, from 1 for the first to 0 for one that counts no more."""
    if not ranking:
        return []
    best = ranking[0][1]
    floor = ranking[_SPAN][1] if len(ranking) > _SPAN else min(0.0, ranking[-1][1])
    spread = best - floor
    return [(place, (score - floor) / spread if spread > 0 else 1.0) for place, score in ranking[:_SPAN]]
