"""git is asked, and nothing that a repository names is run."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run, run_json

ID = (
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.org",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "init.defaultBranch=main",
)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *ID, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def commit(folder: Path, message: str = "one") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


@pytest.fixture
def top(root: Path) -> Path:
    """A repository around a library, in which a document was renamed and is still linked by its old name."""
    git(root.parent, "init", "-q")
    git(root.parent, "config", "user.name", "Ada")
    (root / "procauthor.toml").write_text('[templates]\n"feature/*.md" = "procedure"\n')
    (root / "notes.md").write_text("# Notes\n\nA text that is long enough to be known again.\n")
    (root / "list.md").write_text("# List\n\n[notes](notes.md)\n")
    commit(root.parent)
    git(root.parent, "mv", "library/notes.md", "library/words.md")
    commit(root.parent, "two")
    return root.parent


def ask_all(root: Path, code: int = 0) -> dict[str, Any]:
    """Ask git for everything that commands ask it for; return what an evaluation says of the checkout."""
    assert "'words.md'" in run("-C", root, "check", "list.md", "--select", "broken-link", code=1).stdout
    run("-C", root, "evaluate", "--at", "HEAD~1", "--since", "HEAD", code=code)
    run("-C", root, "approve", "feature/design-review.md", "--role", "Lead")
    run("-C", root, "undo")
    report: dict[str, Any] = run_json("-C", root, "evaluate")
    return report


def trap(folder: Path) -> tuple[str, Path]:
    """Return a program that leaves a trace, and the trace."""
    folder.mkdir(exist_ok=True)
    program, trace = folder / "trap", folder / "sprung"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{trace}"\ncat\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program), trace


CONFIGS = {
    "clean filter": '[filter "x"]\n\tclean = {trap}\n\tsmudge = {trap}\n\trequired = true\n',
    "process filter": '[filter "x"]\n\tprocess = {trap}\n',
    "fsmonitor": "[core]\n\tfsmonitor = {trap}\n",
    "hooks": "[core]\n\thooksPath = {hooks}\n",
    "external diff": "[diff]\n\texternal = {trap}\n",
    "diff driver": '[diff "x"]\n\tcommand = {trap}\n\ttextconv = {trap}\n\tcachetextconv = false\n',
    "merge driver": '[merge "x"]\n\tdriver = {trap}\n',
    "alias": '[alias]\n\tlog = "!{trap}"\n\tls-files = "!{trap}"\n\tcat-file = "!{trap}"\n\trev-parse = "!{trap}"\n',
    "pager": "[core]\n\tpager = {trap}\n[pager]\n\tlog = {trap}\n\tls-tree = {trap}\n\tconfig = {trap}\n",
    "signatures": "[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {trap}\n",
    "credentials": "[credential]\n\thelper = !{trap}\n[core]\n\taskPass = {trap}\n\tsshCommand = {trap}\n\teditor = {trap}\n",
    "included": "[include]\n\tpath = {included}\n",
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_no_program_of_a_repository_is_run(top: Path, tmp_path: Path, kind: str) -> None:
    program, trace = trap(tmp_path / "trap")
    hooks, included = tmp_path / "hooks", tmp_path / "included"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman", "post-checkout"):
        (hooks / name).symlink_to(program)
    included.write_text(
        "".join(CONFIGS[name] for name in CONFIGS if name != "included").format(
            trap=program, hooks=hooks, included=included
        )
    )
    (top / ".gitattributes").write_text("*.md filter=x diff=x merge=x\n")
    commit(top, "attributes")
    git(top, "mv", "library/words.md", "library/w.md")
    git(top, "mv", "library/w.md", "library/words.md")
    with (top / ".git/config").open("a") as file:
        file.write(CONFIGS[kind].format(trap=program, hooks=hooks, included=included))
    # The time of a file differs from that in the index, so its bytes would have to be looked at.
    os.utime(top / "library/index.md", (1, 1))
    assert ask_all(top / "library")["measured"]["clean"] is True
    (top / "library/index.md").write_bytes((top / "library/index.md").read_bytes() + b"\nMore.\n")
    report = run_json("-C", top / "library", "evaluate")
    assert report["measured"]["clean"] is None
    assert report["notes"][-1].endswith("library/index.md passes through a filter, and filters are not run")
    assert not trace.exists(), trace.read_text()


def test_a_missing_object_is_not_fetched(top: Path, tmp_path: Path) -> None:
    program, trace = trap(tmp_path / "trap")
    blob = git(top, "rev-parse", "HEAD~1:library/index.md").strip()
    (top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with (top / ".git/config").open("a") as file:
        file.write(
            "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n"
            f'[remote "origin"]\n\turl = ext::{program} %S\n\tpromisor = true\n\tuploadpack = {program}\n'
            '[protocol "ext"]\n\tallow = always\n[protocol "file"]\n\tallow = always\n'
        )
    assert "cannot be read: index.md" in run("-C", top / "library", "evaluate", "--at", "HEAD~1").stdout
    assert not trace.exists(), trace.read_text()


def test_a_folder_that_looks_like_a_bare_repository_is_a_folder(top: Path, tmp_path: Path) -> None:
    program, trace = trap(tmp_path / "trap")
    root = top / "library"
    subprocess.run(["git", "init", "-q", "--bare", root], check=True)
    (root / "config").write_text(
        f'[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {program}\n[filter "x"]\n\tclean = {program}\n'
    )
    (root / ".gitattributes").write_text("* filter=x\n")
    report = ask_all(root)
    assert report["measured"]["revision"] == git(top, "rev-parse", "--short=12", "HEAD").strip()
    assert report["measured"]["clean"] is False
    assert not trace.exists(), trace.read_text()


def test_a_bare_repository_around_a_library_is_not_asked(root: Path, tmp_path: Path) -> None:
    program, trace = trap(tmp_path / "trap")
    subprocess.run(["git", "init", "-q", "--bare", root.parent], check=True)
    (root.parent / "config").write_text(f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {program}\n")
    assert run_json("-C", root, "evaluate")["measured"]["revision"] == ""
    assert "is in no git repository" in run("-C", root, "evaluate", "--at", "HEAD", code=2).stderr
    assert not trace.exists(), trace.read_text()


def test_variables_that_git_sets_for_hooks_do_not_decide(top: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    commit(other)
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git/objects"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_CEILING_DIRECTORIES": str(top),
    }.items():
        os.environ[name] = value
    try:
        report = ask_all(top / "library")
    finally:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            del os.environ[name]
    assert report["measured"]["revision"] == git(top, "rev-parse", "--short=12", "HEAD").strip()
    assert report["measured"]["clean"] is True


def test_a_hook_in_a_linked_worktree_says_what_one_says_by_hand(top: Path) -> None:
    git(top, "worktree", "add", "-q", "../linked", "-b", "linked")
    linked = top.parent / "linked"
    hook = top / ".git/hooks/pre-commit"
    hook.write_text(f'#!/bin/sh\nenv > "{top.parent}/seen"\n')
    hook.chmod(0o755)
    git(linked, "commit", "--allow-empty", "-q", "-m", "three")
    seen = dict(
        line.split("=", 1) for line in (top.parent / "seen").read_text().splitlines() if line.startswith("GIT_")
    )
    assert "GIT_DIR" in seen
    by_hand = run_json("-C", linked / "library", "evaluate", "--since", "HEAD~1")
    assert run_json("-C", linked / "library", "evaluate", "--since", "HEAD~1", **seen) == by_hand
    assert by_hand["measured"]["clean"] is True
    assert by_hand["trend"][0]["total"]["total"] == 3


@pytest.mark.parametrize("kind", ["edited", "staged", "added", "deleted", "ends of lines", "ignored", "outside"])
def test_a_change_that_is_not_committed_is_seen(top: Path, kind: str) -> None:
    root = top / "library"
    page = root / "index.md"
    if kind == "edited":
        page.write_bytes(page.read_bytes() + b"More.\n")
    elif kind == "staged":
        before = page.read_bytes()
        page.write_bytes(before + b"More.\n")
        git(top, "add", "-A")
        page.write_bytes(before)
    elif kind == "added":
        (root / "new.md").write_text("# New\n")
    elif kind == "deleted":
        (root / "list.md").unlink()
    elif kind == "ends of lines":
        page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    elif kind == "ignored":
        (top / ".git/info/exclude").write_text("*.tmp\n")
        (root / "new.tmp").write_text("x")
    else:
        (top / "other.md").write_text("# Other\n")
    clean = kind in ("ends of lines", "ignored", "outside")
    assert run_json("-C", root, "evaluate")["measured"]["clean"] is clean


def test_a_git_that_does_not_answer_is_not_waited_for(top: Path, tmp_path: Path) -> None:
    (top / "library/list.md").unlink()
    os.mkfifo(tmp_path / "pipe")
    with (top / ".git/config").open("a") as file:
        file.write(f"[include]\n\tpath = {tmp_path / 'pipe'}\n")
    report = run_json("-C", top / "library", "evaluate")
    assert report["measured"] == report["measured"] | {"revision": "", "clean": None}
    assert "git did not answer in time" in report["notes"][-1]
