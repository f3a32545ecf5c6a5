"""What came of a session: the items, what they have cost, and the library before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from procauthor.authoring.batch.record import Batch, Item
from procauthor.project.batch.snapshot import Snapshot
from procauthor.project.batch.value import BatchReport, Written
from procauthor.workspace.measure import count, tally_json, tally_of

if TYPE_CHECKING:
    from procauthor.project.project import Project

_BEFORE = "before"


def count_before(project: Project, batch: Batch, snapshot: Snapshot) -> None:
    """Count the library as it was when the batch began, and keep the counts."""
    if batch.noted(_BEFORE) is None:
        batch.note(_BEFORE, tally_json(count(project.workspace, snapshot.base)))


def conclude(  # noqa: PLR0913 - what there is to tell
    project: Project, batch: Batch, snapshot: Snapshot, items: Mapping[int, Item], *, halted: str, seconds: float
) -> BatchReport:
    """Return what came of a session; a batch in which nothing is left to do ends here."""
    present = project.library()
    after = once = count(project.workspace, present)
    waiting = [(number, item.path) for number, item in items.items() if item.state == "drafted"]
    if waiting:
        once = count(project.workspace, snapshot.laid_over(present, waiting))
    ended = all(item.state in {"accepted", "rejected"} for item in items.values())
    if ended:
        batch.end()
    return BatchReport(
        batch=batch.id,
        author=batch.terms.author,
        items=tuple(_written(project, batch, item) for item in items.values()),
        left_out=batch.terms.left_out,
        seconds=seconds,
        before=tally_of(batch.noted(_BEFORE) or {}),
        after=after,
        once_accepted=once,
        max_tokens=batch.terms.max_tokens,
        halted=halted,
        ended=ended,
    )


def _written(project: Project, batch: Batch, item: Item) -> Written:
    name = batch.run_id(item.number)
    draft = name if project.drafts.holds(name) else ""
    return Written(item, name, draft, batch.usage(item.number))
