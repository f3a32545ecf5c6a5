"""Names of documents in running text: capitalised words that end like a title, and titles word for word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from procauthor.naming import NAME_EDGES

_LAST = re.compile(r"\b(?:Procedures?|Orchestrations?|Standards)\b(?![-/\w])")
_TOKEN = re.compile(r"\S+")
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by", "&", "/", "-", "–"})
_CLOSED = (",", ";", ":", ".", "!", "?", ")", "]", '"', "”", "»", "|")
_OPENING = "([{\"'“‘«"
# Signs that cling to a name in a text, such as "==" or "$"; the point of ".NET" belongs to it.
_CLINGING = re.compile(r"\A(?:(?!\.\w)[\W_])*+")
_MOST_WORDS = 10
_FEWEST_WORDS = 3
_WINDOW = 160
_LASTS = ("Procedure", "Orchestration", "Standards")
# Words and gaps are taken whole, so that a word without end is read once.
_TWO_CAPITALS = re.compile("(?<!\\S)[^A-Z\x80-\U0010ffff\\s]*+([A-Z\x80-\U0010ffff])\\S*+\\s++(?=[A-Z\x80-\U0010ffff])")
_LETTERS = re.compile(r"\w+")
_LAST_LETTERS = re.compile(r"(?<!\w)\w++(?=\W*+$)")
_LONGER = re.compile(r"\s+[A-Z]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name at a place of a text. ``longer``: capitalised words go on behind it, so it may be part of another name."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    end: int
    longer: bool
    sentence_start: bool

    @property
    def ends(self) -> Iterator[tuple[int, str]]:
        """Yield every end of the phrase that has a word before the last, the longest first, with its start."""
        for skip in range(len(self.words) - 1):
            yield self.starts[skip], " ".join(self.words[skip:])


def find_phrases(text: str) -> Iterator[Phrase]:
    """Yield the longest runs of capitalised words that end with Procedure, Orchestration or Standards."""
    for last in _LAST.finditer(text):
        tokens = _words_before(text, last.start())
        while tokens and tokens[0][1].casefold() in _MINOR:
            tokens.pop(0)
        if tokens:
            start = tokens[0][0]
            yield Phrase(
                words=(*(word for _, word in tokens), last[0]),
                starts=(*(at for at, _ in tokens), last.start()),
                end=last.end(),
                longer=bool(_LONGER.match(text, last.end())),
                sentence_start=_starts_sentence(text, start),
            )


def _words_before(text: str, end: int) -> list[tuple[int, str]]:
    """Walk back over words that can belong to a title."""
    begin = max(0, end - _WINDOW)
    window = text[begin:end]
    found: list[tuple[int, str]] = []
    if not window[-1:].isspace():
        return found
    for token in reversed(list(_TOKEN.finditer(window))):
        word = token[0] if token[0] in _MINOR else _CLINGING.sub("", token[0], count=1)
        if not word or token[0].endswith(_CLOSED) or not _fits(word) or len(found) == _MOST_WORDS:
            break
        found.append((begin + token.end() - len(word), word))
        if len(word) < len(token[0]):
            break
    return found[::-1]


def _fits(word: str) -> bool:
    return word in _MINOR or word[0].isdigit() or any(c.isupper() for c in word)


def _starts_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - _WINDOW) : start].rstrip().rstrip(_OPENING).rstrip()
    return not before or before[-1] in ".!?:;"


def find_hints(text: str) -> Iterator[int]:
    """Yield places around which a name could stand; where none is, nothing here finds one."""
    for last in _LASTS:
        at = text.find(last)
        while at != -1:
            yield at
            at = text.find(last, at + 1)
    yield from (match.start(1) for match in _TWO_CAPITALS.finditer(text))


class Titles:
    """Finds titles word for word: of three words or more, and none that find_phrases finds.

    Two capitalised words ("Pull Requests") are too often the thing itself, and not the document about it. Of
    thousands of titles only those are looked for of which two neighbouring words stand in the text.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self._by_pair: dict[tuple[str, str], list[str]] = {}
        for title in sorted(set(titles), key=len, reverse=True):
            if len(title.split()) >= _FEWEST_WORDS and not _LAST.search(title) and _is_name(title):
                self._by_pair.setdefault(next(_pairs(title)), []).append(title)

    def __bool__(self) -> bool:
        """Say whether there is any that is looked for."""
        return bool(self._by_pair)

    def search(self, text: str) -> Iterator[re.Match[str]]:
        """Yield each place where a title stands, the longest title there."""
        titles = {title for pair in _pairs(text) for title in self._by_pair.get(pair, ())}
        return _pattern(frozenset(titles)).finditer(text) if titles else iter(())


@lru_cache(maxsize=256)
def _pattern(titles: frozenset[str]) -> re.Pattern[str]:
    ordered = sorted(titles, key=lambda title: (-len(title), title))
    parts = (r"\s+".join(map(re.escape, title.split())) for title in ordered)
    before, behind = NAME_EDGES
    return re.compile(rf"{before}(?:{'|'.join(parts)}){behind}(?!\s+[A-Z])")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the neighbouring capitalised words, without what may cling to a name in a text: brackets and the like."""
    for first, second in pairwise(text.split()):
        if second[0].isupper():
            before, after = _LAST_LETTERS.search(first), _LETTERS.match(second)
            if before and after and not first.islower():
                yield before[0], after[0]


def _is_name(title: str) -> bool:
    """Say whether a title is capitalised throughout: else it may be an ordinary piece of a sentence."""
    words = title.split()
    return all(word in _MINOR or word[0].isupper() or word[0].isdigit() for word in words) and any(
        first[0].isupper() and second[0].isupper() for first, second in pairwise(words)
    )
