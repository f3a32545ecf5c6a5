"""The command that walks through a procedure."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from procauthor.character import plain
from procauthor.cli.output import INTERRUPTED, By, Json, open_project, say, show_json, show_lines

if TYPE_CHECKING:
    from procauthor.library.sidecar import StepResult
    from procauthor.project import Project
    from procauthor.review.follow import Walk

_LETTERS: dict[str, StepResult] = {"d": "done", "f": "failed", "s": "skipped"}


def follow(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Path, id or title of a procedure.")],
    by: By = "",
    occasion: Annotated[str, typer.Option("--for", metavar="TEXT", help="What for: a release, a ticket.")] = "",
    fresh: Annotated[bool, typer.Option("--new", help="Begin a new record, though one is open.")] = False,
    step: Annotated[int, typer.Option("--step", metavar="N", help="Record this step, and ask nothing.")] = 0,
    result: Annotated[
        Literal["done", "failed", "skipped"], typer.Option("--result", help="How that step ended.")
    ] = "done",
    evidence: Annotated[str, typer.Option("--evidence", metavar="TEXT", help="What shows it.")] = "",
    deviation: Annotated[
        str, typer.Option("--deviation", metavar="TEXT", help="What was done otherwise, or why the step failed.")
    ] = "",
    question: Annotated[
        bool, typer.Option("--question", help="Make the reason of a failed step an open question of the document.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the record here.")] = False,
    as_json: Json = False,
) -> None:
    """Walk through the steps of a procedure, and keep a record: who, when, evidence, deviations."""
    from procauthor.reporting.follow import closing_lines, opening_lines, walk_json

    project = open_project(ctx)
    walk = project.follow(ref, by=by, occasion=occasion, fresh=fresh)
    asks = not (step or stop or as_json)
    if step:
        walk = walk.record(step, result, evidence, deviation)
        if question:
            _ask(project, walk)
    elif asks:
        show_lines(map(plain, opening_lines(walk)))
        walk = _walk(project, walk)
    if stop and not walk.following.ended:
        walk = walk.stop()
    if as_json:
        show_json(walk_json(walk))
        return
    show_lines(map(plain, closing_lines(walk)))
    if walk.next is not None:
        say(f"go on with: procauthor follow {quote(walk.procedure.path)}")


def _walk(project: Project, walk: Walk) -> Walk:
    """Ask for every step that is left; each answer is kept before the next question."""
    from procauthor.reporting.follow import stage_lines

    while (stage := walk.next) is not None:
        show_lines(map(plain, stage_lines(stage, len(walk.stages))))
        try:
            letter = _letter()
            if letter == "q":
                return walk
            evidence = _optional("evidence") if letter != "s" else ""
            deviation = _optional("what was done otherwise") if letter == "d" else _reason()
            wants = letter == "f" and typer.confirm("make it an open question of the document?", err=True)
        except typer.Abort:
            say(f"interrupted; go on with: procauthor follow {quote(walk.procedure.path)}")
            raise typer.Exit(INTERRUPTED) from None
        walk = walk.record(stage.number, _LETTERS[letter], evidence, deviation)
        if wants:
            _ask(project, walk)
    return walk


def _letter() -> str:
    while True:
        answer = typer.prompt("[d]one, [f]ailed, [s]kipped, [q]uit", err=True).strip().casefold()[:1]
        if answer in (*_LETTERS, "q"):
            return str(answer)


def _optional(word: str) -> str:
    return str(typer.prompt(word, default="", show_default=False, err=True))


def _reason() -> str:
    while not (answer := str(typer.prompt("why", err=True)).strip()):
        pass
    return answer


def _ask(project: Project, walk: Walk) -> None:
    """Write the reason of the step that failed last into the document."""
    project.apply(walk.ask(walk.following.steps[-1]))
    say(f"asked in {walk.procedure.path}; undo with: procauthor undo")
