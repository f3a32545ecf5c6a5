"""Which run of a title waits for an answer: one whose draft is not decided on, or whose acceptance was undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procauthor.authoring.request import defined_document
from procauthor.authoring.run import HAND_OFF, Run
from procauthor.naming import title_key

if TYPE_CHECKING:
    from procauthor.authoring.records import Records


def open_run(records: Records, title: str) -> Run | None:
    """Return the newest run that takes answers for a title, of the kind that its document is for now."""
    key = title_key(title)
    revises = defined_document(title, records.workspace.read()) is not None
    for run in reversed(records.runs.all()):
        request = run.brief.request
        if run.author != HAND_OFF or request.wish or title_key(request.title) != key or run.brief.revises != revises:
            continue
        if is_open(records, run):
            return run
    return None


def is_open(records: Records, run: Run) -> bool:
    """Say whether a run takes answers."""
    if not run.ended or records.drafts.holds(run.id):
        return True
    if not run.accepted:
        return False
    present = records.workspace.read().by_path.get(run.brief.path)
    return (present.stamp if present else "") == run.brief.base
