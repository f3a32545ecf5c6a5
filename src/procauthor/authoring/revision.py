"""Changes of existing documents that a person or an agent hands in: targets out, operations in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from procauthor.authoring.answer import clean
from procauthor.authoring.authoring import Authoring, open_work
from procauthor.authoring.brief import Brief
from procauthor.authoring.draft import Draft, Records
from procauthor.authoring.operations import edit_document, operations_of
from procauthor.authoring.reply import QUESTIONS, SOURCES, check_fields
from procauthor.authoring.run import HAND_OFF
from procauthor.authoring.update.form import operation_model, operation_schema
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import EditOutline, EditTarget, allowance, outline_of, sections_of, targets_in
from procauthor.errors import AnswerError, NotFoundError
from procauthor.retrieval.lexical import list_words
from procauthor.secret import Censor
from procauthor.template.spec import section_key

_AGAIN = "the targets, their hashes and the schema: procauthor update REF WISH --dry-run --json"


@dataclass(frozen=True)
class Revision:
    """One document and one wish: what can be named in it, and what is to be changed."""

    records: Records
    brief: Brief
    outline: EditOutline

    @classmethod
    def open(cls, records: Records, reference: str, wish: str) -> Revision:
        """Gather what can be changed.

        Raises:
            ProcauthorError: There is no such document, it is derived or a placeholder, or the wish is empty.
        """
        authoring = Authoring(records, HAND_OFF)
        brief = authoring.update_brief(reference, wish)
        return cls(records, brief, outline_of(brief, authoring.template_of(brief)))

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
        fields, asked = self._read(values), _read_asked(values)
        self._refuse_unfit(operations_of({1: fields}))
        authoring = Authoring(self.records, HAND_OFF)
        work = open_work(authoring, authoring.begin(self.brief, None))
        work.doubts = "note" if person else "question"
        work.written, work.questions = {1: fields}, {1: asked}
        work.findings = tuple(work.apply(()))
        draft = replace(work.draft(), author=" ".join(by.split()) or HAND_OFF)
        return authoring.keep(work.run, draft)

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

    def _refuse_unfit(self, operations: Sequence[Operation]) -> None:
        """Refuse operations that reach wider than the wish, or that the document does not allow."""
        touched = {self.outline.targets[operation.target].section for operation in operations}
        limit = allowance(self.outline, self.brief.request.wish)
        if len(touched) > limit:
            message = f"the answer changes {len(touched)} sections, and this wish can need at most {limit}"
            raise AnswerError(message, "say the wish more widely, or hand in the changes one after the other")
        edit_document(self.outline, operations, self.brief, self.records.workspace.read())


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
