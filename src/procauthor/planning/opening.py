"""What opens a plan's item: its number, its title, its fields, and the headings and labels that it stands under."""

from __future__ import annotations

import re
from dataclasses import dataclass

from procauthor.markdown.document import Document, Section
from procauthor.planning.field import Field, plain_text
from procauthor.planning.line import Line, lines_of, strip_pictures
from procauthor.planning.value import read_priority

NUMBER = (
    r"(?:(?:(?:priority|action|work)\s+)?(?:items?|tasks?|actions?|procedures?|steps?|nos?\.?|nr\.?|number)\s+)?"
    r"[(\[]?#?(?P<first>\d{1,4})(?:\s*(?:[-–—‐‑−]|to|through|and|&|,)\s*#?(?P<last>\d{1,4}))?"
)
_NUMBERED = re.compile(
    rf"^{NUMBER}(?P<dot>\s*[.):\]]+|\s+[-–—])?(?:\s+|(?<=[.):\]])(?=[^\W\d]))(?P<title>\S.*)$", re.IGNORECASE
)
_CODED = re.compile(r"^(?P<code>P\d[-.]\d{1,3}|[A-Z]{1,3}-?\d{1,3})\s*[.):–—-]\s+(?P<title>\S.*)$")
_BOX = re.compile(r"^\s*\[[ xX]\]\s+")
_URGENT = re.compile(r"\bP\s?\d\b|\bprio(?:rity)?\b|\bhave\b", re.IGNORECASE)
LABEL = re.compile(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)([^*\n]+?)\s*:?\s*(?:\*\*|__)\s*:?\s*$")


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one item or a range of items: its number (0 where it has none), its title, its fields.

    ``label`` is a line in bold above it, such as **P0**, in the same section; ``code`` stands in place of a number, as
    in "P0-1: Data Design Procedure".
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

    def field(self, *keys: str) -> str:
        """Return the text of the first field with one of these keys."""
        return next((text for f in self.fields if f.key in keys and (text := f.single)), "")

    def all(self, key: str) -> list[Field]:
        """Return all fields of a key."""
        return [f for f in self.fields if f.key == key]


def names_priority(text: str) -> bool:
    """Say whether a heading or a label names a priority: "P0 - Critical", "Priority 1", "Must have", "High"."""
    if read_priority(text) is None:
        return False
    return bool(_URGENT.search(text) or read_priority(plain_text(text).partition(" ")[0]))


@dataclass(frozen=True, slots=True)
class Numbered:
    """A title behind its number, its range of numbers, or its code; ``dot`` says that a dot or the like parts them."""

    first: int
    last: int
    title: str
    code: str = ""
    dot: bool = True


def read_number(text: str) -> Numbered | None:
    """Read "1. Title", "#1 Title", "13-16: Title", "[1] Title", "1️⃣ Title" or "P0-1: Title"."""
    text = strip_pictures(plain_text(_BOX.sub("", text).replace("\ufe0f\u20e3", ".").replace("\u20e3", ".")))
    if match := _NUMBERED.match(text):
        return Numbered(*numbers(match), dot=bool(match["dot"]))
    coded = _CODED.match(text)
    return Numbered(0, 0, coded["title"], coded["code"]) if coded else None


def numbers(match: re.Match[str]) -> tuple[int, int, str]:
    """Return the range of numbers and the title that a match of `NUMBER` and a title found."""
    first = int(match["first"])
    last = int(match["last"] or first)
    return first, max(first, last), match["title"].strip()


def headings(document: Document, section: Section) -> list[str]:
    """Return the headings of a section, the nearest first."""
    return list(reversed(document.path(section)))


def label_above(section: Section, position: int, lines: list[Line]) -> str:
    """Return the nearest line in bold above a position that names a priority, in the same section."""
    for line in reversed(lines_of(lines, section.body, position)):
        found = LABEL.match(line.text)
        if found and names_priority(found[1]):
            return found[1]
    return ""


def is_urgent(document: Document, section: Section, label: str) -> bool:
    """Say whether a label or a heading above names a priority."""
    return any(names_priority(text) for text in (label, *headings(document, section)))
