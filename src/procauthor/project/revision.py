"""Changes of existing documents that a person or an agent hands in: targets out, operations in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.authoring.answer import clean
from procauthor.authoring.brief import Brief
from procauthor.authoring.draft import Draft
from procauthor.authoring.reply import check_fields
from procauthor.authoring.run import HAND_OFF
from procauthor.authoring.update.edit import Edited, edit
from procauthor.authoring.update.form import operation_model, operation_schema, read_changes
from procauthor.authoring.update.outline import Outline
from procauthor.authoring.update.scope import allowance, sections_of, targets_in
from procauthor.errors import AnswerError
from procauthor.finding import Finding
from procauthor.project.authoring import Authoring
from procauthor.project.draft import ProjectDraft
from procauthor.project.update import known_references, outline_of, update_brief
from procauthor.redact import clean as without_secrets

if TYPE_CHECKING:
    from procauthor.project.project import Project

_AGAIN = "the targets, their hashes and the schema: procauthor update REF WISH --dry-run --json"


@dataclass(frozen=True)
class Revision:
    """One document and one wish: what can be named in it, and what somebody wants changed."""

    project: Project
    brief: Brief
    outline: Outline

    @classmethod
    def open(cls, project: Project, reference: str, wish: str) -> Revision:
        """Gather what can be changed.

        Raises:
            ProcauthorError: There is no such document, it is derived or a placeholder, or the wish is empty.
        """
        authoring = Authoring(project, HAND_OFF)
        brief = update_brief(authoring, reference, wish)
        return cls(project, brief, outline_of(authoring, brief))

    def as_json(self) -> dict[str, Any]:
        """Return brief, targets with their hashes, and the schema of the answer, without secrets."""
        targets = [
            {"id": t.id, "hash": t.hash, "kind": t.kind, "text": self.outline.words(t)}
            for t in self.outline.targets.values()
            if t.id != "S0"
        ]
        schema = operation_schema(self.outline, self.brief.titles)
        data: dict[str, Any] = without_secrets({"brief": self.brief.as_json(), "targets": targets, "schema": schema})
        return data

    def propose(self, values: Mapping[str, Any], by: str = "") -> ProjectDraft:
        """Make the draft that an answer of the schema gives; everything that it does not name stays to the byte.

        The outcome is "No change" where nothing would change: then no draft is kept.

        Raises:
            AnswerError: It has no field of the schema, a value does not fit, or it reaches wider than the wish.
            OperationError: A target is stale or does not allow what is wanted of it.
        """
        edited, operations = self._edit(self._read(values))
        findings = [finding.as_json() for finding in self._findings(edited.raw)]
        authoring = Authoring(self.project, HAND_OFF)
        run = authoring.begin(self.brief, None)
        draft = Draft.of_run(
            run,
            edited.raw,
            findings,
            author=" ".join(by.split()) or HAND_OFF,
            fields={"operations": operations},
            notes=tuple(edited.notes),
        )
        return authoring.keep(run, draft)

    def _read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        model = operation_model(self.outline, targets_in(self.outline, sections_of(self.outline)), self.brief.titles)
        names = list(model.model_fields)
        given = {name: value for name, value in values.items() if name not in ("passages_used", "open_questions")}
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

    def _edit(self, values: Mapping[str, Any]) -> tuple[Edited, list[dict[str, Any]]]:
        operations = tuple(operation for _, operation in read_changes(values))
        touched = {self.outline.targets[operation.target].section for operation in operations}
        limit = allowance(self.outline, self.brief.request.wish)
        if len(touched) > limit:
            message = f"the answer changes {len(touched)} sections, and this wish can need at most {limit}"
            raise AnswerError(message, "say the wish more widely, or hand in the changes one after the other")
        library = self.project.library()
        edited = edit(self.outline, operations, *known_references(self.brief, library))
        return edited, [operation.as_json() for operation in operations]

    def _findings(self, raw: bytes) -> list[Finding]:
        """Return the findings that the document would have and does not have now."""
        authoring, library = Authoring(self.project, HAND_OFF), self.project.library()
        before = {f.fingerprint for f in authoring.check(library, self.brief.path, self.brief.text.encode(), ())}
        after = authoring.check(library, self.brief.path, raw, ())
        return [finding for finding in after if finding.fingerprint not in before]
