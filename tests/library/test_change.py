"""A change set is written as a whole or not at all."""

import json
import os
from pathlib import Path

import pytest

from procauthor.errors import ConflictError, LibraryError
from procauthor.library.change import Change, Edit, apply, recover


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_bytes(b"old a\r\n")
    return tmp_path


def change(root: Path) -> Change:
    return Change((Edit("a.md", b"old a\r\n", b"new a\r\n"), Edit("sub/b.md", None, b"new b\n")))


def test_all_files_are_written_and_nothing_else_is_left(root: Path) -> None:
    apply(root, root / ".procauthor", change(root))
    assert (root / "a.md").read_bytes() == b"new a\r\n"
    assert (root / "sub/b.md").read_bytes() == b"new b\n"
    assert sorted(p.name for p in (root / ".procauthor").iterdir()) == ["lock"]


def test_a_file_that_moved_meanwhile_stops_the_whole_change(root: Path) -> None:
    (root / "a.md").write_bytes(b"somebody's words\n")
    with pytest.raises(ConflictError, match=r"a\.md"):
        apply(root, root / ".procauthor", change(root))
    assert (root / "a.md").read_bytes() == b"somebody's words\n"
    assert not (root / "sub").exists()


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_change_that_was_cut_off_is_taken_back(root: Path, written: int) -> None:
    edits = change(root).edits
    apply(root, root / ".procauthor", Change(edits[:written]))
    journal = root / ".procauthor" / "journal.json"
    encoded = {None: None, b"old a\r\n": "b2xkIGENCg==", b"new a\r\n": "bmV3IGENCg==", b"new b\n": "bmV3IGIK"}
    journal.write_text(
        json.dumps([{"path": e.path, "before": encoded[e.before], "after": encoded[e.after]} for e in edits])
    )
    assert list(recover(root, root / ".procauthor")) == [e.path for e in edits[:written]]
    assert (root / "a.md").read_bytes() == b"old a\r\n"
    assert not (root / "sub/b.md").exists()
    assert not journal.exists()


def test_a_disk_that_refuses_leaves_the_old_state(root: Path) -> None:
    (root / "sub").write_text("a file where a folder is needed")
    with pytest.raises(LibraryError):
        apply(root, root / ".procauthor", change(root))
    assert (root / "a.md").read_bytes() == b"old a\r\n"
    assert not (root / ".procauthor/journal.json").exists()


def test_a_path_out_of_the_library_is_refused(root: Path) -> None:
    with pytest.raises(LibraryError, match="outside"):
        apply(root, root / ".procauthor", Change((Edit("../x.md", None, b""),)))


def test_a_link_stays_a_link_and_a_mode_stays_a_mode(root: Path) -> None:
    (root / "real.md").write_bytes(b"x\n")
    os.chmod(root / "real.md", 0o600)
    (root / "link.md").symlink_to("real.md")
    apply(root, root / ".procauthor", Change((Edit("link.md", b"x\n", b"y\n"),)))
    assert (root / "link.md").is_symlink()
    assert (root / "real.md").read_bytes() == b"y\n"
    assert (root / "real.md").stat().st_mode & 0o777 == 0o600


def test_a_diff_shows_new_files_changes_and_a_missing_last_newline() -> None:
    edits = (Edit("a.md", b"one\n", b"two"), Edit("b.md", None, b"new\n"))
    assert Change(edits).diff() == (
        "--- a/a.md\n+++ b/a.md\n@@ -1 +1 @@\n-one\n+two\n\\ No newline at end of file\n"
        "--- /dev/null\n+++ b/b.md\n@@ -0,0 +1 @@\n+new\n"
    )
