"""Of several objects in a reply the last that fits counts, and a thought is no answer."""

from __future__ import annotations

import json
import time

import pytest

from procauthor.authoring.answer import read_answer, read_object, scan
from tests.authoring.test_chat import INPUTS, TITLES, ask, author
from tests.authoring.test_chat import environment as environment  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, data, failure, text

RIGHT = {**INPUTS, "passages_used": [], "open_questions": []}
WRONG = {**RIGHT, "plan_requirement": "FIRST THOUGHT, discarded later."}
R, W = json.dumps(RIGHT), json.dumps(WRONG)
FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"
REPLIES = {
    "alone": R,
    "indented in a fence": f"Here:\n```json\n{json.dumps(RIGHT, indent=2)}\n```\nHope {{this}} helps.",
    "after a thought": f"<think>\nFirst: {W} no.\n</think>\n{R}",
    "after a thought without a beginning": f"I try {W}\n</think>\n{R}",
    "after two thoughts": f"<think>{W}</think> hm <thinking>{W}</thinking>{R}",
    "in the final channel": f"<|channel|>analysis<|message|>{W}{FINAL}{R}",
    "as a tool in the commentary channel": f"<|channel|>analysis<|message|>{W}<|end|><|start|>assistant<|channel|>"
    f'commentary to=functions.fields <|constrain|>json<|message|>{{"name": "fields", "arguments": {R}}}<|call|>',
    "after a thought with a name": f'<seed:think>{W}</seed:think><think time="3">{W}</think >{R}',
    "after a thought of other programs": f"<|begin_of_thought|>{W}<|end_of_thought|><unused94>thought\n{W}<unused95>{R}",
    "corrected": f"{W}\n\nCorrection:\n{R}",
    "behind an example": f'The form is {{"plan_requirement": "EXAMPLE"}}. My answer:\n{R}',
    "behind an example with a list": f'Like {{"trigger": ["EXAMPLE"], "plan_requirement": "EXAMPLE"}}:\n{R}',
    "before a sample": f'{R}\nTo change one field send {{"plan_requirement": "SAMPLE"}}.',
    "wrapped": json.dumps({"answer": RIGHT}),
    "wrapped as a call": json.dumps({"name": "fields", "arguments": RIGHT}),
    "wrapped as a call in text": json.dumps({"name": "fields", "arguments": R}),
    "in a list": json.dumps([RIGHT]),
    "as a string": json.dumps(R),
    "behind a stray brace": "{\n\n" + R,
    "with a trailing comma": R[:-1] + ",}",
    "with a mark of thoughts in a value": f"{W} no: {R}".replace("No plan", "No </think> plan"),
    "behind a broken one": f"{W[:-40]} oops\n{R}",
    "with comments": "{ // my answer\n" + json.dumps(RIGHT, indent=1)[1:].replace(",\n", ",\n // next\n"),
    "in curly quotes": R.replace('{"', "{“", 1),
    "as Python": f"```python\n{RIGHT!r}\n```",
    "with lists as texts": json.dumps({k: v if isinstance(v, str) else json.dumps(v) for k, v in RIGHT.items()}),
    "under headings": json.dumps({name.replace("_", " ").title(): each for name, each in RIGHT.items()}),
}


@pytest.mark.parametrize("kind", REPLIES)
def test_the_last_object_that_fits_is_the_answer(kind: str) -> None:
    with Loopback([text(REPLIES[kind])]) as server:
        values = author(server).fill(ask(2)).values
    assert len(server.requests) == 1
    assert values["plan_requirement"].replace("</think> ", "") == "No plan is needed."
    assert values["required_inputs"][0]["provider"] == TITLES[0]


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>{W}",
        f"{W}</think>",
        f"<|channel|>analysis<|message|>{W}",
        f"[THINK]{W}[/THINK]Done.",
        f"<reflection>{W}</reflection>",
        f"<|START_THINKING|>{W}<|END_THINKING|>",
    ],
)
def test_what_was_only_thought_is_asked_for_again(reply: str) -> None:
    with Loopback([text(reply), data(RIGHT)]) as server:
        values = author(server).fill(ask(2)).values
    assert len(server.requests) == 2
    assert values["plan_requirement"] == "No plan is needed."


def test_parts_of_a_broken_object_are_not_taken_for_the_answer() -> None:
    inner = '{"title": "A step", "purpose": "Of the step."}'
    broken = f'{{"purpose": "Of the procedure.", "workflow": [{inner}, {inner}, oops]}}'
    assert read_object(broken, ["purpose"]) == {"purpose": "Of the procedure."}


@pytest.mark.parametrize("arguments", [RIGHT, R])
def test_arguments_of_a_tool_may_be_an_object_or_a_text(arguments: object) -> None:
    def reply(body: Json) -> Scripted:
        if "tools" not in body:
            return failure(400, "response_format is not supported")
        call = {"id": "1", "type": "function", "function": {"name": "fields", "arguments": arguments}}
        made = text("", "tool_calls")
        made.body["choices"][0]["message"]["tool_calls"] = [call]
        return made

    with Loopback(reply) as server:
        assert author(server).fill(ask(2)).values["plan_requirement"] == "No plan is needed."
    assert len(server.requests) == 2


def test_the_calls_of_a_tool_are_one_reply() -> None:
    def reply(body: Json) -> Scripted:
        if "tools" not in body:
            return failure(400, "response_format is not supported")
        made = text("", "tool_calls")
        made.body["choices"][0]["message"]["tool_calls"] = [
            {"id": name, "type": "function", "function": {"name": "fields", "arguments": json.dumps({name: each})}}
            for name, each in RIGHT.items()
        ]
        return made

    with Loopback(reply) as server:
        assert author(server).fill(ask(2)).values["plan_requirement"] == "No plan is needed."
    assert len(server.requests) == 2


def test_an_answer_by_hand_is_read_by_the_same_rules() -> None:
    part = '{"fields": {"purpose": "Right."}}'
    for said in (
        f'<think>{{"fields": {{"purpose": "Wrong.", "trigger": ["x"]}}}}</think>{part}',
        f"Prose {part} {{x}}",
    ):
        assert read_answer(said).fields == {"purpose": "Right."}


@pytest.mark.parametrize("hostile", ["{" * 100_000, '{"a":' * 20_000, "[{" * 20_000, '{"a": ' + "9" * 5_000 + "}"])
def test_a_text_that_is_made_to_be_slow_is_not(hostile: str) -> None:
    started = time.monotonic()
    assert read_object(hostile, ["purpose"]) == {}
    scan(hostile)
    assert time.monotonic() - started < 20
