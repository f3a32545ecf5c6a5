"""A change set is written as a whole or not at all."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from procauthor.errors import ConflictError, LibraryError, LockedError
from procauthor.library.change import Change, Edit
from procauthor.library.history import read_history, read_strangers, redo, undo
from procauthor.library.state import make_folder
from procauthor.library.transaction import apply, recover
from tests.library.crash import CHANGE, NEW, OLD, fill, run_killed, tree

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("PROCAUTHOR_KILLS", "30"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path, OLD)
    return tmp_path


def write(root: Path, *edits: Edit) -> None:
    apply(root, root / ".procauthor", Change(edits, "a test"))


def refused(root: Path, kind: type[LibraryError], words: str, *edits: Edit) -> None:
    """The change is refused with these words, and nothing at all is written."""
    before, modes = tree(root), {p: p.stat().st_mode for p in root.rglob("*.md")}
    with pytest.raises(kind, match=words):
        write(root, Edit("a.md", OLD["a.md"], b"never written"), *edits)
    assert tree(root) == before
    assert {p: p.stat().st_mode for p in root.rglob("*.md")} == modes
    assert not (root / ".procauthor/journal.json").exists()
    assert read_history(root / ".procauthor") == []


def test_all_files_are_written_and_only_the_history_is_left(root: Path) -> None:
    apply(root, root / ".procauthor", CHANGE)
    assert tree(root) == NEW
    assert sorted(p.name for p in (root / ".procauthor").iterdir()) == [
        ".gitignore",
        "history",
        "lock",
        "origin",
        "origin.json",
    ]


def test_a_file_that_moved_meanwhile_stops_the_whole_change(root: Path) -> None:
    refused(root, ConflictError, r"sub/kept\.md changed", Edit("sub/kept.md", b"what it was", b"x"))
    refused(root, ConflictError, r"b\.md is no longer there", Edit("b.md", b"what it was", b"x"))
    refused(root, ConflictError, r"gone\.md is there already", Edit("gone.md", None, b"x"))


def test_what_cannot_be_written_is_refused_before_the_first_write(root: Path) -> None:
    (root / "folder.md").mkdir()
    refused(root, LibraryError, r"folder\.md is a folder", Edit("folder.md", None, b"x"))
    refused(root, LibraryError, r"a\.md is a file, not a folder", Edit("a.md/x.md", None, b"x"))
    refused(root, LibraryError, "outside", Edit("../x.md", None, b""))
    refused(root, LibraryError, "same file", Edit("sub/../a.md", OLD["a.md"], b"x"))
    os.chmod(root / "gone.md", 0o444)
    refused(root, LibraryError, r"gone\.md is read-only", Edit("gone.md", OLD["gone.md"], b"x"))
    os.chmod(root / "sub", 0o500)
    refused(root, LibraryError, "folder sub is read-only", Edit("sub/new.md", None, b"x"))
    refused(root, LibraryError, "folder sub is read-only", Edit("sub/kept.md", OLD["sub/kept.md"], b"x"))
    os.chmod(root / "sub", 0o700)


def test_a_link_stays_a_link_and_a_mode_stays_a_mode(root: Path) -> None:
    (root / "real.md").write_bytes(b"x\n")
    os.chmod(root / "real.md", 0o640)
    (root / "link.md").symlink_to("real.md")
    write(root, Edit("link.md", b"x\n", b"y\n"))
    assert (root / "link.md").is_symlink()
    assert (root / "real.md").read_bytes() == b"y\n"
    assert (root / "real.md").stat().st_mode & 0o777 == 0o640


def test_a_link_is_not_deleted_nor_followed_out_of_the_library(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "x.md"
    outside.write_bytes(b"theirs")
    (root / "out.md").symlink_to(outside)
    (root / "in.md").symlink_to("gone.md")
    refused(root, LibraryError, r"out\.md' lies outside", Edit("out.md", b"theirs", b"x"))
    refused(root, LibraryError, r"in\.md is a link to gone\.md", Edit("in.md", OLD["gone.md"], None))
    assert outside.read_bytes() == b"theirs"


def test_a_renamed_file_keeps_its_mode_there_and_back(root: Path) -> None:
    os.chmod(root / "gone.md", 0o700)
    write(root, Edit("gone.md", OLD["gone.md"], None), Edit("new/place.md", None, b"x", "gone.md"))
    assert (root / "new/place.md").stat().st_mode & 0o777 == 0o700
    undo(root, root / ".procauthor")
    assert tree(root) == OLD
    assert (root / "gone.md").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".git/config.md", "hidden"),
        ("sub/.hidden.md", "hidden"),
        (".procauthor/drafts/x.md", "hidden"),
        ("sub/../.git/x.md", "hidden"),
        ("to-git.md", "hidden"),
        ("Makefile", "neither Markdown"),
        ("sub/procauthor.toml", "neither Markdown"),
        ("evaluations.json", "neither Markdown"),
        ("linked/x.md", "behind a link"),
        ("sub/../../x.md", "outside"),
        ("/x.md", "outside"),
    ],
)
def test_a_change_writes_documents_and_what_is_beside_them_alone(root: Path, path: str, words: str) -> None:
    (root / "linked").symlink_to("sub")
    (root / ".git").mkdir()
    (root / ".git/config").write_bytes(b"theirs")
    (root / "to-git.md").symlink_to(".git/config")
    refused(root, LibraryError, words, Edit(path, None, b"x"))


def test_a_file_that_comes_back_is_not_executable(root: Path) -> None:
    os.chmod(root / "gone.md", 0o700)
    write(root, Edit("gone.md", OLD["gone.md"], None))
    undo(root, root / ".procauthor")
    assert (root / "gone.md").stat().st_mode & 0o777 == 0o600


def test_a_new_file_gets_the_mode_that_the_user_gives_new_files(root: Path) -> None:
    old = os.umask(0o077)
    try:
        write(root, Edit("new.md", None, b"x"))
    finally:
        os.umask(old)
    assert (root / "new.md").stat().st_mode & 0o777 == 0o600


# History


def test_undo_goes_back_step_by_step_and_redo_forth(root: Path) -> None:
    state = root / ".procauthor"
    states = [tree(root)]
    for text in (b"one", b"two", b"three"):
        write(root, Edit("a.md", (root / "a.md").read_bytes(), text), Edit(f"{text.decode()}/x.md", None, text))
        states.append(tree(root))
    for expected in states[-2::-1]:
        undo(root, state)
        assert tree(root) == expected
    with pytest.raises(LibraryError, match="nothing to undo"):
        undo(root, state)
    for expected in states[1:3]:
        redo(root, state)
        assert tree(root) == expected
    write(root, Edit("sub/kept.md", OLD["sub/kept.md"], b"another"))
    with pytest.raises(LibraryError, match="nothing to redo"):
        redo(root, state)
    assert [(e.number, e.undone) for e in read_history(state)] == [(1, False), (2, False), (3, True), (4, False)]
    undo(root, state)
    undo(root, state)
    assert tree(root) == states[1]


@pytest.mark.parametrize("path", ["a.md", "gone.md", "deep/er/b.md"])
def test_undo_refuses_when_somebody_edited_a_file_since(root: Path, path: str) -> None:
    apply(root, root / ".procauthor", CHANGE)
    (root / path).write_bytes(b"somebody's words\n")
    before = tree(root)
    with pytest.raises(ConflictError, match=rf"{path}:1 changed since 'the change'"):
        undo(root, root / ".procauthor")
    assert tree(root) == before


def test_undo_refuses_when_a_file_is_gone_and_keeps_folders_that_are_in_use(root: Path) -> None:
    apply(root, root / ".procauthor", CHANGE)
    (root / "deep/er/b.md").unlink()
    with pytest.raises(ConflictError, match=r"deep/er/b\.md"):
        undo(root, root / ".procauthor")
    (root / "deep/er/b.md").write_bytes(NEW["deep/er/b.md"])
    (root / "deep/mine.md").write_bytes(b"mine")
    undo(root, root / ".procauthor")
    assert tree(root) == OLD | {"deep/mine.md": b"mine"}


def test_the_history_is_bounded_and_may_be_deleted(root: Path) -> None:
    state = root / ".procauthor"
    write(root, Edit("a.md", OLD["a.md"], b"0"))
    for number in range(2, 501):
        shutil.copy(state / "history/000001.json", state / f"history/{number:06}.json")
    for number in range(3):
        write(root, Edit("a.md", str(number).encode(), str(number + 1).encode()))
    assert [e.number for e in read_history(state)] == list(range(4, 504))
    for file in (state / "history").iterdir():
        file.unlink()
    with pytest.raises(LibraryError, match="nothing to undo"):
        undo(root, state)
    write(root, Edit("a.md", b"3", b"x"))
    undo(root, state)
    assert (root / "a.md").read_bytes() == b"3"


def test_the_history_is_bounded_in_size_but_keeps_the_last_change(root: Path) -> None:
    state = root / ".procauthor"
    large = b"x" * (25 * 1024 * 1024)
    write(root, Edit("large.md", None, large))
    write(root, Edit("large.md", large, b"1" + large))
    assert [e.number for e in read_history(state)] == [2]
    undo(root, state)
    assert (root / "large.md").read_bytes() == large


def test_a_damaged_entry_is_named_and_nothing_before_it_is_taken_for_the_last(root: Path) -> None:
    write(root, Edit("a.md", OLD["a.md"], b"x"))
    write(root, Edit("b.md", None, b"y"))
    state = root / ".procauthor"
    (state / "history/000002.json").write_text("{")
    assert read_strangers(state) == ["000002.json"]
    with pytest.raises(LibraryError, match="change 2 of the history is damaged"):
        undo(root, state)
    assert undo(root, state, 1)[0].number == 1
    assert (root / "a.md").read_bytes() == OLD["a.md"]
    assert (root / "b.md").read_bytes() == b"y"


# Stops


def test_a_change_that_is_killed_at_any_file_operation_is_done_or_taken_back() -> None:
    counts = crash("operations")
    assert counts["apply old"] > 20
    assert counts["undo old"] > 20
    assert counts["apply new"] >= 1
    assert counts["undo new"] >= 1


def test_a_change_that_is_killed_at_a_random_moment_is_done_or_taken_back() -> None:
    counts = crash("moments")
    assert counts["old"] + counts["new"] == ROUNDS


def crash(kind: str) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.library.crash", kind, str(ROUNDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.fixture
def cut_off(root: Path) -> Path:
    """A library in which a change was killed after its first files were replaced."""
    for operation in range(100):
        assert run_killed(lambda: apply(root, root / ".procauthor", CHANGE), operation=operation)
        if (root / "deep/er/b.md").exists() or (root / "a.md").read_bytes() != OLD["a.md"]:
            return root
        recover(root, root / ".procauthor")
    raise AssertionError


def test_an_edit_after_the_crash_is_not_lost(cut_off: Path) -> None:
    (cut_off / "a.md").write_bytes(b"somebody's words\n")
    found = recover(cut_off, cut_off / ".procauthor")
    assert found is not None
    assert found.kept == ("a.md",)
    assert tree(cut_off) == OLD | {"a.md": b"somebody's words\n"}
    assert recover(cut_off, cut_off / ".procauthor") is None
    assert len(list((cut_off / ".procauthor/history").glob("cut-off-*.json"))) == 1


def test_a_damaged_journal_is_named_and_touches_nothing(root: Path) -> None:
    make_folder(root / ".procauthor")
    (root / ".procauthor/journal.json").write_text('[{"path": "a.md"')
    found = recover(root, root / ".procauthor")
    assert found is not None
    assert (root / found.foreign).read_text() == '[{"path": "a.md"'
    assert tree(root) == OLD
    assert recover(root, root / ".procauthor") is None


def test_a_second_process_waits_and_is_then_refused(root: Path) -> None:
    state = root / ".procauthor"
    make_folder(state)
    held = os.open(state / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(LockedError, match="another procauthor process"):
        apply(root, state, CHANGE, wait=0.1)
    threading.Timer(0.1, os.close, [held]).start()
    write(root, Edit("a.md", OLD["a.md"], b"x"))
    assert (root / "a.md").read_bytes() == b"x"


def test_many_processes_write_one_after_the_other(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from procauthor.library.change import Change, Edit\n"
        "from procauthor.library.transaction import apply\n"
        "root = Path(sys.argv[1])\n"
        "for n in range(10): apply(root, root / '.procauthor', Change((Edit(f'{sys.argv[2]}-{n}.md', None, b'x'),)))"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(root), str(n)]) for n in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert len(list(root.glob("[0-9]-[0-9].md"))) == 40
    assert [e.number for e in read_history(root / ".procauthor")] == list(range(1, 41))


# Full disks


@pytest.mark.parametrize("limit", [0, 100, 2_999, 10_000])
def test_a_limit_on_the_size_of_files_leaves_the_old_state(root: Path, limit: int) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from tests.library.crash import CHANGE, fill\n"
        "from procauthor.errors import LibraryError; from procauthor.library.transaction import apply\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "root = Path(sys.argv[1])\n"
        "try: apply(root, root / '.procauthor', CHANGE)\n"
        "except LibraryError as error: print(error.message, '/', error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), str(limit)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    if limit == 10_000:
        assert (done.stdout, tree(root)) == ("", NEW)
    else:
        assert "File too large / nothing was changed" in done.stdout
        assert tree(root) == OLD
        assert not (root / ".procauthor/journal.json").exists()


def test_a_full_disk_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    try:
        outcomes = {_change_on_full_disk(disk, free) for free in range(0, 300_000, 8192)}
    finally:
        subprocess.run(["umount", disk], check=True)
    assert outcomes == {"old", "new"}


def _change_on_full_disk(disk: Path, free: int) -> str:
    """Leave so many bytes free, and write a change of 60 kB."""
    root = disk / "library"
    root.mkdir()
    state = root / ".procauthor"
    old, new = {"a.md": b"a" * 20_000, "b.md": b"b" * 20_000}, {"a.md": b"A" * 30_000, "b.md": b"B" * 30_000}
    fill(root, old)
    filler = disk / "filler"
    said = ""
    _fill_up(filler, leave=free)
    try:
        apply(root, state, Change(tuple(Edit(p, old[p], new[p]) for p in old)))
    except LibraryError as error:
        said = error.hint
    found = tree(root)
    filler.unlink()
    assert recover(root, state) is None
    assert (said, found) in (("nothing was changed", old), ("", new))
    subprocess.run(["rm", "-r", root], check=True)
    return "old" if found == old else "new"


def _fill_up(filler: Path, *, leave: int) -> None:
    size = os.statvfs(filler.parent)
    with filler.open("wb") as file:
        file.write(b"x" * max(0, size.f_bavail * size.f_frsize - leave))
