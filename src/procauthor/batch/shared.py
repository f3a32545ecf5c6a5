"""One of several processes at work on a batch that is in a database."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from procauthor.authoring.allowance import too_much
from procauthor.authoring.draft import Draft
from procauthor.authoring.memory import Connection, WorkMemory, usage_of
from procauthor.authoring.postgres import SharedMemory
from procauthor.authoring.reply import Reply
from procauthor.batch.record import Batch, BatchItem, BatchReport, Tell
from procauthor.batch.session import INTERRUPTED, BatchSession, recall
from procauthor.batch.workers import Workers
from procauthor.data import as_type
from procauthor.errors import DraftError, LockedError
from procauthor.system import release as installed_release

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records


@dataclass(frozen=True, slots=True)
class Hold:
    """An item that is written by one worker. Who began it last has it; the word of an earlier one does not count.

    Args:
        batch: The batch.
        number: The item.
        holder: What tells this worker from others.
    """

    batch: Batch
    number: int
    holder: str

    @classmethod
    def begin(cls, batch: Batch, item: BatchItem) -> Hold:
        """Take an item from whichever worker had it, and store that it is in work."""
        hold = cls(batch, item.number, secrets.token_hex(8))
        with batch.memory.writing(flushed=False) as connection:
            release(batch.memory, batch.id, item.number)
            values = (batch.id, item.number, hold.holder)
            connection.execute("insert into hold (job, number, holder) values (?, ?, ?)", values)
            batch.keep(item)
        return hold

    def keep(self, item: BatchItem, document: bytes | None, draft: bytes | None) -> bool:
        """Store how far the item is, its document and its draft; return whether this worker still had it."""
        with self.batch.memory.writing() as connection:
            mine = self._is_mine(connection)
            if mine and draft is not None:
                self.batch.memory.keep_part(self.batch.run_id(self.number), DRAFT, draft)
            if mine:
                self.batch.keep(item, document)
        return mine

    def pay(self, need: int, call: Callable[[], Reply], pause: Callable[[], None]) -> Reply:
        """Reserve tokens under the ceiling of all workers, make a call, and give the reservation back.

        Args:
            need: The tokens.
            call: Makes the call, and stores what it has cost.
            pause: Waits a moment, while calls are on their way that may cost less than was reserved for them.

        Raises:
            BudgetError: So many tokens are not left.
            LockedError: Another worker has taken the item over.
        """
        mark = secrets.token_hex(8)
        while not self._reserve(mark, need):
            pause()
        try:
            return call()
        finally:
            self.batch.memory.write("delete from reservation where id = ?", mark)

    def _reserve(self, mark: str, need: int) -> bool:
        """Reserve tokens; return False where it depends on calls that are on their way."""
        memory, job = self.batch.memory, self.batch.id
        with memory.writing(flushed=False) as connection:
            if not self._is_mine(connection):
                message = f"item {self.number} of {job} was taken over by another worker"
                raise LockedError(message, "this one was silent for longer than its lease")
            ceiling = _ceiling(memory, job)
            if ceiling is not None:
                query = "select coalesce(sum(tokens), 0) as tokens from reservation where job = ?"
                reserved = memory.rows(query, job)[0]["tokens"]
                left = ceiling - usage_of(memory, self.batch.runs).tokens - reserved
                if need > left and reserved:
                    return False
                if need > left:
                    raise too_much(need, left)
            values = (mark, job, self.number, need)
            connection.execute("insert into reservation (id, job, number, tokens) values (?, ?, ?, ?)", values)
        return True

    def _is_mine(self, connection: Connection) -> bool:
        query = "select holder from hold where job = ? and number = ?"
        return [row["holder"] for row in connection.execute(query, (self.batch.id, self.number))] == [self.holder]


DRAFT = "draft"
"""The part of a run that holds its draft, until that comes to where it is accepted."""


def release(memory: WorkMemory, job: str, number: int) -> None:
    """Give back what a worker had that is dead, or counts as dead."""
    for table in ("hold", "reservation"):
        memory.write(f"delete from {table} where job = ? and number = ?", job, number)  # noqa: S608 - ours


def _ceiling(memory: WorkMemory, job: str) -> int | None:
    """Return the ceiling of a batch as it is now: a resumed one may have another."""
    rows = memory.rows("select terms from job where id = ?", job)
    ceiling: int | None = json.loads(rows[0]["terms"])["max_tokens"] if rows else 0
    return ceiling


_FORM = "form"


class SharedSession(BatchSession):
    """One of several processes at work on a batch. The queue says who writes which item.

    One of them is at home, where the library is that drafts are accepted into: it began the batch or resumed it. The
    others only write.

    Args:
        records: The library, and what is kept of it.
        batch: The batch.
        progress: Is told what happens.
        home: Whether this is the process at home.
    """

    def __init__(self, records: Records, batch: Batch, progress: Tell | None, *, home: bool) -> None:
        super().__init__(records, batch, progress)
        memory = records.memory
        assert isinstance(memory, SharedMemory), "a file is held by one process"
        self.home = home
        self.terms = replace(self.terms, accept=home and self.terms.accept)
        self._lease = records.workspace.settings.run.lease
        self._workers = Workers(memory, batch.id, self.terms.jobs, self._lease, self._take)
        self._offered: set[int] = set()
        self._looked = 0.0

    def carry(self) -> BatchReport:
        """Work until nothing can go on anywhere; return what came of it.

        Raises:
            LockedError: Another process is at home.
            DraftError: This one would write other bytes than that at home.
        """
        form = {"form": _fingerprint(self.records)}
        if not self.home:
            _refuse_other(self.batch, form)
            return self._carry(self.batch.items())
        with self.batch.hold():
            self.batch.note(_FORM, form)
            for number in self.batch.items():
                self._bring(number)
            return self._carry(recall(self.records, self.batch))

    # The main thread

    def _work(self) -> None:
        with self._workers:
            super()._work()

    def _step(self) -> bool:
        self._workers.refuse_fault()
        self._refresh()
        if self._allowance.halted:
            self._workers.stop()
            return super()._step()
        if time.monotonic() > self._looked + self._lease / 3:
            self._looked = time.monotonic()
            self._workers.take_over(lambda number: release(self.batch.memory, self.batch.id, number))
        going = super()._step()
        return going or "working" in self._states.values() or bool(self.schedule.ready(self._states))

    def _halt(self, reason: str) -> None:
        # First of all: what this process gives back is for others.
        self._workers.stop()
        super()._halt(reason)

    @property
    def _room(self) -> int:
        """All that can begin is offered: others may have places."""
        return len(self._items)

    def _start(self, number: int) -> None:
        if number not in self._offered:
            self._offered.add(number)
            self._offer(number)

    def _offer(self, number: int) -> None:
        ranks = sorted(self.schedule.ranks.values(), reverse=True)
        self._workers.offer(number, ranks.index(self.schedule.ranks[number]))

    def _refresh(self) -> None:
        """Read how far the items of all machines are, and bring home what waits for review."""
        items = self.batch.items()
        if not self.home:
            # Only one of all stores what cannot begin.
            settled = self.schedule.settle({number: item.state for number, item in items.items()})
            items = {number: replace(item, state=settled[number]) for number, item in items.items()}
        for number, item in items.items():
            if item != self._items[number]:
                if self.home:
                    self._bring(number)
                self._items[number] = item
                self._tell(item, seconds=item.seconds, usage=self.batch.usage(number), note=item.reason)

    def _bring(self, number: int) -> None:
        """Bring the draft of an item to where it is accepted."""
        memory, run = self.batch.memory, self.batch.run_id(number)
        raw = memory.part(run, DRAFT)
        if raw is not None:
            self.records.drafts.save(as_type(json.loads(raw), Draft))
            memory.drop_part(run, DRAFT)

    # Writing an item, in a thread of its own

    def _take(self, number: int) -> None:
        """Write an item that the queue gives, unless it is there already or cannot begin."""
        try:
            items = self.batch.items()
            states = {n: item.state for n, item in items.items()}
            if states[number] not in {"waiting", "working"}:
                return
            if number in self.schedule.ready({**states, number: "waiting"}):
                self._hold(items[number], self._built_on(number, items))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
            self._blame(error)

    def _hold(self, known: BatchItem, built_on: Sequence[tuple[int, str]]) -> None:
        item = replace(known, state="working", reason="", exit_code=0)
        number = item.number
        hold = Hold.begin(self.batch, item)
        self._events.put(lambda: self._working.add(number))

        def pay(need: int, call: Any) -> Reply:
            return hold.pay(need, call, self._allowance.pause)

        try:
            ended, document = self._try(item, built_on, pay)
            back = ended.state == "stopped" and self._allowance.halted == INTERRUPTED
            if back:
                ended = replace(ended, state="waiting", reason="", exit_code=0)
            if hold.keep(ended, document, self._pack(number) if document is not None else None) and back:
                self._offer(number)
        finally:
            self._events.put(lambda: self._working.discard(number))

    def _pack(self, number: int) -> bytes:
        """Return the draft of an item as it is stored, and take it away from here: it is accepted at home."""
        draft = self.records.drafts.get(self.batch.run_id(number))
        self.records.drafts.remove(draft)
        return json.dumps(draft.as_json()).encode()


def _fingerprint(records: Records) -> str:
    """Return what makes the bytes of a draft, beside brief and replies: workers that differ in it write others."""
    workspace = records.workspace
    settings = workspace.settings.model_dump(mode="json", exclude={"run": True, "retrieval": {"server"}})
    templates = {name: workspace.templates.get(name).hash for name in workspace.templates.names()}
    made = [installed_release(), settings, templates, records.prompts.fingerprint()]
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def _refuse_other(batch: Batch, form: dict[str, str]) -> None:
    known = batch.noted(_FORM)
    if known is None:
        message = f"batch {batch.id!r} was not begun at home yet"
        raise DraftError(message, "try again when it was")
    if known != form:
        message = f"batch {batch.id!r} was begun with other settings, templates or prompts, or another version"
        raise DraftError(message, "check out here what is there")
