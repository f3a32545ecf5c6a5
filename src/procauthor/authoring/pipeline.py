"""The eight steps of Create or Update Procedure, for every author: the one pipeline.

It keeps nothing. A run that goes on is carried out from its beginning, and the memory answers what was asked before. So
what a step asks follows from the brief, the replies so far and what the rules say of them: a clock or a random number
in a prompt would have every call paid again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Literal

from msgspec import Struct

from procauthor.authoring.brief import STEPS, Answer, Author, Brief, FieldProblem, Usage
from procauthor.authoring.document import render_draft
from procauthor.authoring.draft import Draft
from procauthor.authoring.grounding import DocumentTexts, Evidence, gather_evidence
from procauthor.authoring.judge import Complaint, Verdict
from procauthor.authoring.memory import CallLog
from procauthor.authoring.passage import join_questions
from procauthor.authoring.run import Run
from procauthor.finding import Finding
from procauthor.library.library import Library
from procauthor.retrieval.chunk import Chunk
from procauthor.template.spec import Template

_SCOPE, _WORKFLOW, _CONTINUITY, _FAILURES, _FORMAT, _REVIEW = 1, 3, 4, 5, 7, 8
_END = _REVIEW + 1
_CONTINUITY_RULES = (
    "step-input-without-producer",
    "step-target-missing",
    "input-without-provider",
    "output-without-producer",
    "exit-undefined",
    "jump-skips-output",
)

Doubts = Literal["question", "note", "nothing"]
"""What becomes of a claim that nothing supports."""

Place = tuple[int, FieldProblem]
"""A problem, with the step that has to solve it."""


class Progress(Struct, frozen=True):
    """What a run tells while it works: a step begins, or has ended after ``seconds`` with the usage so far."""

    step: int
    name: str
    done: bool
    seconds: float = 0.0
    usage: Usage = Usage()
    note: str = ""


@dataclass
class Work(ABC):
    """One run while it is carried out: the eight steps, who writes, and what is particular about its drafts.

    What differs between writing the fields of a document and naming operations in one is in two classes below this one.

    ``check`` gives the findings that the document has with other bytes, for some rules or for all. ``library`` is what
    a draft may rest on, and ``texts`` are its documents as evidence; ``doubts`` says whether claims that nothing
    supports become open questions or notes. ``reply_tokens`` is the longest reply of a model, which writes an outline
    before all else; 0 is for an author that writes none. ``search`` finds what may answer a question. ``reviewer``
    looks at the whole in place of the author. ``verdict`` and ``complaints`` are about an answer that was handed in.

    What is known between steps: ``written`` holds values by step and field, ``problems`` what has to be written again;
    ``stuck`` says that an author changed nothing when it was asked to.
    """

    run: Run
    template: Template
    author: Author
    calls: CallLog
    library: Library
    check: Callable[[bytes, Sequence[str]], Sequence[Finding]]
    search: Callable[[str, int], Sequence[Chunk]]
    written_by: str = ""
    repairs: int = 0
    doubts: Doubts = "nothing"
    reply_tokens: int = 0
    render: Callable[..., bytes] = render_draft
    prompt: str = ""
    reviewer: Author | None = None
    verdict: Verdict | None = None
    complaints: tuple[Complaint, ...] = ()
    report: Callable[[Progress], None] = lambda _: None
    texts: DocumentTexts = field(default_factory=DocumentTexts)
    written: dict[int, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    questions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Place, ...] = ()
    findings: tuple[Finding, ...] = ()
    tries: int = 0
    stuck: bool = False

    @property
    def brief(self) -> Brief:
        """The brief of the run."""
        return self.run.brief

    @cached_property
    def evidence(self) -> Evidence:
        """What a claim of a draft may rest on."""
        return gather_evidence(self.brief, self.library, self.texts)

    @property
    def left(self) -> int | None:
        """The tokens that the run may still use, None for no bound."""
        return None if self.run.max_tokens is None else self.run.max_tokens - self.calls.usage.tokens

    # What is known between steps

    @property
    def fields(self) -> dict[str, Any]:
        """The values of all steps by field, in the order of the steps."""
        return dict(chain.from_iterable(self.written[step].items() for step in sorted(self.written)))

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The questions of all steps, in order, each once."""
        return join_questions((), chain.from_iterable(self.questions[step] for step in sorted(self.questions)))

    def problems_of(self, step: int) -> tuple[FieldProblem, ...]:
        """Return what a step has to write again."""
        return tuple(problem for place, problem in self.problems if place == step)

    def take(self, step: int, answer: Answer, *, again: bool) -> bool:
        """Take what an author wrote for a step, ``again`` because of problems; say whether it changed anything."""
        before = self.written.get(step, {})
        self.written[step] = {**before, **answer.values}
        self.sources |= answer.sources
        # Because of problems only some fields are asked for: what was asked about the others stays open.
        self.questions[step] = join_questions(self.questions.get(step, ()) if again else (), answer.questions)
        self.problems = tuple(each for each in self.problems if each[0] != step)
        return self.written[step] != before

    # What differs

    @abstractmethod
    def choose(self) -> bool:
        """Choose what the run may touch, before step 1; False where nothing has to change."""

    @abstractmethod
    def todo(self, step: int) -> Sequence[FieldProblem] | None:
        """Return what a step has to write again; nothing on its first round, and None where it has no work."""

    @abstractmethod
    def ask(self, step: int, problems: Sequence[FieldProblem]) -> Answer:
        """Ask the author for what a step writes."""

    @abstractmethod
    def apply(self, rules: Sequence[str]) -> Sequence[Finding]:
        """Return what the rules say of the document as it is now; all rules where none is named."""

    @abstractmethod
    def places(self, findings: Sequence[Finding]) -> list[Place]:
        """Return findings as problems of the steps that wrote what they are about."""

    @abstractmethod
    def look(self) -> None:
        """Let a model look at the whole once no rule finds an error in it; that causes none."""

    @abstractmethod
    def draft(self) -> Draft:
        """Return the draft at the end."""

    # The steps

    def carry(self) -> Draft:
        """Carry the run from its beginning to its draft.

        Raises:
            AuthoringError: The author failed, or may not go on; what was paid for is kept.
        """
        step = 1
        while step != _END:
            step = self._work_on(step)
        return self.draft()

    def _work_on(self, step: int) -> int:
        """Carry out a step, tell when it begins and ends, and return the next."""
        self.report(Progress(step, STEPS[step - 1], done=False))
        started = time.monotonic()
        following = self._step(step)
        seconds, usage, note = time.monotonic() - started, self.calls.usage, self.note(step)
        self.report(Progress(step, STEPS[step - 1], done=True, seconds=seconds, usage=usage, note=note))
        return following

    def _step(self, step: int) -> int:
        if step == _SCOPE and not self.choose():
            return _END
        if step == _CONTINUITY:
            return self._continuity()
        if step == _REVIEW:
            return self._review()
        # Rendering is a pure function of what was written, so step 7 has nothing to do.
        if step != _FORMAT:
            self._fill(step)
        return step + 1

    def note(self, step: int) -> str:
        """Return what is told when a step has ended."""
        count = len(self.problems) if step in (_CONTINUITY, _REVIEW) else 0
        return f"{count} to correct" if count else ""

    # Steps that an author fills

    def _fill(self, step: int) -> None:
        problems = self.todo(step)
        if problems is None:
            return
        answer = self.ask(step, problems)
        changed = self.take(step, answer, again=bool(problems))
        if problems:
            self.stuck = not changed

    # Steps that are computed

    def _continuity(self) -> int:
        """Check that each step's inputs have a producer; breaks go back to step 3, a bounded number of times."""
        places = self.places(self.apply(_CONTINUITY_RULES))
        broken = [place for place in places if place[0] == _WORKFLOW]
        # What a review said of later steps still waits to be corrected there.
        later = [place for place in self.problems if place[0] != _WORKFLOW]
        if not broken or self.tries >= self.repairs or self.stuck:
            self.problems, self.stuck = tuple(later), False
            return _FAILURES
        self.problems, self.tries = (*broken, *later), self.tries + 1
        return _WORKFLOW

    def _review(self) -> int:
        """Check the document with all rules; errors go back to the steps that wrote what they are about."""
        findings = self.apply(())
        errors = [finding for finding in findings if finding.severity == "error"]
        over = self.tries >= self.repairs or self.stuck
        self.findings, self.stuck = tuple(findings), False
        self.problems = () if over else tuple(self.places(errors))
        self.tries += bool(self.problems)
        if not errors:
            self.look()
        return min((step for step, _ in self.problems), default=_END)
