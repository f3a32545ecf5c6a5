"""Operations: what an author wants changed in an existing document, as data, and in which order on one container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, cast, get_args

from msgspec import Struct
from msgspec.structs import asdict

from procauthor.errors import DraftError

Action = Literal["replace", "insert_before", "insert_after", "append", "delete", "substitute"]
ACTIONS: tuple[Action, ...] = get_args(Action)


class OperationError(DraftError):
    """An operation that cannot be done: a wrong address, a stale hash, values that do not fit."""

    def __init__(self, message: str, hint: str = "", target: str = "") -> None:
        super().__init__(message, hint)
        self.target = target


class Operation(Struct, frozen=True):
    """One change.

    ``target`` is an id of the outline, ``expect`` the hash that the outline gives for it. ``values`` holds what is
    written: one value for ``replace`` of an item, a row or a paragraph; one or more for the insertions; none for
    ``delete``; the old and the new words for ``substitute``.
    """

    action: Action
    target: str
    expect: str = ""
    values: tuple[Any, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the operation as JSON."""
        return {**asdict(self), "values": list(self.values)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Operation:
        """Read an operation.

        Raises:
            OperationError: It has no known action, or its parts are of the wrong type.
        """
        action, target, expect = data.get("action"), data.get("target"), data.get("expect", "")
        values = data.get("values", [])
        if action not in ACTIONS:
            message = f"{action!r} is no action"
            raise OperationError(message, f"known actions: {', '.join(ACTIONS)}")
        if not isinstance(target, str) or not isinstance(expect, str) or not isinstance(values, list | tuple):
            message = "an operation needs a target and a hash in words, and a list of values"
            raise OperationError(message, "procauthor's schema of operations says the form")
        return cls(cast("Action", action), target, expect, tuple(values))


class NewMember(Struct, frozen=True):
    """A member of the container as it will be: an old one by its index, or a new value."""

    old: int | None = None
    value: Any = None
    beside: int = 0
    """Of a new value: the old member that it is next to."""
    before: bool = False


class Arrangement(Struct, frozen=True):
    """The container as it will be, and the old members that go."""

    entries: tuple[NewMember, ...]
    deleted: frozenset[int]
    replaced: dict[int, Any]

    @property
    def new(self) -> Iterator[tuple[int, NewMember]]:
        """The new members, each with its place."""
        return ((place, entry) for place, entry in enumerate(self.entries) if entry.old is None)

    def count_on(self, old: Sequence[int]) -> list[int]:
        """Return the numbers of the entries: old ones keep theirs, a new one counts on from that before it."""
        numbers: list[int] = []
        last = old[0] - 1
        for entry in self.entries:
            last = last + 1 if entry.old is None else old[entry.old]
            numbers.append(last)
        return numbers


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
    entries: list[NewMember] = []
    for index in range(count):
        entries += [NewMember(value=value, beside=index, before=True) for value in before.get(index, ())]
        if index not in deleted:
            entries.append(NewMember(old=index))
        entries += [NewMember(value=value, beside=index) for value in after.get(index, ())]
    return entries


def _twice(target: str) -> OperationError:
    return OperationError(f"{target!r} is changed twice", "name each target in one operation", target)
