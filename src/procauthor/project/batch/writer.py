"""Writes one item of a batch, in a thread of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from procauthor.authoring.batch.allowance import Allowance
from procauthor.authoring.batch.board import Files, Item
from procauthor.authoring.batch.record import Batch
from procauthor.authoring.draft import Draft
from procauthor.authoring.retry import Gate
from procauthor.authoring.run import RunStore
from procauthor.project.authoring import Authoring
from procauthor.project.batch.hands import Hands
from procauthor.project.batch.home import with_draft
from procauthor.project.batch.scene import Scene
from procauthor.project.writing import Bench
from procauthor.prompt import PromptLibrary

if TYPE_CHECKING:
    from procauthor.authoring.graph import Progress
    from procauthor.authoring.reply import Reply
    from procauthor.project.project import Project

_HANDS = 2
_CALLS = 5
"""The calls of one item where every reply is good."""


@dataclass(frozen=True)
class Writer:
    """What the threads of a session share, to write items."""

    project: Project
    batch: Batch
    scene: Scene
    runs: RunStore
    prompts: PromptLibrary
    allowance: Allowance
    gate: Gate = field(default_factory=Gate)
    hands: Hands = field(default_factory=lambda: Hands(_HANDS))

    def write(
        self, item: Item, built_on: Sequence[tuple[int, str]], watch: Callable[[Progress], None]
    ) -> tuple[Item, Files]:
        """Carry the run of an item to its draft; return how far the item is then, and its files.

        Args:
            item: The item.
            built_on: The items whose documents it may see, each by number and path.
            watch: Is told of every step.

        Raises:
            HaltError: No further call may be made.
            BudgetError: The next call could pass the ceiling.
        """
        with self.hands.held():
            draft = self._draft(item, built_on, watch)
        errors = [f for f in draft.findings if f["severity"] == "error"]
        ended = replace(item, state="drafted", path=draft.path, outcome=draft.outcome)
        if draft.outcome == "Needs revision":
            reason = f"{len(errors)} findings of severity error, the first: {errors[0]['message']}" if errors else ""
            ended = replace(ended, state="needs revision", reason=reason)
        return ended, with_draft(self.batch, item.number, draft)

    def _draft(self, item: Item, built_on: Sequence[tuple[int, str]], watch: Callable[[Progress], None]) -> Draft:
        terms, runs, name = self.batch.terms, self.runs, self.batch.run_id(item.number)
        limit = self.project.settings.authoring.max_tokens
        bench = self._bench(item, built_on)
        authoring = Authoring(self.project, terms.author, limit, watch, terms.fresh, terms.reviewer, bench)
        if runs.holds(name):
            return authoring.execute(runs.get(name)).draft
        brief = authoring.brief(item.title)
        return authoring.execute(runs.create(brief, terms.author, limit, terms.reviewer, name)).draft

    def _bench(self, item: Item, built_on: Sequence[tuple[int, str]]) -> Bench:
        chain, place = self.batch.terms.schedule.ranks[item.number]
        calls = itertools.count()

        def spend(need: int, call: Callable[[], Reply]) -> Reply:
            # Who has most before him goes first: so all end at about the same time, and no place stays empty.
            rank = (chain * _CALLS + min(next(calls), _CALLS), place)
            with self.hands.released():
                return self.allowance.spend(rank, need, call)

        return Bench(
            library=self.scene.view(built_on),
            plan=self.scene.plan,
            search=self.scene.search,
            prompts=self.prompts,
            runs=self.runs,
            # A draft that others have to get at travels with the state of its item.
            keep=(lambda _: None) if self.batch.board.shared else self.project.drafts.save,
            spend=spend,
            gate=self.gate,
            plain=self.scene.plain,
        )
