"""The steps on an existing document: step 1 picks sections, and every step names operations in its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Any

from procauthor.authoring.author import Ask, AskForm, FieldProblem
from procauthor.authoring.brief import Answer
from procauthor.authoring.document import add_questions
from procauthor.authoring.draft import Draft
from procauthor.authoring.evidence import gather_evidence
from procauthor.authoring.grounding import unverified_changes
from procauthor.authoring.passage import join_questions
from procauthor.authoring.pipeline import Place, State, Work
from procauthor.authoring.update.edit import Edited, edit
from procauthor.authoring.update.form import SECTIONS, operation_form, read_changes, read_scope, scope_form
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import Outline, allowance, step_of, targets_in
from procauthor.data import ungrouped
from procauthor.errors import ModelOutputError
from procauthor.finding import Finding

_CHOICE = 0
"""The step under which the questions of the choice of sections are kept."""


class Operations:
    """Names operations in an existing document.

    Args:
        work: The run; its ``check`` is about the document that the brief holds.
        outline: What can be named in the document.
        links: The link of each title of the closed list.
        statuses: The status of each title that has a document, as it is shown.
    """

    def __init__(self, work: Work, outline: Outline, links: Mapping[str, str], statuses: Mapping[str, str]) -> None:
        self.work = work
        self.outline = outline
        self.links = links
        self.statuses = statuses
        self._known: dict[tuple[str, ...], frozenset[str]] = {}

    # Step 1

    def choose(self, state: State) -> bool:
        """Ask which sections change, once."""
        if state.scope is None:
            wish = self.work.brief.request.wish
            form = scope_form(self.work.brief, self.outline, allowance(self.outline, wish))
            answer = self._ask(1, {}, form, self._check_scope)
            state.scope = tuple(read_scope(answer.values))
            state.reason = str(answer.values.get("reason", ""))
            state.questions[_CHOICE] = answer.questions
        return bool(state.scope)

    def _check_scope(self, values: Mapping[str, Any]) -> list[FieldProblem]:
        scope = read_scope(values)
        limit = allowance(self.outline, self.work.brief.request.wish)
        if len(scope) <= limit:
            return []
        return [FieldProblem(SECTIONS, f"names {len(scope)} sections, and this wish can need at most {limit}")]

    # Steps that an author fills

    def todo(self, state: State, step: int) -> Sequence[FieldProblem] | None:
        """Return what a step has to name again; None for one without a section, or that has named its operations."""
        problems = state.problems_of(step)
        own = any(step_of(self.outline, entry.section) == step for entry in state.scope or ())
        return problems if own and (problems or step not in state.written) else None

    def ask(self, state: State, step: int, problems: Sequence[FieldProblem]) -> Answer:
        """Ask for the operations of a step until they can be carried out, a bounded number of times."""
        scope = state.scope or ()
        own = [entry for entry in scope if step_of(self.outline, entry.section) == step]
        elsewhere = [entry for entry in scope if entry not in own]
        targets = targets_in(self.outline, [entry.section for entry in own])
        others = operations_of({key: value for key, value in state.written.items() if key != step})
        form = operation_form(self.work.brief, self.outline, own, elsewhere, others)

        def check(values: Mapping[str, Any]) -> list[FieldProblem]:
            return self._check_operations(values, others, {target.id for target in targets})

        return self._ask(step, state.written.get(step, {}), form, check, problems, state.open_questions)

    def _ask(  # noqa: PLR0913, PLR0917 - what one question to an author is made of
        self,
        step: int,
        before: Mapping[str, Any],
        form: AskForm,
        check: Callable[[Mapping[str, Any]], list[FieldProblem]],
        problems: Sequence[FieldProblem] = (),
        asked: tuple[str, ...] = (),
    ) -> Answer:
        """Ask until the answer passes the check.

        Raises:
            ModelOutputError: It never does; nothing of it is kept.
        """
        work, fields, questions = self.work, dict(before), tuple[str, ...]()
        for _ in range(work.repairs + 1):
            ask = Ask(work.brief, work.template, step, dict(fields), tuple(problems), work.left, form, asked)
            answer = work.author.fill(ask)
            fields |= answer.values
            questions = join_questions(questions, answer.questions)
            problems = check(fields)
            if not problems:
                return Answer(fields, answer.sources, questions)
        what = "; ".join(problem.message for problem in problems)
        message = f"Rejected: the change that {work.author.id} wants is not what was wished: {what}"
        raise ModelOutputError(message, "nothing was written; say the wish more exactly, or try another model")

    def _check_operations(
        self, values: Mapping[str, Any], others: Sequence[Operation], allowed: set[str]
    ) -> list[FieldProblem]:
        """Return what is wrong with operations: each for itself first, then all together."""
        problems: list[FieldProblem] = []
        changes = list(read_changes(values))
        for name, operation in changes:
            if operation.target not in allowed:
                problems.append(FieldProblem(name, f"{operation.target!r} is not in the sections that step 1 chose"))
                continue
            problems += self._refusal(name, [operation])
        if not problems and changes:
            problems += self._refusal(changes[0][0], [*others, *(operation for _, operation in changes)])
        return problems

    def _refusal(self, name: str, operations: Sequence[Operation]) -> Iterator[FieldProblem]:
        try:
            self._edit(operations)
        except OperationError as error:
            yield FieldProblem(name, f"{error.message} ({error.hint})" if error.hint else error.message)

    # What is computed

    def _edit(self, operations: Sequence[Operation]) -> Edited:
        """Apply operations; every one is refused that its target does not allow."""
        return edit(self.outline, operations, self.links, self.statuses)

    def findings(self, state: State, rules: Sequence[str]) -> list[Finding]:
        """Return the findings that the document has after the operations, and did not have before."""
        key = tuple(rules)
        if key not in self._known:
            before = self.work.check(self.outline.document.source.raw, rules)
            self._known[key] = frozenset(finding.fingerprint for finding in before)
        after = self._edit(operations_of(state.written)).raw
        return [finding for finding in self.work.check(after, rules) if finding.fingerprint not in self._known[key]]

    def places(self, state: State, findings: Sequence[Finding]) -> list[Place]:
        """Return each finding as a problem of every field in which something was changed."""
        messages = [f"{f.message} ({f.hint})" if f.hint else f.message for f in findings]
        written = ungrouped((step, fields.items()) for step, fields in sorted(state.written.items()))
        changed = [(step, name) for step, (name, changes) in written if changes]
        return [(step, FieldProblem(name, message)) for (step, name), message in product(changed, messages)]

    def _doubts(self, operations: Sequence[Operation], asked: Sequence[str]) -> tuple[str, ...]:
        """Return questions about the claims that operations put in and nothing supports; ``asked`` are open already."""
        evidence = gather_evidence(self.work.brief, self.work.library, self.work.texts)
        return unverified_changes(self.outline, operations, evidence, asked)

    def look(self, state: State) -> bool:  # noqa: ARG002 - what a wish does not need stays as it is
        """Return False: an update is looked at while it is made."""
        return False

    def draft(self, state: State) -> Draft:
        """Return the draft of the changed document."""
        operations = operations_of(state.written)
        edited = self._edit(operations)
        questions = join_questions(state.open_questions, self._doubts(operations, state.open_questions))
        raw = edited.raw
        # A document that stays as it is takes up no question either.
        if raw != self.work.brief.text.encode():
            raw = add_questions(raw, self.work.brief.path, questions)
        return Draft.of_run(
            self.work.run,
            raw,
            [finding.as_json() for finding in state.findings],
            fields={"operations": [operation.as_json() for operation in operations]},
            prompt=self.work.prompt,
            sources=state.sources,
            open_questions=questions,
            notes=tuple(filter(None, (state.reason, *edited.notes))),
        )


def operations_of(written: Mapping[int, Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Return the operations of all steps, in the order of the steps."""
    changes = chain.from_iterable(read_changes(written[step]) for step in sorted(written))
    return tuple(operation for _, operation in changes)
