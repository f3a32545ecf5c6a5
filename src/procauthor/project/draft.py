"""A draft together with the project that it would change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.authoring.draft import Draft
from procauthor.errors import ConflictError, DraftError
from procauthor.library.change import Change, Edit
from procauthor.library.library import read_procedure
from procauthor.procedure import stamp

if TYPE_CHECKING:
    from procauthor.project.project import Project


@dataclass(frozen=True)
class ProjectDraft:
    """A draft together with the project that it belongs to."""

    project: Project
    draft: Draft

    def __getattr__(self, name: str) -> Any:
        """Give access to the values of the draft itself."""
        return getattr(self.draft, name)

    def change(self) -> Change:
        """Return all that accepting changes: the procedure, index, README, orchestrations and plan ticks.

        Raises:
            ConflictError: The document moved since the draft was based on it.
        """
        project, draft = self.project, self.draft
        library = project.library()
        present = library.by_path.get(draft.path)
        raw = present.document.source.raw if present else None
        if (stamp(raw) if raw is not None else "") != draft.base:
            message = f"{draft.path} changed since the draft {draft.id!r} was based on it"
            raise ConflictError(message, f"reject it and create {draft.title!r} again; the draft is kept until then")
        text = draft.text.encode()
        procedure = read_procedure(draft.path, text, project.settings.library, project.templates)
        derived = project.derived(library.overlay(procedure))
        edits = (Edit(draft.path, raw, text), *(e for e in derived.edits if e.path != draft.path))
        return Change(edits, f"accept {draft.title}")

    def diff(self) -> str:
        """Return the change as one unified diff."""
        return self.change().diff()

    def accept(self) -> Change:
        """Write the draft and everything that follows from it, in one transaction.

        Raises:
            DraftError: The draft still has findings of severity error.
            ConflictError: The document moved since.
        """
        errors = [f for f in self.draft.findings if f["severity"] == "error"]
        if errors:
            message = f"draft {self.draft.id!r} has {len(errors)} findings of severity error"
            raise DraftError(message, f"the first: {errors[0]['message']}; create it again, or edit after reject")
        change = self.change()
        self.project.apply(change)
        self.project.drafts.remove(self.draft)
        return change

    async def aaccept(self) -> Change:
        """Accept without blocking the event loop."""
        return await asyncio.to_thread(self.accept)

    def reject(self) -> None:
        """Drop the draft; the library stays as it is."""
        self.project.drafts.remove(self.draft)
