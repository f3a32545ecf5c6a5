"""A plan as the documented JSON object."""

from __future__ import annotations

from typing import Any

from procauthor.data import pick
from procauthor.planning.plan import Effort, Plan, PlanItem

_ITEM = ("number", "code", "title", "priority", "lifecycle", "phase", "status", "blocks", "why", "done", "line")
_LISTS = {
    "groups": ("name", "count", "priority", "line"),
    "problems": ("kind", "message", "line", "item"),
    "metrics": ("group", "text", "name", "target", "base", "unit"),
    "goals": ("text", "title", "done", "item"),
    "completed": ("text", "title", "done", "item"),
    "unread": ("line", "text"),
}


def plan_json(plan: Plan) -> dict[str, object]:
    """Return the plan as a JSON object; whole numbers come out as integers."""
    return {
        "schema_version": 1,
        **pick(plan, "title", "order", "next"),
        "items": [_item(item) for item in plan.items],
        **{key: [_plain(pick(each, *names)) for each in getattr(plan, key)] for key, names in _LISTS.items()},
        "totals": {each.key: _plain(pick(each, "stated", "computed", "items")) for each in plan.totals},
    }


def _item(item: PlanItem) -> dict[str, object]:
    return {
        **pick(item, *_ITEM),
        "depends_on": [pick(each, "title", "state", "hard") for each in item.depends_on],
        "effort_hours": _plain(item.effort_hours),
        "actions": [pick(action, "text", "done") for action in item.actions],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Effort):
        return _plain(pick(value, "min", "max"))
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
