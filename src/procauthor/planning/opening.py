"""What opens a plan's item: its number or code, its title, its fields, and the headings and labels above it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from procauthor.markdown.document import Document, Section
from procauthor.planning.field import Field, plain_text
from procauthor.planning.line import Line, lines_of, strip_pictures
from procauthor.planning.value import names_only_priority, read_priority, read_status
from procauthor.planning.words import choice, read_words

_TO = r"(?:[-–—‐‑−]|to|through|and|&|,)"
_NUMBER = re.compile(
    rf"^[(\[]?#?(?P<first>\d{{1,9}})(?:\s*{_TO}\s*#?(?P<last>\d{{1,4}}))?"
    r"(?P<dot>\s*[.):\]]+|\s+[-–—])?(?:\s+|(?<=[.):\]])(?=[^\W\d]))(?P<title>\S.*)$",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    r"^[(\[]?#?(?P<code>\d{1,4}(?:\.\d{1,4})+[a-z]?)[.):\]]*(?:\s+[-–—])?\s+(?P<title>\S.*)$",
    re.IGNORECASE,
)
# "T001" and "RB-1" are codes by themselves; "S3 Bucket" is a name unless a colon or the like follows.
_CODE = (
    r"(?:P\d[-.]\d{1,4}|[A-Z][A-Z]{0,9}(?:[-_][A-Z]{1,10})*[-_]\d{1,5}(?:[.-](?:\d{1,4}|[A-Z])\b)*|"
    r"[A-Z]{1,5}\d{2,5}(?:\.\d{1,4})*)"
)
_SHORT = r"(?!P\d\b(?!\.))[A-Z]{1,4}\d{1,5}(?:\.\d{1,4})*"
_CODED = re.compile(
    rf"^[(\[]?(?:(?P<code>{_CODE})[)\]]?(?:\s*[.):–—-])?|(?P<short>{_SHORT})[)\]]?\s*[.):–—-])\s+(?P<title>\S.*)$"
)
_BOX = re.compile(r"^\s*\[[ xX~/>-]\]\*?\s+")
_URGENT = re.compile(r"\bP\s?\d\b|\bprio\w*\b|\bhave\b", re.IGNORECASE)
# "Pillar 1: Principles" is a heading over work, whatever the word.
_PARTED = re.compile(r"^\W*[^\W\d_]+\s+(?:\d+|[A-Z])\s*[:.–—-]\s")
_SHORT_HEADING = 3
LABEL = re.compile(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)([^*\n]+?)\s*:?\s*(?:\*\*|__)\s*:?\s*$")


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


@lru_cache(maxsize=1 << 14)
def names_priority(text: str) -> bool:
    """Say whether a heading or a label names a priority: "P0 - Critical", "Priority 1", "Must have", "High"."""
    if read_priority(text) is None:
        return False
    if _URGENT.search(text):
        return True
    plain = strip_pictures(plain_text(text))
    plain = read_words().bucket.sub("", plain).lstrip(" .:)–—-")
    # "Critical dependencies" and "High-risk areas" rank nothing.
    return not names_aside(text) and names_only_priority(re.split(r"[\s:(]", plain, maxsplit=1)[0])


def names_aside(text: str) -> bool:
    """Say whether the lines below a heading or a label are no items: risks, a legend, success criteria, notes."""
    plain = re.sub(r"\s*[(\[][^()\[\]]*[)\]]", "", plain_text(text)).strip(" .:!?⚠️")
    return bool(read_words().aside.search(plain)) and not (_URGENT.search(text) or _PARTED.match(plain))


def names_status(text: str) -> str:
    """Return the status that a heading says of all that is below it, as "✅ Completed" and "In progress" do, or ""."""
    words = re.findall(r"[^\W_]+", strip_pictures(plain_text(text)))
    return read_status(" ".join(words)) if 0 < len(words) <= _SHORT_HEADING else ""


@lru_cache(maxsize=1 << 14)
def names_bucket(text: str) -> bool:
    """Say whether a heading or a label names what items are put into: "Phase 2: Access", "Week 1"."""
    return bool(read_words().bucket.match(strip_pictures(plain_text(text))))


def bucket_key(text: str) -> str:
    """Return "phase 2" for "Phase 2: Access" and "group 1" for "Task Group 1"; empty where no bucket is named."""
    bucket = read_words().bucket.match(strip_pictures(plain_text(text)))
    words = re.findall(r"[^\W_]+", bucket[0].casefold()) if bucket else []
    return " ".join(words[-2:])


@dataclass(frozen=True, slots=True)
class Numbered:
    """A title behind its number, its range of numbers, or its code; ``dot`` says that a dot or the like parts them."""

    first: int
    last: int
    title: str
    code: str = ""
    dot: bool = True


def read_number(text: str) -> Numbered | None:
    """Read "1. Title", "#1 Title", "13-16: Title", "1️⃣ Title", "1.2 Title", "T001 Title" or "P0-1: Title"."""
    text = strip_pictures(plain_text(_BOX.sub("", text).replace("\ufe0f\u20e3", ".").replace("\u20e3", ".")))
    text = _unit().sub("", text, count=1)
    if coded := _DOTTED.match(text) or _CODED.match(text):
        code = coded["code"] or coded["short"]
        return Numbered(0, 0, coded["title"].strip(), code)
    if match := _NUMBER.match(text):
        first = int(match["first"])
        last = int(match["last"] or first)
        return Numbered(first, max(first, last), match["title"].strip(), dot=bool(match["dot"]))
    return None


@lru_cache(maxsize=1)
def _unit() -> re.Pattern[str]:
    """What an item is called before its number, or any other word before a number such as "1.2"."""
    words = read_words()
    known = rf"{words.unit}(?:\s*:)?\s+(?=[(\[#]?(?:[A-Z]{{1,10}}[-_]?)?\d)"
    return re.compile(rf"^[(\[]?(?:{known}|(?!{choice(words.buckets)}|version)[^\W\d_]+\s+(?=\d+\.\d))", re.IGNORECASE)


def headings(document: Document, section: Section) -> list[str]:
    """Return the headings of a section, the nearest first."""
    return list(reversed(document.path(section)))


def label_above(section: Section, position: int, lines: list[Line]) -> str:
    """Return the nearest line in bold above a position that names a priority, in the same section."""
    for line in reversed(lines_of(lines, section.body, position)):
        label = LABEL.match(line.text)
        if label and names_priority(label[1]):
            return label[1]
    return ""


def is_urgent(document: Document, section: Section, label: str) -> bool:
    """Say whether a label or a heading above names a priority."""
    return any(names_priority(text) for text in (label, *headings(document, section)))
