"""Open questions: none is lost on any route, each is shown to who writes next, and the library is asked first."""

import json
from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from procauthor.authoring.passage import join_questions
from tests.authoring.test_doors import changes
from tests.cli.inside import run, run_json
from tests.cli.test_create_with_a_model import TITLE, TITLES, hook, point, unfitting
from tests.cli.test_handoff import answer
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, schema_of, words_of

FILE = "feature/threat-check.md"
REVIEW = "feature/design-review.md"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")


@pytest.mark.parametrize(
    ("before", "new", "joined"),
    [
        (["Who signs?"], ["Who signs?"], ["Who signs?"]),
        (["Is one day enough time?"], ["Is one day enough time in step 2?"], ["Is one day enough time in step 2?"]),
        (
            ["Which rate stops step 3?"],
            ["Which rate stops step 4?"],
            ["Which rate stops step 3?", "Which rate stops step 4?"],
        ),
        (["Who signs?"], ["Who signs the big sheet?"], ["Who signs?", "Who signs the big sheet?"]),
        (["Unverified: number `3 days`"], ["Is `3 days` right for the number?"], None),
    ],
)
def test_a_question_is_kept_once_in_the_words_that_say_most(
    before: list[str], new: list[str], joined: list[str] | None
) -> None:
    assert list(join_questions(before, new)) == (joined or [*before, *new])


def test_what_is_asked_in_a_repair_joins_what_was_asked_before_and_is_shown(root: Path) -> None:
    """The first inputs name what nobody promises, so they are asked for again."""
    count = 0

    def reply(body: Json) -> Scripted:
        nonlocal count
        count += 1
        again = "Write these fields again" in words_of(body)
        value: Any = answer_schema(schema_of(body), TITLES, hook)
        if "required_inputs" in value and not again:
            value = json.loads(json.dumps(unfitting(body).body))["choices"][0]["message"]["content"]
            value = json.loads(value)
        value["open_questions"] = [f"Which clause covers call {count} of the {'repair' if again else 'ask'}?"]
        return data(value)

    with Loopback(reply) as server:
        draft = Project.open(point(root, server)).author(model="openai:any").create(TITLE)
        said = [question for question in draft.open_questions if question.startswith("Which clause")]
        assert len(said) == count
        assert any("repair" in question for question in said)
        assert said[0] in words_of(server.requests[1])


def test_parts_that_are_handed_in_add_their_questions_and_an_empty_list_takes_all_back(root: Path) -> None:
    project, fields = Project.open(root), answer()

    def hand_in(values: dict[str, Any], questions: list[str] | None) -> tuple[str, ...]:
        told = {} if questions is None else {"open_questions": questions}
        text = json.dumps({"title": TITLE, "fields": values, **told})
        return project.handoff.submit(text, by="A. Person", person=True).open_questions

    names = list(fields)
    assert hand_in({name: fields[name] for name in names[:3]}, ["Who rates?"]) == ("Who rates?",)
    assert hand_in({name: fields[name] for name in names[3:]}, ["Who files it?"]) == ("Who rates?", "Who files it?")
    assert hand_in({names[0]: fields[names[0]]}, None) == ("Who rates?", "Who files it?")
    assert hand_in({}, []) == ()


@pytest.mark.parametrize("person", [False, True])
def test_questions_of_an_update_are_in_the_document_that_is_accepted(root: Path, *, person: bool) -> None:
    project = Project.open(root)
    values = changes(project.revision(REVIEW, "new criterion").targets_json("S7"))
    values["open_questions"] = ["Who is told of it?", " Who  is told of it? "]
    draft = project.revise(REVIEW, "new criterion", values, by="Jane", person=person)
    assert draft.open_questions[0] == "Who is told of it?"
    draft.accept()
    document = project.library().by_path[REVIEW]
    assert document.status == "in progress"
    assert [q.text for q in document.questions] == list(draft.open_questions)


def test_a_question_that_the_library_answers_comes_with_the_place(root: Path, tmp_path: Path) -> None:
    file = root / REVIEW
    file.write_text(
        file.read_text().replace(
            "## 10. Audit & Traceability\n",
            "## 10. Audit & Traceability\n\nReview minutes are kept in the minutes binder for seven years.\n",
            1,
        )
    )
    fields = {"title": TITLE, "fields": answer(), "open_questions": ["For how many years are review minutes kept?"]}
    (tmp_path / "answer.json").write_text(json.dumps(fields))
    found = run_json("-C", root, "submit", tmp_path / "answer.json", "--by", "A. Person")
    assert [(lead["question"], lead["path"]) for lead in found["leads"]] == [(fields["open_questions"][0], REVIEW)]
    assert f"see {REVIEW}:" in run("-C", root, "submit", tmp_path / "answer.json", "--by", "A. Person").stdout


def test_what_accepting_causes_elsewhere_is_said_before(root: Path) -> None:
    """A neighbour promises something to the procedure that the draft does not take."""
    file = root / REVIEW
    raw = file.read_text()
    place = raw.index("## 8. Downstream Dependencies")
    end = raw.index("## 9.", place)
    line = f"## 8. Downstream Dependencies\n\n- **Review Minutes** is used by {TITLE} *(announced)*: all of it\n\n"
    raw = raw[:place] + line + raw[end:]
    file.write_text(
        raw.replace("## 6. Output Contract\n\n", "## 6. Output Contract\n\n- **Review Minutes**: they are dated.\n", 1)
    )
    project = Project.open(root)
    draft = project.handoff.submit(json.dumps({"title": TITLE, "fields": answer()}), by="A. Person", person=True)
    elsewhere = [f for f in draft.findings if f["path"] == REVIEW]
    assert [f["rule"] for f in elsewhere] == ["contract-not-reciprocal"]
    assert draft.outcome == "Awaiting review"
    draft.accept()
    after = {(f.path, f.rule) for f in project.check().findings}
    assert (REVIEW, "contract-not-reciprocal") in after
