"""Values as JSON objects, and values in groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


def pick(value: object, *names: str) -> dict[str, Any]:
    """Return attributes of a value by their names, as JSON has them: days and times in ISO 8601, tuples as lists."""
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, list[_V]]:
    """Return the values of pairs by their keys; both in the order in which they come."""
    groups: dict[_K, list[_V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def ungrouped(groups: Iterable[tuple[_K, Iterable[_V]]]) -> Iterator[tuple[_K, _V]]:
    """Yield each value of some groups with the key of its group."""
    for key, values in groups:
        for value in values:
            yield key, value
