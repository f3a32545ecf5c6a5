"""Words of a text as the index compares them: identifiers split, stems, and groups of synonyms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from procauthor.retrieval.chunk import Chunk

_WORD = re.compile(r"[^\W_]+")
_JOINED = re.compile(r"\b\w*[a-z0-9][A-Z]\w*\b")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_LONGEST_WORD = 30
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

    words: dict[str, tuple[str, ...]]
    phrases: dict[tuple[str, ...], tuple[str, ...]]
    first: frozenset[str]


def read_passage(chunk: Chunk) -> str:
    """Return the text that a chunk is found by: where it stands, and what it says."""
    return "\n".join((chunk.title, read_path(chunk.path), " ".join(chunk.headings), chunk.context, chunk.text))


def read_path(path: str) -> str:
    """Return the words of a path."""
    return re.sub(r"[/._-]+", " ", path.removesuffix(".md"))


def split_identifiers(text: str) -> str:
    """Return the parts of the joined words of a text: ``KubePodCrashLooping`` gives four."""
    return " ".join(part for word in _JOINED.findall(text) for part in _PART.findall(word))


def spell_out(text: str) -> str:
    """Return the text, followed by the parts of its joined words."""
    parts = split_identifiers(text)
    return f"{text} {parts}" if parts else text


def list_terms(query: str) -> list[str]:
    """Return the distinct words of a query; a query of stop words only keeps them."""
    words = list(dict.fromkeys(re.findall(r"\w+", spell_out(query).lower())))
    return [word for word in words if word not in STOP_WORDS] or words


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Return the stem of an English word: ``deleting`` and ``deletes`` meet."""
    if len(word) >= _LONGEST_WORD:
        # No word of a language is that long, and finding the stem takes the square of the length.
        return word
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    from snowballstemmer import stemmer

    return stemmer("english")


def list_words(text: str) -> list[str]:
    """Return the words of a text in lower case, those of joined words too."""
    return _WORD.findall(spell_out(text).lower())


def list_concepts(text: str) -> list[str]:
    """Return the groups of synonyms that a text speaks of, once for each time that it does."""
    return _concepts([stem(word) for word in list_words(text)])


def list_features(text: str) -> list[str]:
    """Return the stems of a text without stop words and numbers."""
    words = list_words(text)
    return [stem(w) for w in words if w not in STOP_WORDS and 1 < len(w) < _LONGEST_WORD and not w.isdigit()]


def _concepts(stems: list[str]) -> list[str]:
    known = _synonyms()
    found: list[str] = []
    for place, word in enumerate(stems):
        found += known.words.get(word, ())
        if word in known.first:
            for size in range(2, _LONGEST_PHRASE + 1):
                found += known.phrases.get(tuple(stems[place : place + size]), ())
    return found


@cache
def _synonyms() -> Synonyms:
    words: dict[str, set[str]] = {}
    phrases: dict[tuple[str, ...], set[str]] = {}
    lines = Path(__file__).with_name("synonym.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(line for line in lines if not line.startswith("#")):
        for entry in line.split():
            stems = tuple(stem(word) for word in entry.split("-"))
            if len(stems) == 1:
                words.setdefault(stems[0], set()).add(f"concept{number}")
            else:
                phrases.setdefault(stems, set()).add(f"concept{number}")
    return Synonyms(
        {word: tuple(sorted(groups)) for word, groups in words.items()},
        {phrase: tuple(sorted(groups)) for phrase, groups in phrases.items()},
        frozenset(phrase[0] for phrase in phrases),
    )
