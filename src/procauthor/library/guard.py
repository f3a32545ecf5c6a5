"""What no change may do, whoever made it: write into an unresolved conflict, or spoil front matter."""

from __future__ import annotations

from procauthor.errors import FrontMatterError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.markdown.conflict import find_conflict
from procauthor.markdown.document import Document
from procauthor.markdown.front_edit import refuse_unreadable
from procauthor.markdown.parse import parse

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
