"""The live checklist of the eight steps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from procauthor.authoring.author import STEPS
from procauthor.character import plain
from procauthor.cli.output import say

if TYPE_CHECKING:
    from procauthor.authoring.pipeline import Progress


@contextmanager
def checklist(title: str) -> Iterator[Callable[[Progress], None]]:
    """Show the steps as they end: redrawn in place on a terminal, a line a step elsewhere."""
    if not sys.stderr.isatty():
        yield _plain
        return
    from rich.console import Console
    from rich.live import Live

    done: dict[int, Progress] = {}
    with Live(console=Console(stderr=True), refresh_per_second=8, transient=False) as live:

        def update(progress: Progress) -> None:
            done[progress.step] = progress
            live.update(_table(title, done))

        live.update(_table(title, done))
        yield update


def _plain(progress: Progress) -> None:
    if not progress.step:
        say(f"  {progress.note}")
    elif progress.done:
        say(f"  {progress.step} {progress.name:45} {_cost(progress)}")


def _cost(progress: Progress) -> str:
    parts = [f"{progress.seconds:6.2f} s"]
    if progress.usage.calls:
        parts.append(f"{progress.usage.tokens} tokens so far")
    return "  ".join(filter(None, [*parts, progress.note]))


def _table(title: str, done: dict[int, Progress]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_row("", Text(plain(title), style="bold"), "")
    if 0 in done:
        table.add_row("", Text(plain(done[0].note), style="dim"), "")
    for number, name in enumerate(STEPS, start=1):
        progress = done.get(number)
        mark, style = ("✓", "green") if progress and progress.done else ("▸", "yellow") if progress else ("·", "dim")
        cost = _cost(progress) if progress and progress.done else ""
        table.add_row(Text(mark, style=style), Text(f"{number} {name}", style="" if progress else "dim"), cost)
    return table
