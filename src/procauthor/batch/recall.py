"""The items of a batch as earlier sessions left them, held against what people did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procauthor.batch.record import Batch, BatchItem
from procauthor.batch.schedule import renew
from procauthor.library.library import Library
from procauthor.naming import title_key

if TYPE_CHECKING:
    from procauthor.authoring.records import Records

# What a document is once its draft was accepted, with open questions or without.
_WRITTEN = ("in progress", "defined", "approved")


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
    written = next((p for p in present.by_key.get(title_key(item.title), ()) if p.status in _WRITTEN), None)
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
