"""What documents can say of conditions, times and parallel steps gives no false finding, and a fault in it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from procauthor import Project
from tests.cli.inside import run_json
from tests.conftest import REVIEW, write_library

PAGE = "feature/design-review.md"
RICH = (
    REVIEW.replace(
        "## 1. Purpose",
        "## At a Glance\n\n- **Goal:** A decision is merged.\n- **When:** A feature is approved.\n"
        "- **Who:** The tech lead; the head of engineering decides without an answer.\n"
        "- **If harm is under way:** Stop the feature, and go to Step 2.\n\n## 1. Purpose",
    )
    .replace("- A feature is approved.\n", "- A feature is approved.\n- A part fails in production. (Start: Step 2)\n")
    .replace(
        "- **Feature Request**: what is asked for.\n",
        "- **Feature Request**: what is asked for.\n- **Old Diagram** (for a change): the parts as they are\n"
        "- **Risk Register**: open risks (Updated: a row for each new risk)\n",
    )
    .replace("## 4. Plan Requirement\n\nNone is needed for one feature.\n\n", "")
    .replace(
        "**Purpose:** Show the components.\n",
        "**Purpose:** Show the components.\n\n**Who:** tech lead; within two days; without an answer: the head decides\n",
    )
    .replace(
        "- Feature Request (From: Required Inputs)\n",
        "- Feature Request (From: Required Inputs)\n- Old Diagram (for a change) (From: Required Inputs)\n"
        "- Risk Register (From: Required Inputs)\n",
    )
    .replace(
        "- Component Diagram: the components and their connections\n",
        "- Component Diagram: the components and their connections\n- Risk Register (if a risk is new): with its row\n",
    )
    .replace(
        "1. Compare at least two options, and write down why one was chosen.\n",
        "1. Compare at least two options by this table:\n\n   | Option | Cost |\n   |---|---|\n   | one | 1 |\n\n"
        "2. Draw the chosen one:\n\n   ```mermaid\n   flowchart LR\n     A --> B\n   ```\n",
    )
    .replace("return to Step 1; otherwise: record the decision", "return to Step 1")
    .replace("**Decisions:**\n\nNone.\n\n", "")
    .replace(
        "**Purpose:** Make the decision known.\n",
        "**Purpose:** Make the decision known.\n\n**Only if:** it is accepted\n\n**Repeat:** for each part, twice at most\n",
    )
    .replace("\n\n**Failure Handling:**\n\n- The merge is blocked: ask the repository owner", "")
)


def found(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    root = write_library(tmp_path / "library", **{PAGE: text})
    findings = Project.open(root).check().findings
    return [(each.rule, each.message) for each in findings if each.path == PAGE]


def test_a_document_that_says_all_of_it_has_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, RICH) == []
    report = run_json("-C", tmp_path / "library", "check")
    assert report["summary"]["errors"] == 0


FAULTS = {
    "a way in that leads nowhere": ("(Start: Step 2)", "(Start: Step 9)", "step-target-missing"),
    "a first action that leads nowhere": ("go to Step 2", "go to Step 8", "step-target-missing"),
    "a step beside the one it needs": (
        (
            "**Only if:** it is accepted\n\n**Repeat:** for each part, twice at most\n\n"
            "**Inputs:**\n\n- Decision Record (From: Step 2)"
        ),
        "**Beside:** Step 2\n\n**Inputs:**\n\n- Decision Record",
        "step-input-without-producer",
    ),
    "an input of no list": ("- Risk Register (From", "- Risk Book (for a change) (From", "step-input-without-producer"),
    "an output that nobody takes": ("(Updated: a row for each new risk)", "", "unused-output"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_it_is_found(name: str, tmp_path: Path) -> None:
    old, new, rule = FAULTS[name]
    assert RICH.count(old) == 1
    assert [each[0] for each in found(tmp_path, RICH.replace(old, new))] == [rule]


def test_nobody_waits_for_an_input_of_a_case(tmp_path: Path) -> None:
    more = "- **Threat List** (for data of class 3): of the feature (From: [Threat Check Procedure](threat-check.md))\n"
    old = "- **Feature Request**: what is asked for.\n"
    assert found(tmp_path, REVIEW.replace(old, old + more)) == []
    edges = run_json("-C", tmp_path / "library", "graph")["edges"]
    assert [edge["optional"] for edge in edges if edge["artifact"] == "Threat List"] == [True]


TABLES = """# {title}

## Needs

<!-- role: inputs -->

| Thing | Of | From |
|---|---|---|
| {artifact} | {description} | [{provider?}](procedure) |

## How

<!--
role: workflow
min: 2
-->

### Step {number}: {name}

**Takes:**

<!-- role: inputs -->

| Thing | From |
|---|---|
| {artifact} | {source} |

**Gives:**

<!-- role: outputs -->

| Thing | In Which Case |
|---|---|
| {artifact} | {condition?} |

## Gives

<!-- role: outputs -->

| Thing | Promise |
|---|---|
| {artifact} | {guarantee} |

## Ends

<!-- role: exits -->

| State | Meaning |
|---|---|
| {state} | {meaning} |
"""
FIRST = """# First Procedure

## Needs

| Thing | Of | From |
|---|---|---|
| Old List | last year | [Second Procedure](second.md) |

## How

### Step 1: Read

**Takes:**

| Thing | From |
|---|---|
| Old List | Needs |

**Gives:**

| Thing | In Which Case |
|---|---|
| New List | |

### Step 2: Write

**Takes:**

| Thing | From |
|---|---|
| New List | Step 1 |

**Gives:**

| Thing | In Which Case |
|---|---|
| Final List | always |

## Gives

| Thing | Promise |
|---|---|
| Final List | signed |

## Ends

| State | Meaning |
|---|---|
| Done | It is there. |
"""


def tables(tmp_path: Path, first: str) -> list[tuple[str, str]]:
    root = tmp_path / "library"
    for path, text in {
        "procauthor.toml": '[templates]\n"ops/*.md" = "own"\n',
        "templates/own.md": TABLES,
        "ops/first.md": first,
        "ops/second.md": FIRST.replace("First", "Second")
        .replace("[Second Procedure](second.md)", "")
        .replace("Final List", "Old List", 2),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    findings = Project.open(root).check().findings
    return [(each.rule, each.message) for each in findings if each.path == "ops/first.md"]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("| New List | Step 1 |", "| New List | Step 2 |", "step-input-without-producer"),
        ("| New List | Step 1 |", "| Newer List | Step 1 |", "step-input-without-producer"),
        ("| Final List | signed |", "| Whole Report | signed |", "output-without-producer"),
        ("| Old List | last year |", "| Oldest Book | last year |", "input-without-provider"),
    ],
)
def test_contracts_and_flow_are_read_from_tables_too(tmp_path: Path, old: str, new: str, rule: str) -> None:
    assert rule not in {name for name, _ in tables(tmp_path / "right", FIRST)}
    assert rule in {name for name, _ in tables(tmp_path / "wrong", FIRST.replace(old, new))}
