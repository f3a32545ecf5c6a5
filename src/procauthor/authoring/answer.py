"""Reads what a person or an agent hands in: JSON, alone or inside prose and code fences, whole or in parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from procauthor.authoring.scan import scan
from procauthor.errors import AnswerError

_MAX_CHARACTERS = 2_000_000
_MAX_DEPTH = 32
_TOO_DEEP = "the answer is nested too deeply"
_TEXTS = ("title", "run", "by")
_NO_FIELDS = "'fields' is not an object"
_NO_QUESTIONS = "'open_questions' is not an array of strings"
_NO_SOURCES = '\'sources\' is not an object such as {"purpose": ["P1"]}'
_KEYS = (*_TEXTS, "fields", "sources", "open_questions", "schema_version")


@dataclass(frozen=True, slots=True)
class HandedIn:
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
    if len(text) > _MAX_CHARACTERS:
        message = f"the answer has {len(text)} characters, more than {_MAX_CHARACTERS}"
        raise AnswerError(message)
    found = list(_objects(text))
    if not found:
        raise _nothing(text)
    return reduce(_join, map(_typed, found))


def read_members(text: str) -> dict[str, Any]:
    """Read an answer as the members of its objects, joined; what they mean is not looked at.

    Raises:
        AnswerError: There is no JSON object, or it is not valid.
    """
    if len(text) > _MAX_CHARACTERS:
        message = f"the answer has {len(text)} characters, more than {_MAX_CHARACTERS}"
        raise AnswerError(message)
    found = list(_objects(text))
    if not found:
        raise _nothing(text)
    return {key: value for part in found for key, value in part.items()}


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


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the outermost JSON objects of a text; what begins like one must be one, or a part would be lost."""
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        message = "the answer is a JSON array, not an object"
        raise AnswerError(message, 'begin with {"fields": {...}}')
    # Line breaks inside of strings are common, and harmless: rendering folds them.
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_once, parse_constant=_no_constant)
    for piece in scan(text):
        try:
            value, _ = decoder.raw_decode(text, piece.start)
        except json.JSONDecodeError as error:
            raise _invalid(error) from error
        except ValueError as error:
            message = "the answer holds a number that is too long"
            raise AnswerError(message) from error
        except RecursionError as error:
            message = _TOO_DEEP
            raise AnswerError(message) from error
        yield clean(value)


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
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            message = f"the answer names {key!r} twice in one object"
            raise AnswerError(message, "JSON would keep the last one only; join them")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    message = f"the answer holds {name}, which is no JSON value"
    raise AnswerError(message)


def clean(value: Any, depth: int = 0) -> Any:
    """Return a JSON value in which every string can be written to a file: half a surrogate pair cannot.

    Raises:
        AnswerError: It is nested deeper than any field can be.
    """
    if depth > _MAX_DEPTH:
        message = _TOO_DEEP
        raise AnswerError(message)
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
    rest = {key: value for key, value in data.items() if key not in _KEYS}
    # The fields may also stand alone, without the object around them.
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
