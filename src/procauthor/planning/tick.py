"""Ticks an action plan, so that no other byte changes, and says which lines are left open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec import Struct

from procauthor.markdown.document import Replacement
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite
from procauthor.naming import title_key
from procauthor.planning.plan import Goal, Plan, PlanItem, Tick
from procauthor.planning.read import read_plan
from procauthor.planning.title import asks_for, clean_title


class Left(Struct, frozen=True):
    """A line that names finished documents, ``titles``, and asks for more than that these are there."""

    line: int
    titles: tuple[str, ...]


def tick(raw: bytes, plan: Plan, *titles: str) -> bytes:
    """Return the plan's bytes with some procedures ticked: their own lines, and their session goals.

    ``[ ]`` becomes ``[x]``, and a sign such as ❌ at the head of a line becomes ✅. Only what asks for the procedure to
    be there is ticked: that it is there proves no update, no sign-off and no action item. Ticking twice changes
    nothing more.
    """
    ticks = _ticks(plan, titles)
    if any(raw[each.start : each.end] != each.was for each in ticks):
        # The plan was read from other bytes.
        ticks = _ticks(read_plan(raw), titles)
    return rewrite("the plan", parse(raw), [Replacement(t.start, t.end, t.text) for t in ticks]) if ticks else raw


def left_open(plan: Plan, titles: Mapping[str, bool]) -> Iterator[Left]:
    """Yield the open lines that name finished documents alone, and are not ticked for them.

    ``titles`` say of each document whether it is finished.
    """
    ticks, known = _ticks(plan, [title for title, finished in titles.items() if finished]), _Documents(titles)
    for each in _lines(plan):
        named = known.named(each.title) if not ticks.issuperset(each.ticks) else ()
        if named and all(titles[title] for title in named):
            yield Left(each.line, named)


class _Documents:
    """Titles of documents: their keys, and those of two words or more by their words."""

    def __init__(self, titles: Iterable[str]) -> None:
        all_titles = list(titles)
        self.keys = set(map(title_key, all_titles))
        self._by_words = {_words(title): title for title in all_titles}
        self._longest = max((len(words) for words in self._by_words), default=0)

    def named(self, text: str) -> tuple[str, ...]:
        """Return the titles that a text holds, the longest at each place."""
        words, place, found = _words(text), 0, []
        while place < len(words):
            ends = range(min(len(words), place + self._longest), place + 1, -1)
            end = next((end for end in ends if words[place:end] in self._by_words), 0)
            found += [self._by_words[words[place:end]]] if end else []
            place = end or place + 1
        return tuple(found)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


def _ticks(plan: Plan, titles: Iterable[str]) -> set[Tick]:
    known = _Documents(titles)
    return set(chain.from_iterable(each.ticks for each in _lines(plan) if each.ticks and _asks(each, known)))


def _lines(plan: Plan) -> Iterator[PlanItem | Goal]:
    yield from plan.items
    yield from plan.goals


def _asks(each: PlanItem | Goal, known: _Documents) -> bool:
    """Say whether a line asks for one of some documents: "Update Management Procedure" may be a title as it is."""
    own = title_key(each.title)
    if each.asks and own in known.keys:
        return True
    said = each.said if isinstance(each, PlanItem) else each.text
    title = clean_title(said, known.keys)
    return own != title_key(title) in known.keys and asks_for(said, title)
