"""The command ``check``: findings on every surface."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import open_project, require_place, say, say_unsettled, show_bytes, show_diff
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.finding import Report
    from procauthor.library.change import Change
    from procauthor.project import Project
    from procauthor.reporting.surface import Format


def check(  # noqa: PLR0913, PLR0917 - an option each
    ctx: typer.Context,
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH", help="Report only on these.")] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, json, sarif, junit, github or gitlab.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report there.")] = None,
    select: Annotated[
        list[str] | None, typer.Option(help="Only this rule, by name, code or beginning of a code; may be repeated.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Not this rule; may be repeated.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="First fix what can be fixed for certain.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", "--dry-run", help="Show what --fix would change, and write nothing.")
    ] = False,
    baseline: Annotated[
        bool | None,
        typer.Option("--baseline/--no-baseline", help="Leave out what the baseline knows.", show_default="by setting"),
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Make all findings of today known to the baseline.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again after every change; show what is new and what is gone.")
    ] = False,
) -> None:
    """Check the library with all rules; exit 1 where there is an error."""
    chosen = _format(form, as_json=as_json)
    if watch:
        _watch(alone=chosen == "text" and not (output or fix or diff or update_baseline))
        from procauthor.cli.watch import show_changes

        show_changes(ctx.obj, paths, select or (), ignore or (), baseline=baseline)
    require_place(output)
    project = open_project(ctx)
    if update_baseline:
        _update_baseline(project, narrowed=bool(paths or select or ignore or baseline is False))
        baseline = True
    if fix or diff:
        change, report = project.fix(paths, select=select or (), ignore=ignore or (), baseline=baseline)
        _fix(project, change, report, only_shown=diff)
    else:
        report = project.check(paths, select=select or (), ignore=ignore or (), baseline=baseline)
    _show(project, report, chosen, output)
    _shrink(project, report)
    say_unsettled(project, report)
    raise typer.Exit(1 if report.count("error") else 0)


def _watch(*, alone: bool) -> None:
    from procauthor.errors import ConfigError

    if not alone:
        message = "--watch only shows findings as text"
        raise ConfigError(message, "leave out --fix, --diff, --update-baseline, --output, --json and --format")


def _fix(project: Project, change: Change, report: Report, *, only_shown: bool) -> None:
    """Write the fixes; with ``only_shown`` show them, and exit."""
    for reason in report.unfixed:
        say(f"note: {reason}; the fixes of this document are left out")
    if only_shown:
        raise typer.Exit(_show_fixes(change, report))
    project.apply(change)
    if change:
        say(f"fixed {amount(report.fixed, 'finding')} in {', '.join(edit.path for edit in change.edits)}")


def _show_fixes(change: Change, report: Report) -> int:
    """Show what would be fixed; the exit code is 1 where something would, or where an error would be left."""
    show_diff(change.diff())
    left = f"{amount(len(report.findings), 'finding')} would be left"
    say(f"{amount(report.fixed, 'finding')} would be fixed, {left}" if change else f"nothing can be fixed, {left}")
    return 1 if change or report.count("error") else 0


def _update_baseline(project: Project, *, narrowed: bool) -> None:
    from procauthor.errors import ConfigError

    if narrowed:
        message = "--update-baseline is about the whole library and all rules"
        raise ConfigError(message, "leave out paths, --select, --ignore and --no-baseline")
    known = len(project.update_baseline().entries)
    say(f"baseline: {amount(known, 'finding')} known in {project.baseline_file.name}")
    if not project.settings.check.baseline:
        say(f'hint: to use it at every check, set baseline = "{project.baseline_file.name}" under [check]')


def _shrink(project: Project, report: Report) -> None:
    """Take out of the baseline what no longer occurs; a CI job would only lose the change, so there it is told."""
    if not report.gone:
        return
    gone = f"baseline: {amount(len(report.gone), 'finding')} known no longer occur"
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        project.shrink_baseline(report)
        say(f"{gone}; taken out of {project.baseline_file.name}")
    else:
        say(f"{gone}; run 'procauthor check' outside of CI and commit {project.baseline_file.name}")


def _format(name: str, *, as_json: bool) -> Format:
    from procauthor.errors import ConfigError
    from procauthor.reporting.surface import read_format

    if as_json and name not in ("", "json"):
        message = f"--json and --format {name} contradict each other"
        raise ConfigError(message, "leave one of them out")
    return read_format("json" if as_json else name or "text")


def _show(project: Project, report: Report, form: Format, output: Path | None) -> None:
    from procauthor.reporting.surface import render

    raw = render(report, form, project.root, project.settings.check.help_url)
    if output is None:
        show_bytes(raw)
        return
    from procauthor.reporting.file import write_report
    from procauthor.reporting.surface import summary_line

    write_report(output, raw)
    say(f"{summary_line(report)}; written to {output}")
