"""The log of paid calls, and providers that speak another way than OpenAI's."""

from __future__ import annotations

import json

import pytest

from procauthor.authoring.brief import Usage
from procauthor.authoring.calls import CallLog, call_key
from procauthor.authoring.chat import ChatAuthor
from procauthor.authoring.provider import ModelId, Provider
from procauthor.authoring.reply import Reply
from procauthor.authoring.scan import read_object
from procauthor.errors import ModelError, ModelOutputError
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from tests.authoring.test_chat import INPUTS, PURPOSE, ask, author
from tests.authoring.test_chat import environment as environment  # noqa: PLC0414 - a fixture
from tests.loopback import data, dropped, empty, serving

REPLY = Reply("text \u2028 \U0001f600", "length", Usage(1, 10, 5))


def test_a_repeated_ask_is_answered_from_the_log_without_http(tmp_path):
    path = tmp_path / "run" / "calls.jsonl"
    with serving(data(PURPOSE)) as server:
        first = author(server, CallLog(path)).fill(ask())
        again = author(server, CallLog(path)).fill(ask())
    assert len(server.requests) == 1
    assert again.values == first.values
    assert again.sources == first.sources
    assert again.usage == Usage()
    assert CallLog(path).usage == first.usage


def test_a_failed_conversation_is_tried_again_and_stays_on_the_bill(tmp_path):
    path = tmp_path / "calls.jsonl"
    with serving(empty(), empty(), data(PURPOSE)) as server:
        with pytest.raises(ModelOutputError):
            author(server, CallLog(path)).fill(ask())
        author(server, CallLog(path)).fill(ask())
    assert len(server.requests) == 3
    assert CallLog(path).usage.calls == 3


def test_a_conversation_that_was_cut_off_is_replayed_as_it_was_paid(tmp_path):
    path = tmp_path / "calls.jsonl"
    with serving(empty(), dropped(), data(PURPOSE)) as server:
        with pytest.raises(ModelError):
            author(server, CallLog(path)).fill(ask())
        author(server, CallLog(path)).fill(ask())
    assert len(server.requests) == 3
    assert CallLog(path).usage.calls == 2
    assert [row["calls"] for row in CallLog(path).by_step()] == [2]


def test_the_log_needs_no_budget(tmp_path):
    path = tmp_path / "calls.jsonl"
    with serving(data(PURPOSE)) as server:
        author(server, CallLog(path)).fill(ask())
        assert author(server, CallLog(path)).fill(ask(budget=0)).values


def test_a_line_that_a_crash_cut_off_is_ignored_and_not_continued(tmp_path):
    path = tmp_path / "calls.jsonl"
    CallLog(path).append("a", REPLY)
    CallLog(path).append("b", REPLY)
    path.write_bytes(path.read_bytes()[:-20])
    log = CallLog(path)
    assert log.find("a") == REPLY
    assert log.find("b") is None
    log.append("c", REPLY)
    log.append("d", REPLY)
    reread = CallLog(path)
    assert (reread.find("a"), reread.find("b"), reread.find("c"), reread.find("d")) == (REPLY, None, REPLY, REPLY)
    assert reread.usage == Usage(3, 30, 15)


def test_the_key_changes_with_everything_that_makes_a_call():
    base = call_key("m", ("a", "b"), {"x": 1}, 0)
    others = [
        call_key("n", ("a", "b"), {"x": 1}, 0),
        call_key("m", ("a", "c"), {"x": 1}, 0),
        call_key("m", ("ab",), {"x": 1}, 0),
        call_key("m", ("a", "b"), {"x": 2}, 0),
        call_key("m", ("a", "b"), {"x": 1}, 1),
    ]
    assert len({base, *others}) == 6


def test_of_an_object_that_is_cut_off_the_complete_members_are_read():
    whole = json.dumps({"a": {"b": [1]}, "c": "x", "d": 12})
    assert read_object(whole, ["a"]) == {"a": {"b": [1]}, "c": "x", "d": 12}
    assert read_object(whole[:-1], ["a"]) == {"a": {"b": [1]}, "c": "x"}
    assert read_object(whole[:-12], ["a"]) == {"a": {"b": [1]}}
    assert read_object("", ["a"]) == {}
    assert read_object("{" * 2000, ["a"]) == {}


def test_half_a_character_cannot_come_in():
    pair, half = r'{"a": "\ud83d\ude00"}', r'{"a": "\ud83d."}'
    assert read_object(pair, ["a"]) == {"a": "\U0001f600"}
    assert read_object(half, ["a"]) == {"a": "\ufffd."}
    assert read_object('{"a": "\ud83d"}', ["a"]) == {"a": "\ufffd"}


# A provider with tools instead of response_format


def tool_author(*messages):
    from langchain_core.language_models import GenericFakeChatModel

    class Tooled(GenericFakeChatModel):
        def bind_tools(self, tools, **kwargs):
            return self

    provider = Provider(ModelId("anthropic", "any"), Tooled(messages=iter(messages)))
    return ChatAuthor(provider, AuthoringSettings(repairs=1), PromptLibrary(), CallLog())


def called(arguments):
    from langchain_core.messages import AIMessage

    return AIMessage("", tool_calls=[{"name": "fields", "args": arguments, "id": "1"}])


def test_arguments_of_a_tool_call_are_a_reply():
    answer = tool_author(called(INPUTS)).fill(ask(2))
    assert answer.values == INPUTS
    assert answer.usage.input_tokens > 0


def test_text_instead_of_a_tool_call_is_read_too():
    from langchain_core.messages import AIMessage

    assert tool_author(AIMessage(json.dumps(PURPOSE))).fill(ask()).values == {"purpose": PURPOSE["purpose"]}


def test_arguments_that_are_no_json_are_asked_for_again():
    from langchain_core.messages import AIMessage

    broken = AIMessage("", invalid_tool_calls=[{"name": "fields", "args": '{"purpose": "x', "id": "1", "error": "e"}])
    assert tool_author(broken, called(PURPOSE)).fill(ask()).usage.calls == 2


def test_a_stop_for_length_is_known_in_another_dialect():
    from langchain_core.messages import AIMessage

    cut = AIMessage("", response_metadata={"stop_reason": "max_tokens"})
    with pytest.raises(ModelOutputError, match="cut off"):
        tool_author(cut, cut).fill(ask())


def test_a_model_without_tools_is_asked_in_words():
    from langchain_core.language_models import FakeListChatModel

    provider = Provider(ModelId("other", "any"), FakeListChatModel(responses=[json.dumps(PURPOSE)]))
    writer = ChatAuthor(provider, AuthoringSettings(), PromptLibrary(), CallLog())
    assert writer.fill(ask()).values == {"purpose": PURPOSE["purpose"]}
    assert provider.form == "plain"
