"""What all edits share: the document, the form of a neighbour, conventions, and the replacements that come together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.outline import MARKER, EditContainer, Outline
from procauthor.errors import FrontMatterError
from procauthor.markdown.document import Replacement, Section, line_start
from procauthor.markdown.front_edit import Put, edit_front_matter
from procauthor.regex import lazy
from procauthor.template.render import Cleaner, is_left_out, render_pattern
from procauthor.template.spec import SectionSpec, identifier, section_key


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


@dataclass(frozen=True)
class Mold:
    """Writes steps that look like the one it was taken from, or like the template's example."""

    pen: Pen
    spec: SectionSpec
    heading: str = ""
    gap: str = "\n\n"
    labels: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, re.Match[bytes]] = field(default_factory=dict)
    tight: frozenset[str] = frozenset()

    def step(self, value: Mapping[str, Any], number: int) -> str:
        """Return the whole step, without a line ending at its end."""
        parts = [text for part in self.spec.parts if (text := self.part(part, value.get(part.name)))]
        return self.title(value, number) + self.gap + "\n\n".join(parts)

    def title(self, value: Mapping[str, Any], number: int) -> str:
        """Return the heading of the step."""
        pattern = self.spec.step_heading
        assert pattern is not None
        clean = self.pen.clean
        names = [clean.inline(value.get(s.name, "")) for s in pattern.slots if s.name != "number"]
        name = " ".join(filter(None, names))
        if not name:
            message = "a step has no name"
            raise OperationError(message, "name it in a few words")
        match = _HEAD.match(self.heading)
        if match:
            return f"{match['head']}{number}{match['sep'] or ' '}{name}{match['tail']}{self.heading[match.end() :]}"
        words = render_pattern(pattern, {**value, "number": str(number)}, clean, whole=False)
        return "#" * self.spec.step_level + " " + words

    def part(self, part: SectionSpec, value: Any) -> str:
        """Return a part with its label; an empty one says the template's word for "none", or is left out."""
        default = f"**{part.heading}:**" if part.labelled else "#" * part.level + f" {part.heading}"
        label = self.labels.get(part.name, default)
        if is_left_out(part, value):
            return ""
        if part.kind == "prose":
            pattern = part.pattern if part.pattern and not part.pattern.single else None
            clean = self.pen.clean
            text = render_pattern(pattern, value or {}, clean) if pattern else clean.inline(value or "")
            return f"{label} {text}" if text else ""
        lines = list(self.table(part, value or ())) if part.kind == "table" else list(self.items(part, value or ()))
        lines = lines or ([part.constraint.none] if part.constraint.none else [])
        between = "\n" if part.name in self.tight else "\n\n"
        return label + between + "\n".join(lines) if lines else ""

    def items(self, part: SectionSpec, values: Any) -> Iterator[str]:
        """Yield the items of a part."""
        ordered = part.kind == "numbered"
        sign, behind = self.pen.bullet(ordered=ordered)
        indent, gap, box = "", " ", "[ ] " if part.kind == "checklist" else ""
        present = self.signs.get(part.name)
        if present:
            ordered = bool(present["number"])
            bullet = present["bullet"].decode()
            sign, behind = ("1", bullet[-1]) if ordered else (bullet, "")
            indent, gap = present["indent"].decode(), present["gap"].decode() or " "
        for number, value in enumerate(values, start=1):
            mark = f"{number}{behind}" if ordered else sign
            yield f"{indent}{mark}{gap}{box}{item_words(self.pen.clean, part, value)}"

    def table(self, part: SectionSpec, values: Any) -> Iterator[str]:
        """Yield the lines of a table."""
        yield "| " + " | ".join(c.header for c in part.columns) + " |"
        yield "|" + "---|" * len(part.columns)
        for number, value in enumerate(values, start=1):
            fields = {"order": str(number), "number": str(number), "status": self.status(value), **value}
            cells = [render_pattern(c.pattern, fields, self.pen.clean, cell=True, whole=False) for c in part.columns]
            yield "| " + " | ".join(cell or "-" for cell in cells) + " |"

    def status(self, value: Mapping[str, Any]) -> str:
        """Return the status of the document that a row refers to."""
        return next((self.pen.statuses[v] for v in value.values() if v in self.pen.statuses), "Missing")


def read_mold(pen: Pen, step: str | None, spec: SectionSpec) -> Mold:
    """Return the form of a step by its id; without one, that of the template."""
    if step is None:
        return Mold(pen, spec)
    section = pen.outline.sections[step]
    source = pen.document.source
    heading = source.slice(section.start, section.body).rstrip("\n")
    first = section.blocks[0].start if section.blocks else section.body
    gap = "\n" * max(1, source.slice(section.body - 1, first).count("\n"))
    labels = dict(_labels(pen, section))
    places = {p.id.partition(f"{step}.")[2]: p for p in pen.outline.places.values() if p.section == step}
    signs = {name: match for name, place in places.items() if (match := _sign(pen, place))}
    tight = frozenset(name for name, place in places.items() if _is_tight(pen, place))
    return Mold(pen, spec, heading, gap, labels, signs, tight)


def _labels(pen: Pen, section: Section) -> Iterator[tuple[str, str]]:
    for block in section.blocks:
        match = _LABEL.match(pen.document.source.slice(block.start, block.end)) if block.kind == "paragraph" else None
        if match:
            yield identifier(section_key(match["label"]), "part"), match[0].strip()


def _sign(pen: Pen, place: EditContainer) -> re.Match[bytes] | None:
    if place.kind != "list" or place.block is None or not place.block.items:
        return None
    return MARKER.match(pen.raw, line_start(pen.raw, place.block.items[0].start))


def _is_tight(pen: Pen, place: EditContainer) -> bool:
    """Say whether a list is right below its label."""
    return place.kind == "list" and pen.raw[place.anchor : place.start].count(b"\n") == 1
