"""The command for action plans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import Json, open_project, say, say_error, show, show_json, show_lines

if TYPE_CHECKING:
    from procauthor.project import Project

_NEXT = Path("next")
_SESSION = 6.0


def plan(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="next|FILE", help="An action plan, or the word “next” for --next.")
    ] = None,
    second: Annotated[Path | None, typer.Argument(metavar="FILE", help="The plan, where “next” comes first.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write a plan from the gaps of the library, to FILE if one is named.")
    ] = False,
    upcoming: Annotated[bool, typer.Option("--next", help="Say what fits into the next session.")] = False,
    hours: Annotated[float | None, typer.Option(min=0, help="How long the next session is.", show_default="6")] = None,
    model: Annotated[
        str,
        typer.Option(help='Let a chat model, as "provider:name", say how a stubborn plan is read; the plan proves it.'),
    ] = "",
    as_json: Json = False,
) -> None:
    """Read an action plan: its items, their order, and what comes next."""
    from procauthor.errors import ConfigError, NoPlanError

    if second is not None and _NEXT not in (file, second):
        message = f"one plan at a time: {file} or {second}"
        raise ConfigError(message, "procauthor plan next FILE says what comes next in a plan")
    if second is not None or (file == _NEXT and not file.exists()):
        file, upcoming = (second if file == _NEXT else file), True
    if write and (upcoming or hours is not None):
        message = "--write makes a plan, --next reads one"
        raise ConfigError(message, "use one of them")
    if model and (write or upcoming or hours is not None):
        message = "--model says how a plan is read, and no more"
        raise ConfigError(message, "use it alone: procauthor plan FILE --model provider:name")
    project = open_project(ctx)
    try:
        if model:
            _ask(project, file, model)
        if write:
            _write(project, file, as_json=as_json)
        elif upcoming or hours is not None:
            _next(project, file, _SESSION if hours is None else hours, as_json=as_json)
        else:
            _read(project, file, as_json=as_json)
    except NoPlanError as error:
        if as_json:
            raise
        say_error(error.message, error.hint)


def _read(project: Project, file: Path | None, *, as_json: bool) -> None:
    from procauthor.planning.plan import plan_json
    from procauthor.reporting.plan import plan_lines

    read = project.plan(file)
    if as_json:
        show_json(plan_json(read))
        return
    show_lines(plan_lines(read))


def _ask(project: Project, file: Path | None, model: str) -> None:
    """Write into the front matter of a plan how a model reads it."""
    from procauthor.authoring.conventions import propose_reading
    from procauthor.workspace.plan import reading_change

    proposed = propose_reading(project.workspace.plan_bytes(file), model)
    change = reading_change(project.workspace, proposed, file)
    project.apply(change)
    told = ", ".join(f"{key} {value}" for key, value in proposed.items() if value)
    say(f"{change.edits[0].path} is read by its front matter now: {told}" if change else "it is read so already")


def _write(project: Project, file: Path | None, *, as_json: bool) -> None:
    from procauthor.naming import amount
    from procauthor.planning.plan import plan_json

    proposal = project.propose_plan()
    change = project.plan_change(proposal, file)
    project.apply(change)
    if as_json:
        show_json({**plan_json(proposal.plan), "changes": change.as_json()})
        return
    for item in proposal.plan.items:
        show(f"{item.number:>3} {item.priority}  {item.title}: {item.why}")
    for text in proposal.left_out:
        show(f"not in this plan: {text}")
    counted = f"{amount(len(proposal.plan.items), 'item')} and {amount(len(proposal.plan.groups), 'group')}"
    say(f"wrote {change.edits[0].path}: {counted}" if change else f"the plan is up to date: {counted}")


def _next(project: Project, file: Path | None, hours: float, *, as_json: bool) -> None:
    from procauthor.planning.order import plan_session
    from procauthor.reporting.plan import session_json, session_lines
    from procauthor.workspace.measure import measure

    evaluation, survey = measure(project.workspace)
    read = project.plan(file, survey.library)
    session = plan_session(read, evaluation, hours)
    if as_json:
        show_json(session_json(session))
        return
    show_lines(session_lines(session, read))
