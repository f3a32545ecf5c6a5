"""What a template says: the sections, their kinds, constraints and guidance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from procauthor.template.block import BlockKind
from procauthor.template.pattern import Pattern

Kind = Literal["prose", "list", "numbered", "checklist", "table", "card", "steps", "group"]

ITEMS: tuple[Kind, ...] = ("list", "numbered", "checklist")
"""Kinds that are lists of items of one form."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a guidance comment demands.

    ``step`` is the authoring step (1 to 6) that fills the section; ``role`` says what it means, in the words of the
    template; ``maximum_in_all`` bounds a part in all steps together; ``blocks`` are what an item may hold below its
    words.
    """

    step: int = 0
    minimum: int = 1
    maximum: int = 0
    maximum_in_all: int = 0
    max_words: int = 0
    none: str = ""
    optional: bool = False
    synonyms: tuple[str, ...] = ()
    role: str = ""
    blocks: tuple[BlockKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a line of a card: its header or label, and the pattern of what stands there."""

    header: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """A section, or a part of a step."""

    key: str
    name: str
    heading: str
    level: int
    kind: Kind
    pattern: Pattern | None = None
    columns: tuple[Column, ...] = ()
    parts: tuple[SectionSpec, ...] = ()
    step_heading: Pattern | None = None
    step_level: int = 0
    labelled: bool = False
    guidance: str = ""
    constraint: Constraint = field(default_factory=Constraint)
    role: str = ""
    """What the section means: as its template declares it, or as its heading and fields are commonly used."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key and its synonyms."""
        return (self.key, *self.constraint.synonyms)

    @property
    def counted(self) -> bool:
        """Whether it holds entries that ``min`` and ``max`` count: items, rows or steps."""
        return self.kind in (*ITEMS, "table", "steps")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a template that cannot be used as it is written. ``line`` counts from 1."""

    line: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A document's schema, read from a Markdown file."""

    name: str
    version: int
    kind: str
    sections: tuple[SectionSpec, ...]
    guidance: str
    hash: str
    boilerplate: frozenset[str]
    """Lines of the template that a finished document may not contain."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it; whatever is right is used."""

    def __hash__(self) -> int:
        # What is worked out from a template is looked up by it for every document, and its sections are many.
        return hash(self.hash)

    @property
    def required(self) -> tuple[SectionSpec, ...]:
        """The sections that a document must have."""
        return tuple(s for s in self.sections if not s.constraint.optional)

    def section(self, key: str) -> SectionSpec | None:
        """Return the section of that key or field name."""
        return next((s for s in self.sections if key in (*s.keys, s.name)), None)

    def of_role(self, role: str) -> SectionSpec | None:
        """Return the first section that has a role."""
        return next((s for s in self.sections if s.role == role), None)
