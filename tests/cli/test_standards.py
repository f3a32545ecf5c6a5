"""The standards that apply stand in a brief with their rules in short."""

import json
from pathlib import Path
from typing import Any

from tests.cli.test_handoff import TITLE, answer, run, submit
from tests.conftest import PLAN, REVIEW, write_library

STYLE = """# Drawing Style Standards

## 1. Purpose

- **Peace**: everybody reads the same.

## 3. Rules

- **DRW-01 Owners**: Every box MUST name its owner; measure: 0 boxes without.
- **DRW-02 Arrows**: Arrows MUST point along the data. They may be dashed.
- Words without a name.
"""


def brief(root: Path) -> Any:
    return json.loads(run("-C", root, "brief", TITLE, "--json").stdout)["brief"]


def test_rules_of_a_standard_that_a_neighbour_links_are_in_the_brief(tmp_path: Path) -> None:
    linked = "Draw every component by the [Drawing Style Standards](../standards/drawing-style.md)"
    review = REVIEW.replace("Draw every component", linked)
    pages = {"standards/drawing-style.md": STYLE, "feature/design-review.md": review}
    root = write_library(tmp_path / "library", **pages)
    (rules,) = brief(root)["rules"]
    assert (rules["title"], rules["path"]) == ("Drawing Style Standards", "standards/drawing-style.md")
    assert rules["rules"] == [
        {"name": "DRW-01 Owners", "text": "Every box MUST name its owner; measure: 0 boxes without."},
        {"name": "DRW-02 Arrows", "text": "Arrows MUST point along the data. They may be dashed."},
    ]
    text = run("-C", root, "brief", TITLE).stdout
    assert "DRW-01 Owners: Every box MUST name its owner" in text
    assert "- Drawing Style Standards\n" in text
    fields = answer() | {"definition_of_done": ["DRW-01 of the Drawing Style Standards is kept.", "It is merged."]}
    found = submit(root, fields)
    assert "DRW-01 of the [Drawing Style Standards](../standards/drawing-style.md) is kept." in found.text


def test_a_standard_that_the_plan_names_comes_along(tmp_path: Path) -> None:
    plan = PLAN.replace("Define mitigation planning", "Keep the drawing style standards")
    root = write_library(tmp_path / "library", **{"standards/drawing-style.md": STYLE, "action-plan.md": plan})
    assert [each["title"] for each in brief(root)["rules"]] == ["Drawing Style Standards"]


def test_without_a_standard_in_force_nothing_is_said(tmp_path: Path) -> None:
    gone = "---\nstatus: Deprecated\n---\n\n" + STYLE
    plan = PLAN.replace("Define mitigation planning", "Keep the drawing style standards")
    root = write_library(tmp_path / "library", **{"standards/drawing-style.md": gone, "action-plan.md": plan})
    assert brief(root)["rules"] == []
    assert "Standards that neighbours follow" not in run("-C", root, "brief", TITLE).stdout
