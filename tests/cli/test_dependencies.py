"""What a draft depends on: declared, named by the caller, or said by its required inputs."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from procauthor import ProcauthorError, Project
from tests.cli.test_handoff import TITLE, answer, run, submit
from tests.conftest import INDEX, PLACEHOLDER, REVIEW, write_library

DIAGRAM = {"artifact": "Component Diagram", "description": "what to examine", "provider": "Design Review Procedure"}
DATA_PLAN = {"artifact": "Data Plan", "description": "what is kept", "provider": "Data Design Procedure"}
RECORD = {"artifact": "Record", "description": "optional, of the last time", "provider": "Release Check Procedure"}
DATA = REVIEW.replace("id: design-review", "id: data-design").replace("Design Review", "Data Design")


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """The small library with a second procedure that provides something."""
    data = DATA.replace("Published Decision", "Data Plan")
    row = "| [Data Design Procedure](feature/data-design.md) | 1 | Defined |\n| Release Check"
    return write_library(
        tmp_path / "wide", **{"feature/data-design.md": data, "index.md": INDEX.replace("| Release Check", row)}
    )


def head(text: str) -> Any:
    return yaml.safe_load(text.split("---\n")[1])


def inputs(*rows: dict[str, str]) -> dict[str, Any]:
    return answer() | {"required_inputs": list(rows)}


def test_who_provides_a_required_input_is_declared_beside_what_is(wide: Path) -> None:
    found = submit(wide, inputs(DIAGRAM, DATA_PLAN, RECORD))
    assert head(found.text)["depends_on"] == ["Design Review Procedure", "Data Design Procedure"]
    assert "From: [Data Design Procedure](data-design.md))" in found.text
    again = submit(wide, {"required_inputs": [DIAGRAM]})
    assert head(again.text)["depends_on"] == ["Design Review Procedure"]


def test_an_announced_provider_is_declared_too(wide: Path) -> None:
    found = submit(wide, inputs(DIAGRAM, RECORD | {"description": "of the last time"}))
    assert head(found.text)["depends_on"] == ["Design Review Procedure", "Release Check Procedure"]


def test_what_the_caller_names_is_added_and_reaches_the_document(wide: Path) -> None:
    brief = run("-C", wide, "brief", TITLE, "--depends-on", "data design", "--json").stdout
    request = json.loads(brief)["brief"]["request"]
    assert request["depends_on"] == ["Data Design Procedure", "Design Review Procedure"]
    assert [n["title"] for n in json.loads(brief)["brief"]["neighbours"]][:2] == request["depends_on"]
    found = submit(wide, inputs(DIAGRAM))
    assert head(found.text)["depends_on"] == ["Design Review Procedure", "Data Design Procedure"]
    again = json.loads(run("-C", wide, "brief", TITLE, "--json").stdout)
    assert again["brief"]["request"] == request


def test_a_new_document_declares_what_plan_and_caller_say(wide: Path) -> None:
    (wide / "feature/threat-check.md").unlink()
    Project.open(wide).handoff.brief(TITLE, depends_on=["Data Design Procedure"])
    found = submit(wide, answer())
    assert head(found.text)["depends_on"] == ["Data Design Procedure", "Design Review Procedure"]


def test_nobody_can_depend_on_what_nobody_knows(root: Path) -> None:
    for command in ("brief", "create"):
        told = run("-C", root, command, TITLE, "--depends-on", "Desing Review", code=2).stderr
        assert "cannot depend on 'Desing Review'" in told
        assert "did you mean 'Design Review Procedure'" in told
    with pytest.raises(ProcauthorError, match="nothing announces one"):
        Project.open(root).handoff.brief(TITLE, depends_on=["Zebra"])


FORMS = {
    "list": ("depends_on:\n  - Design Review Procedure\n", "depends_on:\n  - Design Review Procedure\n  - Data"),
    "flat list": ("depends_on:\n- Design Review Procedure # why\n", "- Design Review Procedure # why\n- Data"),
    "flow": ("depends_on: [Design Review Procedure]\n", "depends_on: [Design Review Procedure, Data"),
    "long flow": ("depends_on: [\n  Design Review\n]\n", "depends_on: [\n  Design Review, Data"),
    "lines between": ("depends_on:\n- Design Review\n\n# why\n", "- Design Review\n- Data"),
    "words": ("depends_on: Design Review\n", "depends_on:\n- Design Review\n- Data"),
    "nothing": ("depends_on:\n", "depends_on:\n- Data"),
    "none": ("", "depends_on:\n- Data"),
}


@pytest.mark.parametrize(("present", "wanted"), FORMS.values(), ids=FORMS)
def test_the_front_matter_of_a_placeholder_keeps_its_form(wide: Path, present: str, wanted: str) -> None:
    page = PLACEHOLDER.replace("depends_on:\n  - Design Review Procedure\n", present + "owner: 'x'  # kept\n")
    (wide / "feature/threat-check.md").write_text(page)
    if present in {"", "depends_on:\n"}:
        fields = inputs(DATA_PLAN | {"artifact": "Component Diagram"})
    else:
        fields = inputs(DIAGRAM, DATA_PLAN)
    found = submit(wide, fields)
    assert wanted in found.text
    assert "owner: 'x'  # kept\n" in found.text
    assert head(found.text)["depends_on"][-1] == "Data Design Procedure"
