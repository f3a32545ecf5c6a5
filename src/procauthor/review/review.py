"""Reviews of a library: approvals, suspects and provenance, with everything derived brought along."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from procauthor.checking.scope import Scope
from procauthor.checking.usage import Suspect
from procauthor.convention.site import navigation_of
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library
from procauthor.library.sidecar import Review, today
from procauthor.naming import split_ending
from procauthor.review.approve import (
    Approval,
    ApprovalTerms,
    approve,
    read_address,
    read_expiry,
    read_name,
    read_role,
    refuse_unfit,
)
from procauthor.review.blame import Blame, blame, rebind_origins
from procauthor.review.suspect import Clearance, clear, first_sights, list_suspects
from procauthor.system import read_regular
from procauthor.workspace import Workspace


@dataclass(frozen=True)
class Reviewing:
    """What is asked of, and said about, a library as it is now. Nothing is written; `Project.apply` does that."""

    workspace: Workspace
    library: Library

    def approve(
        self,
        reference: str,
        *sections: str,
        role: str = "",
        by: str = "",
        expires: str = "",
        pull_request: str = "",
    ) -> Approval:
        """Approve the present bytes of a document, or of some of its sections; `Project.apply` writes its change.

        Args:
            reference: Path, id or title.
            sections: Headings; none for the whole document.
            role: The approver's role.
            by: Who approves; else the user.name of git.
            expires: The last day on which it holds, as ``2027-06-01`` or ``180d``; empty for no end.
            pull_request: The address of the merged pull request in which it was reviewed; nobody asks its server.

        Raises:
            NotFoundError: There is no such document or section.
            AmbiguousError: There are several; the hint names them.
            ConfigError: There is no name of an approver, or the day cannot be read.
            LibraryError: The document is derived, not written yet, or has findings of severity error.
        """
        procedure = self.library.find(reference)
        refuse_unfit(procedure, self.workspace.check(self.library, [procedure.path]).findings)
        day = today()
        name = read_name(self.workspace.root, by)
        until, address = read_expiry(expires, day), read_address(pull_request)
        signature = ApprovalTerms(name, day, read_role(role), until, address)
        found = approve(self.library, procedure, sections, signature)
        laid = self.library.reviewed({**self.library.reviews, procedure.path: Review(found.receipts, day)})
        return replace(found, change=complete(self.workspace, self.library, laid, found.change))

    def blame(self, reference: str) -> Blame:
        """Say of each section of a document who wrote it, what it rests on, and who approved it.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
        """
        return blame(self.library, self.library.find(reference))

    def suspects(self, reference: str = "") -> tuple[Suspect, ...]:
        """Return where a document, or any, relies on a part of a contract that changed since.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
        """
        chosen = (self.library.find(reference),) if reference else self.library.procedures
        return list_suspects(Scope(self.library), chosen)

    def clear(self, reference: str, producer: str = "", *, by: str = "") -> Clearance:
        """Say that a document fits the contracts that it relies on; `Project.apply` writes the change in it.

        Args:
            reference: Path, id or title of the document that relies on others.
            producer: Only on this one; empty for all.
            by: Who has looked; else the user.name of git.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConfigError: There is no name of who clears it.
            LibraryError: The receipts that are there cannot be understood.
        """
        consumer = self.library.find(reference)
        other = self.library.find(producer) if producer else None
        return clear(Scope(self.library), consumer, other, read_name(self.workspace.root, by), today())


def complete(workspace: Workspace, before: Library, after: Library, change: Change) -> Change:
    """Add what follows in tables and plans; a file that was out of date before stays so, until the next sync."""
    stale = {edit.path for edit in workspace.derive(before).edits}
    found = workspace.derive(after).edits
    derived = {e.path: e for e in found if e.path not in stale}
    if late := sorted(stale & {e.path for e in found}):
        workspace.notices.append(f"{', '.join(late)} was out of date before; bring it up to date with: procauthor sync")
    workspace.notices += _named_elsewhere(workspace, change)
    edits = [replace(e, after=derived.pop(e.path).after) if e.path in derived else e for e in change.edits]
    edits = [e for e in (*edits, *derived.values()) if e.before != e.after]
    return replace(change, edits=tuple(sorted(edits, key=lambda e: e.origin is None)))


def _named_elsewhere(workspace: Workspace, change: Change) -> Iterator[str]:
    """Yield that the navigation of the site names a document by a place where it is no longer."""
    conventions = workspace.settings.conventions
    gone = [edit.origin for edit in change.edits if edit.origin and edit.origin != edit.path]
    shown = {split_ending(posixpath.relpath(path, conventions.site_root or "."))[0]: path for path in gone}
    places = [f"{level}{name}" for level in ("", "../", "../../") for name in navigation_of(conventions.site)]
    for place in places if shown else ():
        text = _text_of(workspace.root / place)
        for stem, path in shown.items():
            if re.search(rf"(?<![\w/-]){re.escape(stem)}(?:\.\w+)?(?![\w/-])", text):
                yield f"{place} names {path}: change it there"


def _text_of(file: Path) -> str:
    try:
        return read_regular(file).decode(errors="replace") if file.is_file() else ""
    except OSError:
        return ""


def sync(workspace: Workspace) -> Change:
    """Return what brings the index, READMEs, orchestrations and plan ticks up to date.

    What consumers see of a contract for the first time is written down too, so that a change of it can be noticed.
    """
    library = workspace.read()
    edits = workspace.derive(library).edits
    return Change((*edits, *follow(workspace.with_edits(library, edits), edits)), "sync")


def follow(library: Library, derived: Iterable[Edit], among: Iterable[str] | None = None) -> Iterator[Edit]:
    """Yield what sidecars make of derived edits, and of contracts that consumers see for the first time.

    Args:
        library: The library with the edits.
        derived: What the tool itself wrote into documents: that is no edit by hand.
        among: Only contracts between one of these documents and another; None for all.
    """
    for edit in derived:
        if edit.before is not None and edit.after is not None:
            found = rebind_origins(library.root, edit.path, edit.before, edit.after)
            yield from (found,) if found else ()
    yield from first_sights(Scope(library), None if among is None else frozenset(among))
