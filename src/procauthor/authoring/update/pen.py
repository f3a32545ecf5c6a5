"""What all edits share: the document, the form of a neighbour, conventions, and the replacements that come together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from procauthor.authoring.update.operation import NewMember, OperationError
from procauthor.authoring.update.outline import MARKER, EditContainer, EditOutline
from procauthor.errors import FrontMatterError
from procauthor.markdown.document import Replacement, line_start
from procauthor.markdown.front import Put, edit_front_matter
from procauthor.regex import lazy
from procauthor.template.render import Cleaner, render_pattern
from procauthor.template.spec import SectionSpec


class Pen:
    """Collects replacements of spans. Text is given with line feeds; it is written with the document's line ending."""

    def __init__(self, outline: EditOutline, links: Mapping[str, str], statuses: Mapping[str, str]) -> None:
        self.outline = outline
        self.document = outline.document
        self.raw = outline.document.source.raw
        self.statuses = statuses
        self.clean = Cleaner(links)
        self.replacements: list[Replacement] = []
        self.notes: list[str] = []
        self._newline = outline.document.source.newline

    def write(self, start: int, end: int, text: str) -> None:
        """Replace a span; what is the same already is left alone."""
        content = text.replace("\n", self._newline)
        if self.raw[start:end] != content.encode():
            self.replacements.append(Replacement(start, end, content))

    def cut(self, start: int, end: int) -> None:
        """Remove a span."""
        self.write(start, end, "")

    def insert(self, entry: NewMember, start: int, end: int, text: str, gap: str) -> None:
        """Write a new member before or behind the one that it is next to, which begins and ends there."""
        at, words = (start, text + gap) if entry.before else (end, gap + text)
        self.write(at, at, words)

    def sign(self, place: EditContainer) -> re.Match[bytes] | None:
        """Return how the first item of a list begins; None where a place is no list, or an empty one."""
        if place.kind != "list" or place.block is None or not place.block.items:
            return None
        return MARKER.match(self.raw, line_start(self.raw, place.block.items[0].start))

    def bullet(self, *, ordered: bool) -> str:
        """Return the sign that the lists of the document use; of ordered ones that behind the numbers."""
        marks = (match for match in map(self.sign, self.outline.places.values()) if match)
        signs = (match["bullet"].decode()[-1] for match in marks if bool(match["number"]) == ordered)
        return next(signs, "." if ordered else "-")


def item_words(clean: Cleaner, spec: SectionSpec | None, value: Any) -> str:
    """Return the words of a list item."""
    if spec is None or spec.pattern is None:
        text = clean.item(_plain(value))
    else:
        text = render_pattern(spec.pattern, value, clean)
    if not text:
        message = "an item is empty"
        raise OperationError(message, "give each value its words")
    return text


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        message = f"a value is {type(value).__name__}, and words are wanted"
        raise OperationError(message, "the template does not know this place: its values are plain text")
    return value


def paragraphs(clean: Cleaner, value: Any) -> str:
    """Return prose that is safe at the top of a section; its first line cannot be taken for a label."""
    text = clean.prose(_plain(value))
    if not text:
        message = "a paragraph is empty"
        raise OperationError(message, "give each value its words")
    return re.sub(r"\n{3,}", "\n\n", text)


# Numbers and dates stay as they are; other text is quoted where YAML would read it as something else.
_BARE = lazy(r"\d+(?:[.-]\d+)*")


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
