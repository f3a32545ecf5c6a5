"""Words of plans in the known languages; what each list is for is said in ``words.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path

_FILE = Path(__file__).with_name("words.toml")


@dataclass(frozen=True)
class Words:
    """The words of all languages together: what is meant by a word, and all other words by the name of their list.

    ``columns`` are "number" or "title"; ``statuses`` have their words in the order in which they count.
    """

    labels: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    lists: dict[str, set[str]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def read_words() -> Words:
    """Read the words of all languages; of two languages that read a word in two ways, the first counts."""
    words = Words()
    for language in tomllib.loads(_FILE.read_text(encoding="utf-8")).values():
        for key, names in language.pop("labels").items():
            home = words.columns if key in ("number", "title") else words.labels
            home |= {name: key for name in _spellings(names) if name not in home}
        for priority, names in language.pop("priority").items():
            words.priorities.update(dict.fromkeys(_spellings(names), priority))
        for status, names in language.pop("status").items():
            words.statuses.setdefault(status, []).extend(_spellings(names))
        for kind, names in language.items():
            words.lists.setdefault(kind, set()).update(_spellings(names))
    return words


def _spellings(names: Iterable[str]) -> list[str]:
    """Return words with their accents, and without, as many people write them."""
    parts = ((name, unicodedata.normalize("NFD", name)) for name in names)
    bare = ((name, unicodedata.normalize("NFC", re.sub("[\u0300-\u0304\u0327]", "", text))) for name, text in parts)
    return list(dict.fromkeys(chain.from_iterable(bare)))


def choice(words: Iterable[str]) -> str:
    """Return a pattern that matches one of some words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@lru_cache(maxsize=256)
def pattern(kinds: str, form: str = r"\b(?:{})\b") -> re.Pattern[str]:
    """Return a pattern for the words of some lists, which are joined by "|"; ``form`` says what is around a word."""
    words = set().union(*(read_words().lists[kind] for kind in kinds.split("|")))
    return re.compile(form.replace("{}", choice(words)), re.IGNORECASE)


def ends_in_noun(text: str) -> bool:
    """Say whether a title ends in a kind of document: "Oven runbook"."""
    return bool(pattern("nouns", r"(?:\b|-)(?:{})$").search(text))


@lru_cache(maxsize=1)
def bucket_pattern() -> re.Pattern[str]:
    """Return a pattern for what items are put into, with its number or name: "Phase 2", "Week 1-2", "Group A"."""
    place = r"(?:[A-Z]{0,2}\d+(?:\.\d+)?[A-Z]?(?:\s*[-–&/]\s*\d+)?|[IVX]+|[A-Z])"
    return pattern("buckets", rf"^(?:{{}})\s*#?{place}\b")
