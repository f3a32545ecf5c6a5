"""Hands a brief to a person or an agent as one document, and carries what comes back through the eight steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from procauthor.authoring.author import STEPS, Ask
from procauthor.authoring.brief import Answer, Brief, mark_of
from procauthor.authoring.judge import Verdict, source_ids
from procauthor.authoring.reply import share_titles
from procauthor.authoring.run import HAND_OFF
from procauthor.authoring.submission import Submission
from procauthor.secret import Censor
from procauthor.template.model import build_draft_model, late_name, late_parts, sections_of_step
from procauthor.template.spec import Pattern, SectionSpec, Template

if TYPE_CHECKING:
    from procauthor.prompt import PromptLibrary


class HandoffAuthor:
    """Answers each step with the fields that were handed in and fit; what is missing stays empty."""

    id = HAND_OFF

    def __init__(self, verdict: Verdict, submission: Submission) -> None:
        self._verdict = verdict
        self._questions = submission.questions

    def fill(self, ask: Ask) -> Answer:
        """Return the fields of one step."""
        values: dict[str, Any] = {}
        sources: dict[str, tuple[str, ...]] = {}
        late = {(section.name, part.name) for section, part in late_parts(ask.template)}
        for spec in sections_of_step(ask.template, ask.step):
            if spec.name in self._verdict.values:
                values[spec.name] = _without(self._verdict.values[spec.name], spec, late)
                sources[spec.name] = self._verdict.sources.get(spec.name, ())
        for section, part in late_parts(ask.template, ask.step):
            rows = self._verdict.values.get(section.name)
            if rows is not None:
                entries = [
                    {"step": number, part.name: row[part.name]}
                    for number, row in enumerate(rows, start=1)
                    if row[part.name] is not None
                ]
                values[late_name(section, part)] = entries
        return Answer(values, {name: ids for name, ids in sources.items() if ids}, self._questions)


def _without(value: Any, spec: SectionSpec, late: set[tuple[str, str]]) -> Any:
    if spec.kind != "steps":
        return value
    return [{name: part for name, part in row.items() if (spec.name, name) not in late} for row in value]


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
    fields = build_draft_model(template, brief.titles, bounded=not brief.revises).model_json_schema()
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
