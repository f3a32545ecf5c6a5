"""Writes one item of a batch, in a thread of its own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from procauthor.authoring.allowance import Allowance, Gate, Spend, at_once
from procauthor.authoring.authoring import Authoring
from procauthor.authoring.draft import Draft
from procauthor.authoring.writing import RunContext
from procauthor.batch.record import Batch, BatchItem, Snapshot
from procauthor.naming import amount
from procauthor.prompt import PromptLibrary

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records
    from procauthor.authoring.pipeline import Progress
    from procauthor.authoring.reply import Reply


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
