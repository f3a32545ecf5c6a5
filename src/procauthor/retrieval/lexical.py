"""Words of texts: their stems, their synonyms, and how often passages and documents have them.

All that is known of words is kept for each document by itself, and added up when it is asked for: so an edit changes
what it changed, and a score does not depend on the edits that led to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import chain, pairwise
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from unicodedata import combining, normalize
from zlib import crc32

from msgspec import Struct

from procauthor.naming import LONGEST_WORD, stem
from procauthor.regex import lazy
from procauthor.retrieval.chunk import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Synonyms:
    """The groups that a stem, or a phrase of stems, belongs to."""

    words: dict[str, tuple[int, ...]]
    phrases: dict[tuple[str, ...], tuple[int, ...]]

    @property
    def most(self) -> int:
        """The number of groups of the stem that is in most of them."""
        return max(map(len, self.words.values()))


def read_passage(chunk: Chunk) -> str:
    """Return the text that a chunk is found by: where it is, and what it says."""
    return "\n".join((chunk.title, read_path(chunk.path), " ".join(chunk.headings), chunk.context, chunk.text))


@lru_cache(maxsize=64)
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
    return list(chain.from_iterable(map(read_word, _split(text))))


def _split(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    # Of ASCII it is the same, and several times as fast.
    return text.translate(_APART).split() if text.isascii() else _WORD.findall(text)


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
    )


_MOST = 255
_MOST_WORDS = 1 << 16


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


def number_of(word: str) -> int:
    """Return the number that a stem is kept as: its checksum, so that no list of words has to be shared."""
    return crc32(word.encode(errors="replace"))


class Frequency(NamedTuple):
    """How often columns occur in rows, as three arrays of integers: a row, a column, and the number of times.

    Each pair that occurs is there once. They come row by row.
    """

    rows: NDArray[Any]
    columns: NDArray[Any]
    times: NDArray[Any]

    @classmethod
    def of(cls, rows: NDArray[Any], columns: NDArray[Any]) -> Self:
        """Count pairs, each of which may come several times."""
        import numpy as np

        width = int(columns.max(initial=0)) + 1
        pairs, times = np.unique(rows * width + columns, return_counts=True)
        return cls(*np.divmod(pairs, width), times)

    def part(self, first: int, behind: int) -> Self:
        """Return some of the rows, which are counted from the first of them on."""
        start, end = self.rows.searchsorted((first, behind))
        return type(self)(self.rows[start:end] - first, self.columns[start:end], self.times[start:end])

    def packed(self, lengths: NDArray[Any], terms: NDArray[Any] | None = None) -> Postings:
        """Return the postings of so many rows as there are lengths; the terms are the columns, or named by them."""
        import numpy as np

        sizes = np.bincount(self.rows, minlength=len(lengths))
        named = self.columns if terms is None else terms[self.columns]
        times = np.minimum(self.times, _MOST).astype(np.uint8).tobytes()
        numbers = [each.astype(np.uint32).tobytes() for each in (sizes, lengths, named)]
        return Postings(numbers[0], numbers[1], numbers[2], times)


class Lexicon:
    """The stems that were met, each with a number: its place in ``words``."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._read: dict[str, list[int]] = {}
        self._known: dict[str, NDArray[Any]] = {}

    @property
    def is_full(self) -> bool:
        """Whether it holds so much that it is better to begin again."""
        return max(len(self.words), len(self._read)) > _MOST_WORDS

    def read(self, text: str) -> list[int]:
        """Return the stems that `list_words` does, as numbers."""
        words = _split(text)
        try:
            return list(chain.from_iterable(map(self._read.__getitem__, words)))
        except KeyError:
            # Most texts of a library have no word that another one has not.
            for word in set(words).difference(self._read):
                self._read[word] = list(map(self._number, read_word(word)))
            return list(chain.from_iterable(map(self._read.__getitem__, words)))

    def _number(self, word: str) -> int:
        if word not in self._numbers:
            self._numbers[word] = len(self.words)
            self.words.append(word)
        return self._numbers[word]

    def each(self, name: str, of: Callable[[str], Any], kind: type) -> NDArray[Any]:
        """Return what a function says of each stem; it is kept under a name."""
        import numpy as np

        known = self._known.get(name, np.zeros(0, kind))
        new = self.words[len(known) :]
        if new:
            self._known[name] = known = np.concatenate([known, np.fromiter(map(of, new), kind, len(new))])
        return known

    def phrases(self) -> Iterator[tuple[list[int], tuple[int, ...]]]:
        """Yield the phrases of which all stems were met, each with its groups of synonyms."""
        for phrase, groups in _synonyms().phrases.items():
            if all(map(self._numbers.__contains__, phrase)):
                yield [self._numbers[word] for word in phrase], groups


class Wording(NamedTuple):
    """The stems of some texts, one text after the other: each text is a row, each number of a stem a column."""

    lexicon: Lexicon
    rows: NDArray[Any]
    columns: NDArray[Any]

    @classmethod
    def put(cls, lexicon: Lexicon, texts: Sequence[Sequence[int]]) -> Self:
        """Return the wording of texts that a lexicon has read."""
        import numpy as np

        rows = np.repeat(np.arange(len(texts)), list(map(len, texts)))
        return cls(lexicon, rows, np.fromiter(chain.from_iterable(texts), np.int64, len(rows)))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Return the wording of texts, with a lexicon of its own."""
        lexicon = Lexicon()
        return cls.put(lexicon, list(map(lexicon.read, texts)))

    def telling(self) -> Self:
        """Return it without the words that are everywhere."""
        common = self.lexicon.each("common", is_common, bool)[self.columns]
        return type(self)(self.lexicon, self.rows[~common], self.columns[~common])

    def frequency(self, *others: Self) -> Frequency:
        """Count the stems of each text, with those of the same row in others."""
        import numpy as np

        every = (self, *others)
        return Frequency.of(np.concatenate([each.rows for each in every]), np.concatenate([o.columns for o in every]))

    def concepts(self) -> Frequency:
        """Count the stems and phrases of each text that belong to a group of synonyms: here a group is a column."""
        import numpy as np

        rows, columns = [], []
        for number in range(_synonyms().most):
            groups = self.lexicon.each(f"group {number}", partial(_group, number), np.int64)[self.columns]
            at = np.flatnonzero(groups >= 0)
            rows.append(self.rows[at])
            columns.append(groups[at])
        for phrase, among in self.lexicon.phrases():
            at = self._find(phrase)
            rows += [self.rows[at]] * len(among)
            columns += [np.full(len(at), group) for group in among]
        return Frequency.of(np.concatenate(rows), np.concatenate(columns))

    def _find(self, phrase: Sequence[int]) -> NDArray[Any]:
        """Return where a phrase begins."""
        import numpy as np

        at = np.flatnonzero(self.columns[: max(0, len(self.columns) - len(phrase) + 1)] == phrase[0])
        for place, column in enumerate(phrase):
            at = at[(self.columns[at + place] == column) & (self.rows[at + place] == self.rows[at])]
        return at


def _group(number: int, word: str) -> int:
    """Return one of the groups of synonyms that a stem belongs to; -1 where it belongs to fewer."""
    return next(iter(_synonyms().words.get(word, ())[number:]), -1)


class Counting:
    """Counts the words of documents, of several at once: each array is made for all of them together.

    Attributes:
        lexicon: What the columns of a frequency are numbers of, until other documents are counted.
    """

    def __init__(self) -> None:
        self.lexicon = Lexicon()
        self._names: dict[str, list[int]] = {}

    def count(self, documents: Sequence[Sequence[Chunk]]) -> Iterator[tuple[Counts, Frequency]]:
        """Yield the postings of each document, and how often its passages have the stems that they are found by."""
        import numpy as np

        if self.lexicon.is_full or len(self._names) > _MOST_WORDS:
            self.lexicon, self._names = Lexicon(), {}
        chunks = list(chain.from_iterable(documents))
        texts = [self.lexicon.read(f"{chunk.text}\n{chunk.context}") for chunk in chunks]
        places = [self._of(c.title, read_path(c.path), *c.headings) for c in chunks]
        main = [self._of(c.title, c.heading) for c in chunks]
        names = [m + self._of(read_path(c.path), *c.headings[:-1]) for m, c in zip(main, chunks, strict=True)]
        page_names = [self._of(*_title(each), *(c.heading for c in each)) for each in documents]
        put = partial(Wording.put, self.lexicon)
        passages, telling = put(list(map(add, places, texts))), put(texts).telling()
        sizes = list(map(len, documents))
        of_page = telling._replace(rows=np.repeat(np.arange(len(sizes)), sizes)[telling.rows])
        # A word in a title or a heading counts twice.
        own, pages = put(names).frequency(put(main), telling), put(page_names).frequency(of_page)
        found_by, concepts = passages.frequency(), passages.concepts()
        numbers = self.lexicon.each("number", number_of, np.uint32)
        lengths = np.array(list(map(len, map(add, names, texts))))
        concept_lengths = np.bincount(concepts.rows, concepts.times, len(chunks))
        ends = np.cumsum([0, *sizes]).tolist()
        for page, (first, behind) in enumerate(pairwise(ends)):
            length = len(page_names[page]) + sum(map(len, texts[first:behind]))
            counts = Counts(
                own.part(first, behind).packed(lengths[first:behind], numbers),
                concepts.part(first, behind).packed(concept_lengths[first:behind]),
                pages.part(page, page + 1).packed(np.array([length]), numbers),
            )
            yield counts, found_by.part(first, behind)

    def _of(self, *names: str) -> list[int]:
        """Return the stems of some names, of which many have the same ones."""
        for name in names:
            if name not in self._names:
                self._names[name] = self.lexicon.read(name)
        return list(chain.from_iterable(map(self._names.__getitem__, names)))


def _title(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """Return what a document is called, with the words of its path; nothing of one without a passage."""
    return (chunks[0].title, read_path(chunks[0].path)) if chunks else ()
