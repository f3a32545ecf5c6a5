"""Headings as openings of items: siblings of one form are weighed together; what is only put over items is left out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import cast

from procauthor.markdown.document import Section
from procauthor.planning import title as say
from procauthor.planning.around import read_count
from procauthor.planning.field import Field, field_key, opens_field
from procauthor.planning.line import Line, lines_of, plain_text
from procauthor.planning.text import Opening, PlanText, read_role
from procauthor.planning.title import Numbered, read_number
from procauthor.planning.value import read_whole_effort
from procauthor.planning.words import read_words
from procauthor.regex import lazy

STRONG = frozenset({"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"})
_INHERITED = frozenset({"priority", "depends_on", "soft", "lifecycle"})
_OWN = STRONG - {"priority", "lifecycle"}
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
        for level in {s.level for s in self._sections if s.heading}:
            beside = [s for s in self._sections if s.heading and s.level == level]
            told |= zip((s.index for s in beside), say.tell_codes([plain_text(s.title) for s in beside]), strict=True)
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
        return self._opened(sure | (weak if alone and not any(self._keys[i] & STRONG for i in sure) else set()))

    def outermost(self) -> list[Opening]:
        """Return the headings right below a title such as "TODO", which are items where a plan has no others."""
        tops = [s for s in self._sections if s.heading and not (self._is_title(s) or self._has_role(s))]
        level = min((s.level for s in tops), default=0) if say.names_work(self.text.document.title) else 0
        return self._opened({s.index for s in tops if s.level == level and not self._is_container(s)})

    def _opened(self, chosen: Collection[int]) -> list[Opening]:
        openings = []
        for section in (self._sections[index] for index in sorted(chosen)):
            family = list(self.text.document.family(section))
            inner = [s for s in family[1:] if s.index in chosen]
            if not inner or (self._keys[section.index] & STRONG and not self._is_title(section)):
                openings.append(self._open(section, inner[0].start if inner else max(s.end for s in family)))
        return openings

    def _open(self, section: Section, end: int) -> Opening:
        body = self.text.read_fields(lines_of(self.text.lines, section.body, end))
        title = (say.without_bucket(section.title) if say.names_bucket(section.title) else "") or section.title
        read = self._numbers[section.index] or read_number(title) or Numbered(0, 0, plain_text(title))
        if (ranked := _RANKED.match(title)) and ranked["box"]:
            read = Numbered(0, 0, ranked["said"])
        title = read.title
        if needs := say.needs_pattern(of_code=True).search(title):
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
            number, strong = self._numbers[section.index], self._keys[section.index] & STRONG
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
        told = sum(bool(self._keys[s.index] & STRONG) for s in members) * _FEW >= len(family)
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
            effort = any(map(read_whole_effort, re.findall(r"\(([^()]*)\)", section.title)))
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
        inner = Counter(f.key for f in self.text.fields[section.index] if f.key in STRONG - keys)
        if inner and (max(inner.values()) > 1 or not keys & STRONG):
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
        return not number and ((ranks and not keys & _OWN) or (keys & STRONG == {"priority"} and boxes > 1))


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
