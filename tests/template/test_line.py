"""A value keeps its form: what needs lines of its own is refused where there is one line only."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from procauthor.authoring.reading import read_fields
from procauthor.template.model import build_draft_model
from procauthor.template.read import TemplateStore
from procauthor.template.render import Cleaner, read_pattern, render, render_pattern
from tests.cli.test_handoff import answer

TEMPLATE = TemplateStore().get("procedure")
TITLES = ("Design Review Procedure",)
BLOCKS = {
    "code": "Clean it:\n\n```sh\ncd build\n# all of it\nrm -rf cache\n```",
    "code of tildes": "Clean it:\n~~~\nmake clean\n~~~",
    "list": "Do both:\n- first\n- second",
    "numbers": "Do both:\n1. first\n2) second",
    "table": "See:\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "quotation": "It says:\n> do it",
}
HEADINGS = {"heading": "Then\n\n## 9. Definition of Done\n\nmore", "underlined heading": "Then\nmore\n====\n"}
PLAIN = ["One line.", "Two\nlines of one sentence.", "With `code -x` and a - dash.", "1. is a number", "# is a sign"]


def fields(place: str, value: str) -> dict[str, object]:
    made = answer()
    match place:
        case "item":
            made["trigger"] = [value]
        case "cell of a row":
            made["output_contract"][0]["guarantee"] = value
        case "purpose of a step":
            made["workflow"][1]["purpose"] = value
        case "name of a step":
            made["workflow"][1]["name"] = value
        case _:
            made["purpose"] = value
    return made


PLACES = ("item", "cell of a row", "purpose of a step", "name of a step")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", {**BLOCKS, **HEADINGS})
def test_one_line_holds_no_block(place: str, kind: str) -> None:
    model = build_draft_model(TEMPLATE, TITLES)
    with pytest.raises(ValidationError, match="this place is one line"):
        model.model_validate(fields(place, {**BLOCKS, **HEADINGS}[kind]))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_fit_everywhere(place: str, text: str) -> None:
    assert build_draft_model(TEMPLATE, TITLES).model_validate(fields(place, text))


@pytest.mark.parametrize("kind", BLOCKS)
def test_prose_keeps_its_blocks_and_reads_back(kind: str) -> None:
    made = build_draft_model(TEMPLATE, TITLES).model_validate(fields("prose", BLOCKS[kind])).model_dump()
    text = render(TEMPLATE, "Threat Check Procedure", made, {})
    back = read_fields(TEMPLATE, text.split("\n", 1)[1], {})["purpose"]
    # A quotation is shown as the words that it is, for a reader must not take it for another's.
    assert back.replace("\\>", ">") == BLOCKS[kind].strip()


@pytest.mark.parametrize("kind", HEADINGS)
def test_prose_opens_no_section(kind: str) -> None:
    with pytest.raises(ValidationError, match="holds a heading"):
        build_draft_model(TEMPLATE, TITLES).model_validate(fields("prose", HEADINGS[kind]))


def test_a_sign_in_a_code_block_is_no_heading() -> None:
    value = "Run:\n\n```sh\n# not a heading\nmake\n```"
    assert build_draft_model(TEMPLATE, TITLES).model_validate(fields("prose", value))


@pytest.mark.parametrize(
    ("time", "written"),
    [
        ("2 hours", "porter; within 2 hours"),
        ("T + 10 minutes, T being the call", "porter; T + 10 minutes, T being the call"),
        ("16:00 on the day before", "porter; 16:00 on the day before"),
        ("the week", "porter; within the week"),
        ("a day", "porter; within a day"),
        ("by 12:00", "porter; by 12:00"),
        ("jusqu'à midi", "porter; jusqu'à midi"),
        ("10:00 to 12:00 on the next Monday", "porter; 10:00 to 12:00 on the next Monday"),
        ("2026-06-01, at noon", "porter; 2026-06-01, at noon"),
        ("3-5 days", "porter; within 3-5 days"),
        ("(proposed: 2 days; a week is long)", "porter; within (proposed: 2 days; a week is long)"),
        (None, "porter"),
    ],
)
def test_a_point_in_time_is_written_without_within_and_read_back(time: str | None, written: str) -> None:
    workflow = TEMPLATE.of_role("workflow")
    assert workflow is not None
    pattern = next(part.pattern for part in workflow.parts if part.role == "who")
    assert pattern is not None
    said = {"role": "porter", "time": time, "fallback": "ask the lead" if time else None}
    shown = render_pattern(pattern, said, Cleaner({}))
    assert shown == (f"{written}; without an answer: ask the lead" if time else written)
    assert read_pattern(pattern, shown) == said
