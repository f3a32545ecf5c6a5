"""How long a draft is: words of the fields and of each step, as its author handed them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procauthor.template.spec import Template


def count_words(fields: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """Return ``total``, the words of each field by name, and those of each step in order.

    Words are what white space divides. Headings, labels and links that the program adds are not counted.
    """
    by_field = {spec.name: _words(fields[spec.name]) for spec in template.sections if spec.name in fields}
    steps = [
        _words(step)
        for spec in template.sections
        if spec.kind == "steps" and isinstance(fields.get(spec.name), list)
        for step in fields[spec.name]
    ]
    return {"total": sum(by_field.values()), "fields": by_field, "steps": steps}


def _words(value: Any) -> int:
    if isinstance(value, str):
        return len(value.split())
    if isinstance(value, Mapping):
        return sum(map(_words, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_words, value))
    return 0
