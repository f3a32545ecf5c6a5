"""An approval is bound to bytes: one of them differs, and it shows."""

import json
import os
import random
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor import Project
from procauthor.errors import ConfigError, LibraryError, NotFoundError
from procauthor.library.sidecar import read_marks, today
from procauthor.markdown.parse import parse
from tests.cli.inside import run, run_json
from tests.conftest import FILES, snapshot, write_library

REVIEW = "feature/design-review.md"
RECEIPTS = f"receipts/{REVIEW}.json"


def status(root: Path) -> str:
    return str(Project.open(root).library().by_path[REVIEW].status)


def approve(root: Path, *sections: str, **options: str) -> Project:
    project = Project.open(root)
    project.apply(project.review.approve(REVIEW, *sections, by="Ada", **options).change)
    return project


def outdated(root: Path) -> list[str]:
    return [f.message for f in Project.open(root).check().findings if f.rule == "approval-outdated"]


def test_a_document_is_approved_when_all_of_it_is(root: Path) -> None:
    project = Project.open(root)
    found = project.review.approve(REVIEW, "Purpose", "5. Workflow", by="Ada", role="Lead")
    assert (found.status, len(found.open)) == ("defined", 9)
    project.apply(found.change)
    assert status(root) == "defined"
    found = project.review.approve(REVIEW, by="Bob")
    assert (found.status, found.open) == ("approved", ())
    project.apply(found.change)
    assert status(root) == "approved"
    assert "| [Design Review Procedure](feature/design-review.md) | 1 | Approved |" in (root / "index.md").read_text()
    assert not project.sync()
    assert Project.open(root).check().findings == ()
    (row,) = [r for r in project.evaluate().rows if r.path == REVIEW]
    assert (row.status, row.done) == ("approved", True)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_edit_of_one_byte_shows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = write_library(tmp_path_factory.mktemp("library"))
    approve(root)
    raw = (root / REVIEW).read_bytes()
    start = raw.index(b"## 1.")
    place = data.draw(st.integers(start, len(raw) - 1))
    new = data.draw(st.sampled_from([b"", b"x", b" ", b"\n", raw[place : place + 1] * 2]))
    after = raw[:place] + new + raw[place + 1 :]
    if after == raw:
        return
    (root / REVIEW).write_bytes(after)
    assert status(root) != "approved"
    sections = Project.open(root).review.blame(REVIEW)
    assert {s.approval for s in sections.sections} - {"approved"} or sections.lost


def test_what_says_where_a_document_belongs_is_not_approved_with_it(root: Path) -> None:
    approve(root)
    raw = (root / REVIEW).read_text()
    (root / REVIEW).write_text(raw.replace("phase: 1", "phase: 2\nowner: Bob"))
    assert status(root) == "approved"


def test_an_expired_approval_is_none(root: Path) -> None:
    approve(root, expires="30d")
    last = (today() + timedelta(days=30)).isoformat()
    file = root / RECEIPTS
    assert f'"expires": "{last}"' in file.read_text()
    file.write_text(file.read_text().replace(last, "2020-02-01"))
    assert status(root) == "defined"
    (message,) = outdated(root)
    assert "by Ada on" in message
    assert "expired on 2020-02-01: 1. Purpose, 2. Trigger" in message
    # The tables claim what no longer holds.
    assert {e.path for e in Project.open(root).sync().edits} == {"index.md", "feature/README.md"}
    approve(root)
    assert (status(root), outdated(root)) == ("approved", [])


def test_a_second_person_keeps_a_section_approved(root: Path) -> None:
    approve(root)
    raw = (root / REVIEW).read_text()
    (root / REVIEW).write_text(raw.replace("Merge the record.", "Merge the record!"))
    (message,) = outdated(root)
    assert message == f"'5. Workflow' changed since it was approved by Ada on {today()}"
    project = Project.open(root)
    project.apply(project.review.approve(REVIEW, "workflow", by="Bob", role="Lead").change)
    assert (status(root), outdated(root)) == ("approved", [])
    (root / REVIEW).write_text(raw)
    (message,) = outdated(root)
    assert "by Bob (Lead)" in message


@pytest.mark.parametrize(
    ("reference", "options", "error", "words"),
    [
        ("index.md", {}, LibraryError, "kind index"),
        ("feature/threat-check.md", {}, LibraryError, "placeholder"),
        (REVIEW, {"expires": "soon"}, ConfigError, "no date"),
        (REVIEW, {"expires": "2020-01-01"}, ConfigError, "past"),
        (REVIEW, {"role": "a\x1bb"}, ConfigError, "role"),
        (REVIEW, {"expires": "99999d" * 9}, ConfigError, "no date"),
    ],
)
def test_what_cannot_be_approved(
    root: Path, reference: str, options: dict[str, str], error: type[Exception], words: str
) -> None:
    before = snapshot(root)
    with pytest.raises(error, match=words):
        Project.open(root).review.approve(reference, by="Ada", **options)
    assert snapshot(root) == before


def test_a_document_with_errors_is_not_approved(root: Path) -> None:
    file = root / REVIEW
    file.write_text(file.read_text().replace("](threat-check.md)", "](gone.md)"))
    with pytest.raises(LibraryError, match="severity error") as failed:
        Project.open(root).review.approve(REVIEW, by="Ada")
    assert "gone.md" in failed.value.hint


def test_a_section_that_is_not_there_names_those_that_are(root: Path) -> None:
    with pytest.raises(NotFoundError) as failed:
        Project.open(root).review.approve(REVIEW, "Costs", by="Ada")
    assert "1. Purpose, 2. Trigger" in failed.value.hint


def test_the_name_comes_from_git(root: Path) -> None:
    for words in (["init", "-q"], ["config", "user.name", "Grace Hopper"]):
        subprocess.run(["git", "-C", str(root), *words], check=True, env=os.environ | {"GIT_CONFIG_NOSYSTEM": "1"})
    assert run_json("-C", root, "approve", REVIEW, "--dry-run")["by"] == "Grace Hopper"


def test_the_command_writes_one_change_that_is_undone_at_once(root: Path) -> None:
    before = snapshot(root)
    run("-C", root, "approve", REVIEW, "--by", "Ada", "--dry-run")
    assert snapshot(root) == before
    found = run_json("-C", root, "approve", REVIEW, "--by", "Ada", "--role", "Lead", "--section", "Exit States")
    assert (found["applied"], found["sections"], found["role"]) == (True, ["11. Exit States"], "Lead")
    assert found["changes"] == [{"path": RECEIPTS, "action": "create"}]
    done = run("-C", root, "approve", REVIEW, "--by", "Ada")
    assert "the document is approved" in done.stdout
    blamed = run_json("-C", root, "blame", REVIEW)
    assert {s["approval"] for s in blamed["sections"]} == {"approved"}
    assert blamed["status"] == "approved"
    run("-C", root, "undo", "-n", "2")
    assert snapshot(root) == before


def test_the_file_has_one_line_for_each_approval(root: Path) -> None:
    approve(root)
    lines = (root / RECEIPTS).read_text().splitlines()
    assert sum('"by": "Ada"' in line for line in lines) == len(lines) - 5 == 11
    assert json.loads("\n".join(lines))["schema_version"] == 1


def test_a_rename_keeps_an_approval_as_long_as_the_bytes_are_the_same(root: Path) -> None:
    project = approve(root)
    project.apply(project.refactor.rename(REVIEW, "Design Examination Procedure"))
    library = project.library()
    assert library.by_path["feature/design-examination.md"].status == "approved"
    assert not (root / RECEIPTS).exists()
    assert project.check().findings == ()
    project.apply(project.review.approve("feature/design-examination.md", by="Bob").change)
    # Here the text of a link in section 8 changes, and nothing else.
    project.apply(project.refactor.rename("feature/threat-check.md", "Danger Check Procedure"))
    standing = project.library().by_path["feature/design-examination.md"].standing
    assert {r.receipt.section for r in standing.outdated} == {"downstream dependencies"}
    for _ in range(4):
        project.undo()
    assert snapshot(root) == {path: text.encode() for path, text in FILES.items()}


def test_a_past_revision_is_counted_with_the_receipts_of_its_time(root: Path) -> None:
    quiet = os.environ | {"GIT_CONFIG_NOSYSTEM": "1"}
    name = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True, env=quiet)
    project = approve(root)
    for words in (["add", "index.md", "feature", "receipts", "procauthor.toml"], [*name, "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(root), *words], check=True, env=quiet)
    (root / REVIEW).write_text((root / REVIEW).read_text() + "\nMore.\n")

    def counted(at: str) -> str:
        return next(r.status for r in project.evaluate(at=at).rows if r.path == REVIEW)

    assert (counted("HEAD"), counted("")) == ("approved", "defined")


def test_sections_of_one_name_are_told_apart(root: Path) -> None:
    file = root / REVIEW
    file.write_text(file.read_text() + "\n## Notes\n\nOne.\n\n## Notes\n\nTwo.\n")
    approve(root)
    assert status(root) == "approved"
    text = file.read_text()
    file.write_text(text.replace("Two.", "2."))
    states = [s.approval for s in Project.open(root).review.blame(REVIEW).sections if s.heading == "Notes"]
    assert states == ["approved", "changed"]
    with pytest.raises(NotFoundError, match="2 sections"):
        Project.open(root).review.approve(REVIEW, "Notes", by="Ada")


def test_every_byte_but_metadata_and_title_belongs_to_a_section() -> None:
    rng = random.Random(5)
    for _ in range(40):
        lines = FILES[REVIEW].splitlines(keepends=True)
        rng.shuffle(lines)
        raw = "".join(lines).encode()
        document = parse(raw)
        marks = read_marks(document)
        assert len({m.key for m in marks}) == len(marks)
        assert all(1 <= m.line <= m.last <= len(lines) for m in marks)
        title = next((h for h in document.headings if h.level == 1), None)
        spans = [document.front_matter or (0, 0), (title.start, title.end) if title else (0, 0)]
        for place in rng.sample(range(len(raw)), 10):
            if not any(start <= place < end for start, end in spans):
                after = read_marks(parse(raw[:place] + b"x" + raw[place:]))
                assert {(m.key, m.hash) for m in after} != {(m.key, m.hash) for m in marks}


def test_a_name_with_signs_for_the_terminal_does_no_harm(root: Path) -> None:
    approve(root, "Purpose")
    file = root / RECEIPTS
    file.write_text(file.read_text().replace('"Ada"', '"A\\u001b[31mda"'))
    for command in ("blame", "check"):
        assert "\x1b" not in run("-C", root, command, REVIEW).stdout
    assert "A" in run("-C", root, "blame", REVIEW).stdout


def test_receipts_behind_a_link_are_not_read(root: Path, tmp_path: Path) -> None:
    approve(root)
    (root / "receipts").rename(tmp_path / "elsewhere")
    (root / "receipts").symlink_to(tmp_path / "elsewhere")
    assert status(root) == "defined"
    with pytest.raises(LibraryError, match="outside of the library"):
        approve(root)


def test_an_update_of_an_approved_document_takes_it_back_in_the_tables_too(root: Path) -> None:
    project = approve(root)
    project.author().update(REVIEW, "add exit state Deferred: the board decides next quarter").accept()
    assert status(root) == "defined"
    assert not project.sync()
    assert "| Approved |" not in (root / "index.md").read_text()
    (message,) = outdated(root)
    assert message.startswith("'11. Exit States' changed")
