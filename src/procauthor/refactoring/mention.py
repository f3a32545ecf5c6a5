"""Where running text names a document by its title."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from procauthor.checking.phrase import Phrase, Titles, find_phrases
from procauthor.checking.scope import Scope
from procauthor.library.library import Procedure
from procauthor.markdown.passage import PlainText, read_passages
from procauthor.naming import title_key
from procauthor.regex import lazy

_ARTICLES = frozenset({"the", "a", "an"})
# A capitalised word before a name is part of another name, unless one of these stands between.
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by"})
_SPACE = lazy(r"[\s>]+")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in running text, and where it begins in its passage."""

    host: Procedure
    passage: PlainText
    start: int
    text: str

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the bytes of letters of the name; None where emphasis begins or ends between them."""
        first = self.passage.offset(self.start + start)
        last = _end_offset(self.passage, self.start + end)
        raw = self.host.document.source.raw[first:last].decode(errors="replace")
        plain = html.unescape(raw.replace("\\", ""))
        return (first, last) if _SPACE.sub(" ", plain) == _SPACE.sub(" ", self.text[start:end]) else None


def find_mentions(scope: Scope, host: Procedure, target: Procedure) -> Iterator[Mention]:
    """Yield where a document names another one, or itself, outside of links and code.

    A name that several documents share counts only where the one in reach is the target. A longer name that ends with
    the title is another name.
    """
    titles = Titles({target.title})
    for passage in read_passages(host.document):
        taken: list[tuple[int, int]] = []
        for phrase in find_phrases(passage.text):
            taken.append((phrase.starts[0], phrase.end))
            start = _start_of_name(scope, host, target, phrase)
            if start is not None:
                yield Mention(host, passage, start, passage.text[start : phrase.end])
        for match in titles.search(passage.text):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                yield Mention(host, passage, match.start(), match[0])


def _start_of_name(scope: Scope, host: Procedure, target: Procedure, phrase: Phrase) -> int | None:
    """Return where the name of the target starts: the longest end of the phrase that is a known name must be it."""
    ends = list(phrase.ends)
    for place, (start, words) in enumerate(ends):
        key = title_key(words)
        if key in scope.announced and key != target.key:
            return None
        found = (host,) if key == host.key else scope.named(key, host)
        if found:
            if found != (target,) or not _begins(phrase, place):
                return None
            # The key of "The API Design Procedure" is that of the name without its article.
            skip = phrase.words[place].casefold() in _ARTICLES and title_key(words.partition(" ")[2]) == key
            return ends[place + 1][0] if skip else start
    return None


def _begins(phrase: Phrase, place: int) -> bool:
    """Say whether a name can begin there: of "Define Test Plan Procedure", the verb opens the sentence."""
    if place == 0 or phrase.words[place].casefold() in _ARTICLES or phrase.words[place - 1].casefold() in _MINOR:
        return True
    return place == 1 and phrase.sentence_start


def _end_offset(passage: PlainText, end: int) -> int:
    """Return the byte offset behind the last character before ``end``."""
    for run, start in zip(reversed(passage.runs), reversed(passage.starts), strict=True):
        if start < end:
            inside = end - start
            return run.end if inside >= len(run.text) else run.start + len(run.text[:inside].encode())
    return passage.runs[0].start
