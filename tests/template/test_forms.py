"""A template of any ordinary form can be worked with: no traceback, and what cannot be used is a finding."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procauthor.cli.app import app
from procauthor.errors import TemplateError
from procauthor.template.model import build_draft_model
from procauthor.template.read import read_template
from procauthor.template.render import render
from tests.cli.inside import run, run_json
from tests.template.forms import EXAMPLES, form

COUNT = int(os.environ.get("PROCAUTHOR_FORMS", "200"))
INDEX = (
    "# Index\n\n## Ops Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n"
    "| Restore Procedure | - | Missing |\n| Rotate Procedure | - | Missing |\n"
)


def library(root: Path, template: bytes) -> Path:
    (root / "templates").mkdir(parents=True)
    (root / "procauthor.toml").write_text('[templates]\n"ops/*.md" = "own"\n', encoding="utf-8")
    (root / "templates/own.md").write_bytes(template)
    (root / "index.md").write_text(INDEX, encoding="utf-8")
    return root


@pytest.mark.parametrize("seed", range(COUNT // 20))
def test_every_form_is_read_modelled_and_rendered(seed: int) -> None:
    for number in range(seed * 20, seed * 20 + 20):
        try:
            template = read_template("own", form(number))
        except TemplateError:
            continue
        build_draft_model(template, ["One Procedure", "Two Procedure"])
        assert render(template, "T", {}, {}).startswith("# T\n")
        assert all(mistake.line > 0 and mistake.message for mistake in template.mistakes)


@pytest.mark.parametrize("seed", range(8))
def test_every_author_works_with_every_form(seed: int, tmp_path: Path) -> None:
    root = library(tmp_path / "library", form(seed))
    try:
        read_template("own", form(seed))
    except TemplateError:
        assert "hint:" in run("-C", root, "brief", "Restore Procedure", code=2).stderr
        return
    run("-C", root, "brief", "Restore Procedure")
    for author, title in (("skeleton", "Rotate Procedure"), ("offline", "Restore Procedure")):
        done = CliRunner().invoke(app, ["-C", str(root), "create", title, "--author", author])
        assert isinstance(done.exception, SystemExit | None), (author, done.exception)
        # A form with two sections of one name gives documents with an error; they are drafted all the same.
        assert done.exit_code in {0, 1}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_nothing_is_known_of_is_never_filled_with_words(name: str, tmp_path: Path) -> None:
    template = f"# {{title}}\n\n## Summary\n\n{{Why.}}\n\n## Our Notes\n\n{EXAMPLES[name]}\n"
    root = library(tmp_path / "library", template.encode())
    run("-C", root, "create", "Restore Procedure")
    text = run("-C", root, "diff").stdout
    assert "+status: In progress" in text
    assert "This is about" not in text
    assert "TODO" in text or "](procedure)" in EXAMPLES[name]


def test_a_heading_without_an_example_is_prose(tmp_path: Path) -> None:
    root = library(tmp_path / "library", b"# {title}\n\n## Goal\n\n{Why.}\n\n## Notes\n")
    fields = run_json("-C", root, "brief", "Restore Procedure")
    assert "notes" in str(fields)
    run("-C", root, "create", "Restore Procedure", "--author", "skeleton")
    assert "## Notes" in run("-C", root, "diff").stdout


def test_a_section_with_marks_only_holds_no_text(tmp_path: Path) -> None:
    root = library(tmp_path / "library", b"# {title}\n\n## Goal\n\n{Why.}\n\n## Notes\n\n- {note}\n")
    run("-C", root, "create", "Restore Procedure", "--author", "skeleton", "--accept")
    row = next(d for d in run_json("-C", root, "evaluate")["documents"] if d["title"] == "Restore Procedure")
    assert row["status"] == "in progress"
    assert row["sections_empty"] == ["Goal", "Notes"]


def test_create_and_brief_take_the_template_of_the_path(tmp_path: Path) -> None:
    root = library(tmp_path / "library", b"# {title}\n\n## Goal\n\n{Why.}\n")
    (root / "templates/runbook.md").write_bytes(b"# {title}\n\n## Symptom\n\n{What is seen.}\n")
    settings = '[templates]\n"runbooks/*.md" = "runbook"\n"ops/*.md" = "own"\n'
    (root / "procauthor.toml").write_text(settings, encoding="utf-8")
    shown = run("-C", root, "brief", "Restore Procedure").stdout
    assert "Goal" in shown
    assert "Symptom" not in shown
    run("-C", root, "create", "Restore Procedure")
    assert "+## Goal" in run("-C", root, "diff").stdout


@pytest.mark.parametrize(
    "command", [("check",), ("brief", "Restore Procedure"), ("evaluate",), ("refs", "X"), ("sync",)]
)
def test_a_template_that_does_not_exist_is_refused_by_every_command(command: tuple[str, ...], tmp_path: Path) -> None:
    root = library(tmp_path / "library", b"# {title}\n\n## Goal\n\n{Why.}\n")
    (root / "procauthor.toml").write_text('[templates]\n"runbooks/*.md" = "owm"\n', encoding="utf-8")
    error = run("-C", root, *command, code=2).stderr
    assert "'owm'" in error
    assert "did you mean 'own'?" in error
