"""Commands about reviews: who approved and who wrote what, and who relies on a contract that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.character import plain
from procauthor.cli.output import (
    By,
    DryRun,
    Json,
    Ref,
    open_project,
    say,
    say_notices,
    show_diff,
    show_json,
    show_lines,
)
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.library.change import Change
    from procauthor.project import Project


def approve(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Ref,
    section: Annotated[
        list[str] | None, typer.Option("--section", metavar="HEADING", help="Only this section; may be repeated.")
    ] = None,
    role: Annotated[str, typer.Option("--role", help="As what you approve.")] = "",
    by: By = "",
    expires: Annotated[
        str, typer.Option("--expires", metavar="DAY", help="Last day on which it holds: 2027-06-01 or 180d.")
    ] = "",
    pull_request: Annotated[
        str, typer.Option("--pull-request", metavar="URL", help="The merged pull request in which it was reviewed.")
    ] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Approve a document, or sections of it, as it is now: an edit of one byte shows."""
    from procauthor.reporting.review import approval_json, approval_lines

    project = open_project(ctx)
    approval = project.review.approve(
        ref, *(section or ()), role=role, by=by, expires=expires, pull_request=pull_request
    )
    written = _write(project, approval.change, dry_run=dry_run, as_json=as_json)
    if as_json:
        show_json(approval_json(approval, written=written))
        return
    if not approval.change:
        say("nothing to do: it is approved so already")
        return
    show_lines(map(plain, approval_lines(approval, written=not dry_run)))
    say("nothing was written" if dry_run else "undo with: procauthor undo")


def blame(ctx: typer.Context, ref: Ref, as_json: Json = False) -> None:
    """Say of each section of a document who wrote it, what it rests on, and who approved it."""
    from procauthor.reporting.review import blame_json, blame_lines

    result = open_project(ctx).review.blame(ref)
    if as_json:
        show_json(blame_json(result))
        return
    show_lines(map(plain, blame_lines(result)))


def suspects(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Only this document.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """List documents that rely on a part of a contract that changed since they last saw it."""
    from procauthor.reporting.review import suspect_json, suspect_lines

    results = open_project(ctx).review.suspects(ref)
    if as_json:
        show_json({"suspects": [suspect_json(suspect) for suspect in results]})
        return
    show_lines(map(plain, suspect_lines(results)))
    documents = len({suspect.use.consumer.path for suspect in results})
    if results:
        suspects = amount(len(results), "suspect")
        say(f"{suspects} in {amount(documents, 'document')}; if a text still fits: procauthor clear REF")
    else:
        say("no suspects")


def clear(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Ref,
    producer: Annotated[str, typer.Option("--from", metavar="REF", help="Only what comes from this one.")] = "",
    by: By = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Say that a document still fits the contracts that changed under it."""
    from procauthor.reporting.review import clearance_json, suspect_lines

    project = open_project(ctx)
    clearance = project.review.clear(ref, producer, by=by)
    written = _write(project, clearance.change, dry_run=dry_run, as_json=as_json)
    if as_json:
        show_json(clearance_json(clearance, written=written))
        return
    show_lines(map(plain, suspect_lines(clearance.suspects)))
    if not clearance.change:
        say(f"nothing to do: {clearance.title} is no suspect")
    elif dry_run:
        say("nothing was written")
    else:
        say(f"cleared {len(clearance.suspects)} by {clearance.by}")
        say("undo with: procauthor undo")


def _write(project: Project, change: Change, *, dry_run: bool, as_json: bool) -> bool:
    """Write a change unless it is only looked at; return whether anything was written."""
    say_notices(project)
    if not dry_run:
        project.apply(change)
        return bool(change)
    if not as_json:
        show_diff(change.diff())
    return False
