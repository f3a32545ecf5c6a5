"""The values of an evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

from msgspec import Struct

from procauthor.finding import Finding, Report
from procauthor.library.status import Question
from procauthor.procedure import DONE, UNCOUNTED, Kind, Status

STATUSES: tuple[Status, ...] = get_args(Status)


class Share(Struct, frozen=True):
    """A part of a whole; without a whole there is no ratio."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """The share, from 0 to 1, or None where there is nothing to measure."""
        return self.part / self.whole if self.whole else None


class Tally(Struct, frozen=True):
    """How many procedures are in each state. ``total`` is counted by itself, not summed from the states."""

    total: int
    states: tuple[tuple[Status, int], ...]

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> Tally:
        """Count some statuses."""
        listed = tuple(statuses)
        counts = Counter(listed)
        return cls(len(listed), tuple((status, counts[status]) for status in STATUSES))

    def count(self, status: Status) -> int:
        """Return the number of procedures in a state."""
        return dict(self.states)[status]

    @property
    def completion(self) -> Share:
        """Those defined or approved, of all that is not gone."""
        gone = sum(self.count(status) for status in UNCOUNTED)
        return Share(sum(self.count(status) for status in DONE), self.total - gone)


class Row(Struct, frozen=True):
    """One procedure or orchestration, or a title that is announced without a document (then ``path`` is None).

    ``status`` is what counts; ``text_status`` is what the text alone supports. They differ where a text is whole but
    has findings of severity error. ``required`` holds the headings that the template asks for.
    """

    title: str
    path: str | None
    lifecycle: str
    kind: Kind
    status: Status
    text_status: Status
    declared: Status | None = None
    phase: int | str | None = None
    required: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    errors: int = 0
    warnings: int = 0
    form: str = ""
    owner: str = ""
    followed: str = ""
    """The day on which it was followed last, empty where it never was."""
    announced: str = ""
    """Where a title without a document is announced, as path and line."""
    questions: tuple[Question, ...] = ()
    counted: bool = True
    """Whether it is one of the rows that sum to the total."""

    @property
    def done(self) -> bool:
        """Whether it counts as complete."""
        return self.status in DONE

    @property
    def filled(self) -> int:
        """How many of the required sections hold text of their own."""
        return len(self.required) - len(self.missing) - len(self.empty)

    @property
    def disagrees(self) -> bool:
        """Whether the document declares another status than it has; approved and defined are no contradiction."""
        if self.declared is None or self.declared == self.status:
            return False
        return not (self.declared in DONE and self.status in DONE)


class Lifecycle(Struct, frozen=True):
    """The rows of one lifecycle, counted. ``sections`` are the filled ones of the required ones."""

    name: str
    tally: Tally
    sections: Share
    compliance: Share


class Claim(Struct, frozen=True):
    """A number that a README or the index states, and what the count says."""

    path: str
    line: int
    text: str
    scope: str
    stated: str
    counted: str
    holds: bool
    note: str = ""


class Call(Struct, frozen=True):
    """One procedure that an orchestration calls, in the order of the calls."""

    title: str
    path: str | None
    status: Status
    place: int

    @property
    def gap(self) -> bool:
        """Whether who works by the orchestration finds nothing finished here."""
        return self.status not in DONE and self.status not in UNCOUNTED


class Course(Struct, frozen=True):
    """An orchestration: its calls, and its critical path.

    The critical path is the chain of calls, each needing the one before it, that holds the most gaps; of several
    such chains the longest, then the first.
    """

    title: str
    path: str
    lifecycle: str
    calls: tuple[Call, ...]
    critical: tuple[Call, ...]

    @property
    def gaps(self) -> tuple[Call, ...]:
        """The calls that are not finished."""
        return tuple(call for call in self.calls if call.gap)


PointKind = Literal["saved", "revision", "now"]


class Point(Struct, frozen=True):
    """One measurement in a trend: the counts of another day or revision."""

    label: str
    date: str
    kind: PointKind
    total: Tally
    compliance: float | None
    broken_references: int
    lifecycles: tuple[tuple[str, Tally], ...] = ()
    revision: str = ""


class Measured(Struct, frozen=True):
    """What was measured: a day, and a revision; ``clean`` says that no change beyond it is there, None is not known."""

    date: str
    revision: str = ""
    clean: bool | None = True
    at: str = ""


class Evaluation(Struct, frozen=True):
    """All that was counted. Every procedure is in exactly one row; `verify` has seen to that."""

    measured: Measured
    rows: tuple[Row, ...]
    lifecycles: tuple[Lifecycle, ...]
    total: Tally
    sections: Share
    compliance: Share
    broken: tuple[Finding, ...]
    courses: tuple[Course, ...]
    claims: tuple[Claim, ...]
    report: Report
    others: tuple[Row, ...] = ()
    """The documents that are not counted: indexes, READMEs, standards, and whatever has no form."""
    unread: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()
    trend: tuple[Point, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def asking(self) -> tuple[Row, ...]:
        """The documents with an open question or proposal, counted or not."""
        return tuple(row for row in (*self.rows, *self.others) if row.questions)

    @property
    def questions(self) -> int:
        """How many questions and proposals are open."""
        return sum(len(row.questions) for row in self.asking)

    @property
    def broken_references(self) -> int:
        """How many references lead nowhere."""
        return len(self.broken)

    @property
    def left_out(self) -> tuple[Row, ...]:
        """The documents that are not counted because they have no form and no part of their own."""
        return tuple(row for row in self.others if row.kind == "other" and not row.form)

    @property
    def disagreeing(self) -> tuple[Row, ...]:
        """The rows whose declared status is not the computed one."""
        return tuple(row for row in self.rows if row.disagrees)
