"""What all edits share: the document, its conventions, and the replacements that come together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from procauthor.authoring.update.line import MARKER, line_start
from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.outline import EditContainer, Outline
from procauthor.markdown.document import Replacement
from procauthor.template.render import Cleaner, render_pattern
from procauthor.template.spec import SectionSpec


class Pen:
    """Collects replacements of spans. Text is given with line feeds; it is written with the document's line ending."""

    def __init__(self, outline: Outline, links: Mapping[str, str], statuses: Mapping[str, str]) -> None:
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
        """Remove a span. Where it was the end of a file that ends with a line ending, the file still does."""
        self.write(start, end, "")

    def newline_before(self, offset: int) -> str:
        """Return what must stand before text that begins a line at an offset."""
        return "" if offset == 0 or self.raw[offset - 1 : offset] == b"\n" else "\n"

    def item_text(self, place: EditContainer, value: Any) -> str:
        """Return the words of a list item, without its marker; blocks below it are indented by `HANGING`."""
        return item_words(self.clean, place.spec, value)

    def bullet(self, *, ordered: bool) -> tuple[str, str]:
        """Return the sign that the lists of the document use, and the sign behind numbers."""
        for place in self.outline.places.values():
            if place.kind != "list" or place.block is None or not place.block.items:
                continue
            first = place.block.items[0]
            match = MARKER.match(self.raw, line_start(self.raw, first.start))
            if match and bool(match["number"]) == ordered:
                sign = match["bullet"].decode()
                return ("1", sign[-1]) if ordered else (sign, "")
        return ("1", ".") if ordered else ("-", "")


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
    """Return prose that is safe to stand at the top of a section; its first line cannot be taken for a label."""
    text = clean.prose(_plain(value))
    if not text:
        message = "a paragraph is empty"
        raise OperationError(message, "give each value its words")
    return re.sub(r"\n{3,}", "\n\n", text)
