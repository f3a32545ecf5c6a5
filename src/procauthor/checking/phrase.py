"""Names of documents and ids of rules in running text, and the nearest of many names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain, pairwise

import msgspec
from msgspec import Struct

from procauthor.data import grouped, ungrouped
from procauthor.library.library import Procedure
from procauthor.library.stored import Stored
from procauthor.markdown.document import Source
from procauthor.markdown.passage import PlainText, read_prose
from procauthor.naming import NAME_EDGES
from procauthor.procedure import Status
from procauthor.regex import lazy

_LAST = lazy(r"\b(?:Procedures?|Orchestrations?|Standards)\b(?![-/\w])")
_TOKEN = lazy(r"\S+")
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by", "&", "/", "-", "–"})
_CLOSED = (",", ";", ":", ".", "!", "?", ")", "]", '"', "”", "»", "|")
_OPENING = "([{\"'“‘«"
# Signs that cling to a name in a text, such as "==" or "$"; the point of ".NET" belongs to it.
_CLINGING = lazy(r"\A(?:(?!\.\w)[\W_])*+")
_MOST_WORDS = 10
_FEWEST_WORDS = 3
_FEWEST_IN_NAME = 2
_WINDOW = 160
_LASTS = ("Procedure", "Orchestration", "Standards")
# Words and gaps are taken whole, so that a word without end is read once. No line ends within a passage.
_TWO_CAPITALS = lazy("(?<!\\S)[^A-Z\x80-\U0010ffff\\s]*+([A-Z\x80-\U0010ffff])\\S*+[^\\S\\n]++(?=[A-Z\x80-\U0010ffff])")
_LETTERS = lazy(r"\w+")
_LAST_LETTERS = lazy(r"(?<!\w)\w++(?=\W*+$)")
_LONGER = lazy(r"\s+[A-Z]")


class Phrase(Struct, frozen=True):
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


def odd_title(title: str) -> re.Pattern[str] | None:
    """Return the pattern of a title that ends as names do, but whose signs hide its beginning from find_phrases."""
    words = title.split()
    if len(words) < _FEWEST_IN_NAME or not _LAST.search(words[-1]):
        return None
    if any(phrase.starts[0] == 0 and phrase.end == len(title) for phrase in find_phrases(title)):
        return None
    return _pattern(frozenset({title}))


def _words_before(text: str, end: int) -> list[tuple[int, str]]:
    """Walk back over words that can belong to a title."""
    begin = max(0, end - _WINDOW)
    window = text[begin:end]
    words: list[tuple[int, str]] = []
    if not window[-1:].isspace():
        return words
    for token in reversed(list(_TOKEN.finditer(window))):
        word = token[0] if token[0] in _MINOR else _CLINGING.sub("", token[0], count=1)
        if not word or token[0].endswith(_CLOSED) or not _fits(word) or len(words) == _MOST_WORDS:
            break
        words.append((begin + token.end() - len(word), word))
        if len(word) < len(token[0]):
            break
    return words[::-1]


def _fits(word: str) -> bool:
    return word in _MINOR or word[0].isdigit() or any(c.isupper() for c in word)


def _starts_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - _WINDOW) : start].rstrip().rstrip(_OPENING).rstrip()
    return not before or before[-1] in ".!?:;"


def find_hints(text: str) -> Iterator[int]:
    """Yield places around which a name could be; where none is, nothing here finds one."""
    for last in _LASTS:
        at = text.find(last)
        while at != -1:
            yield at
            at = text.find(last, at + 1)
    yield from (match.start(1) for match in _TWO_CAPITALS.finditer(text))


class Titles:
    """Finds titles word for word: of three words or more, and none that find_phrases finds.

    Two capitalised words ("Pull Requests") are too often the thing itself, and not the document about it. Of
    thousands of titles only those are looked for of which two neighbouring words are in the text.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        sized = (title for title in sorted(set(titles), key=len, reverse=True) if len(title.split()) >= _FEWEST_WORDS)
        named = (title for title in sized if not _LAST.search(title) and _is_name(title))
        self._by_pair = grouped((next(_pairs(title)), title) for title in named)

    def __bool__(self) -> bool:
        """Say whether there is any that is looked for."""
        return bool(self._by_pair)

    def search(self, text: str) -> Iterator[re.Match[str]]:
        """Yield each place where a title is, the longest title there."""
        titles = set(chain.from_iterable(self._by_pair.get(pair, ()) for pair in _pairs(text)))
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


_NEW_ITEM = lazy(rb"[ \t>]*(?:[-*+]|\d+[.)])[ \t]")


class Paragraphs:
    """Where the paragraphs, list items and table rows of a text begin.

    Args:
        source: The text, read once.
    """

    def __init__(self, source: Source) -> None:
        raw, starts = source.raw, source.line_starts
        self._starts = [0]
        before = b""
        for start, end in zip(starts, [*starts[1:], len(raw)], strict=True):
            line = raw[start:end].strip()
            if _divided(before, line):
                self._starts.append(start)
            before = line
        self._starts.append(len(raw))

    def around(self, offset: int) -> tuple[int, int]:
        """Return the span of the paragraph around an offset."""
        place = min(bisect_right(self._starts, offset), len(self._starts) - 1)
        return self._starts[place - 1], self._starts[place]


def _divided(before: bytes, after: bytes) -> bool:
    """Say whether something new begins with the second of two lines."""
    if not before or not after or _NEW_ITEM.match(after):
        return True
    return before.startswith((b"|", b"#")) or after.startswith((b"|", b"#"))


class Spans:
    """Spans that do not overlap; says whether an offset lies in one, without looking at all of them."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _ in self._spans]

    def __contains__(self, at: int) -> bool:
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self._spans[place][1]


_RAREST = 6
_MOST_COMMON = 300
_CANDIDATES = 12


class Nearest:
    """Finds near names by the rarest of the three-letter pieces that they share, then by likeness.

    Args:
        names: What may be meant.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))
        every = ungrouped((place, _pieces(name)) for place, name in enumerate(self._names))
        self._pieces = grouped((piece, place) for place, piece in every)

    def find(self, name: str, cutoff: float) -> str:
        """Return the name that is most like this one, or an empty string where none is like it enough."""
        known = sorted((p for p in _pieces(name) if p in self._pieces), key=lambda p: (len(self._pieces[p]), p))
        shared: Counter[int] = Counter()
        for piece in known[:_RAREST]:
            shared.update(self._pieces[piece][:_MOST_COMMON])
        candidates = [self._names[place] for place, _ in shared.most_common(_CANDIDATES)]
        close = get_close_matches(name, candidates, n=1, cutoff=cutoff)
        return close[0] if close else ""


def _pieces(name: str) -> set[str]:
    """Return the three-letter pieces of a name; a very long one is known by its beginning."""
    text = f" {name.casefold()[:200]} "
    return {text[at : at + 3] for at in range(len(text) - 2)}


# In every id of a rule; two digits and a dash are rare, and quickly found.
_NUMBER = lazy(r"-\d\d")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[PlainText, ...]).decode


def read_notes(procedure: Procedure) -> Sequence[PlainText]:
    """Return the passages of a document, from what was kept of it or from its text."""
    if isinstance(procedure, Stored):
        return decode_notes(procedure.notes)
    prose = read_prose(procedure.document)
    places = chain(find_hints(prose.text), (match.start() for match in _NUMBER.finditer(prose.text)))
    return [p for p in prose.around(places) if not p.heading]


def decode_notes(notes: bytes) -> Sequence[PlainText]:
    """Return the passages of a document as they were written."""
    return _decode(notes) if notes else ()


def write_notes(procedure: Procedure) -> bytes:
    """Return the passages of a document as they are kept."""
    notes = read_notes(procedure)
    return _encode(tuple(notes)) if notes else b""


# One id alone may be anything, such as the name of a form or a ticket.
_FEWEST = 2


class Series(Struct, frozen=True):
    """The known ids with one prefix and so many digits, and the path of the first standard that states some."""

    ids: frozenset[str]
    path: str


def series_of(name: str) -> str:
    """Return the form of an id: ``TST-00`` for ``TST-04``."""
    return re.sub(r"\d", "0", name)


def read_series(standards: Collection[Procedure], gone: Collection[Status]) -> Mapping[str, Series]:
    """Return the series that standards state, by form. One that is gone states nothing, but its ids are known."""
    known = grouped((series_of(name), name) for name in chain.from_iterable(s.known_rules for s in standards))
    rules = ungrouped((s.path, s.stated_rules) for s in standards if s.status not in gone)
    stated = grouped((series_of(name), (name, path)) for path, name in rules)
    series = ((form, {name for name, _ in own}, own[0][1]) for form, own in stated.items())
    return {form: Series(frozenset(known[form]), path) for form, ids, path in series if len(ids) >= _FEWEST}
