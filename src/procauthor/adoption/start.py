"""Starts a library: settings, a template, an index and a first procedure, and on wish files for other tools."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from procauthor.errors import ConfigError, LibraryError
from procauthor.git import find_repository
from procauthor.library.change import Change, Edit
from procauthor.library.disk import leads_out, write_file
from procauthor.library.library import document_paths
from procauthor.library.transaction import STATE, apply
from procauthor.regex import lazy
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


# Files beside a library that other tools read: CI, coding agents, MCP clients, pre-commit

_LIBRARY = "{library}"
_PLAIN = lazy(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class _Companion:
    """Where a file is made, from which of those that ship, and what it is for."""

    path: str
    source: str
    purpose: str


_PLACES: Mapping[str, _Companion] = {
    "github": _Companion(".github/workflows/procedures.yml", "github.yml", "a workflow that checks it on GitHub"),
    "gitlab": _Companion(".gitlab-ci.yml", "gitlab.yml", "a job that checks it on GitLab"),
    "agents": _Companion("AGENTS.md", "agents.md", "a page for coding agents"),
    "mcp": _Companion(".mcp.json", "mcp.json", "the settings of clients of the Model Context Protocol"),
    "pre-commit": _Companion(".pre-commit-config.yaml", "pre-commit.yaml", "hooks of pre-commit"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A file beside a library; ``written`` is False where one of that name was there, which stays as it is.

    ``path`` is as seen from the folder of the library, as in ``../AGENTS.md``.
    """

    path: str
    written: bool


def purpose(name: str) -> str:
    """Return what a file is for, with its path."""
    place = _PLACES[name]
    return f"{place.path}, {place.purpose}"


def make_companions(library: Path, wanted: Iterable[str]) -> Iterator[Made]:
    """Write files to the top of the repository that the library is in, or to its folder where there is none.

    Raises:
        LibraryError: A file cannot be written.
    """
    repository = find_repository(library)
    top = repository.top if repository else library
    inside = (repository.prefix if repository else "").rstrip("/") or "."
    for name in dict.fromkeys(wanted):
        place = _PLACES[name]
        file, seen = top / place.path, posixpath.relpath(place.path, inside)
        if file.exists() or file.is_symlink() or leads_out(top, file):
            yield Made(seen, written=False)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, _text(place.source, inside).encode())
        yield Made(seen, written=True)


def _text(source: str, library: str) -> str:
    """Return a file with the folder of the library in it, as shells and JSON read it."""
    text = (shipped("templates") / "companion" / source).read_text(encoding="utf-8")
    path = posixpath.normpath(library)
    if source.endswith(".json"):
        return text.replace(_LIBRARY, path.replace("\\", "\\\\").replace('"', '\\"'))
    return text.replace(_LIBRARY, path if _PLAIN.fullmatch(path) else shlex.quote(path))
