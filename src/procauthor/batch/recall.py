"""The items of a batch as earlier sessions left them, held against what people did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procauthor.batch.record import Batch, BatchItem
from procauthor.batch.schedule import renew
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records

_DONE = ("defined", "approved")


def recall(records: Records, batch: Batch) -> dict[int, BatchItem]:
    """Return the items with which a session begins: what failed or was stopped is tried again."""
    present = records.workspace.read()
    items = batch.items()
    states = renew({number: item.state for number, item in items.items()})
    return {n: _compare(records, batch, replace(item, state=states[n]), present) for n, item in items.items()}


def _compare(records: Records, batch: Batch, item: BatchItem, present: Library) -> BatchItem:
    waits = records.drafts.holds(batch.run_id(item.number))
    known = batch.text(item.number) is not None
    if known and (item.state == "accepted" or (item.state == "drafted" and waits)):
        return item
    document: bytes | None = None
    written = _written(records, batch, item, present)
    if written is not None and not waits:
        # The draft was accepted, or the document written by hand: others can build on it.
        document = written.source.raw
        item = replace(item, state="accepted", path=written.path, reason="")
    elif item.state in {"drafted", "needs revision"} and not waits:
        item = replace(item, state="rejected", reason="its draft was rejected")
    elif item.state in {"drafted", "accepted"}:
        # Its draft or its document is lost: the run gives it again, and costs nothing.
        item = replace(item, state="waiting")
    batch.keep(item, document)
    return item


def _written(records: Records, batch: Batch, item: BatchItem, present: Library) -> Procedure | None:
    """Return the document of an item that was accepted, even if it still has gaps, or that was written by hand."""
    name = batch.run_id(item.number)
    accepted = records.runs.holds(name) and records.runs.get(name).accepted
    for procedure in present.by_key.get(title_key(item.title), ()):
        # A kill may have come between the writing and the note of it.
        ours = procedure.status == "in progress" and (accepted or procedure.source.raw == batch.text(item.number))
        if procedure.status in _DONE or ours:
            return procedure
    return None
