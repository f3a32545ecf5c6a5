"""Typed fields to Markdown, in the form of the template. Values are made safe for their place by `Cleaner`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from procauthor.template.clean import Cleaner, hang
from procauthor.template.piece import render_pattern
from procauthor.template.spec import SectionSpec, Template


def render(
    template: Template, title: str, fields: Mapping[str, Any], links: Mapping[str, str], *, whole: bool = False
) -> str:
    """Render the body of a document: its title and all sections.

    Args:
        template: The schema.
        title: The heading of level 1; without one there is none.
        fields: Values by field name, as the template's model holds them. What is missing is empty, so that a draft
            that is filled in part can be shown; what may be left out is left out then.
        links: Known titles and the relative path of each; an empty path marks a title that is only announced.
        whole: Whether optional sections that nothing is said in have their heading too.
    """
    writer = _FieldWriter(Cleaner(links), whole=whole)
    blocks = [f"# {writer.clean.inline(title)}"] if title else []
    for spec in template.sections:
        blocks += writer.section(spec, fields.get(spec.name))
    return "\n\n".join(block for block in blocks if block) + "\n"


def is_left_out(spec: SectionSpec, value: Any) -> bool:
    """Say whether an optional section or part does not stand in the document, because nothing is said there."""
    if not spec.constraint.optional or spec.kind == "group":
        return False
    if isinstance(value, Mapping):
        return not any(value.values())
    return value is None or value == "" or (not value and not spec.constraint.none)


class _FieldWriter:
    """Writes sections, each as blocks that have an empty line between them."""

    def __init__(self, clean: Cleaner, *, whole: bool) -> None:
        self.clean = clean
        self.whole = whole

    def section(self, spec: SectionSpec, value: Any) -> Iterator[str]:
        if is_left_out(spec, value) and not self.whole:
            return
        yield "#" * spec.level + " " + spec.heading
        if spec.kind == "steps":
            for number, step in enumerate(value or (), start=1):
                yield from self.step(spec, number, step)
        elif spec.kind != "group":
            yield self.body(spec, value)

    def step(self, spec: SectionSpec, number: int, step: Mapping[str, Any]) -> Iterator[str]:
        assert spec.step_heading is not None
        named = {**step, "number": str(number)}
        yield "#" * spec.step_level + " " + render_pattern(spec.step_heading, named, self.clean, whole=False)
        for part in spec.parts:
            value = step.get(part.name)
            if is_left_out(part, value):
                continue
            if part.labelled and part.kind == "prose":
                yield f"**{part.heading}:** {self.words(part, value)}".rstrip()
                continue
            yield f"**{part.heading}:**" if part.labelled else "#" * part.level + " " + part.heading
            yield self.body(part, value)

    def body(self, spec: SectionSpec, value: Any) -> str:
        match spec.kind:
            case "prose":
                single = spec.pattern is None or spec.pattern.single
                return self.clean.prose(value) if single else self.words(spec, value)
            case "table":
                return "\n".join(self.table(spec, value or ()))
            case "card":
                return "\n".join(self.card(spec, value or {}))
            case _:
                return self.items(spec, value or ())

    def words(self, spec: SectionSpec, value: Any) -> str:
        """Return what stands in one line: a text, or the fields of the example."""
        if spec.pattern is None or spec.pattern.single:
            return self.clean.inline(value)
        return render_pattern(spec.pattern, value, self.clean) if value else ""

    def items(self, spec: SectionSpec, values: Sequence[Any]) -> str:
        assert spec.pattern is not None
        text = ""
        for number, value in enumerate(values, start=1):
            marker, box = {"checklist": ("- ", "[ ] "), "numbered": (f"{number}. ", "")}.get(spec.kind, ("- ", ""))
            item = marker + box + hang(render_pattern(spec.pattern, value, self.clean), len(marker))
            # Blocks have an empty line below them, as they have one above.
            ending = "\n\n" if "\n" in item else "\n"
            text += item + (ending if number < len(values) else "")
        return text or spec.constraint.none

    def table(self, spec: SectionSpec, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        yield "| " + " | ".join(column.header for column in spec.columns) + " |"
        yield "|" + "---|" * len(spec.columns)
        for row in rows:
            cells = (render_pattern(c.pattern, row, self.clean, cell=True, whole=False) for c in spec.columns)
            yield "| " + " | ".join(cells) + " |"

    def card(self, spec: SectionSpec, value: Mapping[str, Any]) -> Iterator[str]:
        for column in spec.columns:
            words = render_pattern(column.pattern, value, self.clean, whole=False)
            if words:
                yield f"- **{column.header}:** {words}"
