"""Ticks what a plan says about one procedure. No other byte changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from procauthor.markdown.document import Replacement
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite
from procauthor.naming import title_key
from procauthor.planning.plan import Plan, Tick
from procauthor.planning.read import read_plan
from procauthor.planning.title import asks_for


def tick(raw: bytes, plan: Plan, title: str) -> bytes:
    """Return the plan's bytes with the procedure ticked: its own line, and its session goals.

    ``[ ]`` becomes ``[x]``, and a sign such as ❌ at the head of a line becomes ✅. Only what asks for the procedure to
    be there is ticked: that it is there proves no update, no sign-off and no action item. Ticking twice changes
    nothing more.
    """
    ticks = set(_ticks(plan, title))
    if not _fits(raw, ticks):
        ticks = set(_ticks(read_plan(raw), title))
    if not ticks:
        return raw
    return rewrite("the plan", parse(raw), [Replacement(t.start, t.end, t.text) for t in ticks])


def _ticks(plan: Plan, title: str) -> Iterator[Tick]:
    key = title_key(title)
    for item in plan.items:
        if title_key(item.title) == key:
            yield from item.ticks
    goals = (goal for goal in plan.goals if title_key(goal.title) == key and asks_for(goal.text, goal.title))
    yield from (goal.tick for goal in goals if goal.tick)


def _fits(raw: bytes, ticks: Iterable[Tick]) -> bool:
    """Say whether the plan was read from these bytes, as far as the ticks go."""
    return all(raw[t.start : t.end] == t.was for t in ticks)
