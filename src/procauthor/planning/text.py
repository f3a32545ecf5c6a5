"""A plan's text with what all of its readers ask about: fields, headings, labels, roles, and how it is to be read."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import chain, count, repeat
from typing import Any, Literal, NamedTuple

from msgspec import Struct, ValidationError, structs

from procauthor.data import as_type, ungrouped
from procauthor.errors import PlanError
from procauthor.markdown.document import Block, Document, Section
from procauthor.naming import title_key
from procauthor.planning.line import Line, Mark, lines_of, plain_text, read_lines, sign_of, strip_emphasis
from procauthor.planning.plan import Action, Plan
from procauthor.planning.title import names_aside, names_bucket, names_priority, names_status, names_work, read_number
from procauthor.planning.value import PRIORITY_CODE, is_priority, pattern, read_words
from procauthor.regex import lazy

# Fields of an item: "**Key:** value" anywhere on a line, alone, several on a line, or as a label over a list.
_BULLET = r"^\s*(?:>\s*)*(?:(?:[-*+•]|\d{1,3}[.)])\s+)?"
_MARK = r"(?<![\w*_])(\*{1,3}|_{1,3}|`)"
_MARKED = lazy(_MARK + r"([^*`\n]{1,60}?)\s*(?:[:：]\s*\1|\1\s*[:：])\s*")
_DASHED = lazy(_BULLET + _MARK + r"([^*`\n]{1,60}?)\1\s*(?:[-–—=](?:\s+|$)|$)")
# Label and value in one emphasis, as in "**Priority: High**"; "1. **Done: Mix**" is a title.
_INSIDE = lazy(r"^\s*(?:[-*+•]\s+)?(?:\*\*|__)([^*_:：=|`\n]{1,60}?)\s*[:：]\s*(?=[^*_\s][^*_]*(?:\*\*|__)\s*$)")
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
_COLOURED = lazy(r"([🔴🟠🟡🟢🔵⚪])\ufe0f?[\s=:*–-]*([^\W\d_]+)")
SAID = "(said)"
"""The label of what a line depends on without a label of its own."""


class Entry(Struct, frozen=True):
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
    # The fields that a line may be below, the outermost first, each with the line that it opens on.
    outer: list[tuple[Field, Line]] = []
    open_text = False
    for line in lines:
        if line.bullet:
            outer = _enclosing(line, outer)
        current, head = outer[-1] if outer else (None, line)
        if (opened := _opened(line)) and not _is_step(line, opened[0], current):
            fields += opened
            outer = [*(outer if line.bullet else ()), (opened[-1], line)]
            open_text = bool(opened[-1].text)
        elif not line.text.strip() or line.heading:
            outer, open_text = ([] if line.heading else outer), False
        elif line.bullet or line.mark:
            open_text = open_text and (not head.bullet or line.indent > head.indent)
            _list(line, current, fields, below=open_text)
        elif open_text and current and not _MARKED.match(line.text):
            current.text = f"{current.text} {clean_value(line.text)}"
        elif current and current.takes_text and not line.text.rstrip(" *_").endswith(":"):
            current.text, open_text = clean_value(line.text), True
    return fields


def _enclosing(line: Line, outer: list[tuple[Field, Line]]) -> list[tuple[Field, Line]]:
    """Return the fields that a list line can be below; one with a value ends where a line has no more indent."""
    ends = (head.bullet and line.indent <= head.indent and (f.text or _deeper(f, head)) for f, head in outer)
    place = next((place for place, end in enumerate(ends) if end), len(outer))
    return outer[:place]


def _deeper(field: Field, head: Line) -> bool:
    return any(entry.line.indent > head.indent for entry in field.entries)


def _is_step(line: Line, opened: Field, current: Field | None) -> bool:
    """Say whether a list line with a label that items do not have is a step: it has a number, or is among others."""
    if opened.key or not line.bullet or current is None:
        return False
    beside = any(entry.line.indent == line.indent for entry in current.entries)
    return beside or line.text.lstrip()[:1].isdigit()


def _list(line: Line, current: Field | None, fields: list[Field], *, below: bool) -> None:
    """Put a list line where it belongs: a box makes an action, except in a list of procedures.

    Right ``below`` a value, lines that name procedures go on with it.
    """
    entry = Entry(line.body, line, line.mark)
    boxed = entry.mark is not None and entry.mark.marker is not None
    more = below and current and current.key in _NAMING and not entry.mark
    if current and (more or not (current.text or (boxed and current.key in ("", "why")))):
        current.entries.append(entry)
    else:
        fields.append(Field("actions" if entry.mark else "listed", "", "", line.number, [entry]))


def _opened(line: Line) -> list[Field]:
    if not line.heading:
        fields = list(fields_in(line.text, line.number))
        # A line in bold alone is a label, without a colon as well.
        bare = None if fields or line.bullet or not line.text.startswith(("**", "__")) else LABEL.match(line.text)
        return [Field("", bare[1], "", line.number)] if bare else fields
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
    labels = (_DASHED.match(text), _PLAIN.match(text), _INSIDE.match(text))
    return next((each for each in labels if each and field_key(each[each.lastindex or 1])), None)


def first_field(text: str) -> int:
    """Return where the first known field begins on a line, or its length."""
    labels = _labels(text)
    inline = bool(labels) and not _MARKED.search(text)
    return next((label.start for label in labels if inline or field_key(label.text)), len(text))


def clean_value(text: str) -> str:
    """Return a value without hard breaks, emphasis around it, and links."""
    return strip_emphasis(_HARD_BREAK.sub("", text.strip()))


# How a person or a model says that a stubborn plan is read. All that is said has to be in the plan.
READING_KEY = "reading"
"""The key of the front matter that holds the reading of a plan."""
_COLUMNS = ("title", "number")
_HINT = f"correct {READING_KEY!r} in the front matter of the plan, or take it out"
_PAIR = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "means": {"type": "string"}},
    "required": ["label", "means"],
    "additionalProperties": False,
}
READING_SCHEMA: Mapping[str, Any] = {
    "title": "reading",
    "description": "Where the items of a plan are, and what its columns and labels mean.",
    "type": "object",
    "properties": {
        "items": {"type": "string", "enum": ["tables", "lists", "headings"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 6},
        "below": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
        "names": {"type": "array", "maxItems": 20, "items": _PAIR},
    },
    "required": ["items", "level", "below", "names"],
    "additionalProperties": False,
}
"""The form of a reading, as JSON schema."""


class Reading(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the items of a plan are; empty where its front matter does not say so.

    ``level`` is that of the headings, or how deep in lists, from 1; ``below`` are the keys of the headings over the
    items; ``names`` are known labels by the columns and labels of the plan.
    """

    items: Literal["", "tables", "lists", "headings"] = ""
    level: int = 0
    below: tuple[str, ...] = ()
    names: dict[str, str] = {}

    def name(self, label: str) -> str:
        """Return the known label that a column or a label of the plan means."""
        return self.names.get(plain_text(label).casefold(), label) if self.names else label


def read_reading(document: Document) -> Reading:
    """Read what the front matter of a plan says of its reading.

    Raises:
        PlanError: It says what the plan does not have, or has another form.
    """
    said = document.fields.get(READING_KEY) if document.front_matter else None
    if said is None:
        return Reading()
    try:
        reading = as_type(said.value, Reading)
    except ValidationError as error:
        message = f"line {said.line}: {READING_KEY!r} has another form: {error}"
        raise PlanError(message, _HINT) from error
    if lost := next(_lost(document, reading), ""):
        message = f"line {said.line}: {lost}"
        raise PlanError(message, _HINT)
    names = {plain_text(label).casefold(): name for label, name in reading.names.items()}
    return Reading(reading.items, reading.level, tuple(map(title_key, reading.below)), names)


def _lost(document: Document, reading: Reading) -> Iterator[str]:
    """Yield what a reading says that is nowhere in the plan, or means nothing."""
    headings = {title_key(heading.text) for heading in document.headings}
    yield from (f"the plan has no heading {each!r}" for each in reading.below if title_key(each) not in headings)
    body = document.source.raw[document.front_matter[1] if document.front_matter else 0 :].decode().casefold()
    for label, name in reading.names.items():
        if not (field_key(name) or name in _COLUMNS):
            yield f"{name!r} is no field of an item"
        if label.casefold() not in body:
            yield f"the plan has no column or label {label!r}"


def as_front_matter(proposed: Mapping[str, Any]) -> dict[str, object]:
    """Return a proposal in the form of `READING_SCHEMA` as it is written into front matter, without what is empty."""
    pairs = [each for each in proposed.get("names") or [] if isinstance(each, Mapping)]
    names = {str(each.get("label")): str(each.get("means")) for each in pairs}
    return {key: value for key, value in {**proposed, "names": names}.items() if value}


def find_unproven(plan: Plan, raw: bytes) -> list[str]:
    """Return what a plan says of an item and its line does not: the titles, with their lines."""
    lines = raw.decode().splitlines()
    strange = [i for i in plan.items if not _words(i.title) <= _words(lines[i.line - 1])]
    return [f"line {item.line}: {item.title!r}" for item in strange]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


LABEL = lazy(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)([^*\n]+?)\s*:?\s*(?:\*\*|__)\s*:?\s*(?:\([^()]*\)\s*)?$")
_BEGUN = lazy(r"^\*\*([^*\n]+)\*\*")
_SAYS = lazy(r"^([^\W\d_][^:*|]{1,30}):$")
_ROLES = (
    ("metrics", "metrics", r"\b(?:{})\b"),
    ("completed", "completed", r"\b(?:{})\b"),
    ("goals", "goals", r"(?:^|\s)(?:{})$"),
    ("goals", "next", r"^(?:{})$"),
    ("strategy", "strategy", r"\b(?:{})\b"),
)


class Placed(Struct, frozen=True):
    """A list line with the label in bold above it, and the role of that label or of its heading."""

    line: Line
    role: str
    label: str
    section: Section


class PlanText:
    """A document, its lines and what is known of its sections, which is kept by their index."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.reading = read_reading(document)
        self.lines = read_lines(document)
        self.fields = [self.read_fields(self.own(section)) for section in document.sections]
        # The headings of each section, the nearest first.
        self.headings: list[tuple[str, ...]] = []
        for section in document.sections:
            above = () if section.parent is None else self.headings[section.parent]
            self.headings.append((section.title, *above) if section.heading else above)
        self.roles = [next(filter(None, map(read_role, self.named(section))), "") for section in document.sections]

    @cached_property
    def is_plan(self) -> bool:
        """Whether the title of the document says that it is one of work."""
        return names_work(self.document.title)

    def named(self, section: Section) -> list[str]:
        """Return the headings of a section without the title of the document, the nearest first."""
        return [text for text in self.headings[section.index] if text != self.document.title]

    def own(self, section: Section) -> list[Line]:
        """Return the lines of a section, without its heading and its subsections."""
        return lines_of(self.lines, section.body, section.end)

    def read_fields(self, lines: Iterable[Line]) -> list[Field]:
        """Read the fields of some lines, with the names that the front matter gives to their labels."""
        fields = read_fields(lines)
        for each in fields if self.reading.names else ():
            each.key = each.key or field_key(self.reading.name(each.label))
        return fields

    def is_told(self, section: Section, level: int) -> bool:
        """Say whether a section is where the front matter says that the items are, and at that level."""
        below = self.reading.below
        inside = not below or any(title_key(above.title) in below for above in self.above(section))
        return inside and self.reading.level in (0, level)

    def above(self, section: Section) -> Iterator[Section]:
        """Yield a section and all above it."""
        yield section
        while section.parent is not None:
            section = self.document.sections[section.parent]
            yield section

    def label_above(self, section: Section, position: int) -> str:
        """Return the nearest line in bold above a position that names a priority, in the same section."""
        place = bisect_left(self._labels, (position, "")) - 1
        start, label = self._labels[place] if place >= 0 else (-1, "")
        return label if start >= section.body else ""

    @cached_property
    def _labels(self) -> list[tuple[int, str]]:
        named = ((line.start, LABEL.match(line.text) or _SAYS.match(line.text)) for line in self.lines)
        labels = [(start, label[1]) for start, label in named if label]
        return [(start, label) for start, label in labels if names_priority(label)]

    @cached_property
    def tables(self) -> list[tuple[Section, Block]]:
        """All tables with a header and rows, with their sections."""
        blocks = ungrouped((section, section.blocks) for section in self.document.sections)
        return [(s, block) for s, block in blocks if block.kind == "table" and block.header and block.rows]

    @cached_property
    def code(self) -> list[Line]:
        """The lines of code blocks, in which people draw what comes before what."""
        source, blocks = self.document.source, self.document.blocks
        spans = [(block.line, source.slice(block.start, block.end)) for block in blocks if block.kind == "code"]
        lines = ((first, text.splitlines()) for first, text in spans)
        numbered = (map(Line, count(first), repeat(0), some) for first, some in lines)
        return list(chain.from_iterable(numbered))

    @cached_property
    def legend(self) -> dict[str, str]:
        """What colours rank as, where one line says it of several: "🔴 High | 🟡 Medium"."""
        said = (dict(_COLOURED.findall(line.text)) for line in self.lines)
        ranks = ({sign: word for sign, word in each.items() if is_priority(word)} for each in said)
        return next((each for each in ranks if len(each) > 1), {})

    @cached_property
    def table_lines(self) -> dict[int, int]:
        """The line of each table by its offset."""
        return {block.start: block.line for _, block in self.tables}

    @cached_property
    def placed(self) -> list[Placed]:
        """All list lines with their roles."""
        return list(chain.from_iterable(map(self._place, self.document.sections)))

    def _place(self, section: Section) -> Iterator[Placed]:
        role, label = self.roles[section.index], ""
        outer: int | None = None  # how far the label is indented, if it is a list line
        for line in self.own(section):
            if outer is not None and line.bullet and line.indent <= outer:
                role, label, outer = self.roles[section.index], "", None
            named = LABEL.match(line.text)
            # A line in bold with a number, such as "Story 1.1: Dough", is a title.
            bold = named or (None if line.bullet else _BEGUN.match(line.text))
            number = read_number(bold[1]) if bold else None
            titled = number and (number.code if line.bullet else number.dot)
            if named and not titled:
                label, outer = named[1].strip(), line.indent if line.bullet else None
                own, above = read_role(label), self.roles[section.index]
                role = above or own if own == "aside" else own or above
            elif (said := _SAYS.match(line.text)) and (names_status(said[1]) or names_priority(said[1])):
                # "Completed:" over a list is said of it, as it is in bold.
                label, outer = said[1], None
            elif line.bullet or titled:
                if not line.bullet:
                    role, label, outer = self.roles[section.index], "", None
                yield Placed(line, role, label, section)


@lru_cache(maxsize=1 << 16)
def read_role(text: str) -> str:
    """Return what a heading or label says that its lines are: metrics, goals, finished work, strategy, or nothing."""
    if names_bucket(text):
        return ""
    plain = re.sub(r"\s*\([^()]*\)", "", plain_text(text)).rstrip(":")
    role = next((role for role, kind, form in _ROLES if pattern(kind, form).search(plain)), "")
    return role or ("aside" if names_aside(text) else "")


def names_total(label: str) -> bool:
    """Say whether a label or a cell is that of a sum of hours: "Total P0 Effort"."""
    word = pattern("total").search(label)
    rest = PRIORITY_CODE.sub(" ", f"{label[: word.start()]} {label[word.end() :]}") if word else label
    words = re.findall(r"[^\W\d_]+", rest)
    whole = field_key(" ".join(words)) == "effort"
    return bool(word) and (whole or all(field_key(each) == "effort" for each in words))


class Opening(Struct, frozen=True):
    """What opens one item or a range of items: its number (0 where it has none), its title, its fields.

    ``label`` is a line in bold above it, such as **P0**, in the same section; ``code`` is what the plan calls the
    item where that is no whole number, as in "P0-1: Data Design Procedure" or "1.2 Data Design". ``place`` says which
    table, list or family of headings it belongs to, ``said`` what the line says up to its first field. ``told`` are the
    keys of its own fields that only items have.
    """

    first: int
    last: int
    title: str
    line: Line
    section: Section
    fields: tuple[Field, ...] = ()
    scope_end: int = 0
    label: str = ""
    code: str = ""
    place: int = 0
    said: str = ""
    told: frozenset[str] = frozenset()

    def until(self, line: Line) -> Opening:
        """Return the opening without what is said from a line on."""
        cut = (replace(f, entries=[e for e in f.entries if e.line.number < line.number]) for f in self.fields)
        fields = tuple(f for f in cut if f.line < line.number)
        return structs.replace(self, fields=fields, scope_end=line.start)

    def field(self, *keys: str) -> str:
        """Return the text of the first field with one of these keys."""
        return next((text for f in self.fields if f.key in keys and (text := f.single)), "")

    def all(self, key: str) -> list[Field]:
        """Return all fields of a key."""
        return [f for f in self.fields if f.key == key]

    def values(self, key: str) -> list[tuple[str, int]]:
        """Return the texts of all fields of a key and of the lists below them, each with its line."""
        return list(chain.from_iterable(f.values for f in self.all(key)))
