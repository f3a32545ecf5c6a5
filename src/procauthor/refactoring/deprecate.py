"""Takes a document out of use: it stays as a tombstone, and references lead to its replacement."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.errors import ConflictError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, Procedure
from procauthor.library.page import new_link
from procauthor.markdown.document import Replacement
from procauthor.markdown.front import Put, edit_front_matter
from procauthor.markdown.proof import rewrite
from procauthor.procedure import UNCOUNTED
from procauthor.refactoring.relocation import NewName, Relocation
from procauthor.refactoring.rewrite import Rewriting

# Lists keep a deprecated document, with its status.
_LISTING = frozenset({"index", "readme", "plan"})


def deprecate(scope: Scope, procedure: Procedure, by: Procedure | None = None) -> Change:
    """Return the change of `Refactoring.deprecate`; with a replacement, references lead to that one."""
    _refuse(procedure, by)
    after = rewrite(procedure.path, procedure.document, [*_tombstone(scope.library, procedure, by)])
    others = Rewriting(scope, _relocation(scope, procedure, by), {}).run() if by else ()
    label = f"deprecate {procedure.title}" + (f" by {by.title}" if by else "")
    return Change((Edit(procedure.path, procedure.source.raw, after), *others), label)


def _refuse(procedure: Procedure, by: Procedure | None) -> None:
    if procedure.status == "deprecated":
        message = f"{procedure.path} is deprecated already"
        raise ConflictError(message, "nothing was changed")
    if procedure.kind in _LISTING or procedure.kind == "template":
        message = f"{procedure.path} is no document that can be deprecated ({procedure.kind})"
        raise LibraryError(message, "nothing was changed")
    if by is not None and (by.path == procedure.path or by.status in UNCOUNTED):
        what = "the document itself" if by.path == procedure.path else f"{by.status} too"
        message = f"{by.title!r} cannot replace it: it is {what}"
        raise LibraryError(message, "name the document that is used instead")


def _relocation(scope: Scope, procedure: Procedure, by: Procedure) -> Relocation:
    """Lead references to the replacement, but not those of lists, of the two themselves, and of what is out of use."""
    documents = scope.library.procedures
    spared = {p.path for p in documents if p.kind in _LISTING or p.status in UNCOUNTED} | {by.path, procedure.path}
    anchors = {
        (procedure.path, anchor): (by.path, anchor if anchor in by.document.anchors else "")
        for anchor in procedure.document.anchors
    }
    names = {procedure.path: NewName(procedure, by.title, by.id)}
    ground, targets = Relocation.within(scope), {procedure.path: by.path}
    return replace(ground, targets=targets, anchors=anchors, names=names, spared=frozenset(spared))


def _tombstone(library: Library, procedure: Procedure, by: Procedure | None) -> Iterator[Replacement]:
    yield from _status(library, procedure, by)
    document, newline = procedure.document, procedure.document.source.newline
    link = f"Use {new_link(library, by.title, procedure.path, by.path)} instead." if by else "Nothing replaces it."
    note = f"> **Deprecated.** {link}"
    heading = next((h for h in document.headings if h.level == 1 and not h.nested), None)
    if heading is None:
        start = document.sections[0].body
        yield Replacement(start, start, f"{note}{newline}{newline}")
    else:
        blank = newline if document.source.raw[heading.end - 1 : heading.end] == b"\n" else newline * 2
        yield Replacement(heading.end, heading.end, f"{blank}{note}{newline}")


def _status(library: Library, procedure: Procedure, by: Procedure | None) -> Iterator[Replacement]:
    document = procedure.document
    if document.front_matter is None and document.fields:
        yield _bold_status(library, procedure, by)
        return
    edits = [Put("status", "Deprecated")]
    if by:
        edits.append(Put("superseded_by", by.title, quote='"'))
    yield from edit_front_matter(document, procedure.path, edits)


def _bold_status(library: Library, procedure: Procedure, by: Procedure | None) -> Replacement:
    """Change the bold field, or put one before the first, in its form: front matter would take the place of them all.

    The replacement gets a line of the same form below.
    """
    document, raw, newline = procedure.document, procedure.source.raw, procedure.source.newline
    status = document.fields.get("status")
    field = status or min(document.fields.values(), key=lambda each: each.start)
    begin, end = raw.rfind(b"\n", 0, field.start) + 1, raw.find(b"\n", field.end)
    lead = raw[begin : raw.find(b"**", begin)].decode()
    tail = raw[field.end : len(raw) if end == -1 else end].decode().rstrip("\r")
    link = new_link(library, by.title, procedure.path, by.path) if by else ""
    more = f"{tail}{newline}{lead}**Superseded by:** {link}" if by else ""
    if status:
        return Replacement(field.start, field.end, f"Deprecated{more}")
    return Replacement(begin, begin, f"{lead}**Status:** Deprecated{more}{tail}{newline}")
