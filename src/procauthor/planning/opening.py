"""What opens a plan's item: its number or code, its title, its fields; and what headings and labels above it say."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from procauthor.markdown.document import Section
from procauthor.planning.field import Field, plain_text
from procauthor.planning.line import Line, strip_pictures
from procauthor.planning.value import PRIORITY_CODE, begins_with_priority, read_priority, read_status
from procauthor.planning.words import bucket_pattern, choice, pattern, read_words
from procauthor.regex import lazy

_REMEMBERED = 1 << 16
_TO = r"(?:[-–—‐‑−]|to|through|and|&|,)"
_NUMBER = lazy(
    rf"^[(\[]?#?(?P<first>\d{{1,9}})(?:\s*{_TO}\s*#?(?P<last>\d{{1,4}}))?"
    r"(?P<dot>\s*[.):\]]+|\s+[-–—])?(?:\s+|(?<=[.):\]])(?=[^\W\d]))(?P<title>\S.*)$",
    re.IGNORECASE,
)
_DOTTED = lazy(r"^[(\[]?#?(?P<code>\d{1,4}(?:\.\d{1,4})+[a-z]?)[.):\]]*(?:\s+[-–—])?\s+(?P<title>\S.*)$", re.IGNORECASE)
# "T001" and "RB-1" are codes by themselves; "S3 Bucket" is a name unless a colon or the like follows.
_CODE = (
    r"(?:P\d[-.]\d{1,4}[a-z]?|[A-Z][A-Z0-9]{0,9}(?:[-_][A-Z0-9]{1,10})*[-_]\d{1,5}(?:[.-](?:\d{1,4}|[A-Z])\b)*|"
    r"[A-Z]{1,5}\d{2,5}(?:\.\d{1,4})*|[A-Z]{1,4}\d(?:\.\d{1,4})+)"
)
_SHORT = r"(?!P\d\b(?!\.))[A-Z]{1,4}\d{1,5}(?:\.\d{1,4})*"
_CODED = lazy(
    rf"^[(\[]?(?:(?P<code>{_CODE})[)\]]?(?:\s*[.):–—-])?|(?P<short>{_SHORT})[)\]]?\s*[.):–—-])\s+(?P<title>\S.*)$"
)
# "3. REL-001 - Ids" has a number and a code.
_INNER = lazy(rf"^(?P<code>{_CODE})\s*(?:[:–—]|-\s)\s*(?P<title>\S.*)$")
_BOX = lazy(r"^\s*\[[ xX~/>-]\]\*?\s+")
_WORDED = lazy(r"^(?P<word>[^\W\d_]+)\s+(?=#?\d+\s*(?:[:.–—-])\s)")
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


# Headings and labels


@lru_cache(maxsize=_REMEMBERED)
def names_priority(text: str) -> bool:
    """Say whether a heading or a label names a priority: "P0 - Critical", "Priority 1", "Must have", "High"."""
    if read_priority(text) is None:
        return False
    if _is_urgent(text):
        return True
    # "Critical dependencies" and "High-risk areas" rank nothing.
    rest = re.sub(r"[(\[][^()\[\]]*[)\]]", " ", without_bucket(text)).lstrip(" .:)–—-")
    return not names_aside(text) and begins_with_priority(rest)


def _is_urgent(text: str) -> bool:
    return bool(PRIORITY_CODE.search(text) or re.search(r"\bprio\w*\b|\bhave\b", text, re.IGNORECASE))


@lru_cache(maxsize=_REMEMBERED)
def names_aside(text: str) -> bool:
    """Say whether the lines below a heading or a label are no items: risks, a legend, success criteria, notes."""
    plain = re.sub(r"\s*[(\[][^()\[\]]*[)\]]", "", plain_text(text)).strip(" .:!?⚠️")
    aside = pattern("asides", r"(?:^|[\s:&/-])(?:{})$").search(plain)
    return bool(aside) and not (_is_urgent(text) or _PARTED.match(plain))


@lru_cache(maxsize=_REMEMBERED)
def names_check(text: str) -> bool:
    """Say whether boxes below a heading are looked at and not worked off: "Pre-launch checklist", "Quality gates"."""
    return bool(pattern("checks").search(plain_text(text))) and not _PARTED.match(plain_text(text))


def asks_for_documents(text: str) -> bool:
    """Say whether a heading is one over documents to write: "Runbooks to write", "Missing procedures"."""
    return bool(pattern("nouns", r"\b(?:{})(?:s|es)\b").search(text)) and not names_aside(text)


@lru_cache(maxsize=_REMEMBERED)
def names_status(text: str) -> str:
    """Return the status that a heading says of all that is below it, as "✅ Completed" and "In progress" do, or ""."""
    words = re.findall(r"[^\W_]+", strip_pictures(plain_text(text)))
    # "V1 done definition" says nothing of the kind.
    ends = any(map(read_status, (words[0], words[-1], " ".join(words[:2])))) if words else False
    return read_status(" ".join(words)) if ends and len(words) <= _SHORT_HEADING else ""


@lru_cache(maxsize=_REMEMBERED)
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


# Numbers and codes


@dataclass(frozen=True, slots=True)
class Numbered:
    """A title behind its number, its range of numbers, or its code, and the word before these, such as "task".

    ``dot`` says that a dot or the like is between number and title.
    """

    first: int
    last: int
    title: str
    code: str = ""
    dot: bool = True
    unit: str = ""

    @property
    def form(self) -> str:
        """How it is written: "#" for digits of a code, "number" for a number with a dot, the word before it."""
        coded = "" if self.first else re.sub(r"[\d.]+", "#", self.code)
        form = coded or ("number" if self.dot else "")
        return f"{self.unit} {form}" if self.unit else form


def read_number(text: str, units: Collection[str] = ()) -> Numbered | None:
    """Read "1. Title", "#1 Title", "13-16: Title", "1️⃣ Title", "1.2 Title", "T001 Title" or "P0-1: Title".

    ``units`` are words that stand before numbers in this plan, besides those that do in any.
    """
    text = strip_pictures(plain_text(_BOX.sub("", text).replace("\ufe0f\u20e3", ".").replace("\u20e3", ".")))
    # A list of files: "001.md - Title".
    text = re.sub(r"^(\d+)\.md\b", r"\1", text)
    unit = _unit().match(text)
    word = _WORDED.match(text)
    if word and word["word"].casefold() in units:
        unit = word
    name = unit[0].strip(" ([:").casefold() if unit else ""
    text = text[unit.end() :] if unit else text
    if coded := _DOTTED.match(text) or _CODED.match(text):
        code = coded["code"] or coded["short"]
        return Numbered(0, 0, coded["title"].strip(), code, unit=name)
    if match := _NUMBER.match(text):
        first, title = int(match["first"]), match["title"].strip()
        inner = _INNER.match(title)
        code, title = (inner["code"], inner["title"]) if inner else ("", title)
        return Numbered(first, max(first, int(match["last"] or 0)), title, code, bool(match["dot"]), name)
    return None


def word_before_number(text: str) -> str:
    """Return "aktion" for "Aktion 1: Clean up", where it is not what items are put into; else an empty string."""
    word = _WORDED.match(strip_pictures(plain_text(text)))
    return word["word"].casefold() if word and not names_bucket(text) else ""


@lru_cache(maxsize=1)
def _unit() -> re.Pattern[str]:
    """What an item is called before its number, or any other word before a number such as "1.2"."""
    lists = read_words().lists
    known = (
        rf"(?:(?:priority|action|work)\s+)?(?:{choice(lists['units'])})s?\.?(?:\s*:)?\s+"
        r"(?=[(\[#]?(?:[A-Z]{1,10}[-_]?)?\d)"
    )
    return re.compile(
        rf"^[(\[]?(?:{known}|(?!{choice(lists['buckets'])}|version)[^\W\d_]+\s+(?=\d+\.\d))", re.IGNORECASE
    )


@lru_cache(maxsize=2)
def needs_pattern(*, of_code: bool = False) -> re.Pattern[str]:
    """What a line waits for, in words: "(depends on Data Design Procedure)"; ``of_code`` only "(depends on T001)"."""
    needs, after = (choice(read_words().lists[kind]).replace(r"\ ", r"\s+") for kind in ("needs", "after"))
    # "Clean up after the feast" waits for nothing.
    after = rf"(?:{after})\s+(?=(?:l['’]|la\s|le\s|el\s|o\s|a\s|the\s)?[(\[\"“*`]*(?-i:[A-Z0-9#]))"
    names = r"(?=#?\d|[A-Z]{1,10}[-_]?\d)" if of_code else ""
    names += r"(?P<names>[^()]+(?:\([^()]*\)[^()]*)*)"
    return re.compile(rf"(?:^|[\s(,;–—-])(?:(?:{needs})\s*:?\s+|{after}){names}", re.IGNORECASE)
