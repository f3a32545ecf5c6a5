"""How a person or a model says that a stubborn plan is read. All that is said has to be in the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from procauthor.errors import PlanError
from procauthor.markdown.document import Document
from procauthor.naming import title_key
from procauthor.planning.field import field_key
from procauthor.planning.line import plain_text
from procauthor.planning.plan import Plan

KEY = "reading"
"""The key of the front matter that holds the reading of a plan."""
_KINDS = ("tables", "lists", "headings")
_COLUMNS = ("title", "number")
_HINT = f"correct {KEY!r} in the front matter of the plan, or take it out"
_PAIR = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "means": {"type": "string"}},
    "required": ["label", "means"],
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "title": "reading",
    "description": "Where the items of a plan are, and what its columns and labels mean.",
    "type": "object",
    "properties": {
        "items": {"type": "string", "enum": list(_KINDS)},
        "level": {"type": "integer", "minimum": 0, "maximum": 6},
        "below": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
        "names": {"type": "array", "maxItems": 20, "items": _PAIR},
    },
    "required": ["items", "level", "below", "names"],
    "additionalProperties": False,
}
"""The form of a reading, as JSON schema."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the items of a plan are; empty where its front matter does not say so.

    ``items`` are "tables", "lists" or "headings"; ``level`` is that of the headings, or how deep in lists, from 1;
    ``below`` are the keys of the headings over them; ``names`` are known labels by the columns and labels of the plan.
    """

    items: str = ""
    level: int = 0
    below: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, label: str) -> str:
        """Return the known label that a column or a label of the plan means."""
        return self.names.get(plain_text(label).casefold(), label) if self.names else label


def read_reading(document: Document) -> Reading:
    """Read what the front matter of a plan says of its reading.

    Raises:
        PlanError: It says what the plan does not have, or has another form.
    """
    said = document.fields.get(KEY) if document.front_matter else None
    if said is None:
        return Reading()
    wrong = next(_faults(document, said.value), "")
    if wrong or not isinstance(said.value, Mapping):
        message = f"line {said.line}: {wrong}"
        raise PlanError(message, _HINT)
    names = {plain_text(label).casefold(): name for label, name in (said.value.get("names") or {}).items()}
    below = frozenset(map(title_key, said.value.get("below") or ()))
    return Reading(said.value.get("items") or "", said.value.get("level") or 0, below, names)


def _faults(document: Document, said: object) -> Iterator[str]:
    """Yield what a reading says that has no such form, or is nowhere in the plan."""
    if not isinstance(said, Mapping):
        yield f"{KEY!r} is no table of items, level, below and names"
        return
    if unknown := sorted(map(str, said.keys() - SCHEMA["properties"].keys())):
        yield f"{KEY!r} has no {unknown[0]!r}"
    if (said.get("items") or _KINDS[0]) not in _KINDS:
        yield f"items are {', '.join(_KINDS)}, and not {said['items']!r}"
    if not isinstance(said.get("level") or 0, int):
        yield f"a level is a number, and not {said['level']!r}"
    below, names = said.get("below") or [], said.get("names") or {}
    if not isinstance(below, list) or not isinstance(names, Mapping):
        yield "below is a list of headings, and names is a table of labels"
        return
    headings = {title_key(heading.text) for heading in document.headings}
    yield from (f"the plan has no heading {each!r}" for each in below if title_key(str(each)) not in headings)
    body = document.source.raw[document.front_matter[1] if document.front_matter else 0 :].decode().casefold()
    for label, name in names.items():
        if not (field_key(str(name)) or name in _COLUMNS):
            yield f"{name!r} is no field of an item"
        if str(label).casefold() not in body:
            yield f"the plan has no column or label {label!r}"


def as_front_matter(proposed: Mapping[str, Any]) -> dict[str, object]:
    """Return a proposal in the form of `SCHEMA` as it is written into front matter, without what is empty."""
    pairs = [each for each in proposed.get("names") or [] if isinstance(each, Mapping)]
    names = {str(each.get("label")): str(each.get("means")) for each in pairs}
    return {key: value for key, value in {**proposed, "names": names}.items() if value}


def find_unproven(plan: Plan, raw: bytes) -> list[str]:
    """Return what a plan says of an item and its line does not: the titles, with their lines."""
    lines = raw.decode().splitlines()
    strange = [i for i in plan.items if not _words(i.title) <= _words(lines[i.line - 1])]
    return [f"line {item.line}: {item.title!r}" for item in strange]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
