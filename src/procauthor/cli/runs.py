"""Commands that show and delete runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from procauthor.cli.output import Json, open_project, say, say_notices, show, show_json
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.authoring.run import Run
    from procauthor.batch.record import Batch
    from procauthor.project import Project


runs = typer.Typer(help="Show and delete runs; without a command, list them.", rich_markup_mode=None)


@runs.callback(invoke_without_command=True)
def list_runs(ctx: typer.Context, as_json: Json = False) -> None:
    """Show and delete runs; without a command, list them."""
    if ctx.invoked_subcommand:
        return
    project = open_project(ctx)
    kept = project.runs.all()
    batches = [_batch(batch) for batch in project.batches.all()]
    say_notices(project)
    if as_json:
        show_json({"runs": [_summary(project, run) for run in kept], "batches": batches})
        return
    for run in kept:
        row = _summary(project, run)
        usage = row["usage"]
        cost = f"{amount(usage['calls'], 'call')}, {usage['input_tokens'] + usage['output_tokens']} tokens"
        show(f"{row['run']}  {row['title']}  {row['started']}  {row['author']}  {row['state']}  {cost}")
    for each in batches:
        states = ", ".join(f"{count} {state}" for state, count in each["items"].items())
        show(f"{each['batch']}  {each['plan']}  {each['started']}  {each['author']}  {each['state']}  {states}")
    if not kept and not batches:
        say("there is no run")
    old = [name for name in ("runs", "batches", "replies") if (project.state / name).is_dir()]
    if old:
        say(f"{', '.join(old)} in {project.state.name} are of an earlier version, and are not read; delete them")


@runs.command("show")
def show_run(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run; the last one where none is named.")] = "",
    as_json: Json = False,
) -> None:
    """Show a run: its state, and what each step has cost."""
    project = open_project(ctx)
    kept = project.runs.get(run)
    row = _summary(project, kept)
    steps = list(kept.calls.by_step())
    if as_json:
        show_json({**row, "usage_by_step": steps, "passages": [f"{p.path}:{p.line}" for p in kept.brief.passages]})
        return
    for name in ("run", "title", "path", "author", "started", "state"):
        show(f"{name:10} {row[name]}")
    show(f"{'ceiling':10} {row['max_tokens'] or '-'}")
    for step in steps:
        reused = f", {step['reused']} reused" if step["reused"] else ""
        show(f"step {step['step']}: {', '.join(step['fields'])}: {_cost(step)}{reused}")
    show(f"total: {_cost(row['usage'])}")


def _cost(usage: Mapping[str, Any]) -> str:
    return f"{amount(usage['calls'], 'call')}, {usage['input_tokens']} tokens in, {usage['output_tokens']} out"


@runs.command("prune")
def prune(
    ctx: typer.Context,
    keep: Annotated[int | None, typer.Option(min=0, help="Keep the newest of them.")] = None,
    older: Annotated[float | None, typer.Option(min=0, help="Only those that ended so many days ago.")] = None,
    as_json: Json = False,
) -> None:
    """Delete runs that have ended. A run that can be resumed, and one whose draft waits, stays."""
    if keep is None and older is None:
        from procauthor.errors import ConfigError

        message = "nothing says which runs to delete"
        raise ConfigError(message, "procauthor runs prune --keep 10, or --older 30 (days)")
    project = open_project(ctx)
    deleted = project.prune_runs(keep=keep, older=older)
    say_notices(project)
    if as_json:
        show_json({"deleted": deleted})
        return
    for name in deleted:
        show(name)
    say(f"deleted {len(deleted)} runs and batches")


def _state_of(batch: Batch) -> str:
    if batch.ended:
        return "ended"
    return "can be resumed" if batch.can_go_on else "drafts wait"


def _batch(batch: Batch) -> dict[str, Any]:
    items = batch.items().values()
    return {
        "batch": batch.id,
        "plan": batch.terms.plan,
        "author": batch.terms.author,
        "started": batch.started.isoformat(timespec="minutes"),
        "state": _state_of(batch),
        "max_tokens": batch.terms.max_tokens,
        "items": dict(Counter(item.state for item in items)),
    }


def _state(project: Project, run: Run) -> str:
    if project.drafts.holds(run.id):
        return "draft waits"
    if run.accepted:
        return "accepted"
    if run.ended:
        return "ended"
    return "waits for an answer" if run.author == "hand-off" else "can be resumed"


def _summary(project: Project, run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "title": run.brief.request.title,
        "path": run.brief.path,
        "author": run.author,
        "started": run.started.isoformat(timespec="minutes"),
        "state": _state(project, run),
        "max_tokens": run.max_tokens,
        "usage": run.calls.usage.as_json(),
    }
