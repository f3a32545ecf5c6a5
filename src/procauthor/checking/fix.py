"""Applies the fixes of findings to documents, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from procauthor.finding import Finding, Fix, FixEdit
from procauthor.library.library import Library
from procauthor.markdown.edit import Replacement
from procauthor.markdown.proof import rewrite


@dataclass(frozen=True, slots=True)
class Fixed:
    """Findings that were fixed, and the new bytes of the documents that changed, by path."""

    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]


def apply_fixes(library: Library, findings: Iterable[Finding]) -> Fixed:
    """Apply every fix that overlaps with none before it, and that is based on the documents as they are.

    A fix is applied as a whole or not at all. Insertions at one place follow each other in the order of the findings.

    Raises:
        LibraryError: A fix would change more than it is meant to; nothing is written.
    """
    taken: dict[str, list[FixEdit]] = {}
    fixed = []
    for finding in findings:
        if finding.fix and _fits(library, finding.fix, taken):
            fixed.append(finding)
            for edit in finding.fix.edits:
                taken.setdefault(edit.path, []).append(edit)
    files = {
        path: rewrite(
            path,
            library.by_path[path].document,
            [Replacement(e.start, e.end, e.text) for e in edits],
            _Leads(tuple(e.text for e in edits)),
        )
        for path, edits in taken.items()
    }
    return Fixed(tuple(fixed), files)


@dataclass(frozen=True, slots=True)
class _Leads:
    """Says whether a link may lead to another target: to one that a fix has written."""

    texts: tuple[str, ...]

    def __call__(self, before: str, after: str) -> bool:
        return before == after or any(text and text in after for text in self.texts)


def _fits(library: Library, fix: Fix, taken: Mapping[str, list[FixEdit]]) -> bool:
    for edit in fix.edits:
        document = library.by_path.get(edit.path)
        if document is None or document.stamp != edit.base or any(_meets(edit, e) for e in taken.get(edit.path, ())):
            return False
    return True


def _meets(one: FixEdit, two: FixEdit) -> bool:
    """Say whether two edits touch the same bytes, or an insertion stands where the other replaces."""
    if one.start == one.end and two.start == two.end:
        return False
    return one.start <= two.end and two.start <= one.end
