"""Refactorings of a project's library, with everything derived brought along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from procauthor.checking.scope import Scope
from procauthor.library.change import Change
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.project.review import complete
from procauthor.refactoring.deprecate import deprecate
from procauthor.refactoring.merge import merge
from procauthor.refactoring.migrate import Migration, read_renames
from procauthor.refactoring.rename import move, rename
from procauthor.refactoring.renumber import renumber
from procauthor.refactoring.split import split, split_path
from procauthor.review.carry import Fate, carry

if TYPE_CHECKING:
    from procauthor.project.project import Project


@dataclass(frozen=True)
class Refactoring:
    """One refactoring of a library as it is now. Every method returns a change; `Project.apply` writes it."""

    project: Project
    library: Library

    def rename(self, reference: str, title: str, *, alias: bool) -> Change:
        """Give a document another title."""
        return self._complete(rename(self._scope, self.library.find(reference), title, alias=alias))

    def move(self, reference: str, destination: str, *, alias: bool) -> Change:
        """Put a document into another folder, or under another path."""
        return self._complete(move(self._scope, self.library.find(reference), destination, alias=alias))

    def split(self, reference: str, at: Sequence[str], title: str) -> Change:
        """Move sections into a new document."""
        procedure = self.library.find(reference)
        templated = self.project.templates.match(split_path(procedure, title)) is not None
        change = split(self._scope, procedure, at, title, placeholder=templated)
        return self._complete(change, Fate(donors={split_path(procedure, title): procedure.path}))

    def merge(self, reference: str, into: str) -> Change:
        """Put a document behind another one."""
        old, new = self.library.find(reference), self.library.find(into)
        change = merge(self._scope, old, new)
        return self._complete(change, Fate(heirs={old.path: new.path}, donors={new.path: old.path}))

    def deprecate(self, reference: str, by: str) -> Change:
        """Mark a document as out of use."""
        procedure, heir = self.library.find(reference), self.library.find(by) if by else None
        change = deprecate(self._scope, procedure, heir)
        return self._complete(change, Fate(heirs={procedure.path: heir.path} if heir else {}))

    def renumber(self, reference: str) -> Change:
        """Number steps and sections in order."""
        return self._complete(renumber(self._scope, self.library.find(reference)))

    def migrate(self, references: Sequence[str], renamed: Sequence[str]) -> Change:
        """Bring documents in line with their templates."""
        settings, templates = self.project.settings.library, self.project.templates

        def read(path: str, raw: bytes) -> Procedure:
            return read_procedure(path, raw, settings, templates)

        paths = [self.library.find(reference).path for reference in references]
        return self._complete(Migration(self._scope, read, read_renames(renamed)).run(paths))

    @property
    def _scope(self) -> Scope:
        return Scope(self.library, frozenset(self.project.announced(self.library)))

    def _complete(self, change: Change, fate: Fate | None = None) -> Change:
        """Add receipts and provenance, and what follows in tables and plans."""
        laid, sidecars = carry(self.library, self._laid(change), change, fate or Fate())
        found = complete(self.project, self.library, laid, change)
        return replace(found, edits=(*found.edits, *sidecars)) if found else found

    def _laid(self, change: Change) -> Library:
        """Return the library as it would be with a change written."""
        gone = {edit.path for edit in change.edits if edit.after is None}
        library = replace(
            self.library,
            procedures=tuple(p for p in self.library.procedures if p.path not in gone),
            files=self.library.files - gone,
        )
        return library.overlay(*self._read(change))

    def _read(self, change: Change) -> Iterator[Procedure]:
        settings, templates = self.project.settings.library, self.project.templates
        for edit in change.edits:
            if edit.after is not None:
                yield read_procedure(edit.path, edit.after, settings, templates)
