"""Edits of metadata values."""

from __future__ import annotations

import re

from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.pen import Pen
from procauthor.errors import FrontMatterError
from procauthor.markdown.front_edit import Put, edit_front_matter

# Numbers and dates stay as they are; other text is quoted where YAML would read it as something else.
_BARE = re.compile(r"\d+(?:[.-]\d+)*")


def edit_field(pen: Pen, name: str, value: object) -> None:
    """Replace the value of a field; its key, its place and a comment behind it stay.

    Raises:
        OperationError: The value is no single line of text, or cannot be written safely.
    """
    target = pen.outline.targets[name]
    if not isinstance(value, str) or not value.strip() or len(value.splitlines()) > 1:
        message = f"the value of {name!r} is one line of text"
        raise OperationError(message, target=name)
    if pen.document.front_matter is None:
        inner = pen.raw[target.start : target.end].strip()
        start = target.start + pen.raw[target.start : target.end].find(inner)
        pen.write(start, start + len(inner), pen.clean.inline(value))
        return
    text = " ".join(value.split())
    edit = Put(name.removeprefix("M."), text, bare=bool(_BARE.fullmatch(text)))
    try:
        replacements = edit_front_matter(pen.document, pen.document.title or "the document", [edit])
    except FrontMatterError as error:
        raise OperationError(error.message, error.hint, target=name) from error
    for each in replacements:
        pen.write(each.start, each.end, each.text)
