"""A template file is the schema: sections, model, rendering."""

from typing import Any

import pytest
from pydantic import ValidationError

from procauthor.errors import TemplateError
from procauthor.markdown.parse import parse
from procauthor.system import shipped
from procauthor.template.model import build_draft_model, build_model
from procauthor.template.read import TemplateStore, read_template
from procauthor.template.render import render
from procauthor.template.spec import Template, section_key

TEAM = b"""# {title}

<!-- Ours. -->

## Summary

<!--
step: 1
Two sentences.
-->

{What changes.}

## Risks

<!--
step: 5
min: 2
-->

| Risk | Owner document | Answer |
|---|---|---|
| {risk} | [{owner?}](procedure) | {answer} |

## How

### Part {number}: {name}

**Why:** {One sentence.}

**Commands:**

1. {command}
"""


def procedure_template() -> Template:
    return read_template("procedure", (shipped("templates") / "procedure.md").read_bytes())


@pytest.fixture
def team() -> Template:
    return read_template("team", TEAM)


def test_the_canonical_template_asks_for_ten_sections_and_four_parts_of_a_step() -> None:
    template = procedure_template()
    assert [s.heading.partition(". ")[0] for s in template.required] == ["1", "2", "3", *map(str, range(5, 12))]
    workflow = template.section("workflow")
    assert workflow is not None
    asked = [part.heading for part in workflow.parts if not part.constraint.optional]
    assert asked == ["Purpose", "Inputs", "Actions", "Outputs"]


@pytest.mark.parametrize("name", TemplateStore().names())
def test_every_shipped_template_gives_a_model_for_each_step(name: str) -> None:
    template = TemplateStore().get(name)
    fields = [set(build_model(template, step, ["A Procedure"]).model_fields) for step in (1, 2, 3, 5, 6)]
    assert set().union(*fields) >= {s.name for s in template.sections if s.kind != "group"}


@pytest.mark.parametrize(
    "heading",
    [
        "Required Inputs",
        "### 3. Required inputs:",
        "3) REQUIRED INPUTS",
        "🔒 3. Required Inputs",
        "**Required** Inputs",
    ],
)
def test_a_section_keeps_its_key_whatever_its_dress(heading: str) -> None:
    assert section_key(heading.lstrip("# ")) == "required inputs"


def test_kinds_come_from_the_examples(team: Template) -> None:
    assert [(s.name, s.kind, s.constraint.step) for s in team.sections] == [
        ("summary", "prose", 1),
        ("risks", "table", 5),
        ("how", "steps", 3),
    ]


def test_references_are_a_closed_list_in_the_schema() -> None:
    model = build_model(procedure_template(), 2, ["A Procedure", "B Procedure"])
    item = {"artifact": "X", "description": "y", "provider": "Invented Procedure"}
    with pytest.raises(ValidationError, match="B Procedure"):
        model.model_validate({"trigger": ["t"], "required_inputs": [item], "plan_requirement": "p"})
    assert "A Procedure" in str(model.model_json_schema())


def test_one_closed_list_is_never_taken_for_another(team: Template) -> None:
    row = {"risk": "r", "owner": "A Procedure", "answer": "a"}
    entry = {"risks": [row, row]}
    assert build_model(team, 5, ["A Procedure"]).model_validate(entry)
    for titles in (["B Procedure"], []):
        with pytest.raises(ValidationError):
            build_model(team, 5, titles).model_validate(entry)
    # A step that refers to nothing is the same for all.
    assert build_model(team, 3, ["A Procedure"]) is build_model(team, 3, ["B Procedure"])


@pytest.mark.parametrize("fields", [{"summary": " "}, {}, {"summary": "x", "extra": 1}])
def test_an_empty_a_missing_or_an_unknown_field_is_refused(team: Template, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        build_model(team, 1, []).model_validate(fields)


FIELDS: dict[str, Any] = {
    "summary": "Uses the Other Procedure.\n\n{% raw %} {{ 7 * 7 }}\n<!-- nor hidden --> [in](x.md) [web](https://example.org)",
    "risks": [
        {"risk": "a|b", "owner": "Other Procedure", "answer": "{{ 7 * 7 }}"},
        {"risk": "c", "owner": None, "answer": "d"},
    ],
    "how": [{"name": "Go", "why": "Because.", "commands": ["- run", "## stop"]}],
}


def test_a_template_of_a_team_renders_values_as_data(team: Template) -> None:
    build_draft_model(team, ["Other Procedure"]).model_validate(FIELDS)
    text = render(team, "Our Change", FIELDS, {"Other Procedure": "other.md"})
    assert (
        text
        == """# Our Change

## Summary

Uses the [Other Procedure](other.md).

{% raw %} {{ 7 * 7 }}
&lt;!-- nor hidden --> in [web](https://example.org)

## Risks

| Risk | Owner document | Answer |
|---|---|---|
| a\\|b | [Other Procedure](other.md) | {{ 7 * 7 }} |
| c |  | d |

## How

### Part 1: Go

**Why:** Because.

**Commands:**

1. \\- run
2. \\## stop
"""
    )


def test_no_value_can_add_a_heading_or_a_comment(team: Template) -> None:
    evil = "x\n===\n\n---\n# h\n```\nopen fence\n<!-- c\n[a]: b.md\n[go](javascript:alert(1))\u200b"
    fields = {"summary": evil, "risks": [{"risk": evil, "owner": None, "answer": evil}] * 2, "how": []}
    document = parse(render(team, evil, fields, {}).encode())
    assert [h.text for h in document.headings[1:]] == ["Summary", "Risks", "How"]
    assert not document.comments
    assert not document.links


def test_an_announced_title_is_marked_and_not_linked(team: Template) -> None:
    fields = {"summary": "s", "risks": [{"risk": "r", "owner": "Later Procedure", "answer": "a"}], "how": []}
    assert "Later Procedure *(announced)*" in render(team, "T", fields, {"Later Procedure": ""})


def test_text_of_a_template_is_no_template_source() -> None:
    template = read_template("odd", b"# {title}\n\n## {{ 7 * 7 }} {% raw %}\n\n{text}\n")
    assert "## {{ 7 * 7 }} {% raw %}" in render(template, "T", {template.sections[0].name: "x"}, {})


@pytest.mark.parametrize("raw", [b"# only a title\n", b"\xff", b"# {title}\n\n## !!!\n"])
def test_an_unusable_template_is_an_error(raw: bytes) -> None:
    with pytest.raises(TemplateError):
        read_template("bad", raw)


def test_an_unknown_template_is_named_with_the_known_ones() -> None:
    with pytest.raises(TemplateError) as caught:
        TemplateStore().get("nope")
    assert "procedure" in caught.value.hint
