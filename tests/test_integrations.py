"""What other tools start: the hooks of pre-commit and the action of GitHub, run as these would run them."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())}
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text())
BIN = Path(sys.executable).parent


def spoil(root: Path) -> None:
    index = root / "index.md"
    index.write_text(index.read_text().replace("| 1 | Defined |", "| 1 | Placeholder |"))


@pytest.mark.parametrize(("name", "code"), [("procauthor-check", 1), ("procauthor-fix", 0), ("procauthor-sync", 1)])
def test_a_hook_runs_over_the_library(root: Path, name: str, code: int) -> None:
    hook = HOOKS[name]
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    command = [*shlex.split(hook["entry"]), "-C", root.name]

    def run() -> int:
        env = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(command, cwd=root.parent, env=env, capture_output=True, check=False).returncode

    assert run() == 0
    spoil(root)
    assert run() == code


def test_the_hooks_run_whatever_was_changed_moved_or_deleted() -> None:
    for hook in HOOKS.values():
        assert hook["always_run"] is True
        assert "files" not in hook


def act(tmp_path: Path, root: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the script of the check step, with the program where the first step installs it."""
    runner = tmp_path / "runner"
    (runner / "procauthor/bin").mkdir(parents=True, exist_ok=True)
    program = runner / "procauthor/bin/procauthor"
    if not program.exists():
        program.symlink_to(BIN / "procauthor")
    step = next(step for step in ACTION["runs"]["steps"] if step["name"] == "Check")
    given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | {"path": root.name} | inputs
    values = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: given[m[1]], text) for name, text in step["env"].items()
    }
    assert "${{" not in step["run"]
    env = os.environ | values | {"RUNNER_TEMP": str(runner)}
    return subprocess.run(
        ["bash", "-c", step["run"]], cwd=root.parent, env=env, capture_output=True, text=True, check=False
    )


def test_the_action_annotates_and_fails_where_there_is_an_error(tmp_path: Path, root: Path) -> None:
    assert act(tmp_path, root).returncode == 0
    spoil(root)
    done = act(tmp_path, root)
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=index.md,line=")
    assert act(tmp_path, root, args="--ignore X103 --ignore broken-link").returncode == 0


def test_the_action_writes_a_file_and_runs_no_input(tmp_path: Path, root: Path) -> None:
    spoil(root)
    done = act(tmp_path, root, format="sarif", output="my report.sarif")
    assert done.returncode == 1
    assert json.loads((root.parent / "my report.sarif").read_text())["version"] == "2.1.0"
    assert act(tmp_path, root, args="$(touch hacked); `touch hacked`").returncode == 2
    assert not (root.parent / "hacked").exists()
