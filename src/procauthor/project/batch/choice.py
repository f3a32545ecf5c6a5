"""Which items of a plan a batch writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from procauthor.authoring.batch.record import LeftOut
from procauthor.authoring.batch.schedule import Task, limit_tasks
from procauthor.errors import PlanError
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.planning.order import prerequisites
from procauthor.planning.plan import Plan, PlanItem

_PRESENT = ("in progress", "deprecated", "alias")


def choose(
    plan: Plan, library: Library, only: Sequence[int] = (), limit: int | None = None
) -> tuple[tuple[Task, ...], tuple[LeftOut, ...]]:
    """Return what is written, in order, and the open items that cannot be.

    Raises:
        PlanError: An item was named that the plan does not have.
    """
    unknown = sorted(set(only) - {item.number for item in plan.items})
    if unknown:
        message = f"the plan has no item {unknown[0]}"
        raise PlanError(message, f"its items are {', '.join(str(item.number) for item in plan.items)}")
    left_out = tuple(each for each in _left_out(plan, library) if not only or each.number in only)
    out = {each.title for each in left_out}
    first = {item.number: item for item in reversed(plan.items)}
    items = [first[number] for number in dict.fromkeys(plan.order)]
    open_items = [item for item in items if not item.done and item.title not in out]
    numbers = {item.number for item in open_items}
    needs = prerequisites(plan.items)
    tasks = [Task(i.number, i.title, tuple(n for n in needs[i.number] if n in numbers)) for i in open_items]
    return limit_tasks(tasks, only, limit), left_out


def _left_out(plan: Plan, library: Library) -> Iterator[LeftOut]:
    seen: set[object] = set()
    for item in plan.items:
        key = title_key(item.title)
        if item.number in seen or key in seen:
            yield LeftOut(item.number, item.title, "its number or its title stands twice in the plan")
        elif not item.done and (place := _present(item, library)):
            yield LeftOut(item.number, item.title, f"{place} is there already: change it with update")
        seen |= {item.number, key}


def _present(item: PlanItem, library: Library) -> str:
    found = (p for p in library.by_key.get(title_key(item.title), ()) if p.counted and p.status in _PRESENT)
    return next((f"{procedure.path} ({procedure.status})" for procedure in found), "")
