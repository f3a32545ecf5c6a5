"""The forms that an update asks an author to fill: first the scope, then operations within it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from procauthor.authoring.brief import AskForm, Brief
from procauthor.authoring.reply import reply_schema, share_titles, some_titles
from procauthor.authoring.update.edit import ALLOWED
from procauthor.authoring.update.listing import ORDER, STATUS, computed_status
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import EditOutline, EditTarget, ScopeEntry, sections_of, targets_in
from procauthor.data import grouped
from procauthor.template.model import Text, value_type
from procauthor.template.spec import SectionSpec

SECTIONS, REASON = "sections", "reason"
_SUFFIX = "_changes"
_WORDS = f"words{_SUFFIX}"
_STRICT = ConfigDict(extra="forbid")
_ACTIONS = ("replace", "insert_before", "insert_after", "append", "delete")


def _one_of(names: Sequence[str]) -> Any:
    return Literal[tuple(names)]


def scope_model(outline: EditOutline) -> type[BaseModel]:
    """Return the model of step 1: which sections change, and how; none where nothing has to."""
    names = sections_of(outline)
    entry = create_model(
        "ScopeEntry",
        __config__=_STRICT,
        section=(_one_of(names), Field(description="The id of a section.")),
        change=(Text, Field(description="What changes there, in one sentence.")),
    )
    model: type[BaseModel] = create_model(
        "Scope",
        __config__=_STRICT,
        reason=(Text, Field(description="Why these sections, or why no change is needed, in one sentence.")),
        sections=(list[entry], Field(description="The sections that change; empty if no change is needed.")),  # type: ignore[valid-type]
    )
    return model


def operation_model(outline: EditOutline, targets: Sequence[EditTarget], references: Sequence[str]) -> type[BaseModel]:
    """Return the model of operations on some targets: one list a shape of values."""
    fields: dict[str, Any] = {}
    for name, own in _by_shape(targets).items():
        fields[name] = (list[_operation(outline, name, own, references)], Field(description=_describe(own)))  # type: ignore[misc]
    words = tuple(t.id for t in targets if t.kind in ("item", "row", "paragraph"))
    if words:
        entry = create_model(
            "WordsChange",
            __config__=_STRICT,
            target=(_one_of(words), Field(description="The id of the target.")),
            expect=(str, Field(description="The hash of the target.")),
            old=(
                Text,
                Field(description="Whole words of one line, letter by letter; in backticks if code."),
            ),
            new=(Text, Field(description="The words to put there instead.")),
        )
        note = "Where only a few words of a target change."
        fields[_WORDS] = (list[entry], Field(description=note))  # type: ignore[valid-type]
    model: type[BaseModel] = create_model("Operations", __config__=_STRICT, **fields)
    return model


def _by_shape(targets: Sequence[EditTarget]) -> dict[str, list[EditTarget]]:
    return grouped((f"{target.shape or target.kind}{_SUFFIX}", target) for target in targets)


def _describe(targets: Sequence[EditTarget]) -> str:
    kinds = ", ".join(dict.fromkeys(t.kind for t in targets))
    return f"Operations on: {kinds}. Empty if nothing changes."


def _operation(
    outline: EditOutline, name: str, targets: Sequence[EditTarget], references: Sequence[str]
) -> type[BaseModel]:
    allowed = set().union(*(ALLOWED[t.kind] for t in targets))
    actions = tuple(a for a in _ACTIONS if a in allowed)
    values: Any = list[_value(outline, targets[0], references)]  # type: ignore[misc]
    note = "One value for replace of a single target, one or more for an insertion, none for delete."
    model: type[BaseModel] = create_model(
        "".join(word.capitalize() for word in name.removesuffix(_SUFFIX).split("_")) + "Change",
        __config__=_STRICT,
        action=(_one_of(actions), Field(description="What is done.")),
        target=(_one_of([t.id for t in targets]), Field(description="The id of the target.")),
        expect=(str, Field(description="The hash of the target.")),
        values=(values, Field(description=note)),
    )
    return model


def _value(outline: EditOutline, target: EditTarget, references: Sequence[str]) -> Any:
    spec = _spec(outline, target)
    place = outline.places.get(target.place)
    if place is not None and place.kind == "table" and spec is None:
        return list[str]
    if spec is None or spec.kind == "prose":
        return Text
    return value_type(spec, references, computed_fields(spec))


def computed_fields(spec: SectionSpec) -> tuple[str, ...]:
    """Return the fields of a row that an author does not write."""
    if spec.kind != "table":
        return ()
    return (*ORDER, STATUS) if computed_status(spec) else ORDER


def _spec(outline: EditOutline, target: EditTarget) -> SectionSpec | None:
    if target.kind in ("step", "section"):
        spec = outline.specs.get(target.id)
        return spec if spec and spec.kind == "steps" else None
    place = outline.places.get(target.place)
    return place.spec if place else None


def operation_schema(outline: EditOutline, references: Sequence[str], scope: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON schema of operations on a document, or on some of its sections, for an author."""
    targets = targets_in(outline, scope or sections_of(outline))
    model = operation_model(outline, targets, some_titles(references))
    return share_titles(reply_schema(model, list(model.model_fields), ()), references)


# Replies to values


def read_scope(values: Mapping[str, Any]) -> tuple[ScopeEntry, ...]:
    """Return the scope that an author chose, each section once."""
    entries = [ScopeEntry(**each) for each in values.get(SECTIONS, ())]
    return tuple({entry.section: entry for entry in entries}.values())


def read_changes(values: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Yield (field, operation) from the fields of a reply.

    Raises:
        OperationError: An entry has no known form.
    """
    for name, entries in values.items():
        for entry in entries:
            if name == _WORDS:
                pair = (entry["old"], entry["new"])
                yield name, Operation("substitute", entry["target"], entry["expect"], pair)
            elif name.endswith(_SUFFIX):
                yield name, Operation.from_json(entry)
            else:
                message = f"{name!r} is no field of operations"
                raise OperationError(message)


def field_of(operation: Operation, outline: EditOutline) -> str:
    """Return the field of a reply in which an operation is."""
    if operation.action == "substitute":
        return _WORDS
    return next(iter(_by_shape([outline.targets[operation.target]])))


def entry_of(operation: Operation) -> dict[str, Any]:
    """Return an operation as an entry of its field."""
    if operation.action == "substitute":
        old, new = operation.values
        return {"target": operation.target, "expect": operation.expect, "old": old, "new": new}
    return operation.as_json()


# Forms


def scope_form(brief: Brief, outline: EditOutline, limit: int) -> AskForm:
    """Return the form of step 1."""
    sections = [
        {"id": name, "heading": outline.title(name), "text": _excerpt(outline, name)} for name in sections_of(outline)
    ]
    words = {"sections": sections, "limit": limit}
    return AskForm(scope_model(outline), (_brief_prompt(brief), ("update-scope", words)))


def operation_form(
    brief: Brief,
    outline: EditOutline,
    scope: Sequence[ScopeEntry],
    elsewhere: Sequence[ScopeEntry] = (),
    changed: Sequence[Operation] = (),
) -> AskForm:
    """Return the form of a later step: the targets of the sections that it works on.

    Args:
        brief: What is asked for.
        outline: What can be named in the document.
        scope: The sections that the step works on.
        elsewhere: The sections that other steps work on.
        changed: What these have changed so far.
    """
    targets = targets_in(outline, [entry.section for entry in scope])
    shown = [
        {"id": t.id, "hash": t.hash, "kind": t.kind, "text": outline.words(t) or outline.title(t.section)}
        for t in targets
    ]
    plan, others = (
        [{"section": e.section, "heading": outline.title(e.section), "change": e.change} for e in entries]
        for entries in (scope, elsewhere)
    )
    made = [{"action": o.action, "target": o.target, "values": list(o.values)} for o in changed]
    guidance = {
        spec.heading: " ".join(filter(None, [spec.guidance, *(p.guidance for p in spec.parts)]))
        for entry in scope
        if (spec := outline.specs.get(entry.section)) is not None
    }
    words = {"plan": plan, "elsewhere": others, "changed": made, "targets": shown, "guidance": guidance}
    model = operation_model(outline, targets, [r.title for r in brief.near])
    return AskForm(model, (_brief_prompt(brief), ("update-operations", words)))


def _brief_prompt(brief: Brief) -> tuple[str, Mapping[str, object]]:
    data = brief.as_json()
    words = {
        "title": brief.request.title,
        "wish": brief.request.wish,
        "neighbours": [{name: value for name, value in each.items() if value} for each in data["neighbours"]],
        "references": [r.title for r in brief.near],
        "passages": [passage.shown() for passage in brief.passages],
    }
    return "update-brief", words


def _excerpt(outline: EditOutline, name: str) -> list[str]:
    texts = [outline.words(t) for t in outline.of_section(name) if t.kind in ("item", "row", "paragraph")]
    if name == "M":
        return [f"{t.id.removeprefix('M.')}: {t.text}" for t in outline.of_section(name)]
    return texts
