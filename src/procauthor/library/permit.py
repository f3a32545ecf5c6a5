"""Says what a change may write, be it of a command, the history, a journal, a draft or the settings.

A change writes documents, what is kept beside them, saved evaluations, the baseline, and the settings of a new
library. It never writes into a hidden folder such as ``.git``, nor through a link that leads elsewhere, and makes no
file executable.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path, PurePosixPath

from procauthor.errors import LibraryError
from procauthor.library import followed, provenance, receipt
from procauthor.library.library import EVALUATIONS, MARKDOWN
from procauthor.naming import is_inside
from procauthor.settings import FILE_NAME

BASELINE = ".procauthor-baseline.json"
"""The file of known findings, the one hidden file that a change may write."""
_BESIDE = tuple(f"{folder}/" for folder in (receipt.FOLDER, provenance.FOLDER, followed.FOLDER, EVALUATIONS))
_PLAIN = 0o666
_OUTSIDE = "lies outside of the library"
_HIDDEN = "is hidden, and no change writes anything hidden"


def permit(root: Path, path: str) -> Path:
    """Return the place of a file that a change may write; a link to another document of the library is followed.

    Raises:
        LibraryError: No change may write there.
    """
    reason = _refuse_folder(root, posixpath.dirname(path)) or _refuse_file(root, path)
    if reason:
        message = f"{path!r} {reason}"
        raise LibraryError(message, "nothing was changed")
    return Path(os.path.realpath(root / path))


def is_permitted(root: Path, path: object) -> bool:
    """Say whether a change may write a file."""
    return isinstance(path, str) and not (_refuse_folder(root, posixpath.dirname(path)) or _refuse_file(root, path))


def is_folder_permitted(root: Path, path: object) -> bool:
    """Say whether a change may make or remove a folder."""
    return isinstance(path, str) and not _refuse_folder(root, path)


def creation_mode(mode: int | None) -> int | None:
    """Return the permission bits of a file that comes back: it is never executable because a record says so."""
    return None if mode is None else mode & _PLAIN


def _refuse_folder(root: Path, folder: str) -> str:
    """Return why no change may write into a folder, or nothing."""
    if not is_inside(folder):
        return _OUTSIDE
    plain = PurePosixPath(posixpath.normpath(folder))
    if _is_hidden(plain):
        return _HIDDEN
    if os.path.realpath(root / plain) != os.path.normpath(os.path.join(os.path.realpath(root), plain)):
        return "lies behind a link to a folder"
    return ""


def _refuse_file(root: Path, path: str) -> str:
    """Return why no change may write a file in a folder that it may write into, or nothing."""
    real = os.path.realpath(root)
    led = Path(os.path.realpath(root / path))
    if not led.is_relative_to(real):
        return _OUTSIDE
    for place in (PurePosixPath(posixpath.normpath(path)), PurePosixPath(led.relative_to(real).as_posix())):
        if place.as_posix() == BASELINE:
            continue
        if _is_hidden(place):
            return _HIDDEN
        if not _is_ours(place.as_posix()):
            return "is neither Markdown nor kept beside the documents, and no change writes anything else"
    return ""


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_ours(path: str) -> bool:
    beside = path.startswith(_BESIDE) and path.endswith(".json")
    return beside or path.lower().endswith(MARKDOWN) or path == FILE_NAME
