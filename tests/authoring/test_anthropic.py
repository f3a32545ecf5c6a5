"""A model of Anthropic over real HTTP: tool use, and the ways in which it goes wrong."""

import json
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.authoring.brief import Ask
from procauthor.authoring.chat import ChatAuthor
from procauthor.authoring.memory import CallLog
from procauthor.errors import ModelError, ModelOutputError
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from tests.anthropic_loopback import address, failed, message, tool, tool_schema, words
from tests.authoring.test_chat import INPUTS, PURPOSE, TITLES, ask
from tests.cli.test_create_with_a_model import TITLE, hook
from tests.cli.test_create_with_a_model import TITLES as KNOWN
from tests.loopback import Json, Loopback, Scripted, answer_schema, serving

pytest.importorskip("langchain_anthropic")
KEY = "sk-ant-very-secret-0123456789"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def author(server: Loopback, **settings: object) -> ChatAuthor:
    bounds = {"timeout": 2.0, "retries": 0, "repairs": 1, "base_url": address(server), **settings}
    return ChatAuthor.open("anthropic:any", AuthoringSettings.model_validate(bounds), PromptLibrary(), CallLog())


def fill(*script: Scripted, wanted: Ask | None = None) -> tuple[object, Loopback]:
    with serving(*script) as server:
        return author(server).fill(wanted or ask()), server


def test_a_whole_draft_is_made_with_tool_use(root: Path) -> None:
    def reply(body: Json) -> Scripted:
        return tool(answer_schema(tool_schema(body), KNOWN, hook))

    with Loopback(reply) as server:
        file = root / "procauthor.toml"
        file.write_text(f'{file.read_text()}\n[authoring]\nbase_url = "{address(server)}"\nretries = 0\n')
        draft = Project.open(root).author(model="anthropic:any").create(TITLE)
    assert draft.outcome == "Awaiting review"
    assert draft.usage.as_json() == {"calls": 3, "input_tokens": 30_000, "output_tokens": 3_000}
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert {body["max_tokens"] for body in server.requests} == {8000}
    assert KEY.encode() not in b"".join(f.read_bytes() for f in root.rglob("*") if f.is_file())


def test_the_closed_list_is_in_the_tools_schema_and_the_tool_must_be_used() -> None:
    _, server = fill(tool(INPUTS), wanted=ask(2))
    item = tool_schema(server.requests[0])["properties"]["required_inputs"]["items"]
    assert item["properties"]["provider"]["anyOf"][0]["enum"] == list(TITLES)
    assert server.requests[0]["tool_choice"]["type"] == "tool"


@pytest.mark.parametrize(
    "bad",
    [
        words("I would rather talk about it."),
        words(""),
        message(stop="refusal"),
        tool({}, stop="max_tokens"),
        tool({"purpose": 7}),
        tool({"purpose": None}),
        message({"type": "tool_use", "id": "t", "name": "other", "input": {"a": 1}}, stop="tool_use"),
    ],
    ids=["prose", "empty", "refusal", "cut off", "wrong type", "null", "another tool"],
)
def test_a_bad_reply_is_asked_for_again(bad: Scripted) -> None:
    answer, server = fill(bad, tool(PURPOSE))
    assert answer.values == {"purpose": PURPOSE["purpose"]}  # type: ignore[attr-defined]
    assert len(server.requests) == 2


def test_json_in_words_is_taken_without_another_call() -> None:
    answer, server = fill(words(f"Here: {json.dumps(PURPOSE)}"))
    assert answer.values == {"purpose": PURPOSE["purpose"]}  # type: ignore[attr-defined]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (failed(401, "authentication_error", f"invalid x-api-key {KEY}"), "refused the key"),
        (failed(400, "invalid_request_error", "Your credit balance is too low"), "credit balance is too low"),
        (failed(404, "not_found_error", "model: any"), "HTTP 404"),
        (failed(429, "rate_limit_error", "slow down", retry_after="0"), "too many requests"),
        (failed(529, "overloaded_error", "Overloaded"), "HTTP 529"),
        (Scripted(drop=True), "no connection"),
        (Scripted(body=b"<html>"), "cannot be read"),
    ],
)
def test_a_failure_is_one_request_and_one_sentence(bad: Scripted, said: str) -> None:
    with serving(bad) as server, pytest.raises(ModelError, match=said) as caught:
        author(server).fill(ask())
    assert len(server.requests) == 1
    assert KEY not in str(caught.value) + caught.value.hint


def test_tools_that_are_refused_are_given_up_for_words() -> None:
    _, server = fill(failed(400, "invalid_request_error", "tool_choice is not supported"), words(json.dumps(PURPOSE)))
    assert "tools" not in server.requests[1]
    assert '"purpose": {' in server.requests[1]["messages"][0]["content"]


def test_a_model_that_never_fits_is_an_error_after_the_repairs() -> None:
    with serving(tool({"purpose": 7}), tool({"purpose": 8})) as server, pytest.raises(ModelOutputError):
        author(server).fill(ask())
    assert len(server.requests) == 2
