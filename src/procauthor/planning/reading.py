"""How a person or a model says that a stubborn plan is read. All that is said has to be in the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, ValidationError, convert

from procauthor.errors import PlanError
from procauthor.markdown.document import Document
from procauthor.naming import title_key
from procauthor.planning.field import field_key
from procauthor.planning.line import plain_text
from procauthor.planning.plan import Plan

KEY = "reading"
"""The key of the front matter that holds the reading of a plan."""
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
        "items": {"type": "string", "enum": ["tables", "lists", "headings"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 6},
        "below": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
        "names": {"type": "array", "maxItems": 20, "items": _PAIR},
    },
    "required": ["items", "level", "below", "names"],
    "additionalProperties": False,
}
"""The form of a reading, as JSON schema."""


class Reading(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the items of a plan are; empty where its front matter does not say so.

    ``level`` is that of the headings, or how deep in lists, from 1; ``below`` are the keys of the headings over the
    items; ``names`` are known labels by the columns and labels of the plan.
    """

    items: Literal["", "tables", "lists", "headings"] = ""
    level: int = 0
    below: tuple[str, ...] = ()
    names: dict[str, str] = {}

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
    try:
        reading = convert(said.value, Reading)
    except ValidationError as error:
        message = f"line {said.line}: {KEY!r} has another form: {error}"
        raise PlanError(message, _HINT) from error
    if lost := next(_lost(document, reading), ""):
        message = f"line {said.line}: {lost}"
        raise PlanError(message, _HINT)
    names = {plain_text(label).casefold(): name for label, name in reading.names.items()}
    return Reading(reading.items, reading.level, tuple(map(title_key, reading.below)), names)


def _lost(document: Document, reading: Reading) -> Iterator[str]:
    """Yield what a reading says that is nowhere in the plan, or means nothing."""
    headings = {title_key(heading.text) for heading in document.headings}
    yield from (f"the plan has no heading {each!r}" for each in reading.below if title_key(each) not in headings)
    body = document.source.raw[document.front_matter[1] if document.front_matter else 0 :].decode().casefold()
    for label, name in reading.names.items():
        if not (field_key(name) or name in _COLUMNS):
            yield f"{name!r} is no field of an item"
        if label.casefold() not in body:
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
