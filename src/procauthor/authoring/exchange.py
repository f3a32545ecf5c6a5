"""Hands briefs to people and agents, and takes their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from procauthor.authoring.answer import HandedIn, read_answer
from procauthor.authoring.authoring import Authoring
from procauthor.authoring.brief import Brief, BriefOptions, ChangeRequest
from procauthor.authoring.document import render_draft
from procauthor.authoring.draft import Draft, is_open, open_run
from procauthor.authoring.handoff import Assignment, step_text
from procauthor.authoring.judge import Complaint, judge
from procauthor.authoring.reading import UnfitError, read_fields
from procauthor.authoring.request import refuse_duplicate
from procauthor.authoring.run import HAND_OFF, Run
from procauthor.authoring.submission import Submission
from procauthor.authoring.writing import open_prompts
from procauthor.errors import AnswerError, ConflictError, DraftError, NotFoundError
from procauthor.library.reference import check_title, relative
from procauthor.markdown.parse import parse
from procauthor.naming import count_words, title_key
from procauthor.template.spec import SectionSpec, Template

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records


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
    if isinstance(value, str):
        return count_words(value)
    if isinstance(value, Mapping):
        return sum(map(_count_all, value.values()))
    return sum(map(_count_all, value)) if isinstance(value, list | tuple) else 0


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
    links = {r.title: relative(brief.path, r.path) if r.path else "" for r in brief.references}
    first = raw.count(b"\n", 0, head) + 1
    try:
        fields = read_fields(template, body, links, first)
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
        run = open_run(records, check_title(title))
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
        return assignment.text(open_prompts(self.records))

    def step_text(self, title: str, number: int) -> str:
        """Return what one of the eight steps asks, for a title whose brief was asked for before or is now.

        Raises:
            ProcauthorError: What `brief` raises.
        """
        run = open_run(self.records, check_title(title))
        assignment = self._assignment(run) if run else self.brief(title)
        return step_text(assignment, number, open_prompts(self.records))

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
        waiting = open_run(self.records, name)
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
        present = library.by_path.get(run.brief.path)
        if (present.stamp if present else "") != run.brief.base:
            message = f"{run.brief.path} changed since the brief of run {run.id!r}"
            hint = f"read it again with: procauthor brief {run.brief.request.title!r}; what was handed in is kept"
            raise ConflictError(message, hint)
        if not is_open(self.records, run):
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
            Complaint("field-unknown", key, f"there is no member {key!r}", 'put it in "fields"') for key in part.rest
        ]
        return Authoring(self.records, HAND_OFF).carry(run, extra)


def answer_json(draft: Draft) -> dict[str, Any]:
    """Return what is known of the draft, without the passages: who answers a brief has them."""
    data = draft.describe(draft.change(), draft.outcome)
    missing = [f["field"] for f in draft.findings if f["rule"] == "field-missing"]
    words = {"document": document_words(draft.text), "fields": [each.as_json() for each in lengths(draft)]}
    return {key: value for key, value in data.items() if key != "passages"} | {"missing": missing, "words": words}


def lengths(draft: Draft) -> tuple[Length, ...]:
    """Return how long the fields and steps of a draft are."""
    return tuple(measure(draft.records.workspace.templates.get(draft.template), draft.fields))
