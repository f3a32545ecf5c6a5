"""The command that counts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from procauthor.character import plain
from procauthor.cli.output import open_project, require_place, say, say_unsettled, show, write_out

if TYPE_CHECKING:
    from rich.text import Text

    from procauthor.evaluation.value import Evaluation, Tally
    from procauthor.project import Project

_BAR = 12


def evaluate(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: typer.Context,
    style: Annotated[Literal["text", "md", "json", "html"], typer.Option("--format", help="How to report.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the report to this file.")] = None,
    at: Annotated[str, typer.Option("--at", metavar="REV", help="Count the library as it was at a git revision.")] = "",
    since: Annotated[
        list[str] | None, typer.Option(metavar="REV", help="Show a git revision in the trend; may be repeated.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep the counts in the library, for later trends.")] = False,
) -> None:
    """Count what is defined, what is missing, and what the overviews claim."""
    from procauthor.errors import ConfigError

    if save and at:
        message = "--save keeps the counts of today, --at looks at another day"
        raise ConfigError(message, "use one of them")
    require_place(output)
    project = open_project(ctx)
    chosen = "json" if as_json else style
    text, evaluation = _report(project, chosen, at, since or [], output)
    if save:
        _save(project, evaluation)
    if output is not None:
        write_out(output, text.encode(errors="backslashreplace"))
    elif chosen == "text" and sys.stdout.isatty():
        _show_rich(evaluation)
    else:
        show(text, nl=not text.endswith("\n"))
    say_unsettled(project, evaluation.report)


def _report(project: Project, style: str, at: str, since: list[str], output: Path | None) -> tuple[str, Evaluation]:
    from procauthor.workspace.measure import measure

    evaluation, survey = measure(project.workspace, at=at, since=since)
    if style == "json":
        from procauthor.evaluation.view import evaluation_json
        from procauthor.reporting.dump import dump

        return dump(evaluation_json(evaluation)), evaluation
    if style == "md":
        from procauthor.reporting.evaluation.markdown import evaluation_markdown

        return evaluation_markdown(evaluation, _place(project, output)), evaluation
    if style == "html":
        from procauthor.reporting.evaluation.page import library_page

        return library_page(evaluation, survey, _leading(project, output)), evaluation
    from procauthor.reporting.evaluation.text import evaluation_lines

    return "\n".join(evaluation_lines(evaluation)) + "\n", evaluation


def _place(project: Project, output: Path | None) -> str:
    """Return where the report will be within the library; links in it start there."""
    if output is not None and output.resolve().is_relative_to(project.root.resolve()):
        return output.resolve().relative_to(project.root.resolve()).as_posix()
    return "evaluation-report.md"


def _leading(project: Project, output: Path | None) -> Callable[[str], str]:
    """Return what gives the address of a document: by the settings, else the file as seen from the report."""
    from procauthor.markdown.document import encode_path

    pattern = project.settings.report.link
    start = output.resolve().parent if output is not None else project.root.resolve()
    way = os.path.relpath(project.root.resolve(), start).replace(os.sep, "/")

    def place(path: str) -> str:
        written = encode_path(path if pattern or way == "." else f"{way}/{path}")
        return pattern.replace("{path}", written) if pattern else written

    return place


def _save(project: Project, evaluation: Evaluation) -> None:
    from procauthor.evaluation.trend import save

    change = save(project.root, evaluation)
    project.apply(change)
    say(f"kept in {change.edits[0].path}" if change else "these counts are kept already")


def _show_rich(evaluation: Evaluation) -> None:
    """Show the counts with bars; who pipes the report gets the plain text instead."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from procauthor.evaluation.method import percent
    from procauthor.reporting.evaluation.text import columns, detail_lines, heading, number_lines, table_rows

    states = columns(evaluation)
    table = Table(
        title=Text(plain(heading(evaluation))), title_justify="left", box=None, pad_edge=False, header_style="dim"
    )
    table.add_column("lifecycle", min_width=12)
    for head in ("total", *states):
        table.add_column(head.replace(" ", "\n").replace("placeholder", "place-\nholder"), justify="right")
    table.add_column("", width=_BAR, no_wrap=True)
    table.add_column("done", justify="right")
    for name, tally in table_rows(evaluation):
        counts = [str(tally.total), *(str(tally.count(state)) for state in states)]
        style = "bold" if name == "Total" else None
        table.add_row(Text(plain(name)), *counts, _bar(tally), percent(tally.completion.ratio), style=style)
    console = Console(highlight=False)
    console.print(table)
    console.print()
    for line in (*number_lines(evaluation), *detail_lines(evaluation)):
        console.print(plain(line), markup=False, soft_wrap=True)


def _bar(tally: Tally) -> Text:
    """Return a bar: full blocks are done, shaded ones are begun, dots are not there."""
    from rich.text import Text

    done = tally.completion
    if not done.whole:
        return Text("")
    full = int(_BAR * done.part / done.whole)
    begun = int(_BAR * (done.part + tally.count("in progress") + tally.count("placeholder")) / done.whole) - full
    bar = Text("█" * full, style="green")
    bar.append("▒" * begun, style="yellow")
    return bar.append("·" * (_BAR - full - begun), style="dim")
