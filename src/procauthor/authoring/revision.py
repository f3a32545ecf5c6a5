"""Changes of existing documents that a person or an agent hands in: targets out, operations in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.authoring.answer import clean
from procauthor.authoring.authoring import Authoring
from procauthor.authoring.brief import Brief
from procauthor.authoring.document import add_questions
from procauthor.authoring.draft import Draft
from procauthor.authoring.evidence import gather_evidence
from procauthor.authoring.grounding import unverified_changes
from procauthor.authoring.passage import join_questions
from procauthor.authoring.reply import QUESTIONS, SOURCES, check_fields
from procauthor.authoring.run import HAND_OFF
from procauthor.authoring.update.edit import Edited, edit
from procauthor.authoring.update.form import operation_model, operation_schema, read_changes
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import EditTarget, Outline, allowance, sections_of, targets_in
from procauthor.authoring.wish import known_references, outline_of
from procauthor.errors import AnswerError, NotFoundError
from procauthor.finding import Finding
from procauthor.retrieval.lexical import list_words
from procauthor.secret import Censor
from procauthor.template.spec import section_key

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records

_AGAIN = "the targets, their hashes and the schema: procauthor update REF WISH --dry-run --json"


@dataclass(frozen=True)
class Revision:
    """One document and one wish: what can be named in it, and what is to be changed."""

    records: Records
    brief: Brief
    outline: Outline

    @classmethod
    def open(cls, records: Records, reference: str, wish: str) -> Revision:
        """Gather what can be changed.

        Raises:
            ProcauthorError: There is no such document, it is derived or a placeholder, or the wish is empty.
        """
        brief = Authoring(records, HAND_OFF).update_brief(reference, wish)
        return cls(records, brief, outline_of(records.workspace.templates, brief))

    def as_json(self) -> dict[str, Any]:
        """Return brief, targets with their hashes, and the schema of the answer, without secrets."""
        targets = [self._target(t) for t in self.outline.targets.values() if t.id != "S0"]
        schema = operation_schema(self.outline, self.brief.titles)
        censor = Censor.of(self.brief.text.encode())
        data: dict[str, Any] = censor.each({"brief": self.brief.as_json(), "targets": targets, "schema": schema})
        return data

    def targets_json(self, section: str = "") -> dict[str, Any]:
        """Return the sections, and targets and schema of one of them.

        Args:
            section: Its id or heading; ``*`` for all sections, and empty for those that the wish names.

        Raises:
            NotFoundError: The document has no such section.
        """
        names = sections_of(self.outline)
        titles = {name: self.outline.title(name) for name in names}
        chosen = [name for name, title in titles.items() if self._is_meant(section, name, title)]
        if section and not chosen:
            message = f"{self.brief.path} has no section {section!r}"
            raise NotFoundError(message, f"its sections are {', '.join(titles.values())}")
        data: dict[str, Any] = Censor.of(self.brief.text.encode()).each(
            {
                "path": self.brief.path,
                "sections": [{"section": name, "heading": title} for name, title in titles.items()],
                "targets": [self._target(target) for target in targets_in(self.outline, chosen)],
                "schema": operation_schema(self.outline, self.brief.titles, chosen) if chosen else {},
            }
        )
        return data

    def _is_meant(self, section: str, name: str, title: str) -> bool:
        if not section:
            return _names(self.brief.request.wish, title)
        return section in ("*", name) or section_key(section) == section_key(title)

    def _target(self, target: EditTarget) -> dict[str, str]:
        return {"id": target.id, "hash": target.hash, "kind": target.kind, "text": self.outline.words(target)}

    def propose(self, values: Mapping[str, Any], by: str = "", *, person: bool = False) -> Draft:
        """Make the draft that an answer of the schema gives; everything that it does not name stays to the byte.

        ``person`` says that a person answers for it: then its doubts are notes, and else open questions.

        The outcome is "No change" where nothing would change: then no draft is kept.

        Raises:
            AnswerError: It has no field of the schema, a value does not fit, or it reaches wider than the wish.
            OperationError: A target is stale or does not allow what is wanted of it.
        """
        operations = tuple(operation for _, operation in read_changes(self._read(values)))
        edited = self._edit(operations)
        evidence = gather_evidence(self.brief, self.records.workspace.read())
        asked = _read_asked(values)
        doubts = unverified_changes(self.outline, operations, evidence, asked)
        questions = join_questions(asked, () if person else doubts)
        raw = edited.raw
        if raw != self.brief.text.encode():
            raw = add_questions(raw, self.brief.path, questions)
        findings = [finding.as_json() for finding in self._findings(raw)]
        authoring = Authoring(self.records, HAND_OFF)
        run = authoring.begin(self.brief, None)
        draft = Draft.of_run(
            run,
            raw,
            findings,
            author=" ".join(by.split()) or HAND_OFF,
            fields={"operations": [operation.as_json() for operation in operations]},
            open_questions=questions,
            notes=(*edited.notes, *(doubts if person else ())),
        )
        return authoring.keep(run, draft)

    def _read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        model = operation_model(self.outline, targets_in(self.outline, sections_of(self.outline)), self.brief.titles)
        names = list(model.model_fields)
        given = {name: value for name, value in values.items() if name not in (SOURCES, QUESTIONS)}
        unknown = sorted(set(given).difference(names))
        if unknown or not given:
            message = f"the answer has no field {unknown[0]!r}" if unknown else "the answer names no change"
            raise AnswerError(message, f"the fields are {', '.join(names)}; {_AGAIN}")
        checked = check_fields(model, clean(given), list(given))
        if checked.problems:
            told = "; ".join(f"{p.field} {p.message}" for p in checked.problems)
            message = f"the answer does not fit: {told}"
            raise AnswerError(message, _AGAIN)
        return dict(checked.values)

    def _edit(self, operations: Sequence[Operation]) -> Edited:
        touched = {self.outline.targets[operation.target].section for operation in operations}
        limit = allowance(self.outline, self.brief.request.wish)
        if len(touched) > limit:
            message = f"the answer changes {len(touched)} sections, and this wish can need at most {limit}"
            raise AnswerError(message, "say the wish more widely, or hand in the changes one after the other")
        library = self.records.workspace.read()
        return edit(self.outline, operations, *known_references(self.brief, library))

    def _findings(self, raw: bytes) -> list[Finding]:
        """Return the findings that the document would have and does not have now."""
        authoring, library = Authoring(self.records, HAND_OFF), self.records.workspace.read()
        before = {f.fingerprint for f in authoring.check(library, self.brief.path, self.brief.text.encode(), ())}
        after = authoring.check(library, self.brief.path, raw, ())
        return [finding for finding in after if finding.fingerprint not in before]


def _read_asked(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the open questions of an answer, each once."""
    asked = values.get(QUESTIONS) or ()
    if not (isinstance(asked, list | tuple) and all(isinstance(each, str) for each in asked)):
        message = f"{QUESTIONS!r} is not an array of strings"
        raise AnswerError(message, _AGAIN)
    return tuple(filter(None, dict.fromkeys(" ".join(each.split()) for each in asked)))


def _names(wish: str, heading: str) -> bool:
    """Say whether a wish names a heading, or what is before its colon, in any form of its words."""
    said = set(list_words(wish))
    parts = [section_key(part) for part in (heading, heading.partition(":")[0])]
    return any(part and set(list_words(part)) <= said for part in parts)
