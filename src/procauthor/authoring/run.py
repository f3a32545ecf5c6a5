"""A durable run: its folder, its lease, its checkpoints."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from procauthor.authoring.brief import Brief
from procauthor.errors import AuthoringError, DraftError, LockedError
from procauthor.markdown.slug import slugify

_RECURSION_LIMIT = 100
# The author of a run that waits for an answer of a person or an agent.
HAND_OFF = "hand-off"


@dataclass(frozen=True, slots=True)
class Run:
    """One create run. ``author`` is the id of its author; the brief never changes while the run lasts."""

    id: str
    folder: Path
    brief: Brief
    author: str
    max_tokens: int | None = None
    reviewer: str = ""

    @property
    def calls(self) -> Path:
        """The log of paid calls."""
        return self.folder / "calls.jsonl"

    @property
    def started(self) -> datetime:
        """When it began, in local time."""
        return datetime.fromtimestamp((self.folder / "run.json").stat().st_mtime).astimezone()

    @property
    def ended(self) -> bool:
        """Whether a draft came of it."""
        return (self.folder / "ended").exists()

    def end(self) -> None:
        """Note that the run has come to its draft."""
        (self.folder / "ended").touch()

    @property
    def accepted(self) -> bool:
        """Whether its draft was accepted; that may have been undone since."""
        return (self.folder / "accepted").exists()

    def accept(self) -> None:
        """Note that its draft was accepted."""
        (self.folder / "accepted").touch()

    def open_again(self) -> None:
        """Forget what became of its draft."""
        for name in ("ended", "accepted"):
            (self.folder / name).unlink(missing_ok=True)


class RunStore:
    """Runs on disk, one folder each, and one SQLite file with all checkpoints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def checkpoints(self) -> Path:
        """The file of the checkpointer."""
        return self.folder / "checkpoints.sqlite"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the file of the checkpoints open, so that several runs may begin at once, and none has to tidy it up."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        self.folder.mkdir(parents=True, exist_ok=True)
        with _connect(self.checkpoints) as connection:
            SqliteSaver(connection).setup()
            yield

    def create(self, brief: Brief, author: str, max_tokens: int | None, reviewer: str = "", name: str = "") -> Run:
        """Start a run under the given name, or the first free one made from the title."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if name:
            (self.folder / name).mkdir(exist_ok=True)
            return _start(Run(name, self.folder / name, brief, author, max_tokens, reviewer))
        base = slugify(brief.request.title.removesuffix(" Procedure")).strip("-")[:60] or "run"
        number = 1
        while True:
            name = f"{base}-{number}"
            try:
                (self.folder / name).mkdir()
                break
            except FileExistsError:
                number += 1
        return _start(Run(name, self.folder / name, brief, author, max_tokens, reviewer))

    def holds(self, name: str) -> bool:
        """Say whether there is a run of that id."""
        return (self.folder / name / "run.json").is_file()

    def renew(self, run: Run, brief: Brief) -> Run:
        """Give a run that waits for an answer a brief that was gathered anew."""
        renewed = replace(run, brief=brief)
        _write(renewed)
        return renewed

    def rewind(self, run: Run) -> None:
        """Forget the checkpoints of a run, so that it begins again with what was handed in since."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        with _connect(self.checkpoints) as connection:
            saver = SqliteSaver(connection)
            saver.setup()
            saver.delete_thread(run.id)

    def get(self, name: str) -> Run:
        """Return a run by its id.

        Raises:
            DraftError: There is none.
        """
        file = self.folder / name / "run.json"
        if not name or "/" in name or not file.is_file():
            message = f"no run {name!r}"
            known = ", ".join(self.names()[-5:])
            raise DraftError(message, f"known runs: {known}" if known else "there is no run yet")
        data = json.loads(file.read_text(encoding="utf-8"))
        brief = Brief.from_json(data["brief"])
        return Run(data["id"], file.parent, brief, data["author"], data["max_tokens"], data.get("reviewer", ""))

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
            limit = time.time() - older * 86_400
            doomed = [name for name in doomed if (self.folder / name / "ended").stat().st_mtime < limit]
        self._forget(doomed)
        for name in doomed:
            shutil.rmtree(self.folder / name)
        return doomed

    def _forget(self, names: Sequence[str]) -> None:
        """Delete checkpoints: a later run may get the same name."""
        if not names or not self.checkpoints.is_file():
            return
        marks = ", ".join("?" * len(names))
        connection = sqlite3.connect(self.checkpoints, timeout=30)
        try:
            with connection:
                for table in ("checkpoints", "writes"):
                    connection.execute(f"delete from {table} where thread_id in ({marks})", list(names))  # noqa: S608
        except sqlite3.Error as error:
            message = f"the checkpoints cannot be changed: {error}"
            raise AuthoringError(message, "try again when no run is being worked on") from error
        finally:
            connection.close()

    def names(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        files = self.folder.glob("*/run.json")
        return [file.parent.name for file in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f.parent.name))]


def lease(run: Run) -> AbstractContextManager[None]:
    """Hold a run, so that no second process works on it.

    Raises:
        LockedError: Another process does.
    """
    return hold(run.folder, f"run {run.id!r}")


@contextmanager
def hold(folder: Path, name: str) -> Iterator[None]:
    """Hold what a folder stands for, so that no second process works on it.

    Raises:
        LockedError: Another process does.
    """
    handle = os.open(folder / "lease", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        message = f"{name} is being worked on by another process"
        raise LockedError(message, "wait until it has ended") from error
    try:
        yield
    finally:
        os.close(handle)


def execute(run: Run, store: RunStore, build: Callable[[], Any]) -> dict[str, Any]:
    """Run the graph from its last checkpoint to its end; return the final state.

    Args:
        run: The run; its id names the thread of checkpoints.
        store: Where checkpoints are.
        build: Returns the uncompiled graph; called late, because LangGraph is slow to import.
    """
    from langgraph.checkpoint.sqlite import SqliteSaver

    with _connect(store.checkpoints) as connection:
        graph = build().compile(checkpointer=SqliteSaver(connection))
        config = {"configurable": {"thread_id": run.id}, "recursion_limit": _RECURSION_LIMIT}
        state = graph.get_state(config)
        # A step that has ended, and whose checkpoint a kill took, is no longer next, but still a task.
        if state.created_at and not state.tasks:
            return cast("dict[str, Any]", state.values)
        start = None if state.created_at else {"fields": {}, "tries": 0}
        return cast("dict[str, Any]", graph.invoke(start, config, durability="sync"))


@contextmanager
def _connect(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, check_same_thread=False, timeout=30)
    try:
        connection.execute("pragma journal_mode=wal")
        # Each reply is flushed by itself. A checkpoint that a power cut takes is computed from these again.
        connection.execute("pragma synchronous=normal")
        yield connection
    except sqlite3.Error as error:
        message = f"the checkpoints cannot be used: {error}"
        raise AuthoringError(message, f"delete {file.name} to start over") from error
    finally:
        connection.close()


def _start(run: Run) -> Run:
    _write(run)
    return run


def _write(run: Run) -> None:
    """Write what a run is. It is replaced as a whole: a crash leaves the old or the new, never a half."""
    data = {
        "id": run.id,
        "author": run.author,
        "reviewer": run.reviewer,
        "max_tokens": run.max_tokens,
        "brief": run.brief.as_json(),
    }
    temporary = run.folder / "run.tmp"
    temporary.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    temporary.replace(run.folder / "run.json")
