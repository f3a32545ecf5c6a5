"""Headings as openings of items: siblings of one form are weighed together; what is only put over items is left out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from procauthor.markdown.document import Block, Section
from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import Field, field_key, opens_field, plain_text, read_fields
from procauthor.planning.group import read_count
from procauthor.planning.line import Line, lines_of
from procauthor.planning.opening import (
    Numbered,
    Opening,
    names_bucket,
    names_priority,
    needs_pattern,
    read_number,
    without_bucket,
    word_before_number,
)
from procauthor.planning.text import PlanText, read_role
from procauthor.planning.title import names_task
from procauthor.planning.value import names_only_priority
from procauthor.planning.words import pattern, read_words
from procauthor.regex import lazy

STRONG = frozenset({"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"})
_INHERITED = frozenset({"priority", "depends_on", "soft", "lifecycle"})
_OWN = STRONG - {"priority", "lifecycle"}
_RANKED = lazy(r"^\W*(?:P\d\s*(?:[:.)]|[-–—]\s)|(?:[A-Z]\d?[.)]?\s+)?(?P<box>[\[(]P\d[\])]:?))\s*(?P<said>\S.*)$")
_RULE = lazy(r"^\s*(?:-\s*){3,}$|^\s*(?:\*\s*){3,}$")
# Of headings that are numbered alike, this share has to be items by itself for the others to be items too.
_FEW = 4
_SURE = 3


class Headings:
    """Decides which headings are items. ``rows`` are the items of tables: what is above them is over items."""

    def __init__(self, text: PlanText, rows: Sequence[Opening]) -> None:
        self.text = text
        self._sections = text.document.sections
        self._tabled = {above.index for row in rows for above in text.above(row.section)}
        self._parents = {s.parent for s in self._sections}
        words = Counter((s.parent, word_before_number(s.title)) for s in self._sections)
        self._units = {word for (_, word), count in words.items() if word and count > 1} - read_words().lists["units"]
        self._numbers = {s.index: read_number(s.title, self._units) for s in self._sections}
        self._fields = {s.index: self._own_fields(s) for s in self._sections}
        self._labels: dict[int, set[str]] = defaultdict(set)
        for section in self._sections:
            if section.parent is not None:
                self._labels[section.parent].add(field_key(section.title.partition(":")[0]))
        self._asides = {(s.parent, s.level) for s in self._sections if _is_aside(s.title)}
        self.chosen: set[int] = set()

    def openings(self, *, alone: bool) -> list[Opening]:
        """Return the headings that are items, each with all that is below it up to the next.

        A heading with a plain number and nothing else counts only where no item has fields, and headings are ``alone``.
        """
        sure, weak = self._choose()
        self.chosen = sure | (
            weak if alone and not any(self._keys(self._sections[i]) & STRONG for i in sure) else set()
        )
        openings: list[Opening] = []
        for section in self._sections:
            if section.index not in self.chosen:
                continue
            family = list(self.text.document.family(section))
            inner = [s for s in family[1:] if s.index in self.chosen]
            if not inner or (self._keys(section) & STRONG and not self._is_title(section)):
                openings.append(self._open(section, inner[0].start if inner else max(s.end for s in family), family))
        return openings

    def with_inherited(self, opening: Opening) -> Opening:
        """Add what the headings above say of all that is below them: priority, dependencies, lifecycle."""
        keys = {f.key for f in opening.fields}
        fields = list(opening.fields)
        above = iter(self.text.above(opening.section))
        for section in above if not opening.line.heading else list(above)[1:]:
            if section.index in self.chosen:
                break
            wanted = {"lifecycle"} if self._is_title(section) else _INHERITED
            said = [f for f in self._fields[section.index] if f.key in wanted - keys and (f.text or f.entries)]
            fields += said
            keys |= {f.key for f in said}
        return replace(opening, fields=tuple(fields)) if len(fields) > len(opening.fields) else opening

    # Families

    def _choose(self) -> tuple[set[int], set[int]]:
        """Return the indexes of the sections that are items, and of those that are if there are no others."""
        families: dict[tuple[object, ...], list[Section]] = defaultdict(list)
        for section in self._sections:
            number = self._numbers[section.index]
            if section.heading and not (section.index in self._tabled and not self._keys(section) & STRONG):
                wide = number and (number.unit or number.code)
                home = None if wide else section.parent
                families[home, section.level, number.form if number else ""].append(section)
        sure: set[int] = set()
        weak: set[int] = set()
        for family in families.values():
            members = [s for s in family if not (self._has_role(s) or self._is_container(s) or self._is_title(s))]
            numbered = self._numbers[family[0].index]
            if numbered is None:
                ranked = sum("priority" in self._keys(s) for s in members)
                sure |= {s.index for s in members if self._is_named(s, len(family), ranked=ranked > 1)}
            elif members:
                told, weight = self._weigh(members, family, numbered)
                target = sure if told or numbered.code or self._is_placed(members[0]) else weak
                target |= {s.index for s in members} if weight >= _SURE else set()
        sure |= self._beside(families, sure)
        return sure | set(self._alike(sure)), weak | self._beside(families, sure | weak)

    def _beside(self, families: Mapping[tuple[object, ...], Sequence[Section]], sure: Collection[int]) -> set[int]:
        """Return the numbered headings below siblings of headings over items: "Testing Backlog" beside others."""
        wide: dict[tuple[object, ...], list[Sequence[Section]]] = defaultdict(list)
        for (home, level, form), family in families.items():
            above = None if home is None else self._sections[cast("int", home)].parent
            if form == "number" and above is not None:
                wide[above, level].append(family)
        found: set[int] = set()
        for group in wide.values():
            chosen = sum(any(s.index in sure for s in family) for family in group)
            if chosen > 1 and chosen * 2 > len(group):
                found |= {s.index for family in group for s in family if not self._has_role(s)}
        return found

    def _alike(self, sure: Collection[int]) -> Iterator[int]:
        """Yield the sections that have no number and a label in bold that only items of their level have."""
        chosen = [self._sections[index] for index in sorted(sure) if self._numbers[index] is None]
        labels = {(s.level, f.label.casefold()) for s in chosen for f in self._fields[s.index] if f.label}
        for section in self._sections if len(chosen) > 1 else ():
            own = {(section.level, f.label.casefold()) for f in self._fields[section.index] if f.label}
            leaf = section.index not in self._parents and section.heading is not None
            if own & labels and leaf and not (self._numbers[section.index] or self._has_role(section)):
                yield section.index

    def _weigh(self, members: Sequence[Section], family: Sequence[Section], number: Numbered) -> tuple[bool, int]:
        """Say whether members of a numbered family have fields of items, and how much speaks for all of them."""
        told = sum(bool((self._keys(s) | self._labels[s.index]) & STRONG) for s in members) * _FEW >= len(family)
        coded = bool(number.code or number.unit)
        weight = 3 * told + (2 if coded else number.dot)
        weight += 2 * (sum(names_task(self._title(s)) for s in members) * 2 >= len(members))
        leaf = all(s.index not in self._parents for s in members)
        above = self._above(members[0])
        weight += 2 * (leaf and names_priority(above)) or int(leaf and coded and names_bucket(above))
        dotted = number.code[:1].isdigit()
        return told, weight + (coded and not dotted and any(self._has_work(s) for s in members))

    def _title(self, section: Section) -> str:
        number = self._numbers[section.index]
        return number.title if number else section.title

    def _has_work(self, section: Section) -> bool:
        family = self.text.document.family(section)
        return any(f.key == "actions" and f.entries for s in family for f in self.text.fields(s))

    def _is_named(self, section: Section, size: int, *, ranked: bool) -> bool:
        """Say whether a heading without a number is an item, by its fields, or below a priority by its name."""
        if self._is_title(section) or field_key(section.title):
            return False
        keys = self._keys(section) | self._labels[section.index]
        if size > 1 and self._is_ranked(section):
            return True
        if names_bucket(section.title):
            return bool(without_bucket(section.title) and keys - {""} and self._says_one(section))
        counts = any(line.bullet and read_count(line.body) for line in self.text.own(section))
        task = names_task(section.title)
        told = "priority" in keys and bool(keys & {"depends_on", "lifecycle", "effort"})
        told = told and (task or bool(_OWN & keys))
        if (told or (ranked and "priority" in keys)) and not counts:
            return True
        needs = "depends_on" in keys and not pattern("nouns", r"\b(?:{})s\b").search(section.title)
        if (task or needs) and self._is_placed(section):
            return True
        leaf = section.index not in self._parents and not counts
        return leaf and size > 1 and names_priority(self._above(section)) and self._is_bare(section)

    def _is_ranked(self, section: Section) -> bool:
        """Say whether "P1 - No salt" is work of that priority, and no heading over others."""
        ranked = _RANKED.match(plain_text(section.title))
        if not ranked or section.index in self._parents or read_count(section.title):
            return False
        if names_only_priority(ranked["said"]) or names_bucket(ranked["said"]) or section.index in self._tabled:
            return False
        loose = self._loose(section)
        return not any(line.mark for line in loose) if ranked["box"] else not loose

    def _is_bare(self, section: Section) -> bool:
        """Say whether no list below a heading could itself be one of items, and its siblings have no other role."""
        return (section.parent, section.level) not in self._asides and not any(
            line.mark or read_number(line.content) for line in self._loose(section)
        )

    def _is_placed(self, section: Section) -> bool:
        return any(map(names_priority, self.text.headings(section)[1:]))

    def _above(self, section: Section) -> str:
        """Return the heading above one, but for the title of the document."""
        above = None if section.parent is None else self._sections[section.parent]
        return "" if above is None or self._is_title(above) else above.title

    def _is_title(self, section: Section) -> bool:
        """Say whether a heading is that of the document, which speaks of all items."""
        titled = section.level <= 1 and section.title == self.text.document.title
        return titled and not (self._numbers[section.index] and section.index not in self._parents)

    def _has_role(self, section: Section) -> bool:
        """Say whether a heading above, or an own one without a number, says that its lines are metrics or the like."""
        above = None if section.parent is None else self._sections[section.parent]
        if above is not None and self.text.role(above):
            return True
        return bool(read_role(section.title)) and not self._numbers[section.index]

    def _is_container(self, section: Section) -> bool:
        """Say whether a heading is what items are put into: a phase, a week, a group, or a list of codes below it."""
        if self._is_ranked(section):
            return False
        number = self._numbers[section.index]
        if number and number.unit in self._units and any(line.mark for line in self._loose(section)):
            # "Chunk 1: Dough" over boxes is like a phase, whatever the word, unless it has fields.
            return not any(f.label for f in self._fields[section.index])
        loose = self._loose(section)
        coded = [line for line in loose if (read := read_number(line.body)) and read.code]
        told = self._numbers[section.index] and self._keys(section) & _OWN and not names_bucket(section.title)
        if coded and len(coded) * 2 >= len(loose) and not told:
            return True
        if section.index in self._tabled and names_bucket(section.title):
            return True
        if self._numbers[section.index] or not (names_bucket(section.title) or names_priority(section.title)):
            only = self._keys(section) & STRONG == {"priority"}
            return only and not self._numbers[section.index] and sum(bool(line.mark) for line in loose) > 1
        said = without_bucket(section.title)
        return not (said and not names_only_priority(said) and self._says_one(section))

    def _says_one(self, section: Section) -> bool:
        """Say whether "Priority 1: Verify scripts (1-2 days)" is work of its own and not a heading over others."""
        tasks = any(f.key == "actions" and f.label for f in self._fields[section.index])
        tasks = tasks and bool(self._keys(section) & {"depends_on", "soft"})
        marked = any(line.mark for line in self._loose(section))
        if section.index in self._parents or (marked and not tasks):
            return False
        hours = any(read_whole_effort(part) for part in re.findall(r"\(([^()]*)\)", section.title))
        return hours or bool(self._keys(section) & _OWN)

    # Fields

    def _keys(self, section: Section) -> set[str]:
        return {f.key for f in self._fields[section.index]} - {""}

    def _loose(self, section: Section) -> list[Line]:
        """Return the list lines below a heading that are not below the label of a field."""
        fields = self.text.fields(section)
        return [entry.line for f in fields if f.key in ("actions", "listed") for entry in f.entries]

    def _own_fields(self, section: Section) -> list[Field]:
        own = self.text.own(section)
        if section.index == len(self._sections) - 1:
            # What is behind a rule at the end of the file is said of the whole plan.
            own = own[: next((at for at, line in enumerate(own) if _RULE.match(line.text)), len(own))]
        fields = read_fields(_without_entries(own)) if any(line.bullet for line in own) else self.text.fields(section)
        return fields + [pair for block in section.blocks for pair in _pairs(block)]

    def _open(self, section: Section, end: int, family: Sequence[Section]) -> Opening:
        whole = end > section.end
        body = read_fields(lines_of(self.text.lines, section.body, end)) if whole else list(self.text.fields(section))
        body += [pair for s in family if s.start < end for block in s.blocks for pair in _pairs(block)]
        title = section.title
        if names_bucket(title) and without_bucket(title):
            title = without_bucket(title)
        ranked = _RANKED.match(title)
        read = self._numbers[section.index] or read_number(title) or Numbered(0, 0, plain_text(title))
        if ranked and ranked["box"]:
            read = Numbered(0, 0, ranked["said"])
        needs = needs_pattern(of_code=True).search(read.title)
        if needs:
            body.append(Field("depends_on", "", needs["names"].strip(" .;,"), section.line))
            read = replace(read, title=read.title[: needs.start()].rstrip(" (,;–—-."))
        assert section.heading is not None
        line = self.text.lines[section.line - 1]
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


def _is_aside(title: str) -> bool:
    return bool(read_role(title) or field_key(title) or names_priority(title))


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


def _pairs(block: Block) -> Iterator[Field]:
    """Yield the fields of a table with two columns, key and value."""
    if block.kind != "table" or block.header is None or len(block.header.cells) != 2:  # noqa: PLR2004 - key and value
        return
    for row in (block.header, *block.rows):
        if len(row.cells) > 1 and (key := field_key(row.cells[0].text)):
            yield Field(key, row.cells[0].text, row.cells[1].text, row.line)
