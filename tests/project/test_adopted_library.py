"""Adopting a library with lifecycles, an index, stubs and orchestrations in a notation of its own."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run, run_json
from tests.project.test_adopt import write
from tests.project.test_conventions import documents, form, init

WHOLE = """# Procedure: {title}

**Status:** Defined

## 1. Purpose

What {title} is for.

## 2. Required Inputs

- **Brief** - what is wanted (From: {before})

## 3. Workflow

### Step 1: Gather

**Inputs:**
- Brief (From: Required Inputs)

**Actions:**
1. Read the brief.

**Outputs:**
- Open points

## 4. Output Contract

- **{title} record**: complete
"""
STUB = "# Procedure: {title}\n\n**Status:** Placeholder - later\n\n## 1. Purpose\n\nTo be defined.\n"
FORM = """# Procedure: [Name]

## 1. Purpose

[Say what it is for.]

## 2. Required Inputs

- **[Artifact]** - [what it is] (From: [Procedure])

## 3. Workflow

### Step 1: [Name]

## 4. Output Contract

- **[Artifact]**: [guarantee]
"""
NAMES = {"1-build": ("Plan", "Make", "Prove"), "2-ship": ("Pack", "Send")}
STUBS = {"1-build": ("Measure",), "3-run": ("Watch", "Answer")}
TABLE = """# Master Index

## 1. Build Lifecycle

| # | Procedure | Status |
|---|---|---|
| 1 | [Plan Procedure](1-build/plan.md) | ✅ Defined |
| 2 | [Make Procedure](1-build/make.md) | ✅ Defined |
| 3 | [Prove Procedure](1-build/prove.md) | ✅ Defined |
| 4 | [Measure Procedure](1-build/measure.md) | ⏳ Placeholder |

## 2. Ship Lifecycle (2 of 3)

| # | Procedure | Status |
|---|---|---|
| 1 | [Pack Procedure](2-ship/pack.md) | ✅ Defined |
| 2 | [Send Procedure](2-ship/send.md) | ✅ Defined |
| 3 | Return Procedure | ❌ Missing |

## 3. Run Lifecycle

| # | Procedure | Status |
|---|---|---|
| 1 | [Watch Procedure](3-run/watch.md) | ⏳ Placeholder |
| 2 | [Answer Procedure](3-run/answer.md) | ⏳ Placeholder |

## Orchestrations

| Procedure | Status |
|---|---|
| [Delivery Orchestration](orchestrations/delivery.md) | ✅ Defined |
"""
LIST = """# Master Index

How to use it: find the name, and read.

## 1. Build Lifecycle

### Phase 1: Think

- ✅ **Plan Procedure** - Defined

### Phase 2: Do

- ✅ [Make Procedure](1-build/make.md)
- ✅ Prove Procedure (Defined)
- ⏳ Measure Procedure - Placeholder

## 2. Ship Lifecycle

1. [x] [Pack Procedure](2-ship/pack.md)
2. [x] Send Procedure
3. [ ] Return Procedure

## 3. Run Lifecycle

- ⏳ Watch Procedure
- ⏳ Answer Procedure

## Orchestrations

- [Delivery Orchestration](orchestrations/delivery.md)
"""
ORCHESTRATION = """# Orchestration: Delivery

## Purpose

Delivers.

## Phases

### Phase 1: All

1. [Plan Procedure](../1-build/plan.md)
2. Make Procedure
3. Return Procedure
"""


def library(root: Path, index: str) -> Path:
    files = {
        "master-index.md": index,
        "orchestrations/delivery.md": ORCHESTRATION,
        "templates/procedure-template.md": FORM,
    }
    for folder, titles in NAMES.items():
        for title in titles:
            files[f"{folder}/{title.lower()}.md"] = WHOLE.format(title=title, before="the customer")
    for folder, titles in STUBS.items():
        for title in titles:
            files[f"{folder}/{title.lower()}.md"] = STUB.format(title=title)
    files["README.md"] = "# Our procedures\n\nSee the [index](master-index.md).\n"
    return write(root, files)


@pytest.mark.parametrize("index", [TABLE, LIST])
def test_totals_are_right_whatever_the_notation_of_the_index(tmp_path: Path, index: str) -> None:
    library(tmp_path, index)
    settings = init(tmp_path)
    report = run_json("-C", tmp_path, "evaluate")
    keys = ("name", "total", "defined", "placeholder", "missing")
    assert [tuple(each[key] for key in keys) for each in report["lifecycles"]] == [
        ("Build", 4, 3, 1, 0),
        ("Ship", 3, 2, 0, 1),
        ("Run", 2, 0, 2, 0),
        ("Orchestrations", 1, 1, 0, 0),
    ]
    assert settings["library"]["index"] == "master-index.md"
    rows = {row["path"]: row for row in report["documents"]}
    assert rows["3-run/watch.md"]["form"] == rows["1-build/plan.md"]["form"] != "orchestrations"
    assert rows["orchestrations/delivery.md"]["kind"] == "orchestration"
    (course,) = report["orchestrations"]
    assert [call["status"] for call in course["calls"]] == ["defined", "defined", "missing"]


PLAIN = """# Master Index

- **[Plan](1-build/plan.md)** - Where everything begins

## 1. Build Lifecycle

**Procedures:**
- Make Procedure
- Prove Procedure (with tests)
- Measure Procedure

## 2. Ship Lifecycle

**Procedures:**
- Pack Procedure
- Send Procedure

## 3. Run Lifecycle

**Procedures:**
- Watch Procedure
- Answer Procedure

## 4. Close Lifecycle

**Procedures:**
- Review Standards Procedure
- Close Procedure

**How to use it:**
- Find the name
- Read

## Procedure Status

**Legend:**
- ✅ Defined - it is complete
- 📝 Placeholder - content is pending
- ❌ Missing - not yet created
"""


def test_a_list_behind_the_words_of_other_lists_announces_documents(tmp_path: Path) -> None:
    library(tmp_path, PLAIN)
    checked = ORCHESTRATION + "\n## Inputs\n\n- [ ] **Review standards** - they must be met\n"
    (tmp_path / "orchestrations" / "delivery.md").write_text(checked)
    init(tmp_path)
    report = run_json("-C", tmp_path, "evaluate")
    missing = {each["name"]: each["missing"] for each in report["lifecycles"] if each["missing"]}
    assert missing == {"Close": 2}
    (course,) = report["orchestrations"]
    assert [call["title"] for call in course["calls"]] == ["Plan", "Make"]


@pytest.mark.parametrize(("place", "kept"), [("\n---\n\n**Last Updated:** {day}\n", True), ("\nDue {day}.\n", False)])
def test_a_vague_day_in_a_field_of_most_documents_is_no_unfinished_text(tmp_path: Path, place: str, kept: bool) -> None:  # noqa: FBT001
    library(tmp_path, TABLE)
    for path in tmp_path.glob("[0-9]-*/*.md"):
        path.write_text(path.read_text() + place.format(day="2025-01-XX"))
    settings = init(tmp_path)
    ignored = settings["conventions"].get("placeholders", {}).get("ignore", [])
    assert ignored == (["-XX"] if kept else [])
    assert run_json("-C", tmp_path, "evaluate")["total"]["defined"] == (6 if kept else 1)


def test_the_index_is_shown_with_what_it_lists(tmp_path: Path) -> None:
    library(tmp_path, LIST)
    (shown,) = run_json("-C", tmp_path, "init")["index"]
    assert (shown["path"], shown["notation"]) == ("master-index.md", "list")
    assert [entry["text"] for entry in shown["entries"] if not entry["exists"]] == ["Return Procedure"]
    assert not (tmp_path / "procauthor.toml").exists()


def test_the_template_of_the_team_is_the_source_of_the_form(tmp_path: Path) -> None:
    library(tmp_path, TABLE)
    (found,) = run_json("-C", tmp_path, "init")["forms"]
    assert found["template_file"] == "templates/procedure-template.md"
    assert found["roles"] == {
        "purpose": "1. Purpose",
        "inputs": "2. Required Inputs",
        "workflow": "3. Workflow",
        "outputs": "4. Output Contract",
    }
    init(tmp_path)
    made = next(p for p in (tmp_path / "templates").glob("*.md") if p.name != "procedure-template.md").read_text()
    assert "Say what it is for." in made
    assert "- **{artifact}** - {description} (From: {provider?})" in made
    assert "### Step {number}: {name}\n\n**Inputs:**\n\n- {artifact} (From: {source})" in made


def test_an_index_that_leaves_much_out_makes_no_errors(tmp_path: Path) -> None:
    library(tmp_path, TABLE.replace("[Prove Procedure](1-build/prove.md)", "[Plan Procedure](1-build/plan.md)"))
    assert init(tmp_path)["rules"]["index-missing-entry"] == "info"


def test_work_without_a_form_is_counted_and_what_is_beside_it_is_not(tmp_path: Path) -> None:
    steps = "1. Open the door.\n2. Go in.\n3. Close it.\n"
    parts = {"a": "one two three", "b": "four five six"}
    texts = {name: "".join(f"## {word}\n\nWords.\n\n" for word in words.split()) for name, words in parts.items()}
    files = {f"{name}.md": f"# {name}\n\n{text}" for name, text in texts.items()}
    files |= {
        "in.md": f"# In\n\nHow to go in.\n\n{steps}",
        "long.md": "# Long\n\n" + "".join(f"- Do the thing {n} well.\n" for n in range(14)),
        "toc.md": "# All\n\n1. [A](a.md)\n2. [B](b.md)\n3. [In](in.md)\n",
        "CONTRIBUTING.md": f"# Take part\n\n{steps}",
        "AGENTS.md": f"# For agents\n\n{steps}",
        "expense-report.md": f"# Expense report\n\n{steps}",
        "evaluation-report.md": f"# How we are\n\n{steps}",
        "whole.md": f"# Whole\n\n{texts['a']}{texts['b']}{steps}",
        "essay.md": "# Essay\n\nWords and words.\n",
        "todo-in.md": f"# Half\n\n{steps}\nThe rest is TBD.\n",
    }
    write(tmp_path, files)
    init(tmp_path)
    rows = documents(tmp_path)
    counted = {path: row["status"] for path, row in rows.items() if row["counted"]}
    assert counted == {
        "expense-report.md": "defined",
        "in.md": "defined",
        "long.md": "defined",
        "todo-in.md": "in progress",
    }
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=1)
    assert [f["path"] for f in report["findings"] if f["rule"] == "placeholder-text"] == ["todo-in.md"]


def test_a_document_that_shows_a_form_is_not_of_it(tmp_path: Path) -> None:
    shown = "# How we write\n\n1. Begin.\n2. Write.\n3. End.\n\n```\n## Goal\n## Action\n## Proof\n```\n"
    write(tmp_path, {f"ops/{n}.md": form(f"Pump {n}") for n in "abcd"} | {"style/how.md": shown})
    init(tmp_path)
    assert not documents(tmp_path)["style/how.md"]["counted"]


def test_names_of_a_navigation_are_titles_where_a_document_has_none(tmp_path: Path) -> None:
    nav = "nav:\n- Home: index.md\n- Calls:\n  - Being On-Call: calls/being.md\nextra: !!python/name:x.y\n"
    body = "".join(f"## {word}\n\nWords.\n\n" for word in ("One", "Two"))
    write(tmp_path, {"mkdocs.yml": nav, "docs/index.md": "# Home\n", "docs/calls/being.md": body})
    settings = init(tmp_path)
    assert settings["conventions"]["titles"]["names"] == {"docs/calls/being.md": "Being On-Call"}
    assert documents(tmp_path)["docs/calls/being.md"]["title"] == "Being On-Call"
    run("-C", tmp_path, "rename", "Being On-Call", "Being Awake", "--no-alias")
    assert "Being Awake" in {row["title"] for row in documents(tmp_path).values()}


def test_a_document_that_only_leads_on_is_an_alias(tmp_path: Path) -> None:
    files = {f"ops/{n}.md": form(f"Pump {n}") for n in "abcd"}
    write(tmp_path, files | {"ops/old.md": "# Pump old\n\nSee [Pump a](a.md).\n"})
    init(tmp_path)
    assert documents(tmp_path)["ops/old.md"]["status"] == "alias"
    assert not [
        f for f in run_json("-C", tmp_path, "check", "--no-baseline")["findings"] if f["rule"] == "missing-section"
    ]


def test_a_broken_link_leaves_a_finished_text_finished(tmp_path: Path) -> None:
    files = {f"ops/{n}.md": form(f"Pump {n}") for n in "abcd"}
    files["ops/a.md"] += "\n[gone](gone.md)\n"
    write(tmp_path, files)
    init(tmp_path)
    report = run_json("-C", tmp_path, "evaluate")
    assert (report["broken_references"], report["total"]["defined"]) == (1, 4)


def test_sections_in_several_orders_are_no_fault(tmp_path: Path) -> None:
    files = {f"ops/{n}.md": form(f"Pump {n}") for n in "abcd"}
    head, goal, action, proof = form("Pump z").partition("## Goal")[0], *form("Pump z").split("## ")[1:]
    files |= {f"ops/{n}.md": f"{head}## {proof}\n## {goal}## {action}" for n in "wxyz"}
    write(tmp_path, files)
    settings = init(tmp_path)
    assert settings["rules"]["section-order"] == "info"


def rules_of(root: Path, *names: str) -> list[dict[str, Any]]:
    report = run_json("-C", root, "check", "--no-baseline")
    return [finding for finding in report["findings"] if finding["rule"] in names]


def test_steps_and_their_parts_are_inferred(tmp_path: Path) -> None:
    look = "**Constraints:**\n- You MUST look\n"

    def sop(title: str, second: str) -> str:
        head = f"# {title}\n\n## Overview\n\nWords.\n\n## Parameters\n\n- **name** (required): The name\n\n## Steps\n\n"
        return f"{head}### 1. Do\n\nDo it.\n\n{look}\n### {second}\n"

    files = {f"sops/{n}.sop.md": sop(n.title(), f"2. Do\n\nDo it.\n\n{look}") for n in ("ask", "bind", "cut", "dig")}
    write(tmp_path, files | {"sops/odd.sop.md": sop("Odd", "4. Do\n\nDo it.")})
    init(tmp_path)
    rules = {finding["rule"] for finding in rules_of(tmp_path, "step-number-gap", "step-part-missing")}
    assert rules == {"step-number-gap", "step-part-missing"}
    made = tomllib.loads((tmp_path / "procauthor.toml").read_text())["templates"]
    assert set(made.values()) == {"sops"}


def test_skills_are_counted_by_their_files_and_called_by_their_names(tmp_path: Path) -> None:
    def skill(name: str, text: str) -> str:
        return f"---\nname: {name}\ndescription: When to {name}.\n---\n\n{text}"

    texts = {
        "ask": "# Asking\n\nAsk.\n",
        "bind": "Bind it.\n",
        "cut": "## Process\n\nCut it.\n\n## End\n\nStop.\n",
        "dig": "Dig.\n",
    }
    files = {f"{name}/SKILL.md": skill(name, text) for name, text in texts.items()}
    write(tmp_path, files | {"bind/tools.md": "# Tools\n\n1. Ask.\n2. Bind.\n3. Cut.\n", "README.md": "# All\n"})
    settings = init(tmp_path)
    assert settings["templates"] == {"*/SKILL.md": "skill"}
    rows = documents(tmp_path)
    assert {path: row["title"] for path, row in rows.items() if row["counted"]} == {
        "ask/SKILL.md": "Asking",
        "bind/SKILL.md": "bind",
        "cut/SKILL.md": "cut",
        "dig/SKILL.md": "dig",
    }
    run("-C", tmp_path, "rename", "bind", "tie")
    assert "name: tie\n" in (tmp_path / "bind/SKILL.md").read_text()


@pytest.mark.parametrize(("target", "broken"), [("/made/by/the-site.html", 0), ("/manual/gone.html", 1)])
def test_a_page_that_a_site_may_make_is_not_missing(tmp_path: Path, target: str, broken: int) -> None:
    text = f"---\ntitle: One\n---\n\n[words]({target})\n"
    write(tmp_path, {"config/tech-docs.yml": "", "source/manual/one.html.md": text})
    run("init", tmp_path, "--no-input")
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=broken)
    assert sum(finding["rule"] == "broken-link" for finding in report["findings"]) == broken


def test_a_form_that_requires_nothing_is_asked_for_and_not_finished_without_a_word(tmp_path: Path) -> None:
    head = "---\nname: {0}\ndescription: When to use {0}\n---\n\n# Do {0}\n\nWords of {0}.\n\n"
    sections = ["## Rules\n\n- One.\n", "## Rules\n\n- Two.\n", "## Notes\n\nWords.\n", "## Else\n\nWords.\n"]
    names = ("ask", "bind", "cut", "dig")
    write(tmp_path, {f"{n}/SKILL.md": head.format(n) + s for n, s in zip(names, sections, strict=True)})
    init(tmp_path)
    run("-C", tmp_path, "create", "Do Fill", "--accept", code=None)
    text = (tmp_path / "do-fill/SKILL.md").read_text()
    assert "name: do-fill\n" in text
    assert "## Rules" in text
    assert documents(tmp_path)["do-fill/SKILL.md"]["status"] == "in progress"
    write(tmp_path, {"empty/SKILL.md": "# Empty\n"})
    assert documents(tmp_path)["empty/SKILL.md"]["status"] == "placeholder"
    run("-C", tmp_path, "export", "Do ask", "--to", "agent-skill", "--out", tmp_path / ".out")
    assert (tmp_path / ".out/ask/SKILL.md").exists()


def test_a_navigation_that_names_what_has_moved_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"mkdocs.yml": "nav:\n  - One: a/one.md\n", "docs/a/one.md": "# One\n", "docs/b/two.md": "# Two\n"})
    init(tmp_path)
    assert "mkdocs.yml names docs/a/one.md: change it there" in run("-C", tmp_path, "move", "One", "docs/b").stderr
    assert "mkdocs.yml" not in run("-C", tmp_path, "move", "Two", "docs/a").stderr


def test_a_file_is_called_as_most_are(tmp_path: Path) -> None:
    names = ("PumpStops", "PumpLeaks", "PumpHums", "PumpRuns")
    write(tmp_path, {f"ops/{n}.md": form(n) for n in names} | {"ops/all-about-it.md": form("All about it")})
    init(tmp_path)
    assert "ops/PumpSinks.md" in run("-C", tmp_path, "create", "PumpSinks", "--lifecycle", "Ops", "--dry-run").stdout


WORK = {
    "several short lists": "## On disk\n\n1. Go there.\n2. Look.\n\n## Live\n\n1. Log in.\n2. Look.\n",
    "numbers in bold": "**1.** Stop it.\n\n```\nstop\n```\n\n**2.** Drain it.\n\n**3.** Start it.\n",
    "numbered headings": "## Step 1: Stop\n\nWords.\n\n## 2. Drain\n\nWords.\n\n## Online: 3. Start\n\nWords.\n",
    "duties in prose": "Cards must be read. You should ask, you need to sign, and please never leave it open.\n",
    "behind a prompt": "```\n➜  ~ curl -X GET it\n```\n\nThen:\n\n```\nbrew install it\n```\n",
    "programs without a language": "```\nkubectl get pods\n```\n\nThen:\n\n```\n$ reboot\n```\n",
}
TALK = {
    "one short list": "We count:\n\n1. pumps\n2. leaks\n",
    "numbered topics": "## Issue 1: Cost\n\nWords.\n\n## Issue 2: Time\n\nWords.\n\n## Issue 3: Room\n\nWords.\n",
    "one duty": "A card is read by the door, which opens. A card should be worn by all.\n",
    "output": "```\nTYPE  STATUS\n```\n\n```\n{}\n```\n",
    "days in bold": "**24 hours** are a day.\n\n**7 days** are a week.\n\n**52 weeks** are a year.\n",
    "things": "Never give away:\n\n1. Names of guests\n2. Keys and words\n3. Plans\n",
    "lists of links": "1. [A](a.md)\n2. [B](b.md)\n\nThen:\n\n1. [A](a.md)\n2. [B](b.md)\n",
}


@pytest.mark.parametrize("body", [*WORK.values(), *TALK.values()], ids=[*WORK, *TALK])
def test_what_tells_what_to_do_counts(tmp_path: Path, body: str) -> None:
    write(tmp_path, {"a.md": "# A\n\nWords.\n", "b.md": "# B\n\nWords.\n", "pump.md": f"# Pump\n\n{body}"})
    init(tmp_path)
    assert documents(tmp_path)["pump.md"]["counted"] == (body in WORK.values())


ORDERS = {
    "a title and items": ("Restoring backups", "- Open the console of the store.\n- Choose the copy of last night.\n"),
    "a title and code": (
        "Restore a backup",
        "The store keeps a copy of each night, for as long as its disk has room.\n\n```yaml\na: b\n```\n",
    ),
    "sentences and their reader": (
        "Backups",
        "Open the console. Choose your copy. Then wait until you see it on disk.\n",
    ),
    "German": (
        "Sicherung zurückspielen",
        "Nach einem Ausfall der Halle liegt die letzte Kopie im Lager. Sie melden sich dort an und holen sie ab.\n",
    ),
    "a heading and the reader": (
        "Breach of the limit",
        "## What to do\n\nThe alert goes off when you are over the limit, and it ends by itself after some time.\n",
    ),
    "a name of a file": ("", "- Open the console of the store.\n- Choose the copy of last night.\n"),
}
ACCOUNTS = {
    "one sign": (
        "Restoring backups",
        "The store keeps a copy of each night, for as long as its disk has room for it.\n",
    ),
    "a stub": ("Restoring backups", "Ask your colleague.\n"),
    "a thing": (
        "Networking of pumps",
        "The pumps are in one net that you see from the hall, and its cables are your way out.\n",
    ),
    "rules": (
        "Backup guidelines",
        "Use short names. Open no port. Keep your keys in the store, and never send them to you.\n",
    ),
    "an account": ("About restoring", "1. Open the console.\n2. Choose a copy.\n3. Wait for it.\n"),
    "an overview": ("Backups: an overview", "1. Open the console.\n2. Choose a copy.\n3. Wait for it.\n"),
}


@pytest.mark.parametrize(("title", "body"), [*ORDERS.values(), *ACCOUNTS.values()], ids=[*ORDERS, *ACCOUNTS])
def test_two_weak_signs_of_work_count_and_one_does_not(tmp_path: Path, title: str, body: str) -> None:
    head = f"# {title}\n\n" if title else ""
    write(tmp_path, {"a.md": "# A\n\nWords.\n", "b.md": "# B\n\nWords.\n", "restoring-copies.md": head + body})
    init(tmp_path)
    assert documents(tmp_path)["restoring-copies.md"]["counted"] == ((title, body) in ORDERS.values())


def test_what_lies_among_work_is_work_where_it_says_something(tmp_path: Path) -> None:
    work = {f"support/{n}.md": f"# Task {n}\n\n1. Look.\n2. Stop it.\n3. Start it.\n" for n in range(4)}
    told = "# Paging\n\n" + "We look at the graph of it, and then at the log. " * 5
    files = {**work, "support/paging.md": told, "support/stub.md": "# Stub\n\nSee the graph.\n", "about/us.md": told}
    write(tmp_path, files)
    assert init(tmp_path)["conventions"]["procedures"] == sorted([*work, "support/paging.md"])
    rows = documents(tmp_path)
    assert {path for path, row in rows.items() if row["counted"]} == {*work, "support/paging.md"}


def test_a_folder_full_of_work_is_one_pattern(tmp_path: Path) -> None:
    files = {f"support/{n}.md": f"# Task {n}\n\n1. Look.\n2. Stop it.\n3. Start it.\n" for n in range(4)}
    write(tmp_path, {**files, "support/index.md": "# All\n", "about.md": "# About\n\nWords.\n"})
    assert init(tmp_path)["conventions"]["procedures"] == ["support/*.md"]
    assert {path for path, row in documents(tmp_path).items() if row["counted"]} == set(files)


def test_skills_need_no_name_and_a_flag_says_that_one_is_out_of_use(tmp_path: Path) -> None:
    text = "---\ndescription: {0} things\n{1}---\n\n## {0}\n\nWords.\n"
    files = {f"skills/{n}/SKILL.md": text.format(n, "") for n in ("plan", "grill", "merge", "build")}
    files |= {"skills/old/SKILL.md": text.format("old", "deprecated: true\n"), "skills/plan/phases/one.md": "# One\n"}
    write(tmp_path, files)
    init(tmp_path)
    rows = documents(tmp_path)
    assert rows["skills/old/SKILL.md"]["declared_status"] == "deprecated"
    assert {path for path, row in rows.items() if row["counted"]} == {p for p in files if p.endswith("SKILL.md")}


def test_a_title_with_fields_below_it_shows_a_form(tmp_path: Path) -> None:
    guide = "---\ntitle: {0}\n---\n\n## Needs\n\nA {1}.\n\n## Checks\n\n1. Look.\n2. Stop.\n3. Start.\n"
    files = {f"guides/{n}.md": guide.format(n.upper(), n) for n in "abc"}
    files["guides/examples/upkeep.md"] = guide.format("Upkeep Template", "[Name of the pump]")
    write(tmp_path, files)
    assert init(tmp_path)["conventions"]["template_files"] == ["guides/examples/upkeep.md"]


@pytest.mark.parametrize(
    ("path", "broken"), [("/ops/b.md", 0), ("b.md", 0), ("/content/ops/b.md", 1), ("/gone/b.md", 1)]
)
def test_what_a_site_checks_itself_is_no_page_that_it_may_make(tmp_path: Path, path: str, broken: int) -> None:
    link = f'# A\n\n[the other]({{{{< relref "{path}" >}}}})\n'
    write(tmp_path, {"hugo.toml": "", "content/ops/b.md": "# B\n\nWords.\n", "content/up/a.md": link})
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=broken)
    assert sum(finding["rule"] == "broken-link" for finding in report["findings"]) == broken


def test_links_of_a_kind_that_mostly_leads_nowhere_make_no_errors(tmp_path: Path) -> None:
    text = "# Pump {0}\n\n[One](/guides/one), [two](/guides/{0}), [next](./{0}.md) and [gone](gone.md).\n"
    write(tmp_path, {f"{n}.md": text.format(n) for n in "abc"})
    assert init(tmp_path)["conventions"]["unproven"] == ["root"]
    found = run_json("-C", tmp_path, "check", "--no-baseline", code=1)["findings"]
    assert {(f["severity"], f["message"].split("'")[1][0]) for f in found if f["rule"] == "broken-link"} == {
        ("info", "/"),
        ("error", "g"),
    }


def test_a_page_alone_in_its_folder_is_a_document_and_a_list_of_changes_has_no_form(tmp_path: Path) -> None:
    steps = (
        "---\ntitle: {}\n---\n\n1. Stop the pump by hand.\n2. Drain what is left in it.\n3. Start it again by hand.\n"
    )
    changes = "# 1.2\n\n## Features\n\n- One.\n\n## Bugfixes\n\n- Two.\n"
    files = {f"docs/changelogs/CHANGES-20{n}.md": changes for n in (19, 20, 21)}
    files |= {"content/_index.md": "---\ntitle: All\n---\n", "content/stop/_index.md": steps.format("Stop")}
    files |= {"content/run/_index.md": steps.format("Run"), "content/run/fast.md": steps.format("Run fast")}
    write(tmp_path, {"hugo.toml": "", **files})
    settings = init(tmp_path)
    rows = documents(tmp_path)
    assert sorted(row["title"] for row in rows.values() if row["counted"]) == ["Run fast", "Stop"]
    assert settings["conventions"]["pages"] == ["readme", "content/_index.md", "content/run/_index.md"]


@pytest.mark.parametrize(
    ("title", "counted"),
    [
        ("Change Log", False),
        ("Release Notes", False),
        ("Release 1.2", False),
        ("Breaking Changes", False),
        ("Writing Release Notes", True),
        ("Write the Release Notes", True),
    ],
)
def test_a_list_of_changes_is_told_from_how_to_write_it(tmp_path: Path, title: str, *, counted: bool) -> None:
    steps = "1. Stop the pump by hand.\n2. Drain what is left in it.\n3. Start it again by hand.\n"
    write(tmp_path, {"docs/release-notes-2.md": f"# {title}\n\n{steps}", "docs/stop.md": f"# Stop the Pump\n\n{steps}"})
    init(tmp_path)
    assert documents(tmp_path)["docs/release-notes-2.md"]["counted"] is counted


def test_a_skill_beside_all_documents_takes_none_of_them_away(tmp_path: Path) -> None:
    steps = (
        "## Steps\n\n1. Stop it by hand.\n2. Drain what is left.\n3. Start it again.\n\n## After\n\nTell the lead.\n"
    )
    skill = "---\nname: pump\ndescription: For pumps.\n---\n\n# Pump\n\nUse the runbooks beside it.\n"
    write(
        tmp_path, {"docs/SKILL.md": skill, **{f"docs/{n}.md": f"# Stop {n}\n\n{steps}" for n in ("a", "b", "c", "x/d")}}
    )
    init(tmp_path)
    assert sum(row["counted"] for row in documents(tmp_path).values()) == 5


def test_titles_are_where_most_documents_have_them(tmp_path: Path) -> None:
    front = {f"content/{n}.md": f"---\ntitle: Do {n}\n---\n\nWords.\n" for n in "abc"}
    late = "---\ntitle: Cordon it\n---\n\n# Overview\n\nWords.\n\n## Then\n\nWords.\n"
    write(tmp_path, {"hugo.toml": "", **front, "content/d.md": late, "content/e.md": "# Own\n\nWords.\n"})
    assert init(tmp_path)["conventions"]["titles"]["sources"] == ["front-matter", "heading"]
    assert [row["title"] for _, row in sorted(documents(tmp_path).items())][3:] == ["Cordon it", "Own"]
    run("-C", tmp_path, "rename", "Cordon it", "Drain it", "--no-alias")
    assert (tmp_path / "content/drain-it.md").read_text() == late.replace("Cordon it", "Drain it")


def test_the_chapters_of_a_book_name_what_has_no_title(tmp_path: Path) -> None:
    summary = "# Summary\n\n- [Install](install.md)\n  - [Ask the admins](admin/faq.md)\n- [Draft]()\n"
    write(
        tmp_path,
        {
            "book.toml": "",
            "src/SUMMARY.md": summary,
            "src/install.md": "# Installing\n\nWords.\n",
            "src/admin/faq.md": "## How?\n\nSo.\n\n## When?\n\nNow.\n",
        },
    )
    assert init(tmp_path)["conventions"]["titles"]["names"] == {"src/admin/faq.md": "Ask the admins"}
    rows = documents(tmp_path)
    assert (rows["src/install.md"]["title"], rows["src/admin/faq.md"]["title"]) == ("Installing", "Ask the admins")


@pytest.mark.parametrize(
    ("site", "anchor", "broken"),
    [
        (".eleventy.js", "what-s-in-and-out-r-and-d", 0),
        (".eleventy.js", "whats-in--out-rd", 0),
        (".eleventy.js", "what-is-in", 1),
        (".eleventy.js", "1-2", 0),
        ("hugo.toml", "what-s-in-and-out-r-and-d", 1),
    ],
)
def test_an_anchor_is_there_however_a_plug_in_writes_it(tmp_path: Path, site: str, anchor: str, broken: int) -> None:
    root = "content" if site == "hugo.toml" else "pages"
    text = f"---\ntitle: A\n---\n\n[words](#{anchor})\n\n## What's in & out (R&D)\n\nWords.\n\n## 1.2\n\nWords.\n"
    write(tmp_path, {site: "dir: { input: 'pages' }\n", f"{root}/a.md": text})
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=None)
    assert sum(finding["rule"] == "broken-anchor" for finding in report["findings"]) == broken


def test_pages_of_pieces_give_these_their_names_and_are_no_procedures(tmp_path: Path) -> None:
    shell = "---\ntitle: {}\n---\n\n# <%= current_page.data.title %>\n\n<%= partial 'words/{}' %>\n"
    steps = "Words.\n\n## First\n\n1. Stop it.\n2. Drain it.\n3. Start it.\n\n## Then\n\nWords.\n"
    files = {"source/a.html.md.erb": shell.format("Stop it", "stop.md"), "source/words/stop.md": steps}
    files |= {"source/b.html.md.erb": shell.format("How to run it", "run"), "source/words/_run.md.erb": steps}
    files |= {"source/c.html.md.erb": "---\ntitle: Own\n---\n\n# <%= current_page.data.title %>\n\nWords of its own.\n"}
    write(tmp_path, {"config/tech-docs.yml": "", **files})
    init(tmp_path)
    rows = documents(tmp_path)
    assert {path: row["title"] for path, row in rows.items() if row["counted"]} == {
        "source/words/stop.md": "Stop it",
        "source/words/_run.md.erb": "How to run it",
    }
    assert rows["source/c.html.md.erb"]["title"] == "Own"


TREES = {
    "from the root": ("", "docs/ja-JP/", 3),
    "beside the folder": ("docs/", "docs/tr-TR/", 3),
    "beside English": ("content/en/", "content/de/", 3),
    "departments": ("teams/hr/", "teams/it/", 6),
}


@pytest.mark.parametrize(("original", "other", "count"), TREES.values(), ids=TREES)
def test_documents_in_folders_for_languages_are_not_counted_twice(
    tmp_path: Path, original: str, other: str, count: int
) -> None:
    steps = "# {}\n\n1. Stop it.\n2. Drain it.\n3. Start it.\n"
    names = ("ask/one", "bind/two", "three")
    files = {f"{home}{name}.md": steps.format(f"{name} {home}") for home in (original, other) for name in names}
    write(tmp_path, {**files, "README.md": "# All\n"})
    init(tmp_path)
    counted = [path for path, row in documents(tmp_path).items() if row["counted"]]
    assert len(counted) == count
    assert {path for path in counted if path.startswith(original)}.issuperset(f"{original}{name}.md" for name in names)


def test_what_is_called_a_template_shows_how_to_write(tmp_path: Path) -> None:
    steps = "# {}\n\n1. Stop it.\n2. Drain it.\n3. Start it.\n"
    names = {"01-MASTER-TEMPLATE": "Master", "template-rollout": "Rollout"}
    write(tmp_path, {f"ops/{name}.md": steps.format(title) for name, title in names.items()})
    init(tmp_path)
    assert [row["title"] for row in documents(tmp_path).values() if row["counted"]] == ["Rollout"]


@pytest.mark.parametrize(("target", "broken"), [("./two.html", 0), ("./gone.html", 1), ("./two", 1)])
def test_a_page_of_mkdocs_may_be_a_file(tmp_path: Path, target: str, broken: int) -> None:
    write(tmp_path, {"mkdocs.yml": "", "docs/a/one.md": f"# One\n\n[words]({target})\n", "docs/a/two.md": "# Two\n"})
    init(tmp_path)
    assert run_json("-C", tmp_path, "check", "--no-baseline", code=broken)["summary"]["errors"] == broken


def test_a_draft_whose_steps_are_to_come_is_not_empty_as_well(tmp_path: Path) -> None:
    text = (
        "# {0}\n\n## Purpose\n\nWhy {0} is done here.\n\n## Workflow\n\n### Step 1: Do it\n\nRun the script of {0}.\n"
    )
    write(tmp_path, {f"ops/{n}.md": text.format(n) for n in ("backup", "failover", "restore")})
    init(tmp_path)
    run("-C", tmp_path, "create", "Migrate", "--lifecycle", "Ops", "--accept")
    report = run_json("-C", tmp_path, "check", "--no-baseline")
    assert {f["rule"] for f in report["findings"] if f["path"] == "ops/migrate.md"} >= {"placeholder-text"}
    assert report["summary"]["errors"] == 0
    assert documents(tmp_path)["ops/migrate.md"]["status"] == "in progress"


def test_a_document_that_moves_stays_counted_and_keeps_its_template(tmp_path: Path) -> None:
    steps = "# {0}\n\nWords of {0}.\n\n1. Stop it.\n2. Drain it.\n3. Start it.\n"
    write(tmp_path, {"a/one.md": steps.format("One"), "a/two [x].md": steps.format("Two"), "a/talk.md": "# Talk\n"})
    init(tmp_path)
    settings = tmp_path / "procauthor.toml"
    settings.write_text(settings.read_text().replace("[templates]", '[templates]\n"a/one.md" = "runbook"'))
    before = settings.read_bytes()
    assert "procauthor.toml" in run("-C", tmp_path, "rename", "One", "First", "--no-alias").stdout
    run("-C", tmp_path, "move", "Two", "b", "--no-alias")
    rows = documents(tmp_path)
    assert {path for path, row in rows.items() if row["counted"]} == {"a/first.md", "b/two [x].md"}
    assert rows["a/first.md"]["form"] == "runbook"
    run("-C", tmp_path, "undo")
    run("-C", tmp_path, "undo")
    assert settings.read_bytes() == before


def test_pieces_of_skills_are_no_documents_however_deep_they_lie(tmp_path: Path) -> None:
    skill = (
        "---\nname: {0}\ndescription: Use it{1} for {0}.\n---\n\n# {0}\n\n## {2}\n\nWords.\n\n## {2} more\n\nWords.\n"
    )
    piece = "# Soil\n\n## Upper\n\n1. Dig here.\n2. Look.\n3. Go.\n\n## Lower\n\nWords.\n"
    files = {}
    for place, name in enumerate(("beds", "pots", "trees", "paths")):
        home = f"skills/{'garden' if place % 2 else 'house'}/{name}"
        # One that says too much in a line has front matter that is no YAML.
        files[f"{home}/SKILL.md"] = skill.format(name, ": always" if place else "", "Flow" if place % 2 else "Parts")
        files[f"{home}/references/guide.md"] = piece
    write(tmp_path, {**files, "skills/garden/tools/references/guide.md": piece})
    assert init(tmp_path)["templates"] == {"*/SKILL.md": "skill"}
    rows = documents(tmp_path)
    assert {path for path, row in rows.items() if row["counted"]} == {p for p in files if p.endswith("SKILL.md")}


def test_two_skills_count(tmp_path: Path) -> None:
    skill = "---\nname: {0}\ndescription: Of {0}.\n---\n\nWhat {0} are.\n"
    files = {f"skills/{name}/SKILL.md": skill.format(name) for name in ("beds", "pots")}
    write(tmp_path, {**files, "skills/beds/more/how.md": "# How\n\n1. Dig.\n2. Look.\n3. Go.\n"})
    init(tmp_path)
    assert {path for path, row in documents(tmp_path).items() if row["counted"]} == set(files)


def test_a_draft_and_what_only_repeats_the_form_of_the_team_are_not_defined(tmp_path: Path) -> None:
    body = "## Task\n\n1. {0}\n\n## Problems\n\n{1}\n"
    shown = ("Write down the first of the steps.", "{{< note >}} Say what may go wrong. {{< /note >}}")
    files = {
        "config/_default/config.toml": "title = 'Shop'\n",
        "archetypes/task.md": f"---\ntitle: X\n---\n\n{body.format(*shown)}",
    }
    said = (
        "Close the door of the shop first.",
        'Nobody is there: see [the list][shelves].\n\n[shelves]: {{< ref "/a" >}}',
    )
    texts = {"a": (False, said), "b": (True, said), "c": (False, (said[0], shown[1])), "d": (False, said)}
    for name, (draft, filled) in texts.items():
        files[f"content/tasks/{name}.md"] = (
            f"---\ntitle: {name}\ndraft: {str(draft).lower()}\n---\n\n{body.format(*filled)}"
        )
    write(tmp_path, files)
    assert init(tmp_path)["conventions"]["site"] == "hugo"
    rows = documents(tmp_path)
    assert [rows[f"content/tasks/{name}.md"]["status"] for name in texts] == [
        "defined",
        "in progress",
        "in progress",
        "defined",
    ]
    findings = run_json("-C", tmp_path, "check", "--no-baseline")["findings"]
    assert {f["path"] for f in findings if f["severity"] != "info"} == {"content/tasks/c.md"}


@pytest.mark.parametrize(
    "said",
    [
        "> This page is a work in progress.",
        "This page is\na work in progress.",
        "This document is only a placeholder; ask the desk.",
        "Diese Seite ist noch in Arbeit.",
    ],
)
def test_a_page_that_says_of_itself_that_it_is_to_come_is_a_stub(tmp_path: Path, said: str) -> None:
    remark = f"# Wintering\n\nThis runbook is still a draft and a stub. {'Put the hive into the shed. ' * 8}\n"
    write(tmp_path, {"runbooks/a.md": f"# Feeding\n\n{said}\n", "runbooks/b.md": remark})
    init(tmp_path)
    states = {path: row["status"] for path, row in documents(tmp_path).items()}
    assert states["runbooks/a.md"] in ("placeholder", "in progress")
    assert states["runbooks/b.md"] == "defined"


@pytest.mark.parametrize(
    ("link", "severity"),
    [
        ("[text](url)", "warning"),
        ("[a-z]([a-z0-9]*[a-z])", "warning"),
        ("[app](#pump.App.run)", "warning"),
        ("[next](next.md)", "error"),
        ("[part](#the-part)", "error"),
    ],
)
def test_what_only_shows_the_form_of_a_link_is_no_error(tmp_path: Path, link: str, severity: str) -> None:
    write(tmp_path, {"ops/a.md": f"# Stop the pump\n\nSee {link}.\n"})
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=int(severity == "error"))
    assert [finding["severity"] for finding in report["findings"]] == [severity]


@pytest.mark.parametrize(("sign", "warned"), [("config/tech-docs.yml", 1), ("hugo.toml", 0), (".gitlab-ci.yml", 0)])
def test_a_link_to_a_folder_without_a_page_is_broken_where_the_site_makes_none(
    tmp_path: Path, sign: str, warned: int
) -> None:
    root = {"config/tech-docs.yml": "source/", "hugo.toml": "content/"}.get(sign, "")
    files = {f"{root}start.md": "# Start\n\n[All](machines/) and [one](machines/printer.md).\n", sign: ""}
    write(tmp_path, {**files, f"{root}machines/printer.md": "# Printer\n\nIt is in room two.\n"})
    init(tmp_path)
    findings = run_json("-C", tmp_path, "check", "--no-baseline")["findings"]
    assert sum(f["rule"] == "broken-link" and f["severity"] == "warning" for f in findings) == warned


@pytest.mark.parametrize(
    ("lines", "severities"),
    [
        (("Call TBD on the hotline.", "Send it by **TBD** -> **North**."), []),
        (("Call TBD on the hotline.", "Owner: TBD"), ["error", "warning"]),
        (("The owner is TBD.", "TBD"), ["error", "error"]),
        (("Call TBD on the hotline.",), ["warning"]),
        (("Put the TBD label on it.",), []),
        (("Avoid words such as of [date].", "Day: [date]"), ["error", "warning"]),
    ],
)
def test_a_mark_within_sentences_may_be_a_name(tmp_path: Path, lines: tuple[str, ...], severities: list[str]) -> None:
    texts = {
        f"ops/{n}.md": f"# Stop pump {n}\n\n1. Go.\n2. Look.\n3. Stop it.\n\n{line}\n" for n, line in enumerate(lines)
    }
    write(tmp_path, texts)
    init(tmp_path)
    findings = run_json("-C", tmp_path, "check", "--no-baseline", code=None)["findings"]
    assert sorted(f["severity"] for f in findings if f["rule"] == "placeholder-text") == severities


@pytest.mark.parametrize("target", ["/a/#none", "/a#none", "a/#none", "a/index.html#none", "/b/#none", "b.html#none"])
def test_an_anchor_is_looked_for_however_a_page_is_named(tmp_path: Path, target: str) -> None:
    page = "---\ntitle: Page\n---\n\n# Page {}\n\n## Part\n\nWords.\n"
    files = {
        "config/tech-docs.yml": "host: https://example.org\n",
        "source/index.html.md": f"# Home\n\n[one]({target})\n",
    }
    write(tmp_path, {**files, "source/a/index.html.md": page.format("A"), "source/b.html.md": page.format("B")})
    init(tmp_path)
    assert [f["rule"] for f in run_json("-C", tmp_path, "check", "--no-baseline")["findings"]] == ["broken-anchor"]


def test_what_counts_by_weak_signs_alone_is_asked_about(tmp_path: Path) -> None:
    weak = "- Open the console of the store.\n- Choose the copy of last night.\n"
    plain = "1. Open the console of it.\n2. Choose a copy.\n3. Wait.\n"
    write(
        tmp_path,
        {"a.md": f"# Restore backups\n\n{weak}", "b.md": f"# Backups\n\n{plain}", "c.md": "# Words\n\nWords.\n"},
    )
    assert "question: does a.md tell what to do? only weak signs say so" in run("init", tmp_path, "--no-input").stdout


def test_a_row_that_leads_to_a_folder_announces_no_document(tmp_path: Path) -> None:
    steps = "1. Scan the card of it.\n2. Scan the book as well.\n3. Tell the day.\n"
    files = {f"how-to/{name}.md": f"# {name.title()} a book\n\n{steps}" for name in ("lend", "take")}
    index = "# How to\n\n- [Lend a book](lend.md)\n- [Take a book](take.md)\n- [Old machines](machines/)\n"
    write(
        tmp_path,
        {**files, "how-to/README.md": index, "how-to/machines/printer.md": "# Printer\n\nIt is in room two.\n"},
    )
    init(tmp_path)
    assert run_json("-C", tmp_path, "evaluate")["total"]["missing"] == 0


def test_a_page_that_lists_a_few_of_all_documents_is_no_index(tmp_path: Path) -> None:
    steps = "1. Scan the card of it.\n2. Scan the book as well.\n3. Tell the day.\n"
    files = {f"desk/{n}.md": f"# Desk {n}\n\n{steps}" for n in range(8)}
    write(
        tmp_path,
        {
            **files,
            "lamps/index.md": "# Lamps\n\n- [a](a.md)\n- [b](b.md)\n",
            "lamps/a.md": "# A\n",
            "lamps/b.md": "# B\n",
        },
    )
    assert "library" not in init(tmp_path)


def test_a_heading_behind_text_is_no_title_where_the_front_matter_has_one(tmp_path: Path) -> None:
    late = "---\ntitle: Change the lamps\n---\n\nAll lamps are changed twice a year.\n\n# Changing them\n\nTake the ladder.\n"
    first = "---\ntitle: Lend\n---\n\n![a picture](a.png)\n\n# Lend a book\n\nScan the card.\n"
    write(tmp_path, {"a.md": late, "b.md": first, "a.png": ""})
    init(tmp_path)
    assert sorted(str(row["title"]) for row in documents(tmp_path).values()) == ["Change the lamps", "Lend a book"]
