"""Files beside a library: made on wish, at the top of the repository, and never over what is there."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.inside import run

ALL = ("github", "gitlab", "agents", "mcp", "pre-commit")
PATHS = [".github/workflows/procedures.yml", ".gitlab-ci.yml", "AGENTS.md", ".mcp.json", ".pre-commit-config.yaml"]


def options(*names: str) -> list[str]:
    return [word for name in names for word in ("--with", name)]


@pytest.mark.parametrize("folder", ["procedures", ".", "my docs/procedures"])
def test_all_are_written_once_and_lead_to_the_library(tmp_path: Path, folder: str) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    root = tmp_path / folder
    told = run("init", root, *options(*ALL))
    assert all((tmp_path / path).is_file() for path in PATHS)
    up = "" if folder == "." else "../" * len(Path(folder).parts)
    assert [f"wrote {up}{path}" for path in PATHS] == told.stdout.splitlines()[-len(PATHS) :]
    args = json.loads((tmp_path / ".mcp.json").read_text())["mcpServers"]["procauthor"]["args"]
    assert args == ["-C", folder, "mcp"]
    quoted = f"'{folder}'" if " " in folder else folder
    for path in (PATHS[0], PATHS[1], PATHS[4]):
        text = (tmp_path / path).read_text()
        assert yaml.safe_load(text)
        assert f"procauthor -C {quoted} check" in text
        assert "{library}" not in text
    assert f"`procauthor -C {quoted} check`" in (tmp_path / "AGENTS.md").read_text()
    run("-C", root, "check")
    run("-C", root, "sync", "--check")
    hooks = yaml.safe_load((tmp_path / PATHS[4]).read_text())["repos"][0]["hooks"]
    for hook in hooks:
        subprocess.run(hook["entry"], shell=True, cwd=tmp_path, check=True, capture_output=True)  # noqa: S602
    added = subprocess.run(["git", "add", "-A", "-n"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert ".procauthor/" not in added


def test_what_is_there_stays_and_nothing_is_made_unasked(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("ours")
    (tmp_path / ".mcp.json").symlink_to(tmp_path / "elsewhere.json")
    # The page of the agents is a document that is there, so this is an adoption.
    told = run("init", tmp_path, "--no-input", *options("agents", "mcp", "gitlab"))
    assert (tmp_path / "AGENTS.md").read_text() == "ours"
    assert not (tmp_path / "elsewhere.json").exists()
    assert "left as it is" in told.stderr
    assert "AGENTS.md" in told.stderr
    assert (tmp_path / ".gitlab-ci.yml").is_file()
    lone = tmp_path / "lone"
    run("init", lone)
    assert not any((lone / path).exists() for path in PATHS)
    assert (lone / ".procauthor/.gitignore").read_text() == "*\n"


def test_an_unknown_wish_is_one_sentence(tmp_path: Path) -> None:
    told = run("init", tmp_path / "x", "--with", "jenkins", code=2).stderr
    assert "pre-commit" in told
    assert not (tmp_path / "x").exists()


def test_what_runs_in_ci_installs_the_light_distribution(tmp_path: Path) -> None:
    run("init", tmp_path, "--with", "github", "--with", "gitlab", "--with", "pre-commit")
    for path in (".github/workflows/procedures.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml"):
        text = (tmp_path / path).read_text(encoding="utf-8")
        assert "procauthor-light" in text
        assert "pip install procauthor\n" not in text
