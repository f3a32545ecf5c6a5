"""Turns a change of the library into edits that the editor makes, so that its own undo takes them back."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile

from lsprotocol import types

from procauthor.errors import ConflictError
from procauthor.library.change import Change, Edit
from procauthor.lsp.desk import Desk
from procauthor.lsp.position import Lines

_Operation = types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile


def workspace_edit(desk: Desk, change: Change) -> types.WorkspaceEdit:
    """Return a change as operations in the order in which an editor makes them."""
    return types.WorkspaceEdit(document_changes=list(_operations(desk, change)))


def refuse_without_files(capabilities: types.ClientCapabilities) -> None:
    """Refuse what an editor cannot do: to rename files along with an edit.

    Raises:
        ConflictError: It cannot.
    """
    known = capabilities.workspace.workspace_edit if capabilities.workspace else None
    operations = known.resource_operations if known and known.document_changes else None
    if types.ResourceOperationKind.Rename not in (operations or ()):
        message = "this editor cannot rename files"
        raise ConflictError(message, 'rename it with: procauthor rename "OLD TITLE" "NEW TITLE"')


def _operations(desk: Desk, change: Change) -> Iterator[_Operation]:
    before = {edit.path: edit.before for edit in change.edits}
    moved = {edit.origin for edit in change.edits if edit.origin}
    # What is moved goes first: what takes its old place must not be in the way.
    for edit in change.edits:
        if edit.origin:
            yield types.RenameFile(desk.uri(edit.origin), desk.uri(edit.path))
            yield from _rewrite(desk, edit, before[edit.origin] or b"")
    for edit in change.edits:
        if edit.origin is None:
            yield from _replace(desk, edit, gone=edit.path in moved)


def _replace(desk: Desk, edit: Edit, *, gone: bool) -> Iterator[_Operation]:
    if edit.after is None:
        if not gone:
            yield types.DeleteFile(desk.uri(edit.path))
        return
    if edit.before is None or gone:
        yield types.CreateFile(desk.uri(edit.path))
    yield from _rewrite(desk, edit, b"" if gone else edit.before or b"")


def _rewrite(desk: Desk, edit: Edit, before: bytes) -> Iterator[_Operation]:
    edits = list(text_edits(before, edit.after or b"", desk.encoding))
    if edits:
        document = types.OptionalVersionedTextDocumentIdentifier(desk.uri(edit.path), desk.versions.get(edit.path))
        yield types.TextDocumentEdit(document, edits)


def text_edits(before: bytes, after: bytes, encoding: str) -> Iterator[types.TextEdit]:
    """Yield what makes one text of the other; lines that are the same in both are left alone."""
    lines = Lines(before, encoding)
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _shortest(lines, starts[first], starts[last], b"".join(new[start:end]).decode())


def _shortest(lines: Lines, start: int, end: int, text: str) -> types.TextEdit:
    """Return the edit of a span without what is the same at its beginning and its end."""
    old = lines.raw[start:end].decode()
    head = _same(old, text)
    tail = _same(old[head:][::-1], text[head:][::-1])
    first = start + len(old[:head].encode())
    last = end - len(old[len(old) - tail :].encode())
    return types.TextEdit(lines.range(first, last), text[head : len(text) - tail])


def _same(one: str, two: str) -> int:
    """Return how many signs two texts have in common at their beginnings."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False)))
