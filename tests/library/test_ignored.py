"""What git ignores is no part of a library."""

import subprocess
from pathlib import Path

from tests.cli.inside import run, run_json
from tests.conftest import write_library


def paths(root: Path) -> set[str]:
    return {row["path"] for row in run_json("-C", root, "evaluate")["documents"] if row["path"]}


def test_ignored_files_and_folders_are_left_out(tmp_path: Path) -> None:
    root = write_library(tmp_path / "docs/library")
    before = paths(root)
    for name in ("build/deep/x.md", "feature/out/y.md", "feature/note.local.md", "kept/z.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("# Z\n", encoding="utf-8")
    assert len(paths(root)) == len(before) + 4
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("build/\n*.local.md\nkept/*\n")
    (root / "feature/.gitignore").write_text("out/\n")
    subprocess.run(["git", "add", "-f", "docs/library/kept/z.md"], check=True, cwd=tmp_path)
    assert paths(root) == before | {"kept/z.md"}
    page = root / "feature/design-review.md"
    page.write_text(page.read_text() + "\n[Build](../build/deep/x.md)\n", encoding="utf-8")
    run("-C", root, "check", "--select", "broken-link")


def test_a_library_that_is_ignored_itself_is_read(tmp_path: Path) -> None:
    root = write_library(tmp_path / "mine")
    before = paths(root)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("mine/\n")
    assert paths(root) == before
