"""Changes of existing documents: from a wish to the operations that each step names, and to the changed document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, product
from typing import Any, NamedTuple

from msgspec.structs import replace

from procauthor.authoring.brief import Answer, Ask, AskForm, Brief, ChangeRequest, FieldProblem
from procauthor.authoring.document import add_questions, links_of
from procauthor.authoring.draft import Draft
from procauthor.authoring.gather import gather
from procauthor.authoring.grounding import unverified_changes
from procauthor.authoring.passage import join_questions
from procauthor.authoring.pipeline import Place, Work
from procauthor.authoring.update.edit import Edited, edit
from procauthor.authoring.update.form import SECTIONS, operation_form, read_changes, read_scope, scope_form
from procauthor.authoring.update.offline import understand
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import (
    EditOutline,
    ScopeEntry,
    allowance,
    outline_of,
    read_outline,
    step_of,
    targets_in,
)
from procauthor.data import ungrouped
from procauthor.errors import DraftError, ModelOutputError
from procauthor.finding import Finding
from procauthor.library.index import show_status
from procauthor.library.library import Library, Procedure
from procauthor.markdown.parse import parse
from procauthor.naming import amount, title_key
from procauthor.retrieval.chunk import Chunk
from procauthor.workspace import Workspace

_DERIVED = ("index", "readme", "plan", "template")
_MAX_WISH = 4000
_CHOICE = 0
"""The step under which the questions of the choice of sections are kept."""


class _Changed(NamedTuple):
    """What operations do, the document with its open questions, these, and what nothing supports."""

    edited: Edited
    raw: bytes
    questions: tuple[str, ...]
    doubts: tuple[str, ...]


@dataclass
class Operations(Work):
    """Names operations in an existing document; ``check`` is about the document that the brief holds."""

    _known: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)
    _scope: tuple[ScopeEntry, ...] | None = None
    _reason: str = ""
    _changed: tuple[Any, _Changed] | None = None
    """The document as it was changed last, with what it was changed by."""

    @cached_property
    def outline(self) -> EditOutline:
        """What can be named in the document."""
        return outline_of(self.brief, self.template)

    # Step 1

    def choose(self) -> bool:
        """Ask which sections change, once."""
        if self._scope is None:
            wish = self.brief.request.wish
            form = scope_form(self.brief, self.outline, allowance(self.outline, wish))
            answer = self._ask(1, {}, form, self._check_scope)
            self._scope = tuple(read_scope(answer.values))
            self._reason = str(answer.values.get("reason", ""))
            self.questions[_CHOICE] = answer.questions
        return bool(self._scope)

    def _check_scope(self, values: Mapping[str, Any]) -> list[FieldProblem]:
        scope = read_scope(values)
        limit = allowance(self.outline, self.brief.request.wish)
        if len(scope) <= limit:
            return []
        return [FieldProblem(SECTIONS, f"names {len(scope)} sections, and this wish can need at most {limit}")]

    # Steps that an author fills

    def todo(self, step: int) -> Sequence[FieldProblem] | None:
        """Return what a step has to name again; None for one without a section, or that has named its operations."""
        problems = self.problems_of(step)
        own = any(step_of(self.outline, entry.section) == step for entry in self._scope or ())
        return problems if own and (problems or step not in self.written) else None

    def ask(self, step: int, problems: Sequence[FieldProblem]) -> Answer:
        """Ask for the operations of a step until they can be carried out, a bounded number of times."""
        scope = self._scope or ()
        own = [entry for entry in scope if step_of(self.outline, entry.section) == step]
        elsewhere = [entry for entry in scope if entry not in own]
        targets = targets_in(self.outline, [entry.section for entry in own])
        others = operations_of({key: value for key, value in self.written.items() if key != step})
        form = operation_form(self.brief, self.outline, own, elsewhere, others)

        def check(values: Mapping[str, Any]) -> list[FieldProblem]:
            return self._check_operations(values, others, {target.id for target in targets})

        return self._ask(step, self.written.get(step, {}), form, check, problems, self.open_questions)

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
        fields, questions = dict(before), tuple[str, ...]()
        for _ in range(self.repairs + 1):
            ask = Ask(self.brief, self.template, step, dict(fields), tuple(problems), self.left, form, asked)
            answer = self.author.fill(ask)
            fields |= answer.values
            questions = join_questions(questions, answer.questions)
            problems = check(fields)
            if not problems:
                return Answer(fields, answer.sources, questions)
        what = "; ".join(problem.message for problem in problems)
        message = f"Rejected: the change that {self.author.id} wants is not what was wished: {what}"
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
        return edit_document(self.outline, operations, self.brief, self.library)

    def apply(self, rules: Sequence[str]) -> list[Finding]:
        """Return the findings that the document has after the operations, and did not have before."""
        key = tuple(rules)
        if key not in self._known:
            before = self.check(self.outline.document.source.raw, rules)
            self._known[key] = frozenset(finding.fingerprint for finding in before)
        after = self._document().raw
        return [finding for finding in self.check(after, rules) if finding.fingerprint not in self._known[key]]

    def places(self, findings: Sequence[Finding]) -> list[Place]:
        """Return each finding as a problem of every field in which something was changed."""
        messages = [f"{f.message} ({f.hint})" if f.hint else f.message for f in findings]
        written = ungrouped((step, fields.items()) for step, fields in sorted(self.written.items()))
        changed = [(step, name) for step, (name, changes) in written if changes]
        return [(step, FieldProblem(name, message)) for (step, name), message in product(changed, messages)]

    def _document(self) -> _Changed:
        """Return the document as the operations make it; it is remembered until there are others."""
        made_by = operations_of(self.written), self.open_questions
        if self._changed is None or self._changed[0] != made_by:
            self._changed = made_by, self._change(*made_by)
        return self._changed[1]

    def _change(self, operations: Sequence[Operation], asked: tuple[str, ...]) -> _Changed:
        edited = self._edit(operations)
        doubts = unverified_changes(self.outline, operations, self.evidence, asked)
        questions = join_questions(asked, doubts if self.doubts == "question" else ())
        # A document that stays as it is takes up no question either.
        same = edited.raw == self.brief.text.encode()
        raw = edited.raw if same else add_questions(edited.raw, self.brief.path, questions)
        return _Changed(edited, raw, questions, doubts)

    def look(self) -> None:
        """Do nothing: an update is looked at while it is made."""

    def note(self, step: int) -> str:
        """Return how many sections change, once that is chosen."""
        return amount(len(self._scope or ()), "section") if step == 1 else super().note(step)

    def draft(self) -> Draft:
        """Return the draft of the changed document."""
        edited, raw, questions, doubts = self._document()
        told = doubts if self.doubts == "note" else ()
        return Draft.of_run(
            self.run,
            raw,
            [finding.as_json() for finding in self.findings],
            fields={"operations": [operation.as_json() for operation in operations_of(self.written)]},
            prompt=self.prompt,
            sources=self.sources,
            open_questions=questions,
            notes=tuple(filter(None, (self._reason, *edited.notes, *told))),
        )


def operations_of(written: Mapping[int, Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Return the operations of all steps, in the order of the steps."""
    changes = chain.from_iterable(read_changes(written[step]) for step in sorted(written))
    return tuple(operation for _, operation in changes)


def edit_document(outline: EditOutline, operations: Sequence[Operation], brief: Brief, library: Library) -> Edited:
    """Apply operations to the document of a brief, which may refer to the titles of its closed list.

    Raises:
        OperationError: They cannot be applied; see `edit`.
    """
    documents = {r.title: library.by_path.get(r.path) for r in brief.references}
    return edit(
        outline, operations, links_of(brief), {title: show_status(p.status) for title, p in documents.items() if p}
    )


# From a wish to a brief


Search = Callable[[Library], Callable[[str, int], Sequence[Chunk]]]


def update_brief(workspace: Workspace, reference: str, wish: str, search: Search | None) -> Brief:
    """Gather the brief of an update.

    Args:
        workspace: The library.
        reference: Path, id or title of the document.
        wish: What should change, in words.
        search: Finds passages in a library; None for the offline author, which reads none.

    Raises:
        DraftError: The wish is empty, the document is derived or a placeholder, or the author cannot do what is wished.
    """
    words = wish.strip()
    if not words or len(words) > _MAX_WISH:
        message = "the wish is empty" if not words else f"the wish has more than {_MAX_WISH} characters"
        raise DraftError(message, 'say what to change, for example: add exit state "Deferred": decided next quarter')
    library = workspace.read()
    own = library.find(reference)
    _refuse(own)
    request = ChangeRequest(own.title, own.lifecycle, own.phase, own.depends_on, wish=words)
    plan = workspace.own_plan(library)
    brief = gather(request, workspace, library, plan, search(library) if search else lambda *_: (), own)
    brief = _name_first(replace(brief, template=own.template.name if own.template else ""))
    if search is None:
        # What the offline author cannot do is refused at once, so that no run is left behind.
        outline = read_outline(parse(brief.text.encode()), own.template)
        edit_document(outline, understand(words, outline, brief.titles).operations, brief, library)
    return brief


def _refuse(own: Procedure) -> None:
    if own.kind in _DERIVED:
        message = f"{own.path} is a document of kind {own.kind}, and is not updated by a wish"
        raise DraftError(message, "procauthor sync keeps tables up to date; a person writes the rest")
    if own.status == "placeholder" and own.declared_status == "placeholder":
        message = f"{own.title!r} is a placeholder"
        raise DraftError(message, f'draft it with: procauthor create "{own.title}"')


def _name_first(brief: Brief) -> Brief:
    """Return the brief with the titles that the wish names in front of the closed list."""
    wish = f" {title_key(brief.request.wish)} "
    named = [r for r in brief.references if r.path and f" {title_key(r.title)} " in wish]
    references = tuple({r.title: r for r in (*named, *brief.references)}.values())
    far = sum(r not in brief.near for r in named)
    return replace(brief, references=references, nearest=len(brief.near) + far)
