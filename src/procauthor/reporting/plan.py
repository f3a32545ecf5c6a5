"""An action plan as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.planning.plan import Plan, PlanItem


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield the items in their order, groups, what comes next, and what does not add up."""
    items = {item.number: item for item in plan.items}
    done = sum(item.done for item in plan.items)
    yield f"{plan.title}: {len(items)} items, {done} done"
    yield ""
    for number in plan.order:
        yield _item_line(items[number])
    for group in plan.groups:
        yield f"  -  {group.priority or '  '}  {group.name}: {group.count} procedures"
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


def _item_line(item: PlanItem) -> str:
    mark = "x" if item.done else " "
    place = f"{item.lifecycle}{f' {item.phase}' if item.phase is not None else ''}"
    needs = ", ".join(d.title + ("" if d.state == "defined" else f" ({d.state})") for d in item.depends_on)
    effort = f"{item.effort_hours.min:g}-{item.effort_hours.max:g} h" if item.effort_hours else ""
    after = f"  after {needs}" if needs else ""
    return f"[{mark}] {item.number:>2} {item.priority}  {item.title:45} {place:15} {effort:8}{after}".rstrip()
