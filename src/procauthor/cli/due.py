"""The command that says what is to be reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from procauthor.character import plain
from procauthor.cli.output import Json, open_project, say, show, show_json, show_lines, write_out
from procauthor.naming import amount


def due(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    within: Annotated[str, typer.Option("--within", metavar="SPAN", help="Only what is due by then: 30d, 2w.")] = "",
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Only documents of this owner.")] = "",
    ics: Annotated[bool, typer.Option("--ics", help="Print a calendar (iCalendar).")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the calendar to this file.")] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Exit 1 if a review is overdue.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is to be reviewed, when and by whom."""
    from procauthor.library.sidecar import today
    from procauthor.reporting.due import due_calendar, due_json, due_lines

    project = open_project(ctx)
    reviews, problems = project.due(within=within, owner=owner)
    day = today()
    if as_json:
        show_json(due_json(reviews, problems, day))
    elif ics or output is not None:
        calendar = due_calendar(reviews, day, project.root.absolute().name)
        if output is None:
            show(calendar, nl=False)
        else:
            write_out(output, calendar.encode(errors="replace"))
    else:
        show_lines(map(plain, due_lines(reviews, day)))
        if not reviews:
            say("nothing is due; a document says how often it is reviewed with review_every: 180d")
    for problem in problems:
        say(f"{problem.path}:{problem.line}: {problem.message}")
    late = sum(each.day < day for each in reviews)
    if late:
        say(f"{amount(late, 'review')} {'is' if late == 1 else 'are'} overdue")
    raise typer.Exit(1 if check_only and late else 0)
