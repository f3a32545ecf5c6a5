"""The steps that write a document as the fields of its template."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from procauthor.authoring.brief import Answer, Ask, Brief, FieldProblem, Neighbour
from procauthor.authoring.dealing import WRITTEN, find_neighbours
from procauthor.authoring.document import links_of
from procauthor.authoring.draft import Draft
from procauthor.authoring.grounding import unverified
from procauthor.authoring.judge import join_findings, name_at
from procauthor.authoring.look import (
    MOST_OPEN,
    LookState,
    add_times,
    carry,
    look_form,
    read_edits,
    take_fitting,
    without_empty,
)
from procauthor.authoring.outline import AIM, LOOKS, OUTLINE, is_outline, name_others, outline_first
from procauthor.authoring.page import DraftPage, PageEdit
from procauthor.authoring.passage import find_leads, join_questions
from procauthor.authoring.pipeline import Place, Work
from procauthor.authoring.reading import UnfitError, read_fields
from procauthor.authoring.reply import check_fields
from procauthor.data import ungrouped
from procauthor.errors import BudgetError, ModelOutputError
from procauthor.finding import Finding
from procauthor.library.contract import read_contract
from procauthor.library.status import PROPOSED, told_first
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.procedure import Artifact
from procauthor.template.model import (
    build_model,
    entries_name,
    fields_of_step,
    late_entries,
    late_name,
    late_parts,
    merge_late,
    split_late,
    step_by_field,
)
from procauthor.template.render import render
from procauthor.template.spec import SectionSpec, Template


def unmet(brief: Brief, template: Template, now: Sequence[Neighbour], text: str) -> Iterator[str]:
    """Yield a sentence for what a neighbour promises or requires and the draft passes over.

    Args:
        brief: What the author was told.
        template: What the draft is made of.
        now: The neighbours as they are now.
        text: The draft. A section that it does not have yet is not held against it.
    """
    contract = read_contract(parse(text.encode()), template)
    inputs, outputs = _names(contract.inputs), _names(contract.outputs)
    told = set(ungrouped((n.title, [*n.promised, *(w.name for w in n.wants)]) for n in brief.neighbours))
    for each in now:
        for name in each.promised if inputs else ():
            if title_key(name) not in inputs:
                said = f"{each.title!r} says that this procedure uses {name!r}, which is none of its required inputs"
                yield said + _since(each, name, told)
        for want in each.wants if outputs and each.status in WRITTEN else ():
            if title_key(want.name) not in outputs:
                said = f"{each.title!r} takes {want.name!r} from this procedure, whose output contract has none"
                yield said + _since(each, want.name, told)


def _names(artifacts: Iterable[Artifact]) -> set[str]:
    return {title_key(artifact.name) for artifact in artifacts}


def _since(neighbour: Neighbour, name: str, told: set[tuple[str, str]]) -> str:
    return "" if (neighbour.title, name) in told else " (since the brief was made)"


_LOOK = 8


@dataclass
class Fields(Work):
    """Fills the fields of a new document, or of one that is handed in as fields."""

    _rendered: tuple[Mapping[str, Any], tuple[str, ...], bytes, tuple[str, ...]] | None = None
    _lost: tuple[str, ...] = ()
    """What is told of edits that do not fit."""

    def __post_init__(self) -> None:
        if self.reply_tokens:
            self.template = outline_first(self.template, self.reply_tokens)
        self._steps = step_by_field(self.template)

    def choose(self) -> bool:
        """Return True: there is always something to write."""
        return True

    def todo(self, step: int) -> Sequence[FieldProblem] | None:
        """Return the fields that a step has to write again: those with problems, else those that no longer fit."""
        problems = self.problems_of(step) or self._outdated(step)
        missing = fields_of_step(self.template, step) - self.written.get(step, {}).keys()
        return problems if problems or missing else None

    def ask(self, step: int, problems: Sequence[FieldProblem]) -> Answer:
        """Ask for the fields of a step; because of problems, only for those that have some."""
        answer = self.author.fill(
            Ask(
                self.brief,
                self.template,
                step,
                self.fields,
                problems,
                self.left,
                asked=self.open_questions,
                left=self._room(step, {problem.field for problem in problems}) if self.reply_tokens else None,
            )
        )
        renamed = self._carry_names(self.written.get(step, {}), answer.values) if problems else {}
        values = {**renamed, **answer.values}
        workflow = self.template.of_role("workflow")
        if self.reply_tokens and workflow is not None and workflow.name in values:
            values[workflow.name] = name_others(self.template, values[workflow.name])
        return replace(answer, values=values)

    def _room(self, step: int, again: Collection[str]) -> int:
        """Return how many proposals and questions a step may still have; fields that are written ``again`` have none.

        The outline may have half of them.
        """
        kept = {name: value for name, value in self.fields.items() if name not in again}
        most = MOST_OPEN // 2 if step == OUTLINE else MOST_OPEN
        return max(0, most - count_proposals(kept) - len(self.open_questions))

    def _carry_names(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Return the steps with the inputs that were renamed: to correct a name costs no workflow."""
        names: dict[str, str] = {}
        for spec in self.template.sections:
            if (
                spec.role == "inputs"
                and spec.name in after
                and len(before.get(spec.name) or ()) == len(after[spec.name])
            ):
                names |= _renamed(spec, before[spec.name], after[spec.name])
        workflow = self.template.of_role("workflow")
        if not names or workflow is None or workflow.name in after or workflow.name not in before:
            return {}
        inputs = [part for part in workflow.parts if part.role == "inputs"]
        return {workflow.name: [_rename(row, inputs, names) for row in before[workflow.name]]}

    def _outdated(self, step: int) -> tuple[FieldProblem, ...]:
        """Return the late parts that no longer fit, because the steps that they belong to were written again."""
        fields = self.fields
        late = [(late_name(*pair), *pair) for pair in late_parts(self.template, step)]
        return tuple(
            FieldProblem(name, f"the steps have changed: there are {len(fields[section.name])} now")
            for name, section, part in late
            if name in fields and not _fit(fields[name], len(fields[section.name]), part)
        )

    # What is computed

    def apply(self, rules: Sequence[str]) -> Sequence[Finding]:
        """Return what the rules say of the document."""
        return self.check(self._render()[0], rules)

    def places(self, findings: Sequence[Finding]) -> list[Place]:
        """Return findings in sections that an author filled, as problems of their fields."""
        document = parse(self._render()[0])
        places = []
        for finding in findings:
            name = name_at(self.template, document, finding.line)
            if name in self._steps:
                hint = f" ({finding.hint})" if finding.hint else ""
                places.append((self._steps[name], FieldProblem(name, finding.message + hint)))
        return places

    def look(self) -> None:
        """Let a model look at the page, and once more at what that changed: new faults are where others were.

        The brief is shown the first time: a second look is at the page alone.
        """
        for number in range(LOOKS if self.reply_tokens else 0):
            if not self._look(first=not number):
                return
            self.findings = tuple(self.apply(()))

    def _look(self, *, first: bool) -> bool:
        """Show the page with what was found and what may answer its questions; say whether that changed anything."""
        questions = self.open_questions
        fields = merge_late(self.template, self.fields)
        page = self._page(fields)
        leads = find_leads(questions, self.library, self.search, self.brief.path)
        seen = LookState(
            self.findings,
            questions,
            leads,
            self._doubts(fields, questions),
            count_proposals(fields),
            add_times(self.template, fields),
            first=first,
        )
        form = look_form(self.run.id, self.brief.request.title, page, seen)
        ask = Ask(self.brief, self.template, _LOOK, fields, (), self.left, form)
        try:
            answer = (self.reviewer or self.author).fill(ask)
        except (BudgetError, ModelOutputError) as error:
            # What is written is paid for, and is not lost for this.
            if first:
                self.questions[_LOOK] = (f"The draft was not read as a whole ({error.message}): who reads it?",)
            return False
        changed = self._take_edits(page, read_edits(answer.values["edits"], links_of(self.brief)))
        closed = {questions[number - 1] for number in answer.values["settled"] if 0 < number <= len(questions)}
        for step, asked in self.questions.items():
            self.questions[step] = tuple(question for question in asked if question not in closed)
        self.questions[_LOOK] = (*self.questions.get(_LOOK, ()), *answer.questions)
        return changed or bool(closed) or bool(answer.questions)

    def _page(self, fields: Mapping[str, Any]) -> DraftPage:
        brief = self.brief
        return DraftPage(self.template, fields, render(self.template, brief.request.title, fields, links_of(brief)))

    def _take_edits(self, page: DraftPage, edits: Sequence[PageEdit]) -> bool:
        """Take the edits of a last look that leave a page that can be read and has no error; note which do not."""
        if not edits:
            return False
        before = {step: dict(values) for step, values in self.written.items()}
        old = self._read(page.body)
        placed = [edit for edit in edits if page.holds(edit.passage)]
        readable = take_fitting(placed, lambda tried: self._fields_after(page, old, tried) is not None)
        taken = take_fitting(readable, lambda tried: self._holds(before, self._fields_after(page, old, tried)))
        self._holds(before, self._fields_after(page, old, taken))
        self._lost += tuple(page.describe(edit) for edit in edits if edit not in taken)
        return bool(taken)

    def _holds(self, before: Mapping[int, Mapping[str, Any]], changed: Mapping[int, Mapping[str, Any]] | None) -> bool:
        """Write the fields that some edits change, by step; say whether no rule finds an error in them."""
        self.written = {step: dict(values) for step, values in before.items()}
        if changed is None:
            return False
        for step, values in changed.items():
            self.written[step] = {**self.written.get(step, {}), **values}
            for section in late_entries(self.template, step):
                # They are among the fields of their section now.
                self.written[step].pop(entries_name(section), None)
        return not any(finding.severity == "error" for finding in self.apply(()))

    def _read(self, body: str) -> dict[str, Any] | None:
        """Return the fields of a page; None where the template cannot read it."""
        try:
            return without_empty(self.template, read_fields(self.template, body, links_of(self.brief)))
        except UnfitError:
            return None

    def _fields_after(
        self, page: DraftPage, old: Mapping[str, Any] | None, edits: Sequence[PageEdit]
    ) -> dict[int, dict[str, Any]] | None:
        """Return the fields that edits of a page change, by step; None where the template cannot read them.

        ``old`` are the fields that the page is read as without the edits.
        """
        new = self._read(page.edited(edits))
        if old is None or new is None:
            return None
        changed_names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        whole = {name: carry(page.fields.get(name), old.get(name), new.get(name)) for name in changed_names}
        changed = split_late(self.template, whole)
        for step, values in changed.items():
            model = build_model(self.template, step, self.brief.titles)
            checked = check_fields(model, values, list(values))
            if checked.problems:
                return None
            changed[step] = dict(checked.values)
        return changed

    def draft(self) -> Draft:
        """Return the draft; what was handed in is judged too."""
        fields = merge_late(self.template, self.fields)
        text, questions = self._render()
        findings = tuple(finding.as_json() for finding in self.findings)
        doubts = self._doubts(fields, self.open_questions) if self.doubts == "note" else ()
        notes = (*map(str, self.brief.namesakes), *doubts, *self._lost)
        count = count_proposals(fields) + len(questions)
        if self.reply_tokens and count > MOST_OPEN:
            notes = (*notes, f"{count} proposals and questions are open, more than the {MOST_OPEN} of a good draft.")
        if self.reply_tokens and is_outline(self.template) and (length := self._page(fields).words) > AIM[1]:
            notes = (
                *notes,
                f"The page has {length:,} words without its code, more than the {AIM[1]:,} of a good draft.",
            )
        if self.verdict is not None:
            findings = join_findings(text, self.brief.path, findings, self.template, self.verdict, self.complaints)
            near = find_neighbours(self.brief.request, self.library)
            notes = (*notes, *unmet(self.brief, self.template, near, text.decode()))
        return Draft.of_run(
            self.run,
            text,
            findings,
            fields=fields,
            prompt=self.prompt,
            sources=self.sources,
            open_questions=questions,
            notes=notes,
        )

    def _render(self) -> tuple[bytes, tuple[str, ...]]:
        """Return the page, and the questions that are open in it."""
        fields, questions = merge_late(self.template, self.fields), self.open_questions
        if self._rendered is None or self._rendered[:2] != (fields, questions):
            told = self._questions(fields)
            present = self.brief.text.encode() if self.brief.base else None
            raw = self.render(
                self.brief, self.template, fields, author=self.written_by, questions=told, present=present
            )
            self._rendered = fields, questions, raw, told
        return self._rendered[2:]

    def _questions(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what is open: what the author asked, and what nothing supports; each once."""
        doubts = self._doubts(fields, self.open_questions) if self.doubts == "question" else ()
        return join_questions(self.open_questions, doubts)

    def _doubts(self, fields: Mapping[str, Any], asked: Sequence[str]) -> tuple[str, ...]:
        """Return questions about the claims that nothing supports; ``asked`` are open already."""
        return unverified(self.template, fields, self.evidence, asked) if self.doubts != "nothing" else ()


def _renamed(spec: SectionSpec, before: Sequence[Any], after: Sequence[Any]) -> dict[str, str]:
    """Return the new name of each item that has another one now, and that no item has any more."""
    slot = _name_slot(spec)
    pairs = [(old[slot], new[slot]) for old, new in zip(before, after, strict=True)] if slot else []
    kept = {new for _, new in pairs}
    return {old: new for old, new in pairs if old != new and old not in kept}


def _rename(row: Mapping[str, Any], parts: Iterable[SectionSpec], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a step in which the items of some parts have their new names."""
    changed = dict(row)
    for part in parts:
        slot = _name_slot(part)
        items = row.get(part.name) or ()
        if slot and items:
            changed[part.name] = [{**item, slot: names.get(item[slot], item[slot])} for item in items]
    return changed


def _name_slot(spec: SectionSpec) -> str:
    """Return the field of an item that names it: the first one; empty where items are plain texts."""
    slots = spec.pattern.slots if spec.pattern and not spec.pattern.single else ()
    return slots[0].name if slots else ""


def _fit(entries: Sequence[Mapping[str, Any]], steps: int, part: SectionSpec) -> bool:
    """Say whether the entries of a late part can be those of so many steps."""
    if part.constraint.optional:
        return all(entry["step"] <= steps for entry in entries)
    return len(entries) == steps


def count_proposals(fields: Mapping[str, Any]) -> int:
    """Return how many values of some fields are proposed."""
    return told_first(json.dumps(fields, ensure_ascii=False)).count(PROPOSED)
