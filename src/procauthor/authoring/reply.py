"""What a reply must fit, what came back from a model, and which of its fields can be kept."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import ErrorDetails

from procauthor.authoring.brief import FieldProblem, Usage
from procauthor.errors import ModelOutputError

SOURCES = "passages_used"
# A list of more titles is not repeated in the schema.
_LONG_LIST = 60
QUESTIONS = "open_questions"
# Keywords that say nothing to a model, or that providers refuse.
_DROPPED = frozenset({"title", "default", "$defs"})
_CLOSED = ConfigDict(extra="forbid")


def restrict(model: type[BaseModel], names: Sequence[str]) -> type[BaseModel]:
    """Return a model with some of the fields only."""
    if list(names) == list(model.model_fields) and model.model_config == _CLOSED and not model.__doc__:
        return model
    # Pydantic changes the FieldInfo that it is given.
    fields: dict[str, Any] = {
        name: (model.model_fields[name].annotation, copy.copy(model.model_fields[name])) for name in names
    }
    part: type[BaseModel] = create_model(model.__name__, __config__=_CLOSED, **fields)
    return part


# To make a schema with a long list in each field takes longer than all else in a brief: these show where it belongs.
_PLACEHOLDERS = ("one title", "another title")


def some_titles(titles: Sequence[str]) -> Sequence[str]:
    """Return what a schema is made with in place of the titles of the closed list, as every other of its template."""
    return _PLACEHOLDERS[: len(titles)]


def reply_schema(
    model: type[BaseModel], names: Sequence[str], passages: Sequence[str], titles: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the schema of a reply: the named fields, the passages they rest on, and what is open.

    The schema keeps to what strict structured output accepts: no ``$ref``, every property required, no others
    allowed, and a closed list always an ``enum``; but ``titles`` that are many are in the brief, once, and the reply
    is held against them. The model is made with `some_titles` of them.
    """
    result: dict[str, Any] = _list_titles(_fields_schema(model, tuple(names)), list(titles))
    for name, extra in _extras(passages).items():
        if name not in model.model_fields:
            result["properties"][name] = extra
            result["required"].append(name)
    return {"title": "fields", "description": "The fields of one step of a procedure.", **result}


@lru_cache(maxsize=64)
def _fields_schema(model: type[BaseModel], names: tuple[str, ...]) -> dict[str, Any]:
    schema = restrict(model, names).model_json_schema()
    return _plain(schema, schema.get("$defs", {}))


def _list_titles(node: Any, titles: list[str]) -> Any:
    """Return a copy of a schema in which a reference is one of the titles, or a string where they are too many."""
    if isinstance(node, list):
        return [_list_titles(each, titles) for each in node]
    if not isinstance(node, dict):
        return node
    copied = {key: _list_titles(value, titles) for key, value in node.items()}
    if node.get("enum") == list(some_titles(titles)):
        if len(titles) > _LONG_LIST:
            del copied["enum"]
            return copied | {"type": "string"}
        copied["enum"] = titles
    return copied


def share_titles(schema: Mapping[str, Any], titles: Sequence[str]) -> dict[str, Any]:
    """Return a schema in which the closed list is written once, under ``$defs``, however many fields take from it.

    For schemas that people and agents read; providers take no ``$ref``.

    Args:
        schema: A schema in which each such field takes one of `some_titles`.
        titles: The closed list.
    """
    if not titles:
        return dict(schema)
    shared: dict[str, Any] = _share(schema, list(some_titles(titles)))
    shared["$defs"] = {**shared.get("$defs", {}), "reference": {"type": "string", "enum": list(titles)}}
    return shared


def _share(node: Any, titles: list[str]) -> Any:
    if isinstance(node, list):
        return [_share(each, titles) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("enum") == titles or ("const" in node and [node["const"]] == titles):
        kept = {key: value for key, value in node.items() if key == "description"}
        return kept | {"$ref": "#/$defs/reference"}
    return {key: _share(value, titles) for key, value in node.items() if key != "title" or not isinstance(value, str)}


def _extras(passages: Sequence[str]) -> dict[str, Any]:
    questions = {
        "type": "array",
        "items": {"type": "string"},
        "description": "What a person has to decide or to confirm, one question an item; empty if nothing is open.",
    }
    if not passages:
        return {QUESTIONS: questions}
    used = {
        "type": "array",
        "items": {"type": "string", "enum": list(passages)},
        "description": "The ids of the passages that the fields rest on; empty if none.",
    }
    return {SOURCES: used, QUESTIONS: questions}


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without references, in which every object is closed and complete."""
    if "$ref" in schema:
        target = definitions[str(schema["$ref"]).rsplit("/", 1)[-1]]
        return _plain({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions)
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _plain(each, definitions) for name, each in value.items()}
        elif key == "items":
            result[key] = _plain(value, definitions)
        elif key == "anyOf":
            result[key] = [_plain(each, definitions) for each in value]
        elif key == "const":
            result["enum"] = [value]
        elif key not in _DROPPED:
            result[key] = value
    if result.get("type") == "object":
        result["additionalProperties"] = False
        result["required"] = list(result.setdefault("properties", {}))
    return result


Finish = Literal["stop", "length", "refusal"]
Form = Literal["schema", "tool", "json", "plain"]

_MAX_COMPLAINTS = 8
_MAX_SHOWN = 80


class UnusableReplyError(ModelOutputError):
    """No usable output after all repairs.

    Attributes:
        raw: The text of the last reply; it is never part of the message.
    """

    def __init__(self, message: str, hint: str = "", raw: str = "") -> None:
        super().__init__(message, hint)
        self.raw = raw


class Reply(Struct, frozen=True):
    """One reply of a model, and the form in which it was asked for."""

    text: str
    finish: Finish = "stop"
    usage: Usage = Usage()
    form: Form = "schema"
    spelled: bool = False


class Checked(Struct, frozen=True):
    """The fields of a reply that fit, and what is wrong with the others."""

    values: Mapping[str, Any]
    problems: tuple[FieldProblem, ...] = ()


def check_fields(
    model: type[BaseModel], data: Mapping[str, Any], names: Sequence[str], *, cut_off: bool = False
) -> Checked:
    """Validate each named field for itself, so that one bad field does not cost the others.

    What may be left out is left out where it is missing, unless the reply was ``cut_off``.
    """
    whole = {name: _unquoted(data[name], model.model_fields[name].annotation) for name in names if name in data}
    if len(whole) == len(model.model_fields):
        # Most replies fit, and to find that out needs no model for each field.
        with suppress(ValidationError):
            fitting = model.model_validate(whole).model_dump()
            return Checked({name: fitting[name] for name in names})
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name in names:
        if name not in data:
            if cut_off or model.model_fields[name].is_required():
                problems.append(FieldProblem(name, "is missing"))
            else:
                values[name] = model.model_fields[name].default
            continue
        try:
            values[name] = restrict(model, [name]).model_validate({name: whole[name]}).model_dump()[name]
        except ValidationError as error:
            problems.append(FieldProblem(name, _complaints(error)))
    return Checked(values, tuple(problems))


def _unquoted(value: object, annotation: object) -> object:
    """Return the list or object that a model has written as a text."""
    opening = _opening(annotation)
    if opening and isinstance(value, str) and value.lstrip().startswith(opening):
        with suppress(ValueError, RecursionError):
            return json.loads(value, strict=False)
    return value


def _opening(annotation: object) -> str:
    """Return the sign with which the JSON of a type begins, if it is no plain value."""
    if get_origin(annotation) is list:
        return "["
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "{"
    kinds = get_args(annotation)
    return "" if str in kinds else next(filter(None, map(_opening, kinds)), "")


def _complaints(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    told = [_complaint(each) for each in details[:_MAX_COMPLAINTS]]
    if len(details) > _MAX_COMPLAINTS:
        told.append(f"and {len(details) - _MAX_COMPLAINTS} more")
    return "; ".join(dict.fromkeys(told))


FieldPlace = tuple[int | str, ...]
"""Where something is in the fields: ``("workflow", 2, "actions", 0)``; empty for the head of the document."""


def path_of(place: FieldPlace) -> str:
    """Return a place as people and programs write it: ``workflow[2].inputs[1].source``."""
    pieces = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(pieces).removeprefix(".")


def _complaint(detail: ErrorDetails) -> str:
    where = path_of(detail["loc"][1:])
    what = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "literal_error":
        # Pydantic would list the whole closed list here.
        what = f"{str(detail['input'])[:_MAX_SHOWN]!r} is not in the closed list"
    return f"{where}: {what}" if where else what
