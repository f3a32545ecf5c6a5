"""Open questions: each once, in its last wording, and with the places of the library that may answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from procauthor.authoring.passage import Search, is_usable
from procauthor.library.library import Library
from procauthor.library.question import UNVERIFIED
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.word import list_features

_LOOKED_AT = 8
_KEPT = 2
_SHOWN = 400
# Fewer words than these are too few to see that two questions are the same.
_LEAST_SAID = 3
_NUMBER = re.compile(r"\d+")
# A place that shares fewer words with a question says nothing of it.
_LEAST_SHARED = 2
_LEAST_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Lead:
    """A place of the library that may answer a question. ``text`` is the beginning of what it says."""

    question: str
    path: str
    title: str
    heading: str
    line: int
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return asdict(self)


def join_questions(before: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """Return all questions, each once; of two of which one only says more than the other, the one that says more."""
    joined: list[str] = []
    said: list[frozenset[str]] = []
    places: dict[str, int] = {}
    for question in (*before, *new):
        words = _said(question)
        place = places.get(question)
        if place is None:
            place = next((number for number, others in enumerate(said) if _is_same(words, others)), len(joined))
        if place == len(joined):
            joined.append(question)
            said.append(words)
        elif len(words) > len(said[place]):
            joined[place], said[place] = question, words
        places[question] = place
    return tuple(joined)


def find_leads(questions: Sequence[str], library: Library, search: Search, path: str) -> tuple[Lead, ...]:
    """Return where the library may answer the questions of a draft, the best places of each question first.

    Args:
        questions: What is asked; a claim that nobody could verify was looked up before, and is left out.
        library: Where the documents are.
        search: Finds chunks for a query, the best first.
        path: Where the draft is or will be: it does not answer itself.
    """
    asked = [question for question in questions if not question.startswith(UNVERIFIED)]
    return tuple(lead for question in asked for lead in _leads(question, library, search, path))


def _leads(question: str, library: Library, search: Callable[[str, int], Sequence[Chunk]], path: str) -> list[Lead]:
    words = _words(question)
    least = max(_LEAST_SHARED, round(len(words) * _LEAST_SHARE))
    usable = (c for c in search(question, _LOOKED_AT) if c.path != path and is_usable(library, c))
    fitting = (c for c in usable if len(words & _words(f"{c.heading} {c.text}")) >= least)
    return [
        Lead(question, chunk.path, chunk.title, chunk.heading, chunk.line, " ".join(chunk.text.split())[:_SHOWN])
        for chunk, _ in zip(fitting, range(_KEPT), strict=False)
    ]


def _words(text: str) -> frozenset[str]:
    return frozenset(list_features(text))


def _said(question: str) -> frozenset[str]:
    """Return words and numbers of a question: step 3 is not step 4. A doubtful claim counts only as a whole."""
    if question.startswith(UNVERIFIED):
        return frozenset()
    return _words(question) | frozenset(_NUMBER.findall(question))


def _is_same(words: frozenset[str], others: frozenset[str]) -> bool:
    """Say whether all that one of two questions says is in the other."""
    return min(len(words), len(others)) >= _LEAST_SAID and (words <= others or others <= words)
