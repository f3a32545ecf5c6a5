"""Series of openings: what people write side by side is of one kind, so it is weighed and taken as a whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from typing import Literal

from msgspec import Struct

from procauthor.planning.text import Opening

TOLD = 9
"""The weight of what has fields that only items have: it holds items, whatever is above it."""
SURE = 3
"""What weighs so much holds items, whatever else there is."""
LIKELY = 2
"""What weighs so much may hold them where nothing heavier is near."""
STRONG = frozenset({"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"})
"""The fields that only items have."""


def most(said: Iterable[object]) -> bool:
    """Say whether at least half of what is said is true."""
    each = list(map(bool, said))
    return bool(each) and sum(each) * 2 >= len(each)


class Series(Struct, frozen=True):
    """The rows of a table, the lines of a list, or headings of one level and form, and how much speaks for items.

    ``form`` is how they are written, such as the heads of a table or the kind of number of lines. ``own`` is the weight
    without what headings and labels above say. ``boxed`` are lines with boxes to tick, ``whole`` are phases and the
    like, which are items only where nothing in them is one. ``aside`` says what they are of something else: boxes that
    "check" something, or an "aside" such as risks, metrics and goals.
    """

    kind: Literal["tables", "lists", "headings"]
    openings: tuple[Opening, ...]
    form: str
    weight: int
    own: int
    boxed: bool = False
    whole: bool = False
    aside: Literal["", "aside", "check"] = ""

    @property
    def home(self) -> tuple[int | None, int]:
        """The section above its own, and the level of its own: sections of one home are side by side."""
        section = self.openings[0].section
        return section.parent, section.level

    @property
    def like(self) -> Hashable:
        """What is the same in series of one kind, form and home."""
        return self.kind, self.form, self.home


class Items:
    """The openings of items, in the order of the text; none is below another."""

    def __init__(self) -> None:
        self.openings: list[Opening] = []
        self._starts: list[int] = []

    def take(self, series: Series) -> bool:
        """Take what is neither below an item nor over one, and say whether there was such a one.

        What has fields of its own ends where the first item below it begins. Headings of which most are over items are
        all over items, but for those with such fields.
        """
        over = sum(map(self.is_over, series.openings)) * 2 > len(series.openings)
        if over and series.kind == "headings" and (series.whole or series.weight < TOLD):
            return False
        taken = [self._take(opening, whole=series.whole) for opening in series.openings]
        return any(taken)

    def _take(self, opening: Opening, *, whole: bool) -> bool:
        if self.is_over(opening):
            opening = opening.until(self.openings[bisect_right(self._starts, opening.line.start)].line)
            whole = whole or not any(f.key in STRONG for f in opening.fields)
            if whole:
                return False
        if self.is_below(opening):
            return False
        place = bisect_right(self._starts, opening.line.start)
        self._starts.insert(place, opening.line.start)
        self.openings.insert(place, opening)
        return True

    def is_over(self, opening: Opening) -> bool:
        """Say whether an item begins below an opening."""
        place = bisect_right(self._starts, opening.line.start)
        return place < len(self._starts) and self._starts[place] < opening.scope_end

    def is_below(self, opening: Opening) -> bool:
        """Say whether an opening is an item or within one."""
        place = bisect_right(self._starts, opening.line.start)
        return bool(place) and self.openings[place - 1].scope_end > opening.line.start

    def begins(self, opening: Opening) -> bool:
        """Say whether an item begins on the line of an opening."""
        place = bisect_left(self._starts, opening.line.start)
        return place < len(self._starts) and self._starts[place] == opening.line.start
