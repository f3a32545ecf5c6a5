"""One process at work on a batch."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from procauthor.authoring.batch.allowance import Allowance, LocalPurse
from procauthor.authoring.batch.record import Batch, Item
from procauthor.authoring.batch.schedule import State, renew
from procauthor.authoring.brief import Usage
from procauthor.authoring.calls import CallLog
from procauthor.authoring.run import hold
from procauthor.errors import BudgetError, HaltError, ProcauthorError
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.project.authoring import Authoring
from procauthor.project.batch.pace import Pace
from procauthor.project.batch.publish import publish
from procauthor.project.batch.scene import Scene
from procauthor.project.batch.value import BatchReport, Tell, Told, Written
from procauthor.project.draft import ProjectDraft
from procauthor.project.evaluation import count, tally_json, tally_of
from procauthor.project.writing import Bench, open_prompts

if TYPE_CHECKING:
    from procauthor.authoring.graph import Progress
    from procauthor.authoring.reply import Reply
    from procauthor.evaluation.value import Tally
    from procauthor.project.project import Project

_AHEAD = 2
"""So many items are in work for each call on its way: while one waits for its reply, another is prepared or checked."""
_HANDS = 2
_LOOK = 0.5
_PATIENCE = 5.0
_INTERRUPTED = "interrupted"
_BEFORE = "before"
_DONE = ("defined", "approved")


class Session:
    """One process at work on a batch: starts what can begin, accepts in order, keeps every state on disk.

    Items are written in threads; all that they have to say comes through one queue, so that states change in the main
    thread alone.
    """

    def __init__(self, project: Project, batch: Batch, progress: Tell | None) -> None:
        self.project = project
        self.batch = batch
        self.terms = batch.terms
        self.schedule = batch.terms.schedule
        self.scene = Scene(project, batch)
        self._report = progress or (lambda _: None)
        self._pace = Pace(self.schedule, self.terms.jobs)
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._items: dict[int, Item] = {}
        self._working: set[int] = set()
        self._accepting = False
        self._fault: BaseException | None = None
        # Threads that all compute at once only hinder each other, and the first call would go out late.
        self._hands = threading.Semaphore(_HANDS)

    def carry(self) -> BatchReport:
        """Work until nothing can go on; return what came of it.

        Raises:
            LockedError: Another process works on the batch.
        """
        started = time.monotonic()
        with hold(self.batch.folder, f"batch {self.batch.id!r}"):
            self._items = self._recall(self.project.library())
            spent = sum(self._usage(number).tokens for number in self._items)
            purse = LocalPurse(self.terms.max_tokens, spent)
            self._allowance = Allowance(self.terms.jobs, purse, self.terms.deadline)
            self._prompts = open_prompts(self.project)
            self.project.runs.prepare()
            counting = self._spawn("count", self._count_before)
            self._work()
            counting.join()
            self.scene.close()
            if self._fault is not None:
                raise self._fault
            return self._conclude(time.monotonic() - started)

    # What was there before

    def _recall(self, present: Library) -> dict[int, Item]:
        """Return the items as an earlier session left them, held against what people did meanwhile."""
        items = self.batch.items()
        states = renew({number: item.state for number, item in items.items()})
        return {n: self._compare(replace(item, state=states[n]), present) for n, item in items.items()}

    def _compare(self, item: Item, present: Library) -> Item:
        waits = self.project.drafts.holds(self.batch.run_id(item.number))
        if item.state == "accepted" or (item.state == "drafted" and waits):
            return item
        written = next((p for p in present.by_key.get(title_key(item.title), ()) if p.status in _DONE), None)
        if written is not None and not waits:
            # Somebody accepted the draft, or wrote the document himself: others can build on it.
            self.batch.keep_text(item.number, written.source.raw)
            item = replace(item, state="accepted", path=written.path, reason="")
        elif item.state in {"drafted", "needs revision"} and not waits:
            item = replace(item, state="rejected", reason="its draft was rejected")
        self.batch.keep(item)
        return item

    # The main thread

    def _work(self) -> None:
        try:
            while self._step():
                with suppress(queue.Empty):
                    self._events.get(timeout=_LOOK)()
        except KeyboardInterrupt:
            self._allowance.halt(_INTERRUPTED)
            self._drain(time.monotonic() + _PATIENCE)

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
            room = self.terms.jobs * _AHEAD - len(self._working)
            for number in self.schedule.ready(settled)[: max(room, 0)]:
                self._start(number)
        turn = self.schedule.turn(self._states) if self.terms.accept and not self._accepting else None
        if turn is not None and self._allowance.halted != _INTERRUPTED:
            self._accepting = True
            self._spawn("accept", lambda: self._accept(turn))
        return bool(self._working or self._accepting)

    @property
    def _states(self) -> dict[int, State]:
        return {number: item.state for number, item in self._items.items()}

    def _lacking(self, number: int) -> str:
        needs = self.schedule.by_number[number].needs
        there = ("accepted", "drafted", "waiting", "working")
        missing = [self._items[n].title for n in needs if self._items[n].state not in there]
        return f"waits for {', '.join(missing)}"

    def _enter(self, item: Item) -> None:
        """Bring an item into a state: on disk first, then to whoever watches."""
        self._items[item.number] = item
        self.batch.keep(item)
        self._tell(item, seconds=item.seconds, usage=self._usage(item.number), note=item.reason)

    def _tell(self, item: Item, **more: Any) -> None:
        self._report(Told(item.number, item.title, item.state, left=self._pace.left(self._states), **more))

    def _spawn(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
                self._fault = self._fault or error
                self._allowance.halt("a fault of procauthor")

        thread = threading.Thread(target=run, daemon=True, name=f"procauthor-{name}")
        thread.start()
        return thread

    # Writing an item, in a thread of its own

    def _start(self, number: int) -> None:
        needs = self.schedule.base(number, self._states)
        built_on = [(n, self._items[n].path) for n in needs]
        self._working.add(number)
        item = replace(self._items[number], state="working", reason="", exit_code=0)
        self._enter(item)
        self._spawn(str(number), lambda: self._write(item, built_on))

    def _write(self, item: Item, built_on: Sequence[tuple[int, str]]) -> None:
        started = time.monotonic()
        ended = replace(item, state="stopped", reason="a fault of procauthor")
        try:
            with self._hands:
                ended = self._author(item, built_on)
        except (HaltError, BudgetError) as error:
            self._allowance.halt(error.message)
            ended = replace(item, state="stopped", reason=error.message, exit_code=error.exit_code)
        except ProcauthorError as error:
            ended = replace(item, state="failed", reason=error.message, exit_code=error.exit_code)
        finally:
            ended = replace(ended, seconds=item.seconds + time.monotonic() - started)
            self._events.put(lambda: self._end(ended))

    def _end(self, item: Item) -> None:
        self._working.discard(item.number)
        self._enter(item)

    def _author(self, item: Item, built_on: Sequence[tuple[int, str]]) -> Item:
        found = self._draft(item, built_on)
        self.batch.keep_text(item.number, found.draft.text.encode())
        errors = [f for f in found.draft.findings if f["severity"] == "error"]
        if found.draft.outcome != "Needs revision":
            return replace(item, state="drafted", path=found.draft.path, outcome=found.draft.outcome)
        reason = f"{len(errors)} findings of severity error, the first: {errors[0]['message']}" if errors else ""
        return replace(item, state="needs revision", path=found.draft.path, outcome=found.draft.outcome, reason=reason)

    def _draft(self, item: Item, built_on: Sequence[tuple[int, str]]) -> ProjectDraft:
        terms, runs, name = self.terms, self.project.runs, self.batch.run_id(item.number)
        rank = self.schedule.ranks[item.number]

        def spend(need: int, call: Callable[[], Reply]) -> Reply:
            with _released(self._hands):
                return self._allowance.spend(rank, need, call)

        bench = Bench(
            self.scene.view(built_on), self.scene.plan, self.scene.search, self._prompts, spend, self.scene.plain
        )
        limit = self.project.settings.authoring.max_tokens
        authoring = Authoring(self.project, terms.author, limit, self._watch(item), terms.fresh, terms.reviewer, bench)
        if runs.holds(name):
            return authoring.execute(runs.get(name))
        brief = authoring.brief(item.title)
        return authoring.execute(runs.create(brief, terms.author, limit, terms.reviewer, name))

    def _watch(self, item: Item) -> Callable[[Progress], None]:
        def watch(progress: Progress) -> None:
            self._events.put(lambda: self._follow(item, progress))

        return watch

    def _follow(self, item: Item, told: Progress) -> None:
        if told.done:
            self._pace.step(item.number, told.step, told.seconds)
        more = {"step": told.step, "name": told.name, "done": told.done, "seconds": told.seconds}
        self._tell(item, usage=told.usage, note=told.note, **more)

    # Accepting, one at a time

    def _accept(self, number: int) -> None:
        item = self._items[number]
        ended = item
        try:
            outcome = publish(self.project, self.batch.run_id(number))
            ended = replace(item, state="accepted", outcome=outcome)
        except ProcauthorError as error:
            ended = replace(item, state="needs revision", reason=error.message)
        finally:
            self._events.put(lambda: self._end_accept(ended))

    def _end_accept(self, item: Item) -> None:
        self._accepting = False
        self._enter(item)

    # The end

    def _usage(self, number: int) -> Usage:
        return CallLog(self.project.runs.folder / self.batch.run_id(number) / "calls.jsonl").usage

    def _count_before(self) -> None:
        if self.batch.noted(_BEFORE) is None:
            self.batch.note(_BEFORE, tally_json(count(self.project, self.scene.base)))

    def _conclude(self, seconds: float) -> BatchReport:
        waiting = [number for number, item in self._items.items() if item.state == "drafted"]
        present = self.project.library()
        after = count(self.project, present)
        once: Tally = after
        if waiting:
            once = count(self.project, self.scene.laid_over(present, [(n, self._items[n].path) for n in waiting]))
        before = tally_of(self.batch.noted(_BEFORE) or {})
        ended = all(item.state in {"accepted", "rejected"} for item in self._items.values())
        report = BatchReport(
            batch=self.batch.id,
            author=self.terms.author,
            items=tuple(self._written(item) for item in self._items.values()),
            left_out=self.terms.left_out,
            seconds=seconds,
            before=before,
            after=after,
            once_accepted=once,
            max_tokens=self.terms.max_tokens,
            halted=self._allowance.halted,
            ended=ended,
        )
        if ended:
            self.batch.end()
        return report

    def _written(self, item: Item) -> Written:
        name = self.batch.run_id(item.number)
        return Written(item, name, name if self.project.drafts.holds(name) else "", self._usage(item.number))


@contextmanager
def _released(hands: threading.Semaphore) -> Iterator[None]:
    """Let others compute while a reply is waited for."""
    hands.release()
    try:
        yield
    finally:
        hands.acquire()
