"""Fields of an item: ``**Key:** value`` anywhere on a line, alone, several on a line, or as a label over a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from procauthor.planning.line import Line, Mark, sign_of, strip_emphasis
from procauthor.planning.plan import Action
from procauthor.planning.value import is_priority
from procauthor.planning.words import read_words
from procauthor.regex import lazy

_BULLET = r"^\s*(?:>\s*)*(?:(?:[-*+•]|\d{1,3}[.)])\s+)?"
_MARK = r"(?<![\w*_])(\*{1,3}|_{1,3}|`)"
_MARKED = lazy(_MARK + r"([^*`\n]{1,60}?)\s*(?:[:：]\s*\1|\1\s*[:：])\s*")
_DASHED = lazy(_BULLET + _MARK + r"([^*`\n]{1,60}?)\1\s*(?:[-–—=](?:\s+|$)|$)")
# A label and a colon at the beginning of a line, without emphasis.
_PLAIN = lazy(_BULLET + r"(?:[^\w\s(\[|*`]+\s+)?([^\W\d_][^:：=|*`\n]{0,60}?)\s*[:：=]\s*")
_INLINE = lazy(r"(?:(?<=[a-z)`\d][.;])|(?<=\|))\s+([^\W\d_][^:.;|*`\n]{0,30}):(?:\s+|$)")
_LEAD = lazy(_BULLET)
_BOLD_TAG = lazy(r"</?(?:b|strong)>", re.IGNORECASE)
_HARD_BREAK = lazy(r"(?:<br\s*/?>|\\)\s*$", re.IGNORECASE)
_SIGNS = frozenset(":：=*_`<")
_SEPARATOR = lazy(r" ?(?:[|;,·•]| [-–—]) ?(?:[-*+•] ?)?$")
_NAMING = ("depends_on", "soft", "blocks", "procedures")
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One list line under a field."""

    text: str
    line: Line
    mark: Mark | None

    @property
    def value(self) -> str:
        """The text, with a sign for its box or sign, so that a ticked dependency counts as defined."""
        if not self.mark:
            return self.text
        begun = sign_of(self.line.text) == "in progress"
        return f"{self.text} {'✅' if self.mark.done else '❌🔄'[begun]}"

    def action(self) -> Action:
        """Return the line as an action item."""
        done, marker, tick = (self.mark.done, self.mark.marker, self.mark.tick) if self.mark else (False, None, None)
        return Action(self.text, done, marker, self.line.number, tick)


@dataclass(slots=True)
class Field:
    """A field: its key (empty where unknown), its label, what is behind it, and the list below it."""

    key: str
    label: str
    text: str
    line: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def single(self) -> str:
        """The text behind the label, else the first line of the list below it."""
        return self.text or next((entry.text for entry in self.entries if not entry.mark), "")

    @property
    def takes_text(self) -> bool:
        """Whether a paragraph below the label can be its value."""
        return self.key not in ("", "actions", "procedures") and not self.text and not self.entries

    @property
    def values(self) -> Iterator[tuple[str, int]]:
        """The text and the lines of the list, each with its line."""
        if self.text:
            yield self.text, self.line
        yield from ((entry.value, entry.line.number) for entry in self.entries)


@lru_cache(maxsize=1 << 16)
def field_key(label: str) -> str:
    """Return the key of a label, or an empty string for a label that items do not have."""
    text = re.sub(r"^[^\w(\[]+", "", " ".join(label.replace("_", " ").split()))
    name = re.sub(r" ?[(\[][^()\[\]]*[)\]]$", "", text).strip(" *_:：").casefold().replace("’", "'")
    labels = read_words().labels
    return labels.get(name) or labels.get(name.replace("-", " "), "") or labels.get(name.partition(" / ")[0], "")


def resembles(label: str) -> str:
    """Return the known label that an unknown one could be a misspelling of, or an empty string."""
    text = re.sub(r"[^\w\s]+", "", label).strip().casefold()
    close = get_close_matches(text, read_words().labels, cutoff=0.84) if len(text) > _SHORTEST else []
    # A letter that is another one is likelier than one that lacks.
    return min(close, key=lambda label: abs(len(label) - len(text)), default="")


def read_fields(lines: Iterable[Line]) -> list[Field]:
    """Read all fields of some lines, in order. Ticked lines that are under no field count as actions."""
    fields: list[Field] = []
    current: Field | None = None
    open_text = False
    head = Line(0, 0, "")
    for line in lines:
        if opened := _opened(line):
            fields += opened
            current, open_text, head = opened[-1], bool(opened[-1].text), line
        elif not line.text.strip() or line.heading:
            current, open_text = (None if line.heading else current), False
        elif line.bullet or line.mark:
            open_text = open_text and (not head.bullet or line.indent > head.indent)
            _list(line, current, fields, below=open_text)
        elif open_text and current:
            current.text = f"{current.text} {clean_value(line.text)}"
        elif current and current.takes_text and not line.text.rstrip(" *_").endswith(":"):
            current.text, open_text = clean_value(line.text), True
    return fields


def _list(line: Line, current: Field | None, fields: list[Field], *, below: bool) -> None:
    """Put a list line where it belongs: a box makes an action, except in a list of procedures.

    Right ``below`` a value, lines that name procedures go on with it.
    """
    entry = Entry(line.body, line, line.mark)
    boxed = entry.mark is not None and entry.mark.marker is not None
    more = below and current and current.key in _NAMING and not entry.mark
    if current and (more or not (current.text or (boxed and current.key in ("", "why")))):
        current.entries.append(entry)
    elif entry.mark or not current or current.key:
        fields.append(Field("actions" if entry.mark else "listed", "", "", line.number, [entry]))


def _opened(line: Line) -> list[Field]:
    if not line.heading:
        return list(fields_in(line.text, line.number))
    label, _, value = strip_emphasis(line.text.strip().strip("#").strip()).partition(":")
    return [Field(field_key(label), label, value.strip(), line.number)] if field_key(label) else []


def fields_in(text: str, number: int) -> Iterator[Field]:
    """Yield the fields of one line; a priority in front of others needs no label: "**P1** | **Effort:** 2 h"."""
    # Most lines of most plans hold no field.
    if _SIGNS.isdisjoint(text):
        return
    text = _BOLD_TAG.sub("**", " ".join(text.split()))
    plain = _unmarked(text)
    labels = [each for each in _labels(text, told=plain is not None) if each.sure or field_key(each.text)]
    if plain and (not labels or plain.start() < labels[0].start):
        labels.insert(0, _FieldLabel(plain.start(), plain.end(), plain[plain.lastindex or 1]))
    lead = _SEPARATOR.sub("", clean_value(_LEAD.sub("", text[: labels[0].start]))) if labels else ""
    if is_priority(lead):
        yield Field("priority", "", lead, number)
    for label, after in zip(labels, [*labels[1:], None], strict=False):
        value = _SEPARATOR.sub("", text[label.end : after.start]) if after else text[label.end :]
        yield Field(field_key(label.text), label.text.strip(), clean_value(value), number)


class _FieldLabel(NamedTuple):
    """A label on a line, with the place of it and of its value; one that is not ``sure`` has to be known."""

    start: int
    end: int
    text: str
    sure: bool = True


def _labels(text: str, *, told: bool = False) -> list[_FieldLabel]:
    """Return the labels on a line.

    Behind a sentence a label needs no emphasis where one of them is known: "Bake. Effort: 2 h. File: oven.md". ``told``
    says that one is known already.
    """
    marked = [_FieldLabel(m.start(), m.end(), m[2], m[1] in ("**", "__")) for m in _MARKED.finditer(text)]
    inline = [] if marked else [_FieldLabel(m.start(), m.end(), m[1]) for m in _INLINE.finditer(text)]
    return marked or (inline if told or any(field_key(each.text) for each in inline) else [])


def opens_field(text: str) -> bool:
    """Say whether a text begins with the label of a known field."""
    marked = _MARKED.match(text)
    return bool(field_key(marked[2])) if marked else _unmarked(text) is not None


def _unmarked(text: str) -> re.Match[str] | None:
    """Return the known label with which a text begins, where no colon is part of an emphasis; it is the last group."""
    labels = (_DASHED.match(text), _PLAIN.match(text))
    return next((each for each in labels if each and field_key(each[each.lastindex or 1])), None)


def first_field(text: str) -> int:
    """Return where the first known field begins on a line, or its length."""
    labels = _labels(text)
    inline = bool(labels) and not _MARKED.search(text)
    return next((label.start for label in labels if inline or field_key(label.text)), len(text))


def clean_value(text: str) -> str:
    """Return a value without hard breaks, emphasis around it, and links."""
    return strip_emphasis(_HARD_BREAK.sub("", text.strip()))
