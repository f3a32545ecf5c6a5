"""Writes a site into its folder: over an earlier one of ours, and over nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from procauthor.errors import ConfigError
from procauthor.library import disk
from procauthor.naming import is_inside
from procauthor.system import read_regular

LIST = "procauthor-site.json"
"""The file that lists what was written, so that a folder is known, and pages of documents that are gone can go."""
_MARK = "procauthor site"


def require_site_place(folder: Path) -> None:
    """Refuse a folder that holds anything but a site of ours; ask before the work is done.

    Raises:
        ConfigError: It is such a folder, or no folder.
    """
    _listed(folder)


def write_site(folder: Path, files: Mapping[str, bytes]) -> tuple[int, tuple[str, ...]]:
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
        data = json.loads(read_regular(folder / LIST))
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
    _write(folder, LIST, (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode(errors="backslashreplace"))


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the folders that hold nothing without it."""
    with suppress(FileNotFoundError, NotADirectoryError):
        (folder / name).unlink()
    for parent in Path(name).parents[:-1]:
        with suppress(OSError):
            (folder / parent).rmdir()
