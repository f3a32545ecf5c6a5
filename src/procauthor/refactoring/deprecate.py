"""Takes a document out of use: it stays as a tombstone, and references lead to its replacement."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.scope import Scope
from procauthor.errors import ConflictError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import MetadataField, Replacement
from procauthor.markdown.front_edit import Put, edit_front_matter
from procauthor.markdown.proof import rewrite
from procauthor.procedure import UNCOUNTED
from procauthor.refactoring.page import Pages, new_link
from procauthor.refactoring.relocation import NewName, Relocation
from procauthor.refactoring.rewrite import Rewriting

# Lists keep a deprecated document, with its status.
_LISTING = frozenset({"index", "readme", "plan"})


def deprecate(scope: Scope, procedure: Procedure, by: Procedure | None = None) -> Change:
    """Return the change that marks a document as deprecated; with a replacement, references lead to that one.

    Raises:
        ConflictError: It is deprecated already.
        LibraryError: The replacement is the document itself, or out of use too, or a link cannot be rewritten.
    """
    _refuse(procedure, by)
    by_path = scope.library.by_path
    raw = procedure.document.source.raw
    edits = [
        Edit(
            procedure.path,
            raw,
            rewrite(procedure.path, procedure.document, [*_tombstone(scope.library, procedure, by)]),
        )
    ]
    if by is not None:
        rewritten = Rewriting(scope, _relocation(scope, procedure, by), {}).run()
        edits += [Edit(path, by_path[path].document.source.raw, after) for path, after in rewritten.items()]
    return Change(tuple(edits), f"deprecate {procedure.title}" + (f" by {by.title}" if by else ""))


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
    return Relocation(
        targets={procedure.path: by.path},
        anchors=anchors,
        names=names,
        spared=frozenset(spared),
        inside=scope.inside_repository(),
        pages=Pages.of(scope.library),
    )


def _tombstone(library: Library, procedure: Procedure, by: Procedure | None) -> Iterator[Replacement]:
    yield from _status(library, procedure, by)
    document, newline = procedure.document, procedure.document.source.newline
    link = f"Use {new_link(library, by.title, procedure.path, by.path)} instead." if by else "Nothing replaces it."
    note = f"> **Deprecated.** {link}"
    heading = next((h for h in document.headings if h.level == 1 and not h.nested), None)
    if heading is None:
        start = document.sections[0].body
        yield Replacement(start, start, f"{note}{newline}{newline}")
    elif document.source.raw[heading.end - 1 : heading.end] == b"\n":
        yield Replacement(heading.end, heading.end, f"{newline}{note}{newline}")
    else:
        yield Replacement(heading.end, heading.end, f"{newline}{newline}{note}{newline}")


def _status(library: Library, procedure: Procedure, by: Procedure | None) -> Iterator[Replacement]:
    document = procedure.document
    field = document.fields.get("status")
    if document.front_matter is None and document.fields:
        first = min(document.fields.values(), key=lambda each: each.start)
        yield from (
            _bold_status(library, procedure, field, by) if field else _new_bold_status(library, procedure, first, by)
        )
        return
    edits = [Put("status", "Deprecated")]
    if by:
        edits.append(Put("superseded_by", by.title, quote='"'))
    yield from edit_front_matter(document, procedure.path, edits)


def _new_bold_status(
    library: Library, procedure: Procedure, field: MetadataField, by: Procedure | None
) -> Iterator[Replacement]:
    """Put the status before the first bold field, in its form: front matter would take the place of all of them."""
    raw = procedure.document.source.raw
    begin = raw.rfind(b"\n", 0, field.start) + 1
    end = raw.find(b"\n", field.end)
    lead = raw[begin : raw.find(b"**", begin)].decode()
    tail = raw[field.end : len(raw) if end == -1 else end].decode().rstrip("\r")
    lines = [f"{lead}**Status:** Deprecated{tail}"]
    if by:
        lines.append(f"{lead}**Superseded by:** {new_link(library, by.title, procedure.path, by.path)}{tail}")
    newline = procedure.document.source.newline
    yield Replacement(begin, begin, "".join(line + newline for line in lines))


def _bold_status(
    library: Library, procedure: Procedure, field: MetadataField, by: Procedure | None
) -> Iterator[Replacement]:
    """Change the bold field; the replacement gets a line of the same form below."""
    raw = procedure.document.source.raw
    if by is None:
        yield Replacement(field.start, field.end, "Deprecated")
        return
    begin = raw.rfind(b"\n", 0, field.start) + 1
    lead = raw[begin : raw.find(b"**", begin)].decode()
    end = raw.find(b"\n", field.end)
    tail = raw[field.end : len(raw) if end == -1 else end].decode().rstrip("\r")
    newline = procedure.document.source.newline
    link = new_link(library, by.title, procedure.path, by.path)
    yield Replacement(field.start, field.end, f"Deprecated{tail}{newline}{lead}**Superseded by:** {link}")
