"""Begins batches and goes on with them: what `Project.batch` gives."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.authoring.authoring import Authoring, check_author
from procauthor.authoring.brief import ChangeRequest
from procauthor.authoring.gather import build_request, refuse_homeless
from procauthor.authoring.memory import FileMemory
from procauthor.batch.record import Batch, BatchReport, BatchStore, LeftOut, Tell, Terms, Wishes
from procauthor.batch.schedule import Schedule, Task, limit_tasks
from procauthor.batch.session import BatchSession
from procauthor.data import pick
from procauthor.errors import ConfigError, DraftError, PlanError, ProcauthorError
from procauthor.library.index import known_statuses
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.planning.order import prerequisites
from procauthor.planning.plan import Plan, PlanItem
from procauthor.planning.read import read_plan

if TYPE_CHECKING:
    from procauthor.authoring.budget import Bound
    from procauthor.authoring.draft import Records


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a batch would do, and what its calls would cost at most; nothing was sent.

    ``bounds`` are by number of the item, as its brief is today; empty where no model is asked.
    """

    schedule: Schedule
    left_out: tuple[LeftOut, ...]
    author: str
    max_tokens: int | None
    bounds: dict[int, Bound]

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        schedule, bounds = self.schedule, self.bounds
        items = [
            {
                **pick(task, "number", "title", "needs", "after"),
                "bound": bounds[task.number].as_json() if task.number in bounds else None,
            }
            for task in schedule.tasks
        ]
        return {
            "author": self.author,
            "items": items,
            "order": [task.number for task in schedule.tasks],
            "waves": [list(wave) for wave in schedule.waves],
            "critical_path": list(schedule.critical_path),
            "left_out": [each.as_json() for each in self.left_out],
            "bound": {
                "calls": sum(bound.calls for bound in bounds.values()),
                "tokens": sum(bound.plain for bound in bounds.values()),
                "worst_calls": sum(bound.worst_calls for bound in bounds.values()),
                "worst_tokens": sum(bound.most for bound in bounds.values()),
                "ceiling": self.max_tokens,
            },
        }


@dataclass(frozen=True)
class Batching:
    """Begins batches and goes on with them; ``progress`` is told what happens."""

    records: Records
    wishes: Wishes
    progress: Tell | None = None

    def run(self, file: str | Path | None = None, *, only: Sequence[int] = (), limit: int | None = None) -> BatchReport:
        """Author the open items of a plan. A failing item does not stop the others.

        Args:
            file: The plan; the one in the settings where nothing is said.
            only: Numbers of items; all open ones where nothing is said.
            limit: At most so many items, the first in order.

        Raises:
            PlanError: There is no plan, or it has no item of a number that was named.
            ConfigError: The author cannot be used.
        """
        return self.carry(self.begin(file, only=only, limit=limit))

    async def arun(self, file: str | Path | None = None, **chosen: Any) -> BatchReport:
        """Run without blocking the event loop; ``chosen`` are the other arguments of `run`."""
        import asyncio

        return await asyncio.to_thread(lambda: self.run(file, **chosen))

    def begin(self, file: str | Path | None = None, *, only: Sequence[int] = (), limit: int | None = None) -> Batch:
        """Keep the terms of a new batch, its plan, and the library as it is now; no model is called."""
        records, wishes = self.records, self.wishes
        check_author(wishes.author, wishes.reviewer)
        library = records.workspace.read()
        raw = records.workspace.plan_bytes(file)
        tasks, left_out = choose(read_plan(raw, known=known_statuses(library)), library, only, limit)
        terms = Terms(
            **asdict(replace(wishes, max_tokens=self._ceiling(len(tasks)))),
            tasks=tasks,
            plan=str(file or records.workspace.settings.library.plan),
            until=_from_now(wishes.deadline),
            left_out=left_out,
        )
        return BatchStore(records.memory).create(terms, library, raw, records.drafts.names())

    def outlook(self, file: str | Path | None = None, *, only: Sequence[int] = (), limit: int | None = None) -> Outlook:
        """Return what a batch would do, and what it would cost at most; nothing is sent or kept.

        Raises:
            PlanError: There is no plan, or it has no item of a number that was named.
            ConfigError: The author cannot be used.
        """
        records, wishes = self.records, self.wishes
        check_author(wishes.author, wishes.reviewer)
        author = Authoring(records, wishes.author, reviewer=wishes.reviewer)
        library = records.workspace.read()
        plan = records.workspace.plan(file, library)
        tasks, left_out = choose(plan, library, only, limit)
        asked = [task for task in tasks if ":" in author.model]
        bounds = {task.number: author.bound(author.brief(task.title, plan=file)) for task in asked}
        known = {number: bound for number, bound in bounds.items() if bound is not None}
        return Outlook(Schedule(tasks, wishes.on_failure), left_out, author.model, self._ceiling(len(tasks)), known)

    def _ceiling(self, count: int) -> int | None:
        """Return the ceiling of a batch: what was wished, else that of one run for each item."""
        each = self.records.workspace.settings.authoring.max_tokens if ":" in self.wishes.author else None
        return self.wishes.max_tokens or (each and each * count)

    def resume(self, name: str = "", **changed: Any) -> BatchReport:
        """Go on with a batch where it stopped; without a name, with the last one in which something is left to do.

        What failed or was stopped is tried again. A deadline holds for one session only.

        Args:
            name: Its id.
            changed: ``jobs``, ``max_tokens``, ``deadline`` (seconds from now) and ``accept``, where they shall differ.

        Raises:
            DraftError: There is no such batch.
            LockedError: Another process works on it.
        """
        batch = self._named(name)
        seconds = changed.pop("deadline", None)
        known = {key: value for key, value in changed.items() if value is not None}
        terms = replace(batch.terms, deadline=seconds, until=_from_now(seconds), **known)
        return self.carry(BatchStore(self.records.memory).renew(batch, terms))

    def carry(self, batch: Batch) -> BatchReport:
        """Carry a batch as far as it goes."""
        if isinstance(self.records.memory, FileMemory):
            return BatchSession(self.records, batch, self.progress).carry()
        from procauthor.batch.shared import SharedSession

        return SharedSession(self.records, batch, self.progress, home=True).carry()

    def join(self, name: str = "") -> BatchReport:
        """Help to write a batch in a database that another process has begun, until nothing is left to write.

        Drafts wait, or are accepted, where the batch was begun. Of the wishes, ``jobs`` counts.

        Args:
            name: Its id; the last one in which something is left to do where nothing is said.

        Raises:
            ConfigError: There is no database.
            DraftError: There is no such batch, or this process would write other bytes than that at home.
        """
        if isinstance(self.records.memory, FileMemory):
            message = "only a batch in a database can be joined, and the settings name none"
            raise ConfigError(message, 'name one: [run] database = "postgresql://..."')
        from procauthor.batch.shared import SharedSession

        batch = self._named(name)
        batch = replace(batch, terms=replace(batch.terms, jobs=self.wishes.jobs))
        return SharedSession(self.records, batch, self.progress, home=False).carry()

    def _named(self, name: str) -> Batch:
        """Return the batch of an id, else the last one in which something is left to do.

        Raises:
            DraftError: There is none, or nothing is left to do in it.
        """
        store = BatchStore(self.records.memory)
        batch = store.get(name) if name else store.unfinished()
        if batch is None:
            message = "no batch waits to be resumed"
            raise DraftError(message, "procauthor run begins one")
        if batch.ended:
            message = f"batch {batch.id!r} has ended: there is nothing left to do"
            raise DraftError(message, "procauthor run begins another one")
        return batch


def _from_now(seconds: float | None) -> float | None:
    return None if seconds is None else time.time() + seconds


# Which items of a plan a batch writes

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
