"""`evaluate` on the command line."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from tests.cli.test_commands import run, run_json
from tests.conftest import snapshot

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "src/procauthor/reporting/evaluation/schema.json").read_text(encoding="utf-8"))


def test_the_json_is_as_its_schema_says(root: Path) -> None:
    run("-C", root, "evaluate", "--save")
    (root / "api").mkdir()
    (root / "api/old.md").write_text("---\nstatus: Deprecated\n---\n\n# Old Procedure\n\n[gone](gone.md)\n")
    found = run_json("-C", root, "evaluate")
    jsonschema.validate(found, SCHEMA)
    assert (found["broken_references"], len(found["trend"])) == (1, 2)
    assert json.loads(run("-C", root, "evaluate", "--format", "json").stdout) == found
    jsonschema.validate(run_json("-C", ROOT / "procedures", "evaluate"), SCHEMA)


def test_the_text_says_numbers_denominators_and_method(root: Path) -> None:
    text = run("-C", root, "evaluate").stdout
    assert "33.3%  1 of 3 procedures defined or approved" in text
    assert "Total: 3 = 2 procedures and orchestrations with a document + 1 titles" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["Feature", "3", "1", "0", "1", "1", "33.3%"] in lines
    assert ["Total", "3", "1", "0", "1", "1", "33.3%"] in lines


def test_counts_are_kept_once_a_day_and_shown_as_trend(root: Path) -> None:
    before = snapshot(root)
    run("-C", root, "evaluate", "--save")
    (kept,) = (root / "evaluations").glob("*.json")
    assert kept.stat().st_size < 4096
    assert {k: v for k, v in snapshot(root).items() if not k.startswith("evaluations/")} == before
    old = json.loads(kept.read_text())
    old["measured"]["date"] = "2020-01-01"
    (root / "evaluations/2020-01-01.json").write_text(json.dumps(old))
    assert run_json("-C", root, "evaluate")["trend"][0]["date"] == "2020-01-01"
    assert "trend:" in run("-C", root, "evaluate").stdout
    assert "kept already" in run("-C", root, "evaluate", "--save").stderr


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"total": {"total": 1}}'])
def test_a_kept_file_that_is_none_is_named_and_left_out(root: Path, text: str) -> None:
    (root / "evaluations").mkdir()
    (root / "evaluations/2020-01-01.json").write_text(text)
    found = run_json("-C", root, "evaluate")
    assert len(found["trend"]) == 1
    assert found["notes"] == ["evaluations/2020-01-01.json is left out of the trend: it is no saved evaluation"]


def test_a_kept_file_whose_numbers_do_not_sum_is_left_out(root: Path) -> None:
    run("-C", root, "evaluate", "--save")
    (kept,) = (root / "evaluations").glob("*.json")
    data = json.loads(kept.read_text())
    data["total"]["defined"] += 5
    (root / "evaluations/2020-01-01.json").write_text(json.dumps(data))
    assert "its states do not sum to its total" in run_json("-C", root, "evaluate")["notes"][0]


def test_the_report_fits_the_library(tmp_path: Path) -> None:
    library = tmp_path / "library"
    shutil.copytree(ROOT / "procedures", library, ignore=shutil.ignore_patterns(".procauthor"))
    before = run_json("-C", library, "check")["summary"]
    run("-C", library, "evaluate", "--format", "md", "-o", library / "evaluation-report.md", "--save")
    text = (library / "evaluation-report.md").read_text(encoding="utf-8")
    assert "| Total | 138 | 19 | 0 | 21 | 98 | 13.8% |" in text
    after = run_json("-C", library, "check")["summary"]
    assert {k: after[k] for k in ("errors", "warnings")} == {k: before[k] for k in ("errors", "warnings")}
    assert after["documents"] == before["documents"] + 1
    run("-C", library, "sync", "--check")
    assert run_json("-C", library, "evaluate")["total"]["total"] == 138


def test_mistakes_are_one_sentence(root: Path, tmp_path: Path) -> None:
    assert "no revision" in run("-C", root, "evaluate", "--at", "nowhere", code=2).stderr
    assert "--save" in run("-C", root, "evaluate", "--at", "HEAD", "--save", code=2).stderr
    run("-C", root, "evaluate", "-o", tmp_path / "no/such/folder.txt", code=2)


def test_a_library_without_a_single_procedure_has_no_completion(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n\nWords.\n")
    found = run_json("-C", tmp_path, "evaluate")
    assert (found["total"]["total"], found["total"]["completion"], found["compliance"]) == (0, None, None)
    assert "nothing to count" in run("-C", tmp_path, "evaluate").stdout
