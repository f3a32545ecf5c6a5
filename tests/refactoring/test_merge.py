"""Documents that become one."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConflictError, LibraryError
from tests.conftest import snapshot

ONE = """---
id: one
depends_on: [Two Procedure, Design Review Procedure]
---

# One Procedure

First words.

## 1. Purpose

One does this, before the [Two Procedure](sub/two.md#notes).

## 2. Workflow

### Step 1: Begin

Go on.

## 3. Limits

None.

## Notes

Of one. See [l].

[l]: other.md
"""

TWO = """# Two Procedure

Second words.

## Purpose

Two does that. [home](#two-procedure) [there](../one.md)

## Workflow

### Step 1: Look

Return to Step 1, see [notes](#notes).

## Limits

- At most two, by the [r].

## Extra

### Notes

Deep [m].

## Notes

Of two.

[r]: ../other.md#x
[m]: <../a b.md>
"""

BOTH = """---
id: one
depends_on: [Design Review Procedure]
---

# One Procedure

First words.

Second words.

## 1. Purpose

One does this, before the [One Procedure](one.md#notes-1).

Two does that. [home](#one-procedure) [there](one.md)

## 2. Workflow

### Step 1: Begin

Go on.

### Step 2: Look

Return to Step 2, see [notes](#notes-1).

## 3. Limits

- At most two, by the [r].

## Notes

Of one. See [l].

[l]: other.md

Of two.

[r]: other.md#x
[m]: <a b.md>

## Extra

### Notes

Deep [m].
"""


@pytest.fixture
def pages(root: Path) -> Path:
    (root / "procauthor.toml").write_text("")
    (root / "sub").mkdir()
    (root / "one.md").write_text(ONE)
    (root / "sub/two.md").write_text(TWO)
    (root / "other.md").write_text(
        "# Other\n\n[Two Procedure](sub/two.md) [a](sub/two.md#notes) [b](sub/two.md#notes-1) [c](sub/two.md#step-1-look)\n"
        "[d](one.md#notes) The Two Procedure.\n\n## X\n"
    )
    (root / "a b.md").write_text("# A B\n")
    return root


def merge(root: Path, reference: str, into: str) -> None:
    project = Project.open(root)
    project.apply(project.refactor.merge(reference, into))


def test_sections_are_joined_steps_numbered_on_and_links_follow(pages: Path) -> None:
    before = snapshot(pages)
    merge(pages, "Two Procedure", "one")
    after = snapshot(pages)
    assert after["one.md"].decode() == BOTH
    assert after["other.md"].decode() == (
        "# Other\n\n[One Procedure](one.md) [a](one.md#notes-1) [b](one.md#notes) [c](one.md#step-2-look)\n"
        "[d](one.md#notes) The One Procedure.\n\n## X\n"
    )
    assert b'alias_of: "../one.md"' in after["sub/two.md"]
    assert Project.open(pages).library().find("Two Procedure").path == "one.md"
    Project.open(pages).undo()
    assert snapshot(pages) == before


def test_rows_of_the_document_that_goes_leave_the_tables(root: Path) -> None:
    (root / "feature/more.md").write_text("# More Procedure\n\n## Purpose\n\nMore.\n")
    Project.open(root).apply(Project.open(root).sync())
    merge(root, "feature/more.md", "threat-check")
    for path in ("index.md", "feature/README.md"):
        assert "More" not in (root / path).read_text()
    assert "More." in (root / "feature/threat-check.md").read_text()


def test_what_cannot_be_merged_is_refused(pages: Path) -> None:
    (pages / "label.md").write_text("# Label\n\n[l]\n\n[l]: index.md\n")
    before = snapshot(pages)
    for reference, into, error, words in (
        ("one", "One Procedure", LibraryError, "into itself"),
        ("index.md", "one", LibraryError, "it is index"),
        ("label.md", "one", ConflictError, "the label 'l' for two targets"),
    ):
        with pytest.raises(error, match=words):
            merge(pages, reference, into)
    assert snapshot(pages) == before


@pytest.mark.parametrize("place", ['<a id="here"></a>', '<span id="here">x</span>'])
def test_two_places_of_one_id_are_refused(pages: Path, place: str) -> None:
    for name in ("first", "second"):
        (pages / f"{name}.md").write_text(f"# {name.title()}\n\nWords {place} [x](#here).\n")
    before = snapshot(pages)
    with pytest.raises(ConflictError, match=r"first\.md:3: second\.md has a place with the id 'here' too"):
        merge(pages, "first.md", "second.md")
    assert snapshot(pages) == before
