"""A plan as the documented JSON object."""

from __future__ import annotations

from procauthor.planning.plan import Action, Effort, Goal, Metric, Plan, PlanItem, Problem, Total

SCHEMA_VERSION = 1


def plan_json(plan: Plan) -> dict[str, object]:
    """Return the plan as a JSON object; whole numbers come out as integers."""
    return {
        "schema_version": SCHEMA_VERSION,
        "title": plan.title,
        "items": [_item(item) for item in plan.items],
        "groups": [{"name": g.name, "count": g.count, "priority": g.priority, "line": g.line} for g in plan.groups],
        "order": list(plan.order),
        "next": list(plan.next),
        "problems": [_problem(problem) for problem in plan.problems],
        "totals": {total.key: _total(total) for total in plan.totals},
        "metrics": [_metric(metric) for metric in plan.metrics],
        "goals": [_goal(goal) for goal in plan.goals],
        "completed": [_goal(goal) for goal in plan.completed],
        "unread": [{"line": each.line, "text": each.text} for each in plan.unread],
    }


def _item(item: PlanItem) -> dict[str, object]:
    return {
        "number": item.number,
        "code": item.code,
        "title": item.title,
        "priority": item.priority,
        "lifecycle": item.lifecycle,
        "phase": item.phase,
        "status": item.status,
        "depends_on": [{"title": d.title, "state": d.state, "hard": d.hard} for d in item.depends_on],
        "blocks": list(item.blocks),
        "effort_hours": _effort(item.effort_hours),
        "actions": [_action(action) for action in item.actions],
        "why": item.why,
        "done": item.done,
        "line": item.line,
    }


def _action(action: Action) -> dict[str, object]:
    return {"text": action.text, "done": action.done}


def _problem(problem: Problem) -> dict[str, object]:
    return {"kind": problem.kind, "message": problem.message, "line": problem.line, "item": problem.item}


def _total(total: Total) -> dict[str, object]:
    return {"stated": _effort(total.stated), "computed": _effort(total.computed), "items": total.items}


def _metric(metric: Metric) -> dict[str, object]:
    return {
        "group": metric.group,
        "text": metric.text,
        "name": metric.name,
        "target": _number(metric.target),
        "base": _number(metric.base),
        "unit": metric.unit,
    }


def _goal(goal: Goal) -> dict[str, object]:
    return {"text": goal.text, "title": goal.title, "done": goal.done, "item": goal.item}


def _effort(effort: Effort | None) -> dict[str, object] | None:
    return None if effort is None else {"min": _number(effort.min), "max": _number(effort.max)}


def _number(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value
