"""The command ``init``: a new library, or one around documents that are there."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import say, show, show_lines
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.adoption.amend import Amended
    from procauthor.adoption.survey import Survey


class Beside(StrEnum):
    """What can be made beside a library."""

    GITHUB = "github"
    GITLAB = "gitlab"
    AGENTS = "agents"
    MCP = "mcp"
    PRE_COMMIT = "pre-commit"


def init(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Folder of the library.")] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; take the best guess.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Survey only, as one JSON object.")] = False,
    model: Annotated[
        str, typer.Option(help='Let a chat model propose conventions, as "provider:name"; each is counted.')
    ] = "",
    answer: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Proposed conventions, as --json shows their form."),
    ] = None,
    beside: Annotated[
        list[Beside] | None, typer.Option("--with", help="Also make a file for this; may be repeated.")
    ] = None,
) -> None:
    """Start a library. Documents that are there stay as they are: only settings, templates and a baseline are added."""
    from procauthor.adoption.start import check_place, hidden_folders, start

    place: Path = ctx.obj / folder if folder else ctx.obj
    ask = not no_input and sys.stdin.isatty()
    where = "" if str(place) == "." else f" -C {place}"
    if as_json:
        from procauthor.adoption.view import survey_json
        from procauthor.data import dump

        check_place(place)
        surveyed, amended = _survey(place, model, answer)
        show(dump(survey_json(surveyed, amended)))
        return
    if not check_place(place):
        for path in start(place):
            show(f"wrote {path}")
        for hidden, count in hidden_folders(place):
            say(f"not looked at: {count} in the hidden folder {hidden}; to adopt them: procauthor init {hidden}")
        _make(place, beside, ask=ask)
        say(f'next: procauthor{where} check, then procauthor{where} create "..." --lifecycle ...')
        return
    _adopt(place, model, answer, ask=ask)
    _make(place, beside, ask=ask)
    say("a wrong guess is corrected in procauthor.toml; the page on conventions has an example of each setting")
    say(f"next: procauthor{where} check (--no-baseline shows all that is found)")


def _survey(place: Path, model: str, answer: Path | None) -> tuple[Survey, Amended | None]:
    """Return what was found, and with what a model or a person proposes and the documents show."""
    from procauthor.adoption.survey import survey

    result = survey(place)
    if not (model or answer):
        return result, None
    from procauthor.adoption.amend import SCHEMA, amend

    if answer:
        from procauthor.authoring.answer import read_object
        from procauthor.cli.handoff import read_file
        from procauthor.errors import AnswerError

        proposed = read_object(read_file(str(answer)), list(SCHEMA["properties"]))
        if not proposed:
            message = f"{str(answer)!r} holds no proposal"
            raise AnswerError(message, "procauthor init --json shows its form below 'proposed'")
    else:
        from procauthor.authoring.conventions import propose_conventions

        proposed = propose_conventions(result, model)
    amended = amend(result, proposed)
    return amended.survey, amended


def _adopt(place: Path, model: str, answer: Path | None, *, ask: bool) -> None:
    from procauthor.adoption.adopt import adopt, propose
    from procauthor.adoption.view import amended_lines, survey_lines, weak_lines

    result, amended = _survey(place, model, answer)
    proposal = propose(result)
    show_lines(survey_lines(proposal.survey))
    show_lines(amended_lines(amended) if amended else ())
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
        findings = amount(known, "finding")
        say(f"the baseline knows {findings} of today; only new ones will be reported")


def _make(place: Path, beside: list[Beside] | None, *, ask: bool) -> None:
    """Make the files that were wished for; without a wish, ask for each."""
    from procauthor.adoption.start import make_companions, purpose

    wanted = beside or [each for each in Beside if ask and typer.confirm(f"Add {purpose(each)}?", default=False)]
    for made in make_companions(place.absolute(), wanted):
        if made.written:
            show(f"wrote {made.path}")
        else:
            say(f"left as it is, because it is there already: {made.path}")
