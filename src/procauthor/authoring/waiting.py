"""A draft that waits, together with the library that it would change."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.authoring.draft import Draft
from procauthor.authoring.elsewhere import names
from procauthor.authoring.meanwhile import ClashError, conflict_text, merge_draft, merge_note, refuse_new_errors
from procauthor.authoring.origin import sidecars
from procauthor.authoring.run import HAND_OFF
from procauthor.checking.rules.name import UNLINKED_NAME
from procauthor.errors import ConfigError, ConflictError, DraftError, StoreError
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, read_procedure
from procauthor.library.state import make_folder
from procauthor.naming import title_key
from procauthor.procedure import stamp

if TYPE_CHECKING:
    from procauthor.authoring.records import Records


@dataclass(frozen=True)
class WaitingDraft:
    """A draft together with the library that it belongs to."""

    records: Records
    draft: Draft

    def __getattr__(self, name: str) -> Any:
        """Give access to the values of the draft itself."""
        return getattr(self.draft, name)

    def change(self) -> Change:
        """Return all that accepting changes: the procedure, index, README, orchestrations, plan ticks and sidecars.

        Raises:
            ConflictError: The document moved since, and its change and the draft meet.
        """
        records, draft = self.records, self.draft
        library = records.workspace.read()
        present = library.by_path.get(draft.path)
        raw = present.document.source.raw if present else None
        text = self._text(library, raw)
        if text == raw:
            return Change(())
        procedure = read_procedure(draft.path, text, records.workspace.settings, records.workspace.templates)
        laid = library.overlay(procedure)
        derived = [e for e in records.workspace.derive(laid).edits if e.path != draft.path]
        beside = sidecars(draft, records.workspace.with_edits(laid, derived), raw, derived)
        return Change((Edit(draft.path, raw, text), *derived, *beside), f"accept {draft.title}")

    def _text(self, library: Library, raw: bytes | None) -> bytes:
        """Return what the document becomes: the draft, merged with what happened to the file meanwhile."""
        draft = self.draft
        if (stamp(raw) if raw is not None else "") == draft.base:
            return draft.text.encode()
        merged = merge_draft(draft, raw)
        refuse_new_errors(self.records, library, draft, merged.raw)
        note = merge_note(draft, merged)
        if note not in self.records.workspace.notices:
            self.records.workspace.notices.append(note)
        return merged.raw

    def diff(self) -> str:
        """Return the change as one unified diff."""
        return self.change().diff()

    def accept(self) -> Change:
        """Write the draft and everything that follows from it, in one transaction.

        Raises:
            DraftError: The draft still has findings of severity error; one with marked gaps may be unfinished.
            ConflictError: The document moved since, and its change and the draft meet: both texts are in a side file.
        """
        errors = self.draft.errors
        if errors:
            message = f"draft {self.draft.id!r} has {len(errors)} findings of severity error"
            submitted = self.draft.author == HAND_OFF and not self.draft.wish
            again = f"procauthor submit FILE --run {self.draft.id}" if submitted else "draft it again"
            raise DraftError(message, f"the first: {errors[0]['message']}; {again}, or edit after reject")
        try:
            change = self.change()
        except ClashError as error:
            raise self._put_aside(error) from error
        self.records.workspace.commit(change)
        self.records.drafts.remove(self.draft)
        # The document is written: a memory that cannot be used must not say otherwise.
        with suppress(StoreError, ConfigError):
            if self.records.runs.holds(self.draft.id):
                self.records.runs.get(self.draft.id).accept()
        return change

    def unlinked(self) -> tuple[str, ...]:
        """Return the documents that name this one without a link where ``check --fix`` would make one."""
        library = self.records.workspace.read()
        words = title_key(self.draft.title).split()
        naming = [p.path for p in library.procedures if p.path != self.draft.path and names(p, words)]
        found = self.records.workspace.check(library, naming, select=[UNLINKED_NAME.name]).findings if naming else ()
        hint = f"link {self.draft.path!r}"
        return tuple(dict.fromkeys(f.path for f in found if f.fixable and f.hint == hint))

    def _put_aside(self, error: ClashError) -> ConflictError:
        """Write both texts of a conflict beside the library's documents, where no command takes it for one."""
        file = self.records.workspace.state / "conflicts" / f"{self.draft.id}.conflict.md"
        make_folder(file.parent)
        file.write_bytes(conflict_text(self.draft, error.clashes))
        place = file.relative_to(self.records.workspace.root).as_posix()
        hint = (
            f"both texts are in {place}; the document is as it was, and the draft waits: edit, then accept or reject it"
        )
        return ConflictError(error.message, hint)

    async def aaccept(self) -> Change:
        """Accept without blocking the event loop."""
        return await asyncio.to_thread(self.accept)

    def reject(self) -> None:
        """Drop the draft; the library stays as it is."""
        self.records.drafts.remove(self.draft)


def draft_json(found: WaitingDraft, change: Change, outcome: str) -> dict[str, Any]:
    """Return the documented JSON object about a draft."""
    draft = found.draft
    return {
        "run": draft.id,
        "outcome": outcome,
        "draft": draft.id,
        "path": draft.path,
        "author": draft.author,
        "findings": list(draft.findings),
        "open_questions": list(draft.open_questions),
        "leads": list(draft.leads),
        "sources": [{"field": name, "rests_on": list(rests)} for name, rests in draft.sources.items()],
        "passages": list(draft.passages),
        "usage": draft.usage.as_json(),
        "usage_by_step": list(draft.usage_by_step),
        "notes": list(draft.notes),
        "changes": change.as_json(),
    }
