"""A small library that tests work on."""

import os
import tarfile
from pathlib import Path

import pytest

SETTINGS = """[templates]
"*-orchestration.md" = "orchestration"
"standards/*.md" = "standard"
"*/*.md" = "procedure"
"""

REVIEW = """---
id: design-review
lifecycle: Feature
phase: 1
status: Defined
---

# Design Review Procedure

## 1. Purpose

Choose the structure of a feature, and have it examined before work starts.

## 2. Trigger

- A feature is approved.

## 3. Required Inputs

- **Feature Request**: what is asked for.

## 4. Plan Requirement

None is needed for one feature.

## 5. Workflow

### Step 1: Draw the parts

**Purpose:** Show the components.

**Inputs:**

- Feature Request (From: Required Inputs)

**Actions:**

1. Draw every component that the feature adds or changes, and name its owner.

**Decisions:**

None.

**Outputs:**

- Component Diagram: the components and their connections

**Failure Handling:**

- An owner is unknown: ask the tech lead within one working day

### Step 2: Decide

**Purpose:** Record one decision.

**Inputs:**

- Component Diagram (From: Step 1)

**Actions:**

1. Compare at least two options, and write down why one was chosen.

**Decisions:**

- If no option meets the request: return to Step 1; otherwise: record the decision

**Outputs:**

- Decision Record: the chosen option and its reasons

**Failure Handling:**

- The board does not agree: escalate to the head of engineering

### Step 3: Publish

**Purpose:** Make the decision known.

**Inputs:**

- Decision Record (From: Step 2)

**Actions:**

1. Merge the record.

**Decisions:**

None.

**Outputs:**

- Published Decision: the merged record

**Failure Handling:**

- The merge is blocked: ask the repository owner

## 6. Output Contract

- **Component Diagram**: every component has an owner
- **Published Decision**: merged and dated

## 7. Validation & Acceptance Criteria

- Two options were compared.
- The board has accepted the record.

## 8. Downstream Dependencies

- **Component Diagram** is used by [Threat Check Procedure](threat-check.md): as the list of what to examine.

## 9. Definition of Done

- [ ] The record is merged.
- [ ] The diagram is stored as text.

## 10. Audit & Traceability

- Decision Record: in the repository

## 11. Exit States

- **Completed**: The decision is merged.
- **Blocked**: The board has not decided; the requester is told.
"""

PLACEHOLDER = """---
id: threat-check
lifecycle: Feature
phase: 1
status: Placeholder
depends_on:
  - Design Review Procedure
---

# Threat Check Procedure

## 1. Purpose

This procedure will find what can go wrong with a design, before it is built. It starts from the Component Diagram.

> **Placeholder.** This procedure is not defined yet.
"""

INDEX = """# Master Procedures Index

Words of a person.

## Feature Lifecycle

| Procedure | Phase | Status |
|---|---|---|
| [Design Review Procedure](feature/design-review.md) | 1 | Defined |
| [Threat Check Procedure](feature/threat-check.md) | 1 | Placeholder |
| Release Check Procedure | 5 | Missing |
"""

README = """# Feature Lifecycle

**Completion:** 1 of 2 defined

## Procedures

| Procedure | Phase | Status |
|---|---|---|
| [Design Review Procedure](design-review.md) | 1 | Defined |
| [Threat Check Procedure](threat-check.md) | 1 | Placeholder |
"""

PLAN = """# Action Plan

## Immediate Actions (P0)

### 1. Define Threat Check Procedure
**Priority:** P0 - Critical
**Lifecycle:** Feature Lifecycle - Phase 1
**Status:** Placeholder exists
**Dependencies:** Design Review Procedure (defined)
**Blocks:** Release Check Procedure
**Estimated Effort:** 2-3 hours

**Why:** Nothing is built before its dangers are known.

**Action Items:**
- [ ] Use canonical template
- [ ] Define threat identification workflow
- [ ] Define mitigation planning

### 2. Define Release Check Procedure
**Priority:** P1 - High
**Lifecycle:** Feature Lifecycle - Phase 5
**Status:** Missing (not created)
**Dependencies:** Threat Check Procedure (to be defined)
**Blocks:** None
**Estimated Effort:** 1-2 hours

**Why:** A release needs a last look.
"""

FILES = {
    "procauthor.toml": SETTINGS,
    "index.md": INDEX,
    "action-plan.md": PLAN,
    "feature/README.md": README,
    "feature/design-review.md": REVIEW,
    "feature/threat-check.md": PLACEHOLDER,
}


@pytest.fixture(autouse=True)
def _no_keys_and_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.endswith("_API_KEY") or name.startswith(("LANGSMITH_", "LANGCHAIN_", "OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A clean library: one defined procedure, one placeholder, index, README and plan."""
    return write_library(tmp_path / "library")


def write_library(folder: Path, **changed: str) -> Path:
    for path, text in (FILES | changed).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """All files of a library but the tool's own state."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".procauthor" not in p.parts
    }


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A copy of a whole library of software procedures as it was on one day: the one that the evaluations use."""
    folder = tmp_path / "big"
    with tarfile.open(Path(__file__).parents[1] / "evals/library.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder
