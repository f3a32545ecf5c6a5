"""Writes a plan from the gaps of a library, or writes into one how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from procauthor.errors import LibraryError, PlanError
from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.row import statuses_in
from procauthor.library.change import Change, Edit
from procauthor.library.disk import paths_from_root
from procauthor.markdown.front import Put, edit_front_matter
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite
from procauthor.planning.propose import Proposal, propose
from procauthor.planning.read import read_plan
from procauthor.planning.text import READING_KEY, as_front_matter, find_unproven
from procauthor.planning.write import is_untouched, leave_out, write_plan
from procauthor.system import read_regular
from procauthor.workspace._workspace import Workspace
from procauthor.workspace.measure import measure, plan_in


def propose_plan(workspace: Workspace) -> Proposal:
    """Make a plan; the dependencies that the present plan states are kept."""
    evaluation, census = measure(workspace, _with_plan(workspace))
    known = statuses_in(census.library, census.report)
    return leave_out(propose(census, evaluation, plan_in(census.library, known)))


def _with_plan(workspace: Workspace) -> Census | None:
    """Return what is counted where there is no plan yet: what leads to it is no broken reference once it is written."""
    path = workspace.settings.library.plan
    if (workspace.root / path).exists():
        return None
    library = workspace.with_text(workspace.read(), path, b"# Plan\n")
    return Census(library, workspace.check(library), workspace.settings).counted()


def plan_change(workspace: Workspace, proposal: Proposal, file: str | Path | None = None) -> Change:
    """Return the change that writes a proposed plan."""
    path = workspace.settings.library.plan if file is None else _path(workspace, Path(file))
    try:
        before: bytes | None = read_regular(workspace.root / path)
    except FileNotFoundError:
        before = None
    if before is not None and not _is_plan(workspace, path):
        message = f"{path} is no plan, and would be replaced"
        raise PlanError(message, "name another file, or move what is there away first")
    if file is None and before is not None and not is_untouched(before):
        message = f"{path} holds words of a person, and would be replaced"
        raise PlanError(message, f"name the file to replace it: procauthor plan --write {quote(str(path))}")
    after = write_plan(proposal)
    return Change(() if before == after else (Edit(path, before, after),), f"write the plan {path}")


def reading_change(workspace: Workspace, reading: Mapping[str, object], file: str | Path | None = None) -> Change:
    """Return the change that writes into the front matter of a plan how it is read.

    Args:
        workspace: The library.
        reading: What a person or a model says, in the form of `procauthor.planning.text.READING_SCHEMA`.
        file: The plan, else the one in the settings.

    Raises:
        PlanError: The plan does not have what is said, or holds no items where it says that they are.
    """
    path = workspace.settings.library.plan if file is None else _path(workspace, Path(file))
    before = workspace.plan_bytes(file)
    document = parse(before)
    edits = edit_front_matter(document, path, [Put(READING_KEY, as_front_matter(reading))])
    after = rewrite("the plan", document, edits)
    if unproven := find_unproven(read_plan(after), after):
        message = f"the reading is not in the plan: {'; '.join(unproven[:3])}"
        raise PlanError(message, "nothing was written; say in the front matter of the plan how it is read")
    return Change(() if before == after else (Edit(path, before, after),), f"write how {path} is read")


def _is_plan(workspace: Workspace, path: str) -> bool:
    """Say whether a file is the plan of the library, or holds items of one."""
    if path == workspace.settings.library.plan:
        return True
    try:
        return bool(workspace.plan(workspace.root / path).items)
    except PlanError:
        return False


def _path(workspace: Workspace, file: Path) -> str:
    """Return the path of a file from the root."""
    path = next(paths_from_root(workspace.root, file), None)
    if path is not None:
        return path
    message = f"{str(file)!r} lies outside of the library"
    raise LibraryError(message, f"the library is {workspace.root}")
