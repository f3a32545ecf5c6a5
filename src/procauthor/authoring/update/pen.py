"""What all edits share: the document, the form of a neighbour, conventions, and the replacements that come together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.outline import MARKER, EditContainer, Outline
from procauthor.errors import FrontMatterError
from procauthor.markdown.document import Replacement, Section, line_start
from procauthor.markdown.front_edit import Put, edit_front_matter
from procauthor.regex import lazy
from procauthor.template.render import Cleaner, FieldWriter, is_left_out, render_pattern
from procauthor.template.spec import Column, SectionSpec, identifier, section_key


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

    def sign(self, place: EditContainer) -> re.Match[bytes] | None:
        """Return how the first item of a list begins; None where a place is no list, or an empty one."""
        if place.kind != "list" or place.block is None or not place.block.items:
            return None
        return MARKER.match(self.raw, line_start(self.raw, place.block.items[0].start))

    def bullet(self, *, ordered: bool) -> tuple[str, str]:
        """Return the sign that the lists of the document use, and the sign behind numbers."""
        for match in filter(None, map(self.sign, self.outline.places.values())):
            if bool(match["number"]) == ordered:
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


_LABEL = lazy(r"[ \t]*\*\*(?P<label>[^*\n]+?)(?::\*\*|\*\*[ \t]*:)")
_HEAD = lazy(
    r"(?P<head>[^\n]*?(?:step|phase)[ \t]*)\d+(?P<sep>[ \t]*[:.)\-–—]?[ \t]*)"
    r"(?P<name>[^\n]*?)(?P<tail>(?:[ \t]+#+)?[ \t]*)(?=\n|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StepForm:
    """The form of a step: its heading, what is below that, and the labels and signs of its parts, by their names."""

    heading: str = ""
    gap: str = "\n\n"
    labels: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, re.Match[bytes]] = field(default_factory=dict)
    tight: frozenset[str] = frozenset()


class Mold(FieldWriter):
    """Writes steps that look like the one whose form it has, or like the template's example.

    Args:
        pen: What all edits share.
        form: The form of a step.
    """

    def __init__(self, pen: Pen, form: StepForm) -> None:
        super().__init__(pen.clean)
        self.pen = pen
        self.form = form

    def whole_step(self, spec: SectionSpec, value: Mapping[str, Any], number: int) -> str:
        """Return a step of a workflow, without a line ending at its end."""
        parts = [text for part in spec.parts if (text := self.part(part, value.get(part.name)))]
        return self.title(spec, value, number) + self.form.gap + "\n\n".join(parts)

    def title(self, spec: SectionSpec, value: Mapping[str, Any], number: int) -> str:
        """Return the heading of the step."""
        pattern, heading = spec.step_heading, self.form.heading
        assert pattern is not None
        names = [self.clean.inline(value.get(s.name, "")) for s in pattern.slots if s.name != "number"]
        name = " ".join(filter(None, names))
        if not name:
            message = "a step has no name"
            raise OperationError(message, "name it in a few words")
        match = _HEAD.match(heading)
        if match:
            return f"{match['head']}{number}{match['sep'] or ' '}{name}{match['tail']}{heading[match.end() :]}"
        words = render_pattern(pattern, {**value, "number": str(number)}, self.clean, whole=False)
        return "#" * spec.step_level + " " + words

    def part(self, part: SectionSpec, value: Any) -> str:
        """Return a part with its label; an empty one says the template's word for "none", or is left out."""
        if is_left_out(part, value):
            return ""
        default = f"**{part.heading}:**" if part.labelled else "#" * part.level + f" {part.heading}"
        label = self.form.labels.get(part.name, default)
        if part.labelled and part.kind == "prose":
            text = self.words(part, value or "")
            return f"{label} {text}" if text else ""
        body = self.body(part, value)
        return label + ("\n" if part.name in self.form.tight else "\n\n") + body if body else ""

    def marker(self, spec: SectionSpec, number: int) -> tuple[str, str]:
        """Return what is in front of an item: as in the form, else as in the other lists of the document."""
        ordered = spec.kind == "numbered"
        box = "[ ] " if spec.kind == "checklist" else ""
        present = self.form.signs.get(spec.name)
        if present is None:
            sign, behind = self.pen.bullet(ordered=ordered)
            return f"{number if ordered else sign}{behind} ", box
        bullet = present["bullet"].decode()
        sign = f"{number}{bullet[-1]}" if present["number"] else bullet
        return f"{present['indent'].decode()}{sign}{present['gap'].decode() or ' '}", box

    def item(self, spec: SectionSpec, value: Any) -> str:
        """Return the words of an item, which has some."""
        return item_words(self.clean, spec, value)

    def table(self, spec: SectionSpec, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the lines of a table; numbers and statuses are worked out."""
        numbered = ({"order": str(n), "number": str(n), "status": self._status(row)} for n, row in enumerate(rows, 1))
        yield from super().table(spec, [{**own, **row} for own, row in zip(numbered, rows, strict=True)])

    def cell(self, column: Column, row: Mapping[str, Any]) -> str:
        """Return a cell of a row, with a dash where it is empty."""
        return super().cell(column, row) or "-"

    def _status(self, row: Mapping[str, Any]) -> str:
        """Return the status of the document that a row refers to."""
        return next((self.pen.statuses[v] for v in row.values() if v in self.pen.statuses), "Missing")


def read_form(pen: Pen, step: str) -> StepForm:
    """Return the form of a step by its id."""
    section = pen.outline.sections[step]
    source = pen.document.source
    heading = source.slice(section.start, section.body).rstrip("\n")
    first = section.blocks[0].start if section.blocks else section.body
    gap = "\n" * max(1, source.slice(section.body - 1, first).count("\n"))
    places = {p.id.partition(f"{step}.")[2]: p for p in pen.outline.places.values() if p.section == step}
    signs = {name: match for name, place in places.items() if (match := pen.sign(place))}
    tight = (name for name, p in places.items() if p.kind == "list" and pen.raw[p.anchor : p.start].count(b"\n") == 1)
    return StepForm(heading, gap, dict(_labels(pen, section)), signs, frozenset(tight))


def _labels(pen: Pen, section: Section) -> Iterator[tuple[str, str]]:
    for block in section.blocks:
        match = _LABEL.match(pen.document.source.slice(block.start, block.end)) if block.kind == "paragraph" else None
        if match:
            yield identifier(section_key(match["label"]), "part"), match[0].strip()
