"""The command ``init``: a new library, or one around documents that are there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from procauthor.cli.output import say, show


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Folder of the library.")] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; take the best guess.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Survey only, as one JSON object.")] = False,
) -> None:
    """Start a library. Documents that are there stay as they are: only settings, templates and a baseline are added."""
    from procauthor.adoption.start import check_place, start

    place = folder or ctx.obj
    where = "" if str(place) == "." else f" -C {place}"
    if as_json:
        from procauthor.adoption.survey import survey
        from procauthor.adoption.view import survey_json
        from procauthor.reporting.dump import dump

        check_place(place)
        show(dump(survey_json(survey(place))))
        return
    if not check_place(place):
        for path in start(place):
            show(f"wrote {path}")
        say(f'next: procauthor{where} check, then procauthor{where} create "..." --lifecycle ...')
        return
    _adopt(place, ask=not no_input and sys.stdin.isatty())
    say(f"next: procauthor{where} check (--no-baseline shows all that is found)")


def _adopt(place: Path, *, ask: bool) -> None:
    from procauthor.adoption.adopt import adopt, propose
    from procauthor.adoption.view import survey_lines, weak_lines

    proposal = propose(place)
    for line in survey_lines(proposal.survey):
        show(line)
    show(f"would write {', '.join(proposal.files)}, and a baseline of today's findings")
    if ask and not typer.confirm("Write this?", default=True):
        say("nothing was written")
        raise typer.Exit
    written, known = adopt(proposal)
    for path in written:
        show(f"wrote {path}")
    for line in () if ask else weak_lines(proposal.survey):
        say(line)
    if known:
        findings = "1 finding" if known == 1 else f"{known} findings"
        say(f"the baseline knows {findings} of today; only new ones will be reported")
