"""Starts a library: an empty folder gets a template, an index and a first procedure, any other its settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from procauthor.errors import ConfigError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.library.transaction import STATE, apply
from procauthor.resources import shipped
from procauthor.settings import FILE_NAME

_ADOPTED = """# Settings of this library. `templates` maps a path pattern to the name of a template:
# a file in the folder "templates", or one of: orchestration, procedure, runbook, standard.

[library]
index = "{index}"

[templates]
# "*/*.md" = "procedure"
"""
_INDEX_NAMES = ("index.md", "INDEX.md", "README.md", "readme.md")


def start(folder: Path) -> list[str]:
    """Write a new library and return the paths written, relative to the folder.

    Raises:
        ConfigError: The folder already is a library, or is a file.
        LibraryError: It cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        message = f"{str(folder)!r} is a file, not a folder"
        raise ConfigError(message, "name a folder, new or existing")
    if (folder / FILE_NAME).exists():
        message = f"{str(folder)!r} already is a library: it has a {FILE_NAME}"
        raise ConfigError(message, "run procauthor check in it")
    adopt = folder.is_dir() and any(folder.rglob("*.md"))
    files = dict(_adopted(folder) if adopt else _new())
    edits = tuple(Edit(path, None, content) for path, content in files.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot write to {str(folder)!r}: {error.strerror}"
        raise LibraryError(message) from error
    apply(folder, folder / STATE, Change(edits, "init"))
    return list(files)


def _adopted(folder: Path) -> Iterator[tuple[str, bytes]]:
    index = next((name for name in _INDEX_NAMES if (folder / name).is_file()), "index.md")
    yield FILE_NAME, _ADOPTED.format(index=index).encode()


def _new() -> Iterator[tuple[str, bytes]]:
    templates = shipped("templates")
    starter = templates / "starter"
    for file in sorted(starter.rglob("*")):
        if file.is_file():
            yield file.relative_to(starter).as_posix(), file.read_bytes()
    yield "templates/procedure.md", (templates / "procedure.md").read_bytes()
