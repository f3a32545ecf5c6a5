"""The page about all settings, and their JSON schema for editors of TOML.

The words come from the strings below the fields in ``procauthor/settings.py``. They are read from the source here, and
not by pydantic (``use_attribute_docstrings``), which would read it at every start of the program.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, groupby
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pages.text import read_opening, string_of
from procauthor import settings
from procauthor.adoption.adopt import write_key, write_value
from procauthor.settings import Settings

_TYPES: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_BOUNDS = {"ge": "{:g} or more", "gt": "more than {:g}", "le": "{:g} or less", "lt": "less than {:g}"}


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: the table that it is in (empty for a table of its own), its name, and what is known of it."""

    table: str
    name: str
    field: FieldInfo
    words: str

    @property
    def default(self) -> Any:
        """The value that counts when the settings do not name the key."""
        return self.field.get_default(call_default_factory=True)

    @property
    def example(self) -> Any:
        """A value worth showing: the one beside the definition, else the default."""
        return self.field.examples[0] if self.field.examples else self.default


def render_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_page()) + "\n"


def render_schema() -> str:
    """Return the JSON schema of the settings, with the words of the page as descriptions."""
    schema = Settings.model_json_schema()
    _describe(schema, "Settings")
    for model, table in schema["$defs"].items():
        _describe(table, model)
    address = "https://json-schema.org/draft/2020-12/schema"
    whole = {"$schema": address, **schema, "title": "Settings of procauthor: procauthor.toml"}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def tables() -> Iterator[tuple[str, str, list[Key]]]:
    """Yield each table of the settings: its name, what it is for, and its keys."""
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield name, inspect.getdoc(model) or "", list(_keys(name, model))
        else:
            yield name, "", [Key("", name, field, _described()["Settings"][name])]


def _keys(table: str, model: type[BaseModel]) -> Iterator[Key]:
    """Yield the keys of a table: its own first, then those of the tables in it."""
    words, inner = _described()[model.__name__], {}
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            inner[name] = annotation
        else:
            yield Key(table, name, field, words[name])
    for name, each in inner.items():
        yield from _keys(f"{table}.{name}", each)


@cache
def _described() -> dict[str, dict[str, str]]:
    """Return the strings below the fields of all classes of the settings, by class and field."""
    tree = ast.parse(inspect.getsource(settings))
    return {node.name: dict(_strings(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _strings(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and string_of(below):
            yield field.target.id, string_of(below)


def _page() -> Iterator[str]:
    yield read_opening("settings.md")
    for name, words, keys in tables():
        yield f"\n## [{name}]\n"
        if words:
            yield f"{words}\n"
        if keys[0].table:
            yield "| Key | Type | Default | What it does |\n|---|---|---|---|"
            yield from (_row(key, name) for key in keys)
        else:
            yield f"{keys[0].words}\n\nType: {_kind(keys[0].field)}. Without it there are none."
        yield f"\n```toml\n{example(name, keys)}\n```"


def example(name: str, keys: Sequence[Key]) -> str:
    """Return a table of the settings as TOML, with each of its keys."""
    parts = []
    for table, group in groupby(keys, key=lambda key: key.table or name):
        own = sorted(group, key=lambda key: isinstance(key.example, Mapping) and bool(key.table))
        head = [f"[{table}]"] if not own[0].table or not isinstance(own[0].example, Mapping) else []
        parts.append("\n".join([*head, *chain.from_iterable(map(_toml, own))]))
    return "\n\n".join(parts)


def _row(key: Key, table: str) -> str:
    name = f"{key.table}.{key.name}".removeprefix(f"{table}.")
    return f"| `{name}` | {_kind(key.field)} | {_default(key)} | {key.words} |"


def _default(key: Key) -> str:
    if key.default is None or key.default in ((), {}):
        return "none"
    return f"`{write_value(key.default)}`" if key.default != "" else "empty"


def _kind(field: FieldInfo) -> str:
    """Return the type of a key in words, with its bounds: ``number (more than 0)``."""
    bounds = [
        words.format(getattr(bound, name))
        for bound in field.metadata
        for name, words in _BOUNDS.items()
        if hasattr(bound, name)
    ]
    return _type(field.annotation) + (f" ({', '.join(bounds)})" if bounds else "")


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'`"{word}"`' for word in inner)
    if origin is tuple:
        return f"list of {_type(inner[0])}s"
    if origin is dict:
        return f"table; each value: {_type(inner[1])}"
    return _TYPES.get(annotation) or _type(next(each for each in inner if each is not type(None)))


def _toml(key: Key) -> Iterator[str]:
    """Yield the lines of an example; a table is written as lines of its own."""
    if not isinstance(key.example, Mapping):
        yield f"{key.name} = {write_value(key.example)}"
        return
    if key.table:
        yield f"[{key.table}.{key.name}]"
    for name, value in key.example.items():
        yield f"{write_key(name)} = {write_value(value)}"


def _describe(schema: dict[str, Any], model: str) -> None:
    for name, words in _described()[model].items():
        # The title that pydantic makes of a name says nothing that the name does not.
        schema["properties"][name].pop("title", None)
        schema["properties"][name]["description"] = words
