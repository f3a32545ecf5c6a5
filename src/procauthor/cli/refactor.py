"""Commands that change the structure of the library and keep every reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import DryRun, Json, Ref, open_project, say, say_notices, show, show_diff, show_json
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.library.change import Change
    from procauthor.project import Project

NoAlias = Annotated[bool, typer.Option("--no-alias", help="Leave no document at the old path.")]


def rename(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Ref,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")],
    no_alias: NoAlias = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Rename a document: title, file, id, links, texts of links, names, index, orchestrations, plan."""
    project = open_project(ctx)
    _finish(project, project.refactor.rename(ref, title, alias=not no_alias), dry_run=dry_run, as_json=as_json)


def move(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Ref,
    destination: Annotated[str, typer.Argument(metavar="FOLDER|PATH", help="Where to, from the root of the library.")],
    no_alias: NoAlias = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move a document to another folder or path, with the links to it and in it."""
    project = open_project(ctx)
    _finish(project, project.refactor.move(ref, destination, alias=not no_alias), dry_run=dry_run, as_json=as_json)


def split(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Ref,
    at: Annotated[list[str], typer.Option("--at", metavar="HEADING", help="A section or step; may be repeated.")],
    title: Annotated[str, typer.Option("--title", help="Title of the new document.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move sections or steps into a new document, and leave links to it."""
    project = open_project(ctx)
    _finish(project, project.refactor.split(ref, at, title), dry_run=dry_run, as_json=as_json)


def merge(
    ctx: typer.Context,
    ref: Ref,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The document that takes it up.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Merge a document into another one, section by section, and leave an alias."""
    project = open_project(ctx)
    _finish(project, project.refactor.merge(ref, into), dry_run=dry_run, as_json=as_json)


def deprecate(
    ctx: typer.Context,
    ref: Ref,
    by: Annotated[str, typer.Option("--by", metavar="REF", help="The document that is used instead.")] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take a document out of use; with --by, references lead to its replacement."""
    project = open_project(ctx)
    _finish(project, project.refactor.deprecate(ref, by), dry_run=dry_run, as_json=as_json)


def renumber(ctx: typer.Context, ref: Ref, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Number steps and sections in order, with "From: Step 2" and all else that refers to them."""
    project = open_project(ctx)
    _finish(project, project.refactor.renumber(ref), dry_run=dry_run, as_json=as_json)


def migrate(
    ctx: typer.Context,
    refs: Annotated[list[str] | None, typer.Argument(metavar="REF", help="Documents; all if none is named.")] = None,
    renamed: Annotated[
        list[str] | None, typer.Option("--rename", metavar="OLD=NEW", help="A heading that became another one.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Carry documents over to their templates as these are now: headings, order, missing sections, numbers."""
    project = open_project(ctx)
    change = project.refactor.migrate(*(refs or ()), renamed=renamed or ())
    _finish(project, change, dry_run=dry_run, as_json=as_json)


def _finish(project: Project, change: Change, *, dry_run: bool, as_json: bool) -> None:
    """Write the change unless it is only looked at, and say what was done."""
    say_notices(project)
    if not dry_run:
        project.apply(change)
    if as_json:
        show_json({"title": change.title, "changes": change.as_json(), "applied": bool(change) and not dry_run})
    elif not change:
        say(f"nothing to do: {change.title}")
    elif dry_run:
        show_diff(change.diff())
        say(f"would {change.title} ({amount(len(change.edits), 'file')}); nothing was written")
    else:
        for edit in change.edits:
            show(f"{edit.action:7} {edit.path}" + (f" (was {edit.origin})" if edit.origin else ""))
        say(f"done: {change.title} ({amount(len(change.edits), 'file')})")
        say("undo with: procauthor undo")
