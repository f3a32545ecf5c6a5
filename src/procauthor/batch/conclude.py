"""What came of a session: the items, what they have cost, and the library before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from procauthor.batch.record import Batch, BatchItem
from procauthor.batch.snapshot import Snapshot
from procauthor.batch.value import BatchReport, Written
from procauthor.workspace.measure import count, tally_json, tally_of

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records

_BEFORE = "before"


def count_before(records: Records, batch: Batch, snapshot: Snapshot) -> None:
    """Count the library as it was when the batch began, and keep the counts."""
    if batch.noted(_BEFORE) is None:
        batch.note(_BEFORE, tally_json(count(records.workspace, snapshot.base)))


def conclude(  # noqa: PLR0913 - what there is to tell
    records: Records, batch: Batch, snapshot: Snapshot, items: Mapping[int, BatchItem], *, halted: str, seconds: float
) -> BatchReport:
    """Return what came of a session; a batch in which nothing is left to do ends here."""
    present = records.workspace.read()
    after = once = count(records.workspace, present)
    waiting = [(number, item.path) for number, item in items.items() if item.state == "drafted"]
    if waiting:
        once = count(records.workspace, snapshot.laid_over(present, waiting))
    ended = all(item.state in {"accepted", "rejected"} for item in items.values())
    if ended:
        batch.end()
    return BatchReport(
        batch=batch.id,
        author=batch.terms.author,
        items=tuple(_written(records, batch, item) for item in items.values()),
        left_out=batch.terms.left_out,
        seconds=seconds,
        before=tally_of(batch.noted(_BEFORE) or {}),
        after=after,
        once_accepted=once,
        max_tokens=batch.terms.max_tokens,
        halted=halted,
        ended=ended,
    )


def _written(records: Records, batch: Batch, item: BatchItem) -> Written:
    name = batch.run_id(item.number)
    draft = name if records.drafts.holds(name) else ""
    return Written(item, name, draft, batch.usage(item.number))
