"""A plan's text with what all of its readers ask about: headings, labels, roles and fields of its sections."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from procauthor.markdown.document import Document, Section
from procauthor.planning.field import Field, plain_text, read_fields
from procauthor.planning.line import Line, lines_of, read_lines
from procauthor.planning.opening import LABEL, Opening, names_aside, names_bucket, names_priority, read_number
from procauthor.planning.words import pattern

_ROLES = (
    ("metrics", r"\b(?:{})\b"),
    ("completed", r"\b(?:{})\b"),
    ("goals", r"(?:^|\s)(?:{})$"),
    ("next", r"^(?:{})$"),
    ("strategy", r"\b(?:{})\b"),
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A list line with the label in bold above it, and the role of that label or of its heading."""

    line: Line
    role: str
    label: str
    section: Section


class PlanText:
    """A document, its lines and what is known of its sections; each thing is worked out once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.lines = read_lines(document)
        self._headings: dict[int, tuple[str, ...]] = {}
        self._roles: dict[int, str] = {}
        self._fields: dict[int, list[Field]] = {}

    def headings(self, section: Section) -> tuple[str, ...]:
        """Return the headings of a section, the nearest first."""
        if section.index not in self._headings:
            above = () if section.parent is None else self.headings(self.document.sections[section.parent])
            self._headings[section.index] = (section.title, *above) if section.heading else above
        return self._headings[section.index]

    def named(self, section: Section) -> list[str]:
        """Return the headings of a section without the title of the document, the nearest first."""
        return [text for text in self.headings(section) if text != self.document.title]

    def role(self, section: Section) -> str:
        """Return the role of the nearest heading of a section that has one."""
        if section.index not in self._roles:
            self._roles[section.index] = next((role for text in self.named(section) if (role := read_role(text))), "")
        return self._roles[section.index]

    def own(self, section: Section) -> list[Line]:
        """Return the lines of a section, without its heading and its subsections."""
        return lines_of(self.lines, section.body, section.end)

    def fields(self, section: Section) -> list[Field]:
        """Return the fields of a section without its subsections."""
        if section.index not in self._fields:
            self._fields[section.index] = read_fields(self.own(section))
        return self._fields[section.index]

    def above(self, section: Section) -> Iterator[Section]:
        """Yield a section and all above it."""
        yield section
        while section.parent is not None:
            section = self.document.sections[section.parent]
            yield section

    def label_above(self, section: Section, position: int) -> str:
        """Return the nearest line in bold above a position that names a priority, in the same section."""
        starts, labels = self._labels
        place = bisect_left(starts, position) - 1
        return labels[place] if place >= 0 and starts[place] >= section.body else ""

    @cached_property
    def _labels(self) -> tuple[list[int], list[str]]:
        found = [(line.start, label[1]) for line in self.lines if (label := LABEL.match(line.text))]
        urgent = [(start, label) for start, label in found if names_priority(label)]
        return [start for start, _ in urgent], [label for _, label in urgent]

    @cached_property
    def placed(self) -> list[Placed]:
        """All list lines with their roles."""
        return list(self._place())

    def _place(self) -> Iterator[Placed]:
        sections = iter(self.document.sections)
        section = next(sections)
        following = next(sections, None)
        role, label = "", ""
        outer: int | None = None  # how far the label is indented, if it is a list line
        for line in self.lines:
            while following is not None and line.number >= following.line:
                section, following = following, next(sections, None)
                role, label, outer = self.role(section), "", None
            if outer is not None and line.bullet and line.indent <= outer:
                role, label, outer = self.role(section), "", None
            named = LABEL.match(line.text)
            if named and not (line.bullet and _is_coded(named[1])):
                label, outer = named[1].strip(), line.indent if line.bullet else None
                own, above = read_role(label), self.role(section)
                role = above or own if own == "aside" else own or above
            elif line.bullet:
                yield Placed(line, role, label, section)


def _is_coded(label: str) -> bool:
    """Say whether a line in bold is a title with a code, such as "Story 1.1: Dough", and no label."""
    number = read_number(label)
    return bool(number and number.code)


@lru_cache(maxsize=1 << 16)
def read_role(text: str) -> str:
    """Return what a heading or label says that its lines are: metrics, goals, finished work, strategy, or nothing."""
    if names_bucket(text):
        return ""
    plain = plain_text(text).rstrip(":")
    role = next((role for role, form in _ROLES if pattern(role, form).search(plain)), "")
    return {"next": "goals", "": "aside" if names_aside(text) else ""}.get(role, role)


class Scopes:
    """The lines that are below items, by offset."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        self._spans = sorted((o.line.start, o.scope_end) for o in openings)
        self._starts = [start for start, _ in self._spans]

    def __contains__(self, position: int) -> bool:
        place = bisect_left(self._starts, position + 1) - 1
        return place >= 0 and position < self._spans[place][1]

    def following(self, position: int, end: int) -> int:
        """Return where the next item after a position begins, at most the end."""
        place = bisect_left(self._starts, position + 1)
        return min(self._starts[place], end) if place < len(self._starts) else end
