"""``check --watch``: what is new and what is gone, after every change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import typer

from procauthor.cli.output import INTERRUPTED, say, show
from procauthor.errors import ProcauthorError
from procauthor.reporting.surface import finding_line, summary_line
from procauthor.workspace.watch import Turn, watch


def show_changes(
    folder: Path, paths: Sequence[str] | None, select: Sequence[str], ignore: Sequence[str], *, baseline: bool | None
) -> None:
    """Print each turn until it is interrupted."""
    try:
        for turn in watch(folder, paths, select=select, ignore=ignore, baseline=baseline):
            _show(turn)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _show(turn: Turn | ProcauthorError) -> None:
    if isinstance(turn, ProcauthorError):
        say(f"procauthor: {turn.message}")
        if turn.hint:
            say(f"hint: {turn.hint}")
        return
    for finding in turn.gone:
        show(f"- {finding_line(finding)}")
    for finding in turn.new:
        show(f"+ {finding_line(finding)}")
    show(f"{datetime.now().astimezone():%H:%M:%S} {summary_line(turn.report)}")
