"""A batch: its terms, how far each item is, and the library as it was when the batch began."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from procauthor.authoring.brief import Usage
from procauthor.authoring.grounding import DocumentTexts
from procauthor.authoring.memory import readable, usage_of
from procauthor.authoring.run import Job, JobStore
from procauthor.batch.schedule import OnFailure, Schedule, State, Task
from procauthor.data import as_type, pick
from procauthor.evaluation.value import Tally
from procauthor.evaluation.view import tally_json
from procauthor.library.index import known_statuses
from procauthor.library.library import Library, Procedure, UnreadFile
from procauthor.naming import amount
from procauthor.planning.read import read_plan

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records
    from procauthor.planning.plan import Plan
    from procauthor.retrieval.chunk import Chunk
    from procauthor.retrieval.index import SectionIndex


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

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a user asks of a batch.

    Attributes:
        author: ``offline``, or a model as ``provider:name``.
        reviewer: A second model that looks at each draft in place of the author.
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


@dataclass(frozen=True, slots=True)
class Batch(Job):
    """One batch."""

    kind = "batch"
    terms: Terms

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

    @property
    def plan(self) -> bytes:
        """The plan as it was when the batch began."""
        return self.memory.part(self.id, _PLAN) or b""

    @property
    def can_go_on(self) -> bool:
        """Whether an item is neither written nor given up; a draft that the batch shall accept is not yet written."""
        settled = [state for state in _SETTLED if not (self.terms.accept and state == "drafted")]
        return not self.ended and any(item.state not in settled for item in self.items().values())

    def end(self) -> None:
        """Note that nothing is left to do. The library as it was is not needed any more."""
        with self.memory.writing(flushed=False) as connection:
            connection.execute("update job set ended = ? where id = ?", (time.time(), self.id))
            connection.execute("delete from part where job = ? and name = ?", (self.id, _BASE))

    def items(self) -> dict[int, BatchItem]:
        """Return all items by number, in order."""
        rows = self.memory.rows("select number, state from item where job = ?", self.id)
        with readable(f"an item of batch {self.id!r}"):
            stored = {row["number"]: as_type(json.loads(row["state"]), BatchItem) for row in rows}
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
            msgspec.json.encode(item).decode(),
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


class BatchStore(JobStore[Batch]):
    """All batches of a library."""

    kind = Batch
    plural = "batches"
    begins = "procauthor run begins one"

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
            number = 1 + max(map(_number, self.names()), default=0)
            while any(name.startswith(f"batch-{number}-") for name in taken):
                number += 1
            name = f"batch-{number}"
            values = (name, Batch.kind, msgspec.json.encode(terms).decode(), time.time())
            connection.execute("insert into job (id, kind, terms, started) values (?, ?, ?, ?)", values)
            self._memory.keep_part(name, _PLAN, plan)
            self._memory.keep_part(name, _BASE, base)
        return self.get(name)

    def renew(self, batch: Batch, terms: Terms) -> Batch:
        """Give a batch other terms."""
        self._memory.write("update job set terms = ? where id = ?", msgspec.json.encode(terms).decode(), batch.id)
        return self.get(batch.id)

    def unfinished(self) -> Batch | None:
        """Return the last batch in which something is left to do, be it to decide on drafts."""
        return next((batch for batch in reversed(self.all()) if not batch.ended), None)

    def members(self) -> Collection[str]:
        """Return the ids of the runs of all batches that are not done."""
        open_batches = [batch for batch in self.all() if not batch.ended]
        return set().union(*(batch.runs for batch in open_batches))

    def _make(self, name: str, started: datetime, terms: str) -> Batch:
        return Batch(name, started, self._memory, as_type(json.loads(terms), Terms))


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


_FAILED = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What a batch tells while it works: an item entered a state, or a step of it began or ended.

    ``seconds`` are those of the step or of the item so far; ``usage`` is that of the item.
    """

    number: int
    title: str
    state: str
    step: int = 0
    name: str = ""
    done: bool = False
    seconds: float = 0.0
    usage: Usage = Usage()
    note: str = ""


Tell = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Written:
    """One item at the end, with what it has cost in all sessions. ``draft`` is empty where no draft waits."""

    item: BatchItem
    run: str
    draft: str
    usage: Usage

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            **pick(self.item, "number", "title", "state", "outcome", "path"),
            **pick(self, "run", "draft"),
            "usage": self.usage.as_json(),
            "seconds": round(self.item.seconds, 3),
            "reason": self.item.reason,
        }


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What came of a batch.

    ``before`` counts the library as it was when the batch began, ``after`` as it is now, and ``once_accepted`` as it
    will be when all drafts of the batch that wait are accepted. ``halted`` says why the session stopped early.
    """

    batch: str
    author: str
    items: tuple[Written, ...]
    left_out: tuple[LeftOut, ...]
    seconds: float
    before: Tally
    after: Tally
    once_accepted: Tally
    max_tokens: int | None = None
    halted: str = ""
    ended: bool = True

    @property
    def usage(self) -> Usage:
        """What all items have cost, in all sessions."""
        return sum((written.usage for written in self.items), Usage())

    @property
    def outcome(self) -> str:
        """What came of it, in two or three words."""
        if self.halted:
            return "Stopped"
        states = {written.item.state for written in self.items}
        if not states:
            return "Nothing to do"
        if states <= {"accepted"}:
            return "Accepted"
        return "Awaiting review" if states <= {"accepted", "drafted"} else "Needs revision"

    @property
    def summary(self) -> str:
        """The outcome with how many items are in each state: "Needs revision: 17 accepted, 1 needs revision"."""
        counts = Counter(written.item.state for written in self.items)
        states = ", ".join(f"{number} {state}" for state, number in counts.items())
        return f"{self.outcome}: {states if len(counts) > 1 else amount(len(self.items), 'item')}"

    @property
    def exit_code(self) -> int:
        """0 all items are there, 1 some are not, 3 none is because model or server failed."""
        states = [written.item.state for written in self.items]
        if all(state in {"accepted", "drafted"} for state in states):
            return 0
        failed = any(w.item.state == "failed" and w.item.exit_code == _FAILED for w in self.items)
        none = not {"accepted", "drafted", "needs revision"} & set(states)
        return _FAILED if failed and none else 1

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            **pick(self, "batch", "outcome", "halted", "author"),
            "items": [written.as_json() for written in self.items],
            "left_out": [each.as_json() for each in self.left_out],
            "usage": self.usage.as_json(),
            "max_tokens": self.max_tokens,
            "seconds": round(self.seconds, 3),
            "evaluation": {name: tally_json(getattr(self, name)) for name in ("before", "after", "once_accepted")},
        }


class Snapshot:
    """The library as it was when the batch began, and over it the documents of what an item needs.

    Passages come from that library alone: what the batch itself writes reaches later items by its contract, and is no
    evidence for them.
    """

    def __init__(self, records: Records, batch: Batch) -> None:
        self._records = records
        self._batch = batch
        self._lock = threading.RLock()
        self.texts = DocumentTexts()
        """Documents as evidence; most are the same for all items."""
        self._views: dict[tuple[tuple[int, str], ...], Library] = {}

    @cached_property
    def base(self) -> Library:
        """The library as it was when the batch began."""
        raws, unread, files = self._batch.base()
        documents = tuple(self._read(path, raw) for path, raw in sorted(raws.items()))
        return Library(self._records.workspace.root, documents, unread, files)

    @cached_property
    def plan(self) -> Plan:
        """The plan as it was when the batch began."""
        return read_plan(self._batch.plan, known=known_statuses(self.base))

    def view(self, built_on: Sequence[tuple[int, str]]) -> Library:
        """Return the library with the documents of some items, each given by number and path."""
        key = tuple(built_on)
        if not key:
            return self.base
        with self._lock:
            if key not in self._views:
                self._views[key] = self.laid_over(self.base, key)
            return self._views[key]

    def laid_over(self, library: Library, items: Sequence[tuple[int, str]]) -> Library:
        """Return a library with the documents of some items over it, and all that follows from them."""
        documents = [self._read(path, self._batch.text(number) or b"") for number, path in items]
        return self._records.workspace.with_derived(library.overlay(*documents), ticks=False)

    def search(self, query: str, limit: int) -> Sequence[Chunk]:
        """Return the best passages of the library as it was."""
        with self._lock:
            return [hit.chunk for hit in self._index.search(query, limit)]

    def close(self) -> None:
        """Let go of the index."""
        if "_index" in self.__dict__:
            self._index.close()

    @cached_property
    def _index(self) -> SectionIndex:
        return self._records.workspace.open_index(self.base)

    def _read(self, path: str, raw: bytes) -> Procedure:
        return self._records.workspace.parse(path, raw)
