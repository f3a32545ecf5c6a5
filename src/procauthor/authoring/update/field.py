"""Edits of metadata values."""

from __future__ import annotations

import re

from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.pen import Pen
from procauthor.markdown.front_edit import Put, edit_front_matter

# Numbers and dates stay as they are; other text is quoted where YAML would read it as something else.
_BARE = re.compile(r"\d+(?:[.-]\d+)*")


def edit_field(pen: Pen, name: str, value: object) -> None:
    """Replace the value of a field; its key, its place and a comment behind it stay.

    Raises:
        OperationError: The value is no single line of text.
        FrontMatterError: The front matter cannot be changed safely.
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
    for each in edit_front_matter(pen.document, pen.document.title or "the document", [edit]):
        pen.write(each.start, each.end, each.text)
