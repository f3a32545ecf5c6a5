"""Refactorings carry receipts and provenance along: nobody becomes a suspect, and nobody stops being one."""

import random
import re
from pathlib import Path

import pytest

from procauthor import Project
from tests.checking.clean import make
from tests.conftest import SETTINGS, snapshot

CALLER = "feature/feature-orchestration.md"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    make(random.Random(1)).write(tmp_path)
    (tmp_path / "procauthor.toml").write_text(SETTINGS)
    project = Project.open(tmp_path)
    project.apply(project.sync())
    return project


def edit(project: Project, path: str, pattern: bytes, new: bytes) -> None:
    raw, count = re.subn(pattern, new, (project.root / path).read_bytes(), count=1)
    assert count == 1
    (project.root / path).write_bytes(raw)


def pairs(project: Project) -> set[tuple[str, str, str]]:
    return {(s.use.consumer.path, s.use.producer.path, s.use.part) for s in project.review.suspects()}


def receipts(project: Project) -> set[str]:
    return {p for p in snapshot(project.root) if p.startswith("receipts/")}


def test_after_a_rename_nobody_is_a_suspect_and_all_is_known(project: Project) -> None:
    before, files = snapshot(project.root), receipts(project)
    project.apply(project.refactor.rename("feature/p0.md", "First Look Procedure"))
    moved = {p.replace("p0", "first-look") for p in files}
    assert receipts(project) == moved
    assert pairs(project) == set()
    assert not project.sync()
    assert "feature/p0.md" not in "".join((project.root / p).read_text() for p in moved)
    edit(project, "feature/first-look.md", rb": it is dated\.", b": it is signed.")
    assert pairs(project) == {("feature/p1.md", "feature/first-look.md", "output")}
    edit(project, "feature/first-look.md", rb": it is signed\.", b": it is dated.")
    project.undo()
    assert snapshot(project.root) == before


def test_a_suspect_stays_one_when_its_producer_moves(project: Project) -> None:
    edit(project, "feature/p0.md", rb": it is dated\.", b": it is signed.")
    project.apply(project.refactor.move("feature/p0.md", "first"))
    assert pairs(project) == {("feature/p1.md", "first/p0.md", "output")}
    project.apply(project.refactor.move("feature/p1.md", "second"))
    assert pairs(project) == {("second/p1.md", "first/p0.md", "output")}


def test_a_name_in_a_contract_that_a_rename_rewrites_makes_no_suspect(project: Project) -> None:
    title = project.library().by_path["feature/p1.md"].title
    edit(project, "feature/p0.md", rb": it is dated\.", f": as the [{title}](p1.md) asks.".encode())
    project.apply(project.review.clear("feature/p1.md", by="Ada").change)
    project.apply(project.refactor.rename("feature/p1.md", "Second Look Procedure"))
    assert b"Second Look Procedure](second-look.md) asks" in (project.root / "feature/p0.md").read_bytes()
    assert pairs(project) == set()


def test_a_replacement_that_promises_less_makes_suspects(project: Project) -> None:
    count = len(list(project.root.glob("feature/p*.md")))
    project.apply(project.refactor.deprecate("feature/p0.md", by=f"feature/p{count - 1}.md"))
    assert ("feature/p1.md", f"feature/p{count - 1}.md", "output") in pairs(project)
    assert not [e for e in project.sync().edits if e.quiet]


def test_approvals_go_where_the_same_bytes_go(project: Project) -> None:
    project.apply(project.review.approve("api/rollback.md", by="Ada").change)
    edit(project, "release/rollback.md", b"Sound words", b"Other words")
    project.apply(project.refactor.split("api/rollback.md", ["Trigger"], "Rollback Start Procedure"))
    left = project.library().by_path["api/rollback.md"].standing.outdated
    assert [r.receipt.section for r in left] == ["trigger"]
    before = snapshot(project.root)
    project.apply(project.refactor.merge("api/rollback.md", "release/rollback.md"))
    assert "receipts/api/rollback.md.json" not in receipts(project)
    project.undo()
    assert snapshot(project.root) == before


def test_provenance_goes_along(tmp_path: Path, root: Path) -> None:
    project = Project.open(root)
    project.author().create("Threat Check Procedure").accept()
    before = snapshot(root)
    project.apply(project.refactor.rename("Threat Check Procedure", "Danger Check Procedure"))
    assert not (root / "provenance/feature/threat-check.md.json").exists()
    found = project.review.blame("Danger Check Procedure")
    assert {(s.writer, s.edited) for s in found.sections} == {("offline", False)}
    project.apply(project.refactor.rename("feature/design-review.md", "Design Examination Procedure"))
    found = project.review.blame("Danger Check Procedure")
    assert {(s.writer, s.edited) for s in found.sections} == {("offline", False)}
    project.undo()
    project.undo()
    assert snapshot(root) == before
