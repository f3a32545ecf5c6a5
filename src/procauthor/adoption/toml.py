"""Settings as TOML: what differs from the defaults, table by table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def write_tables(tables: Mapping[str, Any]) -> str:
    """Return tables as TOML; a value is a text, a number, a flag, a list of texts or a table."""
    return "\n".join(_table(tables, ()))


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if path and (plain or not table):
        yield f"[{'.'.join(map(write_key, path))}]"
    for key, value in plain.items():
        yield f"{write_key(key)} = {write_value(value)}"
    if plain or (path and not table):
        yield ""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _table(value, (*path, key))


def write_key(key: str) -> str:
    """Return the name of a setting, in quotes where it needs some."""
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else quoted(key)


def write_value(value: Any) -> str:
    """Return a text, a number, a flag, or a list of them."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(write_value, value))}]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    """Return a TOML string; a name that is no UTF-8 cannot be written in one, so any character matches there."""
    clean = "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
