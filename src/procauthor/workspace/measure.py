"""Evaluates a library: as it is, and as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from procauthor.checking.check import check
from procauthor.errors import LibraryError, PlanError
from procauthor.evaluation.evaluate import Census, evaluate
from procauthor.evaluation.revision import read_checkout, read_past
from procauthor.evaluation.trend import point_of, read_saved
from procauthor.evaluation.value import Evaluation, Measured, Point, Row, Tally
from procauthor.library.index import known_statuses
from procauthor.library.library import Library
from procauthor.library.sidecar import read_followed
from procauthor.naming import title_key
from procauthor.planning.plan import Plan
from procauthor.planning.read import read_plan
from procauthor.system import without_collection
from procauthor.workspace._workspace import Workspace, unless_stale


def survey(workspace: Workspace) -> Census:
    """Read the library once, and check it once, with what is remembered of the last check."""
    with without_collection():
        return unless_stale(lambda: _survey(workspace))


def _survey(workspace: Workspace) -> Census:
    surveyed = workspace.survey()
    report = workspace.check(surveyed.library)
    return Census(surveyed.for_counting().library, report, workspace.settings, surveyed).counted()


def count(workspace: Workspace, library: Library) -> Tally:
    """Count a library that was read before, perhaps with drafts laid over it."""
    return evaluate(Census(library, workspace.check(library, None), workspace.settings), Measured("")).total


def measure(
    workspace: Workspace, census: Census | None = None, *, at: str = "", since: Sequence[str] = ()
) -> tuple[Evaluation, Census]:
    """Count a library as it is, or as it was at a revision; return what was counted as well.

    Raises:
        RevisionError: There is no such revision.
        CountError: The numbers contradict each other.
    """
    saved, notes = read_saved(workspace.root)
    points = [point_of(_past(workspace, name)[0], name, "revision") for name in since]
    chosen = census or survey(workspace)
    checkout = read_checkout(workspace.root)
    day = date.today().isoformat()  # noqa: DTZ011 - the day where the user is
    now = evaluate(chosen, Measured(day, checkout.revision, checkout.clean))
    now = replace(now, rows=tuple(_with_followed(workspace.root, now.rows)))
    points.append(point_of(now, "now", "now"))
    evaluation = now
    if at:
        evaluation, chosen = _past(workspace, at)
        points.append(point_of(evaluation, at, "revision"))
        saved = tuple(point for point in saved if point.date <= evaluation.measured.date)
    if checkout.note and not at:
        notes = (*notes, checkout.note)
    return replace(evaluation, trend=tuple(_by_date([*saved, *points])), notes=notes), chosen


def _with_followed(root: Path, rows: Sequence[Row]) -> Iterator[Row]:
    """Yield rows with the day on which each document was followed last."""
    records = read_followed(root)
    for row in rows:
        days = [each.day for each in records[row.path].followed] if row.path in records else []
        yield replace(row, followed=max(days).isoformat()) if days else row


def _by_date(points: Sequence[Point]) -> list[Point]:
    """Return points in the order of time; of one day what was saved comes after revisions, and the work tree last."""
    return sorted(points, key=lambda point: (point.kind == "now", point.date, point.kind == "saved"))


def _past(workspace: Workspace, name: str) -> tuple[Evaluation, Census]:
    past = read_past(workspace.root, workspace.settings, name)
    report = check(past.library, settings=past.settings, announced=frozenset(_planned(past.library)))
    census = Census(past.library, report, past.settings)
    return evaluate(census, Measured(past.date, past.revision, at=name)), census


def _planned(library: Library) -> Iterator[str]:
    """Yield the keys of the titles that the plan of that time announces."""
    plan = plan_in(library)
    return (title_key(item.title) for item in (plan.items if plan else ()))


def plan_in(library: Library, known: Mapping[str, str] | None = None) -> Plan | None:
    """Return the action plan among the documents of a library, if there is one that can be read.

    ``known`` are the statuses that count, else those that the texts have.
    """
    known = known or known_statuses(library)
    for plan in library.of_kind("plan"):
        try:
            return read_plan(plan.document.source.raw, known=known)
        except (PlanError, LibraryError):
            continue
    return None
