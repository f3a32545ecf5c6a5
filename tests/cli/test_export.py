"""Exports have the shape that the two formats ask for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from procauthor import ProcauthorError, Project
from tests.cli.test_handoff import run
from tests.conftest import REVIEW, snapshot, write_library

STANDARD = """---
status: Defined
---

# Naming Standards

## 1. Purpose

Names are the same everywhere; see [the review](../feature/design-review.md).
"""


def head(text: str) -> dict[str, Any]:
    match = re.match(r"---\n(.*?)\n---\n\n", text, re.DOTALL)
    assert match
    found: dict[str, Any] = yaml.safe_load(match[1])
    return found


def test_a_skill_is_a_folder_with_the_front_matter_that_is_asked_for(root: Path, tmp_path: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(
        page.read_text().replace(
            "1. Merge the record.", "1. Run `git merge`, as the [Naming Standards](../standards/naming.md) say."
        )
    )
    (root / "standards").mkdir()
    (root / "standards/naming.md").write_text(STANDARD)
    before = snapshot(root)
    found = json.loads(
        run("-C", root, "export", "Design Review", "--to", "agent-skill", "--out", tmp_path / "out", "--json").stdout
    )
    assert snapshot(root) == before
    folder = tmp_path / "out/design-review"
    assert found["files"] == [str(folder / "SKILL.md"), str(folder / "references/naming.md")]
    text = (folder / "SKILL.md").read_text()
    values = head(text)
    assert set(values) == {"name", "description", "metadata"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", values["name"])
    assert values["name"] == folder.name
    assert "Choose the structure of a feature" in values["description"]
    assert "Use when: A feature is approved." in values["description"]
    assert values["metadata"]["procauthor-source"] == "feature/design-review.md"
    assert all(isinstance(value, str) for value in values["metadata"].values())
    assert "1. Run `git merge`, as the [Naming Standards](references/naming.md) say.\n" in text
    assert "is used by Threat Check Procedure: as the list" in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (folder / target).is_file()
    assert "see the review." in (folder / "references/naming.md").read_text()


@pytest.mark.parametrize("words", [1, 60, 400])
def test_a_description_keeps_within_its_limit(root: Path, words: int) -> None:
    page = root / "feature/design-review.md"
    text = page.read_text().replace("Choose the structure", "Choose <b>it</b>. " + "A sentence of words. " * words)
    page.write_text(
        text.replace("- A feature is approved.", "- A feature is approved.\n" + "- It happens again.\n" * words)
    )
    file, *_ = Project.open(root).export("design-review", "agent-skill")
    description = head(file.read_text())["description"]
    assert 0 < len(description) <= 1024
    assert not set("<>\n") & set(description)
    assert file == root / ".agents/skills/design-review/SKILL.md"


def test_a_long_procedure_is_split_and_nothing_is_lost(root: Path) -> None:
    page = root / "feature/design-review.md"
    lines = "".join(f"- criterion number {n}\n\n" for n in range(300))
    page.write_text(page.read_text().replace("- Two options were compared.\n", lines))
    main, details = Project.open(root).export("design-review", "agent-skill")
    assert len(main.read_text().splitlines()) < 500
    assert "(references/details.md)" in main.read_text()
    assert "## 5. Workflow" in main.read_text()
    assert "## 9. Definition of Done" in main.read_text()
    assert "- criterion number 299" in details.read_text()
    assert "## 11. Exit States" in details.read_text()


def test_an_sop_has_its_sections_and_says_must(root: Path, tmp_path: Path) -> None:
    page = root / "feature/design-review.md"
    actions = "1. Merge the record with `git merge`.\n2. Do not delete the branch.\n3. If a check fails, stop.\n4. Prefer small commits."
    page.write_text(
        page.read_text()
        .replace("1. Merge the record.", actions)
        .replace("what is asked for.", "what is asked for.\n- **Style Guide**: Optional, where there is one.")
    )
    run("-C", root, "export", "feature/design-review.md", "--to", "agent-sop", "--out", tmp_path)
    text = (tmp_path / "design-review.sop.md").read_text()
    assert re.findall(r"^#{1,2} .*$", text, re.MULTILINE) == [
        "# Design Review Procedure",
        "## Overview",
        "## Parameters",
        "## Steps",
    ]
    steps = re.findall(r"^### (\d+)\. (.+)$", text, re.MULTILINE)
    assert steps == [("1", "Draw the parts"), ("2", "Decide"), ("3", "Publish"), ("4", "Confirm the result")]
    assert text.count("\n**Constraints:**\n") == len(steps)
    names = re.findall(r"^- \*\*(.+?)\*\* \((required|optional)\): ", text, re.MULTILINE)
    assert names == [("feature_request", "required"), ("style_guide", "optional")]
    for line in (
        "- You MUST merge the record with `git merge`.",
        "- If a check fails, you MUST stop.",
        "- You SHOULD prefer small commits.",
        "- If no option meets the request, you MUST return to Step 1; otherwise you MUST record the decision",
        "- If this happens: the merge is blocked, you MUST ask the repository owner",
        "- You MUST produce Published Decision: the merged record",
        "- You MUST use Component Diagram (from Step 1)",
    ):
        assert f"\n{line}\n" in text
    for forbidden in re.findall(r"^- .*MUST NOT.*$", text, re.MULTILINE):
        assert "because" in forbidden
    assert "You MUST NOT delete the branch because" in text
    assert "](" not in text


def test_a_runbook_without_steps_becomes_steps_of_its_lists(tmp_path: Path) -> None:
    text = "# Disk Full\n\n## Meaning\n\nA volume of a host has less than 5 % free space, so that programs soon cannot write.\n\n## Impact\n\nWrites fail.\n\n## Diagnosis\n\n1. Run `df -h`.\n\n## Mitigation\n\n1. Delete old logs.\n"
    root = write_library(
        tmp_path / "l", **{"procauthor.toml": '[templates]\n"*/*.md" = "runbook"\n', "ops/disk.md": text}
    )
    (file,) = Project.open(root).export("Disk Full", "agent-sop")
    assert "### 1. Diagnosis\n\nDiagnosis.\n\n**Constraints:**\n" in file.read_text()
    assert "- You MUST run `df -h`." in file.read_text()
    assert "### 2. Mitigation" in file.read_text()


def test_exporting_again_replaces_its_own_files_only(root: Path, tmp_path: Path) -> None:
    for form, name in (("agent-skill", "design-review/SKILL.md"), ("agent-sop", "design-review.sop.md")):
        run("-C", root, "export", "Design Review", "--to", form, "--out", tmp_path)
        run("-C", root, "export", "Design Review", "--to", form, "--out", tmp_path)
        (tmp_path / name).write_text("Somebody's own.")
        assert (
            "was not exported"
            in run("-C", root, "export", "Design Review", "--to", form, "--out", tmp_path, code=2).stderr
        )
        assert (tmp_path / name).read_text() == "Somebody's own."


def test_what_cannot_be_exported_is_said(root: Path) -> None:
    before = snapshot(root)
    export = Project.open(root).export
    with pytest.raises(ProcauthorError, match="it is placeholder"):
        export("Threat Check", "agent-skill")
    with pytest.raises(ProcauthorError, match="of kind index"):
        export("index.md", "agent-skill")
    with pytest.raises(ProcauthorError, match="part of the library"):
        export("Design Review", "agent-sop", root / "feature")
    assert "agent-sop" in run("-C", root, "export", "Design Review", "--to", "epub", code=2).stderr
    assert snapshot(root) == before


def test_a_default_export_is_no_document_of_the_library(root: Path) -> None:
    documents = len(Project.open(root).library().procedures)
    done = run("-C", root, "export", "Design Review", "--to", "agent-skill")
    assert done.stdout == "wrote .agents/skills/design-review/SKILL.md\n"
    assert len(Project.open(root).library().procedures) == documents


@pytest.mark.parametrize(
    ("id_", "name"), [("Größe / X--Y", "grosse-x-y"), ("a" * 80, "a" * 64), ("日本", "design-review")]
)
def test_a_name_fits_whatever_the_id_is(root: Path, id_: str, name: str) -> None:
    (root / "feature/design-review.md").write_text(REVIEW.replace("id: design-review", f"id: {id_}"))
    (file,) = Project.open(root).export("feature/design-review.md", "agent-skill")
    assert file.parent.name == head(file.read_text())["name"] == name
