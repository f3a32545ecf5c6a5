"""The figures of drafting fall when the author invents, the prompt is worse, or nothing is retrieved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.drafting import Setup, measure_drafting, show_drafting
from evals.judge import Judge, judge_folders
from evals.workshop import read_cases
from procauthor.errors import ConfigError, ModelOutputError
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, procedure_hook, schema_of, words_of

CASE = "create Test Coverage Procedure"
INVENTED = "Follow the Galactic Coding Standards, then run `frobctl purge --all`."
MODEL = "openai:any"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def writer(action: Callable[[Json], str]) -> Callable[[Json], Scripted]:
    """A model that fills every field, and whose actions say what it makes of the request."""

    def answer(body: Json) -> Scripted:
        def hook(path: tuple[str | int, ...], schema: Mapping[str, Any]) -> Any:
            if path == ("workflow_actions",):
                return [{"step": number, "actions": [action(body)]} for number in (1, 2, 3)]
            return procedure_hook(path, schema)

        return data(answer_schema(schema_of(body), hook=hook))

    return answer


def measure(server: Loopback, **more: Any) -> dict[str, Any]:
    settings = {"authoring": {"base_url": server.url, "retries": 0}}
    return measure_drafting(Setup(MODEL, settings, **more), CASE)


def mean(result: Mapping[str, Any], score: str, part: str = "create") -> float:
    return float(result["parts"][part][score]["mean"])


def test_the_cases_are_the_twenty_of_the_plan_and_ten_updates() -> None:
    cases = read_cases().cases
    assert [sum(case.name.startswith(kind) for case in cases) for kind in ("create", "update")] == [20, 10]
    assert all(case.expected.sections and case.expected.says for case in cases if case.input.words)


def test_the_offline_author_is_measured_without_a_model(tmp_path: Path) -> None:
    result = measure_drafting(Setup(), "update Backend", tmp_path / "kept")
    assert [mean(result, score, "update") for score in ("drafted", "kept", "fulfilled", "clean", "calls")] == [
        1,
        1,
        1,
        1,
        0,
    ]
    assert "| clean | 1.000" in show_drafting(result)
    (kept,) = (tmp_path / "kept").glob("*.md")
    assert "at most 300 changed lines" in kept.read_text()


def test_an_author_that_invents_makes_the_figures_fall() -> None:
    with Loopback(writer(lambda _: "Record the result in the ticket.")) as server:
        plain = measure(server)
    with Loopback(writer(lambda _: INVENTED)) as server:
        inventing = measure(server)
    assert mean(plain, "invented") == 0
    assert mean(inventing, "invented") >= 1
    assert mean(inventing, "grounded") < 0.7 * plain["parts"]["create"].get("grounded", {"mean": 1})["mean"]
    assert (mean(plain, "drafted"), mean(inventing, "drafted")) == (1, 1)
    assert mean(inventing, "clean") == 0
    assert mean(inventing, "calls") > 0
    assert "invented 1" in show_drafting(inventing)


def test_faults_of_an_outline_tables_and_answered_questions_are_counted() -> None:
    table = "Take the row.\n\n| Risk | Tests |\n|---|---|\n| high | all |"
    usual = writer(lambda _: table)

    def answer(body: Json) -> Scripted:
        value = json.loads(usual(body).body["choices"][0]["message"]["content"])
        if "purpose" in value and "Write these fields again" not in words_of(body):
            value["workflow"][1]["inputs"][0]["artifact"] = "Sheet of Yesterday"
            value["open_questions"] = ["May a pull request change more lines and files?"]
        if "workflow_failure_handling" in value:
            value["workflow_failure_handling"] = [
                {
                    "step": 1,
                    "failure_handling": [{"failure": "It is late", "response": "wait (proposed: 2 days; as usual)"}],
                }
            ]
        return data(value)

    with Loopback(answer) as server:
        result = measure(server)
    scores = {name: mean(result, name) for name in ("outline_faults", "tables", "failures", "proposals", "answerable")}
    assert scores == {"outline_faults": 1, "tables": 3, "failures": 1, "proposals": 1, "answerable": 1}
    assert "| outline_faults | 1.000" in show_drafting(result)


def test_a_worse_prompt_makes_the_figures_fall(tmp_path: Path) -> None:
    # This model keeps to the brief where it is given one, as models do, and makes something up where it is not.
    obedient = writer(lambda body: "Write the record." if '"title": "Test Coverage' in words_of(body) else INVENTED)
    (tmp_path / "brief.md.j2").write_text("{#\nid: brief\nversion: 9\nvariables: []\n#}\nWrite something long.\n")
    with Loopback(obedient) as server:
        good, bad = measure(server), measure(server, prompts=tmp_path)
    assert mean(good, "invented") == 0
    assert mean(bad, "invented") >= 1
    assert good["own_prompts_sha256"] != bad["own_prompts_sha256"]


def test_a_search_that_finds_nothing_makes_the_figures_fall() -> None:
    whole = measure_drafting(Setup(), "Threat Model")
    blind = measure_drafting(Setup(settings={"authoring": {"passages": 0}}), "Threat Model")
    assert mean(blind, "rests") < mean(whole, "rests")


def test_recorded_completions_give_the_same_figures_without_a_model(tmp_path: Path) -> None:
    setup = Setup(MODEL, {}, recorded=tmp_path / "recorded")
    with Loopback(writer(lambda _: "Record the result.")) as server:
        first = measure_drafting(Setup(MODEL, {}, recorded=setup.recorded, upstream=server.url), CASE)
        asked = len(server.requests)
    again = measure_drafting(setup, CASE)
    assert first["replayed"] == {"found": 0, "missed": asked}
    assert again["replayed"] == {"found": asked, "missed": 0}
    assert again["parts"] == first["parts"]
    assert "Bearer" not in "".join(file.read_text() for file in (tmp_path / "recorded").iterdir())


def test_a_changed_prompt_gets_no_recorded_completion(tmp_path: Path) -> None:
    prompts, recorded = tmp_path / "prompts", tmp_path / "recorded"
    with Loopback(writer(lambda _: "Record the result.")) as server:
        measure_drafting(Setup(MODEL, {}, recorded=recorded, upstream=server.url), CASE)
    shutil.copytree(Path(__file__).parents[2] / "prompts", prompts)
    system = prompts / "system.md.j2"
    system.write_text(system.read_text() + "\nBe brief.\n")
    result = measure_drafting(Setup(MODEL, {}, prompts, recorded), CASE)
    assert mean(result, "drafted") == 0
    assert result["replayed"] == {"found": 0, "missed": 1}
    assert result["results"][0]["error"]


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Path, Path]:
    for folder, text in (("short", "Do it."), ("long", "Do it. Then check that the record is complete.")):
        (tmp_path / folder).mkdir()
        for name in ("a", "b"):
            (tmp_path / folder / f"{name}.md").write_text(text)
    return tmp_path / "short", tmp_path / "long"


def prefer_longer(body: Json) -> Scripted:
    words = words_of(body)
    first, second = (words.index(f" {name}>>>") for name in ("first", "second"))
    longer = "first" if second - first > len(words) - second else "second"
    return data({"reason": "it says more", "better": longer})


def test_a_judge_is_asked_in_both_orders(pairs: tuple[Path, Path]) -> None:
    with Loopback(prefer_longer) as server:
        result = judge_folders(Judge.open(MODEL, server.url), *pairs)
        assert len(server.requests) == 4
    assert result["wins"] == {"first": 0, "second": 2, "tie": 0}
    assert result["agreement"] == 1


def test_a_judge_that_follows_the_order_finds_no_winner(pairs: tuple[Path, Path]) -> None:
    with Loopback(lambda _: data({"reason": "it came first", "better": "first"})) as server:
        result = judge_folders(Judge.open(MODEL, server.url), *pairs)
    assert (result["agreement"], result["wins"]["tie"]) == (0, 2)


def test_a_judge_without_an_answer_or_without_pairs_is_an_error(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    with Loopback(lambda _: data({"reason": "", "better": "both"})) as server:
        judge = Judge.open(MODEL, server.url)
        with pytest.raises(ModelOutputError, match="no usable answer"):
            judge_folders(judge, *pairs)
        with pytest.raises(ConfigError, match="no draft of the same case"):
            judge_folders(judge, pairs[0], tmp_path)
