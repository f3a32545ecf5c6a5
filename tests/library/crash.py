"""Runs something in a child process that is killed with SIGKILL, at a chosen file operation or at a random moment.

Run as a program of its own, so that it has one thread and may fork:
``python -m tests.library.crash operations|moments ROUNDS``. It prints one JSON object.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from procauthor.library.change import Change, Edit
from procauthor.library.history import undo
from procauthor.library.transaction import apply, recover

_OPERATIONS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.listdir"}
)
_SECONDS_OF_A_CHANGE = 0.012

OLD = {"a.md": b"old a\r\n", "gone.md": b"going\n", "Case.md": b"case\n", "sub/kept.md": b"kept\n"}
NEW = {"a.md": b"new a\r\n", "case.md": b"case\n", "sub/kept.md": b"kept\n", "deep/er/b.md": b"new b\n" * 500}
CHANGE = Change(
    (
        Edit("a.md", OLD["a.md"], NEW["a.md"]),
        Edit("gone.md", OLD["gone.md"], None),
        Edit("Case.md", OLD["Case.md"], None),
        Edit("case.md", None, NEW["case.md"], "Case.md"),
        Edit("deep/er/b.md", None, NEW["deep/er/b.md"]),
    ),
    "the change",
)


def run_killed(work: Callable[[], None], *, operation: int | None = None, seconds: float | None = None) -> bool:
    """Run in a child; say whether it was killed before it ended."""
    child = os.fork()
    if child == 0:
        try:
            if operation is not None:
                _die_at(operation)
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return os.WIFSIGNALED(status)


def count_operations(work: Callable[[], None]) -> int:
    """Run in a child to the end, and return the number of its file operations."""
    seen, told = os.pipe()

    def counted() -> None:
        count = 0

        def hook(event: str, _: object) -> None:
            nonlocal count
            count += event in _OPERATIONS

        sys.addaudithook(hook)
        work()
        os.write(told, str(count).encode())

    assert not run_killed(counted)
    return int(os.read(seen, 20))


def _die_at(operation: int) -> None:
    left = operation

    def hook(event: str, _: object) -> None:
        nonlocal left
        if event in _OPERATIONS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(hook)


def tree(root: Path) -> dict[str, bytes]:
    """All files and empty folders but the tool's own state."""
    found = {}
    for place in sorted(root.rglob("*")):
        path = place.relative_to(root).as_posix()
        if not path.startswith(".procauthor"):
            if place.is_file():
                found[path] = place.read_bytes()
            elif not any(place.iterdir()):
                found[path + "/"] = b""
    return found


def fill(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def kill_at_operations(root: Path) -> dict[str, int]:
    """Kill apply, undo and the recovery itself before each of their file operations in turn."""
    state = root / ".procauthor"
    counts = {}
    for name, work, left, right in (
        ("apply", lambda: apply(root, state, CHANGE), OLD, NEW),
        ("undo", lambda: undo(root, state), NEW, OLD),
    ):
        ended = {"old": 0, "new": 0}
        operation = 0
        while run_killed(work, operation=operation):
            # The recovery is killed too, at an operation that moves along.
            run_killed(lambda: recover(root, state), operation=operation % 23)
            _settle(root, left, right, ended, work)
            operation += 1
        assert tree(root) == right, name
        counts |= {f"{name} {key}": count for key, count in ended.items()} | {f"{name} operations": operation}
    return counts


def _settle(
    root: Path, left: dict[str, bytes], right: dict[str, bytes], ended: dict[str, int], work: Callable[[], object]
) -> None:
    state = root / ".procauthor"
    cut_off = (state / "journal.json").exists()
    assert (recover(root, state) is not None) == cut_off
    found = tree(root)
    assert found in (left, right), (sorted(found), sorted(left), sorted(right))
    ended["old" if found == left else "new"] += 1
    if found == right:
        _go_back(root, left)


def _go_back(root: Path, left: dict[str, bytes]) -> None:
    """Undo an apply, redo an undo."""
    from procauthor.library.history import redo

    state = root / ".procauthor"
    (undo if left == OLD else redo)(root, state)
    assert tree(root) == left


def kill_at_moments(root: Path, rounds: int, seed: int) -> dict[str, int]:
    """Kill a child that applies and undoes in a loop, at random moments."""
    state, dice = root / ".procauthor", random.Random(seed)
    counts = {"old": 0, "new": 0, "cut off": 0}

    def work() -> None:
        while True:
            if (root / "gone.md").exists():
                apply(root, state, CHANGE)
            undo(root, state)

    for _ in range(rounds):
        run_killed(work, seconds=dice.random() * 3 * _SECONDS_OF_A_CHANGE)
        counts["cut off"] += recover(root, state) is not None
        found = tree(root)
        assert found in (OLD, NEW), sorted(found)
        counts["old" if found == OLD else "new"] += 1
    return counts


def main() -> None:
    kind, rounds = sys.argv[1], int(sys.argv[2])
    root = Path(tempfile.mkdtemp())
    try:
        fill(root, OLD)
        counts = kill_at_operations(root) if kind == "operations" else kill_at_moments(root, rounds, seed=rounds)
        print(json.dumps(counts))
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
