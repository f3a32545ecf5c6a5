"""A batch: its terms, how far each item is, and the library as it was when the batch began."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

from procauthor.authoring.brief import Usage
from procauthor.authoring.memory import WorkMemory, readable, usage_of
from procauthor.authoring.run import doomed_jobs
from procauthor.batch.schedule import OnFailure, Schedule, State, Task
from procauthor.errors import DraftError
from procauthor.library.library import Library, UnreadFile

_KIND = "batch"
_PLAN = "plan"
_BASE = "base"
_FILES = "files.json"
_SETTLED = ("drafted", "accepted", "needs revision", "rejected")


@dataclass(frozen=True, slots=True)
class BatchItem:
    """How far one item is. ``path`` is where its document is or will be; ``reason`` says why it is not there.

    ``seconds`` is how long it was worked on, by all processes; ``exit_code`` that of the error that stopped it.
    """

    number: int
    title: str
    state: State = "waiting"
    path: str = ""
    outcome: str = ""
    reason: str = ""
    seconds: float = 0.0
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An open item that is not written by the batch, and why."""

    number: int
    title: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a user asks of a batch.

    Attributes:
        author: ``offline``, or a model as ``provider:name``.
        reviewer: A second model that reads each draft once.
        jobs: How many calls are on their way at once.
        max_tokens: The ceiling of all calls; where nothing is said, that of one run for each item.
        deadline: Seconds after which no call begins.
        accept: Write each draft that has no error into the library.
        on_failure: Whether dependents of an item that failed wait, or go on with what the plan announces of it.
        fresh: Ask the model again, even what was asked before.
    """

    author: str = "offline"
    reviewer: str = ""
    jobs: int = 4
    max_tokens: int | None = None
    deadline: float | None = None
    accept: bool = False
    on_failure: OnFailure = "wait"
    fresh: bool = False


@dataclass(frozen=True, kw_only=True)
class Terms(Wishes):
    """What a batch was started with: what was wished, and what follows from that for its plan.

    ``until`` is the time, in seconds since the epoch, after which no call of this session begins. The tasks are in the
    order in which they are accepted.
    """

    tasks: tuple[Task, ...]
    plan: str = ""
    until: float | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def schedule(self) -> Schedule:
        """The tasks and what a failure means."""
        return Schedule(self.tasks, self.on_failure)

    def dump(self) -> str:
        """Return what is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, raw: str) -> Terms:
        """Read stored terms."""
        values = json.loads(raw)
        values["tasks"] = tuple(
            Task(t["number"], t["title"], tuple(t["needs"]), tuple(t["after"])) for t in values["tasks"]
        )
        values["left_out"] = tuple(LeftOut(**each) for each in values["left_out"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch."""

    id: str
    terms: Terms
    started: datetime
    memory: WorkMemory = field(repr=False, compare=False)

    def run_id(self, number: int) -> str:
        """Return the id of the run that writes an item; the same in every session."""
        return f"{self.id}-{number:03}"

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of the runs of all items."""
        return tuple(self.run_id(task.number) for task in self.terms.tasks)

    def usage(self, number: int) -> Usage:
        """Return what an item has cost so far, in all sessions."""
        return usage_of(self.memory, [self.run_id(number)])

    def hold(self) -> AbstractContextManager[None]:
        """Hold the batch, so that no second process works on it.

        Raises:
            LockedError: Another process does.
        """
        return self.memory.hold(self.id, f"batch {self.id!r}")

    @property
    def plan(self) -> bytes:
        """The plan as it was when the batch began."""
        return self.memory.part(self.id, _PLAN) or b""

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to go on with."""
        rows = self.memory.rows("select ended from job where id = ?", self.id)
        return bool(rows) and rows[0]["ended"] is not None

    @property
    def can_go_on(self) -> bool:
        """Whether an item is neither written nor given up."""
        return not self.ended and any(item.state not in _SETTLED for item in self.items().values())

    def end(self) -> None:
        """Note that nothing is left to do. The library as it was is not needed any more."""
        with self.memory.writing(flushed=False) as connection:
            connection.execute("update job set ended = ? where id = ?", (time.time(), self.id))
            connection.execute("delete from part where job = ? and name = ?", (self.id, _BASE))

    def items(self) -> dict[int, BatchItem]:
        """Return all items by number, in order."""
        rows = self.memory.rows("select number, state from item where job = ?", self.id)
        with readable(f"an item of batch {self.id!r}"):
            stored = {row["number"]: BatchItem(**json.loads(row["state"])) for row in rows}
        return {t.number: stored.get(t.number) or BatchItem(t.number, t.title) for t in self.terms.tasks}

    def text(self, number: int) -> bytes | None:
        """Return the document of an item, on which others build; None where there is none."""
        rows = self.memory.rows("select document from item where job = ? and number = ?", self.id, number)
        return bytes(rows[0]["document"]) if rows and rows[0]["document"] is not None else None

    def keep(self, item: BatchItem, document: bytes | None = None) -> None:
        """Store how far an item is, and its document where there is a new one."""
        self.memory.write(
            """insert into item (job, number, state, document) values (?, ?, ?, ?) on conflict (job, number)
            do update set state = excluded.state, document = coalesce(excluded.document, item.document)""",
            self.id,
            item.number,
            json.dumps(asdict(item)),
            document,
        )

    def note(self, name: str, data: Mapping[str, Any]) -> None:
        """Keep an object beside the terms."""
        self.memory.keep_part(self.id, name, json.dumps(data).encode())

    def noted(self, name: str) -> dict[str, Any] | None:
        """Return an object that was kept."""
        raw = self.memory.part(self.id, name)
        return None if raw is None else json.loads(raw)

    def base(self) -> tuple[dict[str, bytes], tuple[UnreadFile, ...], frozenset[str]]:
        """Return the documents of the library when the batch began, what could not be read, and all of its files."""
        raw = self.memory.part(self.id, _BASE) or b""
        with readable(f"the library of batch {self.id!r}"), zipfile.ZipFile(BytesIO(raw)) as archive:
            known = json.loads(archive.read(_FILES))
            raws = {name: archive.read(f"documents/{name}") for name in known["documents"]}
            return raws, tuple(UnreadFile(**each) for each in known["unread"]), frozenset(known["files"])


class BatchStore:
    """All batches of a library."""

    def __init__(self, memory: WorkMemory) -> None:
        self._memory = memory

    def create(self, terms: Terms, library: Library, plan: bytes, taken: Collection[str] = ()) -> Batch:
        """Start a batch on a library and a plan as they are now.

        Args:
            terms: What it is started with.
            library: The library.
            plan: The plan.
            taken: Ids of drafts that wait: none of its runs may be called so.
        """
        base = _pack(library)
        with self._memory.writing() as connection:
            ids = [row["id"] for row in connection.execute("select id from job where kind = ?", (_KIND,))]
            number = 1 + max((_number(name) for name in ids), default=0)
            while any(name.startswith(f"batch-{number}-") for name in taken):
                number += 1
            name = f"batch-{number}"
            values = (name, _KIND, terms.dump(), time.time())
            connection.execute("insert into job (id, kind, terms, started) values (?, ?, ?, ?)", values)
            self._memory.keep_part(name, _PLAN, plan)
            self._memory.keep_part(name, _BASE, base)
        return self.get(name)

    def names(self) -> list[str]:
        """Return the ids of all batches, oldest first."""
        rows = self._memory.rows("select id from job where kind = ? order by number", _KIND)
        return [row["id"] for row in rows]

    def all(self) -> list[Batch]:
        """Return all batches, oldest first."""
        return [self.get(name) for name in self.names()]

    def get(self, name: str) -> Batch:
        """Return a batch by its id.

        Raises:
            DraftError: There is none.
        """
        rows = self._memory.rows("select terms, started from job where kind = ? and id = ?", _KIND, name)
        if rows:
            with readable(f"batch {name!r}"):
                started = datetime.fromtimestamp(rows[0]["started"]).astimezone()
                return Batch(name, Terms.load(rows[0]["terms"]), started, self._memory)
        known = ", ".join(self.names()[-5:])
        message = f"no batch {name!r}"
        raise DraftError(message, f"known batches: {known}" if known else "procauthor run begins one")

    def renew(self, batch: Batch, terms: Terms) -> Batch:
        """Give a batch other terms."""
        self._memory.write("update job set terms = ? where id = ?", terms.dump(), batch.id)
        return self.get(batch.id)

    def unfinished(self) -> Batch | None:
        """Return the last batch in which something is left to do, be it to decide on drafts."""
        return next((batch for batch in reversed(self.all()) if not batch.ended), None)

    def prune(self, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete batches that have ended, and return their ids; for the arguments see `RunStore.prune`."""
        doomed = doomed_jobs(self._memory, _KIND, (), keep, older)
        for name in doomed:
            self._memory.delete(name)
        return doomed

    def members(self) -> Collection[str]:
        """Return the ids of the runs of all batches that are not done."""
        open_batches = [batch for batch in self.all() if not batch.ended]
        return set().union(*(batch.runs for batch in open_batches))


def _number(name: str) -> int:
    end = name.removeprefix("batch-")
    return int(end) if end.isdigit() else 0


def _pack(library: Library) -> bytes:
    known = {
        "documents": [p.path for p in library.procedures],
        "unread": [asdict(each) for each in library.unread],
        "files": sorted(library.files),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_FILES, json.dumps(known))
        for procedure in library.procedures:
            archive.writestr(f"documents/{procedure.path}", procedure.document.source.raw)
    return packed.getvalue()
