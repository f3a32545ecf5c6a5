"""A batch on disk: its terms, how far each item is, and the library as it was when the batch began."""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from procauthor.authoring.batch.schedule import OnFailure, Schedule, State, Task
from procauthor.errors import DraftError
from procauthor.library.library import Library, Unread

_TERMS = "batch.json"
_PLAN = "plan.md"
_BASE = "base.zip"
_FILES = "files.json"


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
    call begins. The tasks stand in the order in which they are accepted.
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

    @property
    def schedule(self) -> Schedule:
        """The tasks and what a failure means."""
        return Schedule(self.tasks, self.on_failure)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terms:
        """Read stored terms."""
        values = dict(data)
        values["tasks"] = tuple(
            Task(t["number"], t["title"], tuple(t["needs"]), tuple(t["after"])) for t in values["tasks"]
        )
        values["left_out"] = tuple(LeftOut(**each) for each in values["left_out"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Item:
    """How far one item is. ``path`` is where its document stands or will stand; ``reason`` says why it is not there.

    ``seconds`` is how long it was worked on, by all processes; ``exit_code`` that of the error that stopped it.
    """

    number: int
    title: str
    state: State = "waiting"
    path: str = ""
    outcome: str = ""
    reason: str = ""
    seconds: float = 0.0
    exit_code: int = 0


@dataclass(frozen=True)
class Batch:
    """One batch in its folder. Every file is replaced as a whole: a crash leaves the old or the new."""

    id: str
    folder: Path
    terms: Terms

    def run_id(self, number: int) -> str:
        """Return the id of the run that writes an item; the same in every session."""
        return f"{self.id}-{number:03}"

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of the runs of all items."""
        return tuple(self.run_id(task.number) for task in self.terms.tasks)

    @property
    def plan(self) -> Path:
        """The plan as it was when the batch began."""
        return self.folder / _PLAN

    @property
    def started(self) -> datetime:
        """When it began, in local time."""
        return datetime.fromtimestamp((self.folder / "items").stat().st_ctime).astimezone()

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to go on with."""
        return (self.folder / "ended").exists()

    @property
    def can_go_on(self) -> bool:
        """Whether an item is neither written nor given up."""
        settled = ("drafted", "accepted", "needs revision", "rejected")
        return not self.ended and any(item.state not in settled for item in self.items().values())

    def end(self) -> None:
        """Note that nothing is left to do. The library as it was is not needed any more."""
        (self.folder / "ended").touch()
        (self.folder / _BASE).unlink(missing_ok=True)

    def items(self) -> dict[int, Item]:
        """Return all items by number, in order."""
        return {task.number: self.item(task) for task in self.terms.tasks}

    def item(self, task: Task) -> Item:
        """Return how far an item is."""
        try:
            return Item(**json.loads(self._file(task.number, "json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Item(task.number, task.title)

    def keep(self, item: Item) -> None:
        """Store how far an item is."""
        _write(self._file(item.number, "json"), json.dumps(asdict(item), ensure_ascii=False).encode())

    def keep_text(self, number: int, raw: bytes) -> None:
        """Store the document of an item, on which others build."""
        _write(self._file(number, "md"), raw)

    def text(self, number: int) -> bytes | None:
        """Return the document of an item, None where there is none yet."""
        file = self._file(number, "md")
        return file.read_bytes() if file.exists() else None

    def _file(self, number: int, suffix: str) -> Path:
        return self.folder / "items" / f"{number:03}.{suffix}"

    def note(self, name: str, data: Mapping[str, Any]) -> None:
        """Keep an object beside the terms."""
        _write(self.folder / f"{name}.json", json.dumps(data, ensure_ascii=False).encode())

    def noted(self, name: str) -> dict[str, Any] | None:
        """Return an object that was kept."""
        file = self.folder / f"{name}.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None

    def base(self) -> tuple[dict[str, bytes], tuple[Unread, ...], frozenset[str]]:
        """Return the documents of the library when the batch began, what could not be read, and all of its files."""
        with zipfile.ZipFile(self.folder / _BASE) as archive:
            known = json.loads(archive.read(_FILES))
            raws = {name: archive.read(f"documents/{name}") for name in known["documents"]}
        return raws, tuple(Unread(**each) for each in known["unread"]), frozenset(known["files"])


class BatchStore:
    """Batches on disk, one folder each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, terms: Terms, library: Library, plan: bytes) -> Batch:
        """Start a batch on a library and a plan as they are now. It is there once its terms are written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(f.name.removeprefix("batch-")) for f in self.folder.glob("batch-*")), default=0)
        while True:
            batch = Batch(f"batch-{number}", self.folder / f"batch-{number}", terms)
            try:
                batch.folder.mkdir()
                break
            except FileExistsError:
                number += 1
        (batch.folder / "items").mkdir()
        _write(batch.plan, plan)
        _write(batch.folder / _BASE, lambda file: _pack(file, library))
        return self.renew(batch, terms)

    def renew(self, batch: Batch, terms: Terms) -> Batch:
        """Give a batch other terms."""
        _write(batch.folder / _TERMS, json.dumps(asdict(terms), ensure_ascii=False).encode())
        return replace(batch, terms=terms)

    def get(self, name: str) -> Batch:
        """Return a batch by its id.

        Raises:
            DraftError: There is none.
        """
        file = self.folder / name / _TERMS
        if not name or "/" in name or not file.is_file():
            known = ", ".join(self.names()[-5:])
            message = f"no batch {name!r}"
            raise DraftError(message, f"known batches: {known}" if known else "procauthor run begins one")
        return Batch(name, file.parent, Terms.from_json(json.loads(file.read_text(encoding="utf-8"))))

    def holds(self, name: str) -> bool:
        """Say whether there is a batch of that id."""
        return bool(name) and "/" not in name and (self.folder / name / _TERMS).is_file()

    def names(self) -> list[str]:
        """Return the ids of all batches, oldest first."""
        found = [file.parent.name for file in self.folder.glob(f"batch-*/{_TERMS}")]
        return sorted(found, key=lambda name: int(name.removeprefix("batch-")))

    def unfinished(self) -> Batch | None:
        """Return the last batch in which something is left to do, be it to decide on drafts."""
        return next((b for b in map(self.get, reversed(self.names())) if not b.ended), None)

    def prune(self, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete batches that have ended, and return their ids; for the arguments see `RunStore.prune`."""
        ended = [batch for batch in map(self.get, self.names()) if batch.ended]
        doomed = ended[: max(0, len(ended) - keep)] if keep is not None else ended
        if older is not None:
            doomed = [b for b in doomed if (b.folder / "ended").stat().st_mtime < time.time() - older * 86_400]
        for batch in doomed:
            shutil.rmtree(batch.folder)
        return [batch.id for batch in doomed]

    def members(self) -> Collection[str]:
        """Return the ids of the runs of all batches that are not done."""
        return {name for b in map(self.get, self.names()) if not b.ended for name in b.runs}


def _write(place: Path, content: bytes | Callable[[Path], None]) -> None:
    temporary = place.with_suffix(".tmp")
    if isinstance(content, bytes):
        temporary.write_bytes(content)
    else:
        content(temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(place)


def _pack(place: Path, library: Library) -> None:
    known = {
        "documents": [p.path for p in library.procedures],
        "unread": [asdict(each) for each in library.unread],
        "files": sorted(library.files),
    }
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_FILES, json.dumps(known))
        for procedure in library.procedures:
            archive.writestr(f"documents/{procedure.path}", procedure.document.source.raw)
