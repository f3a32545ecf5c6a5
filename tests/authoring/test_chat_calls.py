"""The log of paid calls, and providers that speak another way than OpenAI's."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from procauthor.authoring.answer import read_object
from procauthor.authoring.brief import Usage
from procauthor.authoring.chat import ChatAuthor
from procauthor.authoring.memory import CallLog, FileMemory, call_key
from procauthor.authoring.provider import ModelId, Provider
from procauthor.authoring.reply import Reply
from procauthor.errors import ModelError, ModelOutputError
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from tests.authoring.test_chat import INPUTS, PURPOSE, ask, author
from tests.authoring.test_chat import environment as environment  # noqa: PLC0414 - a fixture
from tests.loopback import data, dropped, empty, serving

REPLY = Reply("text \u2028 \U0001f600", "length", Usage(1, 10, 5))


def test_a_repeated_ask_is_answered_from_the_log_without_http(tmp_path):
    memory = FileMemory(tmp_path / "state" / "work.db")
    with serving(data(PURPOSE)) as server:
        first = author(server, CallLog(memory, "run")).fill(ask())
        again = author(server, CallLog(memory, "run")).fill(ask())
    assert len(server.requests) == 1
    assert again.values == first.values
    assert again.sources == first.sources
    assert again.usage == Usage()
    assert CallLog(memory, "run").usage == first.usage


def test_a_failed_conversation_is_tried_again_and_stays_on_the_bill(tmp_path):
    memory = FileMemory(tmp_path / "work.db")
    with serving(empty(), empty(), data(PURPOSE)) as server:
        with pytest.raises(ModelOutputError):
            author(server, CallLog(memory, "run")).fill(ask())
        author(server, CallLog(memory, "run")).fill(ask())
    assert len(server.requests) == 3
    assert CallLog(memory, "run").usage.calls == 3


def test_a_conversation_that_was_cut_off_is_replayed_as_it_was_paid(tmp_path):
    memory = FileMemory(tmp_path / "work.db")
    with serving(empty(), dropped(), data(PURPOSE)) as server:
        with pytest.raises(ModelError):
            author(server, CallLog(memory, "run")).fill(ask())
        author(server, CallLog(memory, "run")).fill(ask())
    assert len(server.requests) == 3
    assert CallLog(memory, "run").usage.calls == 2
    assert [row["calls"] for row in CallLog(memory, "run").by_step()] == [2]


def test_the_log_needs_no_budget(tmp_path):
    memory = FileMemory(tmp_path / "work.db")
    with serving(data(PURPOSE)) as server:
        author(server, CallLog(memory, "run")).fill(ask())
        assert author(server, CallLog(memory, "run")).fill(ask(budget=0)).values


def test_of_two_replies_to_one_call_the_first_is_used_and_both_are_paid():
    calls = CallLog(FileMemory(), "run")
    assert calls.keep("a", REPLY, step=3, fields=("workflow",)) == REPLY
    assert calls.keep("a", replace(REPLY, text="other"), step=3, fields=("workflow",)) == REPLY
    assert calls.find("a") == REPLY
    assert calls.usage == Usage(2, 20, 10)
    assert [row["calls"] for row in calls.by_step()] == [2]


def test_a_reply_is_of_use_to_other_runs_once_it_was_good_unless_they_ask_afresh():
    memory = FileMemory()
    one, other, fresh = CallLog(memory, "one"), CallLog(memory, "other"), CallLog(memory, "fresh", fresh=True)
    one.keep("a", REPLY)
    assert other.find("a") is None
    one.judge(["a"], good=True)
    assert fresh.find("a") is None
    assert other.find("a") == replace(REPLY, usage=Usage())
    assert (one.usage, other.usage) == (REPLY.usage, Usage())
    assert [row["reused"] for row in other.by_step()] == [1]


def test_a_reply_of_no_use_is_asked_for_again_and_stays_on_the_bill():
    calls = CallLog(FileMemory(), "run")
    calls.keep("a", REPLY)
    calls.judge(["a"], good=False)
    assert calls.find("a") is None
    assert calls.keep("a", replace(REPLY, text="better")).text == "better"
    assert calls.usage == Usage(2, 20, 10)


@pytest.mark.parametrize("text", ["", "\ud800", '{"a": "\\ud83d"}', "\x00", "\u2028\U0001f600"])
def test_every_text_of_a_reply_comes_back_as_it_was(tmp_path, text):
    CallLog(FileMemory(tmp_path / "work.db"), "run").keep("a", Reply(text))
    assert CallLog(FileMemory(tmp_path / "work.db"), "run").find("a") == Reply(text)


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
