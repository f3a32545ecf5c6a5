"""The command line: what each command says and writes. `test_stdout.py` and `test_killed.py` start processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import procauthor.cli
from procauthor import Project
from tests.cli.inside import run, run_json
from tests.conftest import snapshot

CLI = [sys.executable, "-m", "procauthor"]


def test_a_clean_library_has_no_finding(root: Path) -> None:
    report = run_json("-C", root, "check")
    assert [f["message"] for f in report["findings"] if f["severity"] != "info"] == []
    assert report["summary"]["procedures"] == 2


def test_check_says_where_and_exits_one(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("](threat-check.md)", "](gone.md)"))
    done = run("-C", root, "check", code=1)
    line = next(n for n, text in enumerate(page.read_text().splitlines(), 1) if "gone.md" in text)
    assert f"feature/design-review.md:{line}:" in done.stdout
    assert run_json("check", "-C", root, "feature/README.md")["findings"] == []


def test_every_command_says_the_status_that_counts(root: Path) -> None:
    """A whole text with an error in it is not defined, whoever asks."""
    name, path = "Design Review Procedure", "feature/design-review.md"
    assert run_json("-C", root, "refs", name)["document"]["status"] == "defined"
    page = root / path
    page.write_text(page.read_text().replace("](threat-check.md)", "](gone.md)"))
    (row,) = (each for each in run_json("-C", root, "evaluate")["documents"] if each["path"] == path)
    assert row["status"] == "in progress"
    assert run_json("-C", root, "refs", name)["document"]["status"] == "in progress"
    assert run_json("-C", root, "blame", name)["status"] == "in progress"
    refused = run("-C", root, "export", name, "--to", "agent-sop", "--out", root.parent / "out", code=2)
    assert "it is in progress" in refused.stderr
    run("-C", root, "export", name, "--to", "html", "--out", root.parent)
    assert ", in progress" in (root.parent / "design-review.html").read_text()


@pytest.mark.parametrize("form", ["of the library", "from here", "absolute"])
def test_every_command_takes_the_paths_that_check_takes(root: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    before = {"of the library": "", "from here": f"{root.name}/", "absolute": f"{root}/"}[form]
    page, plan = before + "feature/design-review.md", before + "action-plan.md"
    run("-C", root.name, "check", page)
    assert run_json("-C", root.name, "refs", page)["document"]["path"] == "feature/design-review.md"
    assert "feature/design-review.md" in run("-C", root.name, "blame", page).stdout
    assert "would move" in run("-C", root.name, "move", page, "other", "--dry-run").stderr
    run("-C", root.name, "plan", "--write", plan)
    assert (root / "action-plan.md").exists()
    assert run_json("-C", root.name, "plan", plan)["items"]
    run("-C", root.name, "run", plan, "--dry-run")


def test_sync_says_which_lines_of_the_plan_it_leaves_open(root: Path) -> None:
    (root / "action-plan.md").write_text("# Plan\n\n## P0\n\n- [ ] Translate the Design Review Procedure\n- [ ] Rest\n")
    run("-C", root, "sync")
    line = "left open: action-plan.md:5 asks for more than that Design Review Procedure exists"
    assert line in run("-C", root, "sync", "--check").stderr
    said = run_json("-C", root, "sync")["left_open"]
    assert said == [{"path": "action-plan.md", "line": 5, "titles": ["Design Review Procedure"]}]


def test_create_shows_a_draft_and_writes_nothing_to_the_library(root: Path) -> None:
    before = snapshot(root)
    found = run_json("-C", root, "create", "Threat Check Procedure")
    assert snapshot(root) == before
    assert found["path"] == "feature/threat-check.md"
    assert [f for f in found["findings"] if f["severity"] == "error"] == []
    assert {c["path"] for c in found["changes"]} == {
        "feature/threat-check.md",
        "index.md",
        "feature/README.md",
        "provenance/feature/threat-check.md.json",
        "receipts/feature/design-review.md.json",
        "receipts/feature/threat-check.md.json",
    }
    assert found["open_questions"]
    assert any(s["rests_on"] for s in found["sources"])
    assert found["usage"] == {"calls": 0, "input_tokens": 0, "output_tokens": 0}


def test_accept_publishes_the_draft_with_all_that_follows(root: Path) -> None:
    run("-C", root, "create", "threat check")
    assert "feature/threat-check.md" in run("-C", root, "drafts").stdout
    assert "+| [Threat Check Procedure](feature/threat-check.md) | 1 | In progress |" in run("-C", root, "diff").stdout
    run("-C", root, "accept")
    text = (root / "feature/threat-check.md").read_text()
    assert text.startswith("---\nid: threat-check\nlifecycle: Feature\nphase: 1\nstatus: In progress\n")
    assert "written_by: offline author, no language model" in text
    assert "**Completion:** 1 of 2 defined" in (root / "feature/README.md").read_text()
    assert "- [x]" not in (root / "action-plan.md").read_text()
    assert run_json("-C", root, "check")["summary"]["errors"] == 0
    run("-C", root, "sync", "--check")
    assert run_json("-C", root, "drafts")["drafts"] == []


def test_two_runs_give_the_same_bytes(root: Path) -> None:
    for _ in range(2):
        run("-C", root, "create", "Threat Check Procedure")
    texts = [json.loads(f.read_text())["text"] for f in (root / ".procauthor/drafts").glob("*.json")]
    assert len(texts) == 2
    assert texts[0] == texts[1]


def test_a_procedure_that_the_plan_announces_gets_a_place_and_a_row(root: Path) -> None:
    found = run_json("-C", root, "create", "Release Check Procedure", "--accept")
    assert found["outcome"] == "Published"
    assert (root / "feature/release-check.md").is_file()
    assert (
        "| [Release Check Procedure](feature/release-check.md) | 5 | In progress |" in (root / "index.md").read_text()
    )


def test_reject_drops_the_draft_and_leaves_the_library(root: Path) -> None:
    before = snapshot(root)
    run("-C", root, "create", "Threat Check Procedure")
    run("-C", root, "reject")
    assert snapshot(root) == before
    assert "no draft waits" in run("-C", root, "drafts").stderr


def test_a_draft_does_not_overwrite_what_somebody_wrote_meanwhile(root: Path) -> None:
    run("-C", root, "create", "Threat Check Procedure")
    page = root / "feature/threat-check.md"
    page.write_text(page.read_text() + "\nSomebody's words.\n")
    before = snapshot(root)
    assert "changed since the draft" in run("-C", root, "accept", code=2).stderr
    assert snapshot(root) == before
    assert run_json("-C", root, "drafts")["drafts"]


def test_a_template_of_a_team_works_without_code(root: Path) -> None:
    (root / "templates").mkdir()
    (root / "templates/card.md").write_text(
        "# {title}\n\n## Why\n\n{One sentence.}\n\n## Checks\n\n| Check | Owner |\n|---|---|\n| {check} | {owner} |\n"
        "\n## Doing\n\n### Step {number}: {name}\n\n**Do:**\n\n1. {action}\n"
    )
    (root / "procauthor.toml").write_text('[templates]\n"feature/*.md" = "card"\n')
    found = run_json("-C", root, "create", "Threat Check Procedure", "--accept")
    # What the author does not know is marked, and so the document is not finished.
    assert {f["rule"] for f in found["findings"] if f["severity"] == "error"} <= {"placeholder-text"}
    text = (root / "feature/threat-check.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Why", "## Checks", "## Doing"]
    assert "status: In progress" in text


def test_search_finds_the_section_and_its_line(root: Path) -> None:
    hit = run_json("-C", root, "search", "who decides when no option meets the request")["hits"][0]
    lines = (root / hit["path"]).read_text().splitlines()
    assert lines[hit["line"] - 1].lstrip("# ") == hit["heading"]
    assert set(hit) == {"path", "heading", "line", "score", "text"}


def test_plan_gives_items_order_and_next(root: Path) -> None:
    plan = run_json("-C", root, "plan")
    assert [(i["number"], i["title"], i["priority"]) for i in plan["items"]] == [
        (1, "Threat Check Procedure", "P0"),
        (2, "Release Check Procedure", "P1"),
    ]
    assert plan["order"] == [1, 2]
    assert plan["next"] == [1]


def test_sync_check_exits_one_where_something_is_stale_and_sync_mends_it(root: Path) -> None:
    index = root / "index.md"
    index.write_text(index.read_text().replace("| 1 | Defined |", "| 1 | Placeholder |"))
    run("-C", root, "sync", "--check", code=1)
    run("-C", root, "sync")
    run("-C", root, "sync", "--check")
    assert "Words of a person." in index.read_text()


def test_init_starts_a_library_that_is_clean(tmp_path: Path) -> None:
    run("init", tmp_path / "new")
    report = run_json("-C", tmp_path / "new", "check")
    assert [f for f in report["findings"] if f["severity"] == "error"] == []
    run("-C", tmp_path / "new", "sync", "--check")
    run("-C", tmp_path / "new", "create", "Backup Procedure", "--lifecycle", "Library", "--accept")
    assert (tmp_path / "new/library/backup.md").is_file()
    (tmp_path / "new/evaluations").mkdir()
    run("-C", tmp_path / "new", "evaluate", "--format", "md", "-o", tmp_path / "new/evaluations/now.md")
    run("-C", tmp_path / "new", "check")
    run("-C", tmp_path / "new", "sync", "--check")


def test_init_on_documents_writes_its_settings_only(root: Path) -> None:
    (root / "procauthor.toml").unlink()
    before = snapshot(root)
    run("init", root)
    after = snapshot(root)
    assert {path: raw for path, raw in after.items() if path != "procauthor.toml"} == before


BAD = [
    (["create", ""], "empty"),
    (["create", "../../etc/x"], "title"),
    (["create", "A\x07B"], "title"),
    (["create", "x" * 300], "120"),
    (["create", "Quite Unknown Procedure"], "lifecycle"),
    (["create", "Design Review Procedure"], "already exists"),
    (["create", "Threat Check Procedure", "--model", "nonsense"], "provider:model"),
    (["create", "Threat Check Procedure", "--author", "nobody"], "offline"),
    (["create", "Threat Check Procedure", "--plan", "no-such-plan.md"], "no-such-plan.md"),
    (["plan", "feature/design-review.md"], "plan"),
    (["plan", "missing.md"], "missing.md"),
    (["check", "nowhere.md"], "nowhere.md"),
    (["check", "--select", "no-such-rule"], "no-such-rule"),
    (["explain", "brokenlink"], "broken-link"),
    (["search", " "], "empty"),
    (["diff"], "no draft"),
    (["accept", "gone"], "gone"),
    (["resume", "gone"], "gone"),
    (["resume", "../x"], "../x"),
]


@pytest.mark.parametrize(("args", "words"), BAD, ids=[" ".join(a)[:40] for a, _ in BAD])
def test_bad_input_gets_one_sentence_and_exit_two(
    root: Path, args: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    before = snapshot(root)
    done = run("-C", root, *args, code=2)
    assert words in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) <= 2
    assert snapshot(root) == before


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "nowhere" in run("-C", tmp_path / "nowhere", "check", code=2).stderr


def test_settings_with_a_wrong_key_get_a_suggestion(root: Path) -> None:
    (root / "procauthor.toml").write_text('[authoring]\nmodle = "offline"\n')
    assert "did you mean 'model'" in run("-C", root, "check", code=2).stderr


def test_a_folder_without_settings_is_a_library_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\n[b](b.md)\n")
    before = snapshot(tmp_path)
    assert run_json("-C", tmp_path, "check", code=1)["findings"][0]["rule"] == "broken-link"
    assert snapshot(tmp_path) == before


def test_a_file_that_is_not_utf_8_is_a_finding(root: Path) -> None:
    (root / "feature/bad.md").write_bytes(b"# caf\xe9\n")
    rules = {f["rule"] for f in run_json("-C", root, "check", code=1)["findings"]}
    assert "not-utf8" in rules


@pytest.mark.parametrize(
    "command", [["--help"], ["create", "--help"], ["check"], ["plan"], ["sync"], ["drafts"], ["evaluate"]]
)
def test_light_commands_load_nothing_heavy(root: Path, command: list[str]) -> None:
    code = (
        "import sys\nfrom procauthor.cli.app import app\n"
        f"try:\n    app({command!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & "
        "{'langchain', 'langchain_core', 'langgraph', 'chromadb', 'numpy', 'rich', 'httpx', 'onnxruntime'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_package_that_does_not_load_is_one_sentence(root: Path, tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy/__init__.py").write_text("raise ImportError('numpy') from ImportError('libstdc++.so.6: gone')\n")
    call = [*CLI, "-C", str(root), "search", "diagram"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(call, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2
    assert "does not load: libstdc++.so.6: gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_names_every_command_that_a_module_holds() -> None:
    package = Path(procauthor.cli.__file__).parent
    pattern = r"\n\n\ndef ([a-z]+)\((?:  #.*)?\s*ctx: typer\.Context"
    texts = (file.read_text() for file in package.glob("*.py") if file.name != "output.py")
    named = {"explain", "runs"}.union(*(re.findall(pattern, text) for text in texts))
    told = run("--help").stdout
    assert named == set(re.findall(r"^  (\w+) ", told.partition("Commands:")[2], re.MULTILINE))
    assert "Did you mean 'check'?" in run("chek", code=2).stderr


def test_a_command_loads_no_other_command(root: Path) -> None:
    code = (
        "import sys\nfrom procauthor.cli.app import app\ntry:\n    app(['check'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(n for n in sys.modules if n.startswith('procauthor.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    known = ["procauthor.cli.app", "procauthor.cli.check", "procauthor.cli.output"]
    assert done.stdout.splitlines()[-1] == str(known)


def test_an_interrupted_run_is_kept_and_resumes_to_the_same_bytes(root: Path) -> None:
    process = subprocess.Popen(
        [*CLI, "-C", str(root), "create", "Threat Check Procedure"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not Project.open(root).runs.names() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert Project.open(root).runs.names() == ["threat-check-1"]
    run("-C", root, "resume")
    run("-C", root, "create", "Threat Check Procedure")
    texts = {json.loads(f.read_text())["text"] for f in (root / ".procauthor/drafts").glob("*.json")}
    assert len(texts) == 1


def test_undo_and_redo_of_what_was_written(root: Path) -> None:
    before = snapshot(root)
    (root / "index.md").write_text((root / "index.md").read_text().replace("| 1 | Placeholder", "| 1 | Defined"))
    edited = snapshot(root)
    assert "undo with: procauthor undo" in run("-C", root, "sync").stderr
    assert snapshot(root) == before
    assert run("-C", root, "undo", "--list").stdout.split()[-1] == "sync"
    done = run("-C", root, "undo")
    assert done.stdout == "update  index.md\n"
    assert "undid 'sync'" in done.stderr
    assert snapshot(root) == edited
    assert run_json("-C", root, "undo", "--list")["history"][0]["undone"] is True
    assert run_json("-C", root, "redo")["redone"][0]["changes"] == [{"path": "index.md", "action": "update"}]
    assert snapshot(root) == before
    (root / "index.md").write_text("somebody's words\n")
    assert "index.md:1 changed since 'sync'" in run("-C", root, "undo", code=2).stderr
    assert "nothing to redo" in run("-C", root, "redo", code=2).stderr


def test_a_change_in_the_middle_is_undone_by_its_number(root: Path) -> None:
    (root / "index.md").write_text((root / "index.md").read_text().replace("| 1 | Placeholder", "| 1 | Defined"))
    before = snapshot(root)
    run("-C", root, "sync")
    run("-C", root, "rename", "Design Review Procedure", "Structure Choice Procedure")
    both = snapshot(root)
    assert "bring it back with: procauthor redo 1" in run("-C", root, "undo", "1").stderr
    index = (root / "index.md").read_text()
    assert "| 1 | Defined" in index
    assert "Structure Choice Procedure" in index
    assert "was undone already" in run("-C", root, "undo", "1", code=2).stderr
    assert "the history has no change 9" in run("-C", root, "undo", "9", code=2).stderr
    assert "one change by its number" in run("-C", root, "undo", "1", "-n", "2", code=2).stderr
    run("-C", root, "redo", "1")
    assert snapshot(root) == both
    assert "was not undone" in run("-C", root, "redo", "1", code=2).stderr
    run("-C", root, "undo", "-n", "2")
    assert snapshot(root) == before


def test_a_change_that_a_later_one_rests_on_cannot_be_undone_alone(root: Path) -> None:
    run("-C", root, "rename", "Design Review Procedure", "Structure Choice Procedure", "--no-alias")
    run("-C", root, "rename", "Structure Choice Procedure", "Structure Check Procedure", "--no-alias")
    after = snapshot(root)
    assert "cannot be undone" in run("-C", root, "undo", "1", code=2).stderr
    assert snapshot(root) == after


def test_rename_shows_writes_and_is_undone(root: Path) -> None:
    before = snapshot(root)
    words = ("rename", "Design Review Procedure", "Structure Choice Procedure")
    shown = run("-C", root, *words, "--dry-run")
    assert "rename from feature/design-review.md\nrename to feature/structure-choice.md\n" in shown.stdout
    assert "nothing was written" in shown.stderr
    assert run_json("-C", root, *words, "--dry-run")["applied"] is False
    assert snapshot(root) == before
    done = run("-C", root, *words)
    assert done.stdout.startswith("create  feature/structure-choice.md (was feature/design-review.md)\n")
    assert done.stderr == (
        "done: rename Design Review Procedure to Structure Choice Procedure (6 files)\nundo with: procauthor undo\n"
    )
    run("-C", root, "undo")
    assert snapshot(root) == before
    found = run_json("-C", root, *words, "--no-alias")
    assert found["applied"] is True
    assert {"path": "feature/design-review.md", "action": "delete"} in found["changes"]


def test_the_other_refactorings_run_from_the_command_line(root: Path) -> None:
    before = snapshot(root)
    commands = (
        ("move", "threat-check", "safety"),
        ("split", "design-review", "--at", "Step 2", "--title", "Decision Procedure"),
        ("merge", "decision", "safety/threat-check.md"),
        ("deprecate", "threat-check", "--by", "design-review"),
    )
    for words in commands:
        assert "undo with: procauthor undo" in run("-C", root, *words).stderr
    assert "nothing to do" in run("-C", root, "renumber", "design-review").stderr
    assert len(run_json("-C", root, "undo", "-n", str(len(commands)))["undone"]) == len(commands)
    assert snapshot(root) == before


def test_refactorings_say_what_is_wrong(root: Path) -> None:
    (root / "release").mkdir()
    (root / "release/other.md").write_text("# Design Review Procedure\n")
    done = run("-C", root, "rename", "Design Review Procedure", "New Procedure", code=2)
    assert "feature/design-review.md, release/other.md" in done.stderr
    assert "no document" in run("-C", root, "move", "nobody", "release", code=2).stderr
    os.chmod(root / "index.md", 0o444)
    done = run("-C", root, "rename", "threat-check", "New Procedure", code=2)
    assert done.stderr == "procauthor: index.md is read-only\nhint: nothing was changed; make the file writable first\n"
    assert not (root / "feature/new.md").exists()
