"""The eight steps on an existing document. Step 1 picks the sections; later steps name operations in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from langgraph.graph import END, START, StateGraph

from procauthor.authoring.author import STEPS, Ask, Author, Form, Problem
from procauthor.authoring.brief import Answer, Brief, Usage
from procauthor.authoring.graph import Node, Progress, State
from procauthor.authoring.update.edit import Edited, edit
from procauthor.authoring.update.form import SECTIONS, operation_form, read_changes, read_scope, scope_form
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import Outline
from procauthor.authoring.update.scope import ScopeEntry, allowance, step_of, targets_in
from procauthor.errors import ModelOutputError
from procauthor.finding import Finding
from procauthor.template.spec import Template

_CONTINUITY, _REVIEW = 4, 8
_CONTINUITY_RULES = ("step-input-without-producer", "step-target-missing")


class UpdateState(State, total=False):
    """What an update knows between steps: the scope of step 1, and the fields of each later step."""

    scope: list[dict[str, str]]
    reason: str
    replies: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class UpdateWork:
    """What the steps need beside the state.

    ``template`` is passed on to the author; ``outline`` knows the document. ``check`` gives the findings of bytes that
    the document does not have yet, for some rules or for all; ``spent`` is what the run has cost so far.
    """

    brief: Brief
    template: Template
    outline: Outline
    author: Author
    check: Callable[[bytes, Sequence[str]], Sequence[Finding]]
    links: Mapping[str, str]
    statuses: Mapping[str, str]
    report: Callable[[Progress], None] = lambda _: None
    spent: Callable[[], Usage] = Usage
    repairs: int = 2
    max_tokens: int | None = None

    def edit(self, operations: Sequence[Operation]) -> Edited:
        """Apply operations; every one is refused that its target does not allow."""
        return edit(self.outline, operations, self.links, self.statuses)


def _asked(state: UpdateState, number: int, questions: Sequence[str]) -> dict[str, list[str]]:
    """Return all questions; those of a repair are added to what was asked before."""
    asked = state.get("questions", {})
    return asked | {str(number): list(dict.fromkeys([*asked.get(str(number), []), *questions]))}


def operations_of(state: UpdateState) -> tuple[Operation, ...]:
    """Return the operations of all steps, in the order of the steps."""
    replies = state.get("replies", {})
    return tuple(operation for step in sorted(replies) for _, operation in read_changes(replies[step]))


def build_update_graph(work: UpdateWork) -> StateGraph[UpdateState]:
    """Return the graph; compile it with a checkpointer."""
    graph: StateGraph[UpdateState] = StateGraph(UpdateState)
    steps = _Steps(work)
    for number, name in enumerate(STEPS, start=1):
        graph.add_node(name, Node(number, steps.timed))
    graph.add_edge(START, STEPS[0])
    graph.add_conditional_edges(STEPS[0], steps.after_scope, [STEPS[1], END])
    for before, after in pairwise(STEPS[1:]):
        if before != STEPS[_CONTINUITY - 1]:
            graph.add_edge(before, after)
    graph.add_conditional_edges(STEPS[_CONTINUITY - 1], steps.after_continuity, [STEPS[2], STEPS[4]])
    graph.add_conditional_edges(STEPS[_REVIEW - 1], steps.after_review, [*STEPS[:6], END])
    return graph


class _Steps:
    """The nodes and the decisions between them."""

    def __init__(self, work: UpdateWork) -> None:
        self.work = work
        self.outline = work.outline
        self._known: dict[tuple[str, ...], frozenset[str]] = {}

    def node(self, number: int, state: UpdateState) -> UpdateState:
        match number:
            case 1:
                return self.scope(state)
            case 4:
                return self.continuity(state)
            case 7:
                # The edit is a pure function of the operations, so there is nothing to keep.
                return {}
            case 8:
                return self.review(state)
            case _:
                return self.fill(number, state)

    def timed(self, number: int, state: UpdateState) -> UpdateState:
        """Carry out a step, and tell when it begins and ends."""
        self.work.report(Progress(number, STEPS[number - 1], done=False))
        started = time.monotonic()
        update = self.node(number, state)
        usage = Usage(**update.get("usage", state.get("usage", {})))
        seconds = time.monotonic() - started
        note = _note(number, update)
        self.work.report(Progress(number, STEPS[number - 1], done=True, seconds=seconds, usage=usage, note=note))
        return update

    # Step 1

    def scope(self, state: UpdateState) -> UpdateState:
        """Ask which sections change, and for the operations in those that step 1 works on."""
        if state.get("problems"):
            return self.fill(1, state)
        form = scope_form(self.work.brief, self.outline, allowance(self.outline, self.work.brief.request.wish))
        answer, usage = self.ask(1, state, form, self.check_scope)
        scope = read_scope(answer.values)
        update: UpdateState = {
            "scope": [{"section": e.section, "change": e.change} for e in scope],
            "reason": str(answer.values.get("reason", "")),
            "usage": usage.as_json(),
            "questions": {"0": list(answer.questions)},
        }
        return {**update, **self.fill(1, {**state, **update})} if scope else update

    def check_scope(self, values: Mapping[str, Any]) -> list[Problem]:
        scope = read_scope(values)
        limit = allowance(self.outline, self.work.brief.request.wish)
        if len(scope) <= limit:
            return []
        return [Problem(SECTIONS, f"names {len(scope)} sections, and this wish can need at most {limit}")]

    @staticmethod
    def after_scope(state: UpdateState) -> str:
        return STEPS[1] if state.get("scope") else END

    # Steps that an author fills

    def fill(self, number: int, state: UpdateState) -> UpdateState:
        """Ask for the operations in the sections of the scope that this step works on."""
        own = [e for e in self.entries(state) if step_of(self.outline, e.section) == number]
        problems = [Problem(p[1], p[2]) for p in state.get("problems", []) if p[0] == str(number)]
        if not own or (state.get("problems") and not problems):
            return {}
        targets = targets_in(self.outline, [e.section for e in own])
        form = operation_form(self.work.brief, self.outline, own, targets)
        others = operations_of({"replies": {k: v for k, v in state.get("replies", {}).items() if k != str(number)}})

        def check(values: Mapping[str, Any]) -> list[Problem]:
            return self.check_operations(values, others, {t.id for t in targets})

        answer, usage = self.ask(number, state, form, check, problems)
        before = state.get("replies", {}).get(str(number), {})
        values = before | dict(answer.values)
        update: UpdateState = {
            "replies": state.get("replies", {}) | {str(number): values},
            "sources": state.get("sources", {}) | {key: list(found) for key, found in answer.sources.items()},
            "questions": _asked(state, number, answer.questions),
            "usage": usage.as_json(),
            "problems": [p for p in state.get("problems", []) if p[0] != str(number)],
        }
        if problems:
            update["stuck"] = values == before
        return update

    def ask(
        self,
        number: int,
        state: UpdateState,
        form: Form,
        check: Callable[[Mapping[str, Any]], list[Problem]],
        problems: Sequence[Problem] = (),
    ) -> tuple[Answer, Usage]:
        """Ask until the answer passes the check, a bounded number of times.

        Raises:
            ModelOutputError: It never does; nothing of it is kept.
        """
        fields: dict[str, Any] = dict(state.get("replies", {}).get(str(number), {}))
        found: Answer | None = None
        for _ in range(self.work.repairs + 1):
            budget = None if self.work.max_tokens is None else self.work.max_tokens - self.work.spent().tokens
            ask = Ask(self.work.brief, self.work.template, number, fields, tuple(problems), budget, form)
            answer = self.work.author.fill(ask)
            fields |= answer.values
            found = Answer(dict(fields), answer.sources, answer.questions)
            problems = check(fields)
            if not problems:
                return found, self.work.spent()
        what = "; ".join(f"{p.message}" for p in problems)
        message = f"Rejected: the change that {self.work.author.id} wants is not what was wished: {what}"
        raise ModelOutputError(message, "nothing was written; say the wish more exactly, or try another model")

    def check_operations(
        self, values: Mapping[str, Any], others: Sequence[Operation], allowed: set[str]
    ) -> list[Problem]:
        """Return what is wrong with operations: each for itself first, then all together."""
        problems: list[Problem] = []
        changes = list(read_changes(values))
        for name, operation in changes:
            if operation.target not in allowed:
                problems.append(Problem(name, f"{operation.target!r} is not in the sections that step 1 chose"))
                continue
            problems += self.refusal(name, [operation])
        if not problems and changes:
            problems += self.refusal(changes[0][0], [*others, *(operation for _, operation in changes)])
        return problems

    def refusal(self, name: str, operations: Sequence[Operation]) -> Iterator[Problem]:
        try:
            self.work.edit(operations)
        except OperationError as error:
            yield Problem(name, f"{error.message} ({error.hint})" if error.hint else error.message)

    @staticmethod
    def entries(state: UpdateState) -> list[ScopeEntry]:
        return [ScopeEntry.from_json(each) for each in state.get("scope", [])]

    # Steps that are computed

    def findings(self, state: UpdateState, rules: tuple[str, ...]) -> list[Finding]:
        """Return the findings that the document has after the operations, and did not have before."""
        raw = self.outline.document.source.raw
        if rules not in self._known:
            self._known[rules] = frozenset(f.fingerprint for f in self.work.check(raw, rules))
        after = self.work.edit(operations_of(state)).raw
        return [f for f in self.work.check(after, rules) if f.fingerprint not in self._known[rules]]

    def continuity(self, state: UpdateState) -> UpdateState:
        """Check that each step's inputs have a producer; breaks go back to step 3, a bounded number of times."""
        broken = self.findings(state, _CONTINUITY_RULES)
        problems = [p for p in self.problems(state, broken) if p[0] == "3"]
        return self.again(state, problems)

    @staticmethod
    def after_continuity(state: UpdateState) -> str:
        return STEPS[2] if state.get("problems") else STEPS[4]

    def review(self, state: UpdateState) -> UpdateState:
        """Check the new document with all rules; new errors go back to the steps that changed something."""
        findings = self.findings(state, ())
        errors = [f for f in findings if f.severity == "error"]
        return {**self.again(state, self.problems(state, errors)), "findings": [f.as_json() for f in findings]}

    def again(self, state: UpdateState, problems: list[list[str]]) -> UpdateState:
        tries = state.get("tries", 0)
        if not problems or tries >= self.work.repairs or state.get("stuck"):
            return {"problems": [], "stuck": False}
        return {"problems": problems, "tries": tries + 1, "stuck": False}

    @staticmethod
    def after_review(state: UpdateState) -> str:
        steps = sorted({int(p[0]) for p in state.get("problems", [])})
        return STEPS[steps[0] - 1] if steps else END

    @staticmethod
    def problems(state: UpdateState, findings: Sequence[Finding]) -> list[list[str]]:
        """Return (step, field, message): each finding goes to every field in which something was changed."""
        said = [f"{f.message} ({f.hint})" if f.hint else f.message for f in findings]
        return [
            [step, name, message]
            for step, fields in sorted(state.get("replies", {}).items())
            for name, entries in fields.items()
            if entries
            for message in said
        ]


def _note(number: int, update: UpdateState) -> str:
    if number == 1:
        return f"{len(update.get('scope', []))} sections" if "scope" in update else ""
    problems = len(update.get("problems", []))
    return f"{problems} to mend" if problems and number in (_CONTINUITY, _REVIEW) else ""
