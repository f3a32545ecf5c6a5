"""Somebody saves a document while a change is being written: nothing of it is lost.

``PROCAUTHOR_SAVES`` says how many saves are tried, at random moments.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConflictError
from procauthor.library.history import HistoryEntry
from tests.conftest import snapshot

TRIES = int(os.environ.get("PROCAUTHOR_SAVES", "10"))
DOCUMENTS = 29
# Of a manner that the test picks, after a delay in seconds: path, text, manner, delay, separated by tabs.
EDITOR = """
import contextlib, os, sys, time
for line in sys.stdin:
    path, text, manner, delay = line.rstrip("\\n").split("\\t")
    raw = open(path, "rb").read() if os.path.exists(path) else b""
    raw += text.encode() + b"\\n"
    end = time.perf_counter() + float(delay)
    while time.perf_counter() < end:
        pass
    if manner == "renames":
        with open(path + "~", "wb") as file:
            file.write(raw)
        os.replace(path + "~", path)
    elif manner == "moves the old one away":
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, path + ".bak")
        with open(path, "wb") as file:
            file.write(raw)
        with contextlib.suppress(FileNotFoundError):
            os.remove(path + ".bak")
    elif manner == "appends":
        with open(path, "ab") as file:
            time.sleep(0.001)
            file.write(text.encode() + b"\\n")
    else:
        with open(path, "wb") as file:
            time.sleep(0.001 if manner == "slowly" else 0)
            file.write(raw)
    print("saved", flush=True)
"""
MANNERS = ("writes", "slowly", "appends", "renames", "moves the old one away")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    root.mkdir()
    (root / "procauthor.toml").write_text('[templates]\n"**/*.md" = ""\n')
    (root / "hub.md").write_text("# Hub Procedure\n\nThe middle.\n")
    for number in range(1, DOCUMENTS):
        (root / f"d{number}.md").write_text(f"# D{number} Procedure\n\nSee [Hub Procedure](hub.md).\n\nEnd.\n")
    return root


@pytest.fixture
def editor() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", EDITOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        yield program
        assert program.stdin is not None
        program.stdin.close()
        program.wait(10)


def ask(editor: subprocess.Popen[str], path: Path, text: str, manner: str, delay: float) -> None:
    assert editor.stdin is not None
    editor.stdin.write(f"{path}\t{text}\t{manner}\t{delay}\n")
    editor.stdin.flush()


def await_save(editor: subprocess.Popen[str]) -> None:
    assert editor.stdout is not None
    assert editor.stdout.readline() == "saved\n"


def is_kept(project: Project, text: str) -> bool:
    """Say whether a text is in a document, or in what the history keeps of one."""
    if any(text.encode() in raw for raw in snapshot(project.root).values()):
        return True
    entries: list[HistoryEntry] = project.history()
    return any(text.encode() in (file.before or b"") for entry in entries for file in entry.record.files)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_save_beside_a_rename_and_its_undo_is_kept(
    library: Path, editor: subprocess.Popen[str], manner: str, tmp_path: Path
) -> None:
    dice = random.Random(manner)
    seconds = _seconds_of_a_rename(library, tmp_path)
    for number in range(max(1, TRIES // len(MANNERS))):
        root = tmp_path / f"try{number}"
        shutil.copytree(library, root)
        project = Project.open(root)
        change = project.refactor.rename("Hub Procedure", "Middle Procedure")
        assert len(change.edits) == DOCUMENTS + 1
        first, second = f"first-{number}.", f"second-{number}."
        ask(editor, root / f"d{dice.randrange(1, DOCUMENTS)}.md", first, manner, dice.random() * seconds)
        done = _attempt(partial(project.apply, change))
        await_save(editor)
        assert is_kept(project, first), (number, done)
        assert (root / "middle.md").exists() is done
        if done:
            ask(editor, root / f"d{dice.randrange(1, DOCUMENTS)}.md", second, manner, dice.random() * seconds)
            back = _attempt(project.undo)
            await_save(editor)
            assert is_kept(project, second), (number, back)
            assert (root / "middle.md").exists() is not back
        shutil.rmtree(root)


def _seconds_of_a_rename(library: Path, tmp_path: Path) -> float:
    root = tmp_path / "measured"
    shutil.copytree(library, root)
    project = Project.open(root)
    change = project.refactor.rename("Hub Procedure", "Middle Procedure")
    start = time.perf_counter()
    project.apply(change)
    return time.perf_counter() - start


def _attempt(work: Callable[[], object]) -> bool:
    try:
        work()
    except ConflictError:
        return False
    return True
