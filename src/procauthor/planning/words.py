"""Words of plans in the known languages: labels, priorities, kinds of documents, and what items are put into."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("words.toml")


@dataclass(frozen=True)
class Words:
    """The words of all languages together.

    Attributes:
        labels: Keys of fields by label; the keys ``number`` and ``title`` are for columns of tables only.
        priorities: P0 to P3 by word.
        nouns: Kinds of documents, such as "procedure" and "runbook".
        buckets: What items are put into, such as "phase" and "week".
    """

    labels: dict[str, str]
    columns: dict[str, str]
    priorities: dict[str, str]
    nouns: frozenset[str]
    buckets: frozenset[str]

    @cached_property
    def noun(self) -> re.Pattern[str]:
        """A kind of document at the end of a title."""
        return re.compile(rf"(?:\b|-)(?:{_choice(self.nouns)})$", re.IGNORECASE)

    @cached_property
    def bucket(self) -> re.Pattern[str]:
        """What items are put into, with its number or name: "Phase 2", "Week 1-2", "Task Group A"."""
        place = r"(?:\d+(?:\s*[-–&/]\s*\d+)?|[IVX]+|[A-Z])"
        return re.compile(rf"^(?:{_choice(self.buckets)})\s*#?{place}\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def read_words() -> Words:
    """Read the words of all languages."""
    languages: dict[str, dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    labels: dict[str, str] = {}
    columns: dict[str, str] = {}
    priorities: dict[str, str] = {}
    nouns: set[str] = set()
    buckets: set[str] = set()
    for language in languages.values():
        for key, names in language["labels"].items():
            home = columns if key in ("number", "title") else labels
            for name in names:
                home.setdefault(name, key)
        for priority, names in language["priority"].items():
            priorities |= dict.fromkeys(names, priority)
        nouns |= set(language["nouns"])
        buckets |= set(language["buckets"])
    return Words(labels, columns, priorities, frozenset(nouns), frozenset(buckets))


def _choice(words: frozenset[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
