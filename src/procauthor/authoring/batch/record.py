"""A batch: its terms, how far each item is, and the library as it was when the batch began."""

from __future__ import annotations

import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any

from procauthor.authoring.batch.board import Board, Files, Item
from procauthor.authoring.batch.schedule import OnFailure, Schedule, Task
from procauthor.authoring.store.shelf import Shelf
from procauthor.errors import DraftError
from procauthor.library.library import Library, Unread

TERMS = "batch.json"
_PLAN = "plan.md"
_BASE = "base.zip"
_FILES = "files.json"
_ENDED = "ended"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An open item that is not written by the batch, and why."""

    number: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a batch was started with.

    ``max_tokens`` is the ceiling of the whole batch, ``deadline`` the time, in seconds since the epoch, after which no
    call begins. The tasks stand in the order in which they are accepted. ``ground`` is the fingerprint of the settings,
    templates and prompts, where several workers have to have the same.
    """

    author: str
    tasks: tuple[Task, ...]
    plan: str = ""
    reviewer: str = ""
    jobs: int = 4
    max_tokens: int | None = None
    deadline: float | None = None
    accept: bool = False
    on_failure: OnFailure = "wait"
    fresh: bool = False
    left_out: tuple[LeftOut, ...] = ()
    ground: str = ""

    @property
    def schedule(self) -> Schedule:
        """The tasks and what a failure means."""
        return Schedule(self.tasks, self.on_failure)

    def dump(self) -> bytes:
        """Return what is stored."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def load(cls, raw: bytes) -> Terms:
        """Read stored terms."""
        values = json.loads(raw)
        values["tasks"] = tuple(
            Task(t["number"], t["title"], tuple(t["needs"]), tuple(t["after"])) for t in values["tasks"]
        )
        values["left_out"] = tuple(LeftOut(**each) for each in values["left_out"])
        return cls(**values)


@dataclass(frozen=True)
class Batch:
    """One batch, with the shelf that it is on, and the board that says how far its items are.

    ``run_shelf`` returns the shelf of a run by its id, where the runs are not beside the library.
    """

    id: str
    terms: Terms
    started: datetime
    shelf: Shelf
    board: Board
    run_shelf: Callable[[str], Shelf] | None = None

    def run_id(self, number: int) -> str:
        """Return the id of the run that writes an item; the same in every session."""
        return f"{self.id}-{number:03}"

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of the runs of all items."""
        return tuple(self.run_id(task.number) for task in self.terms.tasks)

    @property
    def plan(self) -> bytes:
        """The plan as it was when the batch began."""
        return self.shelf.read(_PLAN) or b""

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to go on with."""
        return self.shelf.read(_ENDED) is not None

    @property
    def can_go_on(self) -> bool:
        """Whether an item is neither written nor given up."""
        settled = ("drafted", "accepted", "needs revision", "rejected")
        return not self.ended and any(item.state not in settled for item in self.items().values())

    def end(self) -> None:
        """Note that nothing is left to do. The library as it was is not needed any more."""
        self.shelf.write(_ENDED, b"")
        self.shelf.remove(_BASE)

    def items(self) -> dict[int, Item]:
        """Return all items by number, in order."""
        found = self.board.items()
        return {t.number: found.get(t.number) or Item(t.number, t.title) for t in self.terms.tasks}

    def text(self, number: int) -> bytes | None:
        """Return the document of an item, on which others build; None where there is none."""
        return self.shelf.read(_text(number)) or None

    def as_file(self, number: int, raw: bytes) -> Files:
        """Return the document of an item as what is stored with its state."""
        return {_text(number): raw}

    def note(self, name: str, data: Mapping[str, Any]) -> None:
        """Keep an object beside the terms."""
        self.shelf.write(f"{name}.json", json.dumps(data, ensure_ascii=False).encode())

    def noted(self, name: str) -> dict[str, Any] | None:
        """Return an object that was kept."""
        raw = self.shelf.read(f"{name}.json")
        return json.loads(raw) if raw is not None else None

    def base(self) -> tuple[dict[str, bytes], tuple[Unread, ...], frozenset[str]]:
        """Return the documents of the library when the batch began, what could not be read, and all of its files."""
        with zipfile.ZipFile(BytesIO(self.shelf.read(_BASE) or b"")) as archive:
            known = json.loads(archive.read(_FILES))
            raws = {name: archive.read(f"documents/{name}") for name in known["documents"]}
        return raws, tuple(Unread(**each) for each in known["unread"]), frozenset(known["files"])

    def begin(self, library: Library, plan: bytes) -> Batch:
        """Keep the library and the plan as they are now. The batch is there once its terms are written."""
        self.shelf.write(_PLAN, plan)
        self.shelf.write(_BASE, _pack(library))
        self.shelf.write(TERMS, self.terms.dump())
        return self


class BatchStore(ABC):
    """All batches of a library. ``shared`` says whether several workers can be at one."""

    shared = False

    def opened(self) -> AbstractContextManager[Any]:
        """Make several requests in a row cheap."""
        return nullcontext()

    @abstractmethod
    def create(self, terms: Terms, library: Library, plan: bytes) -> Batch:
        """Start a batch on a library and a plan as they are now."""

    @abstractmethod
    def holds(self, name: str) -> bool:
        """Say whether there is a batch of that id."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the ids of all batches, oldest first."""

    @abstractmethod
    def find(self, name: str) -> Batch:
        """Return a batch that is there."""

    @abstractmethod
    def remove(self, batch: Batch) -> None:
        """Delete a batch."""

    def renew(self, batch: Batch, terms: Terms) -> Batch:
        """Give a batch other terms."""
        batch.shelf.write(TERMS, terms.dump())
        return replace(batch, terms=terms)

    def get(self, name: str) -> Batch:
        """Return a batch by its id.

        Raises:
            DraftError: There is none.
        """
        if not self.holds(name):
            known = ", ".join(self.names()[-5:])
            message = f"no batch {name!r}"
            raise DraftError(message, f"known batches: {known}" if known else "procauthor run begins one")
        return self.find(name)

    def unfinished(self) -> Batch | None:
        """Return the last batch in which something is left to do, be it to decide on drafts."""
        return next((b for b in map(self.find, reversed(self.names())) if not b.ended), None)

    def prune(self, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete batches that have ended, and return their ids; for the arguments see `RunStore.prune`."""
        ended = [batch for batch in map(self.find, self.names()) if batch.ended]
        doomed = ended[: max(0, len(ended) - keep)] if keep is not None else ended
        if older is not None:
            doomed = [b for b in doomed if (b.shelf.age(_ENDED) or 0.0) > older * 86_400]
        for batch in doomed:
            self.remove(batch)
        return [batch.id for batch in doomed]

    def members(self) -> Collection[str]:
        """Return the ids of the runs of all batches that are not done."""
        return {name for b in map(self.find, self.names()) if not b.ended for name in b.runs}


def _text(number: int) -> str:
    return f"items/{number:03}.md"


def _pack(library: Library) -> bytes:
    known = {
        "documents": [p.path for p in library.procedures],
        "unread": [asdict(each) for each in library.unread],
        "files": sorted(library.files),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_FILES, json.dumps(known))
        for procedure in library.procedures:
            archive.writestr(f"documents/{procedure.path}", procedure.document.source.raw)
    return packed.getvalue()
