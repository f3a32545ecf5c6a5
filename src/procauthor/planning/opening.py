"""What opens a plan's item: its number or code, its title, its fields; and what headings and labels above it say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from procauthor.markdown.document import Section
from procauthor.planning.field import Field
from procauthor.planning.line import Line, plain_text, strip_pictures
from procauthor.planning.value import PRIORITY_CODE, REMEMBERED, begins_with_priority, read_priority, read_status
from procauthor.planning.words import bucket_pattern, choice, pattern, read_words
from procauthor.regex import lazy

# "Pillar 1: Principles" is a heading over work, whatever the word.
_PARTED = lazy(r"^\W*[^\W\d_]+\s+(?:\d+|[A-Z])\s*[:.–—-]\s")
_SHORT_HEADING = 3
LABEL = lazy(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)([^*\n]+?)\s*:?\s*(?:\*\*|__)\s*:?\s*$")


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one item or a range of items: its number (0 where it has none), its title, its fields.

    ``label`` is a line in bold above it, such as **P0**, in the same section; ``code`` is what the plan calls the
    item where that is no whole number, as in "P0-1: Data Design Procedure" or "1.2 Data Design". ``place`` says which
    table, list or family of headings it belongs to, ``said`` what the line says up to its first field.
    """

    first: int
    last: int
    title: str
    line: Line
    end: int
    section: Section
    fields: tuple[Field, ...] = ()
    scope_end: int = 0
    label: str = ""
    code: str = ""
    place: int = 0
    said: str = ""

    def field(self, *keys: str) -> str:
        """Return the text of the first field with one of these keys."""
        return next((text for f in self.fields if f.key in keys and (text := f.single)), "")

    def all(self, key: str) -> list[Field]:
        """Return all fields of a key."""
        return [f for f in self.fields if f.key == key]

    def values(self, key: str) -> Iterator[tuple[str, int]]:
        """Yield the texts of all fields of a key, each with its line."""
        return chain.from_iterable(f.values for f in self.all(key))


@lru_cache(maxsize=REMEMBERED)
def names_priority(text: str) -> bool:
    """Say whether a heading or a label names a priority: "P0 - Critical", "Priority 1", "Must have", "High"."""
    if read_priority(text) is None:
        return False
    # "Critical dependencies" and "High-risk areas" rank nothing.
    rest = re.sub(r"[(\[][^()\[\]]*[)\]]", " ", without_bucket(text)).lstrip(" .:)–—-")
    return _is_urgent(text) or (not names_aside(text) and begins_with_priority(rest))


def _is_urgent(text: str) -> bool:
    return bool(PRIORITY_CODE.search(text) or re.search(r"\bprio\w*\b|\bhave\b", text, re.IGNORECASE))


@lru_cache(maxsize=REMEMBERED)
def names_aside(text: str) -> bool:
    """Say whether the lines below a heading or a label are no items: risks, a legend, success criteria, notes."""
    plain = re.sub(r"\s*[(\[][^()\[\]]*[)\]]", "", plain_text(text)).strip(" .:!?⚠️")
    aside = pattern("asides", r"(?:^|[\s:&/-])(?:{})$").search(plain)
    # "Investigate Button on Alerts" is a title.
    short = aside and len(plain[: aside.start()].split()) < _SHORT_HEADING
    return bool(short) and not (_is_urgent(text) or _PARTED.match(plain))


@lru_cache(maxsize=REMEMBERED)
def names_check(text: str) -> bool:
    """Say whether boxes below a heading are looked at and not worked off: "Pre-launch checklist", "Quality gates"."""
    return bool(pattern("checks").search(plain_text(text))) and not _PARTED.match(plain_text(text))


def asks_for_documents(text: str) -> bool:
    """Say whether a heading is one over documents to write: "Runbooks to write", "Missing procedures"."""
    return bool(pattern("nouns", r"\b(?:{})(?:s|es)\b").search(text)) and not names_aside(text)


@lru_cache(maxsize=REMEMBERED)
def names_status(text: str) -> str:
    """Return the status that a heading says of all that is below it, as "✅ Completed" and "In progress" do, or ""."""
    words = re.findall(r"[^\W_]+", strip_pictures(plain_text(text)))
    # "V1 done definition" says nothing of the kind.
    ends = words and any(map(read_status, (words[0], words[-1], " ".join(words[:2]))))
    return read_status(" ".join(words)) if ends and len(words) <= _SHORT_HEADING else ""


@lru_cache(maxsize=REMEMBERED)
def names_bucket(text: str) -> bool:
    """Say whether a heading or a label names what items are put into: "Phase 2: Access", "Week 1"."""
    return bool(bucket_pattern().match(strip_pictures(plain_text(text))))


def bucket_key(text: str) -> str:
    """Return "phase 2" for "Phase 2: Access" and "group 1" for "Task Group 1"; empty where no bucket is named."""
    bucket = bucket_pattern().match(strip_pictures(plain_text(text)))
    return " ".join(re.findall(r"[^\W_]+(?:\.\d+)*", bucket[0].casefold())[-2:]) if bucket else ""


def without_bucket(text: str) -> str:
    """Return "Verify scripts" for "Priority 1: Verify scripts"."""
    return bucket_pattern().sub("", strip_pictures(plain_text(text)), count=1).lstrip(" .:)–—-")


@lru_cache(maxsize=2)
def needs_pattern(*, of_code: bool = False) -> re.Pattern[str]:
    """What a line waits for, in words: "(depends on Data Design Procedure)"; ``of_code`` only "(depends on T001)"."""
    needs, after = (choice(read_words().lists[kind]).replace(r"\ ", r"\s+") for kind in ("needs", "after"))
    # "Clean up after the feast" waits for nothing.
    after = rf"(?:{after})\s+(?=(?:l['’]|la\s|le\s|el\s|o\s|a\s|the\s)?[(\[\"“*`]*(?-i:[A-Z0-9#]))"
    names = r"(?=#?\d|[A-Z]{1,10}[-_]?\d)" if of_code else ""
    names += r"(?P<names>[^()]+(?:\([^()]*\)[^()]*)*)"
    return re.compile(rf"(?:^|[\s(,;–—-])(?:(?:{needs})\s*:?\s+|{after}){names}", re.IGNORECASE)
