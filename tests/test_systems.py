"""What other systems lack: the commands run without it, and no room but one asks for it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from procauthor.naming import unportable
from tests.cli.inside import run
from tests.conftest import snapshot

SOURCE = Path(__file__).parents[1] / "src/procauthor"
# Takes away what only POSIX systems have: for procauthor and for what locks its files, so that the rest of Python,
# which was installed for this system, still works.
WITHOUT = """
import builtins, os, signal, sys
real = builtins.__import__
def load(name, globals=None, locals=None, fromlist=(), level=0):
    asking = (globals or {}).get("__name__", "").partition(".")[0]
    if asking in ("procauthor", "filelock") and name in ("fcntl", "termios", "pwd", "grp", "resource"):
        raise ModuleNotFoundError(name, name=name)
    return real(name, globals, locals, fromlist, level)
builtins.__import__ = load
non_block = os.O_NONBLOCK
for name in ("fork", "fchmod", "fchown", "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "sched_getaffinity"):
    delattr(os, name)
for name in ("pthread_sigmask", "SIGURG", "SIGKILL"):
    delattr(signal, name)
os.supports_follow_symlinks.discard(os.link)
class Elsewhere(str):
    def __eq__(self, other):
        asking = sys._getframe(1).f_globals.get("__name__", "").partition(".")[0]
        return other == "elsewhere" if asking == "procauthor" else str.__eq__(self, other)
    def __ne__(self, other):
        return not self.__eq__(other)
    __hash__ = str.__hash__
sys.platform = Elsewhere(sys.platform)
from typer.testing import CliRunner
from procauthor.cli.app import app
import procauthor.system
# From 3.14 on, Python removes folders with it.
os.O_NONBLOCK = non_block
for line in sys.argv[1:]:
    done = CliRunner().invoke(app, line.split("|"))
    print(done.exit_code, line, done.stderr[-300:].replace(chr(10), " "), done.exception if done.exit_code else "")
"""
TITLE = "Data Design Procedure"
COMMANDS = [
    "init",
    "check",
    "evaluate",
    "plan",
    f"create|{TITLE}|--lifecycle|Feature",
    "drafts",
    f"accept|{TITLE}",
    f"rename|{TITLE}|Data Model Procedure",
    "check",
    "sync|--check",
    "graph",
    "refs|Data Model Procedure",
    "search|who decides",
    "undo",
    "redo",
    "brief|Test Plan Procedure|--lifecycle|Feature",
    "approve|Create or Update Procedure|--by|Ada",
    "suspects",
]


def test_all_commands_run_without_what_only_some_systems_have(tmp_path: Path) -> None:
    lines = [f"-C|{tmp_path}|{command}" for command in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *lines], capture_output=True, text=True, check=False, timeout=240
    )
    results = [line for line in done.stdout.splitlines() if re.match(r"\d+ -C", line)]
    assert len(results) == len(COMMANDS), done.stderr[-2000:]
    assert [line for line in results if not line.startswith("0 ")] == []
    assert (tmp_path / "feature/data-model.md").is_file()


def test_no_room_but_one_uses_what_only_some_systems_have() -> None:
    only_some = re.compile(
        r"\bimport (?:fcntl|termios|pwd|grp|resource|msvcrt)\b|os\.(?:fork|fchmod|fchown|waitpid|sched_\w+|O_\w+)"
        r"|signal\.(?:SIGKILL|SIGURG|pthread_\w+)|sys\.platform|os\.name\b|[\"']/(?:proc|dev)/"
    )
    spoken = {
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if only_some.search(file.read_text(encoding="utf-8").replace('"/dev/null"', ""))
    }
    assert spoken == {"system.py"}


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        *[(name, False) for name in ("con", "CON.md", "nul.tar.gz", "Aux", "com1.md", "LPT9", "com¹.md")],
        *[(name, False) for name in ("a.", "a ", "a:b.md", "what?.md", 'a"b', "a|b", "a\\b", "a\tb", "a*")],
        *[
            (name, True)
            for name in ("console.md", "con-1.md", "aux-procedure.md", ".hidden", "a b.md", "größe.md", "com")
        ],
    ],
)
def test_names_that_windows_cannot_have(name: str, *, fits: bool) -> None:
    assert (unportable(name) == "") == fits


def test_new_files_have_names_for_all_systems_and_old_ones_stay(root: Path) -> None:
    run("-C", root, "create", "Aux Procedure", "--lifecycle", "Feature", "--author", "skeleton")
    run("-C", root, "accept", "Aux Procedure")
    assert (root / "feature/aux-procedure.md").is_file()
    before = snapshot(root)
    for place in ("nul", "feature/what?.md", "con/x.md", "x./y.md"):
        told = run("-C", root, "move", "Design Review", place, code=2).stderr
        assert "Windows" in told, (place, told)
    for place, twin in (("Feature", "feature"), ("feature/Threat-Check.md", "threat-check.md")):
        told = run("-C", root, "move", "Design Review", place, code=2).stderr
        assert "the same name" in told, (place, told)
        assert twin in told, (place, told)
    assert snapshot(root) == before
    odd = root / "feature/what?.md"
    (root / "feature/design-review.md").rename(odd)
    text = (root / "index.md").read_text().replace("design-review.md", "what%3F.md")
    (root / "index.md").write_text(text)
    run("-C", root, "update", "feature/what?.md", "add trigger: a board asks")
    run("-C", root, "accept")
    assert "board asks" in odd.read_text()
    run("-C", root, "rename", "feature/what?.md", "Plain Review Procedure")
    assert "board asks" in (root / "feature/plain-review.md").read_text()


def test_a_name_may_change_in_case_alone(root: Path) -> None:
    run("-C", root, "move", "Design Review", "feature/Design-Review.md")
    assert [path.name for path in root.glob("feature/*esign-*eview.md")] == ["Design-Review.md"]
