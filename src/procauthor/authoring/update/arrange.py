"""Operations on the members of one container, brought into an order: what stays, what goes, what comes where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from procauthor.authoring.update.operation import Operation, OperationError


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member of the container as it will be: an old one by its index, or a new value."""

    old: int | None = None
    value: Any = None
    beside: int = 0
    """Of a new value: the old member that it stands next to."""
    before: bool = False


@dataclass(frozen=True)
class Arrangement:
    """The container as it will be, and the old members that go."""

    entries: tuple[NewMember, ...]
    deleted: frozenset[int]
    replaced: dict[int, Any]


def arrange(names: Sequence[str], container: str, operations: Sequence[Operation]) -> Arrangement:
    """Arrange the members named in order.

    Raises:
        OperationError: Two operations exclude each other.
    """
    before: dict[int, list[Any]] = {}
    after: dict[int, list[Any]] = {}
    deleted: set[int] = set()
    replaced: dict[int, Any] = {}
    places = {name: index for index, name in enumerate(names)}
    last = len(names) - 1
    for each in operations:
        index = last if each.target == container else places[each.target]
        match each.action:
            case "insert_before":
                before.setdefault(index, []).extend(each.values)
            case "insert_after" | "append":
                after.setdefault(index, []).extend(each.values)
            case "delete":
                deleted.add(index)
            case _:
                if index in replaced:
                    raise _twice(each.target)
                replaced[index] = each.values[0]
    for index in deleted:
        if index in replaced or index in before or index in after:
            raise _twice(names[index])
    return Arrangement(tuple(_entries(len(names), before, after, deleted)), frozenset(deleted), replaced)


def _entries(
    count: int, before: dict[int, list[Any]], after: dict[int, list[Any]], deleted: set[int]
) -> Sequence[NewMember]:
    found: list[NewMember] = []
    for index in range(count):
        found += [NewMember(value=value, beside=index, before=True) for value in before.get(index, ())]
        if index not in deleted:
            found.append(NewMember(old=index))
        found += [NewMember(value=value, beside=index) for value in after.get(index, ())]
    return found


def _twice(target: str) -> OperationError:
    return OperationError(f"{target!r} is changed twice", "name each target in one operation", target)
