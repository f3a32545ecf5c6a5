"""What `import procauthor` promises, and that the README's example runs."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

import procauthor
from procauthor import Draft, ProcauthorError, Progress, Project
from procauthor.authoring.brief import STEPS
from tests.conftest import snapshot

ROOT = Path(__file__).parents[1]


def test_every_public_name_is_the_class_of_that_name() -> None:
    assert sorted(procauthor.__all__) == dir(procauthor)
    assert all(getattr(procauthor, name).__name__ == name for name in procauthor.__all__)


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys, procauthor; print([n for n in sys.modules if n.startswith('procauthor.') or n == 'pydantic'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_draft_is_made_shown_and_accepted(root: Path) -> None:
    seen: list[Progress] = []
    draft = Project.open(root).author(progress=seen.append).create("Threat Check Procedure", lifecycle="feature")
    assert [p.name for p in seen if p.done] == list(STEPS)
    assert isinstance(draft, Draft)
    assert "+# Threat Check Procedure" not in draft.diff()
    change = draft.accept()
    assert change.as_json()[0] == {"path": "feature/threat-check.md", "action": "update"}


def test_the_asynchronous_twins_do_the_same(root: Path) -> None:
    async def work() -> None:
        draft = await Project.open(root).author().acreate("Threat Check Procedure")
        await draft.aaccept()

    asyncio.run(work())
    assert Project.open(root).library().find("threat-check").status == "in progress"


def test_every_error_is_one_family(root: Path) -> None:
    with pytest.raises(ProcauthorError) as caught:
        Project.open(root).library().find("Thread Check Procedure")
    assert caught.value.hint == "did you mean 'Threat Check Procedure'?"


def test_a_cut_off_change_is_taken_back_when_the_project_is_opened(root: Path) -> None:
    before = snapshot(root)
    project = Project.open(root)
    project.apply(project.author().create("Threat Check Procedure").change())
    written = snapshot(root)
    # As after a crash: everything is written, but the journal is not the newest entry of the history yet.
    (root / ".procauthor/history/000001.json").rename(root / ".procauthor/journal.json")
    assert snapshot(root) == written
    assert "took back 'accept Threat Check Procedure'" in Project.open(root).notices[0]
    assert snapshot(root) == before


def test_what_was_accepted_is_undone_and_redone(root: Path) -> None:
    before = snapshot(root)
    project = Project.open(root)
    project.author().create("Threat Check Procedure").accept()
    after = snapshot(root)
    entry, change = project.undo()
    assert entry.title == "accept Threat Check Procedure"
    assert {c["path"] for c in change.as_json()} == {p for p in after if after[p] != before.get(p)}
    assert snapshot(root) == before
    assert [e.undone for e in project.history()] == [True]
    project.redo()
    assert snapshot(root) == after


def test_the_example_in_the_readme_runs(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    root.rename(tmp_path / "my-library")
    exec(code, {})  # noqa: S102 - our own words
    assert "status: In progress" in (tmp_path / "my-library/data/data-export.md").read_text()


def test_ci_calls_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    (command,) = re.findall(r"<!-- tests -->\n```sh\n(.+)\n```", readme)
    assert command in (ROOT / ".ci/run").read_text().splitlines()
