"""A plan's text with what all of its readers ask about: headings, labels, roles and fields of its sections."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

from procauthor.data import ungrouped
from procauthor.markdown.document import Block, Document, Section
from procauthor.naming import title_key
from procauthor.planning.field import Field, field_key, read_fields
from procauthor.planning.line import Line, lines_of, plain_text, read_lines
from procauthor.planning.reading import read_reading
from procauthor.planning.title import names_aside, names_bucket, names_priority, names_status, names_work, read_number
from procauthor.planning.words import pattern
from procauthor.regex import lazy

LABEL = lazy(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)([^*\n]+?)\s*:?\s*(?:\*\*|__)\s*:?\s*(?:\([^()]*\)\s*)?$")
_SAYS = lazy(r"^([^\W\d_][^:*|]{1,30}):$")
_ROLES = (
    ("metrics", "metrics", r"\b(?:{})\b"),
    ("completed", "completed", r"\b(?:{})\b"),
    ("goals", "goals", r"(?:^|\s)(?:{})$"),
    ("goals", "next", r"^(?:{})$"),
    ("strategy", "strategy", r"\b(?:{})\b"),
)


@dataclass(frozen=True, slots=True)
class Placed:
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

    def busy(self, openings: Iterable[Opening]) -> set[int]:
        """Return the indexes of the sections that openings are in, and of all above these."""
        return {above.index for above in chain.from_iterable(self.above(o.section) for o in openings)}

    def label_above(self, section: Section, position: int) -> str:
        """Return the nearest line in bold above a position that names a priority, in the same section."""
        place = bisect_left(self._labels, (position, "")) - 1
        start, label = self._labels[place] if place >= 0 else (-1, "")
        return label if start >= section.body else ""

    @cached_property
    def _labels(self) -> list[tuple[int, str]]:
        labels = [(line.start, label[1]) for line in self.lines if (label := LABEL.match(line.text))]
        return [(start, label) for start, label in labels if names_priority(label)]

    @cached_property
    def tables(self) -> list[tuple[Section, Block]]:
        """All tables with a header and rows, with their sections."""
        blocks = ungrouped((section, section.blocks) for section in self.document.sections)
        return [(s, block) for s, block in blocks if block.kind == "table" and block.header and block.rows]

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
            number = read_number(named[1]) if named else None
            titled = number and (number.code if line.bullet else number.dot)
            if named and not titled:
                label, outer = named[1].strip(), line.indent if line.bullet else None
                own, above = read_role(label), self.roles[section.index]
                role = above or own if own == "aside" else own or above
            elif (said := _SAYS.match(line.text)) and names_status(said[1]):
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


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one item or a range of items: its number (0 where it has none), its title, its fields.

    ``label`` is a line in bold above it, such as **P0**, in the same section; ``code`` is what the plan calls the
    item where that is no whole number, as in "P0-1: Data Design Procedure" or "1.2 Data Design". ``place`` says which
    table, list or family of headings it belongs to, ``said`` what the line says up to its first field.
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

    def field(self, *keys: str) -> str:
        """Return the text of the first field with one of these keys."""
        return next((text for f in self.fields if f.key in keys and (text := f.single)), "")

    def all(self, key: str) -> list[Field]:
        """Return all fields of a key."""
        return [f for f in self.fields if f.key == key]

    def values(self, key: str) -> list[tuple[str, int]]:
        """Return the texts of all fields of a key and of the lists below them, each with its line."""
        return list(chain.from_iterable(f.values for f in self.all(key)))


class Scopes:
    """The lines that are below items, by offset."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        self._spans = sorted((o.line.start, o.scope_end) for o in openings)

    def __contains__(self, position: int) -> bool:
        place = bisect_left(self._spans, (position + 1,)) - 1
        return place >= 0 and position < self._spans[place][1]

    def following(self, position: int, end: int) -> int:
        """Return where the next item after a position begins, at most the end."""
        place = bisect_left(self._spans, (position + 1,))
        return min(self._spans[place][0], end) if place < len(self._spans) else end
