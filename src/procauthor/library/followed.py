"""Records of procedures that were followed: who, when, with which evidence, and what went otherwise.

They are kept in ``followed/``, a file for each document, and belong into version control: nothing can make them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from procauthor.library import sidecar
from procauthor.procedure import Stamp

FOLDER = "followed"
StepResult = Literal["done", "failed", "skipped"]


class FollowedStep(Struct, frozen=True, omit_defaults=True):
    """One step as it was carried out: its number and name then, how it ended, and when.

    ``evidence`` is what shows it, ``deviation`` what was done otherwise, or why the step failed or was left out.
    """

    number: int
    name: str
    result: StepResult
    at: datetime
    evidence: str = ""
    deviation: str = ""


class Following(Struct, frozen=True, omit_defaults=True):
    """One time that somebody followed a document; ``stamp`` is that of its content in the beginning.

    Without an end it can go on.
    """

    id: str
    by: str
    began: datetime
    stamp: Stamp
    occasion: str = ""
    ended: datetime | None = None
    stopped: bool = False
    """Whether it ended before the last step."""
    steps: tuple[FollowedStep, ...] = ()

    @property
    def failed(self) -> tuple[FollowedStep, ...]:
        """The steps that failed."""
        return tuple(step for step in self.steps if step.result == "failed")

    @property
    def day(self) -> date:
        """The day of what was last recorded."""
        return (self.ended or (self.steps[-1].at if self.steps else self.began)).date()


class FollowedRecords(Struct, frozen=True, omit_defaults=True):
    """All records of one document. ``problem`` says why its file cannot be understood, and is never written."""

    followed: tuple[Following, ...] = ()
    problem: str = ""


def record_path(path: str) -> str:
    """Return where the records of a document are kept, relative to the root."""
    return sidecar.sidecar_path(FOLDER, path)


def read_followed(root: Path) -> dict[str, FollowedRecords]:
    """Return the records of every document below a root, by its path."""
    return {path: read_records(root, path) for path, _ in sidecar.scan(root, FOLDER)}


def read_records(root: Path, path: str) -> FollowedRecords:
    """Return the records of one document."""
    place = root / record_path(path)
    raw = sidecar.read_bytes(place)
    if raw is None:
        return FollowedRecords(problem="it cannot be read") if place.exists() else FollowedRecords()
    records, problem = sidecar.decode(raw, FollowedRecords)
    return records if records is not None else FollowedRecords(problem=problem)


def encode_records(followed: Iterable[Following]) -> bytes:
    """Return the file of some records, one a line, the oldest first."""
    ordered: list[Following] = sorted(followed, key=lambda each: (each.began, each.id))
    raw = sidecar.encode({FOLDER: ordered})
    assert raw is not None, "there is a record"
    return raw
