"""Titles that stand in a text word for word, of thousands of titles, without trying each at each place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# Not within a word, a path or the text of a link.
_WORD = re.compile(r"(?<![\w/\[])\w+")
_AFTER = re.compile(r"[\w/\]]")
_LASTS = ("Procedure", "Orchestration", "Standards")
_FEWEST_WORDS = 3


class Names:
    """The titles that are names wherever they stand: they end like one, or have three words or more.

    Two words ("Pull Requests") are too often the thing itself, and not the document about it.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = {}
        for title in sorted(titles, key=len, reverse=True):
            first = _WORD.match(title)
            if first and _is_name(title):
                self._by_word.setdefault(first[0], []).append(title)

    def replace(self, text: str, write: Callable[[str], str]) -> str:
        """Return the text with ``write`` called for each title, the longest at its place."""
        if not self._by_word:
            return text
        pieces: list[str] = []
        end = 0
        for word in _WORD.finditer(text):
            if word.start() < end:
                continue
            title = self._at(text, word)
            if title:
                pieces += (text[end : word.start()], write(title))
                end = word.start() + len(title)
        return "".join((*pieces, text[end:]))

    def _at(self, text: str, word: re.Match[str]) -> str:
        for title in self._by_word.get(word[0], ()):
            after = word.start() + len(title)
            if text.startswith(title, word.start()) and not _AFTER.match(text, after):
                return title
        return ""


def _is_name(title: str) -> bool:
    words = title.split()
    return len(words) >= _FEWEST_WORDS or (len(words) > 1 and words[-1] in _LASTS)
