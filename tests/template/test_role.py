"""What a section means is declared in the template: one text in any words gives the same findings."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from procauthor.checking.rule import RULES
from tests.cli.inside import run, run_json


@dataclass(frozen=True)
class Words:
    """How a team calls its sections, steps, parts and sources."""

    sections: tuple[str, ...]
    step: str
    origin: str
    parts: tuple[str, ...]
    back: str


SHIPPED = Words(
    ("Purpose", "Required Inputs", "Workflow", "Output Contract", "Exit States"),
    "Step",
    "From",
    ("Inputs", "Actions", "Outputs", "Failure Handling"),
    "return to Step 9",
)
OTHERS = {
    "English": Words(
        ("Why", "Before you begin", "How to", "Deliverables", "Possible endings"),
        "Stage",
        "Source",
        ("Needs", "Do", "Gives", "If it fails"),
        "back to Stage 9",
    ),
    "German": Words(
        ("Zweck", "Voraussetzungen", "Ablauf", "Ergebnisse", "Endzustände"),
        "Schritt",
        "Aus",
        ("Eingaben", "Handlungen", "Erzeugt", "Bei Störungen"),
        "zurück zu Schritt 9",
    ),
    "Portuguese": Words(
        ("Objetivo", "Entradas", "Passos", "Contrato de saída", "Estados finais"),
        "Passo",
        "De",
        ("Precisa", "Ações", "Produz", "Falhas"),
        "voltar ao Passo 9",
    ),
}
ROLES = ("purpose", "inputs", "workflow", "outputs", "exits")
PARTS = ("inputs", "actions", "outputs", "failures")


def template(words: Words) -> str:
    """Return a template whose fields say nothing: only the roles do."""
    bodies = ("{text}", "- **{thing}**: {more}", "", "- **{thing}**: {more}", "- **{thing}**: {more}")
    items = (f"- {{thing}} ({words.origin}: {{where}})", "1. {do}", "- {thing}: {more}", "- {thing}: {more}")
    steps = [f"### {words.step} {{number}}: {{name}}"]
    for label, role, item in zip(words.parts, PARTS, items, strict=True):
        steps.append(f"**{label}:**\n\n<!-- role: {role} -->\n\n{item}")
    lines = ["---\ntemplate: own\nkind: procedure\n---", "# {title}"]
    for heading, role, body in zip(words.sections, ROLES, bodies, strict=True):
        lines += [f"## {heading}", f"<!-- role: {role} -->", *(steps if role == "workflow" else [body])]
    return "\n\n".join(lines) + "\n"


def document(words: Words, title: str, provider: str = "") -> str:
    """Return a procedure with a fault of every kind that rests on roles."""
    purpose, inputs, workflow, outputs, exits = words.sections
    needs, do, gives, fails = words.parts
    source = f" ({words.origin}: [{provider}](first.md))" if provider else ""
    name = "Risk List" if provider else "Entry Notice"
    return f"""---
lifecycle: Ops
status: Defined
---

# {title}

## {purpose}

Adds an account for a new person.

## {inputs}

- **{name}**: name and first day{source}

## {workflow}

### {words.step} 1: Find the role

**{needs}:**

- {name} ({words.origin}: {inputs})

**{do}:**

1. Look it up.

**{gives}:**

- Rights Request: role and rights

**{fails}:**

- It is not there: {words.back}

### {words.step} 3: Make the account

**{needs}:**

- Privacy Approval ({words.origin}: {words.step} 7)

**{do}:**

1. Make it.

**{gives}:**

- Account: in the directory

**{fails}:**

- The name is taken: ask

## {outputs}

- **Something nobody makes**: is there

## {exits}

- **Completed**: it is there
"""


def write(root: Path, words: Words) -> Path:
    (root / "templates").mkdir(parents=True)
    (root / "ops").mkdir()
    (root / "procauthor.toml").write_text('[templates]\n"ops/*.md" = "own"\n', encoding="utf-8")
    (root / "templates/own.md").write_text(template(words), encoding="utf-8")
    (root / "ops/first.md").write_text(document(words, "First Procedure"), encoding="utf-8")
    (root / "ops/second.md").write_text(document(words, "Second Procedure", "First Procedure"), encoding="utf-8")
    return root


def findings(root: Path) -> list[tuple[object, ...]]:
    report = run_json("-C", root, "check", code=1)
    return [(f["path"], f["line"], f["rule"]) for f in report["findings"]]


def test_one_text_in_other_words_gives_the_same_findings(tmp_path: Path) -> None:
    expected = findings(write(tmp_path / "shipped", SHIPPED))
    rules = {str(rule) for *_, rule in expected}
    assert {"unused-output", "step-number-gap", "step-input-without-producer", "step-target-missing"} <= rules
    assert {"output-without-producer", "input-without-provider"} <= rules
    for name, words in OTHERS.items():
        assert findings(write(tmp_path / name, words)) == expected, name


@pytest.mark.parametrize(("language", "mention"), [("German", "Schritte 1 und 9"), ("Portuguese", "Passos 1 e 9")])
def test_several_steps_are_mentioned_and_numbered_again_in_every_language(
    tmp_path: Path, language: str, mention: str
) -> None:
    words = OTHERS[language]
    root = write(tmp_path / "library", words)
    file = root / "ops/first.md"
    file.write_text(
        file.read_text(encoding="utf-8").replace(words.back, f"{mention}, {words.step} 3"), encoding="utf-8"
    )
    report = run_json("-C", root, "check", "--select", "step-target-missing", "ops/first.md", code=1)
    assert [f["message"].endswith("9, which does not exist") for f in report["findings"]] == [True]
    run("-C", root, "renumber", "First Procedure")
    text = file.read_text(encoding="utf-8")
    assert f"### {words.step} 2: Make the account" in text
    assert f"{mention}, {words.step} 2" in text


def test_a_source_is_a_link_in_every_language(tmp_path: Path) -> None:
    root = write(tmp_path / "library", OTHERS["German"])
    assert "First Procedure" in run("-C", root, "refs", "Second Procedure").stdout


def test_export_reads_roles(tmp_path: Path) -> None:
    root = write(tmp_path / "library", OTHERS["German"])
    text = (
        document(OTHERS["German"], "First Procedure")
        .replace("Schritt 3:", "Schritt 2:")
        .replace("zurück zu Schritt 9", "frag")
    )
    text = text.replace("(Aus: Schritt 7)", "(Aus: Schritt 1)").replace("Privacy Approval", "Rights Request")
    (root / "ops/first.md").write_text(text.replace("Something nobody makes", "Account"), encoding="utf-8")
    out = tmp_path / "out"
    run("-C", root, "export", "First Procedure", "--to", "agent-sop", "--out", out)
    sop = next(out.rglob("*.md")).read_text(encoding="utf-8")
    assert "Adds an account for a new person." in sop
    assert "entry_notice" in sop
    assert "You MUST use Rights Request (from Schritt 1)" in sop


def test_a_synonym_in_the_settings_reaches_contracts(tmp_path: Path) -> None:
    root = write(tmp_path / "library", SHIPPED)
    before = findings(root)
    for name in ("first", "second"):
        file = root / f"ops/{name}.md"
        text = file.read_text(encoding="utf-8").replace("## Required Inputs", "## What You Need")
        file.write_text(text, encoding="utf-8")
    with (root / "procauthor.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[sections.synonyms]\n"Required Inputs" = ["What You Need"]\n')
    assert findings(root) == before


@pytest.mark.parametrize("label", ["Inputs", "Actions", "Outputs", "Failure Handling"])
def test_a_synonym_in_the_settings_reaches_the_parts_of_steps(tmp_path: Path, label: str) -> None:
    root = write(tmp_path / "library", SHIPPED)
    before = findings(root)
    for name in ("first", "second"):
        file = root / f"ops/{name}.md"
        file.write_text(file.read_text(encoding="utf-8").replace(f"**{label}:**", "**Wie hier:**"), encoding="utf-8")
    with (root / "procauthor.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[sections.synonyms]\n"{label}" = ["Wie hier"]\n')
    assert findings(root) == before


def test_synonyms_of_what_no_template_has_are_named(tmp_path: Path) -> None:
    root = write(tmp_path / "library", SHIPPED)
    with (root / "procauthor.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[sections.synonyms]\n"Required Input" = ["Needs"]\n"Failure Handling" = ["Rollback"]\n')
    said = run("-C", root, "check", code=None).stderr
    assert said.count("has no effect") == 1
    assert "'required input'" in said
    assert "did you mean 'required inputs'?" in said


def test_synonyms_where_no_document_has_a_template_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\n## Needs\n\n- **Request**: what is wanted\n", encoding="utf-8")
    (tmp_path / "procauthor.toml").write_text('[sections.synonyms]\n"Required Inputs" = ["Needs"]\n', encoding="utf-8")
    assert "no document has a template under" in run("-C", tmp_path, "check", code=None).stderr


def test_a_role_that_changes_is_noticed_by_a_check_that_remembers(tmp_path: Path) -> None:
    root = write(tmp_path / "library", SHIPPED)
    for number in range(70):
        (root / f"note-{number}.md").write_text(f"# Note {number}\n\nWords.\n", encoding="utf-8")
    before = findings(root)
    file = root / "templates/own.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("<!-- role: outputs -->\n\n- **", "<!-- role: none -->\n\n- **"), encoding="utf-8")
    after = findings(root)
    assert list(root.glob(".procauthor/check.*.db"))
    assert before != after
    assert all(rule != "output-without-producer" for *_, rule in after)
    file.write_text(text, encoding="utf-8")
    assert findings(root) == before


@pytest.mark.parametrize("rule", ["field-missing", "D105", "broken-link", "template-mistake"])
def test_rules_of_a_hand_off_are_explained_too(rule: str) -> None:
    assert "Why:" in run("explain", rule).stdout
    assert "template-mistake" in RULES
