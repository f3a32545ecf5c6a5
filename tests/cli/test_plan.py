"""`plan`, `graph` and `refs` on the command line."""

import os
from pathlib import Path

import pytest

from tests.cli.inside import run, run_json
from tests.conftest import snapshot


@pytest.mark.parametrize("words", [("plan", "next", "--hours", "3"), ("plan", "--next", "--hours", "3")])
def test_what_fits_into_the_next_session(root: Path, words: tuple[str, ...]) -> None:
    assert "completion of Feature: 1 to 2 of 3" in run("-C", root, *words).stdout
    found = run_json("-C", root, *words)
    assert [item["title"] for item in found["items"]] == ["Threat Check Procedure"]
    assert found["effort_hours"] == {"min": 2, "max": 3}
    assert found["completion"][0] == {"lifecycle": "", "defined": 1, "then": 2, "of": 3}


@pytest.mark.parametrize("order", [("next", "action-plan.md"), ("action-plan.md", "next")])
def test_what_comes_next_in_a_named_plan(root: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[str, str]) -> None:
    monkeypatch.chdir(root)
    assert "Threat Check Procedure" in run("plan", *order).stdout


def test_a_pipe_is_no_plan(root: Path) -> None:
    os.mkfifo(root / "pipe.md")
    assert "it is a pipe or a device" in run("-C", root, "plan", root / "pipe.md", code=2).stderr


def test_a_document_with_an_error_is_not_done(root: Path) -> None:
    written = root / "feature/threat-check.md"
    review = (root / "feature/design-review.md").read_text().replace("Design Review", "Threat Check")
    written.write_text(review.replace("id: design-review", "id: threat-check"))
    assert "[x]  1 P0  Threat Check Procedure" in run("-C", root, "plan").stdout
    written.write_text(f"{written.read_text()}\n![map](missing.png)\n")
    assert "[ ]  1 P0  Threat Check Procedure" in run("-C", root, "plan").stdout


def test_a_tick_does_not_make_done_what_the_index_calls_missing(root: Path) -> None:
    plan = root / "action-plan.md"
    plan.write_text("# Plan\n\n## P1\n\n- [x] Release Check Procedure\n- [x] Buy the scale\n")
    read = run_json("-C", root, "plan")
    assert [(item["title"], item["done"]) for item in read["items"]] == [
        ("Release Check Procedure", False),
        ("Buy the scale", True),
    ]
    assert "the plan has 'Release Check Procedure' as done, the library as missing" in read["problems"][0]["message"]
    assert read["next"] == [1]


def test_a_file_named_next_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    (root / "next").write_bytes((root / "action-plan.md").read_bytes())
    assert "2 items, 0 done" in run("plan", "next").stdout


def test_a_plan_is_written_and_read_back(root: Path) -> None:
    before = snapshot(root)
    assert "words of a person" in run("-C", root, "plan", "--write", code=2).stderr
    assert snapshot(root) == before
    written = run_json("-C", root, "plan", "--write", root / "new-plan.md")
    assert written["changes"] == [{"path": "new-plan.md", "action": "create"}]
    back = run_json("-C", root, "plan", root / "new-plan.md")
    assert [i["title"] for i in back["items"]] == [i["title"] for i in written["items"]]
    assert back["order"] == written["order"]
    assert back["problems"] == []
    run("-C", root, "plan", "--write", "--next", code=2)


def test_refs_say_who_uses_and_what_is_used(root: Path) -> None:
    found = run_json("-C", root, "refs", "design review")
    users = {(e["source"], e["kind"]) for e in found["used_by"]}
    assert {("feature/threat-check.md", "needs"), ("index.md", "lists"), ("feature/README.md", "lists")} <= users
    assert {o["name"]: o["steps_concerned"] for o in found["outputs"]} == {
        "Component Diagram": 2,
        "Published Decision": 0,
    }
    text = run("-C", root, "refs", "design-review").stdout
    assert "Threat Check Procedure (placeholder): depends on it  [feature/threat-check.md:" in text
    assert run_json("-C", root, "refs", "Release Check Procedure")["document"]["path"] is None
    assert "did you mean" in run("-C", root, "refs", "Desing Review Procedure", code=2).stderr


def test_a_changed_output_reaches_the_steps_that_use_it(root: Path) -> None:
    page = root / "feature/threat-check.md"
    review = (root / "feature/design-review.md").read_text()
    text = review.replace("design-review", "threat-check").replace("# Design Review", "# Threat Check")
    text = text.replace("**Feature Request**", "**Component Diagram**").replace(
        "what is asked for.", "the parts. (From: [Design Review Procedure](design-review.md))"
    )
    page.write_text(
        text.replace("- Feature Request (From: Required Inputs)", "- Component Diagrams (From: Required Inputs)")
    )
    found = run_json("-C", root, "refs", "design-review", "--output", "component diagrams")["concerned"]
    assert [(c["path"].split("/")[1], c["step"], c["distance"]) for c in found] == [
        ("design-review.md", 2, 1),
        ("threat-check.md", 1, 1),
        ("threat-check.md", 2, 1),
        ("design-review.md", 3, 2),
        ("threat-check.md", 3, 2),
    ]
    assert (
        "5 steps concerned in 2 procedures"
        in run("-C", root, "refs", "design-review", "--output", "Component Diagram").stdout
    )
    assert "its outputs are" in run("-C", root, "refs", "design-review", "--output", "Nothing", code=2).stderr


def test_the_graph_holds_every_procedure_and_announced_title(big: Path) -> None:
    found = run_json("-C", big, "graph")
    assert len(found["nodes"]) == 138
    ids = {node["id"] for node in found["nodes"]}
    assert all({edge["source"], edge["target"]} <= ids for edge in found["edges"])
    api = run_json("-C", big, "graph", "--lifecycle", "API Lifecycle")
    assert {node["lifecycle"] for node in api["nodes"]} == {"API"}
    assert "lifecycles are" in run("-C", big, "graph", "--lifecycle", "nowhere", code=2).stderr


def test_the_graph_in_the_languages_of_drawing_tools(root: Path) -> None:
    (root / "feature/quote.md").write_text('# Say "Hi" & Go Procedure\n')
    lines = run("-C", root, "graph").stdout.splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n1["Design Review Procedure<br>defined"]:::defined' in lines
    assert any("Say #34;Hi#34; #38; Go Procedure<br>" in line for line in lines)
    assert '  n3("Release Check Procedure<br>missing"):::missing' in lines
    assert "  n1 --> n2" in lines
    dot = run("-C", root, "graph", "--format", "dot").stdout
    assert dot.startswith("digraph procedures {")
    assert dot.rstrip().endswith("}")
    assert 'label="Say \\"Hi\\" & Go Procedure\\n' in dot
