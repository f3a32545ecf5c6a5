"""A skeleton is the template with its guidance; the check says what is missing until a person has filled it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from procauthor import ProcauthorError, Project
from tests.cli.test_handoff import TITLE, run

WORDS = re.compile(r"\bTODO\b")


def create(root: Path, *options: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("-C", root, "create", TITLE, *options, "--json", code=code).stdout)
    return found


def test_a_skeleton_holds_guidance_facts_and_marks(root: Path) -> None:
    found = create(root, "--author", "skeleton", "--accept")
    assert (found["outcome"], found["author"], found["open_questions"]) == ("Published", "skeleton", [])
    text = (root / "feature/threat-check.md").read_text()
    assert "status: In progress\n" in text
    assert "written_by" not in text
    assert "start from the Component Diagram" in text.replace("starts", "start")
    assert (
        "- **Component Diagram**: every component has an owner (From: [Design Review Procedure](design-review.md))"
        in text
    )
    assert "<!--\nThe events that start this procedure," in text
    assert "The action plan asks: Define mitigation planning\n" in text
    assert "### Step 1: TODO name\n" in text
    assert "**Purpose:** TODO: Why this step exists, in one sentence.\n" in text
    assert "\n- [ ] TODO criterion\n" in text
    assert "\n\n\n" not in text
    assert [line for line in text.splitlines() if line.startswith("## ")][-1] == "## 12. Worked Example"
    assert "| [Threat Check Procedure](feature/threat-check.md) | 1 | In progress |" in (root / "index.md").read_text()
    assert "- [ ] Define threat identification workflow" in (root / "action-plan.md").read_text()
    run("-C", root, "sync", "--check")


def test_the_check_names_every_place_that_is_to_be_filled(root: Path) -> None:
    create(root, "--author", "skeleton", "--accept")
    page = root / "feature/threat-check.md"
    marked = [n for n, line in enumerate(page.read_text().splitlines(), 1) if WORDS.search(line)]
    report = json.loads(run("-C", root, "check", "--json").stdout)
    left = [f for f in report["findings"] if f["rule"] == "placeholder-text"]
    assert report["summary"]["errors"] == 0
    assert {(f["path"], f["severity"]) for f in left} == {("feature/threat-check.md", "info")}
    assert [f["line"] for f in left] == marked
    page.write_text(WORDS.sub("the", page.read_text()))
    run("-C", root, "sync")
    assert json.loads(run("-C", root, "check", "--json").stdout)["summary"]["errors"] == 0
    # One step and one criterion are fewer than the template asks for.
    assert Project.open(root).library().find("threat-check").status == "in progress"


def test_other_errors_block_a_skeleton(root: Path) -> None:
    page = root / "feature/threat-check.md"
    page.write_text(page.read_text().replace("what can go wrong", "what the Frobnication Procedure missed"))
    found = create(root, "--author", "skeleton", "--accept", code=1)
    assert found["outcome"] == "Needs revision"
    with pytest.raises(ProcauthorError, match="1 finding of severity error"):
        Project.open(root).draft().accept()
    assert "status: Placeholder" in page.read_text()


def test_line_endings_and_own_metadata_of_a_placeholder_stay(root: Path) -> None:
    page = root / "feature/threat-check.md"
    text = page.read_text().replace("status: Placeholder", "owner:  somebody\nstatus: Placeholder")
    page.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    create(root, "--author", "skeleton", "--accept")
    raw = page.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf---\r\n")
    assert b"owner:  somebody\r\n" in raw
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_a_team_template_gives_its_own_skeleton(root: Path) -> None:
    (root / "templates").mkdir()
    (root / "templates/card.md").write_text(
        "# {title}\n\n## Why\n\n<!-- Say it -- short. -->\n\n{One sentence.}\n\n## Checks\n\n| Check | Owner |\n|---|---|\n"
        "| {check} | {owner} |\n\n## Doing\n\n### Step {number}: {name}\n\n#### Do\n\n1. {action}\n"
    )
    (root / "procauthor.toml").write_text('[templates]\n"feature/*.md" = "card"\n')
    (root / "feature/threat-check.md").unlink()
    create(root, "--author", "skeleton", "--accept")
    text = (root / "feature/threat-check.md").read_text()
    assert "## Why\n\n<!--\nSay it - - short.\n-->\n\nTODO: One sentence.\n" in text
    assert "| Check | Owner |\n|---|---|\n| TODO check | … |\n" in text
    assert "### Step 1: TODO name\n\n#### Do\n\n1. TODO action\n" in text


def test_authors_are_named_in_one_way(root: Path) -> None:
    assert create(root, "--author", "offline")["author"] == "offline"
    assert "exclude" in run("-C", root, "create", TITLE, "--author", "skeleton", "--model", "openai:x", code=2).stderr
    assert "key" in run("-C", root, "create", TITLE, "--author", "openai:x", code=2).stderr.lower()


def test_a_skeleton_fills_no_required_section_of_the_evaluation(tmp_path: Path) -> None:
    root = tmp_path / "library"
    run("init", root)
    row = "\n## Ops Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n| Restore Procedure | - | Missing |\n"
    (root / "index.md").write_text((root / "index.md").read_text(encoding="utf-8") + row, encoding="utf-8")
    before = json.loads(run("-C", root, "evaluate", "--json").stdout)
    run("-C", root, "create", "Restore Procedure", "--author", "skeleton", "--accept")
    after = json.loads(run("-C", root, "evaluate", "--json").stdout)
    assert after["section_completeness"] == before["section_completeness"]


@pytest.mark.parametrize(
    ("heading", "source"),
    [("Schritt {number}: {name}", "Aus: "), ("Étape {number} : {name}", "De : "), ("{number}. {name}", "Aus: ")],
)
def test_without_a_model_no_english_comes_into_documents_of_another_language(
    tmp_path: Path, heading: str, source: str
) -> None:
    template = f"""# {{title}}

## Zweck

{{Was erreicht wird.}}

## Eingaben

- **{{artifact}}** ({source}[{{provider?}}](procedure))

## Ablauf

### {heading}

**Handlungen:**

1. {{action}}

## Kontakte

| Rolle | Person |
|---|---|
| {{rolle}} | {{person}} |
"""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/anweisung.md").write_text(template, encoding="utf-8")
    (tmp_path / "procauthor.toml").write_text('[templates]\n"betrieb/*.md" = "anweisung"\n')
    (tmp_path / "index.md").write_text("# Liste\n\n## Betrieb\n\n| Verfahren | Stand |\n|---|---|\n| Abgabe | - |\n")
    run("-C", tmp_path, "create", "Abgabe", "--accept")
    _, front, body = (tmp_path / "betrieb/abgabe.md").read_text(encoding="utf-8").split("---\n", 2)
    assert "status: In progress\n" in front
    known = set(re.findall(r"\w+", template)) | {"TODO", "Abgabe", "1"}
    assert set(re.findall(r"\w+", re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL))) <= known
    assert json.loads(run("-C", tmp_path, "check", "--json").stdout)["summary"]["warnings"] == 0
