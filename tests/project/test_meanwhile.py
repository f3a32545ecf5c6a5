"""A draft waits, and somebody edits the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from procauthor import Draft, Project
from procauthor.errors import ConflictError
from tests.conftest import PLACEHOLDER, REVIEW, snapshot

FILE = "feature/design-review.md"


def draft(root: Path) -> Draft:
    return Project.open(root).author().update(FILE, "replace 'Two options' with 'Three options'")


def edit(root: Path, old: str, new: str, path: str = FILE) -> None:
    file = root / path
    assert old in file.read_text()
    file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))


def test_an_edit_elsewhere_is_merged_and_said(root: Path) -> None:
    waiting = draft(root)
    edit(root, "The board has accepted the record.", "The board has signed the record.")
    waiting.accept()
    wanted = REVIEW.replace("Two options were", "Three options were").replace("has accepted", "has signed")
    assert (root / FILE).read_text() == wanted
    (note,) = waiting.records.workspace.notices
    assert "changed since the draft was made; merged" in note


def test_a_conflict_leaves_the_document_and_puts_both_texts_aside(root: Path) -> None:
    waiting = draft(root)
    edit(root, "Two options were compared.", "Two options were weighed.")
    before = snapshot(root)
    with pytest.raises(ConflictError, match=r"both change .*Acceptance Criteria") as caught:
        waiting.accept()
    assert caught.value.exit_code == 2
    assert snapshot(root) == before
    (file,) = (root / ".procauthor/conflicts").iterdir()
    assert file.name in caught.value.hint
    text = file.read_text()
    for line in ("- Two options were compared.", "- Three options were compared.", "- Two options were weighed."):
        assert text.count(line) == 1
    project = Project.open(root)
    assert len(project.drafts.all()) == 1
    assert [f for f in project.check().findings if "conflict" in f.path] == []


def test_two_right_halves_that_do_not_go_together_are_refused(root: Path) -> None:
    wish = "replace 'Decision Record (From: Step 2)' with 'Component Diagram (From: Step 1)'"
    waiting = Project.open(root).author().update(FILE, wish)
    assert waiting.outcome == "Awaiting review"
    edit(root, "- Component Diagram: the", "- Part Diagram: the")
    edit(root, "- Component Diagram (From: Step 1)", "- Part Diagram (From: Step 1)")
    before = snapshot(root)
    with pytest.raises(ConflictError, match="do not go together") as caught:
        waiting.accept()
    assert "uses 'Component Diagram'" in caught.value.hint
    assert snapshot(root) == before


def test_a_placeholder_that_got_a_new_phase_keeps_it(root: Path) -> None:
    waiting = Project.open(root).author().create("Threat Check Procedure")
    edit(root, "phase: 1", "phase: 2", "feature/threat-check.md")
    waiting.accept()
    text = (root / "feature/threat-check.md").read_text()
    assert "phase: 2\nstatus: In progress\n" in text
    assert "## 11. Exit States" in text


def test_a_placeholder_whose_words_changed_is_a_conflict(root: Path) -> None:
    waiting = Project.open(root).author().create("Threat Check Procedure")
    edit(root, "what can go wrong", "everything that can go wrong", "feature/threat-check.md")
    with pytest.raises(ConflictError, match="changed since the draft"):
        waiting.accept()
    assert (root / "feature/threat-check.md").read_text() == PLACEHOLDER.replace("what can", "everything that can")
    (file,) = (root / ".procauthor/conflicts").iterdir()
    assert "everything that can go wrong" in file.read_text()


def test_a_file_that_was_deleted_meanwhile_is_not_written_again(root: Path) -> None:
    waiting = draft(root)
    (root / FILE).unlink()
    with pytest.raises(ConflictError, match="was deleted since"):
        waiting.accept()
    assert not (root / FILE).exists()


def test_a_file_that_already_says_what_the_draft_says_is_left_alone(root: Path) -> None:
    waiting = draft(root)
    edit(root, "Two options", "Three options")
    assert waiting.accept().edits == ()
    assert Project.open(root).drafts.all() == []
