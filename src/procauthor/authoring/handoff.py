"""Hands a brief to a person or an agent as one document, and carries what comes back through the eight steps."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Any, Unpack

from msgspec.structs import replace

from procauthor.authoring.answer import MEMBERS, HandedIn, read_answer
from procauthor.authoring.authoring import Authoring
from procauthor.authoring.brief import STEPS, Brief, BriefOptions, ChangeRequest, mark_of
from procauthor.authoring.document import links_of, render_draft
from procauthor.authoring.draft import Draft, Records
from procauthor.authoring.gather import defined_document, refuse_duplicate
from procauthor.authoring.judge import Complaint, Verdict, judge, source_ids
from procauthor.authoring.reading import UnfitError, read_fields
from procauthor.authoring.reply import share_titles, some_titles
from procauthor.authoring.run import HAND_OFF, Run, Submission
from procauthor.data import texts_in
from procauthor.errors import AnswerError, ConflictError, DraftError, NotFoundError
from procauthor.library.reference import check_title
from procauthor.markdown.parse import parse
from procauthor.naming import count_words, title_key
from procauthor.secret import Censor
from procauthor.template.model import build_draft_model, late_parts, sections_of_step
from procauthor.template.spec import Pattern, SectionSpec, Template

if TYPE_CHECKING:
    from procauthor.library.library import Library
    from procauthor.prompt import PromptLibrary

# The brief as a document


@dataclass(frozen=True)
class Assignment:
    """A brief that waits for an answer.

    ``run`` is where the answer belongs; ``filled`` judges ``values``, the fields that were handed in before, or that
    the document holds.
    """

    run: str
    brief: Brief
    template: Template
    filled: Verdict
    revision: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as one JSON object."""
        brief = self.brief
        return {
            "run": self.run,
            "title": brief.request.title,
            "path": brief.path,
            "brief": self._censor.each(brief.as_json()),
            "fields": [_field(spec) for spec in self.template.sections if spec.kind != "group"],
            "references": [{"title": r.title, "path": r.path, "announced": r.announced} for r in brief.references],
            "sources": list(source_ids(brief)),
            "revises": brief.revises,
            "filled": sorted(self.filled.values),
            "missing": sorted(self.filled.lacking),
            "values": self._censor.each(dict(self.values)),
            "schema": answer_schema(self.template, brief),
            "example": self.example(),
            "submit": f"procauthor submit FILE --run {self.run}",
        }

    @property
    def _censor(self) -> Censor:
        return Censor.of(self.brief.text.encode())

    def example(self) -> dict[str, Any]:
        """Return the shape of an answer, with two of the fields."""
        wanted = [s for s in self.template.sections if s.kind != "group"]
        chosen = list({s.kind == "prose": s for s in reversed(wanted) if s.kind != "steps"}.values())
        names = {spec.name: _shape(spec) for spec in sorted(chosen, key=wanted.index)}
        first = next(iter(names), "")
        return {
            "run": self.run,
            "title": self.brief.request.title,
            "fields": names,
            "sources": {first: list(source_ids(self.brief)[:1])} if first else {},
            "open_questions": ["Who decides whether ...?"],
        }

    def text(self, prompts: PromptLibrary) -> str:
        """Return the brief as Markdown that can be read, printed or pasted into a chat window."""
        brief, data = self.brief, self.brief.as_json()
        return prompts.render(
            HAND_OFF,
            {
                "mark": mark_of(brief),
                "run": self.run,
                "request": brief.request,
                "path": brief.path,
                "template_guidance": self.template.guidance,
                "present": brief.present,
                "neighbours": [{k: v for k, v in each.items() if v} for each in data["neighbours"]],
                "namesakes": [str(namesake) for namesake in brief.namesakes],
                "promises": {str(promise): list(promise.artifacts) for promise in brief.promises},
                "roles": list(brief.roles),
                "registers": list(brief.registers),
                "standards": [standard.shown() for standard in brief.rules],
                "references": brief.near,
                "more": len(brief.references) - len(brief.near),
                "orchestrations": brief.orchestrations,
                "passages": data["passages"],
                "sources": source_ids(brief),
                "fields": [_field(spec) for spec in self.template.sections if spec.kind != "group"],
                "filled": sorted(self.filled.values),
                "missing": [name for name in _names(self.template) if name in self.filled.lacking],
                "revises": brief.revises,
                "values": self._censor.each(dict(self.values)),
                "example": self.example(),
                "schema": json.dumps(_terse(answer_schema(self.template, brief)), ensure_ascii=False),
            },
        )


def step_text(assignment: Assignment, number: int, prompts: PromptLibrary) -> str:
    """Return what one of the eight steps asks of the author who answers a brief."""
    template, filled = assignment.template, assignment.filled
    return prompts.render(
        f"{HAND_OFF}-step",
        {
            "number": number,
            "name": STEPS[number - 1],
            "title": assignment.brief.request.title,
            "run": assignment.run,
            "fields": [_field(spec) for spec in sections_of_step(template, number)],
            "late": [
                {"section": section.name, "field": part.name, "guidance": part.guidance}
                for section, part in late_parts(template, number)
            ],
            "filled": [name for name in _names(template) if name in filled.values],
            "missing": [name for name in _names(template) if name in filled.lacking],
        },
    )


def _names(template: Template) -> list[str]:
    return [spec.name for spec in template.sections]


def _field(spec: SectionSpec) -> dict[str, Any]:
    """Return what a person needs to know to fill one section, or one part of a step."""
    limit = spec.constraint
    return {
        "name": spec.name,
        "heading": spec.heading,
        "kind": spec.kind,
        "guidance": spec.guidance,
        "minimum": limit.minimum if spec.counted else 0,
        "maximum": limit.maximum,
        "maximum_in_all": limit.maximum_in_all,
        "max_words": limit.max_words,
        "optional": limit.optional,
        "blocks": list(limit.blocks),
        "shape": _shape(spec),
        "parts": [_field(part) for part in spec.parts],
    }


def _shape(spec: SectionSpec) -> Any:
    """Return a value of the right shape, in which every text says what belongs there."""
    if spec.kind == "steps":
        heading = {s.name: f"<{s.name} of the step>" for s in spec.step_heading.slots} if spec.step_heading else {}
        heading.pop("number", None)
        return [heading | {part.name: _shape(part) for part in spec.parts}]
    if spec.columns:
        row = dict(chain.from_iterable(_slots(column.pattern) for column in spec.columns))
        return row if spec.kind == "card" else [row]
    assert spec.pattern is not None
    single = spec.pattern.single
    item: Any = f"<{single.hint or single.name}>" if single else dict(_slots(spec.pattern))
    return item if spec.kind == "prose" else [item]


def _slots(pattern: Pattern) -> Iterator[tuple[str, str]]:
    for slot in pattern.slots:
        words = "a title of the references" if slot.reference else slot.hint or slot.name.replace("_", " ")
        yield slot.name, f"<{words}{', or null' if slot.optional else ''}>"


def answer_schema(template: Template, brief: Brief) -> dict[str, Any]:
    """Return the JSON Schema of an answer that holds the whole draft; a part of one may leave fields out."""
    fields = build_draft_model(template, some_titles(brief.titles), bounded=not brief.revises).model_json_schema()
    fields["description"] = "A finished draft has all required fields; a part of it may leave any out."
    definitions = fields.pop("$defs", {})
    sources = source_ids(brief)
    ids: dict[str, Any] = {"type": "string", "enum": list(sources)} if sources else {"type": "string"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "run": {"type": "string"},
            "title": {"type": "string"},
            "by": {"type": "string", "description": "Who wrote it."},
            "fields": fields,
            "sources": {
                "type": "object",
                "description": "For each field the ids of what it rests on.",
                "propertyNames": {"enum": list(fields["properties"])},
                "additionalProperties": {"type": "array", "items": ids},
            },
            "open_questions": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["fields"],
        "$defs": definitions,
    }
    return share_titles(schema, brief.titles)


def _terse(node: Any, *, inside: bool = False) -> Any:
    """Return a schema without the descriptions and the closed list, which the document says elsewhere."""
    if isinstance(node, list):
        return [_terse(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    terse = {}
    for key, value in node.items():
        if key == "description" and not inside and isinstance(value, str):
            continue
        if key == "enum" and not inside:
            continue
        terse[key] = _terse(value, inside=key in ("properties", "$defs"))
    return terse


# What comes back


@dataclass(frozen=True, slots=True)
class Length:
    """The words of one field, of one step, or of one part of a step that has a limit; no limit is None."""

    field: str
    heading: str
    words: int
    max_words: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return asdict(self)


def _count_all(value: Any) -> int:
    """Return the words of all texts in a value."""
    return sum(map(count_words, texts_in(value)))


def document_words(text: str) -> int:
    """Return the words of a document below its metadata, headings and labels included."""
    raw = text.encode()
    head = parse(raw).front_matter
    return count_words(raw[head[1] :].decode() if head else text)


def measure(template: Template, fields: Mapping[str, Any]) -> Iterator[Length]:
    """Yield the lengths of the fields that are there, in the order of the template; steps behind their section."""
    for spec in template.sections:
        value = fields.get(spec.name)
        if value is None:
            continue
        yield _length(spec.name, spec, value)
        if spec.kind == "steps":
            for number, step in enumerate(value):
                place = f"{spec.name}[{number}]"
                yield Length(place, f"Step {number + 1}: {step.get('name', '')}".rstrip(" :"), _count_all(step), None)
                parts = (part for part in spec.parts if part.constraint.max_words and part.name in step)
                yield from (_length(f"{place}.{part.name}", part, step[part.name]) for part in parts)


def _length(field: str, spec: SectionSpec, value: Any) -> Length:
    return Length(field, spec.heading, _count_all(value), spec.constraint.max_words or None)


def read_submission(brief: Brief, template: Template) -> Submission:
    """Return the answer that renders to the document of a brief, byte for byte.

    Raises:
        DraftError: It holds what the fields of the template cannot; the message says where, the hint what to do.
    """
    raw = brief.text.encode()
    document = parse(raw)
    head = document.front_matter[1] if document.front_matter else 0
    body = raw[head:].decode().replace("\r\n", "\n")
    first = raw.count(b"\n", 0, head) + 1
    try:
        fields = read_fields(template, body, links_of(brief), first)
    except UnfitError as error:
        raise _refuse(brief, error.message) from error
    questions = document.metadata.get("open_questions")
    submission = Submission(
        fields=fields,
        questions=tuple(map(str, questions)) if isinstance(questions, list) else (),
        by=str(document.metadata.get("written_by") or ""),
    )
    made = render_draft(brief, template, fields, author=submission.by, questions=submission.questions, present=raw)
    if made != raw:
        raise _refuse(brief, _difference(raw, made))
    return submission


def _difference(present: bytes, made: bytes) -> str:
    lines, other = present.splitlines(), made.splitlines()
    shorter = min(len(lines), len(other))
    number = next((n for n in range(shorter) if lines[n] != other[n]), shorter)
    shown = lines[number].decode()[:60] if number < len(lines) else "the end"
    return f"line {number + 1} ({shown!r}) would not come back from the fields of the template as it is"


def _refuse(brief: Brief, reason: str) -> DraftError:
    title = brief.request.title
    message = f"{brief.path} cannot be revised field by field: {reason}"
    hint = f'name what to change instead: procauthor update "{title}" "WISH" --dry-run --json, then --answer FILE'
    return DraftError(message, hint)


@dataclass(frozen=True)
class Handoff:
    """Briefs that go out, and answers that come in. One title has one open run, however often it is asked for."""

    records: Records

    def brief(self, title: str, **options: Unpack[BriefOptions]) -> Assignment:
        """Gather a brief and keep it, so that its answer is judged by what its author has read.

        The options are those of `Authoring.brief`. Where the title has an open run, those that are left out or empty
        stay as they were. A procedure that is defined is handed out for revision, with its fields as they are.

        Raises:
            InvalidTitleError: The title cannot name a procedure.
            DraftError: The procedure is defined, and holds what the fields of its template cannot.
            NotFoundError: Nothing says to which lifecycle the title belongs.
            LockedError: An answer to it is being worked on.
        """
        records = self.records
        run = _open_run(records, check_title(title))
        before = run.brief.request if run else ChangeRequest(title)
        kept: dict[str, Any] = {"lifecycle": before.lifecycle, "phase": before.phase, "depends_on": before.added}
        kept |= {name: getattr(before, name) for name in ("purpose", "trigger", "scope")}
        said = {name: value for name, value in options.items() if value or value == 0}
        brief = Authoring(records, HAND_OFF).brief(before.title, **kept | said, revise=True)
        if run is None:
            present = self._present(brief) if brief.revises else None
            run = Authoring(records, HAND_OFF).begin(brief, None)
            if present:
                run.hand_in(present)
        elif run.brief != brief:
            with run.hold():
                run.hand_in(self._carry(run, brief))
                run = records.runs.renew(run, brief)
        return self._assignment(run)

    def _present(self, brief: Brief) -> Submission:
        return read_submission(brief, self.records.workspace.templates.get(brief.template))

    def _carry(self, run: Run, brief: Brief) -> Submission:
        """Return what was handed in, for a brief that was gathered again."""
        kept = run.submission.carry(run.brief, brief)
        if not brief.revises or run.brief.text == brief.text:
            return kept
        return kept.rebase(self._present(run.brief), self._present(brief))

    def text(self, assignment: Assignment) -> str:
        """Return a brief as Markdown."""
        return assignment.text(self.records.prompts)

    def step_text(self, title: str, number: int) -> str:
        """Return what one of the eight steps asks, for a title whose brief was asked for before or is now.

        Raises:
            ProcauthorError: What `brief` raises.
        """
        run = _open_run(self.records, check_title(title))
        assignment = self._assignment(run) if run else self.brief(title)
        return step_text(assignment, number, self.records.prompts)

    def _assignment(self, run: Run) -> Assignment:
        template = self.records.workspace.templates.get(run.brief.template)
        submission = run.submission
        filled = judge(template, run.brief, submission)
        return Assignment(run.id, run.brief, template, filled, submission.revision, submission.fields)

    # Answers

    def submit(self, text: str, *, run: str = "", title: str = "", by: str = "", person: bool = False) -> Draft:
        """Take an answer, whole or in part, and return the draft that comes of it, with its findings.

        Args:
            text: JSON, alone or inside prose and code fences.
            run: The run that it belongs to; else the answer says it, or its title does.
            title: The title, where there may be no run yet.
            by: Who wrote it, for the document's front matter.
            person: Whether that is a person who answers for it: then claims that neither the brief nor the library
                holds are notes. Else they are open questions, as with a chat model.

        Raises:
            AnswerError: It cannot be read, or nothing says what it belongs to.
            ConflictError: The document was changed since the brief.
        """
        part = read_answer(text)
        part = replace(part, by=" ".join(by.split()) or part.by)
        own = self._run_for(part, run, title)
        self._check_base(own)
        with own.hold():
            return self._take(own, part, person=person)

    def _run_for(self, part: HandedIn, run: str, title: str) -> Run:
        wanted, name = run or part.run, title or part.title
        if wanted:
            own = self.records.runs.get(wanted)
            if own.author != HAND_OFF:
                message = f"run {wanted!r} belongs to {own.author}, not to a hand-off"
                raise AnswerError(message, f"procauthor brief {own.brief.request.title!r} starts one")
            if name and title_key(name) != title_key(own.brief.request.title):
                message = f"run {wanted!r} is for {own.brief.request.title!r}, not for {name!r}"
                raise AnswerError(message, "correct the title or the run")
            return own
        if not name:
            message = "the answer does not say which procedure it is for"
            raise AnswerError(message, 'give it "run" or "title", or use --run or --title')
        waiting = _open_run(self.records, name)
        if waiting is not None:
            return waiting
        refuse_duplicate(name, self.records.workspace.read())
        try:
            return self.records.runs.get(self.brief(name).run)
        except NotFoundError as error:
            close = error.hint.partition("? ")[0] + "? " if "did you mean" in error.hint else ""
            error.hint = f"{close}print its brief first: procauthor brief {name!r} --lifecycle ..."
            raise

    def _check_base(self, run: Run) -> None:
        """Refuse an answer to what is no longer there."""
        library = self.records.workspace.read()
        if not run.brief.revises:
            refuse_duplicate(run.brief.request.title, library)
        if not _is_as_briefed(run, library):
            message = f"{run.brief.path} changed since the brief of run {run.id!r}"
            hint = f"read it again with: procauthor brief {run.brief.request.title!r}; what was handed in is kept"
            raise ConflictError(message, hint)
        if not _is_open(self.records, run):
            message = f"the draft of run {run.id!r} was already decided on"
            raise AnswerError(message, f"start again with: procauthor brief {run.brief.request.title!r}")

    def _take(self, run: Run, part: HandedIn, *, person: bool) -> Draft:
        template = self.records.workspace.templates.get(run.brief.template)
        submission, lost = run.submission.add(part, person=person)
        verdict = judge(template, run.brief, submission)
        names = [spec.name for spec in template.sections if spec.kind != "group"]
        unknown = set(submission.fields).difference(names)
        if unknown and unknown >= set(part.fields):
            message = f"the answer has no field of the template, only {', '.join(sorted(map(repr, unknown))[:5])}"
            raise AnswerError(message, f"the fields are {', '.join(names)}")
        kept = {name: value for name, value in submission.fields.items() if name not in unknown}
        submission = replace(submission, fields=kept)
        run.open_again()
        run.hand_in(submission)
        # What cannot be kept is told once, in the answer to the part that it came with.
        extra = [c for c in verdict.complaints if c.field in unknown]
        extra += [Complaint("field-unknown", path, reason, "hand in the whole field") for path, reason in lost]
        extra += [
            Complaint("field-unknown", key, f"there is no member {key!r}", _instead_of(key, names)) for key in part.rest
        ]
        return Authoring(self.records, HAND_OFF).carry(run, extra)


def _instead_of(key: str, fields: Collection[str]) -> str:
    """Return what to do with a member of an answer that is none."""
    if key in fields:
        return 'put it in "fields"'
    close = get_close_matches(key.casefold(), MEMBERS, n=1)
    return f"did you mean {close[0]!r}?" if close else f"the members are {', '.join(MEMBERS)}"


def _open_run(records: Records, title: str) -> Run | None:
    """Return the newest run that takes answers for a title, of the kind that its document is for now."""
    key = title_key(title)
    revises = defined_document(title, records.workspace.read()) is not None
    for run in reversed(records.runs.all()):
        request = run.brief.request
        if run.author != HAND_OFF or request.wish or title_key(request.title) != key or run.brief.revises != revises:
            continue
        if _is_open(records, run):
            return run
    return None


def _is_open(records: Records, run: Run) -> bool:
    """Say whether a run takes answers."""
    if not run.ended or records.drafts.holds(run.id):
        return True
    return run.accepted and _is_as_briefed(run, records.workspace.read())


def _is_as_briefed(run: Run, library: Library) -> bool:
    """Say whether the document of a run is as its brief has it."""
    present = library.by_path.get(run.brief.path)
    return (present.stamp if present else "") == run.brief.base


def answer_json(draft: Draft) -> dict[str, Any]:
    """Return what is known of the draft, without the passages: who answers a brief has them."""
    data = draft.describe(draft.change(), draft.outcome)
    missing = [f["field"] for f in draft.findings if f["rule"] == "field-missing"]
    words = {"document": document_words(draft.text), "fields": [each.as_json() for each in lengths(draft)]}
    return {key: value for key, value in data.items() if key != "passages"} | {"missing": missing, "words": words}


def lengths(draft: Draft) -> tuple[Length, ...]:
    """Return how long the fields and steps of a draft are."""
    return tuple(measure(draft.records.workspace.templates.get(draft.template), draft.fields))
