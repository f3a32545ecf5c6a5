"""Series of openings: what people write side by side is of one kind, so it is weighed and taken as a whole."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal

from msgspec import Struct

from procauthor.planning.text import Opening
from procauthor.planning.title import names_priority

STRONG = frozenset({"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"})
"""The fields that only items have."""

Kind = Literal["tables", "lists", "paragraphs", "headings"]


class Series(Struct, frozen=True):
    """The rows of a table, the lines of a list, paragraphs in bold, or headings, of one level and form.

    ``form`` is how they are written, such as the kind of number of lines; ``level`` that of headings, or how deep in
    lists; ``label`` is the line right above, ``role`` what it or a heading says that they are; ``facts`` are what else
    counts for items, as shares from 0 to 1.
    """

    kind: Kind
    openings: tuple[Opening, ...]
    form: str
    level: int = 0
    label: str = ""
    role: str = ""
    facts: dict[str, float] = {}

    @property
    def alike(self) -> Hashable:
        """What is the same in series that are written alike."""
        return self.kind, self.form, self.level, bool(self.label) and not names_priority(self.label)


def share(said: Iterable[object]) -> float:
    """Return how many of some things are true, from 0 to 1."""
    each = list(map(bool, said))
    return sum(each) / len(each) if each else 0.0
