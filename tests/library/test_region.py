"""Managed regions: one pair of marks narrows what is kept up to date; broken marks stop before the first write."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import MarkError
from tests.conftest import INDEX, snapshot

BEGIN, END = "<!-- procauthor: begin -->", "<!-- procauthor: end -->"
STALE = INDEX.replace("| 1 | Placeholder |", "| 1 | Missing |")
OLD = "\n## As it was\n\n| Procedure | Phase | Status |\n|---|---|---|\n| Threat Check Procedure | 1 | Missing |\n"


def test_only_what_stands_between_the_marks_is_kept_up_to_date(root: Path) -> None:
    (root / "index.md").write_text(f"{BEGIN}\n{STALE}\n{END}\n{OLD}")
    project = Project.open(root)
    project.apply(project.sync())
    assert (root / "index.md").read_text() == f"{BEGIN}\n{INDEX}\n{END}\n{OLD}"
    assert not project.sync()


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\n{STALE}",
        f"{STALE}\n{END}\n",
        f"{END}\n{STALE}\n{BEGIN}\n",
        f"{BEGIN}\n{BEGIN}\n{STALE}\n{END}\n",
        f"{BEGIN}\n{STALE}\n{END}\n{BEGIN}\n{END}\n",
    ],
)
def test_broken_marks_stop_before_anything_is_written(root: Path, text: str) -> None:
    (root / "index.md").write_text(text)
    (root / "feature/README.md").write_text((root / "feature/README.md").read_text().replace("1 of 2", "2 of 2"))
    before = snapshot(root)
    with pytest.raises(MarkError, match=r"index\.md has no single pair of begin and end marks: '(begin|end)' in line"):
        Project.open(root).sync()
    assert snapshot(root) == before


def test_marks_in_code_are_no_marks(root: Path) -> None:
    (root / "index.md").write_text(f"{STALE}\n```\n{BEGIN}\n```\n")
    project = Project.open(root)
    project.apply(project.sync())
    assert (root / "index.md").read_text() == f"{INDEX}\n```\n{BEGIN}\n```\n"
