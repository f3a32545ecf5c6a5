"""Ticks what a plan says about one procedure. No other byte changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from procauthor.markdown.edit import Replacement
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite
from procauthor.naming import title_key
from procauthor.planning.plan import Plan, Tick
from procauthor.planning.read import read_plan


def tick(raw: bytes, plan: Plan, title: str) -> bytes:
    """Return the plan's bytes with the procedure ticked: its action items, its own line, and its session goals.

    ``[ ]`` becomes ``[x]``, and a sign such as ❌ at the head of a line becomes ✅. A range of items that share
    their action items has only the lines ticked that name the procedure. Ticking twice changes nothing more.
    """
    ticks = set(_ticks(plan, title))
    if not _fits(raw, ticks):
        ticks = set(_ticks(read_plan(raw), title))
    return rewrite("the plan", parse(raw), [Replacement(t.start, t.end, t.text) for t in ticks])


def _ticks(plan: Plan, title: str) -> Iterator[Tick]:
    key = title_key(title)
    for item in plan.items:
        if title_key(item.title) == key:
            yield from item.ticks
    yield from (goal.tick for goal in plan.goals if goal.tick and title_key(goal.title) == key)


def _fits(raw: bytes, ticks: Iterable[Tick]) -> bool:
    """Say whether the plan was read from these bytes, as far as the ticks go."""
    return all(raw[t.start : t.end] == t.was for t in ticks)
