"""What a document leaves open is listed, counted and answered; until then it is neither defined nor approved."""

from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from tests.cli.inside import run, run_json

TEMPLATE = """---
template: note
version: 1
kind: procedure
---

# {title}

## Aim

<!-- role: purpose -->

{What it is for.}

## Limits

- **{limit}**: {why}

## Keeping

| Record | Place |
|---|---|
| {record} | {place} |
"""
NOTE = """---
owner: Dana
status: In progress
open_questions:
- 'Limits: how long may a copy take?'
- Who signs?
---

# Copy the Disk

## Aim

Keep the data (proposed: 30 days; as the contract says) on two disks.

## Limits

- **Two hours**: the night is short.
- **TODO limit**: …

## Keeping

| Record | Place |
|---|---|
| Log | the vault |
| TODO record | … |
"""


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "ops").mkdir()
    (tmp_path / "templates/note.md").write_text(TEMPLATE)
    (tmp_path / "ops/copy.md").write_text(NOTE)
    (tmp_path / "procauthor.toml").write_text('[templates]\n"ops/*.md" = "note"\n')
    return tmp_path


def row(lib: Path, path: str = "ops/copy.md") -> dict[str, Any]:
    found: dict[str, Any] = next(d for d in run_json("-C", lib, "evaluate")["documents"] if d["path"] == path)
    return found


def test_questions_are_listed_with_place_owner_and_reason(lib: Path) -> None:
    found = run_json("-C", lib, "questions")["questions"]
    assert [(q["number"], q["kind"], q["line"]) for q in found] == [
        (1, "question", 5),
        (2, "question", 6),
        (3, "proposal", 13),
        (4, "question", 18),
        (5, "question", 25),
    ]
    assert {(q["path"], q["owner"]) for q in found} == {("ops/copy.md", "Dana")}
    assert (found[2]["text"], found[2]["reason"], found[2]["section"]) == ("30 days", "as the contract says", "Aim")
    assert "(Dana): proposal 3: 30 days" in run("-C", lib, "questions", "ops/copy.md").stdout


def test_an_answer_says_which_question_is_the_first_now(lib: Path) -> None:
    asked = run_json("-C", lib, "questions")["questions"]
    path, second = asked[0]["path"], asked[1]["text"]
    said = run("-C", lib, "answer", path, "1", "An hour.").stderr
    assert f"numbered again: {asked[1]['kind']} 1 is now: {second}" in said


def test_an_answer_takes_its_place_and_undo_takes_it_back(lib: Path) -> None:
    page = lib / "ops/copy.md"
    for number, text, line in (
        (5, "Tape list | the archive", "| Tape list | the archive |\n"),
        (4, "**One disk a night**: the second waits.", "- **One disk a night**: the second waits.\n"),
        (3, "60 days", "Keep the data 60 days on two disks.\n"),
        (1, "**A copy takes four hours at most**: then the shift ends.", "shift ends.\n\n## Keeping"),
    ):
        before = page.read_bytes()
        dry = run_json("-C", lib, "answer", "ops/copy.md", str(number), text, "--dry-run")
        assert (dry["written"], page.read_bytes()) == (False, before)
        done = run_json("-C", lib, "answer", "ops/copy.md", str(number), text)
        assert (done["diff"], done["left"]) == (dry["diff"], dry["left"])
        assert line in page.read_text()
    assert row(lib)["status"] == "in progress"
    done = run_json("-C", lib, "answer", "ops/copy.md", "1", "The shift lead.")
    assert (done["left"], done["status"]) == (0, "defined")
    text = page.read_text()
    assert "status: Defined\n" in text
    assert "open_questions" not in text
    assert "answers:\n- Who signs? The shift lead.\n" in text
    for _ in range(5):
        run("-C", lib, "undo")
    assert page.read_text() == NOTE


def test_a_proposal_is_accepted_as_it_is(lib: Path) -> None:
    run("-C", lib, "answer", "Copy the Disk", "3", "--accept")
    assert "Keep the data 30 days on two disks." in (lib / "ops/copy.md").read_text()


LISTED = """---
owner: Dana
status: In progress
open_proposals:
- 30 days; as the contract says
- two disks; one may fail
- two disks; the same for the copy
- an hour; nobody knows where it was said
---

# Copy the Disk

## Aim

Keep the data 30
days (proposed) on two disks (proposed), and `30 days (proposed)` is code.

- The copy is on two disks (proposed) (proposed), unlike two disks.
"""


def test_proposals_of_the_front_matter_have_their_place_in_the_text(lib: Path) -> None:
    page = lib / "ops/copy.md"
    page.write_text(LISTED)
    asked = run_json("-C", lib, "questions", "Copy the Disk")["questions"]
    proposals = [(q["text"], q["reason"], q["line"], q["section"]) for q in asked if q["kind"] == "proposal"]
    assert proposals == [
        ("an hour", "nobody knows where it was said", 8, ""),
        ("30 days", "as the contract says", 15, "Aim"),
        ("two disks", "one may fail", 16, "Aim"),
        ("two disks", "the same for the copy", 18, "Aim"),
    ]
    number = {q["reason"]: q["number"] for q in asked}
    refused = run("-C", lib, "answer", "Copy the Disk", str(number["nobody knows where it was said"]), "2 h", code=2)
    assert "is not in the text" in refused.stderr
    run("-C", lib, "answer", "Copy the Disk", str(number["the same for the copy"]), "one tape")
    run("-C", lib, "answer", "Copy the Disk", str(number["one may fail"]), "--accept")
    run("-C", lib, "answer", "Copy the Disk", str(number["as the contract says"]), "90 days")
    run("-C", lib, "answer", "Copy the Disk", "1", "--accept")
    assert page.read_text().partition("---\n\n")[2] == (
        "# Copy the Disk\n\n## Aim\n\nKeep the data 90 days on two disks, and `30 days (proposed)` is code.\n\n"
        "- The copy is on one tape (proposed), unlike two disks.\n"
    )
    assert "open_proposals" not in page.read_text()


def test_a_mark_without_a_proposal_is_a_word(lib: Path) -> None:
    (lib / "ops/copy.md").write_text("# Copy the Disk\n\n## Aim\n\nA queue (proposed) takes it.\n")
    assert run_json("-C", lib, "questions", "ops/copy.md")["questions"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["9", "x"], "no open question 9"),
        (["1", ""], "the answer is empty"),
        (["1", "--accept"], "nothing is proposed"),
        (["1", "one\ntwo"], "more than one line"),
        (["1", "TODO ask Dana"], "open itself"),
        (["1", "a week (proposed)"], "open itself"),
        (["5", "only one"], "2 open cells"),
        (["2", "Dana", "--section", "Nowhere"], "has no section"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_sentence(lib: Path, words: list[str], said: str) -> None:
    done = run("-C", lib, "answer", "ops/copy.md", *words, code=2)
    assert said in done.stderr
    assert (lib / "ops/copy.md").read_text() == NOTE


def test_evaluation_counts_questions_in_every_form(lib: Path) -> None:
    found = run_json("-C", lib, "evaluate")
    assert found["questions"] == len(found["open_questions"]) == sum(d["questions"] for d in found["documents"]) == 5
    assert (
        sum(d["counted"] for d in found["documents"]) == found["total"]["total"] == found["total"]["in_progress"] == 1
    )
    assert {k: row(lib)[k] for k in ("form", "owner", "counted", "status")} == {
        "form": "note",
        "owner": "Dana",
        "counted": True,
        "status": "in progress",
    }
    for form in ("text", "md", "html"):
        text = run("-C", lib, "evaluate", "--format", form).stdout
        assert "Who signs?" in text
        assert "Dana" in text


def test_nothing_in_progress_is_approved(lib: Path) -> None:
    done = run("-C", lib, "approve", "ops/copy.md", "--by", "Ann", code=None)
    assert done.exit_code
    assert "in progress" in done.stderr
    assert "procauthor answer" in done.stderr


def test_a_finished_document_with_a_question_is_an_error(lib: Path) -> None:
    page = lib / "ops/copy.md"
    page.write_text(NOTE.replace("In progress", "Defined"))
    found = run_json("-C", lib, "check", code=1)["findings"]
    asked = [(f["rule"], f["severity"], f["line"]) for f in found if f["rule"] in ("open-question", "proposal-open")]
    assert sorted(asked) == [
        ("open-question", "error", 5),
        ("open-question", "error", 6),
        ("proposal-open", "error", 13),
    ]


def test_both_doors_say_the_same(lib: Path) -> None:
    from procauthor.mcp.tool import tools

    (listing, answering) = (tools(allow_accept=True)[name] for name in ("list_questions", "answer_question"))
    shown = tools(allow_accept=False)["answer_question"]
    assert (listing.reads, answering.reads, answering.destroys, shown.destroys) == (True, False, True, False)
    listed = listing.call(Project.open(lib), listing.arguments()).data
    assert listed["questions"] == run_json("-C", lib, "questions")["questions"]
    words = {"ref": "ops/copy.md", "number": 3, "accept": True}
    dry = run_json("-C", lib, "answer", "ops/copy.md", "3", "--accept", "--dry-run")
    told = shown.call(Project.open(lib), shown.arguments(**words)).data
    assert {k: v for k, v in told.items() if k != "next"} == {k: v for k, v in dry.items() if k != "schema_version"}
    assert (lib / "ops/copy.md").read_text() == NOTE
    done = answering.call(Project.open(lib), answering.arguments(**words)).data
    assert (done["written"], done["diff"]) == (True, dry["diff"])
    assert "Keep the data 30 days" in (lib / "ops/copy.md").read_text()


def test_a_waiting_draft_is_asked_and_answered(lib: Path) -> None:
    made = run_json("-C", lib, "create", "Wipe the Disk", "--lifecycle", "Ops", "--author", "offline")
    assert made["outcome"] == "Awaiting review"
    asked = run_json("-C", lib, "questions", made["draft"])["questions"]
    assert asked
    assert {q["draft"] for q in asked} == {made["draft"]}
    left = run_json("-C", lib, "answer", made["draft"], "1", "Nobody reads it afterwards.")["left"]
    assert left == len(asked) - 1
    run("-C", lib, "accept", made["draft"])
    text = (lib / made["path"]).read_text()
    assert "Nobody reads it afterwards." in text
    assert "status: In progress" in text
    assert row(lib, made["path"])["status"] in ("in progress", "placeholder")
