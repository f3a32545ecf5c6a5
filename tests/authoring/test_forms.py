"""The best form of structured output is found out once; failures that may pass are tried again, within bounds."""

from __future__ import annotations

import time

import pytest

from procauthor.authoring.allowance import Patience, bounded
from procauthor.authoring.memory import CallLog, FileMemory
from procauthor.errors import ModelError
from tests.authoring.test_chat import INPUTS, PURPOSE, ask, author
from tests.authoring.test_chat import environment as environment  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, data, failure, serving, text, words_of


def form(body: Json) -> str:
    if "tools" in body:
        return "tool"
    kind = body.get("response_format", {}).get("type", "plain")
    return {"json_schema": "schema", "json_object": "json"}.get(kind, kind)


def only(*accepted: str):
    def reply(body: Json) -> Scripted:
        if form(body) in accepted:
            return data(PURPOSE if "Step 1" in words_of(body) else INPUTS)
        return failure(400, f"{'tools' if 'tools' in body else 'response_format'} is not supported")

    return reply


@pytest.mark.parametrize(
    ("accepted", "asked"),
    [
        (("schema",), ["schema", "schema"]),
        (("tool",), ["schema", "tool", "tool"]),
        (("json",), ["schema", "tool", "json", "json"]),
        (("plain",), ["schema", "tool", "json", "plain", "plain"]),
    ],
)
def test_the_best_form_is_found_once_and_kept(accepted, asked):
    with Loopback(only(*accepted)) as server:
        writer = author(server)
        writer.fill(ask(1))
        writer.fill(ask(2))
    assert [form(body) for body in server.requests] == asked
    assert ('"plan_requirement"' in words_of(server.requests[-1])) == (accepted != ("schema",))


def test_a_resumed_run_remembers_the_form(tmp_path):
    with Loopback(only("json")) as server:
        author(server, CallLog(FileMemory(tmp_path / "work.db"), "run")).fill(ask(1))
        author(server, CallLog(FileMemory(tmp_path / "work.db"), "run")).fill(ask(2))
    assert [form(body) for body in server.requests] == ["schema", "tool", "json", "json"]


def test_a_form_that_has_worked_is_not_given_up_for_a_later_refusal():
    with serving(data(PURPOSE), failure(400, "invalid schema")) as server:
        writer = author(server)
        writer.fill(ask(1))
        with pytest.raises(ModelError, match="HTTP 400"):
            writer.fill(ask(2))
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "words", ["the model does not exist", "maximum context length is 4096", "credit balance too low"]
)
def test_a_refusal_for_another_reason_costs_one_request(words):
    with serving(failure(400, words)) as server, pytest.raises(ModelError, match=words):
        author(server).fill(ask())
    assert len(server.requests) == 1


def test_a_server_that_takes_a_schema_and_ignores_it_is_told_in_words():
    with serving(text("Let me think."), data(PURPOSE), data(INPUTS)) as server:
        writer = author(server)
        writer.fill(ask(1))
        writer.fill(ask(2))
    told = ['"additionalProperties"' in words_of(body) for body in server.requests]
    assert told == [False, True, True]


def test_a_server_that_drips_is_bounded_as_a_whole():
    def drip() -> None:
        time.sleep(30)

    started = time.monotonic()
    with pytest.raises(TimeoutError, match="no complete answer"):
        bounded(drip, 0.1)
    assert time.monotonic() - started < 5


def test_patience_is_shared_over_a_run():
    waits: list[float] = []
    patience = Patience(2, total=3, sleep=waits.append)
    assert [patience.wait(n) for n in (0, 1, 2)] == [True, True, False]
    assert [patience.wait(n) for n in (0, 1)] == [True, False]
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_what_the_server_asks_for_is_waited_unless_it_is_too_long():
    waits: list[float] = []
    patience = Patience(5, sleep=waits.append)
    assert patience.wait(0, 7.0)
    assert 7.0 <= waits[0] <= 7.2
    assert not patience.wait(0, 3600.0)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again(status):
    with serving(failure(status, "later", retry_after="0"), data(PURPOSE)) as server:
        assert author(server, retries=1).fill(ask()).values
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_will_not_pass_is_not(status):
    with serving(failure(status, "never")) as server, pytest.raises(ModelError):
        author(server, retries=3).fill(ask())
    assert len(server.requests) == 1
