"""A procedure that is defined goes out for revision with its fields as they are, and comes back to the byte."""

import json
from pathlib import Path
from typing import Any

import pytest

from procauthor import ProcauthorError, Project
from tests.checking.test_form import RICH
from tests.cli.test_handoff import TITLE, answer, run, submit
from tests.conftest import REVIEW, snapshot

DEFINED = "Design Review Procedure"
PAGE = "feature/design-review.md"


def brief(root: Path, title: str = DEFINED) -> Any:
    return json.loads(run("-C", root, "brief", title, "--json").stdout)


def hand_in(root: Path, fields: dict[str, Any], title: str = DEFINED, **members: Any) -> Any:
    return Project.open(root).handoff.submit(json.dumps({"title": title, "fields": fields, **members}))


def test_the_brief_of_a_defined_procedure_holds_its_fields(root: Path) -> None:
    before = snapshot(root)
    found = brief(root)
    assert (found["revises"], found["missing"]) == (True, [])
    assert found["filled"] == sorted(answer())
    values = found["values"]
    assert values["trigger"] == ["A feature is approved."]
    assert values["required_inputs"] == [
        {"artifact": "Feature Request", "description": "what is asked for."}
        | dict.fromkeys(("condition", "change", "provider"))
    ]
    assert values["workflow"][1]["decisions"] == [
        {"condition": "no option meets the request", "then": "return to Step 1", "otherwise": "record the decision"}
    ]
    assert values["workflow"][0]["decisions"] == []
    assert values["downstream_dependencies"] == [
        {"artifact": "Component Diagram", "consumer": TITLE, "use": "as the list of what to examine."}
    ]
    text = run("-C", root, "brief", DEFINED).stdout
    assert f"Revise the procedure **{DEFINED}**" in text
    assert "hand in only what changes" in text
    assert '"Draw every component that the feature adds or changes, and name its owner."' in text
    assert snapshot(root) == before


def test_only_what_is_handed_in_changes(root: Path) -> None:
    brief(root)
    change = {"workflow[1].actions[0]": "Compare at least three options.", "trigger[1]": "A board asks for it."}
    draft = hand_in(root, change, by="B. Person")
    assert (draft.outcome, draft.findings) == ("Awaiting review", ())
    lines = [line for line in draft.diff().splitlines() if line[:1] in "+-" and "design-review.md" not in line]
    assert lines == [
        "+written_by: B. Person",
        "+- A board asks for it.",
        "-1. Compare at least two options, and write down why one was chosen.",
        "+1. Compare at least three options.",
    ]
    told = run("-C", root, "accept")
    assert "is updated" in told.stderr
    wanted = REVIEW.replace("status: Defined\n", "status: Defined\nwritten_by: B. Person\n")
    wanted = wanted.replace("- A feature is approved.\n", "- A feature is approved.\n- A board asks for it.\n")
    wanted = wanted.replace(
        "Compare at least two options, and write down why one was chosen.", change["workflow[1].actions[0]"]
    )
    assert (root / PAGE).read_text() == wanted
    run("-C", root, "check")
    run("-C", root, "undo")
    assert (root / PAGE).read_text() == REVIEW


@pytest.mark.parametrize("raw", [REVIEW.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + REVIEW.encode()])
def test_line_endings_and_marks_stay(root: Path, raw: bytes) -> None:
    (root / PAGE).write_bytes(raw)
    brief(root)
    draft = hand_in(root, {"trigger": ["A feature is wanted."]})
    draft.accept()
    assert (root / PAGE).read_bytes() == raw.replace(b"feature is approved", b"feature is wanted")


def test_an_answer_that_changes_nothing_leaves_no_draft(root: Path) -> None:
    brief(root)
    same = hand_in(root, {"trigger": ["A feature is approved."]})
    assert same.outcome == "No change"
    assert Project.open(root).drafts.all() == []
    assert "No change" in run("-C", root, "submit", "-", text=json.dumps({"title": DEFINED, "fields": {}})).stderr
    assert hand_in(root, {"trigger": ["A feature is wanted."]}).outcome == "Awaiting review"


def test_new_providers_are_declared_and_old_ones_are_left_alone(root: Path) -> None:
    submit(root, answer())
    run("-C", root, "accept")
    page = root / "feature/threat-check.md"
    page.write_text(page.read_text().replace("depends_on:\n  - Design Review Procedure\n", ""))
    brief(root, TITLE)
    more = {"artifact": "Log", "description": "of the last release", "provider": "Release Check Procedure"}
    draft = hand_in(root, {"required_inputs[1]": more}, TITLE)
    assert "depends_on:\n- Release Check Procedure\n" in draft.text


HARD = {
    "paragraph": ("- A feature is approved.\n", "- A feature is approved.\n\n  More words.\n", "no place"),
    "section": ("## 9. Definition", "## Notes\n\nWords.\n\n## 9. Definition", "('## Notes') has no place"),
    "anchor": ("](threat-check.md):", "](threat-check.md#1-purpose):", "would not come back"),
    "missing": ("## 11. Exit States\n", "## 11. Ends\n", "'11. Exit States' is missing"),
    "style": ("# Design Review Procedure\n", "# Design Review Procedure\n\nA lead.\n", "would not come back"),
}


@pytest.mark.parametrize(("old", "new", "words"), HARD.values(), ids=HARD)
def test_what_the_fields_cannot_hold_is_left_to_update(root: Path, old: str, new: str, words: str) -> None:
    (root / PAGE).write_text(REVIEW.replace(old, new))
    before = snapshot(root)
    told = run("-C", root, "brief", DEFINED, code=2).stderr
    assert f"{PAGE} cannot be revised field by field" in told
    assert words in told
    if "line " in told:
        shown = told.partition("line ")[2].partition("'")[2].partition("'")[0]
        assert (root / PAGE).read_text().splitlines()[int(told.partition("line ")[2].split()[0]) - 1].startswith(shown)
    assert f'procauthor update "{DEFINED}" "WISH" --dry-run --json' in told
    assert Project.open(root).runs.names() == []
    assert snapshot(root) == before


def test_a_revision_follows_the_document_that_changed_meanwhile(root: Path) -> None:
    brief(root)
    hand_in(root, {"trigger": ["A feature is wanted."]})
    (root / PAGE).write_text(REVIEW.replace("The record is merged.", "The record is signed."))
    with pytest.raises(ProcauthorError, match="changed since the brief"):
        hand_in(root, {"trigger": ["A feature is wanted."]})
    values = brief(root)["values"]
    assert values["trigger"] == ["A feature is wanted."]
    assert values["definition_of_done"][0] == "The record is signed."
    hand_in(root, {}).accept()
    wanted = REVIEW.replace("feature is approved", "feature is wanted").replace(
        "record is merged.", "record is signed."
    )
    assert (root / PAGE).read_text() == wanted


def test_a_deprecated_document_is_not_handed_out(root: Path) -> None:
    (root / PAGE).write_text(REVIEW.replace("status: Defined", "status: Deprecated"))
    assert "is deprecated" in run("-C", root, "brief", DEFINED, code=2).stderr


# After an undo


def test_an_undone_acceptance_opens_the_run_again_with_its_fields(root: Path) -> None:
    first = submit(root, answer(), open_questions=["Who rates?"])
    run("-C", root, "accept")
    run("-C", root, "undo")
    again = brief(root, TITLE)
    assert (again["run"], again["missing"]) == (first.id, [])
    assert again["values"] == answer()
    second = submit(root, {"purpose": "Find more. It stops at a list."}, run=first.id)
    assert (second.id, second.outcome) == (first.id, "Awaiting review")
    assert "- Who rates?" in second.text
    run("-C", root, "accept")
    assert brief(root, TITLE)["run"] != first.id
    assert brief(root, TITLE)["revises"] is True


def test_a_draft_rejected_after_an_undo_is_gone(root: Path) -> None:
    first = submit(root, answer())
    run("-C", root, "accept")
    run("-C", root, "undo")
    submit(root, {"purpose": "Find more. It stops at a list."})
    run("-C", root, "reject")
    again = brief(root, TITLE)
    assert again["run"] != first.id
    assert again["filled"] == []


def test_an_undone_revision_opens_again_too(root: Path) -> None:
    found = brief(root)
    hand_in(root, {"trigger": ["A feature is wanted."]}).accept()
    run("-C", root, "undo")
    again = brief(root)
    assert again["run"] == found["run"]
    assert again["values"]["trigger"] == ["A feature is wanted."]


def test_a_card_blocks_and_conditions_come_back_to_the_byte(root: Path) -> None:
    (root / PAGE).write_text(RICH)
    values = brief(root)["values"]
    assert values["at_a_glance"]["goal"] == "A decision is merged."
    assert values["trigger"] == [
        "A feature is approved.",
        {"event": "A part fails in production.", "start": "Step 2"},
    ]
    assert values["workflow"][0]["who"]["time"] == "two days"
    assert values["workflow"][1]["actions"][1].endswith("```mermaid\nflowchart LR\n  A --> B\n```")
    draft = hand_in(root, {"workflow[1].who": {"role": "board", "time": "two days"}}, by="B. Person")
    assert (draft.outcome, draft.findings) == ("Awaiting review", ())
    draft.accept()
    wanted = RICH.replace("status: Defined\n", "status: Defined\nwritten_by: B. Person\n")
    purpose = "**Purpose:** Record one decision.\n"
    wanted = wanted.replace(purpose, f"{purpose}\n**Who:** board; within two days\n")
    assert (root / PAGE).read_text() == wanted
