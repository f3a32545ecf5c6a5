"""An action plan as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import astuple

from procauthor.data import pick
from procauthor.evaluation.method import percent
from procauthor.naming import amount
from procauthor.planning.order import Session
from procauthor.planning.plan import Plan, PlanItem
from procauthor.planning.value import hours_text

_SHOWN = 20


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield the items in their order, groups, what comes next, and what does not add up."""
    items = {item.number: item for item in plan.items}
    done = sum(item.done for item in plan.items)
    title = f"{plan.title}: " if plan.title else ""
    yield f"{title}{amount(len(items), 'item')}, {done} done"
    yield ""
    for number in plan.order:
        yield _item_line(items[number])
    for group in plan.groups:
        yield f"  -  {group.priority or '  '}  {group.name}: {amount(group.count, 'procedure')}"
    if plan.next:
        yield ""
        yield "next:"
        for number in plan.next:
            yield f"  {number}. {items[number].title}"
    if plan.problems:
        yield ""
        yield "to look at:"
        for problem in plan.problems:
            yield f"  line {problem.line}: {problem.message}"
    if plan.unread:
        yield ""
        yield "not read:"
        yield from (f"  line {each.line}: {each.text}" for each in plan.unread[:_SHOWN])
        if len(plan.unread) > _SHOWN:
            yield f"  and {len(plan.unread) - _SHOWN} more; --json has them all"


def session_lines(session: Session, plan: Plan) -> Iterator[str]:
    """Yield what fits into the session, and the gain in completion."""
    if all(item.done for item in plan.items):
        yield f"all {len(plan.items)} items are done" if len(plan.items) > 1 else "the only item is done"
    elif not session.items:
        yield f"no open item that can start fits into {session.hours:g} hours"
    else:
        yield f"fits into {session.hours:g} hours ({hours_text(session.effort)}):"
    for item in session.items:
        hours = hours_text(item.effort_hours) if item.effort_hours else ""
        yield f"  {item.number:>2} {item.priority}  {item.title:45} {hours}"
    for place, (name, now, then) in enumerate(map(astuple, session.gains)):
        if now != then:
            gain = f"{now.part} to {then.part} of {now.whole}, {percent(now.ratio)} to {percent(then.ratio)}"
            yield f"  completion of {name or ('no lifecycle' if place else 'the library')}: {gain}"
    if session.unknown:
        yield f"without an estimate, and so left out: {', '.join(map(str, session.unknown))}"


def session_json(session: Session) -> dict[str, object]:
    """Return the session as a JSON object."""
    return {
        "hours": session.hours,
        "items": [
            {
                **pick(item, "number", "title", "priority", "lifecycle"),
                "effort_hours": pick(item.effort_hours, "min", "max") if item.effort_hours else None,
            }
            for item in session.items
        ],
        "effort_hours": pick(session.effort, "min", "max"),
        "completion": [
            {"lifecycle": name, "defined": now.part, "then": then.part, "of": now.whole}
            for name, now, then in map(astuple, session.gains)
        ],
        "without_estimate": list(session.unknown),
    }


def _item_line(item: PlanItem) -> str:
    mark = "x" if item.done else " "
    place = f"{item.lifecycle}{f' {item.phase}' if item.phase is not None else ''}"
    needs = ", ".join(d.title + ("" if d.state == "defined" else f" ({d.state})") for d in item.depends_on)
    effort = hours_text(item.effort_hours) if item.effort_hours else ""
    after = f"  after {needs}" if needs else ""
    title = f"{item.code} {item.title}" if item.code else item.title
    return f"[{mark}] {item.number:>2} {item.priority}  {title:45} {place:15} {effort:8}{after}".rstrip()
