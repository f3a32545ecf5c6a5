"""A model writes an outline first, which is checked before prose is paid for, and looks at the whole at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from procauthor.authoring.look import apply_edits
from tests.cli.test_create_with_a_model import TITLE, TITLES, hook, point
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, schema_of, words_of


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
        draft = Project.open(point(root, server)).author(model="openai:any").create(TITLE).draft
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
    assert {"workflow_actions", "workflow_failure_handling"} in map(fields_of, requests[1:3])
    assert fields_of(requests[3]) == {"edits", "settled"}
    assert len(requests) == 4


def jump(value: Json) -> None:
    first, _, last = value["workflow"]
    first["decisions"] = [{"condition": "it is small", "then": "go on with Step 3", "otherwise": None}]
    last["inputs"] += [{"artifact": "Record 2", "condition": None, "source": "Step 2"}]


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
    assert len(requests) == 5
    assert [f for f in draft.findings if f["severity"] == "error"] == []


def test_a_proposal_is_kept_with_its_reason_and_is_no_doubt(root: Path) -> None:
    proposed = "(proposed: 45 minutes; two shifts overlap for an hour)"

    def change(value: Json, _: Json) -> None:
        if "workflow" in value:
            value["workflow"][0]["who"] = {"role": "shift lead", "time": proposed, "fallback": None}
        if "workflow_actions" in value:
            value["workflow_actions"][1]["actions"] = [f"Wait {proposed} for the record, and call `frobctl now`."]
            value["open_questions"] = ["Which room is taken?"]

    draft, requests = run(root, change)
    assert "**Who:** shift lead; within 45 minutes (proposed)\n" in draft.text
    assert "1. Wait 45 minutes (proposed) for the record" in draft.text
    assert draft.text.count("45 minutes; two shifts overlap for an hour") == 2
    assert not any("45 minutes" in question for question in draft.open_questions)
    look = words_of(requests[-1])
    assert "frobctl now" in look.split("What neither the brief nor the library holds")[1]
    assert "open question 1" not in look
    assert "workflow[].only_if" in look
    found = [(q.question.kind, q.question.text) for q in Project.open(root).questions.list()]
    assert found.count(("proposal", "45 minutes")) == 2


def test_a_last_look_changes_any_field_and_settles_questions(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if "purpose" in value:
            value["open_questions"] = ["Who leads the whole work?", "Which room is taken?"]
        if "edits" in value:
            value["edits"] = [
                {"path": "workflow[1].actions[0]", "action": "replace", "value": "Call the shift lead."},
                {"path": "exit_states[0]", "action": "delete", "value": ""},
                {"path": "no_such_field[3]", "action": "replace", "value": "x"},
            ]
            value["settled"] = [1, 99]

    draft, requests = run(root, change)
    assert "1. Call the shift lead." in draft.text
    assert "Which room is taken?" in draft.open_questions
    assert "Who leads the whole work?" not in draft.open_questions
    assert "Who leads the whole work?" in words_of(requests[3])
    # The template wants two exit states, so the one that was deleted stays.
    assert len(draft.fields["exit_states"]) == 2


def test_what_a_last_look_breaks_is_taken_back(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if "edits" in value:
            value["edits"] = [{"path": "workflow[2].inputs[0].artifact", "action": "replace", "value": "Nothing Made"}]

    draft, requests = run(root, change)
    assert "Nothing Made" not in draft.text
    assert [f for f in draft.findings if f["severity"] == "error"] == []
    assert len(requests) == 4


def test_a_last_look_that_cannot_be_read_costs_no_draft(root: Path) -> None:
    def change(value: Json, _: Json) -> None:
        if "edits" in value:
            value["edits"] = "everything is fine"

    draft, _ = run(root, change)
    assert draft.outcome == "Awaiting review"
    assert any(question.startswith("Nobody has looked at the draft") for question in draft.open_questions)


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (("a[0]", "replace", "new"), {"a": ["new", "two"], "b": [{"c": "x"}]}),
        (("a[0]", "insert", "new"), {"a": ["new", "one", "two"], "b": [{"c": "x"}]}),
        (("a[2]", "insert", "new"), {"a": ["one", "two", "new"], "b": [{"c": "x"}]}),
        (("a[1]", "delete", ""), {"a": ["one"], "b": [{"c": "x"}]}),
        (("b[0].c", "replace", "y"), {"a": ["one", "two"], "b": [{"c": "y"}]}),
        (("b[0]", "insert", '{"c": "w"}'), {"a": ["one", "two"], "b": [{"c": "w"}, {"c": "x"}]}),
        (("b[0]", "replace", "no json"), None),
        (("a[7]", "replace", "new"), None),
        (("b", "delete", ""), None),
        (("", "replace", "new"), None),
    ],
)
def test_an_edit_changes_its_place_and_nothing_else(edit: tuple[str, str, str], after: Json | None) -> None:
    fields = {"a": ["one", "two"], "b": [{"c": "x"}]}
    found = apply_edits(fields, [dict(zip(("path", "action", "value"), edit, strict=True))])
    assert found == (after or fields)
    assert json.dumps(fields) == json.dumps({"a": ["one", "two"], "b": [{"c": "x"}]})
