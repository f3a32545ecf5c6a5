"""A durable run: where it is kept, its lease, its checkpoints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from procauthor.authoring.brief import Brief
from procauthor.authoring.calls import CallLog
from procauthor.authoring.store.checkpoint import Checkpoints, SqliteCheckpoints
from procauthor.authoring.store.shelf import FolderShelf, Shelf
from procauthor.errors import DraftError
from procauthor.library.state import is_id, make_folder
from procauthor.markdown.slug import slugify

_RECURSION_LIMIT = 100
# The author of a run that waits for an answer of a person or an agent.
HAND_OFF = "hand-off"


FILE = "run.json"
CALLS = "calls.jsonl"
ENDED = "ended"
_ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Run:
    """One create run. ``author`` is the id of its author; the brief never changes while the run lasts.

    ``folder`` is where it is kept beside the library, ``shelf`` the same as named bytes; a run of a batch that several
    workers share has a shelf elsewhere. ``thread`` names its checkpoints.
    """

    id: str
    folder: Path
    shelf: Shelf
    brief: Brief
    author: str
    max_tokens: int | None = None
    reviewer: str = ""
    thread: str = ""

    @property
    def calls(self) -> CallLog:
        """The paid calls, as they are recorded now."""
        return CallLog(self.shelf.journal(CALLS))

    @property
    def started(self) -> datetime:
        """When it began, in local time."""
        return datetime.fromtimestamp((self.folder / FILE).stat().st_mtime).astimezone()

    @property
    def ended(self) -> bool:
        """Whether a draft came of it."""
        return self.shelf.read(ENDED) is not None

    def end(self) -> None:
        """Note that the run has come to its draft."""
        self.shelf.write(ENDED, b"", flush=False)

    @property
    def accepted(self) -> bool:
        """Whether its draft was accepted; that may have been undone since."""
        return self.shelf.read(_ACCEPTED) is not None

    def accept(self) -> None:
        """Note that its draft was accepted."""
        self.shelf.write(_ACCEPTED, b"", flush=False)

    def open_again(self) -> None:
        """Forget what became of its draft."""
        for name in (ENDED, _ACCEPTED):
            self.shelf.remove(name)


class RunStore:
    """Runs, each on a shelf of its own, and their checkpoints.

    Args:
        folder: Where runs are kept beside the library, one folder each.
        checkpoints: Where checkpoints are; without a word in one SQLite file in the folder.
        shelf: Returns the shelf of a run by its id, where it is not a folder.
    """

    def __init__(
        self, folder: Path, checkpoints: Checkpoints | None = None, shelf: Callable[[str], Shelf] | None = None
    ) -> None:
        self.folder = folder
        self.checkpoints = checkpoints or SqliteCheckpoints(folder / "checkpoints.sqlite")
        self.shelf = shelf or (lambda name: FolderShelf(folder / name))

    def opened(self) -> AbstractContextManager[None]:
        """Keep the checkpoints open, so that several runs may begin at once."""
        return self.checkpoints.opened()

    def calls(self, name: str) -> CallLog:
        """Return the paid calls of a run, none where there is no run."""
        return CallLog(self.shelf(name).journal(CALLS))

    def create(self, brief: Brief, author: str, max_tokens: int | None, reviewer: str = "", name: str = "") -> Run:
        """Start a run under the given name, or the first free one made from the title."""
        name = name or self._free_name(brief.request.title)
        thread = self.checkpoints.thread(name)
        run = Run(name, self.folder / name, self.shelf(name), brief, author, max_tokens, reviewer, thread)
        _write(run)
        return run

    def _free_name(self, title: str) -> str:
        make_folder(self.folder)
        base = slugify(title.removesuffix(" Procedure")).strip("-")[:60] or "run"
        number = 1
        while True:
            name = f"{base}-{number}"
            try:
                (self.folder / name).mkdir()
            except FileExistsError:
                number += 1
            else:
                return name

    def holds(self, name: str) -> bool:
        """Say whether there is a run of that id."""
        return is_id(name) and self.shelf(name).read(FILE) is not None

    def renew(self, run: Run, brief: Brief) -> Run:
        """Give a run that waits for an answer a brief that was gathered anew."""
        renewed = replace(run, brief=brief)
        _write(renewed)
        return renewed

    def rewind(self, run: Run) -> None:
        """Forget the checkpoints of a run, so that it begins again with what was handed in since."""
        with self.checkpoints.opened():
            self.checkpoints.forget([run.thread])

    def get(self, name: str) -> Run:
        """Return a run by its id.

        Raises:
            DraftError: There is none.
        """
        raw = self.shelf(name).read(FILE) if is_id(name) else None
        if raw is None:
            message = f"no run {name!r}"
            known = ", ".join(self.names()[-5:])
            raise DraftError(message, f"known runs: {known}" if known else "there is no run yet")
        data = json.loads(raw)
        return Run(
            data["id"],
            self.folder / name,
            self.shelf(name),
            Brief.from_json(data["brief"]),
            data["author"],
            data["max_tokens"],
            data.get("reviewer", ""),
            data.get("thread") or data["id"],
        )

    def unfinished(self) -> Run:
        """Return the last run that has not come to its draft.

        Raises:
            DraftError: There is none.
        """
        run = self.last_open()
        if run is not None:
            return run
        message = "no run waits to be resumed"
        raise DraftError(message, "procauthor drafts lists what waits for review")

    def last_open(self) -> Run | None:
        """Return the last run that has not come to its draft, None where there is none."""
        runs = (self.get(name) for name in reversed(self.names()))
        return next((run for run in runs if not run.ended and run.author != HAND_OFF), None)

    def prune(self, held: Collection[str], *, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete runs that have ended, with their checkpoints, and return their ids.

        A run that has not come to its draft can still be resumed, so it stays.

        Args:
            held: Ids that stay in any case.
            keep: How many of the others stay, the newest first; none where only ``older`` is given.
            older: Delete only what is older than so many days.
        """
        ended = [name for name in self.names() if name not in held and self.get(name).ended]
        doomed = ended[: max(0, len(ended) - keep)] if keep is not None else ended
        if older is not None:
            doomed = [name for name in doomed if (self.shelf(name).age(ENDED) or 0.0) > older * 86_400]
        # A later run may get the same name, so the checkpoints go first.
        self.checkpoints.forget([self.get(name).thread for name in doomed])
        for name in doomed:
            shutil.rmtree(self.folder / name)
        return doomed

    def names(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        files = self.folder.glob(f"*/{FILE}")
        return [file.parent.name for file in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f.parent.name))]


def lease(run: Run) -> AbstractContextManager[None]:
    """Hold a run, so that no second process works on it.

    Raises:
        LockedError: Another process does.
    """
    return run.shelf.hold(f"run {run.id!r}")


def execute(run: Run, store: RunStore, build: Callable[[], Any]) -> dict[str, Any]:
    """Run the graph from its last checkpoint to its end; return the final state.

    Args:
        run: The run, with the thread of its checkpoints.
        store: Where checkpoints are.
        build: Returns the uncompiled graph; called late, because LangGraph is slow to import.
    """
    with store.checkpoints.saver() as saver:
        graph = build().compile(checkpointer=saver)
        config = {"configurable": {"thread_id": run.thread}, "recursion_limit": _RECURSION_LIMIT}
        state = graph.get_state(config)
        # A step that has ended, and whose checkpoint a kill took, is no longer next, but still a task.
        if state.created_at and not state.tasks:
            return cast("dict[str, Any]", state.values)
        start = None if state.created_at else {"fields": {}, "tries": 0}
        return cast("dict[str, Any]", graph.invoke(start, config, durability="sync"))


def _write(run: Run) -> None:
    """Write what a run is. It is replaced as a whole: a crash leaves the old or the new, never a half."""
    data = {
        "id": run.id,
        "author": run.author,
        "reviewer": run.reviewer,
        "max_tokens": run.max_tokens,
        "thread": run.thread,
        "brief": run.brief.as_json(),
    }
    run.shelf.write(FILE, json.dumps(data, ensure_ascii=False).encode(), flush=False)
