"""Kills real commands at random moments while they write. Run as a program of its own, so that it may fork.

``python -m tests.cli.killed FOLDER ROUNDS``: the folder holds a library with a draft that waits. Prints one JSON object.
"""

import contextlib
import io
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from procauthor import Project
from procauthor.cli.app import app
from procauthor.errors import NotFoundError
from tests.conftest import snapshot
from tests.library.crash import count_operations, run_killed

_TAIL = 60


def command(root: Path, *words: str) -> Callable[[], None]:
    def work() -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert not app(["-C", str(root), *words], standalone_mode=False)

    return work


def kill(root: Path, words: tuple[str, ...], rounds: int, dice: random.Random) -> dict[str, int]:
    """Kill one command again and again, near its end, where it writes."""
    old = snapshot(root)
    drafts = {p.name: p.read_bytes() for p in (root / ".procauthor/drafts").glob("*.json")}
    work = command(root, *words)
    # The first run of a command may compile modules and make an index, which the others find ready.
    for _ in range(2):
        last = count_operations(work)
        new = snapshot(root)
        assert new != old
        back(root, old, drafts)
    counts = {"old": 0, "new": 0, "taken back": 0}
    for _ in range(rounds):
        run_killed(work, operation=dice.randrange(max(0, last - _TAIL), last + 1))
        cut_off = (root / ".procauthor/journal.json").exists()
        project = Project.open(root)
        assert bool(project.notices) == cut_off, project.notices
        counts["taken back"] += cut_off
        found = snapshot(root)
        assert found in (old, new), [p for p in {*old, *new, *found} if found.get(p) not in (old.get(p), new.get(p))]
        counts["old" if found == old else "new"] += 1
        back(root, old, drafts)
    return counts


def back(root: Path, old: dict[str, bytes], drafts: dict[str, bytes]) -> None:
    if snapshot(root) != old:
        with contextlib.suppress(NotFoundError):
            Project.open(root).undo()
    assert snapshot(root) == old
    for name, content in drafts.items():
        (root / ".procauthor/drafts" / name).write_bytes(content)


def main() -> None:
    root, rounds = Path(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(rounds)
    sys.dont_write_bytecode = True
    commands = [("sync",), ("rename", "design-review", "Structure Choice Procedure"), ("accept",)]
    counts = {words[0]: kill(root, words, rounds, dice) for words in commands}
    print(json.dumps(counts), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
