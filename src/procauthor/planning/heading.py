"""Headings as openings of items: those of one level and form are weighed together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec.structs import replace

from procauthor.data import grouped
from procauthor.markdown.document import Section
from procauthor.naming import title_key
from procauthor.planning import title as say
from procauthor.planning.line import Line, lines_of, plain_text
from procauthor.planning.series import STRONG, Series, share
from procauthor.planning.text import Field, Opening, PlanText, field_key, opens_field
from procauthor.planning.title import Numbered, needs_pattern, read_number, tell_codes
from procauthor.planning.value import is_priority, read_remarks, read_words
from procauthor.regex import lazy

_INHERITED = frozenset({"priority", "lifecycle"})
_RANKED = lazy(r"^\W*(?:P\d\s*(?:[:.)]|[-–—]\s)|(?:[A-Z]\d?[.)]?\s+)?(?P<box>[\[(]P\d[\])]:?))\s*(?P<said>\S.*)$")


class Headings:
    """The headings of a plan with what is said right below them, and outside of the lines of lists."""

    def __init__(self, text: PlanText) -> None:
        self.text = text
        self._sections = text.document.sections
        self._parents = {s.parent for s in self._sections}
        words = Counter((s.parent, say.word_before_number(s.title)) for s in self._sections)
        units = {word for (_, word), count in words.items() if word and count > 1}
        told: dict[int, str] = {}
        for beside in grouped((s.level, s) for s in self._sections if s.heading).values():
            told |= zip((s.index for s in beside), tell_codes([plain_text(s.title) for s in beside]), strict=True)
        self.numbers = [read_number(told.get(s.index, s.title), units) for s in self._sections]
        self._fields = [text.read_fields(_without_entries(text.own(s))) for s in self._sections]
        # List lines that are not below a label.
        loose = [[f.entries for f in fields if not f.label] for fields in text.fields]
        self._loose = [[entry.line for entry in chain.from_iterable(entries)] for entries in loose]
        # "Deliverables" in each of several phases is a label, in any language.
        times = Counter({(title_key(s.title), s.parent) for s in self._sections if s.heading})
        again = Counter(title for title, _ in times)
        self._labels = {title for title, count in again.items() if count > 1}
        self.keys = self._read_keys()
        # "### Priority" below a heading is a field of it.
        for section in self._sections:
            if section.parent is not None and section.heading and self._is_label(section):
                lines = lines_of(text.lines, section.start, section.end)
                own = text.read_fields(_without_entries(lines))
                self._fields[section.parent] += own or [Field("", section.title, "", section.line)]
        self.keys = self._read_keys()

    def _read_keys(self) -> list[set[str]]:
        """Return the fields of each heading that only items have; fields that are headings below it count when read."""
        keys = [{f.key for f in fields} & STRONG for fields in self._fields]
        for section, number in zip(self._sections, self.numbers, strict=True):
            # "S1 - Lock (High)" has a field of its own.
            coded = number and re.search("[A-Z]", number.code)
            if coded and any(map(is_priority, read_remarks(section.title))):
                keys[section.index].add("priority")
        return keys

    def series(self) -> Iterator[Series]:
        """Yield the headings of each level and form; the one over all of a plan is in none."""
        families: dict[tuple[int | None, int, str], list[Section]] = defaultdict(list)
        for section in self._sections:
            number = self.numbers[section.index]
            wide = number and (number.unit or number.code)
            if section.heading and not self._is_title(section) and field_key(section.title) not in STRONG:
                home = None if wide else section.parent
                families[home, section.level, number.form if number else ""].append(section)
        for (_, level, form), family in families.items():
            role = self.text.roles[family[0].parent] if family[0].parent is not None else ""
            yield Series("headings", tuple(map(self._open, family)), form, level, "", role, self._facts(family))

    def _facts(self, family: Sequence[Section]) -> dict[str, float]:
        labels = [self._labels_of(s) for s in family]
        times = Counter(chain.from_iterable(labels))
        common = {label for label, count in times.items() if count * 2 >= len(family) > 1}
        return {
            "labels below": share(labels),
            "labels that others have": share(each & common for each in labels),
            "is a label": share(map(self._is_label, family)),
            "is ranked": share(map(self._is_ranked, family)),
            "over items": share(map(self._is_over_items, family)),
            "leaf": share(s.index not in self._parents for s in family),
            "has a list": share(map(self._holds_list, family)),
        }

    def _is_ranked(self, section: Section) -> bool:
        """Say whether "P1 - No salt" is work of that priority, and no heading over others."""
        ranked = _RANKED.match(plain_text(section.title))
        if not ranked or section.index in self._parents:
            return False
        return not any(line.mark or not ranked["box"] for line in self._loose[section.index])

    def _is_over_items(self, section: Section) -> bool:
        """Say whether a heading is what items are put into: a phase, a week, a priority, a state."""
        title = section.title
        if self._is_ranked(section):
            return False
        return say.names_bucket(title) or (
            not self.numbers[section.index]
            and (say.names_priority(title) or bool(say.names_status(title)) or say.names_work(title))
        )

    def _is_label(self, section: Section) -> bool:
        number = self.numbers[section.index]
        again = not (number or self.keys[section.index]) and title_key(section.title) in self._labels
        return bool(field_key(number.title if number else section.title)) or again

    def _is_title(self, section: Section) -> bool:
        titled = section.level <= 1 and section.title == self.text.document.title
        return titled and not (self.numbers[section.index] and section.index not in self._parents)

    def _holds_list(self, section: Section) -> bool:
        """Say whether boxes are below a heading, or, if it has no number, a list of titles in bold or with numbers."""
        below = (s for s in self.text.document.family(section) if s is section or not self._is_label(s))
        lines = chain.from_iterable(self._loose[s.index] for s in below)
        number = self.numbers[section.index]
        plain = number is None or (number.unit and number.unit not in read_words().lists["units"])
        return any(line.mark or (plain and line.text.lstrip()[:1].isdigit()) for line in lines)

    def _labels_of(self, section: Section) -> set[tuple[int, str]]:
        return {(section.level, f.label.casefold()) for f in self._fields[section.index] if f.label}

    def _open(self, section: Section) -> Opening:
        end = self.text.document.end(section)
        body = self.text.read_fields(lines_of(self.text.lines, section.body, end))
        title = (say.without_bucket(section.title) if say.names_bucket(section.title) else "") or section.title
        read = self.numbers[section.index] or read_number(title) or Numbered(0, 0, plain_text(title))
        if (ranked := _RANKED.match(title)) and ranked["box"]:
            read = Numbered(0, 0, ranked["said"])
        title = read.title
        if needs := needs_pattern(of_code=True).search(title):
            body.append(Field("depends_on", "", needs["names"].strip(" .;,"), section.line))
            title = re.sub(r"\([^()]*$", "", title[: needs.start()]).rstrip(" (,;–—-.")
        line, fields = self.text.lines[section.line - 1], tuple(body)
        told = frozenset(self.keys[section.index])
        return Opening(read.first, read.last, title, line, section, fields, end, code=read.code, said=title, told=told)

    def with_inherited(self, opening: Opening) -> Opening:
        """Add what the headings above say of all that is below them: priority and lifecycle."""
        fields = list(opening.fields)
        for section in self.text.above(opening.section):
            wanted = ({"lifecycle"} if self._is_title(section) else _INHERITED) - {f.key for f in fields}
            fields += [f for f in self._fields[section.index] if f.key in wanted and (f.text or f.entries)]
        return replace(opening, fields=tuple(fields))


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
