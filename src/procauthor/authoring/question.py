"""Open questions and proposals of documents and of waiting drafts, and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from procauthor.authoring.authoring import Authoring
from procauthor.authoring.draft import Draft, own_findings
from procauthor.errors import DraftError, NotFoundError
from procauthor.library.change import Change, Edit
from procauthor.library.index import show_status
from procauthor.library.library import Library, Procedure
from procauthor.library.status import Question, question_json
from procauthor.markdown.document import replace_spans
from procauthor.markdown.front import Put, edit_front_matter
from procauthor.markdown.parse import parse
from procauthor.procedure import Status
from procauthor.review.question import Answered, answer
from procauthor.review.review import complete

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question or proposal, and who asks it; ``draft`` is the id of a waiting draft, empty for a document."""

    question: Question
    path: str
    title: str
    owner: str
    draft: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return question_json(self.question, self.path, self.title, self.owner, self.draft)


@dataclass(frozen=True, slots=True)
class ClosedQuestion:
    """A question that is answered: where the answer went, and the change; of a draft, the draft as it is then.

    ``status`` is what the document is with it, and ``left`` how many questions are open in it then.
    """

    asked: Asked
    text: str
    where: str
    status: Status
    left: int
    change: Change
    draft: Draft | None = None

    def as_json(self, *, written: bool) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "question": self.asked.as_json(),
            "answer": self.text,
            "where": self.where,
            "status": self.status,
            "left": self.left,
            "written": written,
            "changes": self.change.as_json(),
            "diff": self.change.diff(),
        }


@dataclass(frozen=True)
class Questions:
    """What is open in a library as it is now."""

    records: Records

    def list(self, reference: str = "") -> tuple[Asked, ...]:
        """Return what is open in a document or a draft, or in all: documents by path, then drafts.

        Raises:
            NotFoundError: There is no such document, nor a draft.
            AmbiguousError: There are several; the hint names them.
        """
        library = self.records.workspace.read()
        drafts = self.records.drafts.all()
        if not reference:
            return tuple(chain(*map(_asked, library.procedures), *map(self._of_draft, drafts)))
        draft = self._draft(reference, library)
        return tuple(self._of_draft(draft)) if draft else tuple(_asked(library.find(reference)))

    def answer(
        self, reference: str, number: int, text: str = "", *, accept: bool = False, section: str = ""
    ) -> ClosedQuestion:
        """Answer a question; `write` writes what follows.

        Args:
            reference: Path, id or title of a document, or id or title of a draft.
            number: The number of the question there.
            text: The answer, one line.
            accept: Take what is proposed, or confirm what is doubted.
            section: The heading below which the answer goes, where the text has no mark for it.

        Raises:
            NotFoundError: There is no such document, draft, question or section.
            ConfigError: The answer is none.
            LibraryError: The answer would change more than its place.
        """
        library = self.records.workspace.read()
        draft = self._draft(reference, library)
        procedure = self._parsed(draft) if draft else library.find(reference)
        answered = answer(procedure, number, text, accept=accept, section=section)
        if draft is not None:
            return self._in_draft(library, draft, procedure, answered)
        laid, raw = self._settled(library, procedure, answered)
        edit = Edit(procedure.path, procedure.document.source.raw, raw)
        change = Change((edit,), f"answer question {number} of {procedure.title}")
        change = complete(self.records.workspace, library, library.overlay(laid), change)
        asked = Asked(answered.question, procedure.path, procedure.title, procedure.owner)
        return ClosedQuestion(asked, answered.answer, answered.where, laid.status, answered.left, change)

    def write(self, closed: ClosedQuestion) -> None:
        """Write an answer: the document with all that follows in one change, or the draft.

        Raises:
            ConflictError: A file moved since; nothing was written.
            LibraryError: The disk refused; nothing was changed.
        """
        if closed.draft is not None:
            self.records.drafts.save(closed.draft)
        else:
            self.records.workspace.commit(closed.change)

    def _settled(self, library: Library, procedure: Procedure, answered: Answered) -> tuple[Procedure, bytes]:
        """Return the document with the status that it has earned: it said that it was in progress, and no longer is."""
        workspace = self.records.workspace
        laid = workspace.parse(procedure.path, answered.raw)
        document = laid.document
        said = laid.declared_status == "in progress" and document.front_matter and "status" in document.fields
        if not said or laid.text_status != "defined":
            return laid, answered.raw
        edit = Put("status", show_status("defined"))
        raw = replace_spans(answered.raw, edit_front_matter(parse(answered.raw), procedure.path, [edit]))
        settled = workspace.parse(procedure.path, raw)
        findings = workspace.check(library.overlay(settled), [procedure.path]).findings
        wrong = any(f.severity == "error" and not f.rule.startswith("index-") for f in findings)
        return (laid, answered.raw) if wrong else (settled, raw)

    # Drafts

    def _draft(self, reference: str, library: Library) -> Draft | None:
        """Return the draft of that id; or of that title where no document has it."""
        drafts = self.records.drafts
        if drafts.holds(reference):
            return drafts.get(reference)
        try:
            library.find(reference)
        except NotFoundError:
            with suppress(DraftError):
                return drafts.get(reference)
        return None

    def _parsed(self, draft: Draft) -> Procedure:
        return self.records.workspace.parse(draft.path, draft.text.encode())

    def _of_draft(self, draft: Draft) -> Iterator[Asked]:
        procedure = self._parsed(draft)
        return (Asked(q, draft.path, draft.title, procedure.owner, draft.id) for q in procedure.questions)

    def _in_draft(self, library: Library, draft: Draft, procedure: Procedure, answered: Answered) -> ClosedQuestion:
        laid, raw = self._settled(library, procedure, answered)
        after = replace(
            draft,
            text=raw.decode(),
            open_questions=tuple(q for q in draft.open_questions if q != answered.question.text),
            findings=self._findings(library, draft, raw),
        )
        asked = Asked(answered.question, draft.path, draft.title, procedure.owner, draft.id)
        label = f"answer question {answered.question.number} of draft {draft.id}"
        change = Change((Edit(draft.path, draft.text.encode(), raw),), label)
        return ClosedQuestion(asked, answered.answer, answered.where, laid.status, answered.left, change, after)

    def _findings(self, library: Library, draft: Draft, raw: bytes) -> tuple[Mapping[str, Any], ...]:
        """Return the findings of a draft with other bytes; of an update, those that the document did not have."""
        check = partial(Authoring(self.records, draft.author).check, library, draft.path)
        known = {f.fingerprint for f in check((draft.base_text or "").encode(), ())} if draft.wish else ()
        return own_findings(f.as_json() for f in check(raw, ()) if f.fingerprint not in known)


def _asked(procedure: Procedure) -> Iterator[Asked]:
    return (Asked(q, procedure.path, procedure.title, procedure.owner) for q in procedure.questions)
