"""A procedure is followed step by step, and a record of it is kept."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procauthor import ConfigError, ConflictError, Project
from procauthor.cli.app import app
from procauthor.library.sidecar import merge_sidecars
from tests.cli.inside import run, run_json
from tests.conftest import snapshot

TITLE = "Design Review Procedure"
PAGE = "feature/design-review.md"
RECORD = "followed/feature/design-review.md.json"


def records(root: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((root / RECORD).read_text(encoding="utf-8"))["followed"]
    return found


def answer(root: Path, *answers: str, code: int = 0) -> str:
    """Follow with what a person types."""
    words = ["-C", str(root), "follow", TITLE, "--by", "Ada"]
    done = CliRunner().invoke(app, words, input="".join(f"{each}\n" for each in answers))
    assert done.exit_code == code, (done.stdout, done.stderr)
    return done.stdout


def test_a_person_walks_through_the_steps_and_the_record_says_what_happened(root: Path) -> None:
    before = snapshot(root)
    text = answer(root, "x", "d", "https://diagrams.example/1", "", "s", "no board", "d", "", "merged by hand")
    assert "Step 1 of 3: Draw the parts" in text
    assert "1. Draw every component that the feature adds or changes" in text
    assert "decide: If no option meets the request" in text
    assert "to confirm: The record is merged." in text
    (record,) = records(root)
    steps = record["steps"]
    assert isinstance(steps, list)
    assert [(s["result"], s.get("evidence", ""), s.get("deviation", "")) for s in steps] == [
        ("done", "https://diagrams.example/1", ""),
        ("skipped", "", "no board"),
        ("done", "", "merged by hand"),
    ]
    assert record["by"] == "Ada"
    assert record["ended"] == steps[-1]["at"]
    assert {path: raw for path, raw in snapshot(root).items() if path != RECORD} == before


def test_what_was_interrupted_goes_on_where_it_was(root: Path) -> None:
    answer(root, "d", "", "", code=130)
    assert len(records(root)[0]["steps"]) == 1  # type: ignore[arg-type]
    assert "Ada goes on, 1 of 3 steps recorded" in answer(root, "q")
    found = run_json("-C", root, "follow", TITLE, "--by", "Ada")
    assert (found["next_step"]["number"], found["ended"], found["document_changed"]) == (2, None, False)
    assert found["next_step"]["outputs"] == ["Decision Record: the chosen option and its reasons"]
    other = run_json("-C", root, "follow", TITLE, "--by", "Grace")
    assert (other["next_step"]["number"], other["record"]) == (1, f"{found['record'][:-1]}2")
    assert run_json("-C", root, "follow", TITLE, "--by", "Ada", "--new", "--for", "release 7")["steps"] == []
    assert len(records(root)) == 3


def test_a_failed_step_becomes_a_wish_and_on_request_a_question(root: Path) -> None:
    step = ("--by", "Ada", "--step", "1", "--result", "failed")
    assert "without a reason" in run("-C", root, "follow", TITLE, *step, code=2).stderr
    found = run("-C", root, "follow", TITLE, *step, "--deviation", 'the owner of "parts" is unknown', "--question")
    assert "procauthor update feature/design-review.md 'step 1 (Draw the parts) failed: the owner" in found.stdout
    text = (root / PAGE).read_text()
    assert re.search(r"open_questions:\n\s*- .*Step 1 \(Draw the parts\) failed on \d{4}-\d\d-\d\d: the owner", text)
    run("-C", root, "undo")
    assert "open_questions" not in (root / PAGE).read_text()
    assert len(records(root)) == 1, "what happened has happened"
    refused = run("-C", root, "follow", TITLE, "--by", "Ada", "--step", "2", "--question", code=2)
    assert "did not fail" in refused.stderr


def test_steps_are_recorded_in_order_and_a_record_can_be_stopped(root: Path) -> None:
    assert "the next step is 1, not 3" in run("-C", root, "follow", TITLE, "--by", "A", "--step", "3", code=2).stderr
    found = run_json("-C", root, "follow", TITLE, "--by", "A", "--stop")
    assert (found["stopped"], found["next_step"]) == (True, None)
    again = run_json("-C", root, "follow", TITLE, "--by", "A")
    assert again["record"] != found["record"], "a record that has ended is not opened again"


def test_an_edit_of_the_document_meanwhile_is_said(root: Path) -> None:
    run("-C", root, "follow", TITLE, "--by", "Ada", "--step", "1")
    (root / PAGE).write_text((root / PAGE).read_text().replace("Merge the record.", "Merge it."))
    assert "was edited since this record began" in answer(root, "q")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("# Restart\n\n## Check\n\n- Look at `uptime`\n- Look at [disks](d.md)\n\n## Restart\n\n1. Run it\n", 2),
        ("# Restart Procedure\n\nOnly words.\n", 0),
    ],
)
def test_documents_of_other_forms_can_be_followed_where_they_list_what_to_do(
    tmp_path: Path, text: str, names: int
) -> None:
    (tmp_path / "procauthor.toml").write_text('[conventions]\nprocedures = ["*.md"]\n')
    (tmp_path / "restart.md").write_text(text)
    found = run("-C", tmp_path, "follow", "restart.md", "--by", "A", "--json", code=0 if names else 2)
    if names:
        data = json.loads(found.stdout)
        assert (data["total_steps"], data["next_step"]["actions"]) == (2, ["Look at `uptime`", "Look at disks"])
    else:
        assert "has no steps to follow" in found.stderr


def test_what_cannot_be_understood_is_never_overwritten_and_two_never_write_one_record(root: Path) -> None:
    walk = Project.open(root).follow(TITLE, by="Ada")
    other = Project.open(root).follow(TITLE, by="Ada")
    walk.record(1, "done")
    with pytest.raises(ConflictError, match="elsewhere meanwhile"):
        other.record(1, "failed", deviation="x")
    (root / RECORD).write_text("{<<<<<<<")
    refused = run("-C", root, "follow", TITLE, "--by", "Ada", code=2)
    assert "cannot be understood" in refused.stderr
    assert (root / RECORD).read_text() == "{<<<<<<<"


def test_secrets_stay_out_of_records_and_names_are_needed(root: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    run("-C", root, "follow", TITLE, "--by", "Ada", "--step", "1", "--evidence", f"token {token}")
    assert token not in (root / RECORD).read_text()
    with pytest.raises(ConfigError, match="name of a receipt"):
        Project.open(root).follow(TITLE, by="a\x1bb")


def test_records_are_shown_and_go_along_with_a_rename(root: Path, tmp_path: Path) -> None:
    run("-C", root, "follow", TITLE, "--by", "Ada", "--step", "1", "--evidence", "seen <b>")
    row = next(r for r in run_json("-C", root, "evaluate")["documents"] if r["path"] == PAGE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["followed"])
    assert "followed" in run("-C", root, "evaluate").stdout
    run("-C", root, "rename", TITLE, "Structure Review Procedure")
    assert not (root / RECORD).exists()
    assert (root / "followed/feature/structure-review.md.json").exists()
    run("-C", root, "site", tmp_path / "site")
    page = (tmp_path / "site/pages/feature/structure-review.html").read_text(encoding="utf-8")
    assert "Draw the parts: done; seen &lt;b&gt;" in page
    assert run("-C", root, "check", code=None).exit_code in (0, 1)


def test_records_of_two_branches_go_together(root: Path) -> None:
    Project.open(root).follow(TITLE, by="Ada")
    base = (root / RECORD).read_bytes()
    Project.open(root).follow(TITLE, by="Grace")
    ours = (root / RECORD).read_bytes()
    (root / RECORD).write_bytes(base)
    Project.open(root).follow(TITLE, by="Ada").record(1, "done")
    merged = merge_sidecars(base, ours, (root / RECORD).read_bytes())
    assert merged is not None
    assert {each["by"]: len(each.get("steps", ())) for each in json.loads(merged)["followed"]} == {"Ada": 1, "Grace": 0}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "block",
    [
        "```sh\ngrep -c x a.txt |\n  sort\n```",
        "~~~\none\n\ntwo\n~~~",
        "| Users | Severity |\n|---|---|\n| all | 1 |",
    ],
    ids=["code", "tildes", "table"],
)
def test_commands_and_tables_of_an_action_stay_lines(root: Path, tmp_path: Path, block: str, newline: str) -> None:
    page = root / PAGE
    first = "1. Draw every component that the feature adds or changes"
    below = block.replace("\n", "\n   ").replace("   \n", "\n")
    text = re.sub(rf"^{first}(.*)$", rf"{first}\1\n\n   {below}", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    page.write_bytes(text.replace("\n", newline).encode())
    action = run_json("-C", root, "follow", TITLE, "--by", "Ada")["next_step"]["actions"][0]
    assert action.endswith(f"\n{block}")
    shown = answer(root, "q")
    assert all(f"     {line}\n" in shown for line in block.split("\n") if line)
    run("-C", root, "export", TITLE, "--to", "agent-sop", "--out", tmp_path / "sop")
    assert block.replace("\n", "\n  ").replace("  \n", "\n") in next((tmp_path / "sop").iterdir()).read_text().replace(
        "  \n", "\n"
    )
    run("-C", root, "site", tmp_path / "site")
    made = (tmp_path / "site/pages/feature/design-review.checklist.html").read_text(encoding="utf-8")
    assert ("<table>" if block.startswith("|") else '<pre tabindex="0"><code>') in made


def test_where_there_are_no_steps_what_the_workflow_lists_is_followed(tmp_path: Path) -> None:
    (tmp_path / "procauthor.toml").write_text('[templates]\n"*.md" = "va"\n', encoding="utf-8")
    (tmp_path / "templates").mkdir()
    template = "# {title}\n\n## 1 Rollen\n\n- {rolle}\n\n## 2 Ablauf\n\n<!-- role: workflow -->\n\n{Was zu tun ist.}\n"
    (tmp_path / "templates/va.md").write_text(template, encoding="utf-8")
    text = "# Audit\n\n## 1 Rollen\n\n- Die Leitung.\n\n## 2 Ablauf\n\n### 2.1 Planen\n\n1. Den Tag nennen.\n\n### 2.2 Prüfen\n\n1. Lesen.\n"
    (tmp_path / "audit.md").write_text(text, encoding="utf-8")
    walk = run_json("-C", tmp_path, "follow", "Audit", "--by", "Ada")
    assert (walk["total_steps"], walk["next_step"]["name"]) == (2, "Planen")
    assert walk["next_step"]["actions"] == ["Den Tag nennen."]
