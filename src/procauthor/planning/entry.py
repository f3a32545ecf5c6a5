"""Lines of lists, and paragraphs in bold with a number, as openings of items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped
from procauthor.markdown.document import Section
from procauthor.planning import title as say
from procauthor.planning import value
from procauthor.planning.line import Line, lines_of, strip_emphasis, strip_leading
from procauthor.planning.series import STRONG, Kind, Series
from procauthor.planning.text import (
    LABEL,
    SAID,
    Field,
    Opening,
    Placed,
    PlanText,
    field_key,
    first_field,
    opens_field,
    read_fields,
    read_role,
)
from procauthor.planning.title import Numbered, clean_title, needs_pattern, read_count, read_number, tell_codes
from procauthor.planning.value import ends_in_noun, names_document
from procauthor.regex import lazy

_MARKED = lazy(r"^(?:\*\*|__)(?P<bold>[^*]+?)(?:\*\*|__)(?P<behind>.*)$|^\[(?P<link>[^\]]+)\]\([^)]*\)(?P<after>.*)$")
_BEHIND = lazy(r" [-–—] | ?; |(?<=\w): | \((?=[^()]*\)$)")
_TAGS = lazy(r"^(?:\[[^\]\s]{1,12}\]\s*)+(?=\S)")
_STATE = lazy(r"^(?:\[(?P<state>[^\W\d_][\w -]{2,15})\]|(?P<bare>[A-Z]{3,12}):?)\s+(?=\S)")
_RANK = lazy(r"^[\s*_(\[]*(?P<rank>P\d|[^\W\d_]+)\b\s*(?:[)\]:]|\*\*|__|[–—-]\s)[\s*_:)–—-]*(?=\S)")
_RANK_BEHIND = lazy(r"^[\s:.(–—-]*(P\d)\b(?![–-]P)")
ISSUE = lazy(r"^[`*\[]*#\d")
_BOLD = lazy(r"^(?:\*\*|__)([^*]+?)(?:\*\*|__)(.*)$")
_ORDERED = lazy(r"^\s*(\d{1,9})(?:\s?[-–]\s?(\d{1,4}))?[.)]\s")
# What is said behind other names, by what it says.
_KINDS = {"effort": value.read_whole_effort, "priority": value.is_priority, "status": value.says_only_status}
_DEEPEST = 4


def find_lists(text: PlanText) -> Iterator[Series]:
    """Yield the lines of lists that are written alike: in one section, below one label, of one depth and form."""
    for group in grouped(((p.section.index, p.label), p) for p in text.placed).values():
        first = group[0]
        for depth, entries in enumerate(_levels(text, group)):
            for form, some in grouped((entry.form, entry) for entry in entries).items():
                openings = tuple(
                    e.opening(text.label_above(first.section, e.head.start) or first.label, e.head.indent + 1)
                    for e in some
                )
                kind: Kind = "lists" if some[0].head.bullet else "paragraphs"
                yield Series(kind, openings, form, depth, first.label, first.role)


def _levels(text: PlanText, group: Sequence[Placed]) -> Iterator[list[_Entry]]:
    """Yield the lines of each depth, the outermost first; a paragraph is outside of the lists below it."""
    depths = [p.line.indent if p.line.bullet else -1 for p in group]
    for depth in sorted(set(depths))[:_DEEPEST]:
        outermost = (p for p, indent in zip(group, depths, strict=True) if indent == depth)
        heads = [p for p in outermost if not opens_field(p.line.content)]
        ends = [*(p.line.start for p in heads[1:]), *(p.section.end for p in heads[-1:])]
        texts = tell_codes([p.line.content for p in heads])
        bodies = (_body(lines_of(text.lines, head.line.start, end)) for head, end in zip(heads, ends, strict=True))
        entries = (_read_entry(text, body, group[0].section, said) for body, said in zip(bodies, texts, strict=True))
        yield [entry for entry in entries if _is_title(entry)]


def _is_title(entry: _Entry) -> bool:
    """Say whether a line may be an item: it counts nothing, and says neither "none" nor what is next."""
    nothing = value.is_nothing(entry.title) and not entry.head.mark
    return bool(entry.title) and not (
        nothing or read_count(entry.head.body) or value.pattern("next", r"^(?:{})$").match(entry.title)
    )


class _Entry(Struct, frozen=True):
    """A line that may be an item, with what is below it; ``marked`` says that bold or a link marks its title."""

    body: list[Line]
    section: Section
    number: Numbered | None
    title: str
    fields: tuple[Field, ...]
    remarks: tuple[Field, ...]
    marked: bool

    @property
    def head(self) -> Line:
        return self.body[0]

    @property
    def form(self) -> str:
        """How the line is written: with which kind of number, with or without a box."""
        return f"{self.number.form if self.number else ''}{' box' if self.head.mark else ''}"

    @property
    def told(self) -> frozenset[str]:
        """The fields of its own that only items have."""
        # Of a line without a box, "after the audit" may be prose.
        keys = {f.key for f in self.fields if self.head.mark or f.label != SAID}
        if self.head.mark is None and self.number is None:
            inner = {line.number for line in self.body if line.indent > self.head.indent}
            keys = {f.key for f in self.fields if f.line in inner and self.marked}
        return STRONG & {*keys, *(f.key for f in self.remarks)}

    def opening(self, label: str, place: int) -> Opening:
        """Return the line as an opening; what is said behind "depends on" or in a field is not said of this item."""
        head, read = self.head, self.number or Numbered(0, 0, self.title)
        content = head.content[: first_field(head.content)]
        number = read_number(content)
        said = _before_needs(_TAGS.sub("", number.title if number else content))
        line = replace(head, text=_before_needs(head.text)[: first_field(head.text)])
        first, last, end = read.first, read.last, self.body[-1].start + 1
        return Opening(
            first,
            last,
            self.title,
            line,
            self.section,
            (*self.fields, *self.remarks),
            end,
            label,
            read.code,
            place,
            said,
            self.told,
        )


def _before_needs(text: str) -> str:
    needs = needs_pattern().search(text)
    return text[: needs.start()].rstrip(" ,;([–—-") if needs else text


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
        if inner or outside:
            return own[:place]
    return own


def _read_entry(text_of: PlanText, body: list[Line], section: Section, said: str) -> _Entry:
    """Take a line apart: a status or a priority in front, a number or a code, the title, remarks, fields."""
    head = body[0]
    fields, text = _fronted(said, head.number)
    ordered, bold = _ORDERED.match(head.text), _BOLD.match(text)
    read = _number(bold[1]) if bold else None
    if bold and read:
        text = bold[2].lstrip(" :–—-") if read.title.startswith("(") else f"**{read.title}**{bold[2]}"
    else:
        read = _number(text)
        text = read.title if read else text
    title, rest, marked = _title(_TAGS.sub("", text))
    if ordered and (read is None or not read.code):
        first, last = int(ordered[1]), int(ordered[2] or ordered[1])
        read = Numbered(first, max(first, last), title)
    # "P1." may be behind a title in bold.
    if rank := _RANK_BEHIND.match(rest) if marked else None:
        fields.append(Field("priority", "", rank[1], head.number))
    fields += [*_needed(rest, head.number), *_inline(head), *text_of.read_fields(body[1:])]
    return _Entry(body, section, read, title, tuple(fields), tuple(_remarks(head)), marked)


def _number(text: str) -> Numbered | None:
    """Read the number or the code of a line; "2027 rules" begins with none."""
    read = read_number(text)
    return read if read and (read.dot or read.code or read.unit or ISSUE.match(text)) else None


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
        yield Field("depends_on", SAID, names.strip(" .;,]"), number)


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
        cut = min(cut, joint.start()) if aside or names_document(plain[: joint.start()]) else cut
    return clean_title(plain[:cut].rstrip(" ([,;–—-") or plain), plain[cut:], False


def _remarks(line: Line) -> Iterator[Field]:
    """Yield the priority and the hours in parentheses or behind the title of a line."""
    for remark in value.read_remarks(line.text):
        if value.is_priority(remark):
            yield Field("priority", "", remark, line.number)
