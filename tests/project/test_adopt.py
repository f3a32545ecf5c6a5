"""Adopting documents that are there: templates from what they share, settings, a baseline, and not a byte more."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.adoption.adopt import adopt, propose
from procauthor.adoption.survey import survey
from procauthor.errors import LibraryError
from procauthor.project import Project
from tests.cli.inside import run, run_json
from tests.conftest import snapshot

ALERT = "# {name}\n\n## What it says\n\nWords.\n\n## How to look\n\n1. Look.\n\n## How to mend\n\n- [ ] Mend.\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def alerts(*folders: str, number: int = 4) -> dict[str, str]:
    return {f"{folder}/a{n}.md": ALERT.format(name=f"{folder} {n}") for folder in folders for n in range(number)}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    files = alerts("alerts/one", "alerts/two", "alerts/three") | {
        "README.md": "# All\n\n[gone](gone.md)\n",
        "alerts/two/a3.md": "# Two 3\n\n## 📣 2. What it says:\n\nWords.\n\n## Notes\n\nWords.\n",
        "alerts/four/a.md": ALERT.format(name="Four"),
        "alerts/one/notes/n.md": "# Notes\n\nWords.\n",
        "blog/a.md": "# A\n\n## Words\n\nWords.\n",
        "blog/b.md": "# B\n\n## Other words\n\nWords.\n",
        "blog/c.md": "# C\n\nWords.\n",
    }
    return write(tmp_path / "docs", files)


def test_the_headings_that_most_documents_share_are_required(documents: Path) -> None:
    (found,) = survey(documents).templates
    assert (found.name, found.shipped) == ("alerts", False)
    assert [(h.text, h.required) for h in found.inferred.headings] == [
        ("What it says", True),
        ("How to look", True),
        ("How to mend", True),
    ]
    assert {path.rpartition("/")[0] for path in found.form.members} == {
        f"alerts/{n}" for n in ("one", "two", "three", "four")
    }
    assert survey(documents).patterns == {"alerts/one/notes/*.md": "", "alerts/*.md": "alerts"}


def test_adopting_adds_its_own_files_only_and_a_check_is_quiet_then(documents: Path) -> None:
    before = snapshot(documents)
    done = run("init", documents)
    after = snapshot(documents)
    new = set(after) - set(before)
    assert new == {"procauthor.toml", "templates/alerts.md", ".procauthor-baseline.json"}
    assert {path: raw for path, raw in after.items() if path not in new} == before
    assert "required  100%  What it says" in done.stdout
    report = run_json("-C", documents, "check")
    assert report["findings"] == []
    assert report["summary"]["baselined"] == 4
    every = run_json("-C", documents, "check", "--no-baseline", code=1)["findings"]
    assert sorted((f["rule"], f["path"]) for f in every) == [
        ("broken-link", "README.md"),
        ("missing-section", "alerts/two/a3.md"),
        ("missing-section", "alerts/two/a3.md"),
        ("template-role-missing", "templates/alerts.md"),
    ]


def test_a_new_document_is_held_to_what_the_others_share(documents: Path) -> None:
    adopt(propose(survey(documents)))
    (documents / "alerts/two/new.md").write_text("# New\n\n## What it says\n\nWords.\n\n## How to look\n\n1. Look.\n")
    (found,) = Project.open(documents).check().findings
    assert (found.rule, found.path, found.message) == (
        "missing-section",
        "alerts/two/new.md",
        "section 'How to mend' is missing",
    )


def test_a_shipped_template_with_the_same_headings_is_used(tmp_path: Path) -> None:
    text = "# {n}\n\n## Meaning\n\nX.\n\n## Impact\n\nX.\n\n## Diagnosis\n\nX.\n\n## Mitigation\n\nX.\n"
    write(tmp_path, {f"a{n}.md": text.replace("{n}", str(n)) for n in range(3)})
    run("init", tmp_path, "--no-input")
    assert tomllib.loads((tmp_path / "procauthor.toml").read_text())["templates"] == {"*.md": "runbook"}
    assert not (tmp_path / "templates").exists()
    assert not (tmp_path / ".procauthor-baseline.json").exists()


def test_documents_without_anything_in_common_get_no_template(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.md": f"# {name}\n\n## {name} words\n\nWords.\n" for name in "abcd"})
    assert "no template is proposed" in run("init", tmp_path).stdout
    assert run_json("-C", tmp_path, "check")["findings"] == []


def test_two_forms_in_one_place_get_two_templates(tmp_path: Path) -> None:
    other = "# {name}\n\n## Goal\n\nWords.\n\n## Agenda\n\n1. Item.\n"
    write(tmp_path, alerts("ops") | {f"ops/meetings/m{n}.md": other.replace("{name}", str(n)) for n in range(3)})
    proposal = propose(survey(tmp_path))
    assert proposal.survey.patterns == {"ops/meetings/*.md": "meetings", "ops/*.md": "ops"}
    # Nothing is wrong but that neither form says which section holds what.
    assert adopt(proposal)[1] == 2


def test_three_documents_with_general_headings_are_asked_about(tmp_path: Path) -> None:
    text = "# {name}\n\n## Overview\n\nWords.\n\n## Links\n\n- Item.\n"
    write(tmp_path, {f"ref/{n}.md": text.replace("{name}", n) for n in "abc"})
    result = survey(tmp_path)
    assert not result.templates
    assert result.questions == (
        "do ref/a.md and 2 others follow a form? they share links, overview, and tell nothing to do",
    )
    write(tmp_path, {"ref/d.md": text.replace("{name}", "d")})
    assert [template.name for template in survey(tmp_path).templates] == ["ref"]


def test_a_file_that_is_there_is_not_overwritten(documents: Path) -> None:
    proposal = propose(survey(documents))
    write(documents, {"templates/alerts.md": "# {title}\n\n## Mine\n"})
    before = snapshot(documents)
    with pytest.raises(LibraryError):
        adopt(proposal)
    assert snapshot(documents) == before
    assert [t.name for t in survey(documents).templates] == ["alerts-2"]


def test_a_synonym_in_the_settings_stands_for_the_heading(documents: Path) -> None:
    adopt(propose(survey(documents)))
    new = documents / "alerts/two/new.md"
    new.write_text(ALERT.format(name="New").replace("How to mend", "Repair"))
    assert [f.rule for f in Project.open(documents).check().findings] == ["missing-section"]
    settings_file = documents / "procauthor.toml"
    settings_file.write_text(settings_file.read_text() + '\n[sections.synonyms]\n"How to mend" = ["Repair"]\n')
    assert Project.open(documents).check().findings == ()


def test_init_refuses_a_library_and_a_file(documents: Path, tmp_path: Path) -> None:
    run("init", documents)
    assert "already is a library" in run("init", documents, code=2).stderr
    (tmp_path / "file").write_text("")
    assert "is a file" in run("init", tmp_path / "file", code=2).stderr


folders = st.lists(
    st.sampled_from(["a", "b", "a/c", "a/c/d", "b/e", "x [1]", "a/c*", "."]), min_size=1, max_size=6, unique=True
)
forms = st.sampled_from(
    [
        "# T\n\n## One\n\nX.\n\n## Two\n\n1. X.\n",
        "# T\n\n## Three\n\nX.\n\n## Four\n\n1. X.\n\n## Five\n\nX.\n",
        "# T\n\nWords only.\n",
    ]
)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_every_folder_gets_the_form_that_its_documents_have(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("adopt")
    chosen = {folder: data.draw(forms) for folder in data.draw(folders)}
    write(root, {f"{folder}/d{n}.md": text for folder, text in chosen.items() for n in range(3)})
    adopt(propose(survey(root)))
    for procedure in Project.open(root).library().procedures:
        if procedure.kind == "template":
            continue
        keys = [s.key for s in procedure.template.sections] if procedure.template else []
        words = [
            line[3:].lower() for line in procedure.document.source.raw.decode().splitlines() if line.startswith("## ")
        ]
        assert keys == words
    assert Project.open(root).check(select=["missing-section", "section-order", "template-text-left"]).findings == ()
