"""A batch that several workers share has its drafts in the database; here they come to the library's own folder."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from procauthor.authoring.batch.board import Files, Item
from procauthor.authoring.batch.record import Batch
from procauthor.authoring.draft import Draft
from procauthor.authoring.run import CALLS, ENDED, FILE, RunStore
from procauthor.authoring.store.shelf import FolderShelf

if TYPE_CHECKING:
    from procauthor.project.project import Project

_DRAFTED = ("drafted", "needs revision")


def runs_of(project: Project, batch: Batch) -> RunStore:
    """Return where the runs of a batch are: beside the library, or with the batch."""
    return RunStore(project.runs.folder, project.runs.checkpoints, batch.run_shelf)


def with_draft(batch: Batch, number: int, draft: Draft) -> Files:
    """Return what is stored with the state of an item: its document, and its draft where others have to get at it."""
    files = dict(batch.as_file(number, draft.text.encode()))
    if batch.board.shared:
        files[_draft(number)] = json.dumps(draft.as_json(), ensure_ascii=False).encode()
    return files


def bring_home(project: Project, batch: Batch, item: Item) -> None:
    """Put the draft of an item, and its run, where `drafts`, `accept` and `runs` look; once for each folder."""
    if not batch.board.shared or item.state not in _DRAFTED:
        return
    mark, here = f"home/{item.number:03}", f"{socket.gethostname()}:{project.root}".encode()
    raw = batch.shelf.read(_draft(item.number))
    if raw is None or batch.shelf.read(mark) == here:
        return
    name = batch.run_id(item.number)
    source, place = runs_of(project, batch).shelf(name), FolderShelf(project.runs.folder / name)
    place.write(CALLS, source.journal(CALLS).read())
    place.write(FILE, source.read(FILE) or b"")
    place.write(ENDED, b"")
    project.drafts.save(Draft.from_json(json.loads(raw)))
    batch.shelf.write(mark, here)


def _draft(number: int) -> str:
    return f"drafts/{number:03}.json"
