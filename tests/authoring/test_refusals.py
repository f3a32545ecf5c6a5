"""Why a server refuses: each reason has its own sentence, and only some are worth another request."""

from __future__ import annotations

import pytest

from procauthor.errors import BudgetError, ModelError
from tests.authoring.test_chat import INPUTS, PURPOSE, ask, author
from tests.authoring.test_chat import environment as environment  # noqa: PLC0414 - a fixture
from tests.authoring.test_forms import form
from tests.loopback import Json, Loopback, Scripted, data, failure, serving


def error(status: int, **parts: object) -> Scripted:
    return Scripted(status, {"error": parts})


def extra(name: str) -> Scripted:
    entry = {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": 8000}
    return Scripted(422, {"detail": [entry]})


SPENT = [
    error(429, message="You exceeded your current quota", type="insufficient_quota", code="insufficient_quota"),
    error(429, message="You exceeded your current quota, please check your plan and billing details."),
    error(402, message="Insufficient Balance"),
    error(400, message="Your credit balance is too low to access the API"),
    Scripted(200, {"error": {"message": "Insufficient credits", "code": 402}}),
]


@pytest.mark.parametrize("reply", SPENT)
def test_a_quota_that_is_used_up_is_no_busy_server(reply: Scripted) -> None:
    with serving(reply, data(PURPOSE)) as server, pytest.raises(ModelError, match="quota is used up") as caught:
        author(server, retries=2).fill(ask())
    assert len(server.requests) == 1
    assert reply.body["error"]["message"] in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        failure(429, "You exceeded your current quota", retry_after="0"),
        error(503, message="upstream overloaded"),
        Scripted(200, {"error": {"message": "upstream overloaded", "code": 502}}),
        Scripted(200, {"error": {"message": "try later", "type": "overloaded_error"}}),
        Scripted(200, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}),
    ],
)
def test_what_passes_is_tried_again_wherever_the_server_says_it(reply: Scripted) -> None:
    with serving(reply, data(PURPOSE)) as server:
        assert author(server, retries=1).fill(ask()).values
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (error(500, message="upstream broke"), "an error (HTTP 500): upstream broke"),
        (error(429, message="slow down"), "too many requests (HTTP 429): slow down"),
        (Scripted(200, {"error": {"message": "no such model", "code": 404}}), "no such model"),
        (Scripted(200, {"error": "no such model"}), "no such model"),
        (Scripted(503, b"<html><body>down</body></html>"), "an error (HTTP 503)"),
    ],
)
def test_the_servers_own_words_are_shown(reply: Scripted, words: str) -> None:
    with serving(reply) as server, pytest.raises(ModelError) as caught:
        author(server).fill(ask())
    assert words in str(caught.value)
    assert "<" not in str(caught.value)


@pytest.mark.parametrize(
    "refused",
    [
        error(
            400,
            message="Unsupported parameter: 'max_completion_tokens' is not supported, use 'max_tokens'",
            param="max_completion_tokens",
        ),
        error(400, message="Unrecognized request argument: 'max_completion_tokens'"),
        extra("max_completion_tokens"),
    ],
)
def test_the_longest_reply_is_named_as_the_server_wants_it(refused: Scripted) -> None:
    def reply(body: Json) -> Scripted:
        if "max_completion_tokens" in body:
            return refused
        return data(PURPOSE if len(server.requests) < 3 else INPUTS)

    with Loopback(reply) as server:
        writer = author(server)
        writer.fill(ask(1))
        writer.fill(ask(2))
    assert [body.get("max_tokens") for body in server.requests] == [None, 8000, 8000]
    assert {form(body) for body in server.requests} == {"schema"}


def test_a_server_that_takes_neither_name_is_asked_twice_and_no_more() -> None:
    def reply(body: Json) -> Scripted:
        return extra("max_tokens" if "max_tokens" in body else "max_completion_tokens")

    with Loopback(reply) as server, pytest.raises(ModelError, match="HTTP 422"):
        author(server).fill(ask())
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", ["temperature", "seed"])
def test_another_parameter_that_is_refused_is_no_refused_form(name: str) -> None:
    with serving(extra(name)) as server, pytest.raises(ModelError, match=name):
        author(server).fill(ask())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "refused",
    [
        error(500, code=500, message="failed to parse grammar", type="server_error"),
        error(400, message="response_format is not available for this model"),
        error(400, message="The JSON schema has features that xgrammar does not support"),
    ],
)
def test_a_form_that_cannot_be_made_leads_to_the_next(refused: Scripted) -> None:
    def reply(body: Json) -> Scripted:
        return data(PURPOSE) if form(body) == "plain" else refused

    with Loopback(reply) as server:
        assert author(server, retries=0).fill(ask()).values
    assert [form(body) for body in server.requests] == ["schema", "tool", "json", "plain"]


@pytest.mark.parametrize(
    "refused",
    [
        error(400, message="This model's maximum context length is 4096 tokens.", code="context_length_exceeded"),
        error(400, message="prompt is too long: 208310 tokens > 200000 maximum"),
        error(500, message="the request exceeds the available context size (n_ctx 4096)"),
        error(400, message="maximum context length is 4096 tokens: 9000 in the messages, 100 in the functions"),
    ],
)
def test_a_window_that_is_too_small_is_told_with_numbers(refused: Scripted) -> None:
    with (
        serving(refused) as server,
        pytest.raises(ModelError, match=r"context window \(about [\d,]+ tokens in") as told,
    ):
        author(server, retries=2).fill(ask())
    assert len(server.requests) == 1
    assert refused.body["error"]["message"] in str(told.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "any", "max_model_len": 4096},
        {"id": "other-name", "context_length": 4096},
        {"id": "any", "meta": {"n_ctx": 4096}},
    ],
)
def test_a_window_that_the_server_lists_is_held_against_the_estimate(entry: Json) -> None:
    with Loopback([data(PURPOSE)], {"data": [entry]}) as server, pytest.raises(ModelError, match=r"of 4,096 tokens"):
        author(server).fill(ask())
    assert server.requests == []


def test_a_window_in_the_settings_counts() -> None:
    with serving(data(PURPOSE)) as server, pytest.raises(ModelError, match=r"of 5,000 tokens"):
        author(server, context_tokens=5000).fill(ask())
    assert server.requests == []


USAGES = [
    {"prompt_tokens": -100_000, "completion_tokens": -100_000, "total_tokens": -200_000},
    {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    {"prompt_tokens": 10**30, "completion_tokens": 10**30, "total_tokens": 10**30},
    {},
    None,
]


@pytest.mark.parametrize("usage", USAGES, ids=str)
def test_a_count_below_our_own_is_not_believed(usage: object) -> None:
    reply = data(PURPOSE)
    with serving(Scripted(body={**reply.body, "usage": usage}), data(INPUTS)) as server:
        writer = author(server)
        answer = writer.fill(ask(1))
        assert 500 < answer.usage.input_tokens < 20_000
        assert 5 < answer.usage.output_tokens < 1_000
        with pytest.raises(BudgetError):
            writer.fill(ask(2, budget=9_000 - answer.usage.tokens))


@pytest.mark.parametrize("key", ["x", "none", "EMPTY"])
def test_a_key_of_a_few_letters_does_not_tear_words_apart(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with serving(error(400, message="none of the maximum is EMPTY")) as server, pytest.raises(ModelError) as caught:
        author(server).fill(ask())
    assert "none of the maximum is EMPTY" in str(caught.value)
