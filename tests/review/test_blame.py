"""Who wrote a section is known as long as its sidecar is there, and nothing else depends on it."""

import json
import shutil
from pathlib import Path

from procauthor import Project
from procauthor.review.review import Blame, SectionBlame
from tests.cli.inside import run, run_json
from tests.cli.test_handoff import answer
from tests.conftest import snapshot

TITLE, FILE = "Threat Check Procedure", "feature/threat-check.md"
REVIEW = "feature/design-review.md"


def accepted(root: Path) -> Project:
    project = Project.open(root)
    project.author().create(TITLE).accept()
    return project


def section(found: Blame, heading: str) -> SectionBlame:
    return next(s for s in found.sections if heading in s.heading)


def test_an_accepted_draft_says_who_wrote_it_and_what_it_rests_on(root: Path) -> None:
    found = accepted(root).review.blame(TITLE)
    assert {(s.writer, s.by, s.edited) for s in found.sections} == {("offline", "offline", False)}
    assert {s.run for s in found.sections} == {"threat-check-1"}
    assert all(s.on and s.template and not s.prompt for s in found.sections)
    rests = {e.source.shown for s in found.sections for e in s.sources}
    assert f"contract:{REVIEW}" in rests
    lines = (root / FILE).read_text().splitlines()
    assert all(lines[s.line - 1] == f"## {s.heading}" for s in found.sections)


def test_what_nobody_wrote_down_was_written_by_people(root: Path) -> None:
    found = Project.open(root).review.blame(REVIEW)
    assert {(s.writer, s.by, s.approval) for s in found.sections} == {("human", "", "none")}


def test_an_edit_by_hand_shows_in_its_section_alone(root: Path) -> None:
    project = accepted(root)
    file = root / FILE
    file.write_text(file.read_text().replace("## 2. Trigger\n", "## 2. Trigger\n\n- Somebody asks.\n"))
    edited = [s.heading for s in project.review.blame(TITLE).sections if s.edited]
    assert edited == ["2. Trigger"]
    done = run("-C", root, "blame", TITLE)
    assert "edited by hand since" in done.stdout


def test_an_update_is_named_where_it_wrote_and_nowhere_else(root: Path) -> None:
    project = Project.open(root)
    project.author().update(REVIEW, "add exit state Deferred: the board decides next quarter").accept()
    found = project.review.blame(REVIEW)
    assert [s.heading for s in found.sections if s.writer == "offline"] == ["11. Exit States"]


def test_a_passage_that_changed_since_is_named(root: Path) -> None:
    project = Project.open(root)
    known = {"id": "P1", "path": REVIEW, "heading": "1. Purpose", "line": 10, "text": "", "title": ""}
    chunk = next(c for c in project.search("choose the structure of a feature") if c.chunk.heading == "1. Purpose")
    draft = project.author().create(TITLE)
    object.__setattr__(draft, "passages", ({**known, "hash": chunk.chunk.hash},))
    object.__setattr__(draft, "sources", {"purpose": ("P1",)})
    project.drafts.save(draft)
    project.draft().accept()

    def state() -> str:
        (evidence,) = section(Project.open(root).review.blame(TITLE), "Purpose").sources
        assert evidence.source.shown == f"{REVIEW}#1. Purpose"
        return evidence.state

    assert state() == "same"
    project.apply(project.refactor.rename(REVIEW, "Design Examination Procedure"))
    assert state() == "same"
    file = root / "feature/design-examination.md"
    file.write_text(file.read_text().replace("Choose the structure", "Find the structure"))
    assert state() == "changed"
    file.write_text(file.read_text().replace("## 1. Purpose", "## 1. Aim"))
    assert state() == "gone"


def test_the_sidecar_may_be_deleted(root: Path) -> None:
    project = accepted(root)
    before = [f.message for f in project.check().findings], run_json("-C", root, "evaluate")["lifecycles"]
    shutil.rmtree(root / "provenance")
    assert {s.writer for s in project.review.blame(TITLE).sections} == {"human"}
    assert ([f.message for f in project.check().findings], run_json("-C", root, "evaluate")["lifecycles"]) == before
    assert not project.sync()
    (root / "provenance/feature").mkdir(parents=True)
    (root / f"provenance/{FILE}.json").write_text("no JSON")
    assert {s.writer for s in project.review.blame(TITLE).sections} == {"human"}
    project.author().update(TITLE, "add trigger: somebody asks").accept()
    assert section(project.review.blame(TITLE), "Trigger").writer == "offline"


def test_undo_takes_the_sidecars_back(root: Path) -> None:
    before = snapshot(root)
    project = accepted(root)
    assert {p for p in snapshot(root) if p.startswith(("receipts", "provenance"))} == {
        f"provenance/{FILE}.json",
        f"receipts/{FILE}.json",
        f"receipts/{REVIEW}.json",
    }
    assert project.review.suspects() == ()
    project.undo()
    assert snapshot(root) == before


def test_a_diff_for_people_leaves_the_sidecars_out(root: Path) -> None:
    draft = Project.open(root).author().create(TITLE)
    assert f"provenance/{FILE}.json" in {c["path"] for c in draft.change().as_json()}
    assert "provenance/" not in draft.diff()


def test_a_skeleton_is_filled_by_a_person(root: Path) -> None:
    project = Project.open(root)
    project.author("skeleton").create(TITLE).accept()
    assert {s.writer for s in project.review.blame(TITLE).sections} == {"human"}


def test_what_sync_writes_is_no_edit_by_hand(root: Path) -> None:
    project = Project.open(root)
    # What a person answers for has no open question, so others can build on it.
    project.handoff.submit(json.dumps({"title": TITLE, "fields": answer()}), by="A. Person", person=True).accept()
    output = project.library().by_path[FILE].contract.outputs[0].name
    text = (
        (root / REVIEW).read_text().replace("id: design-review", "id: last-look").replace("Design Review", "Last Look")
    )
    text = text.replace(
        "- **Feature Request**", f"- **{output}**: all of it (From: [{TITLE}](threat-check.md))\n- **Feature Request**"
    )
    (root / "feature/last-look.md").write_text(text)
    before = (root / FILE).read_bytes()
    project.apply(project.sync())
    assert (root / FILE).read_bytes() != before
    assert [s.heading for s in project.review.blame(TITLE).sections if s.edited] == []
    assert not project.sync()
    assert project.review.suspects() == ()
