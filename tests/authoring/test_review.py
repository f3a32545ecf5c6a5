"""A second model reads the draft once, and its remarks are mended in one more round."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConfigError
from tests.cli.test_create_with_a_model import TITLE, TITLES, good, hook, point
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, schema_of, text, words_of


def reviewing(remarks: object, bad: int = 0):
    left = [bad]

    def reply(body: Json) -> Scripted:
        if body["model"] != "critic":
            return good(body)
        left[0] -= 1
        return text("Looks fine to me!") if left[0] >= 0 else data({"remarks": remarks})

    return reply


def draft(root: Path, server: Loopback):
    point(root, server)
    return Project.open(root).author(model="openai:any", reviewer="openai:critic").create(TITLE)


def models(server: Loopback) -> list[str]:
    return [body["model"] for body in server.requests]


def test_a_remark_is_mended_by_asking_for_its_field_alone(root: Path) -> None:
    remark = {"fields": ["trigger"], "remark": "Nobody can see that this has happened."}
    with Loopback(reviewing([remark])) as server:
        found = draft(root, server)
    assert models(server) == ["any"] * 3 + ["critic", "any"]
    assert set(schema_of(server.requests[4])["properties"]) == {"trigger", "open_questions"}
    assert "a reviewer says: Nobody can see" in words_of(server.requests[4])
    assert '"Component Diagram"' in words_of(server.requests[3])
    assert found.usage.calls == 5
    assert [row["fields"] for row in found.usage_by_step if row["step"] == 8] == [["edits", "settled"], ["remarks"]]


def test_a_remark_on_several_fields_opens_all_of_them(root: Path) -> None:
    remark = {"fields": ["exit_states", "workflow"], "remark": "No step ends in Blocked."}
    with Loopback(reviewing([remark])) as server:
        draft(root, server)
    asked = [set(schema_of(body)["properties"]) - {"open_questions"} for body in server.requests[4:]]
    assert asked == [{"workflow", "exit_states"}]


@pytest.mark.parametrize("remarks", [[], [{"fields": ["trigger"], "remark": ""}], [{"fields": [], "remark": "x"}]])
def test_without_a_remark_that_counts_nothing_is_asked_again(root: Path, remarks: object) -> None:
    with Loopback(reviewing(remarks)) as server:
        draft(root, server)
    assert models(server) == ["any"] * 3 + ["critic"]


@pytest.mark.parametrize("remarks", [[{"fields": ["nonsense"], "remark": "x"}], [7], "none"])
def test_remarks_that_do_not_fit_are_asked_for_once_more(root: Path, remarks: object) -> None:
    with Loopback(reviewing(remarks)) as server:
        found = draft(root, server)
    assert models(server) == ["any"] * 3 + ["critic"] * 2
    assert any("openai:critic gave no usable reply" in question for question in found.open_questions)


def test_a_reviewer_that_cannot_be_read_is_told_in_an_open_question(root: Path) -> None:
    with Loopback(reviewing([], bad=9)) as server:
        found = draft(root, server)
    assert models(server) == ["any"] * 3 + ["critic"] * 2
    assert any("openai:critic gave no usable reply" in question for question in found.open_questions)


def test_remarks_on_everything_stay_below_twelve_calls(root: Path) -> None:
    def reply(body: Json) -> Scripted:
        if body["model"] != "critic":
            return data(answer_schema(schema_of(body), TITLES, hook))
        names = schema_of(body)["properties"]["remarks"]["items"]["properties"]["fields"]["items"]["enum"]
        return data({"remarks": [{"fields": [name], "remark": "Say more."} for name in names]})

    with Loopback(reply) as server:
        found = draft(root, server)
    assert len(server.requests) < 12
    assert found.outcome == "Awaiting review"


def test_a_reviewer_needs_a_model_as_author(root: Path) -> None:
    with pytest.raises(ConfigError, match="needs a chat model"):
        Project.open(root).author(reviewer="openai:critic").create(TITLE)
