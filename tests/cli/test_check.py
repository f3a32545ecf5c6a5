"""The command ``check``: formats, files, fixes, baseline and exit codes, as a user meets them."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.inside import run, run_json
from tests.conftest import snapshot

BASELINE = ".procauthor-baseline.json"


@pytest.fixture
def broken(root: Path) -> Path:
    page = root / "feature/design-review.md"
    page.write_text(
        page.read_text()
        .replace("## 2. Trigger\n", "## 2. Trigger\n\nSee\t😀 [x](THREAT-check.md) and [y](gone.md).\n")
        .replace("### Step 3: Publish", "### Step 4: Publish")
    )
    return root


def test_text_in_a_pipe_is_a_line_a_finding(broken: Path) -> None:
    done = run("-C", broken, "check", "--select", "broken-link", code=1)
    lines = done.stdout.splitlines()
    assert lines[0] == "feature/design-review.md:16:7: error broken-link: 'THREAT-check.md' does not exist"
    assert lines[1] == "    hint: did you mean 'threat-check.md'?"
    assert lines[-1] == "5 documents, 2 procedures: 2 errors, 0 warnings, 0 infos, 1 fixable with --fix"
    assert "\x1b" not in done.stdout
    assert done.stdout == run("-C", broken, "check", "--select", "broken-link", code=1).stdout


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github", "gitlab"])
def test_a_format_in_a_file_is_what_it_would_be_on_stdout(broken: Path, tmp_path: Path, form: str) -> None:
    shown = run("-C", broken, "check", "--format", form, code=1).stdout
    file = tmp_path / "report"
    done = run("-C", broken, "check", "--format", form, "--output", file, code=1)
    assert file.read_text() == shown
    assert done.stdout == ""
    assert str(file) in done.stderr
    assert list(tmp_path.glob(".report*")) == []
    if form == "junit":
        ET.fromstring(shown)  # noqa: S314 - our own output
    elif form != "github":
        json.loads(shown)


def test_a_file_that_cannot_be_written_is_named(broken: Path, tmp_path: Path) -> None:
    done = run("-C", broken, "check", "--output", tmp_path / "no/such/folder.txt", code=2)
    assert "folder.txt" in done.stderr


@pytest.mark.parametrize("args", [["--format", "xml"], ["--json", "--format", "sarif"], ["--select", "Z9"]])
def test_a_wrong_option_gets_one_sentence(broken: Path, args: list[str]) -> None:
    done = run("-C", broken, "check", *args, code=2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2


def test_rules_are_selected_by_the_beginning_of_a_code(broken: Path) -> None:
    rules = {f["rule"] for f in run_json("-C", broken, "check", "--select", "R1,W101", code=1)["findings"]}
    assert rules == {"broken-link", "step-number-gap"}
    found = run_json("-C", broken, "check", "--select", "R", "--ignore", "broken-link,R105")
    assert found["findings"] == []


def test_a_folder_without_settings_and_procedures_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A product\n", encoding="utf-8")
    for command in ("check", "evaluate"):
        done = run("-C", tmp_path, command)
        assert "no procauthor.toml" in done.stderr
        assert "procauthor init" in done.stderr
    run("-C", tmp_path, "init", "--no-input", "handbook")
    found = run_json("-C", tmp_path, "check", code=1)
    assert [f["rule"] for f in found["findings"]] == ["nothing-matched"]
    assert "-C handbook" in found["findings"][0]["hint"]


def test_nothing_to_check_is_no_success(tmp_path: Path, root: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = run_json("-C", tmp_path / "empty", "check", "--select", "broken-link", code=1)
    assert [f["rule"] for f in found["findings"]] == ["nothing-matched"]
    (root / "img").mkdir()
    for path in ("img", "nosuch.md", "procauthor.toml", "../empty"):
        done = run("-C", root, "check", path, code=2)
        assert path in done.stderr
        assert done.stdout == ""


def test_diff_shows_what_fix_then_does(broken: Path) -> None:
    before = snapshot(broken)
    shown = run("-C", broken, "check", "--fix", "--diff", code=1)
    assert "+See\t😀 [x](threat-check.md) and [y](gone.md)." in shown.stdout
    assert "+### Step 3: Publish" in shown.stdout
    assert "2 findings would be fixed" in shown.stderr
    assert run("-C", broken, "check", "--fix", "--dry-run", code=1).stdout == shown.stdout
    assert snapshot(broken) == before
    done = run("-C", broken, "check", "--fix", code=1)
    assert "fixed 2 findings in feature/design-review.md" in done.stderr
    assert "gone.md" in done.stdout
    assert "THREAT" not in done.stdout
    again = snapshot(broken)
    assert run_json("-C", broken, "check", "--fix", code=1)["summary"]["fixed"] == 0
    assert snapshot(broken) == again


def test_a_library_that_is_fixed_whole_exits_zero(root: Path) -> None:
    index = root / "index.md"
    index.write_text(index.read_text().replace("| 1 | Defined |", "| 1 | Placeholder |"))
    run("-C", root, "check", code=1)
    assert run_json("-C", root, "check", "--fix")["summary"]["fixed"] == 1
    assert run("-C", root, "check", "--diff").stdout == ""


def test_a_baseline_hides_what_is_known_and_shrinks(broken: Path) -> None:
    assert "--update-baseline" in run("-C", broken, "check", "--baseline", code=2).stderr
    made = run("-C", broken, "check", "--update-baseline")
    assert "3 findings known" in made.stderr
    assert "3 in the baseline" in run("-C", broken, "check", "--baseline").stdout
    run("-C", broken, "check", code=1)
    (broken / "procauthor.toml").write_text(
        (broken / "procauthor.toml").read_text() + f'\n[check]\nbaseline = "{BASELINE}"\n'
    )
    assert run_json("-C", broken, "check", CI="")["summary"]["baselined"] == 3
    run("-C", broken, "check", "--no-baseline", code=1)
    run("-C", broken, "check", "--fix", "--no-baseline", code=1)
    known = (broken / BASELINE).read_bytes()
    told = run("-C", broken, "check", CI="true")
    assert "2 findings known no longer occur; run 'procauthor check' outside of CI" in told.stderr
    assert (broken / BASELINE).read_bytes() == known
    assert f"taken out of {BASELINE}" in run("-C", broken, "check", CI="").stderr
    assert (
        run_json("-C", broken, "check")["summary"] | {"baselined": 1, "gone": 0}
        == run_json("-C", broken, "check")["summary"]
    )


def test_a_baseline_of_a_part_is_refused(broken: Path) -> None:
    done = run("-C", broken, "check", "--update-baseline", "--select", "R", code=2)
    assert "whole library" in done.stderr
    assert not (broken / BASELINE).exists()


def test_a_suppression_is_counted(broken: Path) -> None:
    page = broken / "feature/design-review.md"
    page.write_text(
        page.read_text().replace("See\t", "<!-- procauthor: ignore broken-link -- made at night -->\nSee\t")
    )
    found = run_json("-C", broken, "check", "--select", "broken-link,U")
    assert found["findings"] == []
    assert found["summary"]["suppressed"] == 2
    assert "2 suppressed" in run("-C", broken, "check", "--select", "broken-link").stdout
