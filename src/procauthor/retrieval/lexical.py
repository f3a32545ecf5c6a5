"""Search by words: BM25 over passages, over whole documents, and over groups of synonyms.

A passage is short, and often does not repeat the subject that its document is about. So its score is its own,
plus a share of its document's, plus a share for the synonyms of the query's words.

All that is known of words is kept for each document by itself, and added up when it is asked for: so an edit changes
what it changed, and a score does not depend on the edits that led to it.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, filterfalse
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import combining, normalize
from zlib import crc32

from msgspec import Struct

from procauthor.data import grouped
from procauthor.naming import LONGEST_WORD, stem
from procauthor.regex import lazy
from procauthor.retrieval.chunk import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_WORD = lazy(r"[^\W_]+")
_APART = {code: " " for code in range(128) if not chr(code).isalnum()}
_JOINED = lazy(r"[a-z0-9][A-Z]")
_PART = lazy(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

STOP_WORDS = frozenset(
    str.split(
        "a about above after again all also am an and any are as at be because been before being below between "
        "both but by can cannot could did do does doing don down during each even ever every few for from further "
        "get got had has have having he her here hers him his how i if in into is it its itself just let like make "
        "may me might more most must my no nor not now of off on once one only or other our ours out over own per "
        "please s same shall she should since so some somebody still such t than that the their theirs them then "
        "there these they this those through to too under until up upon us very was we were what when where "
        "whether which while who whom whose why will with within without would yes yet you your yours "
    )
)


class Synonyms(Struct, frozen=True):
    """The groups that a stem, or a phrase of stems, belongs to."""

    words: dict[str, tuple[int, ...]]
    phrases: dict[tuple[str, ...], tuple[int, ...]]
    first: dict[str, list[tuple[str, ...]]]
    """The phrases by their first word."""


def read_passage(chunk: Chunk) -> str:
    """Return the text that a chunk is found by: where it is, and what it says."""
    return "\n".join((chunk.title, read_path(chunk.path), " ".join(chunk.headings), chunk.context, chunk.text))


def read_path(path: str) -> str:
    """Return the words of a path."""
    return re.sub(r"[/._-]+", " ", path.removesuffix(".md"))


@lru_cache(maxsize=1 << 17)
def read_word(word: str) -> tuple[str, ...]:
    """Return the stem of a word as it is written, and those of its parts: ``KubePodCrash`` gives four."""
    parts = _PART.findall(word) if _JOINED.search(word) else ()
    return tuple(stem(_fold(part.lower())) for part in (word, *parts))


def _fold(word: str) -> str:
    """Return a word without accents, so that it is found by who has no key for them."""
    return word if word.isascii() else "".join(c for c in normalize("NFKD", word) if not combining(c))


def list_words(text: str) -> list[str]:
    """Return the stems of the words of a text, and those of the parts of joined words behind each."""
    # Of ASCII it is the same, and several times as fast.
    words = text.translate(_APART).split() if text.isascii() else _WORD.findall(text)
    return list(chain.from_iterable(map(read_word, words)))


def is_common(word: str) -> bool:
    """Say whether a stem is that of a word which is everywhere."""
    return word in _common()


def list_terms(query: str) -> list[str]:
    """Return the distinct stems of a query; a query of stop words only keeps them."""
    words = list(dict.fromkeys(list_words(query)))
    return [word for word in words if not is_common(word)] or words


def list_features(text: str) -> list[str]:
    """Return the stems of a text that say what it is about: without stop words and numbers."""
    return list(filter(is_feature, list_words(text)))


@lru_cache(maxsize=1 << 17)
def is_feature(word: str) -> bool:
    """Say whether a stem says what a text is about."""
    return not is_common(word) and 1 < len(word) < LONGEST_WORD and not word.isdigit()


def list_concepts(stems: Sequence[str], count: Mapping[str, int] | None = None) -> list[int]:
    """Return the groups of synonyms that the words of a text belong to, once for each time that one does.

    Args:
        stems: The stems of its words.
        count: How often each of them occurs, where that is known.
    """
    known, count = _synonyms(), Counter(stems) if count is None else count
    concepts: list[int] = []
    for word in count.keys() & known.words.keys():
        concepts += known.words[word] * count[word]
    for word in count.keys() & known.first.keys():
        for phrase in known.first[word]:
            if all(map(count.__contains__, phrase)):
                concepts += known.phrases[phrase] * _times(phrase, stems)
    return concepts


def _times(phrase: tuple[str, ...], stems: Sequence[str]) -> int:
    """Return how often a phrase occurs in a text."""
    return sum(words == phrase for words in zip(*(stems[place:] for place in range(len(phrase))), strict=False))


@cache
def _common() -> frozenset[str]:
    return frozenset(map(stem, STOP_WORDS)) | STOP_WORDS


@cache
def _synonyms() -> Synonyms:
    words: dict[str, set[int]] = {}
    phrases: dict[tuple[str, ...], set[int]] = {}
    lines = Path(__file__).with_name("synonym.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(line for line in lines if not line.startswith("#")):
        for entry in line.split():
            stems = tuple(stem(word) for word in entry.split("-"))
            if len(stems) == 1:
                words.setdefault(stems[0], set()).add(number)
            else:
                phrases.setdefault(stems, set()).add(number)
    return Synonyms(
        {word: tuple(sorted(groups)) for word, groups in words.items()},
        {phrase: tuple(sorted(groups)) for phrase, groups in phrases.items()},
        grouped((phrase[0], phrase) for phrase in phrases),
    )


_MOST = 255
# A word in a title or a heading counts as often as this many in the text.
_TITLE = 2


class Postings(Struct, frozen=True, array_like=True):
    """How often each term occurs in each row: a passage, or a whole document.

    Attributes:
        sizes: The number of different terms of each row, as unsigned integers of 32 bits.
        lengths: The number of words of each row, likewise.
        terms: The terms of all rows, one row after the other, likewise.
        counts: How often each of them occurs, as bytes.
    """

    sizes: bytes
    lengths: bytes
    terms: bytes
    counts: bytes


class Counts(Struct, frozen=True, array_like=True):
    """The postings of one document: words and groups of synonyms by passage, and words of the whole."""

    passages: Postings
    concepts: Postings
    page: Postings


@lru_cache(maxsize=1 << 17)
def number_of(word: str) -> int:
    """Return the number that a stem is kept as: its checksum, so that no list of words has to be shared."""
    return crc32(word.encode(errors="replace"))


class Counting:
    """Counts the words of the passages of one document, each of its headings once."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._chunks = chunks
        self._words: dict[str, list[str]] = {}
        self._path = list_words(read_path(chunks[0].path)) if chunks else []
        self._texts = [list_words(f"{chunk.text}\n{chunk.context}") for chunk in chunks]
        self._passages = [self._passage(chunk, text) for chunk, text in zip(chunks, self._texts, strict=True)]
        self.passages = list(map(Counter, self._passages))
        """How often each passage has the words that it is found by: where it is, and what it says."""

    def _passage(self, chunk: Chunk, text: Sequence[str]) -> list[str]:
        return [*self._of(chunk.title), *self._path, *self._of_all(chunk.headings), *text]

    def counts(self) -> Counts:
        """Return the postings."""
        common = _common().__contains__
        telling = [list(filterfalse(common, text)) for text in self._texts]
        own = [self._own(*each) for each in zip(self._chunks, self._texts, telling, strict=True)]
        concepts = list(map(list_concepts, self._passages, self.passages))
        return Counts(
            _pack(own),
            _pack((Counter(each), len(each)) for each in concepts),
            _pack([self._page(telling) if self._chunks else ({}, 0)]),
        )

    def _own(self, chunk: Chunk, text: Sequence[str], telling: Iterable[str]) -> tuple[Counter[int], int]:
        title, heading = self._of(chunk.title), self._of(chunk.heading)
        named = [*title, *heading, *self._path, *self._of_all(chunk.headings[:-1])]
        more = (*title, *heading) * (_TITLE - 1)
        return _numbers([*named, *more, *telling]), len(named) + len(text)

    def _page(self, telling: Iterable[Iterable[str]]) -> tuple[Counter[int], int]:
        first = self._chunks[0]
        named = [*self._of(first.title), *self._path, *self._of_all(c.heading for c in self._chunks)]
        return _numbers(chain(named, *telling)), len(named) + sum(map(len, self._texts))

    def _of(self, text: str) -> list[str]:
        if text not in self._words:
            self._words[text] = list_words(text)
        return self._words[text]

    def _of_all(self, texts: Iterable[str]) -> list[str]:
        return list(chain.from_iterable(map(self._of, texts)))


def _numbers(words: Iterable[str]) -> Counter[int]:
    return Counter(map(number_of, words))


def _pack(rows: Iterable[tuple[Mapping[int, int], int]]) -> Postings:
    sizes, lengths, terms, counts = array("I"), array("I"), array("I"), bytearray()
    for count, length in rows:
        sizes.append(len(count))
        lengths.append(length)
        terms.extend(count)
        times = count.values()
        counts += bytes(times) if max(times, default=0) <= _MOST else bytes(min(each, _MOST) for each in times)
    return Postings(sizes.tobytes(), lengths.tobytes(), terms.tobytes(), bytes(counts))


_PAGE_SHARE = 0.5
_CONCEPT_SHARE = 0.75
# As SQLite, Lucene and most others have them.
_K = 1.2
_B = 0.75
_LEAST_RARITY = 1e-6
_LEAST_TAIL = 64
_TAIL_SHARE = 20
_WORTH_SORTING = 16


class Place(Struct, frozen=True, order=True):
    """A passage: the document, by its row in the index, and the number of the passage in it."""

    path: str
    number: int
    row: int


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

    def follow(self, rows: frozenset[int]) -> None:
        """Hold the documents at these rows, and no others; only what is new is read."""
        gone = self._page_of.keys() - rows
        dead = len(self._rows) - len(self._page_of) + len(gone)
        if max(self._fresh, dead) > max(_LEAST_TAIL, len(rows) // _TAIL_SHARE):
            self._forget()
            gone = set()
        for row in gone:
            self._drop(self._page_of.pop(row))
        new = sorted(rows - self._page_of.keys())
        if new:
            self._fresh = self._fresh + len(new) if self._rows else 0
            self._add(list(self._read(new)))

    def _drop(self, page: int) -> None:
        self._pages.drop(page, page + 1)
        for table in (self._passages, self._concepts):
            table.drop(self._first[page], self._first[page + 1])

    def _add(self, documents: Sequence[tuple[int, str, Counts]]) -> None:
        for row, path, counts in documents:
            self._page_of[row] = len(self._rows)
            self._rows.append(row)
            self._paths.append(path)
            self._first.append(self._first[-1] + len(counts.passages.sizes) // 4)
        self._passages.add([counts.passages for _, _, counts in documents])
        self._concepts.add([counts.concepts for _, _, counts in documents])
        self._pages.add([counts.page for _, _, counts in documents])

    def rank(self, query: str, limit: int) -> list[tuple[Place, float]]:
        """Return the best passages with their scores, best first."""
        import numpy as np

        if not self._page_of:
            return []
        words = [number_of(word) for word in list_terms(query)]
        own = self._passages.score(words)
        related = self._concepts.score(dict.fromkeys(list_concepts(list_words(query))))
        hits = np.flatnonzero((own > 0) | (related > 0))
        if not len(hits):
            return []
        pages = np.searchsorted(self._firsts(), hits, side="right") - 1
        scores = own[hits] + _CONCEPT_SHARE * related[hits]
        shared = self._pages.score(words)
        scores += _PAGE_SHARE * shared[pages]
        scores = np.round(scores, 9)
        kept = np.arange(len(hits))
        if len(hits) > limit:
            least = np.partition(scores, len(hits) - limit)[len(hits) - limit]
            kept = np.flatnonzero(scores >= least)
        ranked = sorted((-float(scores[at]), self._place(int(hits[at]), int(pages[at]))) for at in kept)
        return [(place, -score) for score, place in ranked[:limit]]

    def _place(self, passage: int, page: int) -> Place:
        return Place(self._paths[page], passage - self._first[page], self._rows[page])

    def _firsts(self) -> NDArray[Any]:
        import numpy as np

        return np.array(self._first[:-1])


class _TermTable:
    """Rows with their terms, in two parts: one is large, and what came later is in the other."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._live: list[Mask] = []
        self._later: list[Postings] = []

    def add(self, postings: Sequence[Postings]) -> None:
        """Add rows behind all others."""
        import numpy as np

        if self._parts:
            self._later += postings
        part = _Part(self._later or postings)
        before = self._live[1] if self._live[1:] else np.ones(0, bool)
        live = np.concatenate([before, np.ones(len(part.lengths) - len(before), bool)])
        self._parts, self._live = [*self._parts[:1], part], [*self._live[:1], live]

    def drop(self, start: int, end: int) -> None:
        """Take rows out; the numbers of the others stay."""
        at = 0
        for live in self._live:
            live[max(0, start - at) : max(0, end - at)] = False
            at += len(live)

    def score(self, terms: Iterable[int]) -> Scores:
        """Return the BM25 of all rows, 0 for those without any of the terms."""
        import numpy as np

        rows = sum(int(live.sum()) for live in self._live)
        length = sum(int(p.lengths[live].sum()) for p, live in zip(self._parts, self._live, strict=True))
        sums = [np.zeros(len(live)) for live in self._live]
        mean = length / rows if rows else 1.0
        for term in terms:
            places = [part.find(term, live) for part, live in zip(self._parts, self._live, strict=True)]
            many = sum(len(at) for at, _ in places)
            rarity = max(float(np.log((rows - many + 0.5) / (many + 0.5))), _LEAST_RARITY)
            for part, total, (at, counts) in zip(self._parts, sums, places, strict=True):
                held = _K * (1 - _B + _B * part.lengths[at] / (mean or 1.0))
                total[at] += rarity * counts * (_K + 1) / (counts + held)
        scores: Scores = np.concatenate(sums) if sums else np.zeros(0)
        return scores


class _Part:
    """Rows that were added together."""

    def __init__(self, postings: Sequence[Postings]) -> None:
        import numpy as np

        def joined(name: str, kind: type) -> NDArray[Any]:
            return np.frombuffer(b"".join(getattr(each, name) for each in postings), kind)

        self.lengths: Scores = joined("lengths", np.uint32).astype(np.float64)
        self._terms = joined("terms", np.uint32)
        self._counts = joined("counts", np.uint8)
        self._ends: NDArray[Any] = np.cumsum(joined("sizes", np.uint32), dtype=np.int64)
        self._rows: NDArray[Any] | None = None
        self._asked = 0

    def find(self, term: int, live: Mask) -> tuple[NDArray[Any], Scores]:
        """Return the live rows with a term, and how often each has it."""
        rows, counts = self._find(term)
        kept = live[rows]
        return rows[kept], counts[kept].astype("float64")

    def _find(self, term: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Look at all terms; for who asks more often it is worth to put them in order."""
        import numpy as np

        self._asked += 1
        if self._rows is None and self._asked > _WORTH_SORTING:
            self._sort()
        if self._rows is None:
            at = np.flatnonzero(self._terms == term)
            return np.searchsorted(self._ends, at, side="right"), self._counts[at]
        sought = np.uint32(term)
        first, last = (int(np.searchsorted(self._terms, sought, side=side)) for side in ("left", "right"))
        return self._rows[first:last], self._counts[first:last]

    def _sort(self) -> None:
        import numpy as np

        sizes = np.diff(self._ends, prepend=0)
        order = np.argsort(self._terms, kind="stable")
        self._rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[order]
        self._terms, self._counts = self._terms[order], self._counts[order]


Ranking = list[tuple[Place, float]]

_SPAN = 100
"""How many places of a ranking count in the merge; the score at its end counts nothing."""


class Weights(Struct, frozen=True):
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
