"""The command ``check``: findings on every surface."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import open_project, say, show_bytes

if TYPE_CHECKING:
    from procauthor.finding import Report
    from procauthor.project import Project
    from procauthor.reporting.surface import Format


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(  # noqa: PLR0913, PLR0917 - an option each
    ctx: typer.Context,
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Report only on these.")] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, json, sarif, junit, github or gitlab.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report there.")] = None,
    select: Annotated[list[str] | None, typer.Option(help="Only this rule; may be repeated.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Not this rule; may be repeated.")] = None,
) -> None:
    """Check the library with all rules; exit 1 where there is an error."""
    chosen = _format(form, as_json=as_json)
    project = open_project(ctx)
    report = project.check(paths, select=select or (), ignore=ignore or ())
    _show(project, report, chosen, output)
    raise typer.Exit(1 if report.count("error") else 0)


def _format(name: str, *, as_json: bool) -> Format:
    from procauthor.errors import ConfigError
    from procauthor.reporting.surface import read_format

    if as_json and name not in ("", "json"):
        message = f"--json and --format {name} contradict each other"
        raise ConfigError(message, "leave one of them out")
    return read_format("json" if as_json else name or "text")


def _show(project: Project, report: Report, form: Format, output: Path | None) -> None:
    from procauthor.reporting.surface import render

    if output is None and form == "text" and sys.stdout.isatty():
        from procauthor.cli.screen import print_report

        print_report(report, project.root)
        return
    raw = render(report, form, project.root, project.settings.check.help_url)
    if output is None:
        show_bytes(raw)
        return
    from procauthor.library.change import write_file
    from procauthor.reporting.text import summary_line

    write_file(output, raw)
    say(f"{summary_line(report)}; written to {output}")
