"""A durable run: what it was asked, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from procauthor.authoring.brief import Brief
from procauthor.authoring.memory import CallLog, Connection, Row, WorkMemory, forget_calls, readable
from procauthor.authoring.submission import Submission
from procauthor.errors import DraftError
from procauthor.markdown.link import slugify

# The author of a run that waits for an answer of a person or an agent.
HAND_OFF = "hand-off"
_KIND = "run"
_HANDED_IN = "submission"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``author`` is the id of its author; ``max_tokens`` its ceiling."""

    id: str
    brief: Brief
    author: str
    max_tokens: int | None
    reviewer: str
    started: datetime
    memory: WorkMemory = field(repr=False, compare=False)

    @property
    def calls(self) -> CallLog:
        """The paid calls."""
        return CallLog(self.memory, self.id)

    @property
    def ended(self) -> bool:
        """Whether a draft came of it."""
        return self._time("ended") is not None

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
            return Submission() if raw is None else Submission.from_json(json.loads(raw))

    def hand_in(self, submission: Submission) -> None:
        """Keep what was handed in."""
        self.memory.keep_part(self.id, _HANDED_IN, json.dumps(submission.as_json()).encode())

    def hold(self) -> AbstractContextManager[None]:
        """Hold the run, so that no second process works on it.

        Raises:
            LockedError: Another process does.
        """
        return self.memory.hold(self.id, f"run {self.id!r}")

    def _time(self, column: str) -> float | None:
        rows = self.memory.rows("select ended, accepted from job where id = ?", self.id)
        moment: float | None = rows[0][column] if rows else None
        return moment


class RunStore:
    """All runs of a library."""

    def __init__(self, memory: WorkMemory) -> None:
        self._memory = memory

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
        terms = {"author": author, "reviewer": reviewer, "max_tokens": max_tokens, "brief": brief.as_json()}
        values = (_KIND, json.dumps(terms), time.time())
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
        terms = {"author": run.author, "reviewer": run.reviewer, "max_tokens": run.max_tokens, "brief": brief.as_json()}
        self._memory.write("update job set terms = ? where id = ?", json.dumps(terms), run.id)
        return self.get(run.id)

    def holds(self, name: str) -> bool:
        """Say whether there is a run of that id."""
        return bool(self._rows("and id = ?", name))

    def get(self, name: str) -> Run:
        """Return a run by its id; the last one where that is empty.

        Raises:
            DraftError: There is none.
        """
        rows = self._rows("and id = ?", name) if name else self._rows()
        if rows:
            return self._read(rows[-1])
        message = f"no run {name!r}" if name else "there is no run"
        known = ", ".join(self.names()[-5:])
        raise DraftError(message, f"known runs: {known}" if known else "procauthor create starts one")

    def names(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        return [row["id"] for row in self._rows()]

    def all(self) -> list[Run]:
        """Return all runs, oldest first."""
        return [self._read(row) for row in self._rows()]

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

    def prune(self, held: Collection[str], *, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete runs that have ended, and return their ids.

        A run that has not come to its draft can still be resumed, so it stays. So do replies that were of use.

        Args:
            held: Ids that stay in any case.
            keep: How many of the others stay, the newest first; none where only ``older`` is given.
            older: Delete only what is older than so many days.
        """
        doomed = doomed_jobs(self._memory, _KIND, held, keep, older)
        for name in doomed:
            forget_calls(self._memory, name)
            self._memory.delete(name)
        return doomed

    def _rows(self, condition: str = "", *values: Any) -> list[Row]:
        query = f"select * from job where kind = '{_KIND}' {condition} order by number"  # noqa: S608 - ours
        return self._memory.rows(query, *values)

    def _read(self, row: Row) -> Run:
        with readable(f"run {row['id']!r}"):
            terms = json.loads(row["terms"])
            started = datetime.fromtimestamp(row["started"]).astimezone()
            brief = Brief.from_json(terms["brief"])
            return Run(row["id"], brief, terms["author"], terms["max_tokens"], terms["reviewer"], started, self._memory)


def doomed_jobs(
    memory: WorkMemory, kind: str, held: Collection[str], keep: int | None, older: float | None
) -> list[str]:
    """Return the ids of jobs that have ended and shall be deleted; for the arguments see `RunStore.prune`."""
    query = "select id, ended from job where kind = ? and ended is not null order by number"
    ended = {row["id"]: row["ended"] for row in memory.rows(query, kind) if row["id"] not in held}
    names = list(ended)
    doomed = names[: max(0, len(names) - keep)] if keep is not None else names
    if older is None:
        return doomed
    return [name for name in doomed if ended[name] < time.time() - older * _DAY]


def _free_name(connection: Connection, title: str, taken: Collection[str]) -> str:
    base = slugify(title.removesuffix(" Procedure")).strip("-")[:60] or "run"
    known = {row["id"] for row in connection.execute("select id from job")}.union(taken)
    number = 1
    while f"{base}-{number}" in known:
        number += 1
    return f"{base}-{number}"
