"""Values as JSON objects, values in groups, and values that are made when they are asked for, or kept for a while."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec

_K = TypeVar("_K")
_V = TypeVar("_V")
_reading = threading.Lock()
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def pick(value: object, *names: str) -> dict[str, Any]:
    """Return attributes of a value by their names, as JSON has them: days and times in ISO 8601, tuples as lists."""
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def as_type(value: Any, kind: type[_V]) -> _V:
    """Return what JSON holds as a value of a type.

    msgspec works out a type when it is first asked for it, and two threads that ask at once would crash the process.

    Raises:
        msgspec.ValidationError: It does not fit the type.
    """
    with _reading:
        return msgspec.convert(value, kind)


def unpacked(raw: bytes | bytearray, kind: type[_V]) -> _V:
    """Return what MessagePack holds as a value of a type; threads take turns, as in `as_type`.

    Raises:
        msgspec.DecodeError: It is no MessagePack, or does not fit the type.
    """
    with _reading:
        if kind not in _decoders:
            _decoders[kind] = msgspec.msgpack.Decoder(kind)
        value: _V = _decoders[kind].decode(raw)
        return value


def grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, list[_V]]:
    """Return the values of pairs by their keys; both in the order in which they come."""
    groups: dict[_K, list[_V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def keep(kept: OrderedDict[_K, _V], key: _K, make: Callable[[], _V], most: int) -> _V:
    """Return a value that is kept, or make and keep it; of more than ``most`` the one unused for longest goes."""
    if key in kept:
        kept.move_to_end(key)
        return kept[key]
    made = kept[key] = make()
    if len(kept) > most:
        kept.popitem(last=False)
    return made


def ungrouped(groups: Iterable[tuple[_K, Iterable[_V]]]) -> Iterator[tuple[_K, _V]]:
    """Yield each value of some groups with the key of its group."""
    for key, values in groups:
        for value in values:
            yield key, value


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in a value, or in anything that it holds as JSON does."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(each)


def dump(data: Any) -> str:
    """Return data as indented JSON in UTF-8 letters, for people and programs, without a line feed at its end.

    A file name that is no UTF-8 holds lone surrogates, which only the slower encoder of the standard library takes.
    """
    try:
        return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    except UnicodeEncodeError:
        return json.dumps(data, ensure_ascii=False, indent=2)


class OnDemand(dict[_K, _V]):
    """Values by key, each made when it is first asked for.

    Args:
        make: Makes the value of a key.
    """

    def __init__(self, make: Callable[[_K], _V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _K) -> _V:
        """Make a value, and keep it."""
        value = self[key] = self._make(key)
        return value
