"""Reads what a person or an agent hands in: JSON, alone or inside prose and code fences, whole or in parts."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from itertools import chain
from typing import Any

from msgspec import Struct, field

from procauthor.data import ungrouped
from procauthor.errors import AnswerError
from procauthor.regex import lazy

# Control characters in strings are common with small models, and harmless: rendering cleans them.
_DECODER = json.JSONDecoder(strict=False)
# Where an object may begin, and where thoughts begin or end. A mark inside of an object is neither.
_TAG = r"(?:\w{1,20}:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)"
_MARK = lazy(
    r"(?P<object>\{(?=\s*[\"}]))"
    rf"|(?P<begin><{_TAG}(?:\s[^<>]{{0,200}})?>|\[THINK\]|◁think▷|<\|channel\|>\s*(?:analysis|thought)\b"
    r"|<\|(?:begin_of_thought|start_thinking)\|>|<unused\d+>\s*thought\b)"
    rf"|(?P<end></{_TAG}\s*>|\[/THINK\]|◁/think▷|<\|channel\|>|<channel\|>"
    r"|<\|(?:end_of_thought|end_thinking)\|>|<unused\d+>)",
    re.IGNORECASE,
)
# Half a surrogate pair cannot be written to a file.
_LONE = lazy(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_SPACE = lazy(r"\s*")
_COMMENT = lazy(r"(?<=[{\[,\n])[ \t]*//[^\n]*")
_CURLY = lazy("[“”]")
_LITERAL = lazy(r"\s*(?:```\w*\s*)?(?P<value>\{\s*'.*\})\s*(?:```\s*)?", re.DOTALL)
_LONGEST_LITERAL = 200_000
_HUMP = lazy(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER_LETTERS = lazy(r"[^a-z0-9]+")
_DEEPEST = 4
"""So many wrappers may be around an object: ``{"name": "fields", "arguments": {...}}`` has one."""
_MOST_BROKEN = 1_000
"""A text with so many broken objects holds no answer, and to look at all of them would take long."""
_WEIGHED = 8
"""So many candidates are held against the schema, those with the most names first."""


class ScannedObject(Struct, frozen=True):
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


def is_thought(text: str) -> bool:
    """Say whether a text marks thoughts and holds no object beside them."""
    marks = any(match["begin"] or match["end"] for match in _MARK.finditer(text))
    return marks and not scan(text)


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
    spellings = (_objects_in(spelled, names) for spelled in _spellings(readable))
    candidates = [
        (sum(name in value for name in names), known.issuperset(value), whole, value)
        for whole, value in next(filter(None, spellings), [])
    ]
    strongest = sorted(range(len(candidates)), key=lambda n: (*candidates[n][:3], n))[-_WEIGHED:]
    if len(strongest) > 1 and fits is not None:
        strongest.sort(key=lambda n: (fits(candidates[n][3]), *candidates[n][1:3], n))
    return dict(candidates[strongest[-1]][3]) if strongest else {}


def _objects_in(text: str, names: Sequence[str]) -> list[tuple[bool, Mapping[str, Any]]]:
    """Return the objects that hold one of the names, and whether each is whole."""
    return list(ungrouped((piece.error is None, _unwrapped(piece.value, names)) for piece in _pieces(text)))


def _spellings(text: str) -> Iterator[str]:
    """Yield a text, and then the JSON that was nearly written in it: small models write JavaScript or Python."""
    yield text
    yield _COMMENT.sub("", text)
    yield _CURLY.sub('"', text)
    literal = _LITERAL.fullmatch(text) if len(text) <= _LONGEST_LITERAL else None
    if literal:
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            yield json.dumps(ast.literal_eval(literal["value"]))


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
        for spelled in (value, {_field_name(key): each for key, each in value.items()}):
            if any(name in spelled for name in names):
                yield spelled
                return
        inner: Sequence[object] = list(value.values())
    else:
        inner = value if isinstance(value, list) else []
    for each in inner if depth < _DEEPEST else ():
        yield from _unwrapped(each, names, depth + 1)


def _field_name(key: str) -> str:
    """Return the name of a field for its heading, or for its name in another case: ``Required Inputs``."""
    return _OTHER_LETTERS.sub("_", _HUMP.sub("_", key).lower()).strip("_")


_MAX_CHARACTERS = 2_000_000
_MAX_DEPTH = 32
_TOO_DEEP = "the answer is nested too deeply"
_TEXTS = ("title", "run", "by")
_NO_FIELDS = "'fields' is not an object"
_NO_QUESTIONS = "'open_questions' is not an array of strings"
_NO_SOURCES = '\'sources\' is not an object such as {"purpose": ["P1"]}'
MEMBERS = (*_TEXTS, "fields", "sources", "open_questions", "schema_version")


class HandedIn(Struct, frozen=True):
    """One answer, or a part of one, as it was written: nothing in it is checked against a template yet.

    ``questions`` is None where the answer says nothing about open questions; ``rest`` holds members of the object
    that are none of the known ones.
    """

    title: str = ""
    run: str = ""
    by: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Any] = field(default_factory=dict)
    questions: Sequence[str] | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)


def read_answer(text: str) -> HandedIn:
    """Read an answer. Several JSON objects in one text are parts of one answer, and later ones win.

    Raises:
        AnswerError: There is no JSON object, or it is not valid; the message says line and column.
    """
    return reduce(_join, map(_typed, _objects(text)))


def read_members(text: str) -> dict[str, Any]:
    """Read an answer as the members of its objects, joined; what they mean is not looked at.

    Raises:
        AnswerError: There is no JSON object, or it is not valid.
    """
    return dict(chain.from_iterable(part.items() for part in _objects(text)))


def _join(first: HandedIn, second: HandedIn) -> HandedIn:
    return HandedIn(
        title=second.title or first.title,
        run=second.run or first.run,
        by=second.by or first.by,
        fields={**first.fields, **second.fields},
        sources={**first.sources, **second.sources},
        questions=first.questions if second.questions is None else second.questions,
        rest={**first.rest, **second.rest},
    )


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the outermost JSON objects of a text; what begins like one must be one, or a part would be lost."""
    if len(text) > _MAX_CHARACTERS:
        message = f"the answer has {len(text)} characters, more than {_MAX_CHARACTERS}"
        raise AnswerError(message)
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        message = "the answer is a JSON array, not an object"
        raise AnswerError(message, 'begin with {"fields": {...}}')
    # Line breaks inside of strings are common, and harmless: rendering folds them.
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_once, parse_constant=_no_constant)
    objects: list[dict[str, Any]] = []
    for piece in scan(text):
        try:
            objects.append(clean(decoder.raw_decode(text, piece.start)[0]))
        except json.JSONDecodeError as error:
            raise _invalid(error) from error
        except ValueError as error:
            message = "the answer holds a number that is too long"
            raise AnswerError(message) from error
        except RecursionError as error:
            raise AnswerError(_TOO_DEEP) from error
    if not objects:
        raise _nothing(text)
    return objects


def _invalid(error: json.JSONDecodeError) -> AnswerError:
    message = f"the answer is no valid JSON in line {error.lineno}, column {error.colno}: {error.msg}"
    if error.pos >= len(error.doc.rstrip()):
        return AnswerError(message, "it is cut off there; hand in the whole object, or smaller parts")
    line = error.doc.splitlines()[error.lineno - 1].strip()
    return AnswerError(message, f"the line is: {line[:100]}")


def _nothing(text: str) -> AnswerError:
    if not text.strip():
        return AnswerError("the answer is empty", "procauthor brief TITLE says what to hand in")
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            json.loads(text.lstrip("\ufeff"))
        except json.JSONDecodeError as error:
            return _invalid(error)
    return AnswerError("the answer holds no JSON object", 'it looks like {"title": "...", "fields": {...}}')


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            message = f"the answer names {key!r} twice in one object"
            raise AnswerError(message, "JSON would keep the last one only; join them")
        members[key] = value
    return members


def _no_constant(name: str) -> Any:
    message = f"the answer holds {name}, which is no JSON value"
    raise AnswerError(message)


def clean(value: Any, depth: int = 0) -> Any:
    """Return a JSON value in which every string can be written to a file: half a surrogate pair cannot.

    Raises:
        AnswerError: It is nested deeper than any field can be.
    """
    if depth > _MAX_DEPTH:
        raise AnswerError(_TOO_DEEP)
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [clean(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {clean(key): clean(each, depth + 1) for key, each in value.items()}
    return value


def _typed(data: dict[str, Any]) -> HandedIn:
    for key in _TEXTS:
        if not isinstance(data.get(key, ""), str):
            what = f"{key!r} is not a string"
            raise _wrong(what)
    if not isinstance(data.get("fields", {}), dict):
        raise _wrong(_NO_FIELDS)
    questions = data.get("open_questions")
    if questions is not None and not (isinstance(questions, list) and all(isinstance(q, str) for q in questions)):
        raise _wrong(_NO_QUESTIONS)
    rest = {key: value for key, value in data.items() if key not in MEMBERS}
    # The fields may also be alone, without the object around them.
    fields, rest = (data["fields"], rest) if "fields" in data else (rest, {})
    return HandedIn(
        title=" ".join(data.get("title", "").split()),
        run=data.get("run", "").strip(),
        by=" ".join(data.get("by", "").split()),
        fields=fields,
        sources=_sources(data.get("sources", {})),
        questions=None if questions is None else [q for q in (" ".join(q.split()) for q in questions) if q],
        rest=rest,
    )


def _sources(value: Any) -> Mapping[str, Any]:
    """Return sources by field; the list of ``create --json`` is understood too."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(each, dict) and "field" in each for each in value):
        return {str(each["field"]): each.get("rests_on", []) for each in value}
    raise _wrong(_NO_SOURCES)


def _wrong(what: str) -> AnswerError:
    return AnswerError(f"{what} in the answer", "procauthor brief TITLE --json holds the schema")
