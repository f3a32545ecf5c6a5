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
from procauthor.planning.series import LIKELY, STRONG, SURE, TOLD, Series, most
from procauthor.planning.text import Field, Opening, PlanText, field_key, opens_field, read_role
from procauthor.planning.title import Numbered, needs_pattern, read_count, read_number, tell_codes
from procauthor.planning.value import is_priority, read_remarks, read_whole_effort, read_words
from procauthor.regex import lazy

_INHERITED = frozenset({"priority", "depends_on", "soft", "lifecycle"})
_OWN = STRONG - {"priority", "lifecycle"}
_RANKED = lazy(r"^\W*(?:P\d\s*(?:[:.)]|[-–—]\s)|(?:[A-Z]\d?[.)]?\s+)?(?P<box>[\[(]P\d[\])]:?))\s*(?P<said>\S.*)$")
# Of headings that are written alike, this share has to have fields for all to be items.
_FEW = 4
_PHASE = 4


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
        self._numbers = [read_number(told.get(s.index, s.title), units) for s in self._sections]
        self._fields = [text.read_fields(_without_entries(text.own(s))) for s in self._sections]
        # List lines that are not below a label.
        loose = [[f.entries for f in fields if not f.label] for fields in text.fields]
        self._loose = [[entry.line for entry in chain.from_iterable(entries)] for entries in loose]
        # "Deliverables" in each of several phases is a label, in any language.
        times = Counter({(title_key(s.title), s.parent) for s in self._sections if s.heading})
        again = Counter(title for title, _ in times)
        self._labels = {title for title, count in again.items() if count > 1}
        self._keys = self._read_keys()
        # "### Priority" below a heading is a field of it.
        for section in self._sections:
            if section.parent is not None and section.heading and self._is_label(section):
                lines = lines_of(text.lines, section.start, section.end)
                own = text.read_fields(_without_entries(lines))
                self._fields[section.parent] += own or [Field("", section.title, "", section.line)]
        self._keys = self._read_keys()

    def _read_keys(self) -> list[set[str]]:
        """Return the fields of each heading that only items have; fields that are headings below it count when read."""
        keys = [{f.key for f in fields} & STRONG for fields in self._fields]
        for section, number in zip(self._sections, self._numbers, strict=True):
            # "S1 - Lock (High)" has a field of its own.
            coded = number and re.search("[A-Z]", number.code)
            if coded and any(map(is_priority, read_remarks(section.title))):
                keys[section.index].add("priority")
        return keys

    def series(self) -> Iterator[Series]:
        """Yield the headings of each level and form, weighed; those over all of a plan and labels are in none."""
        families: dict[tuple[int | None, int, str], list[Section]] = defaultdict(list)
        for section in self._sections:
            number = self._numbers[section.index]
            wide = number and (number.unit or number.code)
            if section.heading and not self._is_title(section):
                home = None if wide else section.parent
                families[home, section.level, number.form if number else ""].append(section)
        told = {key: self._told(family, key[2]) for key, family in families.items()}
        # What has a label in bold that only items of its level have is one too.
        placed = (f for f in families.values() if say.names_priority(self._above(f[0])))
        alike = chain.from_iterable(some for some in chain(told.values(), placed) if len(some) > 1)
        labels = set(chain.from_iterable(self._labels_of(s) for s in alike if not self._numbers[s.index]))
        numbered = {s.level for s in chain.from_iterable(told.values()) if self._numbers[s.index]}
        for (home, level, form), family in families.items():
            # "7. Questions" is no item beside "1. WP1: Weigh" and others with codes.
            codes = [s for s in family if (number := self._numbers[s.index]) and number.code]
            members = codes if len(codes) > 1 else family
            items = told[home, level, form]
            some = items and len(items) * _FEW >= len(members) and (form or say.names_bucket(items[0].title))
            if not (form or some):
                items += [s for s in members if self._labels_of(s) & labels and not self._is_aside(s)]
            yield from self._series(items, form, TOLD)
            known = {s.index for s in items}
            rest = [s for s in members if not (s.index in known or self._is_aside(s))]
            # Of headings with numbers, or of phases, some with fields make all of them items.
            if some or form or level not in numbered:
                rest = rest if some else [s for s in rest if say.names_bucket(s.title) or not self._is_over_items(s)]
                yield from self._series(rest, form, SURE if some else 0)

    def _told(self, family: Sequence[Section], form: str) -> list[Section]:
        """Return the headings of one form that have fields of their own which only items have."""
        members = [s for s in family if not self._is_aside(s)]
        times = Counter(chain.from_iterable(self._keys[s.index] for s in members))
        many = bool(form) or max(times.values(), default=0) > 1
        return [s for s in members if self._is_told(s, many=many)]

    def _is_aside(self, section: Section) -> bool:
        return self._is_label(section) or self._has_role(section) or self._counts(section)

    def _series(self, members: Sequence[Section], form: str, least: int) -> Iterator[Series]:
        """Yield phases and other headings; a phase with fields is an item only where nothing in it is one."""
        for phases in (False, True):
            some = sorted((s for s in members if say.names_bucket(s.title) == phases), key=lambda s: s.index)
            if some:
                weight = max(least, self._weigh_alone(some))
                # How long they take is said of phases as well.
                surest = any(self._keys[s.index] - {"effort", "lifecycle"} or self._lasts(s) for s in some)
                most_said = _PHASE if surest else SURE
                weight = min(weight, most_said) if phases else weight
                yield Series("headings", tuple(map(self._open, some)), form, weight, weight, whole=phases)

    def _weigh_alone(self, members: Sequence[Section]) -> int:
        """Say how much headings say by numbers, verbs, labels below them and what is above them."""
        numbers = [n for s in members if (n := self._numbers[s.index])]
        worded = any(re.search("[A-Z]", n.code) or n.unit in read_words().lists["units"] for n in numbers)
        labelled = most(map(self._labels_of, members))
        coded = any(n.code or n.unit for n in numbers)
        # What people tick below headings is the work, if these have but a number.
        holds = not most(not self._holds_list(s) for s in members)
        if holds and not worded and (not labelled or any(n.unit for n in numbers)):
            return 0
        marked = coded and any(self.text.lines[s.line - 1].any_mark for s in members)
        tasks = bool(numbers) and most(say.names_task(n.title) for n in numbers)
        phases = any(say.names_bucket(s.title) for s in members)
        own = (2 if coded else any(n.dot for n in numbers) or phases) + 2 * tasks + labelled + marked
        leaf = most(s.index not in self._parents for s in members)
        place = leaf and (
            say.weigh_place(self._above(members[0]), self.text.named(members[0])[1:]) or self.text.is_plan
        )
        # What has a number and nothing else counts where there are no others.
        sure = any(n.code for n in numbers) or (coded and len(members) > 1) or labelled or place >= SURE
        return own + place if sure else min(own + place, LIKELY)

    def _holds_list(self, section: Section) -> bool:
        """Say whether boxes are below a heading, or, if it has no number, a list of titles in bold or with numbers."""
        below = (s for s in self.text.document.family(section) if s is section or not self._is_label(s))
        lines = chain.from_iterable(self._loose[s.index] for s in below)
        number = self._numbers[section.index]
        plain = number is None or (number.unit and number.unit not in read_words().lists["units"])
        return any(line.mark or (plain and line.text.lstrip()[:1].isdigit()) for line in lines)

    def _counts(self, section: Section) -> bool:
        """Say whether a heading without a number is over lines that only count procedures."""
        lines = () if self._numbers[section.index] else self.text.own(section)
        return any(line.bullet and read_count(line.body) for line in lines)

    def _labels_of(self, section: Section) -> set[tuple[int, str]]:
        return {(section.level, f.label.casefold()) for f in self._fields[section.index] if f.label}

    def _is_told(self, section: Section, *, many: bool) -> bool:
        """Say whether a heading has fields of its own that only items have: one that ``many`` have, or two."""
        keys = self._keys[section.index]
        if self._is_ranked(section):
            return True
        if say.names_bucket(section.title):
            return bool(say.without_bucket(section.title) and (keys & _OWN or self._lasts(section)))
        if say.names_priority(section.title) and not (keys & _OWN or self._numbers[section.index]):
            return False
        return bool(keys) and (many or len(keys) > 1)

    def _lasts(self, section: Section) -> bool:
        """Say whether a heading without others below it has its hours behind it, and known labels right below it."""
        hours = any(map(read_whole_effort, re.findall(r"\(([^()]*)\)", section.title)))
        return (
            hours and section.index not in self._parents and any(f.key and f.label for f in self._fields[section.index])
        )

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
            not self._numbers[section.index]
            and (say.names_priority(title) or bool(say.names_status(title)) or say.names_work(title))
        )

    def _is_label(self, section: Section) -> bool:
        number = self._numbers[section.index]
        again = not (number or self._keys[section.index]) and title_key(section.title) in self._labels
        return bool(field_key(number.title if number else section.title)) or again

    def _is_title(self, section: Section) -> bool:
        titled = section.level <= 1 and section.title == self.text.document.title
        return titled and not (self._numbers[section.index] and section.index not in self._parents)

    def _has_role(self, section: Section) -> bool:
        """Say whether a heading above, or an own one without a number, says that its lines are metrics or the like."""
        above = section.parent is not None and self.text.roles[section.parent]
        return bool(above or (read_role(section.title) and not self._numbers[section.index]))

    def _above(self, section: Section) -> str:
        """Return the heading above one, but for the title of the document."""
        above = None if section.parent is None else self._sections[section.parent]
        return "" if above is None or self._is_title(above) else above.title

    def _open(self, section: Section) -> Opening:
        end = self.text.document.end(section)
        body = self.text.read_fields(lines_of(self.text.lines, section.body, end))
        title = (say.without_bucket(section.title) if say.names_bucket(section.title) else "") or section.title
        read = self._numbers[section.index] or read_number(title) or Numbered(0, 0, plain_text(title))
        if (ranked := _RANKED.match(title)) and ranked["box"]:
            read = Numbered(0, 0, ranked["said"])
        title = read.title
        if needs := needs_pattern(of_code=True).search(title):
            body.append(Field("depends_on", "", needs["names"].strip(" .;,"), section.line))
            title = re.sub(r"\([^()]*$", "", title[: needs.start()]).rstrip(" (,;–—-.")
        line, fields = self.text.lines[section.line - 1], tuple(body)
        return Opening(read.first, read.last, title, line, section, fields, end, code=read.code, said=title)

    def with_inherited(self, opening: Opening) -> Opening:
        """Add what the headings above say of all that is below them: priority, dependencies, lifecycle."""
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
