"""A draft together with the project that it would change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.authoring.draft import Draft
from procauthor.errors import ConflictError, DraftError
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, read_procedure
from procauthor.procedure import stamp
from procauthor.project.meanwhile import ClashError, conflict_text, merge_draft, merge_note, refuse_new_errors

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
            ConflictError: The document moved since, and its change and the draft meet.
        """
        project, draft = self.project, self.draft
        library = project.library()
        present = library.by_path.get(draft.path)
        raw = present.document.source.raw if present else None
        text = self._text(library, raw)
        if text == raw:
            return Change(())
        procedure = read_procedure(draft.path, text, project.settings.library, project.templates)
        derived = project.derived(library.overlay(procedure))
        return Change((Edit(draft.path, raw, text), *(e for e in derived.edits if e.path != draft.path)))

    def _text(self, library: Library, raw: bytes | None) -> bytes:
        """Return what the document becomes: the draft, merged with what happened to the file meanwhile."""
        draft = self.draft
        if (stamp(raw) if raw is not None else "") == draft.base:
            return draft.text.encode()
        merged = merge_draft(draft, raw)
        refuse_new_errors(self.project, library, draft, merged.raw)
        note = merge_note(draft, merged)
        if note not in self.project.notices:
            self.project.notices.append(note)
        return merged.raw

    @property
    def waits(self) -> bool:
        """Whether there is something to accept."""
        return self.draft.outcome != "No change"

    @property
    def accepted(self) -> str:
        """The outcome of the run once the draft is accepted."""
        return "Updated" if self.draft.wish else "Published"

    def diff(self) -> str:
        """Return the change as one unified diff."""
        return self.change().diff()

    def accept(self) -> Change:
        """Write the draft and everything that follows from it, in one transaction.

        Raises:
            DraftError: The draft still has findings of severity error.
            ConflictError: The document moved since, and its change and the draft meet: both texts are in a side file.
        """
        errors = [f for f in self.draft.findings if f["severity"] == "error"]
        if errors:
            message = f"draft {self.draft.id!r} has {len(errors)} findings of severity error"
            raise DraftError(message, f"the first: {errors[0]['message']}; create it again, or edit after reject")
        try:
            change = self.change()
        except ClashError as error:
            raise self._put_aside(error) from error
        self.project.apply(change)
        self.project.drafts.remove(self.draft)
        return change

    def _put_aside(self, error: ClashError) -> ConflictError:
        """Write both texts of a conflict beside the library's documents, where no command takes it for one."""
        file = self.project.state / "conflicts" / f"{self.draft.id}.conflict.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(conflict_text(self.draft, error.clashes))
        place = file.relative_to(self.project.root).as_posix()
        hint = (
            f"both texts are in {place}; the document is as it was, and the draft waits: edit, then accept or reject it"
        )
        return ConflictError(error.message, hint)

    async def aaccept(self) -> Change:
        """Accept without blocking the event loop."""
        return await asyncio.to_thread(self.accept)

    def reject(self) -> None:
        """Drop the draft; the library stays as it is."""
        self.project.drafts.remove(self.draft)
