"""Follows a procedure step by step, and keeps a record of it: a record, and nothing that decides what comes next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from shlex import quote

import msgspec

from procauthor.errors import ConfigError, ConflictError, DraftError, LibraryError
from procauthor.library import disk
from procauthor.library.artifact import Stage, read_closing, read_stages
from procauthor.library.change import Change, Edit, refuse_conflict
from procauthor.library.library import Procedure
from procauthor.library.sidecar import (
    FOLLOWED,
    FollowedRecords,
    FollowedStep,
    Following,
    StepResult,
    encode_records,
    read_sidecar,
    sidecar_path,
)
from procauthor.library.status import QUESTIONS
from procauthor.markdown.document import replace_spans
from procauthor.markdown.front import Extend, edit_front_matter
from procauthor.review.approve import read_name
from procauthor.review.review import complete
from procauthor.secret import redact
from procauthor.workspace import Workspace

_LONGEST = 2000


@dataclass(frozen=True)
class Walk:
    """A document while it is followed: its steps as they are now, and the record until here.

    ``changed`` says that the document has other bytes than when the record began.
    """

    workspace: Workspace
    procedure: Procedure
    stages: tuple[Stage, ...]
    following: Following
    resumed: bool = False

    @property
    def changed(self) -> bool:
        """Whether the document was edited since the record began."""
        return self.following.stamp != self.procedure.stamp

    @property
    def next(self) -> Stage | None:
        """The step that comes next, or None when the record has ended."""
        done = len(self.following.steps)
        return None if self.following.ended or done >= len(self.stages) else self.stages[done]

    @property
    def closing(self) -> tuple[str, ...]:
        """What has to be true in the end."""
        return read_closing(self.procedure)

    @property
    def wishes(self) -> tuple[str, ...]:
        """What the steps that failed ask to be changed, in the words of an update."""
        return tuple(f"step {step.number} ({step.name}) failed: {step.deviation}" for step in self.following.failed)

    def record(self, number: int, result: StepResult, evidence: str = "", deviation: str = "") -> Walk:
        """Write down how the next step went; the last one ends the record.

        Args:
            number: The number of the step, which must be the next one.
            result: How it ended.
            evidence: What shows it: a link, a number, the output of a command.
            deviation: What was done otherwise; where a step failed or was left out, why.

        Raises:
            ConfigError: It is not the next step, or the reason is missing.
            ConflictError: The record was written elsewhere meanwhile.
        """
        stage = self.next
        if stage is None:
            message = f"{self.procedure.title!r} has been followed to its end"
            raise ConfigError(message, f"begin again with: procauthor follow {quote(self.procedure.path)} --new")
        if number != stage.number:
            message = f"the next step is {stage.number}, not {number}"
            raise ConfigError(
                message, "steps are recorded in their order; one that was left out is recorded as skipped"
            )
        shown, why = _said(evidence), _said(deviation)
        if result != "done" and not why:
            message = f"step {number} is to be recorded as {result} without a reason"
            raise ConfigError(message, "say what happened as its deviation")
        step = FollowedStep(stage.number, stage.name, result, _now(), shown, why)
        steps = (*self.following.steps, step)
        ended = step.at if len(steps) == len(self.stages) else None
        return self._keep(msgspec.structs.replace(self.following, steps=steps, ended=ended))

    def stop(self) -> Walk:
        """End the record before the last step.

        Raises:
            ConfigError: It has ended already.
        """
        if self.following.ended:
            message = f"record {self.following.id!r} has ended already"
            raise ConfigError(message)
        return self._keep(msgspec.structs.replace(self.following, ended=_now(), stopped=True))

    def ask(self, step: FollowedStep) -> Change:
        """Return what makes the reason of a failed step an open question of the document.

        Raises:
            ConfigError: The step did not fail.
            DraftError: The document holds an unresolved conflict.
            FrontMatterError: Its metadata cannot be edited.
        """
        if step.result != "failed":
            message = f"step {step.number} did not fail, so there is nothing to ask"
            raise ConfigError(message, "procauthor update changes a document that went well")
        library = self.workspace.read()
        procedure = library.by_path[self.procedure.path]
        refuse_conflict(procedure.path, procedure.document)
        question = f"Step {step.number} ({step.name}) failed on {step.at.date()}: {step.deviation}"
        before = procedure.source.raw
        edits = edit_front_matter(procedure.document, procedure.path, [Extend(QUESTIONS, [question])])
        after = replace_spans(before, edits)
        change = Change((Edit(procedure.path, before, after),), f"ask about step {step.number} of {procedure.title}")
        return complete(self.workspace, library, self.workspace.with_text(library, procedure.path, after), change)

    def _keep(self, following: Following) -> Walk:
        _write(self.workspace, self.procedure.path, self.following, following)
        return replace(self, following=following)


def follow(workspace: Workspace, reference: str, by: str = "", *, occasion: str = "", fresh: bool = False) -> Walk:
    """Go on with the record of a person that has not ended, else begin one.

    Args:
        workspace: The library.
        reference: Path, id or title.
        by: Who follows; else the user.name of git.
        occasion: What for, where a new record begins.
        fresh: Begin a new record, whatever is open.

    Raises:
        NotFoundError: There is no such document.
        DraftError: It has no steps.
        ConfigError: There is no name.
        LibraryError: The records that are there cannot be understood.
    """
    procedure = workspace.read().find(reference)
    name = read_name(workspace.root, by)
    stages = read_stages(procedure)
    if not stages or not procedure.counted:
        message = f"{procedure.title!r} has no steps to follow"
        raise DraftError(message, "name a procedure or an orchestration with a workflow, or with lists of what to do")
    kept = _understood(workspace, procedure.path)
    began = [each for each in kept.followed if each.by == name and each.ended is None]
    if began and not fresh:
        return Walk(workspace, procedure, stages, began[-1], resumed=True)
    now = _now()
    taken = {each.id for each in kept.followed}
    numbers = (f"{now:%Y-%m-%d}-{number}" for number in range(1, len(taken) + 2))
    new = Following(next(n for n in numbers if n not in taken), name, now, procedure.stamp, _said(occasion))
    _write(workspace, procedure.path, None, new)
    return Walk(workspace, procedure, stages, new)


def _understood(workspace: Workspace, path: str) -> FollowedRecords:
    kept = read_sidecar(workspace.root, path, FollowedRecords)
    if kept.problem:
        message = f"{sidecar_path(FOLLOWED, path)} cannot be understood: {kept.problem}"
        raise LibraryError(message, "nothing was written; correct the file, or bring back an earlier version")
    return kept


def _write(workspace: Workspace, path: str, before: Following | None, after: Following) -> None:
    """Put a record in the place of what it was before; the records of others stay.

    Records are no change that can be taken back: what happened has happened.
    """
    kept = _understood(workspace, path)
    own = next((each for each in kept.followed if each.id == after.id), None)
    if own != before:
        message = f"record {after.id!r} of {path} was written elsewhere meanwhile"
        raise ConflictError(message, "look at it again with: procauthor follow --json, then record the next step")
    others = [each for each in kept.followed if each.id != after.id]
    place = disk.locate(workspace.root, sidecar_path(FOLLOWED, path))
    place.parent.mkdir(parents=True, exist_ok=True)
    disk.write_file(place, encode_records([*others, after]))


def _said(text: str) -> str:
    """Return what was said as one line, without secrets."""
    return redact(" ".join(text.split())[:_LONGEST])


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
