"""A second model looks at the draft in place of its author, and corrects the page."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConfigError
from tests.cli.test_create_with_a_model import TITLE, good, point
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, data, text


def reviewing(edits: list[Json], bad: int = 0):
    left = [bad]

    def reply(body: Json) -> Scripted:
        if body["model"] != "critic":
            return good(body)
        left[0] -= 1
        return text("Looks fine to me!") if left[0] >= 0 else data({"edits": edits, "settled": []})

    return reply


def draft(root: Path, server: Loopback):
    point(root, server)
    return Project.open(root).author(model="openai:any", reviewer="openai:critic").create(TITLE)


def models(server: Loopback) -> list[str]:
    return [body["model"] for body in server.requests]


def test_a_reviewer_looks_in_place_of_the_author_and_again_at_what_it_changed(root: Path) -> None:
    edit = {"passage": 1, "action": "replace", "text": "Nobody can see that this has happened."}
    with Loopback(reviewing([edit])) as server:
        found = draft(root, server)
    assert models(server) == ["any"] * 2 + ["critic"] * 2
    assert "Nobody can see that this has happened." in found.text
    assert found.author == "openai:any"
    assert found.usage.calls == 4


def test_without_an_edit_nothing_is_asked_again(root: Path) -> None:
    with Loopback(reviewing([])) as server:
        draft(root, server)
    assert models(server) == ["any"] * 2 + ["critic"]


@pytest.mark.parametrize("bad", [1, 9])
def test_a_reply_that_cannot_be_read_is_asked_for_once_more_and_told_in_an_open_question(root: Path, bad: int) -> None:
    with Loopback(reviewing([], bad=bad)) as server:
        found = draft(root, server)
    assert models(server) == ["any"] * 2 + ["critic"] * 2
    told = [question for question in found.open_questions if "not read as a whole (openai:critic gave" in question]
    assert len(told) == (bad > 1)


def test_a_reviewer_needs_a_model_as_author(root: Path) -> None:
    with pytest.raises(ConfigError, match="needs a chat model"):
        Project.open(root).author(reviewer="openai:critic").create(TITLE)
