"""The command that counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from procauthor.cli.output import open_project, require_place, say, say_unsettled, show, write_out

if TYPE_CHECKING:
    from procauthor.evaluation.value import Evaluation
    from procauthor.project import Project


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
    else:
        show(text, nl=not text.endswith("\n"))
    say_unsettled(project, evaluation.report)


def _report(project: Project, style: str, at: str, since: list[str], output: Path | None) -> tuple[str, Evaluation]:
    from procauthor.workspace.measure import measure

    evaluation, survey = measure(project.workspace, at=at, since=since)
    if style == "json":
        from procauthor.data import dump
        from procauthor.evaluation.view import evaluation_json

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
