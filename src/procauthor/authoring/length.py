"""How many words a draft has: the whole document, each field and each step, beside what the template allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from procauthor.markdown.parse import parse
from procauthor.naming import count_words
from procauthor.template.spec import SectionSpec, Template


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
