"""The steps that write a document as the fields of its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from procauthor.authoring.author import Ask, FieldProblem
from procauthor.authoring.brief import Answer
from procauthor.authoring.draft import Draft
from procauthor.authoring.grounding import Evidence, gather_evidence, unverified
from procauthor.authoring.judge import join_findings
from procauthor.authoring.lead import join_questions
from procauthor.authoring.neighbour import find_neighbours
from procauthor.authoring.obligation import unmet
from procauthor.authoring.pipeline import Place, State, Work
from procauthor.finding import Finding
from procauthor.library.status import match_sections
from procauthor.markdown.parse import parse
from procauthor.template.key import section_key
from procauthor.template.model import entries_name, late_entries, late_name, late_parts, sections_of_step
from procauthor.template.spec import SectionSpec, Template

_FILLED = range(1, 7)


class Fields:
    """Fills the fields of a new document, or of one that is handed in as fields."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.template = work.template
        self._steps = {name: step for step in _FILLED for name in fields_of_step(work.template, step)}
        self._rendered: tuple[Mapping[str, Any], tuple[str, ...], bytes] | None = None

    def choose(self, state: State) -> bool:  # noqa: ARG002 - a document that is new is written whole
        """Return True: there is always something to write."""
        return True

    def todo(self, state: State, step: int) -> Sequence[FieldProblem] | None:
        """Return the fields that a step has to write again: those with problems, else those that no longer fit."""
        problems = state.problems_of(step) or self._outdated(state, step)
        missing = fields_of_step(self.template, step) - state.written.get(step, {}).keys()
        return problems if problems or missing else None

    def ask(self, state: State, step: int, problems: Sequence[FieldProblem]) -> Answer:
        """Ask for the fields of a step; because of problems, only for those that have some."""
        work = self.work
        return work.author.fill(
            Ask(work.brief, self.template, step, state.fields, problems, work.left, asked=state.open_questions)
        )

    def _outdated(self, state: State, step: int) -> tuple[FieldProblem, ...]:
        """Return the late parts that no longer fit, because the steps that they belong to were written again."""
        fields = state.fields
        late = [(late_name(*pair), *pair) for pair in late_parts(self.template, step)]
        return tuple(
            FieldProblem(name, f"the steps have changed: there are {len(fields[section.name])} now")
            for name, section, part in late
            if name in fields and not _fit(fields[name], len(fields[section.name]), part)
        )

    # What is computed

    def findings(self, state: State, rules: Sequence[str]) -> Sequence[Finding]:
        """Return what the rules say of the document."""
        return self.work.check(self._render(state), rules)

    def places(self, state: State, findings: Sequence[Finding]) -> list[Place]:
        """Return findings in sections that an author filled, as problems of their fields."""
        raw = self._render(state)
        places = []
        for finding in findings:
            name = field_at(self.template, raw, finding.line)
            if name in self._steps:
                hint = f" ({finding.hint})" if finding.hint else ""
                places.append((self._steps[name], FieldProblem(name, finding.message + hint)))
        return places

    def draft(self, state: State) -> Draft:
        """Return the draft; what was handed in is judged too."""
        work, fields = self.work, merge_late(self.template, state.fields)
        text = self._render(state)
        findings = tuple(finding.as_json() for finding in state.findings)
        notes = tuple(map(str, work.brief.namesakes)) + (self._doubts(fields) if work.doubts == "note" else ())
        if work.verdict is not None:
            findings = join_findings(text, work.brief.path, findings, self.template, work.verdict, work.complaints)
            near = find_neighbours(work.brief.request, work.library)
            notes = (*notes, *unmet(work.brief, self.template, near, text.decode()))
        return Draft.of_run(
            work.run,
            text,
            findings,
            fields=fields,
            prompt=work.prompt,
            sources=state.sources,
            open_questions=self._questions(state, fields),
            notes=notes,
        )

    def _render(self, state: State) -> bytes:
        work, fields, questions = self.work, merge_late(self.template, state.fields), state.open_questions
        if self._rendered is None or self._rendered[:2] != (fields, questions):
            told = self._questions(state, fields)
            present = work.brief.text.encode() if work.brief.base else None
            raw = work.render(
                work.brief, self.template, fields, author=work.written_by, questions=told, present=present
            )
            self._rendered = fields, questions, raw
        return self._rendered[2]

    def _questions(self, state: State, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what is open: what the author asked, and what nothing supports; each once."""
        doubts = self._doubts(fields) if self.work.doubts == "question" else ()
        return join_questions(state.open_questions, doubts)

    def _doubts(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """Return a sentence for each claim that nothing supports."""
        return unverified(self.template, fields, self._evidence) if self.work.doubts != "nothing" else ()

    @cached_property
    def _evidence(self) -> Evidence:
        return gather_evidence(self.work.brief, self.work.library, self.work.texts)


def _fit(entries: Sequence[Mapping[str, Any]], steps: int, part: SectionSpec) -> bool:
    """Say whether the entries of a late part can be those of so many steps."""
    if part.constraint.optional:
        return all(entry["step"] <= steps for entry in entries)
    return len(entries) == steps


def fields_of_step(template: Template, step: int) -> frozenset[str]:
    """Return the names of the fields that an author fills in one step."""
    own = {spec.name for spec in sections_of_step(template, step)}
    return frozenset(own | {late_name(*pair) for pair in late_parts(template, step)})


def merge_late(template: Template, written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with what a later step wrote put into its place: parts of steps, and further entries."""
    fields = dict(written)
    for step in _FILLED:
        for section in late_entries(template, step):
            more = fields.pop(entries_name(section), None)
            if more:
                fields[section.name] = [*fields.get(section.name, ()), *more]
        for section, part in late_parts(template, step):
            entries = {entry["step"]: entry[part.name] for entry in fields.pop(late_name(section, part), [])}
            rows = fields.get(section.name)
            if rows and entries:
                fields[section.name] = [
                    {**row, part.name: entries[n]} if n in entries else row for n, row in enumerate(rows, start=1)
                ]
    return fields


def field_at(template: Template, raw: bytes, line: int) -> str:
    """Return the name of the field that wrote a line; empty for the head of the document."""
    document = parse(raw)
    match = match_sections(document, template)
    spec: SectionSpec | None = None
    for each in template.sections:
        section = match.sections.get(each.key)
        if section is not None and section.line <= line:
            spec = each
    if spec is None:
        return ""
    part = _part_at(spec, raw, line)
    if part is not None and part.constraint.step not in (0, spec.constraint.step):
        return late_name(spec, part)
    return spec.name


def _part_at(spec: SectionSpec, raw: bytes, line: int) -> SectionSpec | None:
    """Return the labelled part of a step that a line belongs to: the nearest label above it."""
    labels = {part.key: part for part in spec.parts}
    for text in reversed(raw.decode().splitlines()[:line]):
        if text.startswith("#"):
            return None
        if text.startswith("**"):
            part = labels.get(section_key(text.split("**")[1]))
            if part:
                return part
    return None
