"""Words of plans in the known languages: labels, priorities, statuses, kinds of documents, what items are put into."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("words.toml")
_COLUMNS = ("number", "title")


@dataclass(frozen=True)
class Words:
    """The words of all languages together.

    Attributes:
        labels: Keys of fields by label.
        columns: "number" or "title" by the heading of a column.
        priorities: P0 to P3 by word.
        statuses: Words by the status that they stand for.
        nouns: Kinds of documents, such as "procedure" and "runbook".
        units: What an item is called before its number, such as "task".
        buckets: What items are put into, such as "phase" and "week".
        every: What stands for all items.
        nothing: What says that there is nothing.
        beside: Columns that hold neither titles nor fields, such as "owner".
        asides: Ends of headings, and columns, whose lines are no items, such as "risks".
    """

    labels: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    nouns: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    buckets: set[str] = field(default_factory=set)
    every: set[str] = field(default_factory=set)
    nothing: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    asides: set[str] = field(default_factory=set)

    @cached_property
    def noun(self) -> re.Pattern[str]:
        """A kind of document at the end of a title."""
        return re.compile(rf"(?:\b|-)(?:{choice(self.nouns)})$", re.IGNORECASE)

    @cached_property
    def plural(self) -> re.Pattern[str]:
        """Kinds of documents in the plural, anywhere in a heading: "Runbooks to write"."""
        return re.compile(rf"\b(?:{choice(self.nouns)})(?:s|es)\b", re.IGNORECASE)

    @cached_property
    def bucket(self) -> re.Pattern[str]:
        """What items are put into, with its number or name: "Phase 2", "Week 1-2", "Task Group A"."""
        place = r"(?:\d+(?:\.\d+)?(?:\s*[-–&/]\s*\d+)?|[IVX]+|[A-Z])"
        return re.compile(rf"^(?:{choice(self.buckets)})\s*#?{place}\b", re.IGNORECASE)

    @cached_property
    def unit(self) -> str:
        """The pattern of what an item is called before its number."""
        return rf"(?:(?:priority|action|work)\s+)?(?:{choice(self.units)})s?\.?"

    @cached_property
    def aside(self) -> re.Pattern[str]:
        """The end of a heading whose lines are no items."""
        return re.compile(rf"(?:^|[\s:&/-])(?:{choice(self.asides)})$", re.IGNORECASE)

    @cached_property
    def said(self) -> list[tuple[str, re.Pattern[str]]]:
        """Statuses with their words, in the order in which they count."""
        return [(key, re.compile(rf"\b(?:{choice(words)})\b", re.IGNORECASE)) for key, words in self.statuses.items()]


@lru_cache(maxsize=1)
def read_words() -> Words:
    """Read the words of all languages; of two languages that read a word in two ways, the first counts."""
    languages: dict[str, dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    words = Words()
    for language in languages.values():
        for key, names in language["labels"].items():
            home = words.columns if key in _COLUMNS else words.labels
            for name in names:
                home.setdefault(name, key)
        for priority, names in language["priority"].items():
            words.priorities.update(dict.fromkeys(names, priority))
        for status, names in language["status"].items():
            words.statuses.setdefault(status, []).extend(names)
        for kind in ("nouns", "units", "buckets", "every", "nothing", "beside", "asides"):
            getattr(words, kind).update(language[kind])
    return words


def choice(words: Iterable[str]) -> str:
    """Return a pattern that matches one of some words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
