"""JSON objects in a text of a model or a person: between prose, in fences, behind thoughts, wrapped or cut off."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Control characters in strings are common with small models, and harmless: rendering cleans them.
_DECODER = json.JSONDecoder(strict=False)
# Where an object may begin, and where thoughts begin or end. A mark inside of an object is neither.
_MARK = re.compile(
    r"(?P<object>\{(?=\s*[\"}]))"
    r"|(?P<begin><(?:think|thinking|thought|reasoning)>|\[THINK\]|◁think▷|<\|channel\|>\s*(?:analysis|thought)\b)"
    r"|(?P<end></(?:think|thinking|thought|reasoning)>|\[/THINK\]|◁/think▷|<\|channel\|>|<channel\|>)",
    re.IGNORECASE,
)
# Half a surrogate pair cannot be written to a file.
_LONE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_SPACE = re.compile(r"\s*")
_DEEPEST = 4
"""So many wrappers may be around an object: ``{"name": "fields", "arguments": {...}}`` has one."""
_MOST_BROKEN = 1_000
"""A text with so many broken objects holds no answer, and to look at all of them would take long."""
_WEIGHED = 8
"""So many candidates are held against the schema, those with the most names first."""


@dataclass(frozen=True, slots=True)
class ScannedObject:
    """An object that begins at ``start`` and ends before ``end``; ``error`` says why it is not whole."""

    value: Mapping[str, Any]
    start: int
    end: int
    error: ValueError | RecursionError | None = None


def scan(text: str) -> list[ScannedObject]:
    """Return the outermost objects of a text in order, without those that are only thoughts.

    Of an object that is broken or cut off, the complete members are returned, and the search goes on inside of it.
    A thought whose beginning is not there began with the text; one without an end goes on to the last character.
    """
    pieces: list[ScannedObject] = []
    position, broken, thinking = 0, 0, False
    while broken < _MOST_BROKEN and (match := _MARK.search(text, position)):
        position = match.end()
        if match["end"]:
            pieces, thinking = [], False
        elif match["begin"]:
            thinking = True
        else:
            piece = _read(text, match.start())
            broken += piece.error is not None
            position = position if piece.error else piece.end
            pieces += [] if thinking else [piece]
    return pieces


def _read(text: str, start: int) -> ScannedObject:
    """Read the object whose brace is at the start."""
    members: dict[str, Any] = {}
    position = _skip(text, start + 1)
    try:
        if text[position : position + 1] == "}":
            return ScannedObject(members, start, position + 1)
        while True:
            key, position = _DECODER.raw_decode(text, position)
            position = _expect(text, position, ":")
            if not isinstance(key, str):
                return ScannedObject(members, start, position, _error("Expecting property name", text, position))
            value, position = _DECODER.raw_decode(text, position)
            after = _skip(text, position)
            # A number at the very end may have lost digits.
            if after < len(text) or not isinstance(value, int | float):
                members[key] = value
            if text[after : after + 1] == "}":
                return ScannedObject(members, start, after + 1)
            position = _expect(text, position, ",")
    except (ValueError, RecursionError) as error:
        return ScannedObject(members, start, position, error)


def _expect(text: str, position: int, sign: str) -> int:
    position = _skip(text, position)
    if text[position : position + 1] != sign:
        message = f"Expecting '{sign}' delimiter"
        raise _error(message, text, position)
    return _skip(text, position + 1)


def _error(message: str, text: str, position: int) -> json.JSONDecodeError:
    return json.JSONDecodeError(message, text, position)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def read_object(
    text: str,
    names: Sequence[str],
    fits: Callable[[Mapping[str, Any]], int] | None = None,
    also: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the last object in a text that fits best; an empty one where none holds any of the names.

    A model may show an example first, correct itself, or wrap its answer. So all objects are weighed: by how many of
    the names fit, then by whether there are other members, then by whether it is whole. Of equal ones the last counts.

    Args:
        text: The text.
        names: Members of which at least one must be there.
        fits: Counts the members of an object that fit the schema; without it, those that are there.
        also: Members that may be there too.
    """
    known = {*names, *also}
    readable = _LONE.sub(r"\\ufffd", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    candidates = [
        (sum(name in value for name in names), known.issuperset(value), piece.error is None, value)
        for piece in _pieces(readable)
        for value in _unwrapped(piece.value, names)
    ]
    strongest = sorted(range(len(candidates)), key=lambda n: (*candidates[n][:3], n))[-_WEIGHED:]
    if len(strongest) > 1 and fits is not None:
        strongest.sort(key=lambda n: (fits(candidates[n][3]), *candidates[n][1:3], n))
    return dict(candidates[strongest[-1]][3]) if strongest else {}


def _pieces(text: str) -> list[ScannedObject]:
    """Return the objects of a text, or of the text that it holds as one JSON string."""
    if text.lstrip().startswith('"'):
        try:
            inner = _DECODER.decode(text.strip())
        except (ValueError, RecursionError):
            return scan(text)
        return scan(inner)
    return scan(text)


def _unwrapped(value: object, names: Sequence[str], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in a value that hold one of the names, the outer before the inner."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = next((piece.value for piece in scan(value)), {})
    if isinstance(value, Mapping):
        if any(name in value for name in names):
            yield value
            return
        inner: Sequence[object] = list(value.values())
    else:
        inner = value if isinstance(value, list) else []
    for each in inner if depth < _DEEPEST else ():
        yield from _unwrapped(each, names, depth + 1)
