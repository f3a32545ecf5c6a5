"""Says whether a change can be written, before the first byte of it is."""

from __future__ import annotations

from pathlib import Path

from procauthor.errors import ConflictError, LibraryError
from procauthor.library import disk
from procauthor.library.change import Change, Edit
from procauthor.library.permit import permit

_UNCHANGED = "nothing was changed"


def verify(root: Path, change: Change) -> list[tuple[Edit, Path]]:
    """Return each edit with the place of its file; a link inside of the library is followed.

    Raises:
        ConflictError: A file is no longer what the change was based on.
        LibraryError: A place is not one that a change may write, is read-only, a folder, or below a file.
    """
    places = [(edit, permit(root, edit.path)) for edit in change.edits]
    seen: dict[Path, str] = {}
    for edit, place in places:
        if place in seen:
            message = f"{edit.path} and {seen[place]} are the same file"
            raise LibraryError(message, _UNCHANGED)
        seen[place] = edit.path
    going = [place for edit, place in places if edit.after is None]
    for edit, place in places:
        if place.is_dir():
            message = f"{edit.path} is a folder"
            raise LibraryError(message, _UNCHANGED)
        _check_content(edit, place, going)
        if edit.before is None:
            _check_parents(root, edit, place)
        else:
            _check_file(root, edit, place)
    return places


def _check_content(edit: Edit, place: Path, going: list[Path]) -> None:
    present = disk.read(place)
    if edit.before is None and present is not None and not disk.is_listed(place):
        # The disk shows another file under this name, because it does not tell upper from lower case.
        if any(other.exists() and other.samefile(place) for other in going):
            return
        message = f"{edit.path} differs only in upper and lower case from a file that is there already"
        raise ConflictError(message, _UNCHANGED)
    if present != edit.before:
        if edit.before is None:
            message = f"{edit.path} is there already"
        elif present is None:
            message = f"{edit.path} is no longer there"
        else:
            message = f"{edit.path} changed since this was prepared"
        raise ConflictError(message, "nothing was written; run the command again")


def _check_parents(root: Path, edit: Edit, place: Path) -> None:
    parent = next(folder for folder in place.parents if folder.exists())
    shown = _shown(root, parent)
    if not parent.is_dir():
        message = f"{edit.path} cannot be written: {shown} is a file, not a folder"
        raise LibraryError(message, _UNCHANGED)
    if not disk.is_writable(parent):
        message = f"{edit.path} cannot be written: the folder {shown} is read-only"
        raise LibraryError(message, _UNCHANGED)


def _check_file(root: Path, edit: Edit, place: Path) -> None:
    if edit.after is None and (root / edit.path).is_symlink():
        message = f"{edit.path} is a link to {_shown(root, place)}, and would be lost"
        raise LibraryError(message, "name the file that it leads to instead")
    if not disk.is_writable(place):
        message = f"{edit.path} is read-only"
        raise LibraryError(message, "nothing was changed; make the file writable first")
    if not disk.is_writable(place.parent):
        message = f"{edit.path} cannot be written: the folder {_shown(root, place.parent)} is read-only"
        raise LibraryError(message, _UNCHANGED)


def _shown(root: Path, place: Path) -> str:
    real = root.resolve()
    return place.relative_to(real).as_posix() if place != real else "of the library"
