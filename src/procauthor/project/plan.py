"""Writes a plan from the gaps of a library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.errors import LibraryError, PlanError
from procauthor.library.change import Change, Edit
from procauthor.planning.propose import Proposal, propose
from procauthor.planning.write import is_untouched, leave_out, write_plan
from procauthor.project.evaluation import measure, plan_in, statuses_in

if TYPE_CHECKING:
    from procauthor.project.project import Project


def propose_plan(project: Project) -> Proposal:
    """Make a plan; the dependencies that the present plan states are kept."""
    evaluation, survey = measure(project)
    known = statuses_in(survey.library, survey.report)
    return leave_out(propose(survey, evaluation, plan_in(survey.library, known)))


def plan_change(project: Project, proposal: Proposal, file: str | Path | None = None) -> Change:
    """Return the change that writes a proposed plan."""
    path = project.settings.library.plan if file is None else _path(project, Path(file))
    try:
        before: bytes | None = (project.root / path).read_bytes()
    except FileNotFoundError:
        before = None
    if file is None and before is not None and not is_untouched(before):
        message = f"{path} holds words of a person, and would be replaced"
        raise PlanError(message, f"name the file to replace it: procauthor plan --write {path}")
    after = write_plan(proposal)
    return Change(() if before == after else (Edit(path, before, after),), f"write the plan {path}")


def _path(project: Project, file: Path) -> str:
    """Return a path from the root; what is given counts from here, then from the root."""
    root = project.root.resolve()
    for place in (file.resolve(), (root / file).resolve()):
        if place.is_relative_to(root):
            return place.relative_to(root).as_posix()
    message = f"{str(file)!r} lies outside of the library"
    raise LibraryError(message, f"the library is {project.root}")
