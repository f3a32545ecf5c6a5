"""The typed model that an author fills, made from a template at run time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from procauthor.template.line import block_in, heading_in
from procauthor.template.pattern import Pattern, Slot
from procauthor.template.spec import SectionSpec, Template


def _filled(value: str) -> str:
    """Refuse an empty string; a limit in the JSON schema is not understood by every provider."""
    if not value.strip():
        message = "is empty"
        raise ValueError(message)
    return value.strip()


def _one_line(value: str | None) -> str | None:
    """Refuse what would lose its form: an item, a cell and a heading are one line each."""
    block = block_in(value or "")
    if block:
        message = (
            f"holds {block}, and this place is one line: put commands into inline code, and each point into an item"
        )
        raise ValueError(message)
    return value


def _no_heading(value: str) -> str:
    if heading_in(value):
        message = "holds a heading, and the template alone makes sections: say it in a sentence"
        raise ValueError(message)
    return value


Text = Annotated[str, AfterValidator(_filled), AfterValidator(_one_line)]
Prose = Annotated[str, AfterValidator(_filled), AfterValidator(_no_heading)]
_STRICT = ConfigDict(extra="forbid", protected_namespaces=())


def sections_of_step(template: Template, step: int) -> tuple[SectionSpec, ...]:
    """Return the sections that an authoring step fills; sections of no step belong to step 6."""
    return tuple(s for s in template.sections if s.kind != "group" and (s.constraint.step or 6) == step)


def late_parts(template: Template, step: int) -> tuple[tuple[SectionSpec, SectionSpec], ...]:
    """Return (section, part) of the parts of steps that a later authoring step fills."""
    return tuple(
        (section, part)
        for section in template.sections
        for part in section.parts
        if part.constraint.step == step and step != section.constraint.step
    )


def late_name(section: SectionSpec, part: SectionSpec) -> str:
    """Return the field under which a late part is asked for."""
    return f"{section.name}_{part.name}"


def build_model(template: Template, step: int, references: Sequence[str]) -> type[BaseModel]:
    """Return the model of the fields that one authoring step fills.

    Args:
        template: The schema of the document.
        step: 1 to 6.
        references: The closed list of titles that a reference may take.
    """
    late = [part for _, part in late_parts(template, step)]
    # Most steps refer to nothing, and then all procedures of a template share a model.
    refers = any(map(_refers, [*sections_of_step(template, step), *late]))
    return _build(template, step, tuple(references) if refers else ())


@lru_cache(maxsize=64)
def _build(template: Template, step: int, references: tuple[str, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        spec.name: (_type(spec, references), Field(description=_describe(spec)))
        for spec in sections_of_step(template, step)
    }
    for section, part in late_parts(template, step):
        entry = create_model(
            f"{_camel(section.name)}{_camel(part.name)}",
            __config__=_STRICT,
            step=(int, Field(description="The number of the step, counted from 1.")),
            **{part.name: (_type(part, references), Field(description=_describe(part)))},  # type: ignore[call-overload]
        )
        fields[late_name(section, part)] = (
            list[entry],  # type: ignore[valid-type]
            Field(description=f"{part.heading} for every step of {section.heading}: one entry a step."),
        )
    model: type[BaseModel] = create_model(f"Step{step}Fields", __config__=_STRICT, **fields)
    return model


def build_draft_model(template: Template, references: Sequence[str]) -> type[BaseModel]:
    """Return the model of a whole draft: every section that a person or an agent fills."""
    fields: dict[str, Any] = {
        spec.name: (_type(spec, references, late=True), Field(description=_describe(spec)))
        for spec in template.sections
        if spec.kind != "group"
    }
    model: type[BaseModel] = create_model("DraftFields", __config__=_STRICT, **fields)
    return model


def value_type(spec: SectionSpec, references: Sequence[str], without: Collection[str] = ()) -> Any:
    """Return the type of one value of a section: an item, a row, a step, a text.

    Args:
        spec: The section, or the part of a step.
        references: The closed list of titles.
        without: Fields of a row that are computed.
    """
    if spec.kind == "steps":
        return _step(spec, references, late=True)
    if spec.kind == "table":
        patterns = [c.pattern for c in spec.columns if not {s.name for s in c.pattern.slots} & set(without)]
        return _item(spec.name, patterns, references)
    if spec.pattern is None or spec.pattern.single:
        return _text(spec)
    return _item(spec.name, [spec.pattern], references)


def _text(spec: SectionSpec) -> Any:
    """Return the type of a text: only prose that has its own lines keeps blocks."""
    return Prose if spec.kind == "prose" and not spec.labelled else Text


def _describe(spec: SectionSpec) -> str:
    hints = [slot.hint for slot in _slots(spec) if slot.hint]
    return " ".join(filter(None, [spec.guidance, *hints])) or spec.heading


def _refers(spec: SectionSpec) -> bool:
    slots = (*_slots(spec), *(spec.step_heading.slots if spec.step_heading else ()))
    return any(slot.reference for slot in slots) or any(map(_refers, spec.parts))


def _slots(spec: SectionSpec) -> Iterable[Slot]:
    if spec.pattern:
        yield from spec.pattern.slots
    for column in spec.columns:
        yield from column.pattern.slots


def _type(spec: SectionSpec, references: Sequence[str], *, late: bool = False) -> Any:
    if spec.kind == "prose":
        pattern = spec.pattern
        if pattern is None or pattern.single:
            return _text(spec)
        return _item(spec.name, [pattern], references)
    item: Any
    if spec.kind == "steps":
        item = _step(spec, references, late=late)
    elif spec.kind == "table":
        item = _item(spec.name, [column.pattern for column in spec.columns], references)
    else:
        assert spec.pattern is not None
        item = Text if spec.pattern.single else _item(spec.name, [spec.pattern], references)
    least, most = spec.constraint.minimum or None, spec.constraint.maximum or None
    return Annotated[list[item], Field(min_length=least, max_length=most)]


def _step(spec: SectionSpec, references: Sequence[str], *, late: bool) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for slot in spec.step_heading.slots if spec.step_heading else ():
        if slot.name != "number":
            fields[slot.name] = (Text, Field(description=slot.hint or f"The {slot.name} of the step."))
    for part in spec.parts:
        own = part.constraint.step in (0, spec.constraint.step)
        if own or late:
            fields[part.name] = (_type(part, references), Field(description=_describe(part)))
    model: type[BaseModel] = create_model(_camel(spec.name) + "Step", __config__=_STRICT, **fields)
    return model


def _item(name: str, patterns: Iterable[Pattern], references: Sequence[str]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for pattern in patterns:
        for slot in pattern.slots:
            fields[slot.name] = _slot_field(slot, references)
    model: type[BaseModel] = create_model(_camel(name) + "Item", __config__=_STRICT, **fields)
    return model


def _slot_field(slot: Slot, references: Sequence[str]) -> tuple[Any, Any]:
    kind: Any = Text
    description = slot.hint or slot.name.replace("_", " ")
    if slot.reference:
        description = f"{description}: one of the known titles"
        kind = Literal[tuple(references)] if references else None
        if not references or slot.optional:
            return (kind | None if references else None), Field(default=None, description=description)
        return kind, Field(description=description)
    if slot.optional:
        return Annotated[str | None, AfterValidator(_one_line)], Field(default=None, description=description)
    return kind, Field(description=description)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
