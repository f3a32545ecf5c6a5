"""What neighbours promise and require: in the brief, and again when the answer comes."""

import json
from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from tests.cli.test_dependencies import DATA, DIAGRAM
from tests.cli.test_handoff import TITLE, answer, run, submit
from tests.conftest import INDEX, PLAN, write_library

DATA_DESIGN = "Data Design Procedure"
USED = "- **Component Diagram** is used by [Threat Check Procedure](threat-check.md): as the list of what to examine."
PROMISE = "- **Data Plan** is used by [Threat Check Procedure](threat-check.md): to see what is kept."
NEED = "- **Feature Request**: what is asked for.\n- **Rated List**: what is dangerous (From: [Threat Check Procedure](threat-check.md))"
DATA_PAGE = DATA.replace("Published Decision", "Data Plan").replace(USED, PROMISE)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """The small library and a second procedure that is announced by the index only."""
    row = f"| {DATA_DESIGN} | 1 | Missing |\n| Release Check"
    return write_library(tmp_path / "pair", **{"index.md": INDEX.replace("| Release Check", row)})


def neighbours(root: Path) -> dict[str, Any]:
    found = json.loads(run("-C", root, "brief", TITLE, "--json").stdout)["brief"]["neighbours"]
    return {each["title"]: each for each in found}


def write_data_design(root: Path, text: str = DATA_PAGE) -> None:
    (root / "feature/data-design.md").write_text(text)


def test_the_brief_says_who_promises_an_artifact(pair: Path) -> None:
    write_data_design(pair)
    found = neighbours(pair)
    assert found["Design Review Procedure"]["promised"] == ["Component Diagram"]
    assert found[DATA_DESIGN]["relation"] == "depends on"
    assert found[DATA_DESIGN]["promised"] == ["Data Plan"]
    assert "already that this one uses them" in run("-C", pair, "brief", TITLE).stdout


def test_an_approved_procedure_promises_as_a_defined_one_does(pair: Path) -> None:
    write_data_design(pair)
    run("-C", pair, "sync")
    run("-C", pair, "approve", DATA_DESIGN, "--by", "A. Person")
    assert Project.open(pair).library().find(DATA_DESIGN).status == "approved"
    assert neighbours(pair)[DATA_DESIGN]["promised"] == ["Data Plan"]


def test_titles_in_action_items_are_neighbours(pair: Path) -> None:
    write_data_design(pair, DATA.replace(USED, "None."))
    plan = PLAN.replace("Define mitigation planning", "Refer to the data design for what is kept")
    (pair / "action-plan.md").write_text(plan)
    assert neighbours(pair)[DATA_DESIGN]["relation"] == "is named by"


def test_who_is_said_to_block_a_title_without_an_item_comes_before_it(root: Path) -> None:
    plan = PLAN.partition("### 2.")[0].replace("Blocks:** Release Check", "Blocks:** Backup")
    (root / "action-plan.md").write_text(plan)
    found = Project.open(root).handoff.brief("Backup Procedure", lifecycle="Feature")
    assert [n.title for n in found.brief.upstream] == [TITLE]


def test_an_answer_is_told_what_a_neighbour_promises_and_it_passes_over(pair: Path) -> None:
    diagram = DIAGRAM | {"artifact": "Drawing"}
    found = submit(pair, answer() | {"required_inputs": [diagram]})
    said = "'Design Review Procedure' says that this procedure uses 'Component Diagram', which is none of its "
    assert found.notes == (said + "required inputs",)
    assert submit(pair, answer()).notes == ()


def test_a_neighbour_that_was_written_since_the_brief_is_told_of(pair: Path, tmp_path: Path) -> None:
    neighbours(pair)
    write_data_design(pair, DATA_PAGE.replace("- **Feature Request**: what is asked for.", NEED))
    (tmp_path / "answer.json").write_text(json.dumps({"title": TITLE, "fields": answer()}))
    told = run("-C", pair, "submit", tmp_path / "answer.json").stdout.splitlines()
    since = "(since the brief was made)"
    uses = f"'{DATA_DESIGN}' says that this procedure uses 'Data Plan', which is none of its required inputs"
    takes = f"'{DATA_DESIGN}' takes 'Rated List' from this procedure, whose output contract has none"
    assert [line for line in told if line.startswith("note:")] == [f"note: {uses} {since}", f"note: {takes} {since}"]
    neighbours(pair)
    found = json.loads(run("-C", pair, "submit", tmp_path / "answer.json", "--json").stdout)
    assert found["notes"] == [uses, takes]


def test_a_consumer_that_was_written_since_the_brief_is_told_of(pair: Path) -> None:
    neighbours(pair)
    page = DATA_PAGE.replace("- **Feature Request**: what is asked for.", NEED).replace(PROMISE, "None.")
    write_data_design(pair, page)
    (note,) = submit(pair, answer()).notes
    assert note == (
        f"'{DATA_DESIGN}' takes 'Rated List' from this procedure, whose output contract has none "
        "(since the brief was made)"
    )
    more = {"artifact": "Rated List", "guarantee": "every threat has a rate"}
    assert submit(pair, {"output_contract[1]": more}).notes == ()


def test_nothing_is_said_of_sections_that_are_not_there_yet(root: Path) -> None:
    assert submit(root, {"purpose": "Find what can go wrong."}).notes == ()


def test_accepting_names_the_command_that_links_the_new_document(pair: Path) -> None:
    (pair / "feature/threat-check.md").unlink()
    page = pair / "feature/design-review.md"
    text = (
        page.read_text().replace(USED, "None.").replace("is approved.", "is approved, see the Threat Check Procedure.")
    )
    page.write_text(text)
    submit(pair, answer())
    told = run("-C", pair, "accept").stderr
    command = "check --fix --select unlinked-name feature/design-review.md"
    assert f"1 other document names it without a link; link it there with: procauthor {command}\n" in told
    assert "see the Threat Check Procedure." in page.read_text()
    run("-C", pair, *command.split())
    assert "see the [Threat Check Procedure](threat-check.md)." in page.read_text()


def test_accepting_says_nothing_where_all_is_linked(root: Path) -> None:
    submit(root, answer())
    assert json.loads(run("-C", root, "accept", "--json").stdout)["unlinked"] == []
    run("-C", root, "undo")
    submit(root, {})
    assert "without a link" not in run("-C", root, "accept").stderr


def test_a_neighbour_that_hands_over_more_than_a_template_lets_in(root: Path) -> None:
    page = root / "feature/design-review.md"
    made = "".join(f"- **Artifact {letter}**: it is dated\n" for letter in "ABCDEFGHIJKLMN")
    page.write_text(
        page.read_text().replace("- **Published Decision**: merged", made + "- **Published Decision**: merged")
    )
    page.write_text(page.read_text().replace(USED, "None."))
    told = run("-C", root, "create", "Threat Check Procedure").stderr
    assert "W103" not in told
    assert "is no required input" not in told


@pytest.mark.parametrize("name", ["feature", "Feature/", "delivery of features", "Delivery of Features Lifecycle"])
def test_a_lifecycle_is_told_by_its_name_or_by_its_folder(root: Path, name: str) -> None:
    for page in root.rglob("*.md"):
        text = page.read_text()
        page.write_text(text.replace("lifecycle: Feature", "lifecycle: Delivery of Features"))
    brief = Project.open(root).handoff.brief("Backup Procedure", lifecycle=name)
    assert brief.brief.request.lifecycle == "Delivery of Features"
