"""Weak signs that a document tells what to do: none of them decides alone, and two of them do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

from procauthor.adoption.form import count_words
from procauthor.convention.word import words
from procauthor.markdown.document import Document
from procauthor.regex import any_of, lazy

# So many signs have to agree.
_AGREE = 2
# A text with fewer words is a pointer or a stub, unless it has several items.
_SAYS_LITTLE = 12
# Orders begin so many of the sentences and items.
_FEWEST_ORDERS = 2
_ORDERS = 0.12
# So many of the words speak to the reader, or so many phrases oblige one.
_READER = 0.02
_FEWEST_DUTIES = 2
_SENTENCE = lazy(r"(?<=[.!?:;])\s+|\n")
_WORD = lazy(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def shows_work(titles: Iterable[str], document: Document) -> bool:
    """Say whether several signs agree that a document tells what to do; one of them is an order.

    Orders are in its title ("Restore a backup", "Restoring backups"), begin its sentences and items, or are what a
    heading says that comes ("What to do"). Code, and words that speak to the reader, say less: descriptions have them,
    too.

    Args:
        titles: What the document is called.
        document: The document.
    """
    pieces = [item.text for item in chain.from_iterable(block.items for block in document.blocks)]
    if count_words(document) < _SAYS_LITTLE and len(pieces) < _AGREE:
        return False
    orders = any(map(is_order, titles)) + _begins_with_orders([*pieces, *_paragraphs(document)]) + _has_order(document)
    if not orders or any(map(_is_rule, titles)):
        return False
    code = any(block.kind == "code" for block in document.blocks)
    return orders + code + _speaks_to_reader(plain_text(document)) >= _AGREE


def is_description(title: str) -> bool:
    """Say whether a title says that its document describes something: "About us", "Architectural overview"."""
    tokens = _WORD.findall(title.casefold()) or [""]
    table = _table()
    return tokens[0] in table["about"] or (len(tokens) > 1 and tokens[-1] in table["descriptions"])


def plain_text(document: Document) -> str:
    """Return the text of a document below its headings."""
    return " ".join(run.text for run in document.runs if not run.heading)


def count_duties(text: str) -> int:
    """Return how many phrases of a text oblige its reader."""
    return len(_duties().findall(text))


def _is_rule(title: str) -> bool:
    """Say whether a title says that its document holds rules or shows a form."""
    return (_WORD.findall(title.casefold()) or [""])[-1] in _table()["rules"]


def is_order(title: str) -> bool:
    """Say whether a title or an item says what is done, in several languages: by its first word or its last one."""
    tokens = _WORD.findall(title) or [""]
    first, last, table = tokens[0].casefold(), tokens[-1], _table()
    gerund = first.endswith(tuple(table["gerunds"])) and first not in table["things"]
    # An infinitive is behind what is done, and is no noun.
    infinitive = last.islower() and last.endswith(tuple(table["infinitives"])) and len(tokens) > 1
    return first in _verbs() or gerund or infinitive


def _has_order(document: Document) -> bool:
    """Say whether a heading below the title says that orders come."""
    headings = (section.title.casefold() for section in document.sections if section.heading and section.level > 1)
    return any(map(_headings().match, headings))


def _begins_with_orders(texts: Iterable[str]) -> bool:
    sentences = chain.from_iterable(map(_SENTENCE.split, texts))
    begun = [first for sentence in sentences if (first := _first_word(sentence))]
    return sum(first in _verbs() for first in begun) >= max(_FEWEST_ORDERS, len(begun) * _ORDERS)


def _first_word(sentence: str) -> str:
    """Return the word that a sentence begins with, behind what leads in to an order, such as "then"."""
    tokens = (match[0].casefold() for match in _WORD.finditer(sentence))
    return next((token for token in tokens if token not in _table()["leads"]), "")


def _paragraphs(document: Document) -> Iterator[str]:
    yield from (document.source.slice(b.start, b.end) for b in document.blocks if b.kind == "paragraph")


def _speaks_to_reader(text: str) -> bool:
    spoken = len(_readers().findall(text))
    return spoken >= max(1, len(text.split()) * _READER) or count_duties(text) >= _FEWEST_DUTIES


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = words()["survey"]["orders"]
    return table


@lru_cache(maxsize=1)
def _verbs() -> frozenset[str]:
    return frozenset(_table()["verbs"])


@lru_cache(maxsize=1)
def _headings() -> re.Pattern[str]:
    return _phrases(_table()["headings"])


@lru_cache(maxsize=1)
def _readers() -> re.Pattern[str]:
    return _phrases(_table()["readers"])


@lru_cache(maxsize=1)
def _duties() -> re.Pattern[str]:
    return _phrases(words()["survey"]["duties"])


def _phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{any_of(phrases)})\b", re.IGNORECASE)
