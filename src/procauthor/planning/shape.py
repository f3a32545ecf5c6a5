"""Finds the items of a plan by its shape: which table, list or family of headings holds them.

Siblings are one notation: if one heading, line or row of a group is an item, so are the others of the same form. What
says most about a group is what is below its members (a priority, hours, dependencies), then codes and numbers, then
where it is (below a priority, a phase, a week), then boxes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from procauthor.markdown.document import Block, Document, Section
from procauthor.naming import title_key
from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import (
    Field,
    field_key,
    fields_in,
    first_field,
    opens_field,
    plain_text,
    read_fields,
    strip_emphasis,
)
from procauthor.planning.group import read_count
from procauthor.planning.line import Line, lines_of, strip_leading
from procauthor.planning.opening import (
    LABEL,
    Numbered,
    Opening,
    label_above,
    names_aside,
    names_bucket,
    names_priority,
    names_status,
    read_number,
)
from procauthor.planning.table import find_rows, unread_tables
from procauthor.planning.title import clean_title, is_capitalised
from procauthor.planning.tracking import Placed, placed_lines, read_role, role_of
from procauthor.planning.value import is_nothing, names_only_priority, read_status
from procauthor.planning.words import read_words

_TASK = re.compile(
    r"^(?:define|create|write|author|update|complete|implement|establish|develop|document|draft)\b", re.IGNORECASE
)
_PLURAL = re.compile(r"\b(?:procedures|lifecycles)\b", re.IGNORECASE)
_STRONG = frozenset({"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"})
_INHERITED = frozenset({"priority", "depends_on", "soft", "lifecycle"})
_OWN = _STRONG - {"priority", "lifecycle"}
_MARKED = re.compile(
    r"^(?:\*\*|__)(?P<bold>[^*_]+)(?:\*\*|__)(?P<behind>.*)$|^\[(?P<link>[^\]]+)\]\([^)]*\)(?P<after>.*)$"
)
_NEEDS = re.compile(
    r"(?:^|[\s(,;–—-])(?:depends\s+on|dependent\s+on|requires|needs|blocked\s+by|after|prerequisites?)\s*:?\s+"
    r"(?P<names>[^()]+(?:\([^()]*\)[^()]*)*)",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\s+[-–—]\s+|\s*;\s+|(?<=\w):\s+|\s+\((?=[^()]*\)\s*$)")
_TAGS = re.compile(r"^(?:\[[^\]\s]{1,12}\]\s*)+(?=\S)")
_STATE = re.compile(r"^\[(?P<state>[^\W\d_][\w -]{2,15})\]\s+(?=\S)")
# Of headings that are numbered alike, this share has to be items by itself for the others to be items too.
_FEW = 4
# The label of what a line depends on without a label of its own.
_SAID = "depends on"
_DEEPEST = 3
_RULE = re.compile(r"^\s*(?:-\s*){3,}$|^\s*(?:\*\s*){3,}$")
_ORDERED = re.compile(r"^\s*(\d{1,9})(?:\s?[-–]\s?(\d{1,4}))?[.)]\s")


def find_openings(document: Document, lines: list[Line]) -> list[Opening]:
    """Return the openings of all items, in the order of the text."""
    rows = list(find_rows(document, lines))
    sections = _Headings(document, lines, rows)
    headed = sections.openings()
    scopes = Scopes(headed)
    rows = [row for row in rows if row.line.start not in scopes]
    if any(o.fields for o in (*headed, *rows)):
        # A heading with a number and nothing else is an item of a plan that has no others.
        headed = [o for o in headed if o.fields or o.code or _has_sibling(o, headed) or _is_placed(document, o.section)]
    candidates = list(_Lists(document, lines, scopes).candidates())
    listed = _chosen(document, candidates, [*headed, *rows])
    if not (headed or rows) and all(rank < Rank.CODED for rank, _ in candidates):
        rows = list(find_rows(document, lines, loose=True))
        listed = [] if rows else listed
    openings = _once(sorted((*headed, *rows, *_without_restarts(listed)), key=lambda o: o.line.start))
    items = {o.section.index for o in headed}
    return [sections.with_inherited(opening, items) for opening in openings]


class Scopes:
    """The lines that are below items, by offset."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        self._spans = sorted((o.line.start, o.scope_end) for o in openings)
        self._starts = [start for start, _ in self._spans]

    def __contains__(self, position: object) -> bool:
        assert isinstance(position, int)
        place = bisect_right(self._starts, position) - 1
        return place >= 0 and position < self._spans[place][1]

    def following(self, position: int, end: int) -> int:
        """Return where the next item after a position begins, at most the end."""
        place = bisect_right(self._starts, position)
        return min(self._starts[place], end) if place < len(self._starts) else end


def _has_sibling(opening: Opening, others: Sequence[Opening]) -> bool:
    return any(o.fields and o.section.parent == opening.section.parent for o in others if o is not opening)


def _is_placed(document: Document, section: Section) -> bool:
    return any(names_priority(text) for text in document.path(section)[:-1])


class Rank(IntEnum):
    """How sure it is that a list holds items."""

    BARE = 0
    PLAIN = 1
    """Lines without boxes, right below a priority, a phase, a status or "Runbooks to write"."""
    CODED = 2
    BOXED = 3
    """Boxes below a phase or a status."""
    PLACED = 4
    """Boxes and names below a priority."""
    SURE = 5
    """Fields that only items have."""


def _chosen(document: Document, listed: Sequence[tuple[Rank, Opening]], others: Sequence[Opening]) -> list[Opening]:
    """Choose among lists: the sure ones, and of the others those beside which nothing surer is."""
    chosen = [opening for rank, opening in listed if rank is Rank.SURE]
    near = {_family(document, o) for o in (*others, *chosen)}
    chosen += [o for rank, o in listed if rank is Rank.PLACED and (not near or _family(document, o) in near)]
    used = {_bucket(document, o.section) for o in others} - {None}
    chosen += [o for rank, o in listed if rank is Rank.BOXED and _bucket(document, o.section) not in used]
    if not (chosen or others):
        chosen += [o for rank, o in listed if rank is Rank.CODED]
    for rank in (Rank.PLAIN, Rank.BARE):
        kept = [*chosen, *others]
        families = {_family(document, o) for o in kept} if rank is Rank.PLAIN else set()
        own = {o.section.index for o in kept} | {o.section.parent for o in others}
        fitting = [o for r, o in listed if r is rank and o.section.index not in own]
        chosen += [o for o in fitting if not kept or _family(document, o) in families]
    return chosen


def _without_restarts(listed: Sequence[Opening]) -> list[Opening]:
    """Take the numbers from lists that each begin with 1: they tell nothing apart."""
    numbers = [o.first for o in listed if o.first]
    if len(set(numbers)) == len(numbers):
        return list(listed)
    return [o if o.code else replace(o, first=0, last=0) if o.first == o.last else o for o in listed]


def _bucket(document: Document, section: Section | None) -> int | None:
    """Return the nearest section at or above one that items are put into."""
    while section is not None and not names_bucket(section.title):
        section = None if section.parent is None else document.sections[section.parent]
    return None if section is None else section.index


def _family(document: Document, opening: Opening) -> tuple[int | None, int]:
    """Return what the section of an item has in common with its siblings: parent and level."""
    section = opening.section
    if opening.line.heading and section.parent is not None:
        section = document.sections[section.parent]
    return section.parent, section.level


def _once(openings: Sequence[Opening]) -> list[Opening]:
    """Leave out what only names again an item of another list or table: a schedule, a summary.

    What one of two places alone says, as a list of details behind a table, is said of the item.
    """
    homes: dict[str, int] = {}
    kept: list[Opening] = []
    for opening in sorted(openings, key=lambda o: (not o.fields, o.line.start)):
        first = next((homes[key] for key in (*_keys(opening), *_plain_code(opening.code)) if key in homes), None)
        if first is None or _place(kept[first]) == _place(opening):
            homes |= {key: len(kept) for key in _keys(opening) if key not in homes}
            kept.append(opening)
        else:
            known = {f.key for f in kept[first].fields}
            more = tuple(f for f in opening.fields if f.key not in known)
            kept[first] = replace(kept[first], fields=(*kept[first].fields, *more))
    return sorted(kept, key=lambda o: o.line.start)


def _keys(opening: Opening) -> Iterator[str]:
    """Yield what tells an item apart: its code, or its title where it has none."""
    if not opening.code:
        yield f"title {title_key(clean_title(opening.title))}"
        return
    yield opening.code.upper()
    if opening.code.isdigit():
        yield from _plain_code(f"-{opening.code}")


def _plain_code(code: str) -> Iterator[str]:
    """Yield what a table with a column "PRP" calls "PRP-001": its digits."""
    digits = re.search(r"[-_](\d+)$", code)
    if digits:
        yield f"#{int(digits[1])}"


def _place(opening: Opening) -> tuple[int, int]:
    section = opening.section
    return (section.parent or 0, 0) if opening.line.heading else (section.index + 1, opening.place)


# Headings


class _Headings:
    """Decides which headings are items."""

    def __init__(self, document: Document, lines: list[Line], rows: Sequence[Opening]) -> None:
        self.document = document
        self.lines = lines
        self._tabled = {above for row in rows for above in _above(document, row.section)}
        self._fields = {s.index: self._own_fields(s) for s in document.sections}
        self._loose = {s.index: self._loose_lines(s) for s in document.sections}

    def openings(self) -> list[Opening]:
        """Return the headings that are items, each with all that is below it up to the next."""
        chosen = self._chosen()
        openings: list[Opening] = []
        for section in self.document.sections:
            if section.index not in chosen:
                continue
            family = list(self.document.family(section))
            inner = [s for s in family[1:] if s.index in chosen]
            if inner and not self._keys(section) & _STRONG:
                continue
            openings.append(self._open(section, inner[0].start if inner else max(s.end for s in family), family))
        return openings

    def with_inherited(self, opening: Opening, items: Collection[int]) -> Opening:
        """Add what the headings above say of all that is below them: priority, dependencies, lifecycle."""
        keys = {f.key for f in opening.fields}
        above = opening.section.parent if opening.line.heading else opening.section.index
        fields = list(opening.fields)
        while above is not None and above not in items:
            wanted = {"lifecycle"} if self._is_title(self.document.sections[above]) else _INHERITED
            said = [f for f in self._fields[above] if f.key in wanted - keys and (f.text or f.entries)]
            fields += said
            keys |= {f.key for f in said}
            above = self.document.sections[above].parent
        return replace(opening, fields=tuple(fields))

    def _chosen(self) -> set[int]:
        """Return the indexes of the sections that are items, with their siblings of the same form."""
        chosen = {s.index for s in self.document.sections if s.heading and self._reads_as_item(s)}
        families: dict[tuple[int | None, int, str], list[Section]] = defaultdict(list)
        for section in self.document.sections:
            if (form := _form(section.title)) and section.index not in self._tabled:
                families[section.parent, section.level, form].append(section)
        for family in families.values():
            sure = sum(s.index in chosen and bool(self._keys(s) & _STRONG) for s in family)
            if sure * _FEW >= len(family):
                chosen |= {s.index for s in family if not self._is_container(s)}
        return chosen

    def _is_title(self, section: Section) -> bool:
        return section.level <= 1 and section.title == self.document.title

    def _own_fields(self, section: Section) -> list[Field]:
        own = lines_of(self.lines, section.body, section.end)
        if section.index == len(self.document.sections) - 1:
            # What is behind a rule at the end of the file is said of the whole plan.
            own = own[: next((at for at, line in enumerate(own) if _RULE.match(line.text)), len(own))]
        fields = read_fields(_without_entries(own))
        return fields + [pair for block in section.blocks for pair in _pairs(block)]

    def _loose_lines(self, section: Section) -> list[Line]:
        """Return the list lines below a heading that are not below the label of a field."""
        fields = read_fields(lines_of(self.lines, section.body, section.end))
        return [entry.line for f in fields if f.key in ("actions", "listed") for entry in f.entries]

    def _keys(self, section: Section) -> set[str]:
        return {f.key for f in self._fields[section.index]} - {""}

    def _reads_as_item(self, section: Section) -> bool:
        if self._has_role(section) or self._is_container(section):
            return False
        if section.index in self._tabled and (names_bucket(section.title) or not self._keys(section) & _STRONG):
            return False
        read, keys = read_number(section.title), self._keys(section)
        keys |= {field_key(child.title.partition(":")[0]) for child in self.document.children(section)}
        if read:
            told = bool(keys & _STRONG) or (read.dot and self._is_task(read.title))
            return told or bool(read.code and self._is_leaf(section))
        if self._is_title(section):
            return False
        if names_bucket(section.title) and _without_bucket(section.title):
            return bool(keys) and self._says_one(section, self._loose[section.index])
        return self._is_named(section, keys)

    def _is_leaf(self, section: Section) -> bool:
        """Say whether a heading has none below it, and is right below a phase or a priority."""
        above = "" if section.parent is None else self.document.sections[section.parent].title
        alone = not any(True for _ in self.document.children(section))
        return alone and (names_bucket(above) or names_priority(above))

    def _is_named(self, section: Section, keys: set[str]) -> bool:
        """Say whether a heading without a number is an item, by its fields, or below a priority by its name."""
        names_one = self._is_task(clean_title(section.title)) or bool(
            re.match(r"define\b", section.title, re.IGNORECASE)
        )
        told = "priority" in keys and bool(keys & {"depends_on", "lifecycle", "effort"})
        needs = "depends_on" in keys and not (_PLURAL.search(section.title) or field_key(section.title))
        own = lines_of(self.lines, section.body, section.end)
        counts = any(line.bullet and read_count(line.body) for line in own)
        if told and (names_one or _OWN.intersection(keys)) and not (counts or field_key(section.title)):
            return True
        return (names_one or needs) and _is_placed(self.document, section)

    def _has_role(self, section: Section) -> bool:
        """Say whether a heading above, or an own one without a number, says that its lines are metrics or the like."""
        above = None if section.parent is None else self.document.sections[section.parent]
        if above is not None and role_of(self.document, above):
            return True
        return bool(read_role(section.title)) and not read_number(section.title)

    def _is_task(self, title: str) -> bool:
        name = clean_title(title)
        return bool(_TASK.search(title) or (" " in name and read_words().noun.search(name)))

    def _is_container(self, section: Section) -> bool:
        """Say whether a heading is what items are put into: a phase, a week, a group, or a list of codes below it."""
        loose = self._loose[section.index]
        coded = [line for line in loose if (read := read_number(line.body)) and read.code]
        if coded and len(coded) * 2 >= len(loose):
            return True
        if read_number(section.title) or not (names_bucket(section.title) or names_priority(section.title)):
            only = self._keys(section) & _STRONG <= {"priority"} and "priority" in self._keys(section)
            return only and not read_number(section.title) and sum(bool(line.mark) for line in loose) > 1
        said = _without_bucket(section.title)
        return not (said and not names_only_priority(said) and self._says_one(section, loose))

    def _says_one(self, section: Section, loose: Sequence[Line]) -> bool:
        """Say whether "Priority 1: Verify scripts (1-2 days)" is work of its own and not a heading over others."""
        fields = self._fields[section.index]
        tasks = any(f.key == "actions" and f.label for f in fields) and self._keys(section) & {"depends_on", "soft"}
        if any(True for _ in self.document.children(section)) or (any(line.mark for line in loose) and not tasks):
            return False
        hours = any(read_whole_effort(part) for part in re.findall(r"\(([^()]*)\)", section.title))
        return hours or bool(self._keys(section) & _OWN)

    def _open(self, section: Section, end: int, family: Sequence[Section]) -> Opening:
        body = read_fields(lines_of(self.lines, section.body, end))
        body += [pair for s in family if s.start < end for block in s.blocks for pair in _pairs(block)]
        title = section.title
        if names_bucket(title) and _without_bucket(title):
            title = _without_bucket(title)
        read = read_number(title) or Numbered(0, 0, plain_text(title))
        assert section.heading is not None
        line = self.lines[section.line - 1]
        return Opening(
            read.first,
            read.last,
            read.title,
            line,
            section.heading.end,
            section,
            tuple(body),
            end,
            code=read.code,
            said=read.title,
        )


def _above(document: Document, section: Section) -> Iterator[int]:
    """Yield the indexes of a section and of all above it."""
    yield section.index
    while section.parent is not None:
        section = document.sections[section.parent]
        yield section.index


def _without_entries(lines: Iterable[Line]) -> Iterator[Line]:
    """Leave out list lines that are no fields, and what is below them: a field there is said of the line."""
    outer: int | None = None
    for line in lines:
        if outer is not None and line.text.strip() and line.indent <= outer:
            outer = None
        if line.bullet and outer is None and not opens_field(line.content):
            outer = line.indent
        if outer is None:
            yield line


def _form(title: str) -> str:
    """Return how a title is numbered: "number", "dotted", the letters of its code, or nothing."""
    read = read_number(title)
    if read is None:
        return ""
    letters = re.sub(r"[\d.]+", "#", read.code)
    return letters or ("number" if read.dot else "")


def _without_bucket(title: str) -> str:
    """Return "Verify scripts" for "Priority 1: Verify scripts"."""
    text = plain_text(title)
    bucket = read_words().bucket.match(text)
    return text[bucket.end() :].lstrip(" .:)–—-") if bucket else text


def _pairs(block: Block) -> Iterator[Field]:
    """Yield the fields of a table with two columns, key and value."""
    if block.kind != "table" or block.header is None or len(block.header.cells) != 2:  # noqa: PLR2004 - key and value
        return
    for row in (block.header, *block.rows):
        if len(row.cells) > 1 and (key := field_key(row.cells[0].text)):
            yield Field(key, row.cells[0].text, row.cells[1].text, row.line)


# Lists


class _Lists:
    """Decides which lists hold items, among the lines that no heading has taken."""

    def __init__(self, document: Document, lines: list[Line], scopes: Scopes) -> None:
        self.document = document
        self.lines = lines
        self._scopes = scopes

    def candidates(self) -> Iterator[tuple[Rank, Opening]]:
        """Yield the lines that may be items."""
        bold = list(self._bold())
        yield from ((Rank.SURE, opening) for opening in bold)
        below = Scopes(bold)
        groups: dict[tuple[int, str], list[Placed]] = defaultdict(list)
        for placed in placed_lines(self.document, self.lines):
            if placed.line.start not in self._scopes and placed.line.start not in below:
                groups[placed.section.index, placed.label].append(placed)
        for (_, label), group in groups.items():
            yield from self._group(group, label)

    def _bold(self) -> Iterator[Opening]:
        """Yield paragraphs in bold with a number, such as **Task 1.1: X**, that have fields below them."""
        for section in self.document.sections:
            own = [x for x in lines_of(self.lines, section.body, section.end) if x.start not in self._scopes]
            heads = [(at, read) for at, x in enumerate(own) if not x.bullet and (read := _bold_number(x))]
            if not heads:
                continue
            ends = [*(at for at, _ in heads[1:]), len(own)]
            spans = [(_body(own[at:end]), read) for (at, read), end in zip(heads, ends, strict=True)]
            if any({f.key for f in read_fields(body[1:])} & _STRONG or _inline(body[0]) for body, _ in spans):
                for body, read in spans:
                    yield _open_line(body, read, section, "", -1)

    def _group(self, group: Sequence[Placed], label: str) -> Iterator[tuple[Rank, Opening]]:
        section = group[0].section
        if group[0].role or field_key(label) not in ("", "actions", "procedures"):
            return
        entries = self._entries(group)
        forms = {e.form for e in entries if e.strong}
        coded = _is_coded(entries)
        above = label if names_priority(label) else ""
        entries = [e for e in entries if e.title and not is_nothing(e.title)]
        counts = any(read_count(e.head.body) for e in entries)
        entries = [e for e in entries if not read_count(e.head.body)]
        ranks = [self._rank(entry, section, label) for entry in entries]
        if counts:
            ranks = [None if rank is Rank.PLAIN else rank for rank in ranks]
        for entry, own in zip(entries, ranks, strict=True):
            # Lines of one list are of one kind, even if not each has its box.
            rank = Rank.PLACED if own is Rank.PLAIN and Rank.PLACED in ranks else own
            if entry.form in forms:
                rank = Rank.SURE
            elif coded and entry.number and entry.number.code:
                rank = Rank.SURE if entry.boxed else max(rank or Rank.CODED, Rank.CODED)
            elif forms:
                continue
            if rank is not None:
                yield rank, entry.opening(above or label_above(section, entry.head.start, self.lines))

    def _entries(self, group: Sequence[Placed]) -> list[_Entry]:
        """Return the lines of the outermost level that holds items: those below an epic or a feature count as well."""
        entries: list[_Entry] = []
        for indent in sorted({p.line.indent for p in group})[:_DEEPEST]:
            heads = [p for p in group if p.line.indent == indent and not opens_field(p.line.content)]
            level = [_Entry.of(body, head.section) for body, head in zip(self._bodies(heads), heads, strict=True)]
            entries = entries or level
            if any(e.strong or e.boxed or e.number for e in level):
                return level
        return entries

    def _rank(self, entry: _Entry, section: Section, label: str) -> Rank | None:
        """Say how sure it is that a line is an item because of where it is."""
        titles = [text for text in self.document.path(section) if text != self.document.title]
        aside = bool(label) and not (names_priority(label) or names_bucket(label) or field_key(label))
        nearest = label if label and not field_key(label) else section.title
        if not aside and any(names_priority(text) for text in (label, *titles)):
            if entry.boxed or entry.marked or entry.names_one:
                return Rank.PLACED
            return Rank.PLAIN if names_priority(nearest) or names_bucket(nearest) else None
        held = [text for text in (label, *titles) if names_bucket(text) or names_status(text)]
        if not aside and held and entry.boxed:
            return Rank.BOXED
        if nearest in held or _asks_for_documents(nearest):
            return Rank.PLAIN
        return Rank.BARE if entry.boxed else None

    def _bodies(self, heads: Sequence[Placed]) -> Iterator[list[Line]]:
        """Yield each line of the outermost level, with what is below it up to the next."""
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            end = following.line.start if following else head.section.end
            yield _body(lines_of(self.lines, head.line.start, self._scopes.following(head.line.start, end)))


def _asks_for_documents(heading: str) -> bool:
    """Say whether a heading is one over documents to write: "Runbooks to write", "Missing procedures"."""
    return bool(read_words().plural.search(heading)) and not names_aside(heading)


def _is_coded(entries: Sequence[_Entry]) -> bool:
    coded = [e for e in entries if e.number and e.number.code]
    return bool(coded) and len(coded) * 2 >= len(entries)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A list line that may be an item: its number, its title, what is behind and below it."""

    head: Line
    body: list[Line]
    section: Section
    number: Numbered | None
    title: str
    marked: bool
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, body: list[Line], section: Section) -> _Entry:
        head = body[0]
        state = _STATE.match(head.content)
        text = strip_leading(head.content[state.end() :] if state else head.content)
        ordered = _ORDERED.match(head.text)
        read = read_number(_bare_number(text))
        title, rest, marked = _title(_TAGS.sub("", read.title if read else text))
        if ordered and (read is None or not read.code):
            first, last = int(ordered[1]), int(ordered[2] or ordered[1])
            read = Numbered(first, max(first, last), text)
        fields = [*_remarks(rest, head), *_inline(head), *read_fields(body[1:])]
        if state and read_status(state["state"]):
            fields.append(Field("status", "", state["state"], head.number))
        return cls(head, body, section, read, title, marked, tuple(fields))

    @property
    def form(self) -> str:
        """How the line is written: with which kind of number, with or without a box."""
        code = self.number.code if self.number else ""
        return re.sub(r"[\d.]+", "#", code) if code else "number" if self.number else "box" if self.head.mark else ""

    @property
    def boxed(self) -> bool:
        """Whether the line has a box or a sign of its own."""
        return self.head.mark is not None

    @property
    def strong(self) -> bool:
        """Whether the line has a field of its own that only items have."""
        # Of a line without a box, "after the audit" may be prose.
        keys = {f.key for f in self.fields if self.boxed or f.label != _SAID}
        return bool(keys & _STRONG) and (self.boxed or self.number is not None)

    @property
    def names_one(self) -> bool:
        """Whether the title names a document: by its kind, or in capitals."""
        return bool(read_words().noun.search(self.title)) or (self.number is not None and is_capitalised(self.title))

    def opening(self, label: str) -> Opening:
        """Return the line as an opening."""
        read = self.number or Numbered(0, 0, self.title)
        needs = _NEEDS.search(self.head.text)
        # What a sign behind "depends on" or in a field says is not said of this item.
        cut = min(needs.start() if needs else len(self.head.text), first_field(self.head.text))
        end = self.head.start + len(self.head.text.encode())
        return Opening(
            read.first,
            read.last,
            self.title,
            replace(self.head, text=self.head.text[:cut]),
            end,
            self.section,
            self.fields,
            self.body[-1].start + 1,
            label=label,
            code=read.code,
            place=self.head.indent + 1,
            said=_said(self.head.content[: first_field(self.head.content)]),
        )


def _bare_number(text: str) -> str:
    """Return a line whose number is in bold, "**1.** Dough" or "**1. Dough** - 2 h", with the number first."""
    return (
        re.sub(r"^(?:\*\*|__)([^*_]+?)(?:\*\*|__)", r"\1", text, count=1)
        if re.match(r"^(?:\*\*|__)\W?\w*\d", text)
        else text
    )


def _bold_number(line: Line) -> Numbered | None:
    """Return the number of a line that is one paragraph in bold."""
    label = LABEL.match(line.text)
    return read_number(label[1]) if label else None


def _open_line(body: list[Line], read: Numbered, section: Section, label: str, place: int) -> Opening:
    head = body[0]
    fields = (*_inline(head), *read_fields(body[1:]))
    end = head.start + len(head.text.encode())
    title = clean_title(plain_text(read.title))
    return Opening(
        read.first,
        read.last,
        title,
        head,
        end,
        section,
        fields,
        body[-1].start + 1,
        label=label,
        code=read.code,
        place=place,
        said=read.title,
    )


def _inline(line: Line) -> list[Field]:
    """Read the fields that are on the line itself, behind its title."""
    at = first_field(line.text)
    return read_fields([replace(line, text=line.text[at:])]) if at < len(line.text) else []


def _said(text: str) -> str:
    """Return a line without its number and what it depends on."""
    read = read_number(_bare_number(text))
    said = _TAGS.sub("", read.title if read else text)
    needs = _NEEDS.search(said)
    return said[: needs.start()] if needs else said


def _title(text: str) -> tuple[str, str, bool]:
    """Take a line apart: its title, what is behind that, and whether bold or a link marks the title."""
    text = text[: first_field(text)].rstrip(" |;,·–—-") or text
    marked = _MARKED.match(text)
    if marked:
        name, behind = marked["bold"] or marked["link"], marked["behind"] or marked["after"] or ""
        noun = re.match(r"\s+[^\W\d_]+", behind)
        if noun and read_words().noun.search(noun[0]):
            name, behind = f"{name}{noun[0]}", behind[noun.end() :]
        return clean_title(name.rstrip(" :")), behind, True
    plain = strip_emphasis(text)
    needs = _NEEDS.search(plain)
    cut = needs.start() if needs else len(plain)
    joint = _BEHIND.search(plain)
    if joint and joint.start() and _is_aside(plain, joint):
        cut = min(cut, joint.start())
    return clean_title(plain[:cut].rstrip(" (,;–—-")), plain[cut:], False


def _is_aside(text: str, joint: re.Match[str]) -> bool:
    """Say whether what is behind a joint is said of the title: behind its kind, or hours, or a dependency."""
    if read_words().noun.search(text[: joint.start()]):
        return True
    behind = text[joint.end() :].strip(" ()")
    return bool(read_whole_effort(behind) or _NEEDS.search(f" {behind}"))


def _remarks(text: str, line: Line) -> Iterator[Field]:
    """Read what is behind the title: "after #2", "(depends on Data Design Procedure)"."""
    for needs in _NEEDS.finditer(text):
        yield Field("depends_on", _SAID, needs["names"].strip(" .;,"), line.number)


def _body(own: list[Line]) -> list[Line]:
    """Cut the lines of a list item where a paragraph follows that does not belong to it.

    An item that is a paragraph in bold goes on to the next label with a meaning of its own.
    """
    if LABEL.match(own[0].text) and not own[0].bullet:
        labels = ((place, LABEL.match(line.text)) for place, line in enumerate(own) if place)
        return own[: next((at for at, label in labels if label and _ends_item(label[1])), len(own))]
    for place in range(2, len(own)):
        line = own[place]
        outside = line.text.strip() and not own[place - 1].text.strip() and line.indent <= own[0].indent
        if outside and not any(f.key for f in fields_in(line.text, line.number)):
            return own[:place]
    return own


def _ends_item(label: str) -> bool:
    return not field_key(label) and (names_priority(label) or names_bucket(label) or bool(read_role(label)))


def unclaimed(document: Document, lines: list[Line], openings: Collection[Opening]) -> Iterator[tuple[int, str]]:
    """Yield the lines that look like items and are in none: boxes, codes and what is right below a priority.

    Metrics, goals, risks and the like are no items, nor is what names an item again.
    """
    scopes = Scopes(o for o in openings)
    named = {key for opening in openings for key in (*_keys(opening), f"title {title_key(clean_title(opening.title))}")}
    for placed in placed_lines(document, lines):
        line, read = placed.line, read_number(placed.line.body)
        if placed.role or line.start in scopes or read_count(line.body) or is_nothing(line.body):
            continue
        code = read.code.upper() if read else ""
        again = {code, *_plain_code(code), f"title {title_key(clean_title(line.body))}"}
        urgent = names_priority(placed.label or placed.section.title)
        if (line.mark or code or urgent) and not again & named:
            yield line.number, line.body
    for block in unread_tables(document, {o.line.start for o in openings}, scopes):
        heads = block.header.cells if block.header else ()
        yield block.line, f"a table with the columns {', '.join(plain_text(cell.text) for cell in heads)}"
