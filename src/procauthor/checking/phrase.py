"""Names of documents in running text: capitalised words that end like a title, and titles word for word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

_LAST = re.compile(r"\b(?:Procedures?|Orchestrations?|Standards)\b(?![-/\w])")
_TOKEN = re.compile(r"\S+")
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by", "&", "/", "-", "–"})
_CLOSED = (",", ";", ":", ".", "!", "?", ")", "]", '"', "”", "»", "|")
_OPENING = "([{\"'“‘«"
_MOST_WORDS = 10
_FEWEST_WORDS = 3
_WINDOW = 160
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
        word = token[0].lstrip(_OPENING)
        if not word or token[0].endswith(_CLOSED) or not _fits(word) or len(found) == _MOST_WORDS:
            break
        found.append((begin + token.end() - len(word), word))
        if len(word) < len(token[0]):
            break
    return found[::-1]


def _fits(word: str) -> bool:
    return word in _MINOR or word[0].isupper() or word[0].isdigit()


def _starts_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - _WINDOW) : start].rstrip().rstrip(_OPENING).rstrip()
    return not before or before[-1] in ".!?:;"


def title_pattern(titles: Collection[str]) -> re.Pattern[str] | None:
    """Return a pattern for titles word for word: of three words or more, and none that find_phrases finds.

    Two capitalised words ("Pull Requests") are too often the thing itself, and not the document about it.
    """
    wanted = [t for t in titles if len(t.split()) >= _FEWEST_WORDS and not _LAST.search(t) and _is_name(t)]
    if not wanted:
        return None
    parts = (r"\s+".join(map(re.escape, t.split())) for t in sorted(wanted, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])(?!\s+[A-Z])")


def _is_name(title: str) -> bool:
    """Say whether a title is capitalised throughout: else it may be an ordinary piece of a sentence."""
    words = title.split()
    return all(word in _MINOR or word[0].isupper() or word[0].isdigit() for word in words) and any(
        first[0].isupper() and second[0].isupper() for first, second in pairwise(words)
    )
