"""Words of a text as the index compares them: identifiers split, stems, and groups of synonyms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from unicodedata import combining, normalize

from procauthor.naming import LONGEST_WORD, stem
from procauthor.retrieval.chunk import Chunk

_WORD = re.compile(r"[^\W_]+")
_JOINED = re.compile(r"[a-z0-9][A-Z]")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_LONGEST_PHRASE = 3

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
    first: frozenset[str]


def read_passage(chunk: Chunk) -> str:
    """Return the text that a chunk is found by: where it stands, and what it says."""
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
    return list(chain.from_iterable(map(read_word, _WORD.findall(text))))


def is_common(word: str) -> bool:
    """Say whether a stem is that of a word which stands everywhere."""
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


def list_concepts(stems: Sequence[str]) -> list[int]:
    """Return the groups of synonyms that the words of a text belong to, once for each time that one does."""
    known, present = _synonyms(), set(stems)
    concepts: list[int] = []
    for word in present & known.words.keys():
        concepts += known.words[word] * stems.count(word)
    if known.first & present:
        for place in (place for place, word in enumerate(stems) if word in known.first):
            for size in range(2, _LONGEST_PHRASE + 1):
                concepts += known.phrases.get(tuple(stems[place : place + size]), ())
    return concepts


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
        frozenset(phrase[0] for phrase in phrases),
    )
