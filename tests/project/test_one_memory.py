"""Every command answers from one memory, and as if there were none."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from procauthor import Project
from tests.checking import test_memory as remembered
from tests.checking.test_memory import EDITS, Edit, change_template, document, pick, settle
from tests.cli.inside import run

TOPIC = "Topic 07 Procedure"
NEW = ("Quarterly Audit Procedure", "--lifecycle", "Feature")
COMMANDS = (
    ("check",),
    ("search", "what is needed for topic 12", "--json"),
    ("search", "draw a line more", "--json"),
    ("refs", TOPIC),
    ("graph", "--json"),
    ("evaluate", "--json"),
    ("sync", "--check"),
    ("plan", "next"),
    ("rename", TOPIC, "Grand Unified Procedure", "--dry-run"),
    ("deprecate", TOPIC, "--dry-run"),
    ("move", TOPIC, "elsewhere/", "--dry-run"),
    ("brief", *NEW),
    ("create", *NEW, "--dry-run"),
)


def restore(root: Path, rng: random.Random) -> None:
    """Take an older text back with its older time, as a checkout or a backup may."""
    file = pick(root, rng)
    before, times = file.read_bytes(), file.stat()
    file.write_bytes(before.replace(b"## Purpose", b"## Aims", 1))
    for command in COMMANDS[:2]:
        run("-C", root, *command, code=None)
    file.write_bytes(before)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def jump(root: Path, rng: random.Random) -> None:
    """Write a file while the clock is wrong."""
    file = pick(root, rng)
    file.write_bytes(file.read_bytes() + b"\nTODO.\n")
    hours = rng.choice([-40_000, 40_000]) * 3_600_000_000_000
    os.utime(file, ns=(file.stat().st_atime_ns + hours, file.stat().st_mtime_ns + hours))


def swap(root: Path, rng: random.Random) -> None:
    """Change a text without changing size or time."""
    file = pick(root, rng)
    times = file.stat()
    file.write_bytes(file.read_bytes().replace(b"Return to step 1", b"Return to step 9", 1))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


ALL = (*EDITS, restore, jump, swap)
# Settings and templates are read when a project is opened.
OF_DOCUMENTS = tuple(edit for edit in ALL if edit not in (settle, change_template))
root = remembered.root


def answer(root: Path, command: tuple[str, ...]) -> tuple[int, str]:
    done = run("-C", root, *command, code=None)
    return done.exit_code, done.stdout


def without_memory(root: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".procauthor*"))
    return place


def test_after_any_edits_every_command_says_what_one_that_remembers_nothing_says(
    root: Path,
    tmp_path: Path,
) -> None:
    rng = random.Random(1)
    run("-C", root, "check", code=None)
    for _ in range(5):
        edits: list[Edit] = rng.choices(ALL, k=2)
        for edit in edits:
            edit(root, rng)
        fresh = without_memory(root, tmp_path / "fresh")
        for command in rng.sample(COMMANDS, 5):
            what = ([edit.__name__ for edit in edits], command)
            assert answer(root, command) == answer(fresh, command), what


@pytest.mark.parametrize("seed", [0, 2])
def test_what_follows_from_a_draft_is_what_follows_where_nothing_is_remembered(
    root: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    run("-C", root, "sync")
    for edit in rng.choices(OF_DOCUMENTS, k=2):
        edit(root, rng)
    (root / "feature/late.md").write_text(document(3, rng).replace("Topic 03 Procedure](p03", f"{NEW[0]}](new"))
    translated = f"---\ntranslation_of: {NEW[0]}\n---\n\n# Neues Verfahren\n\nWorte.\n"
    (root / "feature/neu.md").write_text(translated)
    run("-C", root, "check", code=None)
    fresh = without_memory(root, tmp_path / "fresh")
    for place in (root, fresh):
        run("-C", place, "create", *NEW, "--accept", code=None)
        run("-C", place, "rename", TOPIC, "Grand Unified Procedure", code=None)
    assert texts(root) == texts(fresh)


def texts(root: Path) -> dict[str, bytes]:
    files = (file for file in root.rglob("*") if file.is_file() and ".procauthor" not in file.parts)
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}


def test_a_project_that_stays_open_notices_edits(root: Path, tmp_path: Path) -> None:
    rng = random.Random(3)
    with Project.open(root) as project:
        for _ in range(8):
            edit = rng.choice(OF_DOCUMENTS)
            edit(root, rng)
            with Project.open(without_memory(root, tmp_path / "fresh")) as fresh:
                assert project.check() == fresh.check(), edit
                assert project.search("return to a step") == fresh.search("return to a step"), edit
                assert project.evaluate() == fresh.evaluate(), edit


@pytest.mark.parametrize("seed", [4, 5])
def test_what_was_read_for_other_questions_counts_in_the_next_check_of_any_process(
    root: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    place = tmp_path / "fresh"
    with Project.open(root) as project:
        project.check()
        for _ in range(3):
            for edit in rng.choices(OF_DOCUMENTS, k=4):
                edit(root, rng)
                found = project.search("return to a step")
            with Project.open(without_memory(root, place)) as fresh:
                assert found == fresh.search("return to a step")
                assert project.check() == fresh.check()
        for edit in rng.choices(OF_DOCUMENTS, k=2):
            edit(root, rng)
            project.library()
    with Project.open(root) as later, Project.open(without_memory(root, place)) as fresh:
        assert later.check() == fresh.check()


def test_a_library_keeps_what_it_said_and_the_next_one_shares_what_was_not_edited(root: Path) -> None:
    edited, other = sorted(root.rglob("p0*.md"))[:2]
    with Project.open(root) as project:
        before = project.library()
        paths = [file.relative_to(root).as_posix() for file in (edited, other)]
        said = [before.by_path[path].heading_texts for path in paths]
        edited.write_text(f"{edited.read_text()}\n## One more\n\nWords.\n")
        after = project.library()
        assert after.by_path[paths[0]].heading_texts == (*said[0], "One more")
        assert after.by_path[paths[1]] is before.by_path[paths[1]]
        assert [before.by_path[path].heading_texts for path in paths] == said


def test_a_project_that_is_asked_often_notices_what_cannot_be_read_and_what_is_back(tmp_path: Path) -> None:
    for number in range(260):
        (tmp_path / f"p{number}.md").write_text(f"# Topic {number}\n")
    with Project.open(tmp_path) as project:
        for _ in range(45):
            assert len(project.library().procedures) == 260
        for raw, unread, title in (
            (b"\xff\x00\xff", ["p7.md"], None),
            (b"# Other\n", [], "Other"),
            (b"# C\n", [], "C"),
        ):
            (tmp_path / "p7.md").write_bytes(raw)
            library = project.library()
            assert [each.path for each in library.unread] == unread
            assert [p.title for p in library.procedures if p.path == "p7.md"] == ([title] if title else [])


def test_nothing_is_lost_with_the_memory(root: Path) -> None:
    before = [answer(root, command) for command in COMMANDS]
    shutil.rmtree(root / ".procauthor")
    assert [answer(root, command) for command in COMMANDS] == before


@pytest.mark.parametrize("spoilt", ["edge SET value = x'90'", "told SET kept = x'90'", "told SET shelf = -shelf - 1"])
def test_a_spoilt_row_is_worked_out_again(root: Path, spoilt: str) -> None:
    commands = [("refs", TOPIC), ("brief", *NEW)]
    before = [answer(root, command) for command in commands]
    remembered.tamper(root, f"UPDATE {spoilt}")
    assert [answer(root, command) for command in commands] == before


def test_a_document_that_changes_after_it_was_read_is_named(root: Path) -> None:
    with Project.open(root) as project:
        document = project.library().by_path["feature/p07.md"]
        assert document.title == TOPIC
        assert project.library() is project.library()
        (root / document.path).write_text("# Another Procedure\n")
        assert project.library().by_path[document.path].title == "Another Procedure"
