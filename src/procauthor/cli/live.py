"""What a batch shows while it works: a table on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from procauthor.character import plain
from procauthor.cli.output import say

if TYPE_CHECKING:
    from procauthor.batch.record import Told
    from procauthor.project import Project

_STEPS = 8
_MARKS = {
    "working": ("▸", "yellow"),
    "drafted": ("✓", "green"),
    "accepted": ("✓", "bold green"),
    "needs revision": ("!", "red"),
    "rejected": ("✗", "red"),
    "failed": ("✗", "red"),
    "blocked": ("-", "dim"),
    "stopped": ("■", "yellow"),
}


@contextmanager
def watching(project: Project, name: str) -> Iterator[Callable[[Told], None]]:
    """Yield what takes the events of a batch and shows them."""
    if not sys.stderr.isatty():
        yield _plain
        return
    from rich.console import Console
    from rich.live import Live

    batch = project.batches.get(name) if name else project.batches.unfinished()
    rows: dict[int, Told | str] = {task.number: task.title for task in batch.terms.tasks} if batch else {}
    with Live(console=Console(stderr=True), refresh_per_second=8) as live:

        def update(told: Told) -> None:
            rows[told.number] = told
            live.update(_table(rows))

        yield update


def _plain(told: Told) -> None:
    cost = f"  {told.usage.tokens} tokens" if told.usage.calls else ""
    note = f"  {told.note}" if told.note else ""
    if told.done:
        say(f"  {told.number:>3} {told.title}: step {told.step} {told.name}  {told.seconds:.2f} s{cost}{note}")
    elif not told.step:
        say(f"  {told.number:>3} {told.title}: {told.state}{cost}{note}")


def _table(rows: dict[int, Told | str]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    tokens = 0
    for number, row in rows.items():
        if isinstance(row, str):
            table.add_row(Text("·", style="dim"), str(number), Text(plain(row), style="dim"), "", "", "")
            continue
        tokens += row.usage.tokens
        mark, style = _MARKS.get(row.state, ("·", "dim"))
        bar = "█" * row.step + "·" * (_STEPS - row.step) if row.step else ""
        cost = f"{row.usage.tokens:,} tokens" if row.usage.calls else ""
        told = row.name if row.state == "working" else f"{row.state}  {row.note}".rstrip()
        table.add_row(
            Text(mark, style=style), str(number), Text(plain(row.title)), bar, cost, Text(plain(told), style=style)
        )
    table.add_row("", "", Text(f"{tokens:,} tokens", style="dim"), "", "", "")
    return table
