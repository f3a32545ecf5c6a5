"""Numbers in order, with the references to them."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConflictError
from tests.conftest import REVIEW, snapshot


def renumber(root: Path, reference: str = "feature/page.md") -> None:
    project = Project.open(root)
    project.apply(project.refactor.renumber(reference))


def test_a_document_in_order_stays_as_it_is(root: Path) -> None:
    assert not Project.open(root).refactor.renumber("design-review")


def test_a_step_that_was_taken_out_closes_its_gap_everywhere(root: Path) -> None:
    before = Project.open(root).check()
    start, end = REVIEW.index("### Step 2: Decide"), REVIEW.index("### Step 3: Publish")
    text = REVIEW[:start] + "### Step 5: Decide\n" + REVIEW[start + len("### Step 2: Decide\n") : end]
    text = text.replace("(From: Step 1)", "(From: Step 1)") + REVIEW[end:].replace("### Step 3", "### Step 7")
    text = text.replace("(From: Step 2)", "(From: Step 5)")
    (root / "feature/design-review.md").write_text(text)
    (root / "guide.md").write_text(
        "# Guide\n\n[Step 5](feature/design-review.md#step-5-decide), [x](feature/design-review.md#step-7-publish), Step 5\n"
    )
    renumber(root, "design-review")
    assert (root / "feature/design-review.md").read_text() == REVIEW
    assert (root / "guide.md").read_text() == (
        "# Guide\n\n[Step 2](feature/design-review.md#step-2-decide), [x](feature/design-review.md#step-3-publish), Step 5\n"
    )
    left = (f for f in Project.open(root).check().findings if f.rule != "nothing-matched")
    assert tuple(left) == before.findings


PAGE = """# Page

See [section 4](#4-later) and Sections 2, 4 and 7; `Step 3` is code.

## 2. Now

### 2.1 One

### 2.4 Two

## 4. Later\r
### Step 2: Do
### Step 4 - Check

Steps 2-4, step 9, Step 4.

## 3 ways
"""

IN_ORDER = """# Page

See [section 2](#2-later) and Sections 1, 2 and 7; `Step 3` is code.

## 1. Now

### 1.1 One

### 1.2 Two

## 2. Later\r
### Step 1: Do
### Step 2 - Check

Steps 1-2, step 9, Step 2.

## 3 ways
"""


def test_sections_of_sections_and_series_of_references(root: Path) -> None:
    (root / "feature/page.md").write_bytes(PAGE.encode())
    renumber(root)
    assert (root / "feature/page.md").read_bytes().decode() == IN_ORDER


def test_steps_go_on_over_parts_where_they_did(root: Path) -> None:
    text = "# Page\n\n## A\n\n### Step 1\n\n### Step 3\n\n## B\n\n### Step 5\n\nAfter Step 3 and Step 5.\n"
    (root / "feature/page.md").write_text(text)
    renumber(root)
    assert (root / "feature/page.md").read_text() == (
        "# Page\n\n## A\n\n### Step 1\n\n### Step 2\n\n## B\n\n### Step 3\n\nAfter Step 2 and Step 3.\n"
    )


def test_a_reference_to_a_number_that_stands_twice_is_not_guessed(root: Path) -> None:
    (root / "feature/page.md").write_text("# Page\n\n## Step 1\n\n## Step 2\n\n## Step 2\n\nGo to Step 2.\n")
    before = snapshot(root)
    with pytest.raises(ConflictError, match=r"feature/page\.md:9: 'Step 2' may mean several"):
        renumber(root)
    assert snapshot(root) == before
    (root / "feature/page.md").write_text("# Page\n\n## Step 1\n\n## Step 2\n\n## Step 2\n\nGo to Step 1.\n")
    renumber(root)
    assert (root / "feature/page.md").read_text() == "# Page\n\n## Step 1\n\n## Step 2\n\n## Step 3\n\nGo to Step 1.\n"
