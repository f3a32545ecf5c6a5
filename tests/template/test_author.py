"""What a good author says has a place in the fields, and comes back from the document as it was."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from procauthor.authoring.reading import UnfitError, read_fields
from procauthor.markdown.parse import parse
from procauthor.template.model import build_draft_model
from procauthor.template.read import TemplateStore, read_template
from procauthor.template.render import render
from tests.cli.test_handoff import answer

TEMPLATE = TemplateStore().get("procedure")
TITLES = ("Design Review Procedure",)
LINKS = {"Design Review Procedure": "design-review.md"}
CODE = "Clean it:\n\n```sh\ncd build\n\n\nrm -rf cache\n```"
TABLE = "Set the severity:\n\n| Users | Data | Severity |\n|---|:-:|---|\n| all | a\\|b | 1 |\n| some |  | 2 |"
DIAGRAM = "Follow the states:\n\n```mermaid\nstateDiagram-v2\n  [*] --> Open\n```"
CARD = {
    "goal": "Users can work again.",
    "when": "An alert fires.",
    "who": "The person on call; the incident lead decides.",
}


def made(**more: Any) -> dict[str, Any]:
    """Return the fields of a whole draft, as its model gives them back."""
    return dict(build_draft_model(TEMPLATE, TITLES).model_validate({**answer(), **more}).model_dump())


def steps(**parts: Any) -> list[dict[str, Any]]:
    """Return a workflow whose second step has some parts of its own."""
    workflow: list[dict[str, Any]] = answer()["workflow"]
    workflow[1] |= parts
    return workflow


def returns(fields: dict[str, Any]) -> str:
    """Return the text of fields, which gives the same fields and the same text again."""
    text = render(TEMPLATE, "Threat Check Procedure", fields, LINKS)
    back = read_fields(TEMPLATE, text.split("\n", 1)[1], LINKS)
    whole = build_draft_model(TEMPLATE, TITLES).model_validate(back).model_dump()
    assert whole == {name: whole[name] if fields[name] is None else fields[name] for name in fields}
    assert render(TEMPLATE, "Threat Check Procedure", back, LINKS) == text
    assert not parse(text.encode()).problems
    return text


PARTS = {
    "who": (
        {"who": {"role": "tech lead", "time": "two hours", "fallback": "the head of engineering decides"}},
        "**Who:** tech lead; within two hours; without an answer: the head of engineering decides\n",
    ),
    "who without more": ({"who": {"role": "tech lead"}}, "**Who:** tech lead\n"),
    "who with a fallback": (
        {"who": {"role": "tech lead", "fallback": "go on"}},
        "**Who:** tech lead; without an answer: go on\n",
    ),
    "condition": ({"only_if": "personal data is stored"}, "**Only if:** personal data is stored\n"),
    "parallel": ({"beside": "Step 3"}, "**Beside:** Step 3\n"),
    "loop": (
        {"repeat": "for each service, three times at most"},
        "**Repeat:** for each service, three times at most\n",
    ),
    "input of a case": (
        {"inputs": [{"artifact": "Threat List", "condition": "for data of class 3", "source": "Step 1"}]},
        "- Threat List (for data of class 3) (From: Step 1)\n",
    ),
    "output of a branch": (
        {"outputs": [{"artifact": "Rated List", "condition": "if a threat was met", "description": "rated"}]},
        "- Rated List (if a threat was met): rated\n",
    ),
    "decision without otherwise": (
        {"decisions": [{"condition": "one is open", "then": "return to Step 1"}]},
        "- If one is open: return to Step 1\n",
    ),
    "decision with otherwise": (
        {"decisions": [{"condition": "one is open", "then": "return to Step 1", "otherwise": "end"}]},
        "- If one is open: return to Step 1; otherwise: end\n",
    ),
    "code": (
        {"actions": [CODE, "Go on."]},
        "1. Clean it:\n\n   ```sh\n   cd build\n\n\n   rm -rf cache\n   ```\n\n2. Go on.",
    ),
    "table": ({"actions": [TABLE]}, "   | Users | Data | Severity |\n   |---|:---:|---|\n   | all | a\\|b | 1 |\n"),
    "diagram": ({"actions": [DIAGRAM]}, "   ```mermaid\n   stateDiagram-v2\n     [*] --> Open\n   ```\n"),
    "two blocks": ({"actions": [f"{CODE}\n\nThen:\n\n```sh\nmake\n```"]}, "   Then:\n\n   ```sh\n   make\n   ```\n"),
    "tenth": ({"actions": [*["Do it."] * 8, CODE]}, "9. Clean it:\n\n   ```sh\n"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_a_step_is_written_and_read_back(name: str) -> None:
    parts, words = PARTS[name]
    fields = made(workflow=steps(**parts))
    if name == "table":
        # The ruler of a table is written in one way.
        fields["workflow"][1]["actions"] = [TABLE.replace(":-:", ":---:")]
    assert words in returns(fields)


SECTIONS = {
    "card": (
        {"at_a_glance": CARD},
        f"- **Goal:** {CARD['goal']}\n- **When:** {CARD['when']}\n- **Who:** {CARD['who']}\n\n",
    ),
    "urgent": (
        {"at_a_glance": {**CARD, "if_harm_is_under_way": "Take the node out, and go to Step 2."}},
        "- **If harm is under way:** Take the node out, and go to Step 2.\n",
    ),
    "way in": (
        {"trigger": [{"event": "A vendor reports a breach.", "start": "Step 2"}, "A design is decided."]},
        "- A vendor reports a breach. (Start: Step 2)\n- A design is decided.\n",
    ),
    "optional input": (
        {"required_inputs": [{"artifact": "Log", "condition": "optional", "description": "of today"}]},
        "- **Log** (optional): of today\n",
    ),
    "changed input": (
        {
            "required_inputs": [
                {"artifact": "Log", "description": "of today", "change": "a line", "provider": TITLES[0]},
            ]
        },
        "- **Log**: of today (Updated: a line) (From: [Design Review Procedure](design-review.md))\n",
    ),
    "promise of a case": (
        {"output_contract": [{"artifact": "Mitigation Plan", "condition": "unless rejected", "guarantee": "signed"}]},
        "- **Mitigation Plan** (unless rejected): signed\n",
    ),
    "example": ({"worked_example": "A list.\n\n| a | b |\n|---|---|\n| 1 | 2 |"}, "## 12. Worked Example\n\nA list.\n"),
    "nothing": ({"plan_requirement": None}, "## 3. Required Inputs\n"),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_written_and_read_back(name: str) -> None:
    more, words = SECTIONS[name]
    assert words in returns(made(**more))


def test_what_may_be_left_out_has_no_heading() -> None:
    text = returns(made(plan_requirement=None, workflow=steps(decisions=None, failure_handling=None)))
    for heading in ("At a Glance", "Plan Requirement", "Worked Example", "Only if", "Repeat"):
        assert heading not in text
    assert text.count("**Decisions:**\n\nNone.\n") == 2
    assert text.count("**Failure Handling:**") == 2


REFUSED = {
    "a list": "Do both:\n- first\n- second",
    "a list below": "Do both:\n\n- first",
    "a heading": "Then\n\n## 9. Definition of Done",
    "nothing but code": "```sh\nmake\n```",
    "an open fence": "Run:\n\n```sh\nmake",
    "an empty block": "Run:\n\n```sh\n```",
    "a wide row": "See:\n\n| a | b |\n|---|---|\n| 1 | 2 | 3 |",
    "no row": "See:\n\n| a | b |\n|---|---|",
    "no diagram": "See:\n\n```mermaid\nI draw a line\n```",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_below_an_action_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"holds|begins"):
        made(workflow=steps(actions=[REFUSED[name]]))


def test_only_blocks_that_the_template_allows_may_stand() -> None:
    template = read_template("own", b"# {title}\n\n## Looks\n\n<!-- blocks: code -->\n\n1. {look}\n")
    model = build_draft_model(template, ())
    assert model.model_validate({"looks": [CODE]})
    for text in (TABLE, DIAGRAM):
        with pytest.raises(ValidationError, match="it may hold a code block only"):
            model.model_validate({"looks": [text]})


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("<!-- blocks: cod -->\n\n1. {look}", "did you mean 'code'?"),
        ("<!-- blocks: code -->\n\n1. {look}: {result}", "one field at its end"),
        ("<!-- blocks: code -->\n\n{words}", "one field at its end"),
        ("<!-- max-in-al: 3 -->\n\n1. {look}", "did you mean 'max-in-all'?"),
    ],
)
def test_a_demand_that_cannot_be_kept_is_told(lines: str, words: str) -> None:
    template = read_template("own", f"# {{title}}\n\n## Looks\n\n{lines}\n".encode())
    assert words in " ".join(mistake.hint for mistake in template.mistakes)


def test_failures_are_bounded_in_all_steps_together_for_who_writes_anew() -> None:
    modes = [{"failure": f"Failure {n}", "response": "tell the lead"} for n in range(3)]
    workflow = answer()["workflow"]
    for step in workflow:
        step["failure_handling"] = modes
    with pytest.raises(ValidationError, match="has 9 entries in Failure Handling"):
        build_draft_model(TEMPLATE, TITLES).model_validate({**answer(), "workflow": workflow})
    assert build_draft_model(TEMPLATE, TITLES, bounded=False).model_validate({**answer(), "workflow": workflow})


@pytest.mark.parametrize("line", ["- **Price:** high", "- Goal: without emphasis", "Words."])
def test_a_card_with_another_line_does_not_fit(line: str) -> None:
    text = render(TEMPLATE, "T", made(at_a_glance=CARD), LINKS).replace("- **Who:**", f"{line}\n- **Who:**")
    with pytest.raises(UnfitError, match="has no place"):
        read_fields(TEMPLATE, text.split("\n", 1)[1], LINKS)


def test_no_value_below_an_item_adds_structure() -> None:
    evil = "x\n\n---\n\n```\n\n# h\n\n- [ ] y\n\n[a]: b.md\n\n| a |\n|---|\n| <!-- c |"
    text = render(TEMPLATE, "T", made() | {"workflow": steps(actions=[evil, evil])}, {})
    document = parse(text.encode())
    assert [h.text for h in document.headings] == [
        h.text for h in parse(render(TEMPLATE, "T", made(), {}).encode()).headings
    ]
    assert not document.comments
    assert not document.problems


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"who": {"role": "tech lead", "time": "within 30 minutes"}}, "**Who:** tech lead; within 30 minutes\n"),
        ({"who": {"role": "tech lead", "time": "Within a day"}}, "**Who:** tech lead; within a day\n"),
        (
            {"who": {"role": "tech lead", "time": "a day", "fallback": "Without an answer, the manager decides"}},
            "**Who:** tech lead; within a day; without an answer: the manager decides\n",
        ),
        (
            {"who": {"role": "tech lead", "time": "a day", "fallback": "without answers the manager decides"}},
            "**Who:** tech lead; within a day; without an answer: without answers the manager decides\n",
        ),
        ({"decisions": [{"condition": "If it is late", "then": "wait."}]}, "- If it is late: wait.\n"),
        ({"decisions": [{"condition": "ifs remain", "then": "wait"}]}, "- If ifs remain: wait\n"),
        ({"failure_handling": [{"failure": "It breaks.", "response": "Retry."}]}, "- It breaks: Retry.\n"),
        ({"failure_handling": [{"failure": "It breaks...", "response": "Retry."}]}, "- It breaks...: Retry.\n"),
    ],
)
def test_what_the_example_writes_around_a_field_is_not_written_twice(parts: dict[str, Any], line: str) -> None:
    fields = made(workflow=steps(**parts))
    assert line in render(TEMPLATE, "X", fields, LINKS)
