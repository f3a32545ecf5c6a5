"""A change set: several files that change together or not at all. Values only; `transaction` writes them."""

from __future__ import annotations

import difflib
import os
import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from msgspec import Struct

from procauthor.errors import ConflictError, FrontMatterError, LibraryError
from procauthor.library import disk
from procauthor.library.library import EVALUATIONS
from procauthor.library.sidecar import (
    FOLLOWED,
    NONE,
    PROVENANCE,
    RECEIPTS,
    Provenance,
    Receipts,
    decode_sidecar,
    encode_provenance,
    encode_receipts,
    sidecar_path,
)
from procauthor.markdown.document import Document
from procauthor.markdown.front import refuse_unreadable
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import find_conflict
from procauthor.naming import is_document, is_inside, path_key, unportable
from procauthor.settings import FILE_NAME

Action = Literal["create", "update", "delete"]


def action_of(before: object, after: object) -> Action:
    """Return what happens to a file: None, before or after, means that it does not exist."""
    if before is None:
        return "create"
    return "delete" if after is None else "update"


class Edit(Struct, frozen=True):
    """One file before and after; None means that it does not exist.

    ``origin`` is the path that the text had before, where a file is renamed: the new file gets the mode of the old
    one. The old path has an edit of its own in the same change. A ``quiet`` edit is one of a file that is kept for
    programs, such as receipts: it is listed, and no diff shows its lines.
    """

    path: str
    before: bytes | None
    after: bytes | None
    origin: str | None = None
    quiet: bool = False

    @property
    def action(self) -> Action:
        """What happens to the file."""
        return action_of(self.before, self.after)


class Change(Struct, frozen=True):
    """Edits that belong together, in the order in which they are shown; ``title`` says what they are for."""

    edits: tuple[Edit, ...]
    title: str = ""

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.edits)

    def diff(self) -> str:
        """Return one unified diff of all files but the quiet ones; a renamed file is compared with what it was."""
        return "".join(_diffs(tuple(edit for edit in self.edits if not edit.quiet)))

    def as_json(self) -> list[dict[str, str]]:
        """Return ``changes[]`` of the documented JSON; ``from`` is there for a renamed file."""
        return [
            {"path": edit.path, "action": edit.action} | ({"from": edit.origin} if edit.origin else {})
            for edit in self.edits
        ]


def _diffs(edits: tuple[Edit, ...]) -> Iterator[str]:
    left = {edit.path: edit.before for edit in edits}
    moved = {edit.origin for edit in edits if edit.origin}
    for edit in edits:
        if edit.origin:
            yield _renamed(edit, edit.origin, left)
        elif edit.path not in moved:
            yield _diff(edit.path, edit.before, edit.path, edit.after)
        elif edit.after is not None:
            yield _diff(edit.path, None, edit.path, edit.after)


def _renamed(edit: Edit, origin: str, left: Mapping[str, bytes | None]) -> str:
    head = f"rename from {origin}\nrename to {edit.path}\n"
    return head + _diff(origin, left.get(origin), edit.path, edit.after)


def _diff(old_path: str, before: bytes | None, new_path: str, after: bytes | None) -> str:
    old = f"a/{old_path}" if before is not None else "/dev/null"
    new = f"b/{new_path}" if after is not None else "/dev/null"
    lines = difflib.unified_diff(_lines(before), _lines(after), old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(raw: bytes | None) -> list[str]:
    """Cut at line feeds only, so that a carriage return stays with its line."""
    text = (raw or b"").decode(errors="replace")
    return [line + "\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.rpartition("\n")[2]) else [])


def edit_receipts(root: Path, path: str, change: Callable[[Receipts], Receipts]) -> Edit | None:
    """Return what changes the receipts of a document, or None where nothing does.

    Raises:
        LibraryError: The present file cannot be understood, so it would be lost.
    """
    place = sidecar_path(RECEIPTS, path)
    before = disk.read(disk.locate(root, place))
    present = decode_sidecar(before, Receipts) if before is not None else NONE
    after = change(present)
    if after == present:
        return None
    if present.problem:
        message = f"{place} cannot be understood: {present.problem}"
        raise LibraryError(message, "nothing was written; correct the file, or bring back an earlier version")
    raw = encode_receipts(after)
    return None if raw == before else Edit(place, before, raw, quiet=True)


def edit_provenance(root: Path, path: str, after: Provenance) -> Edit | None:
    """Return what writes the provenance of a document, whatever was there; None where nothing changes."""
    place = sidecar_path(PROVENANCE, path)
    before, raw = disk.read(disk.locate(root, place)), encode_provenance(after)
    return None if raw == before else Edit(place, before, raw, quiet=True)


def move_file(root: Path, old: str, new: str) -> tuple[Edit, ...]:
    """Return what moves a file that is kept beside a document, byte for byte; nothing where there is none."""
    raw = disk.read(disk.locate(root, old))
    if raw is None:
        return ()
    present = disk.read(disk.locate(root, new))
    return Edit(new, present, raw, old, quiet=True), Edit(old, raw, None, quiet=True)


BASELINE = ".procauthor-baseline.json"
"""The file of known findings, the one hidden file that a change may write."""
_BESIDE = tuple(f"{folder}/" for folder in (RECEIPTS, PROVENANCE, FOLLOWED, EVALUATIONS))
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
    return beside or is_document(path) or path == FILE_NAME


def refuse_unsafe(change: Change) -> None:
    """Refuse a change of documents before it is written.

    Raises:
        LibraryError: A document holds an unresolved conflict.
        FrontMatterError: Front matter that cannot be edited would change, or could not be read afterwards.
    """
    left = {edit.path: edit.before for edit in change.edits}
    for edit in change.edits:
        if is_document(edit.path) and not edit.quiet:
            before = _read(left.get(edit.origin or edit.path))
            after = _read(edit.after)
            for document in filter(None, (before, after)):
                refuse_conflict(edit.origin or edit.path, document)
            if before and after:
                _refuse_spoiled(edit, before, after)


def refuse_unportable(root: Path, change: Change) -> None:
    """Refuse new files and folders that another system could not have; what is there already stays as it is.

    Raises:
        LibraryError: A name is one of them, or differs from another one in upper and lower case alone.
    """
    going = {edit.path for edit in change.edits if edit.after is None}
    made: dict[str, str] = {}
    for edit in change.edits:
        # What is kept beside a document has the name of the document.
        if edit.before is None and not edit.quiet:
            reason = _unportable_part(root, edit.path, going)
            twin = made.setdefault(path_key(edit.path), edit.path)
            if not reason and twin != edit.path:
                reason = _twin(edit.path, twin)
            if reason:
                message = f"{edit.path!r} cannot be made: {reason}"
                raise LibraryError(message, "nothing was written; choose another name, so that all systems can have it")


def _unportable_part(root: Path, path: str, going: Collection[str]) -> str:
    """Return why another system could not have what is new of a path, or nothing."""
    parts = PurePosixPath(path).parts
    known = next(n for n in range(len(parts), -1, -1) if n == 0 or (root / Path(*parts[:n])).exists())
    reason = next(filter(None, map(unportable, parts[known:])), "")
    if reason or known == len(parts):
        return reason
    parent = PurePosixPath(*parts[:known])
    beside = os.listdir(root / parent) if (root / parent).is_dir() else []
    twins = (name for name in beside if path_key(name) == path_key(parts[known]))
    twin = next((name for name in twins if (parent / name).as_posix() not in going), "")
    return _twin(parts[known], twin) if twin else ""


def _twin(name: str, other: str) -> str:
    return f"on Windows and macOS {name!r} and {other!r} are the same name"


def refuse_conflict(path: str, document: Document) -> None:
    """Refuse a document that holds an unresolved conflict.

    Raises:
        LibraryError: It does; the message says in which line.
    """
    place = find_conflict(document)
    if place is not None:
        message = f"{path}:{document.source.line(place)}: a merge conflict is not resolved"
        raise LibraryError(message, "nothing was written; resolve the conflict first")


def _read(raw: bytes | None) -> Document | None:
    try:
        return None if raw is None else parse(raw)
    except UnicodeDecodeError:
        return None


def _refuse_spoiled(edit: Edit, before: Document, after: Document) -> None:
    if before.front_matter is None or _front(before) == _front(after):
        return
    refuse_unreadable(before, edit.origin or edit.path)
    if after.front_matter is None:
        message = f"{edit.path}:1: the front matter would be lost"
        raise FrontMatterError(message, "nothing was written")
    refuse_unreadable(after, edit.path)


def _front(document: Document) -> bytes:
    start, end = document.front_matter or (0, 0)
    return document.source.raw[start:end].replace(b"\r\n", b"\n")


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
