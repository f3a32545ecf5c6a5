"""The form of a step, taken from a neighbour: its heading, labels, bullets and spacing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from procauthor.authoring.update.line import MARKER, line_start
from procauthor.authoring.update.operation import OperationError
from procauthor.authoring.update.outline import EditContainer
from procauthor.authoring.update.pen import Pen, item_words
from procauthor.markdown.document import Section
from procauthor.template.key import identifier, section_key
from procauthor.template.render import is_left_out, render_pattern
from procauthor.template.spec import SectionSpec

_LABEL = re.compile(r"[ \t]*\*\*(?P<label>[^*\n]+?)(?::\*\*|\*\*[ \t]*:)")
_HEAD = re.compile(
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
        found = self.signs.get(part.name)
        if found:
            ordered = bool(found["number"])
            bullet = found["bullet"].decode()
            sign, behind = ("1", bullet[-1]) if ordered else (bullet, "")
            indent, gap = found["indent"].decode(), found["gap"].decode() or " "
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
    """Say whether a list stands right below its label."""
    return place.kind == "list" and pen.raw[place.anchor : place.start].count(b"\n") == 1
