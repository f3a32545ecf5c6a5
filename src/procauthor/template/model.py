"""The typed model that an author fills, made from a template at run time."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from procauthor.data import grouped, ungrouped
from procauthor.regex import lazy
from procauthor.template.spec import (
    Pattern,
    SectionSpec,
    Slot,
    Template,
    block_in,
    heading_in,
    quotes_as_code,
    refuse_blocks,
)


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
_LAST_WORDS = lazy(r"(?:^|(?<=[;,(]))\s*([^\W\d_]+(?: [^\W\d_]+)*):?\s+$")
_SIGN = lazy(r"[:;,.]")
_ENDS = " .:;,"
_STRICT = ConfigDict(extra="forbid", protected_namespaces=())


_STEPS = range(1, 7)


def sections_of_step(template: Template, step: int) -> tuple[SectionSpec, ...]:
    """Return the sections that an authoring step fills; sections of no step belong to step 6."""
    return tuple(s for s in template.sections if s.kind != "group" and (s.constraint.step or 6) == step)


def late_parts(template: Template, step: int | None = None) -> tuple[tuple[SectionSpec, SectionSpec], ...]:
    """Return (section, part) of the parts of steps that a later authoring step fills: this one, or any, in order."""
    parts = ungrouped((section, section.parts) for section in template.sections)
    late = [(s, part) for s, part in parts if part.constraint.step not in (0, s.constraint.step)]
    chosen = late if step is None else [pair for pair in late if pair[1].constraint.step == step]
    return tuple(sorted(chosen, key=lambda pair: pair[1].constraint.step))


def late_name(section: SectionSpec, part: SectionSpec) -> str:
    """Return the field under which a late part is asked for."""
    return f"{section.name}_{part.name}"


def late_entries(template: Template, step: int) -> tuple[SectionSpec, ...]:
    """Return the sections that get further entries with the steps: inputs that turn out to be needed there."""
    workflow = template.of_role("workflow")
    if workflow is None or workflow.constraint.step != step:
        return ()
    return tuple(
        s
        for s in template.sections
        if s.role == "inputs" and s.counted and s.kind != "steps" and s.constraint.step < step
    )


def entries_name(section: SectionSpec) -> str:
    """Return the field under which further entries are asked for."""
    return f"{section.name}_more"


def fields_of_step(template: Template, step: int) -> frozenset[str]:
    """Return the names of the fields that an author fills in one step."""
    own = {spec.name for spec in sections_of_step(template, step)}
    return frozenset(own | {late_name(*pair) for pair in late_parts(template, step)})


def step_by_field(template: Template) -> dict[str, int]:
    """Return the step that fills each field."""
    steps = ungrouped((step, fields_of_step(template, step)) for step in _STEPS)
    return {name: step for step, name in steps}


def merge_late(template: Template, written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with what a later step wrote put into its place: parts of steps, and further entries."""
    fields = dict(written)
    for step in _STEPS:
        for section in late_entries(template, step):
            more = fields.pop(entries_name(section), None)
            if more:
                fields[section.name] = [*fields.get(section.name, ()), *more]
        for section, part in late_parts(template, step):
            entries = {entry["step"]: entry[part.name] for entry in fields.pop(late_name(section, part), [])}
            rows = fields.get(section.name)
            if rows and entries:
                fields[section.name] = [
                    {**row, part.name: entries[n]} if n in entries else row for n, row in enumerate(rows, start=1)
                ]
    return fields


def split_late(template: Template, fields: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Return whole fields as each step writes them, the reverse of `merge_late`: late parts are by themselves."""
    whole = json.loads(json.dumps(dict(fields)))
    for section, part in late_parts(template):
        if section.name in whole:
            rows = enumerate(whole[section.name] or [], start=1)
            entries = ((number, row.pop(part.name, None)) for number, row in rows)
            whole[late_name(section, part)] = [
                {"step": number, part.name: value} for number, value in entries if value is not None
            ]
    steps = step_by_field(template)
    return {
        step: dict(pairs) for step, pairs in grouped((steps[n], (n, v)) for n, v in whole.items() if n in steps).items()
    }


def build_model(template: Template, step: int, references: Sequence[str]) -> type[BaseModel]:
    """Return the model of the fields that one authoring step fills.

    Args:
        template: The schema of the document.
        step: 1 to 6.
        references: The closed list of titles that a reference may take.
    """
    late = [*(part for _, part in late_parts(template, step)), *late_entries(template, step)]
    # Most steps refer to nothing, and then all procedures of a template share a model.
    listed = any(map(refers, [*sections_of_step(template, step), *late]))
    return _build(template, step, tuple(references) if listed else ())


@lru_cache(maxsize=64)
def _build(template: Template, step: int, references: tuple[str, ...]) -> type[BaseModel]:
    shape = _ValueTypes(references)
    own = sections_of_step(template, step)
    fields: dict[str, Any] = {}
    # In the order of the page, so that it is written as a reader reads it.
    for spec in template.sections:
        fields |= {spec.name: shape.field(spec)} if spec in own else {}
        fields |= {late_name(*pair): shape.late_field(*pair) for pair in late_parts(template, step) if pair[0] == spec}
    fields |= {entries_name(section): shape.more_field(section) for section in late_entries(template, step)}
    model: type[BaseModel] = create_model(f"Step{step}Fields", __config__=_STRICT, **fields)
    return model


def build_draft_model(template: Template, references: Sequence[str], *, bounded: bool = True) -> type[BaseModel]:
    """Return the model of a whole draft: every section that a person or an agent fills.

    Args:
        template: The schema of the document.
        references: The closed list of titles that a reference may take.
        bounded: Whether the greatest numbers of the template count; a document that is there may hold more.
    """
    shape = _ValueTypes(references, late=True, bounded=bounded)
    fields: dict[str, Any] = {spec.name: shape.field(spec) for spec in template.sections if spec.kind != "group"}
    model: type[BaseModel] = create_model("DraftFields", __config__=_STRICT, **fields)
    return model


def value_type(spec: SectionSpec, references: Sequence[str], without: Collection[str] = ()) -> Any:
    """Return the type of one value of a section: an item, a row, a step, a text.

    Args:
        spec: The section, or the part of a step.
        references: The closed list of titles.
        without: Fields of a row that are computed.
    """
    shape = _ValueTypes(references, late=True)
    if spec.kind == "steps":
        return shape.step(spec)
    if spec.kind == "table":
        patterns = [c.pattern for c in spec.columns if not {s.name for s in c.pattern.slots} & set(without)]
        return shape.item(spec.name, patterns)
    return shape.value(spec)


def _text(spec: SectionSpec) -> Any:
    """Return the type of a text: prose that has its own lines keeps blocks, an item those that its template allows."""
    if spec.kind == "prose" and not spec.labelled:
        return Prose
    if not spec.constraint.blocks:
        return Text
    allowed = spec.constraint.blocks
    quotes = AfterValidator(quotes_as_code if "code" in allowed else str)
    return Annotated[str, AfterValidator(_filled), quotes, AfterValidator(partial(refuse_blocks, allowed=allowed))]


def _describe(spec: SectionSpec) -> str:
    hints = [slot.hint for slot in _slots(spec) if slot.hint]
    return " ".join(filter(None, [spec.guidance, *hints])) or spec.heading


def refers(spec: SectionSpec) -> bool:
    """Say whether a section, or a part of its steps, refers to procedures."""
    slots = (*_slots(spec), *(spec.step_heading.slots if spec.step_heading else ()))
    return any(slot.reference for slot in slots) or any(map(refers, spec.parts))


def _slots(spec: SectionSpec) -> Iterable[Slot]:
    if spec.pattern:
        yield from spec.pattern.slots
    for column in spec.columns:
        yield from column.pattern.slots


class _ValueTypes:
    """Makes the types of values.

    Args:
        references: The closed list of titles.
        late: Whether steps have the parts that a later authoring step fills.
        bounded: Whether the greatest numbers of the template count.
    """

    def __init__(self, references: Sequence[str], *, late: bool = False, bounded: bool = True) -> None:
        self.references = references
        self.late = late
        self.bounded = bounded

    def field(self, spec: SectionSpec) -> tuple[Any, Any]:
        """Return the type of a section, or of a part of a step, as a field of a model."""
        kind = self.kind(spec)
        if spec.constraint.optional:
            return kind | None, Field(default=None, description=_describe(spec))
        return kind, Field(description=_describe(spec))

    def late_field(self, section: SectionSpec, part: SectionSpec) -> tuple[Any, Any]:
        """Return the type of a part of all steps together."""
        entry = create_model(
            f"{_camel(section.name)}{_camel(part.name)}",
            __config__=_STRICT,
            step=(int, Field(description="The number of the step, counted from 1.")),
            **{part.name: (self.kind(part), Field(description=_describe(part)))},  # type: ignore[call-overload]
        )
        whom = "each step that has any" if part.constraint.optional else "every step"
        note = f"{part.heading} of {section.heading}: one entry for {whom}."
        return self.in_all(list[entry], (part,)), Field(description=note)  # type: ignore[valid-type]

    def more_field(self, section: SectionSpec) -> tuple[Any, Any]:
        """Return the type of further entries of a section that is filled already."""
        note = f"Entries that {section.heading} lacks for these steps; null where it lacks none."
        return list[self.value(section)] | None, Field(default=None, description=note)  # type: ignore[misc]

    def kind(self, spec: SectionSpec) -> Any:
        if spec.kind in ("prose", "card"):
            return self.value(spec)
        item: Any = self.step(spec) if spec.kind == "steps" else self.value(spec)
        least = spec.constraint.minimum or None
        most = (spec.constraint.maximum or None) if self.bounded else None
        return self.in_all(Annotated[list[item], Field(min_length=least, max_length=most)], spec.parts)

    def in_all(self, kind: Any, parts: Iterable[SectionSpec]) -> Any:
        """Return the type of a list of steps in which some parts are bounded in all steps together."""
        for part in parts:
            if part.constraint.maximum_in_all and self.bounded:
                kind = Annotated[kind, AfterValidator(_in_all(part))]
        return kind

    def value(self, spec: SectionSpec) -> Any:
        """Return the type of one value: a text, an item, a row, a card."""
        if spec.columns:
            return self.item(spec.name, [column.pattern for column in spec.columns])
        if spec.pattern is None or spec.pattern.single:
            return _text(spec)
        return self.item(spec.name, [spec.pattern])

    def step(self, spec: SectionSpec) -> type[BaseModel]:
        fields: dict[str, Any] = {}
        for slot in spec.step_heading.slots if spec.step_heading else ():
            if slot.name != "number":
                fields[slot.name] = (Text, Field(description=slot.hint or f"The {slot.name} of the step."))
        for part in spec.parts:
            if self.late or part.constraint.step in (0, spec.constraint.step):
                fields[part.name] = self.field(part)
        model: type[BaseModel] = create_model(_camel(spec.name) + "Step", __config__=_STRICT, **fields)
        return model

    def item(self, name: str, patterns: Sequence[Pattern]) -> type[BaseModel]:
        # Few items refer to anything, and to make the others anew for each list of titles takes long.
        slots = chain.from_iterable(pattern.slots for pattern in patterns)
        listed = any(slot.reference for slot in slots)
        return _item(name, tuple(patterns), tuple(self.references) if listed else ())


@lru_cache(maxsize=256)
def _item(name: str, patterns: tuple[Pattern, ...], references: tuple[str, ...]) -> type[BaseModel]:
    around = dict(chain.from_iterable(map(_with_words, patterns)))
    fields: dict[str, Any] = {
        slot.name: _slot_field(slot, references, before, after) for slot, (before, after) in around.items()
    }
    main = patterns[0].main if len(patterns) == 1 else None
    validators: Any = {"from_text": model_validator(mode="before")(_from_text(main.name))} if main else {}
    model: type[BaseModel] = create_model(
        _camel(name) + "Item", __config__=_STRICT, __validators__=validators, **fields
    )
    return model


def _from_text(name: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        return {name: value} if isinstance(value, str) else value

    return read


def _in_all(part: SectionSpec) -> Callable[[list[BaseModel]], list[BaseModel]]:
    """Return what refuses steps that have more entries in a part, all together, than the template wants."""
    most = part.constraint.maximum_in_all

    def count(steps: list[BaseModel]) -> list[BaseModel]:
        total = sum(len(getattr(step, part.name, None) or ()) for step in steps)
        if total > most:
            kind: Literal["too_long"] = "too_long"
            context: dict[str, Any] = {"heading": part.heading, "max_length": most, "actual_length": total}
            message = "has {actual_length} entries in {heading}, and all steps together may have {max_length} at most"
            raise PydanticCustomError(kind, message, context)
        return steps

    return count


def _with_words(pattern: Pattern) -> Iterator[tuple[Slot, tuple[str, str]]]:
    """Yield each field of an example with the words before it since the last sign, and the sign right behind it."""
    parts = pattern.parts
    for place, part in enumerate(parts):
        if isinstance(part, Slot):
            before, after = (parts[at] if 0 <= at < len(parts) else "" for at in (place - 1, place + 1))
            following = parts[place + 2] if place + 2 < len(parts) else None
            word = _LAST_WORDS.search(before) if isinstance(before, str) else None
            # What is in front of an optional field goes with it.
            stays = isinstance(after, str) and not (isinstance(following, Slot) and following.optional)
            sign = _SIGN.match(str(after)) if stays else None
            yield part, (word[1] if word else "", sign[0] if sign else "")


def _slot_field(slot: Slot, references: Sequence[str], before: str, after: str) -> tuple[Any, Any]:
    description = slot.hint or slot.name.replace("_", " ")
    if slot.reference:
        description = f"{description}: one of the known titles"
        kind: Any = Literal[tuple(references)] if references else None
        if not references or slot.optional:
            return (kind | None if references else None), Field(default=None, description=description)
        return kind, Field(description=description)
    if before:
        description = f'{description}; it is written behind "{before}"'
    fit = AfterValidator(_fits(before, after))
    if slot.optional:
        return Annotated[str | None, AfterValidator(_one_line), fit], Field(default=None, description=description)
    return Annotated[Text, fit], Field(description=description)


_SIGNS = " :;,"


def _fits(before: str, after: str) -> Callable[[str | None], str | None]:
    """Return what takes out of a value that which the example writes around it: "If If it fails.: ..."."""
    # "within within a day", or all of them: "without an answer: without an answer the lead decides".
    spoken = [words for words in dict.fromkeys((before, before.rpartition(" ")[2])) if words]

    def fit(value: str | None) -> str | None:
        for words in spoken:
            rest = value[len(words) :] if value and value.casefold().startswith(words.casefold()) else ""
            if rest and (rest[0].isspace() or rest[0] in _SIGNS):
                value = rest.lstrip(_SIGNS) or value
                break
        if value and after and not value.endswith("..."):
            value = value.rstrip(_ENDS) or value
        return value

    return fit


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
