"""Adopts a folder of documents: writes the settings and templates that a survey proposes, and a baseline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from procauthor.adoption.survey import Survey
from procauthor.checking.check import FILE_NAME as BASELINE
from procauthor.errors import LibraryError
from procauthor.library.disk import locate
from procauthor.settings import FILE_NAME
from procauthor.workspace import Workspace
from procauthor.workspace.check import update_baseline

_HEAD = """# Settings of this library. `templates` maps a path pattern to the name of a template: a file in the folder
# "templates", or one of: orchestration, procedure, runbook, standard. The first pattern that matches counts.
# A star also matches slashes, and an empty name means no template.
# `conventions` say how this library writes titles, statuses, links and placeholders. They were guessed: correct them.

"""
_BASELINE = f'\n[check]\nbaseline = "{BASELINE}"\n'.encode()
_NO_TEMPLATE = '[templates]\n# "*/*.md" = "procedure"\n'


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting a folder would write: files by path, without the baseline."""

    survey: Survey
    files: Mapping[str, bytes]


def propose(result: Survey) -> Adoption:
    """Return what adopting the documents of a survey would write. Nothing is written."""
    text = write_tables(result.settings)
    if not result.patterns:
        text = text.replace("[templates]\n", _NO_TEMPLATE)
    return Adoption(result, {FILE_NAME: f"{_HEAD}{text}".encode(), **result.own_templates})


def adopt(adoption: Adoption) -> tuple[list[str], int]:
    """Write the settings, the templates, and a baseline where there are findings; return the paths and their number.

    Raises:
        LibraryError: It cannot be written, or a file of that name is there; what was written is taken back.
    """
    folder = adoption.survey.folder
    places = {path: locate(folder, path) for path in adoption.files}
    written: list[str] = []
    try:
        for path, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                written.append(path)
                # With the settings that stay, the check that follows finds all that this one remembers.
                file.write(adoption.files[path] + (_BASELINE if path == FILE_NAME else b""))
    except OSError as error:
        for path in written:
            (folder / path).unlink(missing_ok=True)
        message = f"cannot write to {str(folder)!r}: {error.strerror}"
        raise LibraryError(message, "nothing was changed") from error
    known = len(update_baseline(Workspace.open(folder)).entries)
    if known:
        return [*written, BASELINE], known
    (folder / BASELINE).unlink()
    (folder / FILE_NAME).write_bytes(adoption.files[FILE_NAME])
    return written, 0


# Settings as TOML


def write_tables(tables: Mapping[str, Any]) -> str:
    """Return settings as TOML, table by table; a value is a text, a number, a flag, a list of texts or a table."""
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
