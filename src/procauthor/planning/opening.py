"""Headings, lines of lists and paragraphs in bold as openings of items: siblings of one form are weighed together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped
from procauthor.markdown.document import Section
from procauthor.planning import title as say
from procauthor.planning import value
from procauthor.planning.line import Line, lines_of, plain_text, strip_emphasis, strip_leading
from procauthor.planning.text import (
    LABEL,
    Field,
    Opening,
    Placed,
    PlanText,
    Scopes,
    field_key,
    fields_in,
    first_field,
    opens_field,
    read_fields,
    read_role,
)
from procauthor.planning.title import Numbered, clean_title, needs_pattern, read_count, read_number, tell_codes
from procauthor.planning.value import ends_in_noun, read_words
from procauthor.regex import lazy

_STRONG = frozenset({"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"})
_INHERITED = frozenset({"priority", "depends_on", "soft", "lifecycle"})
_OWN = _STRONG - {"priority", "lifecycle"}
# Of headings side by side, two that have one of these are items.
_TELLING = frozenset({"priority", "depends_on"})
_RANKED = lazy(r"^\W*(?:P\d\s*(?:[:.)]|[-–—]\s)|(?:[A-Z]\d?[.)]?\s+)?(?P<box>[\[(]P\d[\])]:?))\s*(?P<said>\S.*)$")
# Of headings that are numbered alike, this share has to be items by itself for the others to be items too.
_FEW = 4
_SURE = 3
_Family = tuple[int | None, int, str]


class Headings:
    """Decides which headings are items. ``rows`` are the items of tables: what is above them is over items."""

    def __init__(self, text: PlanText, rows: Sequence[Opening]) -> None:
        self.text = text
        self._sections = text.document.sections
        self._tabled = text.busy(rows)
        self._parents = {s.parent for s in self._sections}
        words = Counter((s.parent, say.word_before_number(s.title)) for s in self._sections)
        self._units = {word for (_, word), count in words.items() if word and count > 1} - read_words().lists["units"]
        told: dict[int, str] = {}
        for beside in grouped((s.level, s) for s in self._sections if s.heading).values():
            told |= zip((s.index for s in beside), tell_codes([plain_text(s.title) for s in beside]), strict=True)
        self._numbers = [read_number(told.get(s.index, s.title), self._units) for s in self._sections]
        self._fields = [text.read_fields(_without_entries(text.own(s))) for s in self._sections]
        self._keys = [{f.key for f in fields} - {""} for fields in self._fields]
        # List lines that are not below the label of a field.
        listed = [[f.entries for f in fields if f.key in ("actions", "listed")] for fields in text.fields]
        self._loose = [[entry.line for entry in chain.from_iterable(entries)] for entries in listed]

    def openings(self, *, alone: bool) -> list[Opening]:
        """Return the headings that are items, each with all that is below it up to the next.

        A heading with a plain number and nothing else counts only where no item has fields, and headings are ``alone``.
        """
        sure, weak = self._choose()
        if self.text.reading.items:
            sure = {s.index for s in self._sections if s.heading and self.text.is_told(s, s.level)}
            sure -= set() if self.text.reading.level else {s.parent for s in self._sections if s.index in sure}
        return self._opened(sure | (weak if alone and not any(self._keys[i] & _STRONG for i in sure) else set()))

    def outermost(self) -> list[Opening]:
        """Return the headings right below a title such as "TODO", which are items where a plan has no others."""
        tops = [s for s in self._sections if s.heading and not (self._is_title(s) or self._has_role(s))]
        level = min((s.level for s in tops), default=0) if self.text.is_plan else 0
        return self._opened({s.index for s in tops if s.level == level and not self._is_container(s)})

    def _opened(self, chosen: Collection[int]) -> list[Opening]:
        openings = []
        for section in (self._sections[index] for index in sorted(chosen)):
            family = list(self.text.document.family(section))
            inner = [s for s in family[1:] if s.index in chosen]
            if not inner or (self._keys[section.index] & _STRONG and not self._is_title(section)):
                openings.append(self._open(section, inner[0].start if inner else max(s.end for s in family)))
        return openings

    def _open(self, section: Section, end: int) -> Opening:
        body = self.text.read_fields(lines_of(self.text.lines, section.body, end))
        title = (say.without_bucket(section.title) if say.names_bucket(section.title) else "") or section.title
        read = self._numbers[section.index] or read_number(title) or Numbered(0, 0, plain_text(title))
        if (ranked := _RANKED.match(title)) and ranked["box"]:
            read = Numbered(0, 0, ranked["said"])
        title = read.title
        if needs := needs_pattern(of_code=True).search(title):
            body.append(Field("depends_on", "", needs["names"].strip(" .;,"), section.line))
            title = title[: needs.start()].rstrip(" (,;–—-.")
        line, fields = self.text.lines[section.line - 1], tuple(body)
        return Opening(read.first, read.last, title, line, section, fields, end, code=read.code, said=title)

    def with_inherited(self, opening: Opening) -> Opening:
        """Add what the headings above say of all that is below them: priority, dependencies, lifecycle."""
        fields = list(opening.fields)
        for section in self.text.above(opening.section):
            wanted = ({"lifecycle"} if self._is_title(section) else _INHERITED) - {f.key for f in fields}
            fields += [f for f in self._fields[section.index] if f.key in wanted and (f.text or f.entries)]
        return replace(opening, fields=tuple(fields))

    def _choose(self) -> tuple[set[int], set[int]]:
        """Return the indexes of the sections that are items, and of those that are if there are no others."""
        families: dict[_Family, list[Section]] = defaultdict(list)
        for section in self._sections:
            number, strong = self._numbers[section.index], self._keys[section.index] & _STRONG
            if section.heading and not (
                section.index in self._tabled and (say.names_bucket(section.title) or not strong)
            ):
                wide = number and (number.unit or number.code)
                families[None if wide else section.parent, section.level, number.form if number else ""].append(section)
        sure: set[int] = set()
        weak: set[int] = set()
        for family in families.values():
            members = [s for s in family if not (self._has_role(s) or self._is_container(s) or self._is_title(s))]
            # "Tasks" names what is below it.
            members = [s for s in members if not field_key(s.title)]
            numbered = self._numbers[family[0].index]
            if numbered is None:
                times = Counter(chain.from_iterable(self._keys[s.index] & _TELLING for s in members))
                ranked = any(count > 1 for count in times.values())
                named = {s.index for s in members if self._is_named(s, len(family), ranked=ranked)}
                # Of phases side by side, one with fields of its own makes all of them items.
                sure |= {s.index for s in members if s.index in named or (named and say.names_bucket(s.title))}
            elif members:
                told, weight = self._weigh(members, family, numbered)
                placed = any(map(say.names_priority, self.text.headings[members[0].index][1:]))
                target = sure if told or numbered.code or placed else weak
                target |= {s.index for s in members} if weight >= _SURE else set()
        return sure | self._alike(sure), weak | self._beside(families, sure | weak)

    def _beside(self, families: Mapping[_Family, Sequence[Section]], sure: Collection[int]) -> set[int]:
        """Return the numbered headings below siblings of headings over items: "Testing Backlog" beside others."""
        wide: dict[tuple[int, int], list[Sequence[Section]]] = defaultdict(list)
        for (home, level, form), family in families.items():
            above = None if home is None else self._sections[home].parent
            if form == "number" and above is not None:
                wide[above, level].append(family)
        beside: set[int] = set()
        for group in wide.values():
            chosen = sum(any(s.index in sure for s in family) for family in group)
            for family in group if chosen > 1 and chosen * 2 > len(group) else ():
                beside |= {s.index for s in family if not self._has_role(s)}
        return beside

    def _alike(self, sure: Collection[int]) -> set[int]:
        """Return the sections that have no number and a label in bold that only items of their level have."""
        labels = [{(s.level, f.label.casefold()) for f in self._fields[s.index] if f.label} for s in self._sections]
        plain = [s for s in self._sections if self._numbers[s.index] is None and s.heading]
        chosen = [s.index for s in plain if s.index in sure]
        wanted = set().union(*(labels[index] for index in chosen)) if len(chosen) > 1 else set()
        return {s.index for s in plain if labels[s.index] & wanted and not self._has_role(s)}

    def _weigh(self, members: Sequence[Section], family: Sequence[Section], number: Numbered) -> tuple[bool, int]:
        """Say whether members of a numbered family have fields of items, and how much speaks for all of them."""
        told = sum(bool(self._keys[s.index] & _STRONG) for s in members) * _FEW >= len(family)
        coded = bool(number.code or number.unit)
        titles = [cast("Numbered", self._numbers[s.index]).title for s in members]
        leaf, above = all(s.index not in self._parents for s in members), self._above(members[0])
        weight = 3 * told + (2 if coded else number.dot) + 2 * (sum(map(say.names_task, titles)) * 2 >= len(members))
        weight += leaf * (say.weigh_place(above, self.text.named(members[0])[1:]) or self.text.is_plan)
        weight += coded and any(self.text.lines[s.line - 1].any_mark for s in members)
        sections = chain.from_iterable(map(self.text.document.family, members))
        work = chain.from_iterable(self.text.fields[s.index] for s in sections)
        worded = coded and not number.code[:1].isdigit()
        return told, weight + (worded and any(f.key == "actions" and f.entries for f in work))

    def _is_named(self, section: Section, size: int, *, ranked: bool) -> bool:
        """Say whether a heading without a number is an item, by its fields, or below a priority by its name."""
        keys = self._keys[section.index]
        if say.names_bucket(section.title):
            effort = any(map(value.read_whole_effort, re.findall(r"\(([^()]*)\)", section.title)))
            return bool(say.without_bucket(section.title) and keys and (keys & _OWN or effort))
        counts = any(line.bullet and read_count(line.body) for line in self.text.own(section))
        told = ranked or ("priority" in keys and keys & {"depends_on", "lifecycle", "effort"})
        if self._is_ranked(section) or (keys & _TELLING and told and not counts):
            return True
        placed = any(map(say.names_priority, self.text.headings[section.index][1:]))
        if placed and ("depends_on" in keys or say.names_task(section.title)):
            return True
        # No list below it could itself be one of items.
        bare = not any(line.mark or read_number(line.content) for line in self._loose[section.index])
        return size > 1 and bare and say.names_priority(self._above(section))

    def _is_ranked(self, section: Section) -> bool:
        """Say whether "P1 - No salt" is work of that priority, and no heading over others."""
        ranked = _RANKED.match(plain_text(section.title))
        if not ranked or section.index in self._parents:
            return False
        return not any(line.mark or not ranked["box"] for line in self._loose[section.index])

    def _above(self, section: Section) -> str:
        """Return the heading above one, but for the title of the document."""
        above = None if section.parent is None else self._sections[section.parent]
        return "" if above is None or self._is_title(above) else above.title

    def _is_title(self, section: Section) -> bool:
        titled = section.level <= 1 and section.title == self.text.document.title
        return titled and not (self._numbers[section.index] and section.index not in self._parents)

    def _has_role(self, section: Section) -> bool:
        """Say whether a heading above, or an own one without a number, says that its lines are metrics or the like."""
        above = section.parent is not None and self.text.roles[section.parent]
        return bool(above or (read_role(section.title) and not self._numbers[section.index]))

    def _is_container(self, section: Section) -> bool:
        """Say whether a heading is what items are put into: a phase, a week, a group, or a list of codes below it."""
        if self._is_ranked(section):
            return False
        number, loose, keys = self._numbers[section.index], self._loose[section.index], self._keys[section.index]
        inner = Counter(f.key for f in self.text.fields[section.index] if f.key in _STRONG - keys)
        if inner and (max(inner.values()) > 1 or not keys & _STRONG):
            # Lines below it have such fields, each its own.
            return True
        boxes = sum(bool(line.mark) for line in loose)
        if number and number.unit in self._units and boxes:
            # "Chunk 1: Dough" over boxes is like a phase, whatever the word, unless it has fields.
            return not any(f.label for f in self._fields[section.index])
        coded = sum(bool((read := read_number(line.body)) and read.code) for line in loose)
        if coded and coded * 2 >= len(loose) and not (number and keys & _OWN):
            return True
        ranks = say.names_priority(section.title) and not say.names_bucket(section.title)
        return not number and ((ranks and not keys & _OWN) or (keys & _STRONG == {"priority"} and boxes > 1))


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


_MARKED = lazy(r"^(?:\*\*|__)(?P<bold>[^*]+?)(?:\*\*|__)(?P<behind>.*)$|^\[(?P<link>[^\]]+)\]\([^)]*\)(?P<after>.*)$")
_BEHIND = lazy(r" [-–—] | ?; |(?<=\w): | \((?=[^()]*\)$)")
_TAGS = lazy(r"^(?:\[[^\]\s]{1,12}\]\s*)+(?=\S)")
_STATE = lazy(r"^(?:\[(?P<state>[^\W\d_][\w -]{2,15})\]|(?P<bare>[A-Z]{3,12}):?)\s+(?=\S)")
_RANK = lazy(r"^[\s*_(\[]*(?P<rank>P\d|[^\W\d_]+)\b\s*(?:[)\]:]|\*\*|__|[–—-]\s)[\s*_:)–—-]*(?=\S)")
TITLED = lazy(r"^\*\*(?:[^*]+[.:]\*\*|[^*]+\*\*(?:$|[.:]|\s[(–—-]))")
_RANK_BEHIND = lazy(r"^[\s:.(–—-]*(P\d)\b(?![–-]P)")
_ISSUE = lazy(r"^[`*\[]*#\d")
_BOLD = lazy(r"^(?:\*\*|__)([^*]+?)(?:\*\*|__)(.*)$")
_ORDERED = lazy(r"^\s*(\d{1,9})(?:\s?[-–]\s?(\d{1,4}))?[.)]\s")
# What is said behind other names, by what it says.
_KINDS = {"effort": value.read_whole_effort, "priority": value.is_priority, "status": value.says_only_status}
# The label of what a line depends on without a label of its own.
_SAID = "depends on"
_DEEPEST = 3
# Fields of its own make a line an item, whatever is above it.
TOLD = 9


class WeighedList(Struct, frozen=True):
    """The items of one list, and how much speaks for them: in all, by their lines alone (``own``), and if by boxes."""

    openings: tuple[Opening, ...]
    section: Section
    weight: int
    own: int = TOLD
    boxed: bool = False

    @property
    def ticked(self) -> bool:
        """Whether the lines have boxes to tick, and not only signs."""
        return any(o.line.mark is not None and o.line.mark.marker is not None for o in self.openings)


def find_lists(text: PlanText, scopes: Scopes) -> Iterator[WeighedList]:
    """Yield the lists that may hold items, among the lines outside of ``scopes``."""
    free = (p for p in text.placed if p.line.start not in scopes)
    for (_, label), group in grouped(((p.section.index, p.label), p) for p in free).items():
        said = "" if say.names_status(label) else field_key(label)
        if not group[0].role and said in ("", "actions", "procedures"):
            yield from _weigh(text, scopes, group, label)


def _weigh(text: PlanText, scopes: Scopes, group: Sequence[Placed], label: str) -> Iterator[WeighedList]:
    """Yield the lines of one list that may be items: all of one form where one has fields, else those with codes."""
    section = group[0].section
    entries = _entries(text, group, scopes)
    counts = any(read_count(e.head.body) for e in entries)
    entries = [e for e in entries if not (value.is_nothing(e.title) or read_count(e.head.body))]
    strong = {e.form for e in entries if e.strong}
    coded = [e for e in entries if e.number and e.number.code]
    coded = coded if len(coded) * 2 >= len(entries) else []
    told = [e for e in entries if e.form in strong or (coded and e.head.mark)]
    marked = [e for e in entries if e.head.mark]
    kept = told or coded or (marked if len(marked) * 2 >= max(1, len(entries)) else entries)
    boxed, half = any(e.head.mark for e in kept), len(kept) / 2
    if not kept or (counts and not boxed):
        return
    numbered, named = (sum(map(bool, each)) >= half for each in zip(*((e.number, e.named) for e in kept), strict=True))
    # "#91 Bake" is an issue.
    issues = all(_ISSUE.match(e.head.content) for e in kept)
    own = 2 + any(e.number and e.number.unit for e in kept) if coded else 2 * (boxed or issues) + numbered + named
    own = TOLD if told else own
    # What is not right above counts for clear lines alone.
    clear = boxed or any(e.marked or e.named for e in kept)
    titled = sum(bool(TITLED.match(e.head.content)) for e in kept) > half
    place = say.weigh_place(
        label if label and not field_key(label) else section.title, text.named(section) if clear else ()
    ) or (text.is_plan and numbered and titled and not coded)
    openings = [e.opening(text.label_above(section, e.head.start) or label, e.head.indent + 1) for e in kept]
    yield WeighedList(tuple(openings), section, own + place, own, boxed)


def _entries(text: PlanText, group: Sequence[Placed], scopes: Scopes) -> list[_Entry]:
    """Return the lines of the outermost level that holds items: those below an epic or a feature count as well.

    Boxes with codes that have lines of their own below them are items, and what they are in is put over them.
    """
    levels: list[list[_Entry]] = []
    # A paragraph is outside of the lists below it.
    depths = [p.line.indent if p.line.bullet else -1 for p in group]
    for depth in sorted(set(depths))[:_DEEPEST]:
        outermost = (p for p, indent in zip(group, depths, strict=True) if indent == depth)
        heads = [p for p in outermost if not opens_field(p.line.content)]
        ends = [*(p.line.start for p in heads[1:]), *(p.section.end for p in heads[-1:])]
        entries = []
        texts = tell_codes([p.line.content for p in heads])
        for head, end, said in zip(heads, ends, texts, strict=True):
            own = lines_of(text.lines, head.line.start, scopes.following(head.line.start, end))
            entries.append(_read_entry(text, _body(own), head.section, said))
        levels.append([entry for entry in entries if entry.title])
    if told := text.reading.level:
        return levels[told - 1] if told <= len(levels) else []
    place = next((at for at, level in enumerate(levels) if any(e.strong or e.head.mark or e.number for e in level)), 0)
    first = levels[place] if levels else []
    for level in levels[place + 1 :]:
        inner = [e for e in level if e.head.mark and e.number and e.number.code]
        if sum(e.strong or any(line.bullet for line in e.body[1:]) for e in inner) * 2 > len(inner):
            return sorted([*_without_inner(text, first, inner), *inner], key=lambda e: e.head.start)
    return first


def _without_inner(text: PlanText, outer: Sequence[_Entry], inner: Sequence[_Entry]) -> Iterator[_Entry]:
    """Yield the outer lines that hold no inner one, and those that have fields of their own, up to the first one."""
    starts = [each.head.start for each in inner]
    for entry in outer:
        place = bisect_right(starts, entry.head.start)
        if place == len(starts) or starts[place] > entry.body[-1].start:
            yield entry
            continue
        own = [line for line in entry.body if line.start < starts[place]]
        cut = _read_entry(text, own, entry.section, entry.head.content)
        said = any(
            value.is_priority(each) or value.read_whole_effort(each) for each in value.read_remarks(entry.head.text)
        )
        if said or cut.strong:
            yield cut


class _Entry(Struct, frozen=True):
    """A line that may be an item, with what is below it; ``marked`` says that bold or a link marks its title."""

    body: list[Line]
    section: Section
    number: Numbered | None
    title: str
    fields: tuple[Field, ...]
    marked: bool

    @property
    def head(self) -> Line:
        return self.body[0]

    @property
    def named(self) -> bool:
        return ends_in_noun(self.title)

    @property
    def form(self) -> str:
        """How the line is written: with which kind of number, with or without a box."""
        if self.number:
            return re.sub(r"[\d.]+", "#", self.number.code) or "number"
        return "box" if self.head.mark else ""

    @property
    def strong(self) -> bool:
        """Whether the line has a field of its own that only items have."""
        # Of a line without a box, "after the audit" may be prose.
        keys = {f.key for f in self.fields if self.head.mark or f.label != _SAID}
        if self.head.mark is None and self.number is None:
            inner = {line.number for line in self.body if line.indent > self.head.indent}
            keys = {f.key for f in self.fields if f.line in inner and self.marked}
        return bool(keys & _STRONG)

    def opening(self, label: str, place: int) -> Opening:
        """Return the line as an opening; what is said behind "depends on" or in a field is not said of this item."""
        head, read = self.head, self.number or Numbered(0, 0, self.title)
        content = head.content[: first_field(head.content)]
        number = read_number(content)
        said = _before_needs(_TAGS.sub("", number.title if number else content))
        line = replace(head, text=_before_needs(head.text)[: first_field(head.text)])
        first, last, end = read.first, read.last, self.body[-1].start + 1
        return Opening(first, last, self.title, line, self.section, self.fields, end, label, read.code, place, said)


def _before_needs(text: str) -> str:
    needs = needs_pattern().search(text)
    return text[: needs.start()] if needs else text


def _body(own: list[Line]) -> list[Line]:
    """Cut the lines of a list item where a paragraph follows that does not belong to it.

    An item that is a paragraph in bold goes on to the next label with a meaning of its own.
    """
    for place, line in enumerate(own[1:], 1):
        if not own[0].bullet:
            label = LABEL.match(line.text)
            named = "" if not label or field_key(label[1]) else label[1]
            if named and (say.names_priority(named) or say.names_bucket(named) or read_role(named)):
                return own[:place]
            continue
        inner = line.bullet and line.indent < own[0].indent
        outside = line.text.strip() and not own[place - 1].text.strip() and line.indent <= own[0].indent
        # A label behind a list of its own is said of the section.
        told = not any(below.bullet for below in own[1:place]) and any(f.key for f in fields_in(line.text, line.number))
        if inner or (outside and not told):
            return own[:place]
    return own


def _read_entry(text_of: PlanText, body: list[Line], section: Section, said: str) -> _Entry:
    """Take a line apart: a status or a priority in front, a number or a code, the title, remarks, fields."""
    head = body[0]
    fields, text = _fronted(said, head.number)
    ordered, bold = _ORDERED.match(head.text), _BOLD.match(text)
    read = read_number(bold[1]) if bold else None
    if bold and read:
        text = bold[2].lstrip(" :–—-") if read.title.startswith("(") else f"**{read.title}**{bold[2]}"
    else:
        read = read_number(text)
        text = read.title if read else text
    title, rest, marked = _title(_TAGS.sub("", text))
    if ordered and (read is None or not read.code):
        first, last = int(ordered[1]), int(ordered[2] or ordered[1])
        read = Numbered(first, max(first, last), title)
    # "P1." may be behind a title in bold.
    if rank := _RANK_BEHIND.match(rest) if marked else None:
        fields.append(Field("priority", "", rank[1], head.number))
    fields += [*_needed(rest, head.number), *_inline(head), *text_of.read_fields(body[1:])]
    return _Entry(body, section, read, title, tuple(fields), marked)


def _fronted(text: str, number: int) -> tuple[list[Field], str]:
    """Read a status and a priority in front of a line, and return what is behind them."""
    fields = []
    state = _STATE.match(text)
    said = (state["state"] or state["bare"]) if state else ""
    if state and (state["state"] or value.read_status(said)):
        text = text[state.end() :]
        fields += [Field("status", "", said, number)] if value.read_status(said) else []
    text = strip_leading(text)
    rank = _RANK.match(text)
    if rank and value.is_priority(rank["rank"]):
        text = text[rank.end() :]
        text = f"**{text}" if text.count("**") % 2 else text
        fields.append(Field("priority", "", rank["rank"], number))
    return fields, text


def _needed(rest: str, number: int) -> Iterator[Field]:
    """Yield what a line depends on, and what it says behind that: "depends on 1, 2 h, done"."""
    for match in needs_pattern().finditer(rest):
        parts = re.split(r"[,;]\s+(?![^(]*\))", match["names"])
        kinds = [next((key for key, says in _KINDS.items() if says(part)), "") for part in parts]
        yield from (Field(key, "", part, number) for key, part in zip(kinds, parts, strict=True) if key)
        names = ", ".join(part for key, part in zip(kinds, parts, strict=True) if not key)
        yield Field("depends_on", _SAID, names.strip(" .;,"), number)


def _inline(line: Line) -> list[Field]:
    return read_fields([replace(line, text=line.text[first_field(line.text) :])])


def _title(text: str) -> tuple[str, str, bool]:
    """Take a line apart: its title, what is behind that, and whether bold or a link marks the title."""
    text = text[: first_field(text)].rstrip(" |;,·–—-") or text
    if marked := _MARKED.match(text):
        name, behind = marked["bold"] or marked["link"], marked["behind"] or marked["after"] or ""
        noun = re.match(r"\s+[^\W\d_]+", behind)
        if say.names_bucket(name) and (said := behind.strip(" :–—-")):
            # "**Day 1**: Mix the dough" says when.
            name, behind = said, ""
        if noun and ends_in_noun(noun[0]):
            name, behind = f"{name}{noun[0]}", behind[noun.end() :]
        return clean_title(name.rstrip(" :")), behind, True
    plain = " ".join(strip_emphasis(text).split())
    cut, joint = len(_before_needs(plain)), _BEHIND.search(plain)
    if joint and joint.start():
        # What is behind a joint is said of the title: behind its kind, or hours, or a dependency.
        behind = plain[joint.end() :].strip(" ()")
        aside = value.read_whole_effort(behind) or needs_pattern().search(f" {behind}")
        cut = min(cut, joint.start()) if aside or ends_in_noun(plain[: joint.start()]) else cut
    return clean_title(plain[:cut].rstrip(" (,;–—-")), plain[cut:], False
