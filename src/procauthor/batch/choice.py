"""Which items of a plan a batch writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from procauthor.authoring.brief import ChangeRequest
from procauthor.authoring.gather import refuse_homeless
from procauthor.authoring.request import build_request
from procauthor.batch.record import Batch, BatchItem, LeftOut
from procauthor.batch.schedule import Task, limit_tasks, renew
from procauthor.errors import PlanError, ProcauthorError
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.planning.order import prerequisites
from procauthor.planning.plan import Plan, PlanItem

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records


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
    out = {each.number for each in left_out}
    by_number = {item.number: item for item in plan.items}
    open_items = [item for number in plan.order if not (item := by_number[number]).done and number not in out]
    return limit_tasks(tuple(_tasks(plan, open_items, library)), only, limit), left_out


def _tasks(plan: Plan, items: Sequence[PlanItem], library: Library) -> Iterator[Task]:
    """Yield the tasks. Of two items that hand something to each other, the later one in order sees the earlier."""
    needs, soft = prerequisites(plan.items), prerequisites(plan.items, soft=True)
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
    named = chain.from_iterable(p.depends_on for p in library.by_key.get(title_key(item.title), ()))
    return {numbers[key] for key in map(title_key, named) if key in numbers}


def _left_out(plan: Plan, library: Library) -> Iterator[LeftOut]:
    seen: dict[str, PlanItem] = {}
    for item in plan.items:
        first = seen.setdefault(title_key(item.title), item)
        if item.done:
            continue
        if first is not item and not first.done:
            yield LeftOut(item.number, item.title, f"item {first.number} asks for the same title")
        elif reason := _refused(item, library):
            yield LeftOut(item.number, item.title, reason)


def _refused(item: PlanItem, library: Library) -> str:
    """Return why no document can be written for an item, or an empty string."""
    if place := _present(item, library):
        return f"{place} is there already: change it with update"
    try:
        refuse_homeless(build_request(ChangeRequest(item.title, lifecycle=item.lifecycle), library, None), library)
    except ProcauthorError as error:
        return error.message
    return ""


def _present(item: PlanItem, library: Library) -> str:
    present = (p for p in library.by_key.get(title_key(item.title), ()) if p.counted and p.status in _PRESENT)
    return next((f"{procedure.path} ({procedure.status})" for procedure in present), "")


_DONE = ("defined", "approved")


def recall(records: Records, batch: Batch) -> dict[int, BatchItem]:
    """Return the items with which a session begins: what failed or was stopped is tried again."""
    present = records.workspace.read()
    items = batch.items()
    states = renew({number: item.state for number, item in items.items()})
    return {n: _compare(records, batch, replace(item, state=states[n]), present) for n, item in items.items()}


def _compare(records: Records, batch: Batch, item: BatchItem, present: Library) -> BatchItem:
    waits = records.drafts.holds(batch.run_id(item.number))
    known = batch.text(item.number) is not None
    if known and (item.state == "accepted" or (item.state == "drafted" and waits)):
        return item
    document: bytes | None = None
    written = _written(records, batch, item, present)
    if written is not None and not waits:
        # The draft was accepted, or the document written by hand: others can build on it.
        document = written.source.raw
        item = replace(item, state="accepted", path=written.path, reason="")
    elif item.state in {"drafted", "needs revision"} and not waits:
        item = replace(item, state="rejected", reason="its draft was rejected")
    elif item.state in {"drafted", "accepted"}:
        # Its draft or its document is lost: the run gives it again, and costs nothing.
        item = replace(item, state="waiting")
    batch.keep(item, document)
    return item


def _written(records: Records, batch: Batch, item: BatchItem, present: Library) -> Procedure | None:
    """Return the document of an item that was accepted, even if it still has gaps, or that was written by hand."""
    name = batch.run_id(item.number)
    accepted = records.runs.holds(name) and records.runs.get(name).accepted
    for procedure in present.by_key.get(title_key(item.title), ()):
        # A kill may have come between the writing and the note of it.
        ours = procedure.status == "in progress" and (accepted or procedure.source.raw == batch.text(item.number))
        if procedure.status in _DONE or ours:
            return procedure
    return None
