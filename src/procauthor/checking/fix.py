"""Fixes that a rule is certain of, as edits of spans, and how they are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from procauthor.errors import LibraryError
from procauthor.finding import Finding, FixEdit
from procauthor.library.change import refuse_conflict
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Document, Replacement
from procauthor.markdown.proof import rewrite


class Fixed(Struct, frozen=True):
    """Findings that were fixed, and the new bytes of the documents that changed, by path.

    ``refused`` says, by path, why a document is left as it is: its fixes would change more than they are meant to.
    """

    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]
    refused: Mapping[str, str]


def apply_fixes(library: Library, findings: Iterable[Finding]) -> Fixed:
    """Apply every fix that overlaps with none before it, and that is based on the documents as they are.

    A fix is applied as a whole or not at all. Insertions at one place follow each other in the order of the findings.
    A document whose fixes cannot be proven is left out, with every fix that touches it.
    """
    refused: dict[str, str] = {}
    while True:
        fixed, edits = _choose(library, findings, refused)
        files: dict[str, bytes] = {}
        new: dict[str, str] = {}
        for path in edits:
            try:
                files[path] = _rewrite(library.by_path[path].document, path, edits[path])
            except LibraryError as error:
                new[path] = error.message
        if not new:
            return Fixed(fixed, files, refused)
        refused |= new


def _choose(
    library: Library, findings: Iterable[Finding], refused: Mapping[str, str]
) -> tuple[tuple[Finding, ...], Mapping[str, list[FixEdit]]]:
    """Return the findings that can be fixed together, and the edits of their fixes by path."""
    taken: dict[str, list[FixEdit]] = {}
    fixed = []
    for finding in findings:
        if finding.fix and _fits(library, finding.fix, taken) and not any(e.path in refused for e in finding.fix):
            fixed.append(finding)
            for edit in finding.fix:
                taken.setdefault(edit.path, []).append(edit)
    return tuple(fixed), taken


def _rewrite(document: Document, path: str, edits: Sequence[FixEdit]) -> bytes:
    refuse_conflict(path, document)

    def may_lead(before: str, after: str) -> bool:
        # A link may lead to another target: to one that a fix has written.
        return before == after or any(edit.text and edit.text in after for edit in edits)

    return rewrite(path, document, [Replacement(e.start, e.end, e.text) for e in edits], may_lead)


def _fits(library: Library, fix: Sequence[FixEdit], taken: Mapping[str, list[FixEdit]]) -> bool:
    for edit in fix:
        document = library.by_path.get(edit.path)
        if document is None or document.stamp != edit.base or any(_meets(edit, e) for e in taken.get(edit.path, ())):
            return False
    return True


def _meets(one: FixEdit, two: FixEdit) -> bool:
    """Say whether two edits touch the same bytes, or an insertion is where the other replaces."""
    if one.start == one.end and two.start == two.end:
        return False
    return one.start <= two.end and two.start <= one.end


def with_fix(finding: Finding, procedure: Procedure, *edits: Replacement) -> Finding:
    """Return the finding with the fix that these edits of a document are; without edits it stays as it is."""
    return replace(finding, fix=tuple(FixEdit(procedure.path, e.start, e.end, e.text, procedure.stamp) for e in edits))
