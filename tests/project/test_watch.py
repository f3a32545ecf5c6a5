"""A long-running process looks at files again only where something has changed, and misses nothing."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.library.disk import Watch

DOCUMENTS = 300
Step = Callable[[Path], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "docs/library"
    for number in range(DOCUMENTS):
        file = root / f"area-{number % 3}/p{number:03}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# Topic {number} Procedure\n\nThe first text.\n")
    (root / "procauthor.toml").touch()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return root


@pytest.fixture
def watch(root: Path) -> Iterator[Watch]:
    state = root / ".procauthor"
    state.mkdir()
    watch = Watch.open(root, state)
    if watch is None:
        pytest.skip("the system does not tell of all changes here")
    yield watch
    watch.close()


def append(root: Path) -> None:
    with (root / "area-0/p000.md").open("a") as file:
        file.write("One more line.\n")


def swap(root: Path) -> None:
    """Change a text without changing its size or time."""
    file = root / "area-1/p001.md"
    times = file.stat()
    file.write_text(file.read_text().replace("first", "other"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace(root: Path) -> None:
    """Put another file in its place, as most editors do."""
    new = root / "area-2/.p002.tmp"
    new.write_text("# Topic 2 Procedure\n\nThe second text.\n")
    new.replace(root / "area-2/p002.md")


def rename(root: Path) -> None:
    (root / "area-0/p003.md").rename(root / "area-0/q003.md")


def delete(root: Path) -> None:
    (root / "area-1/p004.md").unlink()


def add_deep(root: Path) -> None:
    (root / "new/deep").mkdir(parents=True)
    (root / "new/deep/r.md").write_text("# New Procedure\n")


def edit_deep(root: Path) -> None:
    (root / "new/deep/r.md").write_text("# New and Better Procedure\n")


def move_folder(root: Path) -> None:
    (root / "new").rename(root / "newer")


def edit_moved(root: Path) -> None:
    (root / "newer/deep/r.md").write_text("# Moved Procedure\n")


def bring_folder(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "s.md").write_text("# Brought Procedure\n")
    outside.rename(root / "brought")


def edit_brought(root: Path) -> None:
    (root / "brought/s.md").write_text("# Brought and Edited Procedure\n")


def drop_folder(root: Path) -> None:
    shutil.rmtree(root / "brought")


def link(root: Path) -> None:
    (root / "area-2/linked.md").symlink_to("../area-2/p008.md")


def edit_what_is_linked(root: Path) -> None:
    (root / "area-2/p008.md").write_text("# Linked and Edited Procedure\n")


def link_hidden(root: Path) -> None:
    (root / ".store").mkdir()
    (root / ".store/t.txt").write_text("# Kept Procedure\n")
    (root / "area-1/kept.md").symlink_to("../.store/t.txt")


def edit_hidden(root: Path) -> None:
    (root / ".store/t.txt").write_text("# Kept and Edited Procedure\n")


def hide(root: Path) -> None:
    (root / ".gitignore").write_text("p005.md\n")


def hide_from_above(root: Path) -> None:
    (root.parents[1] / ".gitignore").write_text("p006.md\n")


def keep_hidden(root: Path) -> None:
    subprocess.run(["git", "add", "-f", "area-0/p006.md"], check=True, cwd=root)


def hide_for_this_clone(root: Path) -> None:
    (root.parents[1] / ".git/info/exclude").write_text("p007.md\n")


STEPS: tuple[Step, ...] = (
    append,
    swap,
    replace,
    rename,
    delete,
    add_deep,
    edit_deep,
    move_folder,
    edit_moved,
    bring_folder,
    edit_brought,
    drop_folder,
    link,
    edit_what_is_linked,
    link_hidden,
    edit_hidden,
    hide,
    hide_from_above,
    keep_hidden,
    hide_for_this_clone,
)


def stamps(project: Project) -> dict[str, str]:
    return {procedure.path: procedure.stamp for procedure in project.library().procedures}


def on_disk(root: Path) -> dict[str, bytes]:
    """What is read by somebody who remembers nothing: the documents that git does not ignore."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", ".")
    names = subprocess.run(words, check=True, cwd=root, capture_output=True).stdout.decode().split("\0")
    return {name: (root / name).read_bytes() for name in names if name.endswith(".md") and (root / name).is_file()}


def test_an_edit_is_seen_by_the_question_that_follows_it(root: Path) -> None:
    with Project.open(root) as project:
        for _ in range(45):
            before = stamps(project)
        for step in STEPS:
            step(root)
            texts = on_disk(root)
            after = stamps(project)
            assert after.keys() == texts.keys(), step
            changed = {path for path in after if after[path] != before.get(path)}
            assert all(project.library().by_path[path].source.raw == texts[path] for path in changed), step
            library = project.library()
            assert project.library() is library, step
            before = after


def test_an_edit_after_the_project_was_closed_is_seen(root: Path) -> None:
    project = Project.open(root)
    for _ in range(45):
        before = stamps(project)
    project.close()
    append(root)
    assert stamps(project) != before
    project.close()


def test_it_is_told_what_has_changed_and_nothing_of_state(root: Path, watch: Watch) -> None:
    assert watch.changes() is None
    assert watch.changes() == frozenset()
    (root / ".procauthor/other.db").write_text("one")
    (root.parents[1] / ".git/description").write_text("one")
    assert watch.changes() == frozenset()
    for step in STEPS[:16]:
        step(root)
        assert watch.changes(), step
        assert watch.changes() == frozenset(), step
    append(root)
    assert watch.changes() == {"area-0/p000.md"}


@pytest.mark.parametrize("step", STEPS[16:], ids=lambda step: step.__name__)
def test_what_git_ignores_from_now_on_is_not_for_certain(root: Path, watch: Watch, step: Step) -> None:
    assert watch.changes() is None
    step(root)
    assert watch.changes() is None
    assert watch.changes() == frozenset()


def test_nothing_is_certain_where_the_system_tells_nothing(root: Path, watch: Watch) -> None:
    watch.changes()
    shutil.rmtree(root / ".procauthor")
    assert [watch.changes() for _ in range(4)] == [None] * 4


def move_away(root: Path) -> None:
    """Put a copy in the place of the folder, which is still watched where it is now."""
    moved = root.rename(root.with_name("moved"))
    shutil.copytree(moved, root)


def test_nothing_is_certain_where_another_folder_took_the_place(root: Path, watch: Watch) -> None:
    watch.changes()
    move_away(root)
    assert [watch.changes() for _ in range(4)] == [None] * 4


def test_an_interrupt_is_not_lost_while_the_system_is_asked(root: Path, watch: Watch) -> None:
    move_away(root)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            watch.changes()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_question_takes_no_time_where_nobody_answers(root: Path, watch: Watch) -> None:
    watch.close()
    begun = time.monotonic()
    assert [watch.changes() for _ in range(20)] == [None] * 20
    assert time.monotonic() - begun < 1


def test_a_folder_that_cannot_be_watched_is_not(root: Path, tmp_path: Path) -> None:
    assert Watch.open(root, None) is None
    assert Watch.open(root, tmp_path / "nowhere") is None
