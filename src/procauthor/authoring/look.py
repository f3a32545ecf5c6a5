"""One last look at a whole draft: edits in any field, and questions that the library answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from procauthor.authoring.author import AskForm, told
from procauthor.authoring.draft import QUESTION_RULES
from procauthor.authoring.passage import Lead
from procauthor.authoring.submission import path_pieces
from procauthor.finding import Finding
from procauthor.template.model import late_name, late_parts
from procauthor.template.spec import Template

_MOST = 20
_CLOSED = ConfigDict(extra="forbid")


class LookEdit(BaseModel):
    """An edit at one place of the fields."""

    model_config = _CLOSED
    path: str = Field(description="The place, for example workflow[2].actions[0].")
    action: Literal["replace", "insert", "delete"]
    value: str = Field(description="Text, or JSON where the place holds an object or a list; empty to delete.")


class LookReply(BaseModel):
    """What a last look changes."""

    model_config = _CLOSED
    edits: list[LookEdit] = Field(description="At most twenty, the gravest first.")
    settled: list[int] = Field(description="Numbers of questions that are answered.")


@dataclass(frozen=True, slots=True)
class LookState:
    """What is shown for a last look, besides the fields."""

    findings: Sequence[Finding]
    questions: Sequence[str]
    leads: Sequence[Lead]
    doubts: Sequence[str]


def look_form(mark: str, title: str, fields: Mapping[str, Any], seen: LookState) -> AskForm:
    """Return what a model is asked when it looks at a draft for the last time."""
    questions = [
        {
            "number": number,
            "question": question,
            "places": [
                f"{lead.title}, {lead.heading}: {lead.text}" for lead in seen.leads if lead.question == question
            ],
        }
        for number, question in enumerate(seen.questions, start=1)
    ]
    words = {
        "mark": mark,
        "title": title,
        "document": told(fields),
        "empty": sorted(set(_empty(fields, ""))),
        "findings": [finding.message for finding in seen.findings if finding.rule not in QUESTION_RULES],
        "doubts": list(seen.doubts),
        "questions": questions,
    }
    return AskForm(LookReply, (("look/ask", words),))


def _empty(value: Any, place: str) -> Iterator[str]:
    """Yield the places that hold nothing, as ``workflow[].who.time``: each may be filled."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _empty(each, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for each in value:
            yield from _empty(each, f"{place}[]")
    elif value is None:
        yield place


def apply_edits(fields: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields with the edits that name a place in them; others are left out."""
    changed: dict[str, Any] = json.loads(json.dumps(fields))
    # What is deleted or inserted moves what is behind it, so the last place is changed first.
    for edit in sorted(edits[:_MOST], key=_place, reverse=True):
        _apply(changed, edit)
    return changed


def _place(edit: Mapping[str, Any]) -> list[str]:
    return [f"{piece:06}" if isinstance(piece, int) else piece for piece in path_pieces(edit["path"])]


def _apply(fields: dict[str, Any], edit: Mapping[str, Any]) -> None:
    pieces = path_pieces(edit["path"])
    holder: Any = fields
    try:
        for piece in pieces[:-1]:
            holder = holder[piece]
        last = pieces[-1]
        if isinstance(holder, list) and isinstance(last, int):
            _change(holder, last, edit)
        elif isinstance(holder, dict) and last in holder and edit["action"] == "replace":
            holder[last] = _value(edit["value"], holder[last])
    except (KeyError, IndexError, TypeError, ValueError):
        return


def _change(items: list[Any], place: int, edit: Mapping[str, Any]) -> None:
    """Change an item of a list, or put one before it.

    Raises:
        ValueError: The value is no JSON where the items are objects.
        IndexError: There is no such item.
    """
    if edit["action"] == "delete":
        del items[place]
        return
    like = items[min(place, len(items) - 1)] if items else ""
    value = _value(edit["value"], like)
    if edit["action"] == "insert":
        items.insert(place, value)
    else:
        items[place] = value


def _value(text: str, like: Any) -> Any:
    """Return a value of the kind that is there: text, or what the JSON holds; a place that is empty takes either."""
    if isinstance(like, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if like is None:
            return text
        raise


def split_late(template: Template, fields: Mapping[str, Any], names: Mapping[str, int]) -> dict[int, dict[str, Any]]:
    """Return whole fields as the steps wrote them: the parts of a step that are asked for later stand alone.

    Args:
        template: The template.
        fields: The fields, each whole.
        names: The step that writes each field.
    """
    whole = json.loads(json.dumps(dict(fields)))
    late: dict[str, Any] = {}
    for step in set(names.values()):
        for section, part in late_parts(template, step):
            rows = whole.get(section.name) or []
            entries = ((number, row.pop(part.name, None)) for number, row in enumerate(rows, start=1))
            late[late_name(section, part)] = [{"step": number, part.name: value} for number, value in entries if value]
    written: dict[int, dict[str, Any]] = {}
    for name, value in {**whole, **late}.items():
        if name in names:
            written.setdefault(names[name], {})[name] = value
    return written
