"""Edits of metadata values."""

from __future__ import annotations

import re

import yaml

from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.pen import Pen

# Numbers and dates stand as they are; other text is quoted where YAML would read it as something else.
_BARE = re.compile(r"\d+(?:[.-]\d+)*")
_COMMENT = re.compile(rb"[^'\"\[{]*?([ \t]+#.*)$")


def edit_field(pen: Pen, name: str, value: object) -> None:
    """Replace the value of a field; its key, its place and a comment behind it stay."""
    target = pen.outline.targets[name]
    if not isinstance(value, str) or not value.strip() or len(value.splitlines()) > 1:
        message = f"the value of {name!r} is one line of text"
        raise OperationError(message, target=name)
    raw = pen.raw[target.start : target.end]
    inner = raw.strip()
    start = target.start + raw.find(inner)
    if pen.document.front_matter is None:
        pen.write(start, start + len(inner), pen.clean.inline(value))
        return
    text = " ".join(value.split())
    shown = text if _BARE.fullmatch(text) else yaml.safe_dump(text, allow_unicode=True, width=10_000)
    shown = shown.removesuffix("\n").removesuffix("\n...")
    comment = _COMMENT.match(inner)
    end = start + (comment.start(1) if comment else len(inner))
    pen.write(start, end, shown if raw[:1].isspace() else f" {shown}")
