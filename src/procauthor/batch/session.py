"""One process at work on a batch: it starts items, accepts drafts in order, and says what came of it."""

from __future__ import annotations

import gc
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from procauthor.authoring.allowance import Allowance, Gate, Spend, at_once
from procauthor.authoring.authoring import Authoring, RunContext
from procauthor.authoring.draft import ClashError, Draft
from procauthor.authoring.memory import usage_of
from procauthor.batch.record import Batch, BatchItem, BatchReport, Snapshot, Tell, Told, Written
from procauthor.batch.schedule import State, renew
from procauthor.errors import BudgetError, ConflictError, HaltError, LockedError, ProcauthorError
from procauthor.evaluation.trend import read_tally
from procauthor.evaluation.view import tally_json
from procauthor.library.library import Library, Procedure
from procauthor.naming import amount, title_key
from procauthor.procedure import DONE
from procauthor.prompt import PromptLibrary
from procauthor.workspace.measure import count

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records
    from procauthor.authoring.pipeline import Progress
    from procauthor.authoring.reply import Reply


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
    written = _document_of(records, batch, item, present)
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


def _document_of(records: Records, batch: Batch, item: BatchItem, present: Library) -> Procedure | None:
    """Return the document of an item that was accepted, even if it still has gaps, or that was written by hand."""
    name = batch.run_id(item.number)
    accepted = records.runs.holds(name) and records.runs.get(name).accepted
    for procedure in present.by_key.get(title_key(item.title), ()):
        # A kill may have come between the writing and the note of it.
        ours = procedure.status == "in progress" and (accepted or procedure.source.raw == batch.text(item.number))
        if procedure.status in DONE or ours:
            return procedure
    return None


_BEFORE = "before"


def count_before(records: Records, batch: Batch, snapshot: Snapshot) -> None:
    """Count the library as it was when the batch began, and keep the counts."""
    if batch.noted(_BEFORE) is None:
        batch.note(_BEFORE, tally_json(count(records.workspace, snapshot.base)))


def conclude(  # noqa: PLR0913 - what there is to tell
    records: Records, batch: Batch, snapshot: Snapshot, items: Mapping[int, BatchItem], *, halted: str, seconds: float
) -> BatchReport:
    """Return what came of a session; a batch in which nothing is left to do ends here."""
    present = records.workspace.read()
    after = once = count(records.workspace, present)
    waiting = [(number, item.path) for number, item in items.items() if item.state == "drafted"]
    if waiting:
        once = count(records.workspace, snapshot.laid_over(present, waiting))
    ended = all(item.state in {"accepted", "rejected"} for item in items.values())
    if ended:
        batch.end()
    return BatchReport(
        batch=batch.id,
        author=batch.terms.author,
        items=tuple(_written(records, batch, item) for item in items.values()),
        left_out=batch.terms.left_out,
        seconds=seconds,
        before=read_tally(batch.noted(_BEFORE) or {}),
        after=after,
        once_accepted=once,
        max_tokens=batch.terms.max_tokens,
        halted=halted,
        ended=ended,
    )


def _written(records: Records, batch: Batch, item: BatchItem) -> Written:
    name = batch.run_id(item.number)
    draft = name if records.drafts.holds(name) else ""
    return Written(item, name, draft, batch.usage(item.number))


_TRIES = 5
_PAUSE = 0.1


def publish(records: Records, name: str) -> str:
    """Accept a draft, and return the outcome of its run. If a file changes meanwhile, the change is made again.

    Raises:
        DraftError: It has errors, or does not wait.
        LibraryError: It does not go together with the file as it is, or the disk refuses.
    """
    draft = records.drafts.get(name)
    for attempt in range(_TRIES):
        if _is_written(draft):
            draft.reject()
            break
        try:
            draft.accept()
        except (ConflictError, LockedError) as error:
            if attempt == _TRIES - 1 or isinstance(error.__cause__, ClashError):
                raise
            time.sleep(_PAUSE * attempt)
        else:
            break
    return draft.accepted


def _is_written(draft: Draft) -> bool:
    """Say whether the library holds the draft: a kill may have come between the writing and the note of it."""
    file = draft.records.workspace.root / draft.path
    return file.is_file() and file.read_bytes() == draft.text.encode()


class CpuSlots:
    """Limits how many threads compute at once: Python runs one at a time, and more would only slow each other down.

    Items that just got a reply go before items that have not started, because their next call is ready sooner.

    Args:
        count: How many may compute at once.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._returning = 0
        lock = threading.Lock()
        self._first = threading.Condition(lock)
        self._later = threading.Condition(lock)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Compute when there is room for an item that starts."""
        with self._later:
            self._later.wait_for(lambda: self._free and not self._returning)
            self._free -= 1
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let others compute while a reply is waited for."""
        self._give()
        try:
            yield
        finally:
            with self._first:
                self._returning += 1
                self._first.wait_for(lambda: self._free)
                self._returning -= 1
                self._free -= 1
                self._pass_on()

    def _give(self) -> None:
        with self._first:
            self._free += 1
            self._pass_on()

    def _pass_on(self) -> None:
        if self._free:
            (self._first if self._returning else self._later).notify()


_SLOTS = 2
_CALLS = 3
"""The calls of one item where every reply is good."""


@dataclass(frozen=True)
class Writer:
    """What the threads of a session share, to write items."""

    records: Records
    batch: Batch
    snapshot: Snapshot
    prompts: PromptLibrary
    allowance: Allowance
    gate: Gate = field(default_factory=Gate)
    slots: CpuSlots = field(default_factory=lambda: CpuSlots(_SLOTS))

    def write(
        self,
        item: BatchItem,
        built_on: Sequence[tuple[int, str]],
        watch: Callable[[Progress], None],
        pay: Spend = at_once,
    ) -> tuple[BatchItem, bytes]:
        """Carry the run of an item to its draft; return how far the item is then, and its document.

        Args:
            item: The item.
            built_on: The items whose documents it may see, each by number and path.
            watch: Is told of every step.
            pay: Makes each call, when this process has a place for it.

        Raises:
            HaltError: No further call may be made.
            BudgetError: The next call could pass the ceiling.
        """
        with self.slots.held():
            draft = self._draft(item, watch, self._context(item, built_on, pay))
        ended = replace(item, state="drafted", path=draft.path, outcome=draft.outcome)
        if draft.failed:
            reason = (
                f"{amount(len(draft.errors), 'finding')} of severity error, the first: {draft.errors[0]['message']}"
            )
            ended = replace(ended, state="needs revision", reason=reason)
        return ended, draft.text.encode()

    def _draft(self, item: BatchItem, watch: Callable[[Progress], None], context: RunContext) -> Draft:
        terms, runs, name = self.batch.terms, self.records.runs, self.batch.run_id(item.number)
        limit = self.records.workspace.settings.authoring.max_tokens
        authoring = Authoring(self.records, terms.author, limit, watch, terms.fresh, terms.reviewer, context)
        if runs.holds(name):
            return authoring.execute(runs.get(name))
        return authoring.execute(authoring.begin(authoring.brief(item.title), limit, name))

    def _context(self, item: BatchItem, built_on: Sequence[tuple[int, str]], pay: Spend) -> RunContext:
        chain, place = self.batch.terms.schedule.ranks[item.number]
        calls = itertools.count()

        def spend(need: int, call: Callable[[], Reply]) -> Reply:
            # The item with most work before it goes first: so all end at about the same time.
            rank = (chain * _CALLS + min(next(calls), _CALLS), place)
            with self.slots.released():
                return self.allowance.spend(rank, need, lambda: pay(need, call))

        return RunContext(
            library=self.snapshot.view(built_on),
            plan=self.snapshot.plan,
            search=self.snapshot.search,
            prompts=self.prompts,
            spend=spend,
            gate=self.gate,
            texts=self.snapshot.texts,
        )


_AHEAD = 3
"""So many items are in work for each call on its way: while one waits for its reply, another is prepared or checked."""
_LOOK = 0.5
_PATIENCE = 5.0
_FAULT = "a fault of procauthor"
INTERRUPTED = "interrupted"


class BatchSession:
    """One process at work on a batch: starts what can begin, accepts in order, keeps every state on disk.

    Items are written in threads; all that they have to say comes through one queue, so that states change in the main
    thread alone.

    Args:
        records: The library, and what is kept of it.
        batch: The batch.
        progress: Is told what happens.
    """

    def __init__(self, records: Records, batch: Batch, progress: Tell | None) -> None:
        self.records = records
        self.batch = batch
        self.terms = batch.terms
        self.schedule = batch.terms.schedule
        self.snapshot = Snapshot(records, batch)
        self._report = progress or (lambda _: None)
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._items: dict[int, BatchItem] = {}
        self._working: set[int] = set()
        self._accepting = 0
        self._fault: BaseException | None = None

    def carry(self) -> BatchReport:
        """Work until nothing can go on; return what came of it.

        Raises:
            LockedError: Another process works on the batch.
        """
        with self.batch.hold():
            return self._carry(recall(self.records, self.batch))

    def _carry(self, items: dict[int, BatchItem]) -> BatchReport:
        """Work from these states on."""
        started = time.monotonic()
        with _spared():
            self._items = items
            spent = usage_of(self.records.memory, self.batch.runs).tokens
            self._allowance = Allowance(self.terms.jobs, self.terms.max_tokens, spent, self.terms.until)
            prompts = self.records.prompts
            self._writer = Writer(self.records, self.batch, self.snapshot, prompts, self._allowance)
            counting = self._spawn("count", lambda: count_before(self.records, self.batch, self.snapshot))
            self._work()
            counting.join()
            self.snapshot.close()
            if self._fault is not None:
                raise self._fault
            seconds, halted = time.monotonic() - started, self._allowance.halted
            return conclude(self.records, self.batch, self.snapshot, self._items, halted=halted, seconds=seconds)

    # The main thread

    def _work(self) -> None:
        try:
            while self._step():
                with suppress(queue.Empty):
                    self._events.get(timeout=_LOOK)()
        except KeyboardInterrupt:
            self._halt(INTERRUPTED)
            self._drain(time.monotonic() + _PATIENCE)

    def _halt(self, reason: str) -> None:
        """Let no further call be made."""
        self._allowance.halt(reason)

    def _drain(self, until: float) -> None:
        """Wait for the replies that are on their way, because they are paid for; a second interrupt does not."""
        with suppress(queue.Empty, KeyboardInterrupt):
            while (self._working or self._accepting) and time.monotonic() < until:
                self._events.get(timeout=max(0.0, until - time.monotonic()))()

    def _step(self) -> bool:
        """Start what can begin; say whether something is still going on."""
        settled = self.schedule.settle(self._states)
        for number, state in settled.items():
            if state != self._items[number].state:
                self._enter(replace(self._items[number], state=state, reason=self._lacking(number)))
        if not self._allowance.halted:
            for number in self.schedule.ready(settled)[: self._room]:
                self._start(number)
        accepts = self.terms.accept and not self._accepting
        turn = self.schedule.turn(self._states) if accepts else None
        if turn is not None and self._allowance.halted != INTERRUPTED:
            self._accepting = turn
            self._spawn("accept", lambda: self._accept(turn))
        return bool(self._working or self._accepting)

    @property
    def _room(self) -> int:
        """How many more items may begin."""
        return max(self.terms.jobs * _AHEAD - len(self._working), 0)

    @property
    def _states(self) -> dict[int, State]:
        return {number: item.state for number, item in self._items.items()}

    def _lacking(self, number: int) -> str:
        needs = self.schedule.by_number[number].needs
        there = ("accepted", "drafted", "waiting", "working")
        missing = [self._items[n].title for n in needs if self._items[n].state not in there]
        return f"waits for {', '.join(missing)}"

    def _enter(self, item: BatchItem, document: bytes | None = None) -> None:
        """Bring an item into a state: stored first, then told."""
        self.batch.keep(item, document)
        self._items[item.number] = item
        self._tell(item, seconds=item.seconds, usage=self.batch.usage(item.number), note=item.reason)

    def _tell(self, item: BatchItem, **more: Any) -> None:
        self._report(Told(item.number, item.title, item.state, **more))

    def _spawn(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
                self._blame(error)

        thread = threading.Thread(target=run, daemon=True, name=f"procauthor-{name}")
        thread.start()
        return thread

    def _blame(self, error: BaseException) -> None:
        """Note a fault, which the main thread raises when the items in work have ended."""
        self._fault = self._fault or error
        self._allowance.halt(_FAULT)

    # Writing an item, in a thread of its own

    def _start(self, number: int) -> None:
        item = replace(self._items[number], state="working", reason="", exit_code=0)
        self._working.add(number)
        built_on = self._built_on(number, self._items)
        self._enter(item)
        self._spawn(str(number), lambda: self._write(item, built_on))

    def _built_on(self, number: int, items: Mapping[int, BatchItem]) -> list[tuple[int, str]]:
        """Return the items on which one builds, each by number and path."""
        needs = self.schedule.base(number, {n: item.state for n, item in items.items()})
        return [(n, items[n].path) for n in needs]

    def _write(self, item: BatchItem, built_on: Sequence[tuple[int, str]]) -> None:
        ended, document = self._try(item, built_on)
        self._events.put(lambda: self._end(ended, document))

    def _try(
        self, item: BatchItem, built_on: Sequence[tuple[int, str]], pay: Spend = at_once
    ) -> tuple[BatchItem, bytes | None]:
        """Write an item; return how far it is then, whatever happens, and its document where there is one."""
        started = time.monotonic()
        ended: BatchItem = replace(item, state="stopped", reason=_FAULT)
        document: bytes | None = None

        def watch(progress: Progress) -> None:
            self._events.put(lambda: self._follow(item, progress))

        try:
            ended, document = self._writer.write(item, built_on, watch, pay)
        except (HaltError, BudgetError) as error:
            self._allowance.halt(error.message)
            ended = replace(item, state="stopped", reason=error.message, exit_code=error.exit_code)
        except ProcauthorError as error:
            ended = replace(item, state="failed", reason=error.message, exit_code=error.exit_code)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
            self._blame(error)
        return replace(ended, seconds=item.seconds + time.monotonic() - started), document

    def _end(self, item: BatchItem, document: bytes | None) -> None:
        self._working.discard(item.number)
        self._enter(item, document)

    def _follow(self, item: BatchItem, told: Progress) -> None:
        more = {"step": told.step, "name": told.name, "done": told.done, "seconds": told.seconds}
        self._tell(item, usage=told.usage, note=told.note, **more)

    # Accepting, one at a time

    def _accept(self, number: int) -> None:
        item = self._items[number]
        ended = item
        try:
            outcome = publish(self.records, self.batch.run_id(number))
            ended = replace(item, state="accepted", outcome=outcome)
        except ProcauthorError as error:
            ended = replace(item, state="needs revision", reason=error.message)
        finally:
            self._events.put(lambda: self._end_accept(ended))

    def _end_accept(self, item: BatchItem) -> None:
        self._accepting = 0
        self._enter(item)


@contextmanager
def _spared() -> Iterator[None]:
    """Leave all that is in memory now out of collections of garbage: a full one stops every thread for 0.2 seconds."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
