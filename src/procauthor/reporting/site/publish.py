"""Writes a library as pages for readers into a folder: over an earlier site of ours, and over nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from procauthor.errors import ConfigError
from procauthor.library import disk
from procauthor.naming import is_inside
from procauthor.reporting.site.build import WaitingChange, build_site
from procauthor.reporting.site.place import HOME
from procauthor.system import read_regular
from procauthor.workspace import Workspace
from procauthor.workspace.measure import measure

_LIST = "procauthor-site.json"
"""The file that lists what was written, so that a folder is known, and pages of documents that are gone can go."""
_MARK = "procauthor site"


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was written: the folder and the page to start at, and how many documents and files it has.

    ``changed`` files are others than before, ``removed`` are those of documents that are gone. ``dead_links`` lead
    nowhere: the path of the document, and the target.
    """

    folder: Path
    start: str
    documents: int
    files: int
    changed: int
    removed: tuple[str, ...]
    dead_links: tuple[tuple[str, str], ...]


def publish(workspace: Workspace, folder: Path, drafts: Callable[[], Sequence[WaitingChange]]) -> SiteReport:
    """Write the pages of a library; all are made before the first one is written.

    Raises:
        ConfigError: The folder holds something else than a site, or the disk refuses.
    """
    # Before the work is done.
    _listed(folder)
    evaluation, census = measure(workspace)
    site = build_site(evaluation, census, drafts(), workspace.settings)
    changed, removed = _write_site(folder, site.files)
    return SiteReport(folder, HOME, site.documents, len(site.files), changed, removed, site.dead)


def _write_site(folder: Path, files: Mapping[str, bytes]) -> tuple[int, tuple[str, ...]]:
    """Write all files, then remove those of an earlier site that are no longer part of it.

    Returns how many files are new or changed, and which went.

    Other files in the folder are left alone. The list names old and new files while pages are written, so that what is
    cut off is put right by the next call.

    Raises:
        ConfigError: The folder or a file in it is not ours, or the disk refuses.
    """
    before = _listed(folder)
    for name in files:
        if name not in before and os.path.lexists(folder / name):
            message = f"{str(folder / name)!r} was not written by procauthor, and would be replaced"
            raise ConfigError(message, "move it away, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_list(folder, before | set(files))
        changed = sum(_write(folder, name, content) for name, content in files.items())
        gone = sorted(before - set(files))
        for name in gone:
            _remove(folder, name)
        _write_list(folder, files)
    except OSError as error:
        message = f"{str(folder)!r} cannot be written: {error.strerror}"
        raise ConfigError(
            message, "run the command again when the disk allows it; it begins where it stopped"
        ) from error
    return changed, tuple(gone)


def _listed(folder: Path) -> set[str]:
    """Return the files of the site that is in a folder; none where the folder is empty or is not there."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        message = f"{str(folder)!r} is a file, not a folder"
        raise ConfigError(message, "name a folder for the site")
    try:
        data = json.loads(read_regular(folder / _LIST))
        names = {str(name) for name in data["files"]} if data["made_by"] == _MARK else None
    except FileNotFoundError:
        names = set() if not any(folder.iterdir()) else None
    except (OSError, ValueError, KeyError, TypeError):
        names = None
    if names is None:
        message = f"{str(folder)!r} holds other files than a site of procauthor"
        raise ConfigError(message, "name a folder that is empty or new, or an earlier site")
    return {name for name in names if is_inside(name) and not disk.leads_out(folder, folder / name)}


def _write(folder: Path, name: str, content: bytes) -> bool:
    """Write a file, and say whether it is another one than before."""
    place = folder / name
    with suppress(OSError):
        if not place.is_symlink() and read_regular(place) == content:
            return False
    place.parent.mkdir(parents=True, exist_ok=True)
    new = disk.beside(place)
    new.write_bytes(content)
    os.replace(new, place)
    return True


def _write_list(folder: Path, names: Iterable[str]) -> None:
    data = {"made_by": _MARK, "files": sorted(names)}
    _write(folder, _LIST, (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode(errors="backslashreplace"))


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the folders that hold nothing without it."""
    with suppress(FileNotFoundError, NotADirectoryError):
        (folder / name).unlink()
    for parent in Path(name).parents[:-1]:
        with suppress(OSError):
            (folder / parent).rmdir()
