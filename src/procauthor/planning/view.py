"""A plan as the documented JSON object."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

from procauthor.planning.plan import Plan, PlanItem

SCHEMA_VERSION = 1
_ITEM = ("number", "code", "title", "priority", "lifecycle", "phase", "status")
_METRIC = ("group", "text", "name", "target", "base", "unit")


def plan_json(plan: Plan) -> dict[str, object]:
    """Return the plan as a JSON object; whole numbers come out as integers."""
    return {
        "schema_version": SCHEMA_VERSION,
        "title": plan.title,
        "items": [_item(item) for item in plan.items],
        "groups": [_pick(group, "name", "count", "priority", "line") for group in plan.groups],
        "order": list(plan.order),
        "next": list(plan.next),
        "problems": [_pick(problem, "kind", "message", "line", "item") for problem in plan.problems],
        "totals": {total.key: _pick(total, "stated", "computed", "items") for total in plan.totals},
        "metrics": [_pick(metric, *_METRIC) for metric in plan.metrics],
        "goals": [_pick(goal, "text", "title", "done", "item") for goal in plan.goals],
        "completed": [_pick(goal, "text", "title", "done", "item") for goal in plan.completed],
        "unread": [_pick(each, "line", "text") for each in plan.unread],
    }


def _item(item: PlanItem) -> dict[str, object]:
    return {
        **_pick(item, *_ITEM),
        "depends_on": [_pick(each, "title", "state", "hard") for each in item.depends_on],
        "blocks": list(item.blocks),
        "effort_hours": _plain(item.effort_hours),
        "actions": [_pick(action, "text", "done") for action in item.actions],
        **_pick(item, "why", "done", "line"),
    }


def _pick(value: Any, *names: str) -> dict[str, object]:
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: Any) -> object:
    if is_dataclass(value):
        return _pick(value, "min", "max")
    return int(value) if isinstance(value, float) and value.is_integer() else value
