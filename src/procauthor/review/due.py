"""What is to be reviewed, when and by whom: from the last approval, the declared review, or else the last change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Literal

from procauthor.convention.word import read_interval
from procauthor.errors import ConfigError
from procauthor.git import last_changes
from procauthor.library.library import Library, Procedure
from procauthor.library.sidecar import today
from procauthor.markdown.front import read_texts
from procauthor.review.approve import read_approvers

Since = Literal["approved", "reviewed", "changed", "never"]
Reason = Literal["review", "expiry"]


@dataclass(frozen=True, slots=True)
class Due:
    """A document with the day of its next review.

    ``reason`` says whether its interval ends then, or an approval. ``since`` is what the interval is counted from, and
    ``last`` the day of it, None where none is known: then the review is due on the day that is asked about.
    """

    path: str
    title: str
    lifecycle: str
    owner: str
    day: date
    reason: Reason
    since: Since
    last: date | None
    every: str = ""


@dataclass(frozen=True, slots=True)
class Undated:
    """A document whose interval or day of review cannot be read, at the line of it."""

    path: str
    line: int
    message: str


def read_due(library: Library, present: date) -> tuple[list[Due], list[Undated]]:
    """Return every document that has a next review, the first one first, and what cannot be read.

    Documents are counted ones and standards; those that are deprecated, only name another one or are not written yet
    have no review.
    """
    documents = [p for p in library.procedures if (p.counted or p.kind == "standard") and p.text_status not in _OUT]
    problems = list(chain.from_iterable(map(_problems, documents)))
    asked = [p for p in documents if _every(p)]
    changes = last_changes(library.root) if any(_last_review(p)[1] is None for p in asked) else {}
    due = [each for p in documents if (each := _due(p, changes, present))]
    return sorted(due, key=lambda each: (each.day, each.path)), problems


def choose_due(library: Library, within: str, owner: str) -> tuple[list[Due], list[Undated]]:
    """Return what is due by some time from today, of one owner or of all.

    Raises:
        ConfigError: The time cannot be read.
    """
    day = today()
    span = read_interval(within) if within else None
    if within and span is None:
        message = f"{within!r} is no span of time"
        raise ConfigError(message, "write it as 30d, 2 weeks or 6 months")
    reviews, problems = read_due(library, day)
    last = span.after(day) if span else date.max
    named = owner.strip().casefold()
    return [each for each in reviews if each.day <= last and (not named or each.owner.casefold() == named)], problems


_OUT = frozenset({"alias", "deprecated", "placeholder", "missing"})


def _due(procedure: Procedure, changes: Mapping[str, date], present: date) -> Due | None:
    every = _every(procedure)
    interval = read_interval(every) if every else None
    since, last = _last_review(procedure)
    if last is None and procedure.path in changes:
        since, last = "changed", changes[procedure.path]
    ends = list(_ends(procedure))
    days: list[tuple[date, Reason]] = [(min(ends), "expiry")] if ends else []
    if interval is not None:
        days.append((interval.after(last) if last else present, "review"))
    if not days:
        return None
    day, reason = min(days)
    owner, title = procedure.owner, procedure.title
    return Due(procedure.path, title, procedure.lifecycle, owner, day, reason, since, last, every)


def _every(procedure: Procedure) -> str:
    """Return how often a document is reviewed, as it says itself, else as its library does."""
    names = procedure.conventions.review
    return _first(procedure, names.every) or names.default


def _last_review(procedure: Procedure) -> tuple[Since, date | None]:
    """Return the later of the last approval and the review that the metadata declare."""
    approved = max((each.on for each in read_approvers(procedure)), default=None)
    declared = _day(_first(procedure, procedure.conventions.review.last))
    if approved and (declared is None or approved >= declared):
        return "approved", approved
    return ("reviewed", declared) if declared else ("never", None)


def _ends(procedure: Procedure) -> Iterator[date]:
    """Yield the last days of approvals that still hold."""
    return (each.expires for each in read_approvers(procedure) if each.expires and each.valid)


def _problems(procedure: Procedure) -> Iterator[Undated]:
    names = procedure.conventions.review
    every = _first(procedure, names.every)
    if every and read_interval(every) is None:
        line = _line(procedure, names.every)
        yield Undated(procedure.path, line, f"{every!r} is no interval; write it as 90d, 6 months or 1y")
    last = _first(procedure, names.last)
    if last and _day(last) is None:
        yield Undated(procedure.path, _line(procedure, names.last), f"{last!r} is no day; write it as 2027-06-01")


def _first(procedure: Procedure, keys: Iterable[str]) -> str:
    values = map(str.strip, chain.from_iterable(read_texts(procedure.document, key) for key in keys))
    return next((value for value in values if value), "")


def _line(procedure: Procedure, keys: Iterable[str]) -> int:
    lines = procedure.field_lines
    return next((lines[key] for key in keys if key in lines), 1)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10]) if text.strip() else None
    except ValueError:
        return None
