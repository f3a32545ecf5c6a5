"""Evaluates a project: as it is, and as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.checking.check import check
from procauthor.errors import LibraryError, PlanError
from procauthor.evaluation.evaluate import Survey, evaluate
from procauthor.evaluation.revision import Past, head, read_past
from procauthor.evaluation.trend import point_of, read_saved
from procauthor.evaluation.value import Evaluation, Measured, Point
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.planning.read import read_plan

if TYPE_CHECKING:
    from procauthor.project.project import Project


def survey(project: Project) -> Survey:
    """Read the library once, and check it once."""
    library = project.library()
    return Survey(library, project.check_library(library, None), project.settings)


def evaluate_project(
    project: Project, found: Survey | None = None, *, at: str = "", since: Sequence[str] = (), today: str = ""
) -> Evaluation:
    """Count a library as it is, or as it was at a revision.

    Raises:
        RevisionError: There is no such revision.
        CountError: The numbers contradict each other.
    """
    saved, notes = read_saved(project.root)
    earlier = [point_of(_past(read_past(project.root, project.settings, rev), rev), rev, "revision") for rev in since]
    day = today or date.today().isoformat()  # noqa: DTZ011 - the day where the user is
    if at:
        past = read_past(project.root, project.settings, at)
        points = [p for p in saved if p.date <= past.date]
        now = evaluate(found or survey(project), _present(project.root, day))
        then = _past(past, at)
        trend = _by_date([*points, *earlier, point_of(then, at, "revision"), point_of(now, "now", "now")])
        return replace(then, trend=tuple(trend), notes=notes)
    now = evaluate(found or survey(project), _present(project.root, day))
    trend = _by_date([*saved, *earlier, point_of(now, "now", "now")])
    return replace(now, trend=tuple(trend), notes=notes)


def _by_date(points: Sequence[Point]) -> list[Point]:
    """Return points in the order of time; on one day the work tree comes last."""
    return sorted(points, key=lambda point: (point.kind == "now", point.date))


def _present(root: Path, day: str) -> Measured:
    revision, clean = head(root)
    return Measured(day, revision, clean)


def _past(past: Past, name: str) -> Evaluation:
    report = check(past.library, settings=past.settings, announced=frozenset(_planned(past.library)))
    survey_then = Survey(past.library, report, past.settings)
    return evaluate(survey_then, Measured(past.date, past.revision, at=name))


def _planned(library: Library) -> Iterator[str]:
    """Yield the keys of the titles that the plan of that time announces."""
    for plan in library.of_kind("plan"):
        try:
            yield from (title_key(item.title) for item in read_plan(plan.document.source.raw).items)
        except (PlanError, LibraryError):
            continue
