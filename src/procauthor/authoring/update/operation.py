"""Operations: what an author wants changed in an existing document, as data.

A target is named by an id of the outline and proved by the hash of what stands there; values are typed fields. There
is no way to say "write this text at that place".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

from procauthor.errors import DraftError

Action = Literal["replace", "insert_before", "insert_after", "append", "delete", "substitute"]
ACTIONS: tuple[Action, ...] = get_args(Action)


class OperationError(DraftError):
    """An operation that cannot be done: a wrong address, a stale hash, values that do not fit."""

    def __init__(self, message: str, hint: str = "", target: str = "") -> None:
        super().__init__(message, hint)
        self.target = target


@dataclass(frozen=True, slots=True)
class Operation:
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
