"""Ticks what a plan says about one procedure. No other byte changes."""

from __future__ import annotations

from itertools import chain

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
    ticks = _ticks(plan, title)
    if any(raw[each.start : each.end] != each.was for each in ticks):
        # The plan was read from other bytes.
        ticks = _ticks(read_plan(raw), title)
    return rewrite("the plan", parse(raw), [Replacement(t.start, t.end, t.text) for t in ticks]) if ticks else raw


def _ticks(plan: Plan, title: str) -> set[Tick]:
    key = title_key(title)
    own = (item.ticks for item in plan.items if title_key(item.title) == key)
    goals = (goal for goal in plan.goals if title_key(goal.title) == key and asks_for(goal.text, goal.title))
    return {*chain.from_iterable(own), *(goal.tick for goal in goals if goal.tick)}
