"""What accepting a draft would cause in other documents."""

from __future__ import annotations

from collections.abc import Sequence

from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.workspace import Workspace


def find_elsewhere(workspace: Workspace, library: Library, draft: Procedure) -> Sequence[Finding]:
    """Return the findings that other documents do not have now, and would have once a draft is accepted.

    Args:
        workspace: Checks and derives.
        library: The library as it is.
        draft: The document as it would be.
    """
    laid = library.overlay(draft)
    near = sorted(_touched(library, draft))
    if not near:
        return ()
    present = workspace.with_derived(library, ticks=False)
    known = {finding.fingerprint for finding in workspace.check(present, near).findings}
    after = workspace.check(workspace.with_derived(laid, ticks=False), near).findings
    return [finding for finding in after if finding.fingerprint not in known]


def _touched(library: Library, draft: Procedure) -> set[str]:
    """Return the documents that a draft refers to, and those that name it."""
    words = title_key(draft.title).split()
    linked = {path for path in draft.targets if path in library.by_path}
    named = {p.path for p in library.procedures if p.kind != "plan" and names(p, words)}
    return (linked | named) - {draft.path}


def names(procedure: Procedure, words: Sequence[str]) -> bool:
    """Say whether all words of a title occur in a document: cheap, so that few documents are looked at closely."""
    text = procedure.source.raw.decode(errors="replace").casefold()
    return all(word in text for word in words if word != "and")
