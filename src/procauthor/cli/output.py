"""What commands share: options, printing (stdout is the result, stderr is progress), the project, and who writes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from procauthor.character import shown

if TYPE_CHECKING:
    from pathlib import Path

    from procauthor.finding import Report
    from procauthor.project import Project

SCHEMA_VERSION = 1
NEEDS_REVISION = 1
"""The exit code where a draft is not fit to be accepted."""
_ALLOCATIONS = 50_000
"""After so many new objects a server looks for garbage."""
_passing: list[int] = []
"""The length of the line that the next one takes the place of, where there is one."""
INTERRUPTED = 130
"""The exit code of a command that a person has stopped."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="Path, id or title of a document.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who you are.", show_default="git's user.name")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the diff; write nothing.")]


def open_project(ctx: typer.Context) -> Project:
    """Open the project that ``-C`` names."""
    from procauthor.project import Project

    project = Project.open(ctx.obj)
    say_notices(project)
    ctx.call_on_close(lambda: _close(project))
    return project


def _close(project: Project) -> None:
    project.close()
    say_notices(project)


def look_for_garbage() -> None:
    """Look for garbage more often than a command does: a server drops what it knew with every change of a file."""
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])


def say_notices(project: Project) -> None:
    """Print what the project has to say of itself, once."""
    while project.notices:
        say(f"note: {project.notices.pop(0)}")


def say(text: str) -> None:
    """Print progress. It is read by people alone, so control characters are always shown as escapes."""
    if _passing:
        typer.echo(f"{' ' * _passing.pop()}\r", nl=False, err=True)
    typer.echo(shown(text), err=True)


def say_for_now(text: str) -> None:
    """Print a line that the next one takes the place of, on a terminal; elsewhere nothing."""
    if sys.stderr.isatty():
        typer.echo(f"{shown(text)}\r", nl=False, err=True)
        _passing[:] = [len(text)]


def say_unsettled(project: Project, report: Report) -> None:
    """Say it where nothing was counted because nothing says what counts: no settings are there."""
    from procauthor.settings import locate

    told = any(finding.rule == "nothing-matched" for finding in report.findings)
    if not (told or report.procedures or locate(project.root).file):
        say("note: nothing here counts as a procedure, and there is no procauthor.toml that says what does")
        say("hint: 'procauthor init' writes one from the documents that are here; -C names another folder")


def say_error(message: str, hint: str = "") -> None:
    """Print what went wrong, without secrets: a message may quote a document, a server or an address."""
    from procauthor.secret import redact

    say(redact(f"procauthor: {message}"))
    if hint:
        say(redact(f"hint: {hint}"))


def show(text: str, *, nl: bool = True) -> None:
    """Print a result: on a terminal with control characters as escapes, else to the byte, for what reads it."""
    typer.echo(shown(text) if sys.stdout.isatty() else text, nl=nl)


def show_lines(lines: Iterable[str]) -> None:
    """Print a result that is lines."""
    for line in lines:
        show(line)


def show_bytes(raw: bytes) -> None:
    """Print a result that is bytes already."""
    if sys.stdout.isatty():
        show(raw.decode(errors="replace"), nl=False)
    else:
        typer.echo(raw, nl=False)


def require_place(output: Path | None) -> None:
    """Refuse a file for a result that holds something else, before the work is done."""
    if output is not None:
        from procauthor.reporting.file import require_report_place

        require_report_place(output)


def write_out(output: Path, content: bytes) -> None:
    """Write a result into the file that was named for it."""
    from procauthor.reporting.file import write_report

    write_report(output, content)
    say(f"wrote {output}")


def show_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object with its schema version first."""
    show(json_text(data))


def json_text(data: Mapping[str, Any]) -> str:
    """Return one JSON object with its schema version first."""
    from procauthor.data import dump

    return dump({"schema_version": SCHEMA_VERSION, **data})


def show_diff(diff: str) -> None:
    """Print a diff, coloured on a terminal."""
    if not sys.stdout.isatty():
        typer.echo(diff, nl=False)
        return
    colours = {"+": "green", "-": "red", "@": "cyan"}
    # Not splitlines: a form feed or a lone carriage return begins no line of a diff.
    for line in diff.removesuffix("\n").split("\n"):
        bold = line.startswith(("+++", "---"))
        typer.echo(typer.style(shown(line.removesuffix("\r")), fg=None if bold else colours.get(line[:1]), bold=bold))


def author_id(model: str, author: str) -> str | None:
    """Return the author that the options name, None for the one in the settings."""
    from procauthor.errors import ConfigError

    if author not in ("", "offline", "skeleton") and ":" not in author:
        message = f"no author {author!r}"
        raise ConfigError(message, 'known: offline, skeleton, or a chat model as "provider:name"')
    if author and model:
        message = "--author and --model exclude each other"
        raise ConfigError(message, "--model provider:name is short for --author provider:name")
    return model or author or None
