"""What no change may do: write into an unresolved conflict, spoil front matter, make a name for some systems only."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from procauthor.errors import FrontMatterError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.markdown.conflict import find_conflict
from procauthor.markdown.document import Document
from procauthor.markdown.front_edit import refuse_unreadable
from procauthor.markdown.parse import parse
from procauthor.naming import unportable

_ENDINGS = (".md", ".markdown")


def refuse_unsafe(change: Change) -> None:
    """Refuse a change of documents before it is written.

    Raises:
        LibraryError: A document holds an unresolved conflict.
        FrontMatterError: Front matter that cannot be edited would change, or could not be read afterwards.
    """
    left = {edit.path: edit.before for edit in change.edits}
    for edit in change.edits:
        if edit.path.lower().endswith(_ENDINGS) and not edit.quiet:
            before = _read(left.get(edit.origin or edit.path))
            after = _read(edit.after)
            for document in filter(None, (before, after)):
                refuse_conflict(edit.origin or edit.path, document)
            if before and after:
                _refuse_spoiled(edit, before, after)


def refuse_unportable(root: Path, change: Change) -> None:
    """Refuse new files and folders that another system could not have; what is there already stays as it is.

    Raises:
        LibraryError: A name is one of them.
    """
    for edit in change.edits:
        # What is kept beside a document has the name of the document.
        if edit.before is None and not edit.quiet:
            parts = PurePosixPath(edit.path).parts
            known = next(n for n in range(len(parts), -1, -1) if n == 0 or (root / Path(*parts[:n])).exists())
            reason = next(filter(None, map(unportable, parts[known:])), "")
            if reason:
                message = f"{edit.path!r} cannot be made: {reason}"
                raise LibraryError(message, "nothing was written; choose another name, so that all systems can have it")


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
