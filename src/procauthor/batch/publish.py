"""Writes the draft of an item into the library."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from procauthor.authoring.waiting import ClashError, WaitingDraft
from procauthor.errors import ConflictError, LockedError

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records

_TRIES = 5
_PAUSE = 0.1


def publish(records: Records, name: str) -> str:
    """Accept a draft, and return the outcome of its run. If a file changes meanwhile, the change is made again.

    Raises:
        DraftError: It has errors, or does not wait.
        LibraryError: It does not go together with the file as it is, or the disk refuses.
    """
    found = WaitingDraft(records, records.drafts.get(name))
    for attempt in range(_TRIES):
        if _is_written(found):
            records.drafts.remove(found.draft)
            break
        try:
            found.accept()
        except (ConflictError, LockedError) as error:
            if attempt == _TRIES - 1 or isinstance(error.__cause__, ClashError):
                raise
            time.sleep(_PAUSE * attempt)
        else:
            break
    return found.draft.accepted


def _is_written(found: WaitingDraft) -> bool:
    """Say whether the library holds the draft: a kill may have come between the writing and the note of it."""
    file = found.records.workspace.root / found.draft.path
    return file.is_file() and file.read_bytes() == found.draft.text.encode()
