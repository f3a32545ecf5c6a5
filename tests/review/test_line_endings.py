"""A clone may have other ends of lines: the content is the same, and so is all that is said of it."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.inside import run, run_json
from tests.conftest import SETTINGS, snapshot

ID = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
PAGE = "feature/design-review.md"


def git(folder: Path, *words: str | Path) -> str:
    done = subprocess.run(["git", *ID, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def pair(root: Path) -> tuple[Path, Path]:
    """A library with an approved document and derived tables, and a clone of it whose lines end in CRLF."""
    (root / "procauthor.toml").write_text(
        SETTINGS.replace('"*-orchestration.md" = "orchestration"\n', "").replace('"standards/*.md" = "standard"\n', "")
    )
    run("-C", root, "approve", PAGE, "--by", "Ada", "--role", "Lead")
    run("-C", root, "sync")
    run("-C", root, "sync", "--check")
    git(root, "init", "-q")
    (root / ".gitignore").write_text(".procauthor/\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    clone = root.parent / "clone"
    git(root.parent, "clone", "-q", "-c", "core.autocrlf=true", root, clone)
    assert (clone / PAGE).read_bytes() == (root / PAGE).read_bytes().replace(b"\n", b"\r\n")
    return root, clone


def test_a_clone_with_other_ends_of_lines_says_the_same(pair: tuple[Path, Path]) -> None:
    root, clone = pair
    assert run_json("-C", clone, "check")["findings"] == run_json("-C", root, "check")["findings"]
    run("-C", clone, "sync", "--check")
    ours, theirs = run_json("-C", root, "evaluate"), run_json("-C", clone, "evaluate")
    assert theirs == ours
    assert [each["status"] for each in theirs["documents"] if each["path"] == PAGE] == ["approved"]
    assert run_json("-C", clone, "blame", PAGE) == run_json("-C", root, "blame", PAGE)
    assert git(clone, "status", "--short") == ""


def test_a_change_in_a_clone_keeps_the_ends_of_its_lines(pair: tuple[Path, Path]) -> None:
    _, clone = pair
    page = clone / PAGE
    page.write_bytes(page.read_bytes().replace(b"Record one decision.", b"Record one decision and its date."))
    run("-C", clone, "sync")
    run("-C", clone, "rename", "Threat Check Procedure", "Danger Check Procedure")
    run("-C", clone, "approve", PAGE, "--by", "Ada", "--role", "Lead")
    for path, raw in snapshot(clone).items():
        if path.endswith(".md"):
            assert raw.count(b"\n") == raw.count(b"\r\n") > 0, path
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "two")
    assert git(clone, "diff", "--stat", "HEAD~1", "--", "index.md").count("|") == 1
    run("-C", clone, "sync", "--check")
    back = clone.parent / "back"
    git(clone.parent, "clone", "-q", clone, back)
    run("-C", back, "sync", "--check")
    assert run_json("-C", back, "check")["findings"] == run_json("-C", clone, "check")["findings"]
