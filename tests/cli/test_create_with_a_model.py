"""`create --model openai:any` as a user runs it, against a server on the loopback interface."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from procauthor import Draft, Project
from procauthor.errors import AuthoringError
from tests.cli.inside import run, run_json
from tests.conftest import snapshot
from tests.loopback import (
    Json,
    Loopback,
    Scripted,
    answer_schema,
    answers,
    data,
    dropped,
    empty,
    failure,
    procedure_hook,
    refused,
    schema_of,
    text,
    truncated,
    words_of,
)

TITLE = "Threat Check Procedure"
TITLES = ("Design Review Procedure",)
KEY = "sk-very-secret-0123456789"
Answer = Callable[[Json], Scripted]


def hook(path: tuple[str | int, ...], schema: Mapping[str, Any]) -> Any:
    """Take what the neighbour promises."""
    value = procedure_hook(path, schema)
    return "Component Diagram" if value == "Signed Request" else value


good = answers(TITLES, hook)
unfitting = answers(TITLES, procedure_hook)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def point(root: Path, server: Loopback, **settings: object) -> Path:
    lines = [f'base_url = "{server.url}"', "retries = 0", "timeout = 5.0"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    file = root / "procauthor.toml"
    file.write_text("\n".join([file.read_text(), "[authoring]", *lines, ""]))
    return root


def draft_with(root: Path) -> Draft:
    return Project.open(root).author(model="openai:any").create(TITLE)


def create(root: Path, *more: str, code: int = 0) -> Result:
    return run("-C", root, "create", TITLE, "--model", "openai:any", *more, code=code)


def once(bad: Callable[[Json], Scripted], when: Callable[[Json], bool] = lambda _: True) -> Answer:
    """Answer badly the first time that a request fits, and well from then on."""
    done: list[Json] = []

    def reply(body: Json) -> Scripted:
        if not done and when(body):
            done.append(body)
            return bad(body)
        return good(body)

    return reply


def wants(name: str) -> Callable[[Json], bool]:
    return lambda body: name in schema_of(body)["properties"]


def spoiled(field: str, change: Callable[[Json], None]) -> Answer:
    """A good answer with one thing changed in it, the first time that a field is asked for."""

    def bad(body: Json) -> Scripted:
        value = answer_schema(schema_of(body), TITLES, hook)
        change(value)
        return data(value)

    return once(bad, wants(field))


def test_a_model_drafts_a_procedure_that_can_be_accepted(root: Path) -> None:
    with Loopback(good) as server:
        point(root, server)
        before = snapshot(root)
        found = run_json("-C", root, "create", TITLE, "--model", "openai:any")
        assert snapshot(root) == before
        assert found["outcome"] == "Awaiting review"
        assert [f for f in found["findings"] if f["severity"] == "error"] == []
        assert found["usage"] == {"calls": 3, "input_tokens": 30_000, "output_tokens": 3_000}
        assert len(server.requests) == 3
        run("-C", root, "accept")
    text = (root / "feature/threat-check.md").read_text()
    assert "written_by: openai:any" in text
    assert "[Design Review Procedure](design-review.md)" in text
    run("-C", root, "sync", "--check")


def invent(value: Json) -> None:
    value["required_inputs"][0]["provider"] = "Moon Landing Procedure"


def drop_field(value: Json) -> None:
    del value["required_inputs"]


@pytest.mark.parametrize(
    "script",
    [
        spoiled("required_inputs", invent),
        spoiled("required_inputs", drop_field),
        once(lambda _: truncated('{"purpose": "Find thr')),
        once(lambda _: empty()),
        once(lambda _: refused()),
        once(lambda body: text("Sure! Here it is:\n```json\n" + good(body).body["choices"][0]["message"]["content"])),
    ],
    ids=["invented reference", "missing field", "cut off", "empty", "refused", "prose around JSON"],
)
def test_a_bad_reply_is_mended_by_asking_again(root: Path, script: Answer) -> None:
    with Loopback(script) as server:
        draft = draft_with(point(root, server))
    assert draft.outcome == "Awaiting review"
    assert [f for f in draft.findings if f["severity"] == "error"] == []
    assert len(server.requests) in (3, 4)
    assert "Moon Landing" not in draft.diff()


def test_a_finding_of_the_checker_is_mended_by_asking_for_that_field(root: Path) -> None:
    told: list[Json] = []

    def reply(body: Json) -> Scripted:
        told.extend([body] if "does not promise" in words_of(body) else [])
        return (good if told else unfitting)(body)

    with Loopback(reply) as server:
        draft = draft_with(point(root, server))
    assert draft.outcome == "Awaiting review"
    asked = [set(schema_of(body)["properties"]) - {"passages_used", "open_questions"} for body in server.requests[1:]]
    # The name is carried through the steps by a program.
    assert asked[0] == {"required_inputs"}
    assert {"workflow"} not in asked
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "reply",
    [truncated('{"purp'), empty(), refused(), text("I would rather talk about the weather."), dropped()],
    ids=["cut off", "empty", "refused", "prose", "connection dropped"],
)
def test_a_model_that_never_answers_well_fails_and_the_run_is_kept(root: Path, reply: Scripted) -> None:
    with Loopback(lambda _: reply) as server:
        point(root, server, repairs=1)
        before = snapshot(root)
        with pytest.raises(AuthoringError) as caught:
            draft_with(root)
    assert caught.value.exit_code == 3
    assert "procauthor resume" in caught.value.hint
    assert snapshot(root) == before
    assert len(server.requests) <= 4


def test_resume_repeats_no_call_that_was_paid(root: Path) -> None:
    ill = True

    def reply(body: Json) -> Scripted:
        return failure(500) if ill and wants("workflow_actions")(body) else good(body)

    with Loopback(reply) as server:
        point(root, server)
        create(root, code=3)
        done = len(server.requests)
        paid = [json.dumps(b["messages"]) for b in server.requests if not wants("workflow_actions")(b)]
        ill = False
        run("-C", root, "resume")
        later = [json.dumps(body["messages"]) for body in server.requests[done:]]
    assert len(later) == 2
    assert not set(paid) & set(later)
    assert run_json("-C", root, "drafts")["drafts"][0]["title"] == TITLE


def test_the_ceiling_of_tokens_holds(root: Path) -> None:
    with Loopback(good) as server:
        point(root, server)
        done = create(root, "--max-tokens", "200", code=3)
    assert len(server.requests) <= 2
    assert "token" in done.stderr


def test_the_key_is_nowhere_on_disk_nor_in_messages(root: Path) -> None:
    with Loopback(lambda _: failure(401, f"Incorrect API key provided: {KEY}")) as server:
        point(root, server)
        done = create(root, code=3)
    assert KEY not in done.stdout + done.stderr
    kept = [file for file in root.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
    assert kept == []


def test_without_a_key_nothing_is_tried(root: Path) -> None:
    done = run("-C", root, "create", TITLE, "--model", "openai:any", code=2, OPENAI_API_KEY="")
    assert "OPENAI_API_KEY" in done.stderr
