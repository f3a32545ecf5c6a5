"""Operations to replacements of spans. New text takes the conventions of the document around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from procauthor.authoring.update.listing import edit_list, edit_table, edit_text, fill_place, substitute
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import FRAME, EditOutline, EditTarget
from procauthor.authoring.update.pen import Pen, edit_field
from procauthor.authoring.update.step import edit_steps, edit_title
from procauthor.authoring.update.verify import verify
from procauthor.markdown.document import Replacement, replace_spans

ALLOWED: dict[str, frozenset[str]] = {
    "item": frozenset({"replace", "insert_before", "insert_after", "delete", "substitute"}),
    "row": frozenset({"replace", "insert_before", "insert_after", "delete", "substitute"}),
    "paragraph": frozenset({"replace", "insert_before", "insert_after", "delete", "substitute"}),
    "place": frozenset({"replace", "append"}),
    "section": frozenset({"append", "delete"}),
    "step": frozenset({"insert_before", "insert_after", "delete"}),
    "title": frozenset({"replace"}),
    "field": frozenset({"replace"}),
}
_ONE_VALUE = ("item", "row", "paragraph", "title", "field")


@dataclass(frozen=True, slots=True)
class Edited:
    """The document after the operations. ``notes`` name what was computed beyond them, such as renumbering."""

    raw: bytes
    replacements: tuple[Replacement, ...] = ()
    notes: tuple[str, ...] = field(default=())


def edit(
    outline: EditOutline,
    operations: Sequence[Operation],
    links: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
) -> Edited:
    """Apply operations to a document, and prove that nothing else changed.

    Args:
        outline: Of the document as it is.
        operations: What is wanted; all of them happen or none.
        links: Known titles and the relative path of each, empty where a title is only announced.
        statuses: The status of known titles, for tables that show it.

    Raises:
        OperationError: An address is unknown, a hash is stale, values do not fit, two operations overlap, or the
            result would lose something that no operation names.
    """
    raw = outline.document.source.raw
    for each in operations:
        check_operation(outline, each)
    pen = Pen(outline, dict(links or {}), dict(statuses or {}))
    try:
        for group in _groups(outline, operations):
            _edit_group(pen, group)
        _refuse_overlap(pen.replacements)
        after = replace_spans(raw, pen.replacements)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"the values of an operation do not fit: {error}"
        raise OperationError(message, "each value has the fields that the schema names") from error
    verify(outline, operations, pen.replacements, after)
    return Edited(after, tuple(pen.replacements), tuple(dict.fromkeys(pen.notes)))


def check_operation(outline: EditOutline, operation: Operation) -> EditTarget:
    """Return the target of an operation.

    Raises:
        OperationError: There is no such target, it is not what the author took it for, or the action does not fit it.
    """
    target = outline.targets.get(operation.target)
    if target is None:
        message = f"no target {operation.target!r}"
        raise OperationError(message, "targets are named by the outline of the document", operation.target)
    if operation.expect != target.hash:
        message = f"{target.id!r} is not what the operation expects: its hash is {target.hash!r}"
        raise OperationError(message, "take id and hash from the outline, letter by letter", target.id)
    if operation.action not in ALLOWED[target.kind] or (
        target.kind == "section" and operation.action == "append" and not _holds_steps(outline, target)
    ):
        message = f"{operation.action!r} cannot be done to {target.id!r}, which is a {target.kind}"
        raise OperationError(message, f"it allows: {', '.join(sorted(ALLOWED[target.kind]))}", target.id)
    if target.id == "M.id":
        message = "the id of a document stays as it is"
        raise OperationError(message, target=target.id)
    _check_count(operation, target)
    return target


def _check_count(operation: Operation, target: EditTarget) -> None:
    count = len(operation.values)
    wanted = {"delete": 0, "substitute": 2}.get(operation.action)
    if operation.action == "replace" and target.kind in _ONE_VALUE:
        wanted = 1
    if count != wanted if wanted is not None else not count:
        message = f"{operation.action!r} of {target.id!r} has {count} values"
        raise OperationError(message, f"it takes {'at least one' if wanted is None else wanted}", target.id)


def _holds_steps(outline: EditOutline, target: EditTarget) -> bool:
    spec = outline.specs.get(target.id)
    return spec is not None and spec.kind == "steps"


@dataclass(frozen=True)
class _Group:
    """Operations that are worked out together, because they number each other."""

    kind: str
    container: str
    operations: list[Operation]


def _groups(outline: EditOutline, operations: Sequence[Operation]) -> list[_Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for each in operations:
        key = _group_key(outline, each)
        groups.setdefault(key, _Group(*key, [])).operations.append(each)
    # Steps come last: mentions of their numbers are left alone where something else is changed.
    return sorted(groups.values(), key=lambda group: group.kind == "steps")


def _group_key(outline: EditOutline, operation: Operation) -> tuple[str, str]:
    target = outline.targets[operation.target]
    if operation.action == "substitute":
        return "substitute", target.id
    if target.kind == "step" or (target.kind == "section" and operation.action == "append"):
        return "steps", target.id.rpartition(".")[0] if target.kind == "step" else target.id
    if target.kind in ("section", "title", "field"):
        return target.kind, target.id
    place = outline.places[target.place]
    if target.kind == "place" and (operation.action == "replace" or not outline.members(place.id)):
        return "fill", place.id
    # Nested items are a list of their own.
    inner = target.id.removeprefix(place.id).strip("[]").rpartition(".")[0] if target.kind == "item" else ""
    return place.kind, f"{place.id}[{inner}]" if inner else place.id


def _edit_group(pen: Pen, group: _Group) -> None:
    match group.kind:
        case "list":
            edit_list(pen, group.container, group.operations)
        case "table":
            edit_table(pen, group.container, group.operations)
        case "prose":
            edit_text(pen, group.container, group.operations)
        case "steps":
            edit_steps(pen, group.container, group.operations)
        case "fill":
            _single(group)
            fill_place(pen, group.container, group.operations[0].values)
        case "substitute":
            substitute(pen, group.container, group.operations)
        case "section":
            _delete_section(pen, group.container)
        case "title":
            _single(group)
            edit_title(pen, group.container, group.operations[0].values[0])
        case _:
            _single(group)
            edit_field(pen, group.container, group.operations[0].values[0])


def _single(group: _Group) -> None:
    if len(group.operations) > 1:
        message = f"{group.container!r} is changed twice"
        raise OperationError(message, "name each target in one operation", group.container)


def _delete_section(pen: Pen, name: str) -> None:
    target = pen.outline.targets[name]
    spec = pen.outline.specs.get(name)
    if name in FRAME or (spec is not None and not spec.constraint.optional):
        message = f"{target.text or 'the head of the document'!r} cannot be deleted: the document needs it"
        raise OperationError(message, target=name)
    pen.cut(target.start, target.end)


def _refuse_overlap(replacements: Sequence[Replacement]) -> None:
    position = -1
    for each in sorted(replacements, key=lambda r: (r.start, r.end)):
        if each.start < position:
            message = "two operations change the same place"
            raise OperationError(message, "name each target in one operation")
        position = max(position, each.end)
