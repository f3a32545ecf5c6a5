"""Which items of a plan a batch writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from procauthor.batch.record import LeftOut
from procauthor.batch.schedule import Task, limit_tasks
from procauthor.errors import PlanError
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.planning.order import prerequisites, soft_prerequisites
from procauthor.planning.plan import Plan, PlanItem

_PRESENT = ("in progress", "proposed", "deprecated", "rejected", "alias")


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
    return limit_tasks(tuple(_tasks(plan, open_items, library)), only, limit), left_out


def _tasks(plan: Plan, items: Sequence[PlanItem], library: Library) -> Iterator[Task]:
    """Yield the tasks. Of two items that hand something to each other, the later one in order sees the earlier."""
    needs, soft = prerequisites(plan.items), soft_prerequisites(plan.items)
    numbers = {title_key(item.title): item.number for item in items}
    declared = {item.number: _declared(item, library, numbers) for item in items}
    seen: list[int] = []
    for item in items:
        number = item.number
        near = {*soft[number], *declared[number], *(n for n in seen if number in declared[n])}
        hard = [n for n in seen if n in needs[number]]
        yield Task(number, item.title, tuple(hard), tuple(n for n in seen if n in near and n not in hard))
        seen.append(number)


def _declared(item: PlanItem, library: Library, numbers: Mapping[str, int]) -> set[int]:
    """Return the items that a placeholder names as those it depends on."""
    named = (title for p in library.by_key.get(title_key(item.title), ()) for title in p.depends_on)
    return {numbers[key] for key in map(title_key, named) if key in numbers}


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
