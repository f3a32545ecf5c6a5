"""What the documents say about roles, labels, commands and each other agrees."""

import re
from typing import Any

import click
import pytest
import typer

from procauthor.cli.app import app
from tests.library_gates.quote import DOCUMENTS, LIBRARY

TEXTS = {str(p.relative_to(LIBRARY)): p.read_text() for p in DOCUMENTS}
ALL = "\n".join(TEXTS.values())
LIFECYCLES = [name for name in TEXTS if name.endswith("/README.md")]
OTHER_NAMES = (
    "product owner",
    "quality lead",
    "platform lead",
    "platform role",
    "operations role",
    "architecture lead",
    "data protection role",
    "legal counsel role",
    "frontend lead",
)


def roles() -> set[str]:
    return {line.split("|")[1].strip() for line in TEXTS["library/roles.md"].splitlines() if line.startswith("| ")}


def test_one_name_for_each_role() -> None:
    flat = " ".join(ALL.split()).lower()
    assert [name for name in OTHER_NAMES if name in flat] == []
    subject = (
        "tech|QA|quality|security|operations|platform|API|design system|architecture|frontend|backend|support|release"
    )
    named = set(re.findall(rf"\b(?:{subject}) (?:lead|role|champion|board|owner)\b", ALL))
    assert named - roles() == set()


def test_every_row_of_the_table_of_lifecycles_has_one_who_answers() -> None:
    rows = [line for line in TEXTS["library/roles.md"].splitlines() if re.search(r"\| (R|A|C|I|-) \|", line)]
    assert len(rows) == 20
    assert {line.split().count("A") for line in rows} == {1}


def test_labels_are_made_on_day_zero() -> None:
    made = TEXTS["library/day-zero.md"]
    used = set(re.findall(r"--label ([a-z:-]+)", ALL)) | set(re.findall(r"labels? `([a-z:-]+)`", ALL))
    assert used
    assert {label for label in used if not re.search(rf"(?<![\w:-]){label}(?![\w:-])", made)} == set()


def cited() -> list[tuple[str, tuple[str, ...]]]:
    """Command and options of each call of our program that a document quotes."""
    quoted = [text for text in re.findall(r"`([^`\n]+)`", ALL) if text.startswith("procauthor ")]
    lines = [line.strip() for line in ALL.splitlines() if line.strip().startswith("procauthor ")]
    calls = {(text.split()[1], tuple(re.findall(r"--[a-z-]+", text))) for text in (*quoted, *lines)}
    return sorted(calls)


@pytest.mark.parametrize(("name", "options"), cited())
def test_a_command_that_is_cited_exists(name: str, options: tuple[str, ...]) -> None:
    group: Any = typer.main.get_command(app)
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert set(options) <= {option for parameter in command.params for option in parameter.opts}


def test_the_library_lifecycle_calls_the_product() -> None:
    names = {name for name, _ in cited()}
    assert names >= {
        "rename",
        "move",
        "evaluate",
        "deprecate",
        "migrate",
        "update",
        "suspects",
        "clear",
        "approve",
        "undo",
    }


def test_a_reader_finds_the_way() -> None:
    start = TEXTS["README.md"]
    assert [name for name in LIFECYCLES if f"]({name})" not in start] == []
    assert [
        name for name in LIFECYCLES if "](../README.md)" not in TEXTS[name] or "](../index.md)" not in TEXTS[name]
    ] == []
    standards = [name.split("/")[1] for name in TEXTS if re.fullmatch(r"standards/.+-standards\.md", name)]
    assert [name for name in standards if f"]({name})" not in TEXTS["standards/README.md"]] == []


def test_no_substitute_for_a_document_that_is_there() -> None:
    waiting = re.findall(r"until its provider is defined.*\(From: \[[^\]]+\]", ALL)
    assert waiting == []
    done = {path for path, text in TEXTS.items() if re.search(r"^status: Defined$", text, re.MULTILINE)}
    promises = re.findall(r"\[([^\]]+)\]\(([^)]+)\)[^.;]{0,40}(?:once|until) it is defined", ALL)
    assert [title for title, target in promises if any(path.endswith(target) for path in done)] == []


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(r"gitleaks detect", id="a form that the tool no longer documents"),
        pytest.param(r"statuses/SHA", id="a check that a person posts"),
        pytest.param(r"npx (squawk|spectral|redocly)\b", id="a name under which npx fetches another package"),
        pytest.param(r"testssl\.sh --severity", id="a filter in place of a verdict"),
        pytest.param(r"gitleaks git [^\n`]*--log-opts", id="a range that may be empty"),
    ],
)
def test_a_form_that_cannot_fail_is_not_quoted(form: str) -> None:
    guarded = r'test "\$\(git rev-list --count origin/main\.\.HEAD\)" -gt 0 &&\n *'
    assert re.findall(form, re.sub(guarded + "gitleaks git", "", ALL)) == []
