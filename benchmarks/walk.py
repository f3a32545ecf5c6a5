"""Counts the files and functions of ours that one command runs: who wants to follow it has to read these.

What is only loaded does not count, and neither does what other processes run.

Usage: python benchmarks/walk.py [create "Release Train Procedure" --lifecycle release --accept]
"""

from __future__ import annotations

import inspect
import shutil
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
OURS = str(ROOT / "src/procauthor")
CREATE = ["create", "Release Train Procedure", "--lifecycle", "release", "--accept"]


class Walk:
    """Notes the functions that are called, by their file."""

    def __init__(self) -> None:
        self.functions: set[tuple[str, str]] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        # Modules and classes that are loaded run as well, with what they work out then, and are no functions.
        loaded = not code.co_flags & inspect.CO_OPTIMIZED or code.co_qualname.startswith("<")
        if event == "call" and not loaded and code.co_filename.startswith(OURS):
            self.functions.add((code.co_filename[len(OURS) + 1 :], code.co_qualname))


def main() -> None:
    from procauthor.cli.app import main as command

    walk = Walk()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        shutil.copytree(ROOT / "procedures", library, ignore=shutil.ignore_patterns(".procauthor"))
        sys.argv = ["procauthor", "-C", str(library), *(sys.argv[1:] or CREATE)]
        threading.setprofile(walk)
        sys.setprofile(walk)
        try:
            command()
        except SystemExit as ended:
            print(f"exit {ended.code}", file=sys.stderr)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    files = {file for file, _ in walk.functions}
    rooms = Counter(file.partition("/")[0].removesuffix(".py") for file in files)
    print(f"{len(walk.functions)} functions in {len(files)} files of {len(list(Path(OURS).rglob('*.py')))}")
    print(", ".join(f"{room} {count}" for room, count in rooms.most_common()))


if __name__ == "__main__":
    main()
