"""A durable run: what it was asked, what was handed in for it, and what became of it."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from procauthor.authoring.answer import HandedIn
from procauthor.authoring.brief import Brief
from procauthor.authoring.memory import CallLog, Connection, Row, WorkMemory, forget_calls, readable
from procauthor.authoring.passage import join_questions
from procauthor.data import as_type
from procauthor.errors import DraftError
from procauthor.markdown.document import slugify
from procauthor.regex import lazy

# The author of a run that waits for an answer of a person or an agent.
HAND_OFF = "hand-off"
_HANDED_IN = "submission"
_DAY = 86_400.0
_MAX_NAME = 100
_PATH = lazy(r"^[a-z_]\w*(?:\[\d+\]|\.[a-z_]\w*)+$")
_PIECE = lazy(r"\[(\d+)\]|\.?([a-z_]\w*)")


class Submission(Struct, frozen=True):
    """All parts that were handed in for one run, as they were written.

    ``revision`` counts the times that something was handed in. ``sources`` are ids by field name. ``person`` says that
    a person answers for every part: other claims become open questions.
    """

    fields: Mapping[str, Any] = {}
    sources: Mapping[str, tuple[str, ...]] = {}
    questions: tuple[str, ...] = ()
    by: str = ""
    revision: int = 0
    person: bool = False

    def add(self, part: HandedIn, *, person: bool = False) -> tuple[Submission, list[tuple[str, str]]]:
        """Lay a part over what is there; also return (path, reason) of what could not be placed.

        ``person`` says that a person answers for the part.
        A key of the part's fields is a field's name, or a path into a field that was handed in before. A field
        whose value is null is taken out again.
        """
        fields = json.loads(json.dumps(self.fields))
        lost: list[tuple[str, str]] = []
        for name, value in part.fields.items():
            if _PATH.match(name):
                reason = _put(fields, name, value)
                lost += [(name, reason)] if reason else []
            elif value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        whole = self.fields.keys() <= part.fields.keys()
        added = replace(
            self,
            fields=fields,
            sources={**self.sources, **{name: tuple(_texts(ids)) for name, ids in part.sources.items()}},
            questions=self._asked(part.questions, whole=whole),
            by=part.by[:_MAX_NAME] or self.by,
            revision=self.revision + 1,
            person=person and (self.person or not self.revision or whole),
        )
        return added, lost

    def _asked(self, questions: Sequence[str] | None, *, whole: bool) -> tuple[str, ...]:
        """Return what is open with the questions of a part; none takes all back, and those of a whole are all."""
        if questions is None:
            return self.questions
        return join_questions(() if whole or not questions else self.questions, questions)

    def carry(self, old: Brief, new: Brief) -> Submission:
        """Return the submission for a brief that was gathered again: passages that are still there got other ids."""
        places = {(p.path, p.hash, p.text): p.id for p in new.passages}
        ids = {p.id: places.get((p.path, p.hash, p.text), "") for p in old.passages}
        sources = {name: tuple(filter(None, (ids.get(s, s) for s in own))) for name, own in self.sources.items()}
        return replace(self, sources=sources)

    def rebase(self, old: Submission, new: Submission) -> Submission:
        """Return the submission for a document that changed from one answer to another: what was handed in stays."""
        changed = {name: value for name, value in self.fields.items() if old.fields.get(name) != value}
        removed = old.fields.keys() - self.fields.keys()
        fields = {name: value for name, value in {**new.fields, **changed}.items() if name not in removed}
        questions = new.questions if self.questions == old.questions else self.questions
        return replace(self, fields=fields, questions=questions)


def _texts(value: Any) -> Iterator[str]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    yield from dict.fromkeys(str(item).strip() for item in items if item is not None and str(item).strip())


def _put(fields: dict[str, Any], path: str, value: Any) -> str:
    """Put a value at a path; return why that cannot be, or nothing. The index behind the last one appends."""
    pieces = [int(index) if index else name for index, name in _PIECE.findall(path)]
    place: Any = fields
    for piece in pieces[:-1]:
        try:
            place = place[piece]
        except (KeyError, IndexError, TypeError):
            return f"nothing was handed in at {piece!r} of this path yet"
    last = pieces[-1]
    if isinstance(place, list) and isinstance(last, int) and last <= len(place):
        place[last : last + 1] = [value]
    elif isinstance(place, dict) and isinstance(last, str):
        place[last] = value
    else:
        return f"nothing was handed in at {last!r} of this path yet"
    return ""


@dataclass(frozen=True, slots=True)
class Job:
    """A run, or a batch of runs, as the memory keeps it."""

    kind: ClassVar[str]
    id: str
    started: datetime
    memory: WorkMemory = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do; of a run, whether a draft came of it."""
        return self._time("ended") is not None

    def hold(self) -> AbstractContextManager[None]:
        """Hold it, so that no second process works on it.

        Raises:
            LockedError: Another process does.
        """
        return self.memory.hold(self.id, f"{self.kind} {self.id!r}")

    def _time(self, column: str) -> float | None:
        rows = self.memory.rows("select ended, accepted from job where id = ?", self.id)
        moment: float | None = rows[0][column] if rows else None
        return moment


@dataclass(frozen=True, slots=True)
class Run(Job):
    """One run. ``author`` is the id of its author; ``max_tokens`` its ceiling."""

    kind = "run"
    brief: Brief
    author: str
    max_tokens: int | None
    reviewer: str

    @property
    def calls(self) -> CallLog:
        """The paid calls."""
        return CallLog(self.memory, self.id)

    def end(self) -> None:
        """Note that the run has come to its draft."""
        self.memory.write("update job set ended = ? where id = ?", time.time(), self.id)

    @property
    def accepted(self) -> bool:
        """Whether its draft was accepted; that may have been undone since."""
        return self._time("accepted") is not None

    def accept(self) -> None:
        """Note that its draft was accepted."""
        self.memory.write("update job set accepted = ? where id = ?", time.time(), self.id)

    def open_again(self) -> None:
        """Forget what became of its draft."""
        self.memory.write("update job set ended = null, accepted = null where id = ?", self.id)

    @property
    def submission(self) -> Submission:
        """What was handed in so far."""
        raw = self.memory.part(self.id, _HANDED_IN)
        with readable(f"what was handed in for run {self.id!r}"):
            return Submission() if raw is None else as_type(json.loads(raw), Submission)

    def hand_in(self, submission: Submission) -> None:
        """Keep what was handed in."""
        self.memory.keep_part(self.id, _HANDED_IN, msgspec.json.encode(submission))


_Job = TypeVar("_Job", bound=Job)


class JobStore(ABC, Generic[_Job]):
    """The jobs of one kind, in the order in which they began."""

    kind: type[_Job]
    plural: str
    begins: str

    def __init__(self, memory: WorkMemory) -> None:
        self._memory = memory

    def holds(self, name: str) -> bool:
        """Say whether there is one of that id."""
        return bool(self._rows("and id = ?", name))

    def get(self, name: str) -> _Job:
        """Return one by its id; the last one where that is empty.

        Raises:
            DraftError: There is none.
        """
        rows = self._rows("and id = ?", name) if name else self._rows()
        if rows:
            return self._read(rows[-1])
        message = f"no {self.kind.kind} {name!r}" if name else f"there is no {self.kind.kind}"
        known = ", ".join(self.names()[-5:])
        raise DraftError(message, f"known {self.plural}: {known}" if known else self.begins)

    def names(self) -> list[str]:
        """Return all ids, oldest first."""
        return [row["id"] for row in self._rows()]

    def all(self) -> list[_Job]:
        """Return all, oldest first."""
        return list(map(self._read, self._rows()))

    def prune(self, held: Collection[str] = (), *, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete what has ended, and return the ids; what can still go on stays.

        Args:
            held: Ids that stay in any case.
            keep: How many of the others stay, the newest first; none where only ``older`` is given.
            older: Delete only what is older than so many days.
        """
        ended = {row["id"]: row["ended"] for row in self._rows("and ended is not null") if row["id"] not in held}
        doomed = list(ended)[: max(0, len(ended) - (keep or 0))]
        if older is not None:
            doomed = [name for name in doomed if ended[name] < time.time() - older * _DAY]
        for name in doomed:
            self._delete(name)
        return doomed

    def _delete(self, name: str) -> None:
        self._memory.delete(name)

    def _rows(self, condition: str = "", *values: Any) -> list[Row]:
        query = f"select * from job where kind = '{self.kind.kind}' {condition} order by number"  # noqa: S608 - ours
        return self._memory.rows(query, *values)

    def _read(self, row: Row) -> _Job:
        with readable(f"{self.kind.kind} {row['id']!r}"):
            started = datetime.fromtimestamp(row["started"]).astimezone()
            return self._make(row["id"], started, row["terms"])

    @abstractmethod
    def _make(self, name: str, started: datetime, terms: str) -> _Job:
        """Make one of its stored terms."""


class RunStore(JobStore[Run]):
    """All runs of a library."""

    kind = Run
    plural = "runs"
    begins = "procauthor create starts one"

    def create(  # noqa: PLR0913, PLR0917 - what a run is made of
        self,
        brief: Brief,
        author: str,
        max_tokens: int | None,
        reviewer: str = "",
        name: str = "",
        taken: Collection[str] = (),
    ) -> Run:
        """Start a run under the given name, or the first free one made from the title that is not ``taken``."""
        values = (Run.kind, _terms(brief, author, max_tokens, reviewer), time.time())
        with self._memory.writing() as connection:
            name = name or _free_name(connection, brief.request.title, taken)
            # A worker that another one took for dead may have been first: of two briefs of an item, the first counts.
            connection.execute(
                "insert into job (id, kind, terms, started) values (?, ?, ?, ?) on conflict (id) do nothing",
                (name, *values),
            )
        return self.get(name)

    def renew(self, run: Run, brief: Brief) -> Run:
        """Give a run a brief that was gathered once more."""
        terms = _terms(brief, run.author, run.max_tokens, run.reviewer)
        self._memory.write("update job set terms = ? where id = ?", terms, run.id)
        return self.get(run.id)

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
        runs = map(self._read, reversed(self._rows("and ended is null")))
        return next((run for run in runs if run.author != HAND_OFF), None)

    def _delete(self, name: str) -> None:
        forget_calls(self._memory, name)
        super()._delete(name)

    def _make(self, name: str, started: datetime, terms: str) -> Run:
        values = json.loads(terms)
        brief = as_type(values["brief"], Brief)
        return Run(name, started, self._memory, brief, values["author"], values["max_tokens"], values["reviewer"])


def _terms(brief: Brief, author: str, max_tokens: int | None, reviewer: str) -> str:
    return json.dumps({"author": author, "reviewer": reviewer, "max_tokens": max_tokens, "brief": brief.as_json()})


def _free_name(connection: Connection, title: str, taken: Collection[str]) -> str:
    base = slugify(title.removesuffix(" Procedure")).strip("-")[:60] or "run"
    known = {row["id"] for row in connection.execute("select id from job")}.union(taken)
    number = 1
    while f"{base}-{number}" in known:
        number += 1
    return f"{base}-{number}"
