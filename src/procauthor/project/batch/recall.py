"""The items of a batch as earlier sessions left them, held against what people did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procauthor.authoring.batch.board import Files, Item
from procauthor.authoring.batch.record import Batch
from procauthor.authoring.batch.schedule import renew
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.procedure import DONE
from procauthor.project.batch.home import bring_home

if TYPE_CHECKING:
    from procauthor.project.project import Project


def recall(project: Project, batch: Batch, *, alone: bool) -> dict[int, Item]:
    """Return the items with which a session begins in the library's own folder.

    Args:
        project: The library.
        batch: The batch.
        alone: Nobody else is at work, so what failed or was stopped is tried again.
    """
    present = project.library()
    items = batch.items()
    states = {number: item.state for number, item in items.items()}
    states = renew(states) if alone else states
    for item in items.values():
        bring_home(project, batch, item)
    return {n: _compare(project, batch, replace(item, state=states[n]), present) for n, item in items.items()}


def _compare(project: Project, batch: Batch, item: Item, present: Library) -> Item:
    if item.state == "working":
        return item
    waits = project.drafts.holds(batch.run_id(item.number))
    known = batch.text(item.number) is not None
    if known and (item.state == "accepted" or (item.state == "drafted" and waits)):
        return item
    files: Files = {}
    written = next((p for p in present.by_key.get(title_key(item.title), ()) if p.status in DONE), None)
    if written is not None and not waits:
        # Somebody accepted the draft, or wrote the document himself: others can build on it.
        files = batch.as_file(item.number, written.source.raw)
        item = replace(item, state="accepted", path=written.path, reason="")
    elif item.state in {"drafted", "needs revision"} and not waits:
        item = replace(item, state="rejected", reason="its draft was rejected")
    elif item.state in {"drafted", "accepted"}:
        # The document was lost to a power cut: the run gives it again, and costs nothing.
        item = replace(item, state="waiting")
    batch.board.keep(item, files)
    return item
