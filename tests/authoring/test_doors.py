"""One gate for all who write: what neither brief nor library holds is told, whichever door it came through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from tests.cli.test_create_with_a_model import draft_with, hook, point
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.cli.test_create_with_a_model import run as command
from tests.cli.test_handoff import TITLE, answer
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, schema_of
from tests.mcp.test_server import call, talk

INVENTED = "Run `ringctl promote --ring 3` on edge-7.acme.internal, and wait 37 minutes."
TOLD = {"ringctl promote --ring 3", "edge-7.acme.internal", "37 minutes"}


def invented() -> dict[str, Any]:
    fields = answer()
    fields["workflow"][1]["actions"] = [INVENTED]
    return fields


def told(lines: Any) -> set[str]:
    """Return which of the inventions are told as not verified."""
    unverified = [line for line in lines if line.startswith("Unverified: ")]
    return {each for each in TOLD if any(each in line for line in unverified)}


def test_a_chat_model(root: Path) -> None:
    def actions(path: Any, schema: Any) -> Any:
        if path == ("workflow_actions",):
            return [{"step": number, "actions": [INVENTED if number == 2 else "Do it."]} for number in (1, 2, 3)]
        return hook(path, schema)

    def reply(body: Json) -> Scripted:
        return data(answer_schema(schema_of(body), (), actions))

    with Loopback(reply) as server:
        draft = draft_with(point(root, server))
    assert told(draft.open_questions) == TOLD
    assert "Unverified" in draft.text


@pytest.mark.parametrize("by", ["", "a coding agent", "Jane"])
def test_an_answer_by_whom_nobody_answers_for(root: Path, by: str) -> None:
    draft = Project.open(root).handoff.submit(json.dumps({"title": TITLE, "by": by, "fields": invented()}))
    assert told(draft.open_questions) == TOLD
    assert told(draft.notes) == set()
    assert "Unverified" in draft.text


def test_a_person_who_answers_for_it_gets_notes(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({"title": TITLE, "fields": invented()}))
    shown = json.loads(command("-C", root, "submit", file, "--by", "Jane", "--json").stdout)
    assert told(shown["notes"]) == TOLD
    assert shown["open_questions"] == []
    # What an agent adds to a person's answer is no person's any more.
    again = Project.open(root).handoff.submit(json.dumps({"title": TITLE, "fields": {"plan_requirement": "None."}}))
    assert told(again.open_questions) == TOLD


def test_the_tools_of_the_server(root: Path) -> None:
    async def work(client: Any) -> None:
        made = await call(client, "propose_draft", title=TITLE, by="Jane", fields=invented())
        assert told(made["open_questions"]) == TOLD
        shown = await call(client, "get_update_targets", ref="Design Review", wish="new criterion", section="S7")
        operations = changes(shown)
        made = await call(client, "propose_update", ref="Design Review", wish="new criterion", changes=operations)
        assert told(made["open_questions"]) == TOLD

    talk(root, work)


def changes(shown: dict[str, Any]) -> dict[str, Any]:
    target = next(t for t in shown["targets"] if t["id"] == "S7.items[1]")
    operation = {"action": "insert_after", "target": target["id"], "expect": target["hash"], "values": [INVENTED]}
    return {"validation_and_acceptance_criteria_changes": [operation]}


@pytest.mark.parametrize("person", [False, True])
def test_an_update_by_hand(root: Path, *, person: bool) -> None:

    project = Project.open(root)
    shown = project.revision("Design Review", "new criterion").targets_json("S7")
    draft = project.revise("Design Review", "new criterion", changes(shown), by="Jane", person=person)
    assert (told(draft.notes), told(draft.open_questions)) == ((TOLD, set()) if person else (set(), TOLD))
    assert all(
        'in "Validation' in each or 'in "7. Validation' in each for each in (*draft.notes, *draft.open_questions)
    )


def test_what_a_document_asks_already_is_not_asked_by_an_update_and_is_confirmed_as_a_whole(root: Path) -> None:
    page = root / "feature/design-review.md"
    asked = "Unverified: commands `ringctl promote --ring 3` in step 1; `ringctl stop` in step 2"
    listed = f"open_questions:\n  - '{asked}'\n---\n\n# Design"
    page.write_text(page.read_text().replace("---\n\n# Design", listed))
    project = Project.open(root)
    shown = project.revision("Design Review", "new criterion").targets_json("S7")
    draft = project.revise("Design Review", "new criterion", changes(shown), by="Jane", person=False)
    assert told(draft.open_questions) == TOLD - {"ringctl promote --ring 3"}
    draft.accept()
    assert asked in [each.question.text for each in project.questions.list("Design Review")]
    closed = project.questions.answer("Design Review", 1, accept=True)
    assert (closed.asked.question.text, closed.where) == (asked, "confirmed")
    project.questions.write(closed)
    assert len(project.questions.list("Design Review")) == closed.left == 1
