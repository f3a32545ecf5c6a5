"""Lines of lists, and paragraphs in bold, as openings of items: lines of one list are weighed together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from procauthor.data import grouped
from procauthor.markdown.document import Section
from procauthor.planning import title as above
from procauthor.planning import value
from procauthor.planning.around import read_count
from procauthor.planning.field import Field, field_key, fields_in, first_field, opens_field, read_fields
from procauthor.planning.heading import STRONG
from procauthor.planning.line import Line, lines_of, strip_emphasis, strip_leading
from procauthor.planning.text import LABEL, Opening, Placed, PlanText, Scopes, read_role
from procauthor.planning.title import Numbered, clean_title, needs_pattern, read_number, tell_codes
from procauthor.planning.words import ends_in_noun
from procauthor.regex import lazy

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


@dataclass(frozen=True, slots=True, eq=False)
class WeighedList:
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
        said = "" if above.names_status(label) else field_key(label)
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
    place = above.weigh_place(
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


@dataclass(frozen=True)
class _Entry:
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
        return bool(keys & STRONG)

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
            if named and (above.names_priority(named) or above.names_bucket(named) or read_role(named)):
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
        if above.names_bucket(name) and (said := behind.strip(" :–—-")):
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
