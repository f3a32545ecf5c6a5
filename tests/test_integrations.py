"""What other tools start: the hooks of pre-commit and the action of GitHub, run as these would run them."""

import json
import os
import re
import shlex
import shutil
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


def lay_out_hooks(folder: Path) -> Path:
    """Lay out what pre-commit has after a clone and a first run: the script, and an installation beside it."""
    place = folder / ".light" / str(sys.implementation.cache_tag)
    place.mkdir(parents=True)
    (folder / "hooks").mkdir()
    shutil.copy(REPOSITORY / "hooks/procauthor", folder / "hooks/procauthor")
    (place / "procauthor").symlink_to(REPOSITORY / "src/procauthor")
    for kind in ("prompts", "templates"):
        (place.parent / kind).symlink_to(REPOSITORY / kind)
    return folder


@pytest.mark.parametrize(("name", "code"), [("procauthor-check", 1), ("procauthor-fix", 0), ("procauthor-sync", 1)])
def test_a_hook_runs_over_the_library(root: Path, tmp_path: Path, name: str, code: int) -> None:
    hook = HOOKS[name]
    assert (hook["language"], hook["pass_filenames"]) == ("script", False)
    clone = lay_out_hooks(tmp_path / "clone")
    script, *words = shlex.split(hook["entry"])
    command = [str(clone / script), *words, "-C", root.name]

    def run() -> int:
        env = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(command, cwd=root.parent, env=env, capture_output=True, check=False).returncode

    assert run() == 0
    spoil(root)
    assert run() == code


def test_a_hook_says_so_where_it_cannot_be_installed_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "clone/hooks").mkdir(parents=True)
    shutil.copy(REPOSITORY / "hooks/procauthor", tmp_path / "clone/hooks/procauthor")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, tmp_path / "clone/hooks/procauthor", "check"],
            env={"PATH": "/nowhere"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "the hooks need uv, or Python with pip" in done.stderr
        assert list((tmp_path / "clone/.light").iterdir()) == []


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
    outside = {name: inputs.pop(name) for name in list(inputs) if name.isupper()}
    given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | {"path": root.name} | inputs
    values = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: given[m[1]], text) for name, text in step["env"].items()
    }
    assert "${{" not in step["run"]
    env = os.environ | values | {"RUNNER_TEMP": str(runner), **outside}
    return subprocess.run(
        ["bash", "-c", step["run"]], cwd=root.parent, env=env, capture_output=True, text=True, check=False
    )


def test_the_action_annotates_and_fails_where_there_is_an_error(tmp_path: Path, root: Path) -> None:
    assert act(tmp_path, root).returncode == 0
    spoil(root)
    done = act(tmp_path, root)
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=index.md,line=")
    assert act(tmp_path, root, args="--ignore X103 --ignore broken-link", sync="false").returncode == 0


def test_the_action_fails_where_derived_files_are_stale_and_writes_a_summary(tmp_path: Path, root: Path) -> None:
    summary = tmp_path / "summary.md"
    quiet = "--ignore X103 --ignore broken-link"
    assert act(tmp_path, root, GITHUB_STEP_SUMMARY=str(summary)).returncode == 0
    assert re.search(r"completion +33.3%", summary.read_text())
    spoil(root)
    done = act(tmp_path, root, args=quiet, summary="false", GITHUB_STEP_SUMMARY=str(tmp_path / "none.md"))
    assert (done.returncode, (tmp_path / "none.md").exists()) == (1, False)
    assert "::error::derived files are out of date" in done.stdout
    act(tmp_path, root, args=quiet, GITHUB_STEP_SUMMARY=str(summary))
    assert "index.md" in summary.read_text()


def test_the_action_keeps_its_installation_by_what_it_was_made_of(tmp_path: Path) -> None:
    """The key is another one as soon as a file that is installed is another one."""
    step = next(step for step in ACTION["runs"]["steps"] if step["name"] == "Key")
    copy = tmp_path / "action"
    for folder in ("light", "src", "prompts", "templates"):
        (copy / folder).mkdir(parents=True)
        (copy / folder / "a file.py").write_text("1")
    (copy / "pyproject.toml").write_text("")

    def key() -> str:
        out = tmp_path / "out"
        env = {"PATH": os.environ["PATH"], "SOURCE": str(copy), "GITHUB_OUTPUT": str(out)}
        env |= {"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}
        out.write_text("")
        subprocess.run(["bash", "-c", step["run"]], env=env, check=True)
        return out.read_text()

    first = key()
    assert re.fullmatch(r"key=procauthor-Linux-X64-3\.\d+-[0-9a-f]{16}\n", first)
    assert key() == first
    (copy / "src/a file.py").write_text("2")
    assert key() != first
    used = {step["uses"].partition("@")[0] for step in ACTION["runs"]["steps"] if "uses" in step}
    assert used == {"actions/cache"}


def test_the_action_writes_a_file_and_runs_no_input(tmp_path: Path, root: Path) -> None:
    spoil(root)
    done = act(tmp_path, root, format="sarif", output="my report.sarif")
    assert done.returncode == 1
    assert json.loads((root.parent / "my report.sarif").read_text())["version"] == "2.1.0"
    assert act(tmp_path, root, args="$(touch hacked); `touch hacked`").returncode == 2
    assert not (root.parent / "hacked").exists()
