"""Starts a library: settings, a template, an index and a first procedure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from procauthor.errors import ConfigError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.library.library import document_paths
from procauthor.library.transaction import STATE, apply
from procauthor.settings import FILE_NAME
from procauthor.system import shipped

# Hidden folders that say how the repository is kept, and nothing of the work.
_OF_REPOSITORY = (".git", ".github", ".gitlab", ".procauthor")
_SEVERAL = 3


def check_place(folder: Path) -> bool:
    """Return whether a folder that is to become a library holds documents already.

    Raises:
        ConfigError: It already is a library, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        message = f"{str(folder)!r} is a file, not a folder"
        raise ConfigError(message, "name a folder, new or existing")
    if (folder / FILE_NAME).exists():
        message = f"{str(folder)!r} already is a library: it has a {FILE_NAME}"
        raise ConfigError(message, "run procauthor check in it")
    return any(document_paths(folder, ()))


def hidden_folders(folder: Path, exclude: Collection[str] = ()) -> Iterator[tuple[str, int]]:
    """Yield the hidden folders that hold several documents, with their number: they are no part of a library.

    Args:
        folder: Where they are.
        exclude: Patterns of what is left out, as a folder with a slash and a star.
    """
    places = (place for place in sorted(folder.glob(".*/")) if place.name not in _OF_REPOSITORY)
    for place in (each for each in places if f"{each.name}/*" not in exclude):
        count = sum(1 for _ in document_paths(place, ()))
        if count >= _SEVERAL:
            yield place.name, count


def start(folder: Path) -> list[str]:
    """Write a new library and return the paths written, relative to the folder.

    Raises:
        ConfigError: The folder already is a library, holds documents, or is a file.
        LibraryError: It cannot be written.
    """
    if check_place(folder):
        message = f"{str(folder)!r} holds documents already"
        raise ConfigError(message, "adopt them: procauthor init")
    files = dict(_new())
    edits = tuple(Edit(path, None, content) for path, content in files.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot write to {str(folder)!r}: {error.strerror}"
        raise LibraryError(message, "name a folder where you may write") from error
    apply(folder, folder / STATE, Change(edits, "init"))
    return list(files)


def _new() -> Iterator[tuple[str, bytes]]:
    templates = shipped("templates")
    starter = templates / "starter"
    for file in sorted(starter.rglob("*")):
        if file.is_file():
            yield file.relative_to(starter).as_posix(), file.read_bytes()
    yield "templates/procedure.md", (templates / "procedure.md").read_bytes()
