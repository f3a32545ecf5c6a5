"""Printing: stdout is the result, stderr is progress."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from procauthor.errors import ProcauthorError
    from procauthor.project import Project

SCHEMA_VERSION = 1


def open_project(ctx: typer.Context) -> Project:
    """Open the project that ``-C`` names."""
    from procauthor.project import Project

    project = Project.open(ctx.obj)
    say_notices(project)
    ctx.call_on_close(lambda: say_notices(project))
    return project


def say_notices(project: Project) -> None:
    """Print what the project has to say of itself, once."""
    while project.notices:
        say(f"note: {project.notices.pop(0)}")


def say(text: str) -> None:
    """Print progress."""
    typer.echo(text, err=True)


def say_error(error: ProcauthorError) -> None:
    """Print what is wrong, and what to do next."""
    say(f"procauthor: {error.message}")
    if error.hint:
        say(f"hint: {error.hint}")


def show(text: str) -> None:
    """Print a result."""
    typer.echo(text)


def show_bytes(raw: bytes) -> None:
    """Print a result that is bytes already."""
    typer.echo(raw, nl=False)


def show_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object with its schema version first."""
    typer.echo(json_text(data))


def json_text(data: Mapping[str, Any]) -> str:
    """Return one JSON object with its schema version first."""
    from procauthor.reporting.dump import dump

    return dump({"schema_version": SCHEMA_VERSION, **data})


def show_diff(diff: str) -> None:
    """Print a diff, coloured where somebody looks at it."""
    if not sys.stdout.isatty():
        typer.echo(diff, nl=False)
        return
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines():
        bold = line.startswith(("+++", "---"))
        typer.echo(typer.style(line, fg=None if bold else colours.get(line[:1]), bold=bold))
