"""Standard output may be closed, full, or read by nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import CLI


def shell(root: Path, line: str) -> subprocess.CompletedProcess[str]:
    words = " ".join(CLI)
    text = line.replace("PA", f"{words} -C {root}")
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def faulty(root: Path) -> Path:
    """A library whose report is longer than what a pipe holds."""
    links = "".join(f"- [link {number}](gone-{number}.md)\n" for number in range(1500))
    (root / "links.md").write_text(f"# Links\n\n{links}")
    return root


@pytest.mark.parametrize(
    "command",
    ["check", "check --json", "check --format sarif", "evaluate", "explain broken-link", "undo --list", "--help"],
)
def test_a_reader_that_stops_ends_the_command_quietly(faulty: Path, command: str) -> None:
    done = shell(faulty, f"PA {command} | true; echo ${{PIPESTATUS[0]}}")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.stdout.strip() in ("0", "1", "141")
    if command.startswith("check"):
        assert done.stdout.strip() == "141"


@pytest.mark.parametrize("command", ["check", "check --json"])
def test_a_closed_standard_output_changes_no_exit_code(faulty: Path, command: str) -> None:
    done = shell(faulty, f"PA {command} >&-; echo $?")
    assert (done.stdout, done.stderr) == ("1\n", "")
    done = shell(faulty, f"PA {command} >&- 2>&- <&-; echo $?")
    assert done.stdout == "1\n"


@pytest.mark.parametrize("command", ["check", "--help"])
def test_a_full_disk_behind_standard_output_is_said(faulty: Path, command: str) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("there is no /dev/full")
    done = shell(faulty, f"PA {command} > /dev/full; echo $?")
    assert done.stdout == "2\n"
    assert done.stderr.startswith("procauthor: ")
    assert done.stderr.count("\n") == 1
