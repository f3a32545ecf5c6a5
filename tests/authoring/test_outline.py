"""A model writes an outline first, which is checked before prose is paid for, then the page, and looks at that."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from procauthor.authoring.look import add_times
from procauthor.authoring.outline import name_others
from procauthor.authoring.page import DraftPage, PageEdit
from procauthor.template.read import TemplateStore
from tests.cli.test_create_with_a_model import TITLE, TITLES, hook, point
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, schema_of, words_of

TEMPLATE = TemplateStore().get("procedure")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")


def run(root: Path, change: Any = None) -> tuple[Any, list[Json]]:
    def reply(body: Json) -> Scripted:
        value: Json = answer_schema(schema_of(body), TITLES, hook)
        if change:
            change(value, body)
        return data(value)

    with Loopback(reply) as server:
        draft = Project.open(point(root, server)).author(model="openai:any").create(TITLE)
    return draft, server.requests


def fields_of(body: Json) -> set[str]:
    return set(schema_of(body)["properties"]) - {"passages_used", "open_questions"}


def test_the_flow_comes_first_and_what_the_steps_do_is_asked_for_later(root: Path) -> None:
    _, requests = run(root)
    assert {"purpose", "trigger", "required_inputs", "workflow", "output_contract", "exit_states"} <= fields_of(
        requests[0]
    )
    step = schema_of(requests[0])["properties"]["workflow"]["items"]["properties"]
    assert "actions" not in step
    assert list(schema_of(requests[1])["properties"])[:5] == [
        "at_a_glance",
        "plan_requirement",
        "workflow_actions",
        "workflow_failure_handling",
        "validation_and_acceptance_criteria",
    ]
    assert fields_of(requests[2]) == {"edits", "settled"}
    assert len(requests) == 3


def test_where_a_reply_is_too_short_for_the_page_the_other_sections_follow_what_the_steps_do(root: Path) -> None:
    with Loopback(lambda body: data(answer_schema(schema_of(body), TITLES, hook))) as server:
        point(root, server, reply_tokens=5_000)
        draft = Project.open(root).author(model="openai:any").create(TITLE)
    assert [row["step"] for row in draft.usage_by_step] == [3, 5, 6, 8]
    assert fields_of(server.requests[1]) == {"workflow_actions", "workflow_failure_handling"}
    assert '"workflow_actions": [' in words_of(server.requests[2])
    assert "validation_and_acceptance_criteria" in fields_of(server.requests[2])


def jump(value: Json) -> None:
    first, _, last = value["workflow"]
    first["decisions"] = [{"condition": "it is small", "then": "go on with Step 3", "otherwise": None}]
    last["inputs"] += [{"artifact": "Record 2", "condition": None, "source": "Step 2"}]


def jump_to_a_step_beside(value: Json) -> None:
    jump(value)
    value["workflow"][2]["beside"] = "Step 2"


def name_the_whole_group(value: Json) -> None:
    for step in value["workflow"][1:]:
        step["beside"] = "Steps 2 and 3"
    value["workflow"][2]["inputs"] = [{"artifact": "Record 1", "condition": None, "source": "Step 1"}]
    value["output_contract"] += [{**value["output_contract"][0], "artifact": "Record 2"}]


def end_in_nothing(value: Json) -> None:
    value["workflow"][1]["decisions"] = [
        {"condition": "it is late", "then": "end with the exit state Put Aside", "otherwise": None}
    ]


def go_nowhere(value: Json) -> None:
    value["workflow"][1]["decisions"] = [{"condition": "it is late", "then": "return to Step 9", "otherwise": None}]


def use_nothing_made(value: Json) -> None:
    value["workflow"][2]["inputs"][0]["artifact"] = "Sheet of Yesterday"


def hand_over_nothing_made(value: Json) -> None:
    value["output_contract"][0]["artifact"] = "Sheet of Tomorrow"


def start_nowhere(value: Json) -> None:
    value["trigger"][0]["start"] = "Step 9"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (jump, "jumps to step 3, over step 2, which makes"),
        (end_in_nothing, "which is no exit state"),
        (go_nowhere, "step 9"),
        (use_nothing_made, "Sheet of Yesterday"),
        (hand_over_nothing_made, "Sheet of Tomorrow"),
        (start_nowhere, "step 9"),
    ],
)
def test_a_fault_of_the_outline_is_corrected_before_anything_else_is_written(
    root: Path, fault: Callable[[Json], None], told: str
) -> None:
    def change(value: Json, body: Json) -> None:
        if {"workflow", "trigger"} <= value.keys() and "Write these fields again" not in words_of(body):
            fault(value)

    draft, requests = run(root, change)
    assert "Write these fields again" in words_of(requests[1])
    assert told.lower() in words_of(requests[1]).split("Write these fields again")[1].lower()
    assert "workflow_actions" not in fields_of(requests[1])
    # Only what may refer to a procedure is written again with the closed list.
    refers = bool({"required_inputs", "downstream_dependencies"} & fields_of(requests[1]))
    assert ("The closed list of titles" in words_of(requests[1])) == refers
    assert len(requests) == 4
    assert [f for f in draft.findings if f["severity"] == "error"] == []


def test_a_jump_over_a_step_that_runs_beside_its_target_leaves_nothing_out(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if {"workflow", "trigger"} <= value.keys():
            jump_to_a_step_beside(value)

    _, requests = run(root, change)
    assert not any("jumps to step 3" in words_of(body) for body in requests)


def test_steps_that_name_their_whole_group_as_beside_them_name_the_others_and_cost_no_call(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if {"workflow", "trigger"} <= value.keys():
            name_the_whole_group(value)

    draft, requests = run(root, change)
    assert len(requests) == 3
    assert "**Beside:** Step 3\n" in draft.text.split("### Step 2")[1].split("### Step 3")[0]
    assert "**Beside:** Step 2\n" in draft.text.split("### Step 3")[1]


def test_words_to_send_that_are_quoted_are_a_block_of_text(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if "workflow_actions" in value:
            value["workflow_actions"][0]["actions"] = ["Write to the reporter:\n> We look.\n> You hear of it."]

    draft, requests = run(root, change)
    assert "1. Write to the reporter:\n\n   ```text\n   We look.\n   You hear of it.\n   ```\n" in draft.text
    assert len(requests) == 3


def test_a_field_that_is_written_again_is_asked_for_without_the_passages(root: Path) -> None:
    def change(value: Json, body: Json) -> None:
        if "workflow_actions" in value and "Write these fields again" not in words_of(body):
            value["workflow_actions"][0]["actions"] = ["# No heading"] * 20

    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("Draw every component.", "Find what can go wrong before it is built."))
    _, requests = run(root, change)
    assert [("# Write these fields again" in words_of(body)) for body in requests] == [False, False, True, False]
    assert [("Passages of the library" in words_of(body)) for body in requests] == [True, True, False, False]
    assert fields_of(requests[2]) == {"workflow_actions"}


def test_a_proposal_is_kept_with_its_reason_and_is_no_doubt(root: Path) -> None:
    proposed = "(proposed: 45 minutes; two shifts overlap for an hour)"

    def change(value: Json, _: Json) -> None:
        if "workflow" in value:
            value["workflow"][0]["who"] = {"role": "shift lead", "time": proposed, "fallback": None}
        if "workflow_actions" in value:
            value["workflow_actions"][1]["actions"] = [
                f"Wait {proposed} for the record, and call `frobctl now`.",
                f"It ends at T + 45 minutes {proposed}.",
                "Look again 30 seconds (proposed; a poll takes ten) later.",
                f"Call after 45 minutes, never in writing {proposed}, and 45 minutes later once more.",
            ]
            value["open_questions"] = ["Which room is taken?"]

    draft, requests = run(root, change)
    assert "**Who:** shift lead; within 45 minutes (proposed)\n" in draft.text
    assert "1. Wait 45 minutes (proposed) for the record" in draft.text
    assert "2. It ends at T + 45 minutes (proposed).\n" in draft.text
    assert "3. Look again 30 seconds (proposed) later.\n" in draft.text
    assert "4. Call after 45 minutes (proposed), never in writing, and 45 minutes later once more.\n" in draft.text
    assert "- 30 seconds; a poll takes ten\n" in draft.text
    assert draft.text.count("45 minutes; two shifts overlap for an hour") == 4
    assert not any("45 minutes" in question or "30 seconds" in question for question in draft.open_questions)
    look = words_of(requests[-1])
    assert "frobctl now" in look.split("What neither the brief nor the library holds")[1]
    assert "there is room for 7 more proposals and questions" in words_of(requests[1])
    assert "The page has 5 proposals and 2 questions, of 8 that it may have together." in look
    found = [(q.question.kind, q.question.text) for q in Project.open(root).questions.list()]
    assert found.count(("proposal", "45 minutes")) == 4


def number_of(body: Json, line: str) -> int:
    """Return the number of the passage that begins like this on the page that a last look shows."""
    found = re.search(rf"^\[(\d+)\] {re.escape(line)}", words_of(body), re.MULTILINE)
    assert found is not None, line
    return int(found[1])


AGAIN = "It was looked at and corrected once"


def editing(*edits: tuple[str, str, str], settled: tuple[int, ...] = ()) -> Callable[[Json, Json], None]:
    """Give these edits in a first look, and none in the second: the beginning of a passage, the action, and the text."""

    def change(value: Json, body: Json) -> None:
        for entry in value.get("workflow_actions", ()):
            entry["actions"] = [f"Do part {entry['step']}."]
        if "workflow_failure_handling" in value:
            del value["workflow_failure_handling"][1]
        if "edits" in value and AGAIN not in words_of(body):
            value["edits"] = [
                {"passage": number_of(body, line), "action": action, "text": text} for line, action, text in edits
            ]
            value["settled"] = list(settled)

    return change


def test_a_last_look_sees_the_page_and_changes_any_passage_and_settles_questions(root: Path) -> None:
    look = editing(
        ("### Step 2", "replace", "### Step 2: Call"),
        ("1. Do part 2.", "replace", "Call the shift lead:\n\n```sh\nring --all\n```"),
        ("- Record 1 (From: Step 1)", "after", "**Only if:** the bell rings"),
        ("- Record 2: ", "after", "**Failure Handling:**\n\n- Nobody answers: retry twice, then end as Put Off"),
        ("- **Record the exit states 1", "replace", "- **Put Off**: the shift lead takes it up in the morning"),
        ("1. Do part 1.", "after", "**Decisions:**\n\n- If it is late: go on with Step 2"),
        settled=(1, 99),
    )

    def change(value: Json, body: Json) -> None:
        if "purpose" in value:
            value["open_questions"] = ["Who leads the whole work?", "Which room is taken?"]
        look(value, body)

    draft, requests = run(root, change)
    step = draft.text.split("### Step 2: Call\n")[1].split("### Step 3")[0]
    assert "**Only if:** the bell rings\n\n**Inputs:**\n\n- Record 1 (From: Step 1)" in step
    assert "1. Call the shift lead:\n\n   ```sh\n   ring --all\n   ```" in step
    assert "**Failure Handling:**\n\n- Nobody answers: retry twice, then end as Put Off" in step
    assert "- If it is late: go on with Step 2" in draft.text
    assert "- **Put Off**: the shift lead takes it up in the morning" in draft.text
    assert "Which room is taken?" in draft.open_questions
    assert "Who leads the whole work?" not in draft.open_questions
    assert "Who leads the whole work?" in words_of(requests[2])
    assert draft.notes == ()


def test_a_last_look_adds_an_input_that_the_outline_forgot_and_uses_it(root: Path) -> None:
    look = editing(
        ("- **Component Diagram**", "after", "- **Site Survey** (arrives during Step 1): what is there"),
        ("- Component Diagram (From: Required", "after", "- Site Survey (From: Required Inputs)"),
    )
    draft, requests = run(root, look)
    assert len(requests) == 4
    assert ("# Brief" in words_of(requests[2]), "# Brief" in words_of(requests[3])) == (True, False)
    assert "- **Site Survey** (arrives during Step 1)" in words_of(requests[3])
    assert "- **Site Survey** (arrives during Step 1): what is there\n" in draft.text
    assert "- Site Survey (From: Required Inputs)\n" in draft.text
    assert draft.notes == ()


@pytest.mark.parametrize(
    ("edit", "kept"),
    [
        (("- **Record the exit states 0", "delete", ""), "- **Record the exit states 0"),
        (("- Record 2: ", "replace", "no colon, so no output"), "- Record 2: "),
        (("1. Do part 1.", "replace", "# A heading"), "1. Do part 1."),
        (("- Record 2 (From: Step 2)", "replace", "- Nothing Made (From: Step 2)"), "- Record 2 (From: Step 2)"),
    ],
    ids=["fewer than the template wants", "no item", "a heading", "an error"],
)
def test_an_edit_that_does_not_fit_is_left_out_and_told_and_the_others_are_taken(
    root: Path, edit: tuple[str, str, str], kept: str
) -> None:
    draft, requests = run(
        root,
        editing(
            edit,
            ("- Component Diagram (From", "after", "- Record 3 (late) (From: Step 3)"),
            ("1. Do part 3.", "replace", "Tell the shift lead."),
        ),
    )
    assert kept in draft.text
    assert "1. Tell the shift lead." in draft.text
    assert [f for f in draft.findings if f["severity"] == "error"] == []
    assert len(requests) == 4
    assert f"was left out: {edit[1]} '{edit[0][:20]}" in draft.notes[0]


def test_a_last_look_that_cannot_be_read_costs_no_draft(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if "edits" in value:
            value["edits"] = "everything is fine"

    draft, _ = run(root, change)
    assert draft.outcome == "Awaiting review"
    assert any(question.startswith("The draft was not read as a whole") for question in draft.open_questions)


def test_a_draft_with_too_many_questions_is_told_how_many_and_loses_none(root: Path) -> None:
    things = "room tool shelf lamp desk gate lock bell ladder basket".split()  # noqa: SIM905 - easier to read
    questions = [f"Where is the {thing} kept?" for thing in things]

    def change(value: Json, _: Json) -> None:
        if "purpose" in value:
            value["open_questions"] = questions

    draft, requests = run(root, change)
    assert "there is no room for a further proposal or question." in words_of(requests[1])
    assert "0 proposals and 10 questions" in words_of(requests[2])
    assert "2 too many" in words_of(requests[2])
    assert set(questions) <= set(draft.open_questions)


PAGE = """# Ring

## 1. Purpose

Somebody comes.
It is quick.

Nobody else.

## 2. Steps

### Step 1: Ring

**Who:** porter; within 5 minutes

**Actions:**

1. Ring.

   ```sh
   ring --all

   - not an item
   ```

2. Wait.
- [ ] It rang.
"""


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        ((1, "replace", "A man comes."), "Somebody comes.\nIt is quick.", "A man comes."),
        ((2, "delete", ""), "Nobody else.\n", ""),
        ((2, "after", "Never."), "Nobody else.\n", "Nobody else.\n\nNever.\n\n"),
        ((3, "replace", "[3] Step 1: Call"), "### Step 1: Ring", "### Step 1: Call"),
        ((4, "replace", "guard; within 5 minutes"), "porter", "guard"),
((4, "before", "**Inputs:**\n\n- Bell"), "minutes\n", "minutes\n\n\n**Inputs:**\n\n- Bell\n\n"),
        ((5, "before", "**Who:** guard"), "porter; within 5 minutes", "guard"),
        ((5, "replace", "**Now:** ring\n\n| a |\n|---|\n| b |"), PAGE[PAGE.index("1. Ring"):PAGE.index("\n2. Wait")],
         "1. **Now:** ring\n\n   | a |\n   |---|\n   | b |\n"),
        ((6, "before", "Listen."), "2. Wait.", "2. Listen.\n\n2. Wait."),
        ((7, "replace", "It rang twice."), "- [ ] It rang.", "- [ ] It rang twice."),
        ((3, "delete", ""), PAGE[PAGE.index("### Step 1"):], ""),
        ((6, "replace", "None."), "2. Wait.\n", ""),
        ((99, "delete", ""), "", ""),
    ],
)  # fmt: skip
def test_an_edit_changes_its_passage_and_nothing_else(edit: tuple[int, Any, str], old: str, new: str) -> None:
    page = DraftPage(TEMPLATE, {}, PAGE)
    assert page.edited([]) == PAGE
    lines = page.edited([PageEdit(*edit)]).split("\n")
    # Empty lines are made when the page is rendered again.
    assert [line for line in lines if line] == [line for line in PAGE.replace(old, new, 1).split("\n") if line]


def test_variables_that_no_line_of_a_page_sets_are_named() -> None:
    body = 'HOST=a\ncurl "$HOST/${TOPIC}" | jq --arg id "$HOME" .$id\nfor F in *; do wc "$F"; done; $x = 1; $x + $T0 + $TOPIC'
    assert DraftPage(TEMPLATE, {}, body).unset == ["TOPIC", "T0"]


def test_the_words_of_a_page_are_those_that_are_read() -> None:
    assert DraftPage(TEMPLATE, {}, "Type this:\n\n```sh\ngh pr view 7\n```\n\nThen wait.").words == 4
    body = "1. Type it:\n\n   ```sh\n   gh pr view 7\n   ```\n\n2. Then wait an hour for it.\n"
    assert DraftPage(TEMPLATE, {}, body).longest(1, 1) == {2: 7}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("gh pr view NUMBER --json state", ["NUMBER"]),
        ("git switch <branch> && git log OLD_NAME..HEAD", ["<branch>", "OLD_NAME"]),
        ("# NUMBER: the pull request\ngh pr view NUMBER", []),
        ("psql --command 'ALTER TABLE t DROP COLUMN c'", []),
        ("curl -X POST --data @body.json localhost", []),
        ("cat <<'NOTE' > note.md\nWe look.\nNOTE", []),
        ('TAG=v1\ngit tag "$TAG" --message TAG', []),
        ("gh pr view TICKET", []),
        ("test -s a.txt || echo MISSING; aws get Z0123456789 --action UPSERT", []),
        ("aws organizations list-policies --filter SERVICE_CONTROL_POLICY", []),
        ('aws iam put-role-policy --policy-document \'{"AWS": "OWN_KEY", "Own_KEY": 1}\'', ["OWN_KEY"]),
        ('while read -r END LOGIN; do gh api "users/$LOGIN"; echo "$END"; done', []),
    ],
)
def test_places_to_fill_in_that_no_line_of_a_page_explains_are_named(code: str, told: list[str]) -> None:
    body = f"TICKET is that of the case. Run `gh pr view NUMBER`.\n\n1. Look:\n\n   ```sh\n   {code}\n   ```\n"
    assert DraftPage(TEMPLATE, {}, body).unset == told
    assert DraftPage(TEMPLATE, {}, body.replace("```sh", "```json")).unset == []


@pytest.mark.parametrize(
    ("beside", "left"),
    [
        ("Step 2", None),
        ("Steps 2 and 3", "Step 3"),
        ("Steps 1, 2 and 4", "Steps 1, 4"),
        ("Step 3, Step 2", "Step 3"),
        ("Steps 2-4", "Steps 2-4"),
        ("Step 12", "Step 12"),
        (None, None),
    ],
)
def test_no_step_is_named_as_beside_itself(beside: str | None, left: str | None) -> None:
    assert name_others(TEMPLATE, [{"beside": None}, {"beside": beside}])[1] == {"beside": left}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            [("10 minutes of the call", ""), ("(proposed: 2 hours; 90 minutes were short)", "")],
            "together 2 h 10 min; step 1: 10 minutes of the call; step 2: 2 hours (proposed)",
        ),
        (
            [("1 hour", ""), ("30 minutes", "Step 3"), ("2 hours", "Step 2"), ("1 day", "")],
            "step 1: 1 hour; step 2: 30 minutes; step 3: 2 hours; step 4: 1 day",
        ),
        ([("T + 10 minutes", ""), ("1 day after", "")], "step 1: T + 10 minutes; step 2: 1 day after"),
        ([("30 seconds", ""), ("2 minutes", "")], "together 2 min 30 s; "),
        ([("1 hour", ""), ("1 day for each 20 pages", "")], "step 1: 1 hour; step 2: 1 day for each 20 pages"),
        ([("1.5 hours", ""), ("1 day", "")], "together 1 d 1 h 30 min; "),
        ([("1 day", ""), ("soon", "")], "step 1: 1 day; step 2: soon"),
        ([("by 12:00, 2 hours later", "")], "step 1: by 12:00, 2 hours later"),
        ([("2 hours, urgent 30 minutes", "")], "step 1: 2 hours, urgent 30 minutes"),
        ([(None, ""), ("two working days", "")], "step 2: two working days"),
        ([(None, "")], ""),
        ([], ""),
    ],
)
def test_the_times_of_the_steps_are_added_up(steps: list[tuple[str | None, str]], told: str) -> None:
    rows = [{"who": {"role": "porter", "time": time}, "beside": beside or None} for time, beside in steps]
    times = add_times(TEMPLATE, {"workflow": rows})
    assert times.startswith(told)
    assert bool(times) == bool(told)
