"""A report for a reader at a terminal: grouped, coloured, with the line and a caret under the column."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.character import plain
from procauthor.data import grouped
from procauthor.finding import Finding, Report, Severity
from procauthor.reporting.place import ReportFiles
from procauthor.reporting.text import summary_line
from procauthor.secret import find_secrets

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_INDENT = 10
_LEAST_WIDTH = 20
_TAB = 4


def print_report(report: Report, root: Path) -> None:
    """Print the findings by document, and a summary. ``NO_COLOR`` is honoured by the console."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    place = ReportFiles(root)
    for path, findings in groupby(report.findings, key=lambda f: f.path):
        console.print(plain(path), style="bold underline")
        alike = grouped(((f.rule, f.severity, f.message), f) for f in findings)
        for first, *others in alike.values():
            _print_finding(console, first, place)
            if others:
                lines = ", ".join(str(line) for line in dict.fromkeys(f.line for f in others))
                console.print(f"{' ' * _INDENT}= and in line {lines}", style="dim")
        console.print()
    _print_summary(console, report)


def _print_finding(console: Console, finding: Finding, place: ReportFiles) -> None:
    from rich.text import Text

    head = Text().append(f"{f'{finding.line}:{finding.column}':>{_INDENT - 2}}  ", "dim")
    head.append(f"{finding.severity:7}", _STYLES[finding.severity])
    head.append(f"  {plain(finding.message)}  ")
    head.append(f"{finding.rule} {finding.code}", "dim")
    if finding.fixable:
        head.append("  [fixable]", "green")
    console.print(head)
    line = place.line(finding.path, finding.line)
    # The line of a secret is the secret, whatever else is wrong with it.
    if finding.rule == "secret" or find_secrets(line.encode("utf-8", "surrogatepass")):
        line = ""
    if line.strip():
        for text in _excerpt(line, finding, max(_LEAST_WIDTH, console.width - _INDENT - 2)):
            console.print(text)
    if finding.hint:
        console.print(Text().append(" " * _INDENT + "= ", "blue").append(plain(finding.hint)))


def _excerpt(line: str, finding: Finding, width: int) -> list[Text]:
    """Return the line, cut to the width around the column, and a caret below the column."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    before = _shown(line[: finding.column - 1]).lstrip()
    after = _shown(line[finding.column - 1 :]).rstrip()
    if cell_len(before + after) > width and cell_len(before) > width // 2:
        before = "…" + set_cell_size(before[::-1], width // 2)[::-1]
    room = width - cell_len(before)
    if cell_len(after) > room:
        after = set_cell_size(after, room - 1) + "…"
    bar = " " * _INDENT
    shown = Text().append(f"{bar}│ ", "blue").append(before + after)
    caret = Text().append(f"{bar}│ ", "blue").append(" " * cell_len(before) + "^", _STYLES[finding.severity])
    return [shown, caret]


def _shown(text: str) -> str:
    return plain(text.replace("\t", " " * _TAB))


def _print_summary(console: Console, report: Report) -> None:
    from rich.text import Text

    worst = next((level for level in _STYLES if report.count(level)), None)
    mark = {None: "✓ ", "error": "✗ "}.get(worst, "! ")
    console.print(Text().append(mark, _STYLES[worst] if worst else "bold green").append(summary_line(report)))
