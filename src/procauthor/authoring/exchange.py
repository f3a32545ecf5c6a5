"""Hands briefs to people and agents, and takes their answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from procauthor.authoring.answer import HandedIn, read_answer
from procauthor.authoring.authoring import Authoring
from procauthor.authoring.brief import Brief, ChangeRequest
from procauthor.authoring.handoff import Assignment, step_text
from procauthor.authoring.judge import Complaint, judge
from procauthor.authoring.length import Length, document_words, measure
from procauthor.authoring.opening import is_open, open_run
from procauthor.authoring.present import read_submission
from procauthor.authoring.request import refuse_duplicate
from procauthor.authoring.run import HAND_OFF, Run
from procauthor.authoring.submission import Submission
from procauthor.authoring.waiting import WaitingDraft, draft_json
from procauthor.authoring.writing import open_prompts
from procauthor.errors import AnswerError, ConflictError, NotFoundError
from procauthor.library.reference import check_title
from procauthor.naming import title_key

if TYPE_CHECKING:
    from procauthor.authoring.records import Records


@dataclass(frozen=True)
class Handoff:
    """Briefs that go out, and answers that come in. One title has one open run, however often it is asked for."""

    records: Records

    def brief(self, title: str, **options: Any) -> Assignment:
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

    def submit(self, text: str, *, run: str = "", title: str = "", by: str = "", person: bool = False) -> WaitingDraft:
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
        found = self._run_for(part, run, title)
        self._check_base(found)
        with found.hold():
            return self._take(found, part, person=person)

    def _run_for(self, part: HandedIn, run: str, title: str) -> Run:
        wanted, name = run or part.run, title or part.title
        if wanted:
            found = self.records.runs.get(wanted)
            if found.author != HAND_OFF:
                message = f"run {wanted!r} belongs to {found.author}, not to a hand-off"
                raise AnswerError(message, f"procauthor brief {found.brief.request.title!r} starts one")
            if name and title_key(name) != title_key(found.brief.request.title):
                message = f"run {wanted!r} is for {found.brief.request.title!r}, not for {name!r}"
                raise AnswerError(message, "correct the title or the run")
            return found
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

    def _take(self, run: Run, part: HandedIn, *, person: bool) -> WaitingDraft:
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


def answer_json(found: WaitingDraft) -> dict[str, Any]:
    """Return what is known of the draft, without the passages: who answers a brief has them."""
    draft = found.draft
    data = draft_json(found, found.change(), draft.outcome)
    missing = [f["field"] for f in draft.findings if f["rule"] == "field-missing"]
    words = {"document": document_words(draft.text), "fields": [each.as_json() for each in lengths(found)]}
    return {key: value for key, value in data.items() if key != "passages"} | {"missing": missing, "words": words}


def lengths(found: WaitingDraft) -> tuple[Length, ...]:
    """Return how long the fields and steps of a draft are."""
    return tuple(measure(found.records.workspace.templates.get(found.draft.template), found.draft.fields))
