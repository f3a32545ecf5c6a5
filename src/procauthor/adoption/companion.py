"""Files beside a library that other tools read: CI, coding agents, MCP clients, pre-commit. Made on wish only."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from procauthor.git import find_repository
from procauthor.library.disk import leads_out, write_file
from procauthor.regex import lazy
from procauthor.system import shipped

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
