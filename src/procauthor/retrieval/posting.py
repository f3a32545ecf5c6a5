"""What the words of passages are counted as: small tables that can be kept for each document by itself."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from zlib import crc32

from msgspec import Struct

from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.word import is_common, list_concepts, list_words, read_path

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
        self._texts = [list_words(f"{chunk.text}\n{chunk.context}") for chunk in chunks]

    def counts(self) -> Counts:
        """Return the postings."""
        own = [self._own(chunk, text) for chunk, text in zip(self._chunks, self._texts, strict=True)]
        concepts = [list_concepts(words) for words in self.passages()]
        return Counts(
            _pack((_number(count), length) for count, length in own),
            _pack((Counter(each), len(each)) for each in concepts),
            _pack([self._page() if self._chunks else ({}, 0)]),
        )

    def passages(self) -> Iterator[list[str]]:
        """Yield the words that each passage is found by: where it stands, and what it says."""
        for chunk, text in zip(self._chunks, self._texts, strict=True):
            yield [*self._of(chunk.title), *self._of_path(chunk), *self._of_all(chunk.headings), *text]

    def _own(self, chunk: Chunk, text: list[str]) -> tuple[Counter[str], int]:
        title, heading = self._of(chunk.title), self._of(chunk.heading)
        named = [*title, *heading, *self._of_path(chunk), *self._of_all(chunk.headings[:-1])]
        count = Counter(named)
        for word in (*title, *heading) * (_TITLE - 1):
            count[word] += 1
        return count + Counter(word for word in text if not is_common(word)), len(named) + len(text)

    def _page(self) -> tuple[dict[int, int], int]:
        first = self._chunks[0]
        named = [*self._of(first.title), *self._of_path(first), *self._of_all(c.heading for c in self._chunks)]
        count = Counter(named)
        for text in self._texts:
            count.update(word for word in text if not is_common(word))
        return _number(count), len(named) + sum(map(len, self._texts))

    def _of(self, text: str) -> list[str]:
        if text not in self._words:
            self._words[text] = list_words(text)
        return self._words[text]

    def _of_all(self, texts: Iterable[str]) -> list[str]:
        return list(chain.from_iterable(map(self._of, texts)))

    def _of_path(self, chunk: Chunk) -> list[str]:
        return self._of(read_path(chunk.path))


def _number(count: Counter[str]) -> dict[int, int]:
    return {number_of(word): times for word, times in count.items()}


def _pack(rows: Iterable[tuple[dict[int, int], int]]) -> Postings:
    sizes, lengths, terms, counts = array("I"), array("I"), array("I"), bytearray()
    for count, length in rows:
        sizes.append(len(count))
        lengths.append(length)
        terms.extend(count)
        counts += bytes(min(times, _MOST) for times in count.values())
    return Postings(sizes.tobytes(), lengths.tobytes(), terms.tobytes(), bytes(counts))
