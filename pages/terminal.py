"""Draws ``docs/terminal.svg``: what ``create`` prints in a copy of the library; run ``python -m pages.terminal``."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/terminal.svg"
TITLE = "Data Anonymisation Procedure"
COMMAND = ("create", TITLE, "--lifecycle", "Data", "--depends-on", "Data Classification Procedure")
PURPOSE = ("--purpose", "Make a copy of production data that no longer says whose data it is")
_WIDTH = 128
_CUT = "  ⋮"
# So many lines are shown of the new document, and of what changes in a neighbour.
_HEAD, _PART = 29, 9
_NEIGHBOUR = "--- a/data/data-classification.md"
_STYLES = {"$": "bold", "@": "cyan", "+": "green", "-": "red"}
_FONT = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"


def draw(lines: Sequence[str]) -> str:
    """Return the picture of some lines. It names a font that is there, and loads none."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    for line in lines:
        console.print(Text(line, style=_STYLES.get(line[:1], ""), no_wrap=True, overflow="ellipsis"))
    picture = console.export_svg(title="procauthor", unique_id="terminal")
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL).replace("Fira Code", _FONT)


def shorten(lines: Sequence[str]) -> Iterator[str]:
    """Yield the steps, the beginning of the new document, what changes in a neighbour, and what is left to decide."""
    diff, part, rest = (_place(lines, start) for start in ("---", _NEIGHBOUR, f"{TITLE}:"))
    yield from lines[: diff + _HEAD]
    yield _CUT
    yield from lines[part : part + _PART]
    yield _CUT
    yield from lines[rest:]


def _place(lines: Sequence[str], start: str) -> int:
    return next(place for place, line in enumerate(lines) if line.startswith(start))


def main() -> None:
    """Run the command, and draw what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        shutil.copytree(ROOT / "procedures", library, ignore=shutil.ignore_patterns(".procauthor*"))
        command = [sys.executable, "-m", "procauthor", "-C", str(library), *COMMAND, *PURPOSE]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    typed = (f"$ procauthor {shlex.join(COMMAND)} \\", f"    {shlex.join(PURPOSE)}")
    PICTURE.write_text(draw([*typed, *shorten(done.stdout.splitlines())]), encoding="utf-8")


if __name__ == "__main__":
    main()
