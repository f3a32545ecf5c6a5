from pathlib import Path

import pytest

from procauthor.checking.rule import RULES
from procauthor.finding import Finding, Report
from procauthor.naming import title_key
from tests.checking.cases import FOLDER, Case, read_cases, run_check

CASES = list(read_cases())


def run(case: Case, root: Path, **options: object) -> Report:
    return run_check(case.write(root), announced=[title_key(t) for t in case.announced], **options)


def show(finding: Finding) -> str:
    level = "" if finding.severity == "error" else f" {finding.severity}"
    return f"{finding.rule} {finding.path}:{finding.line}{level}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_a_rule_finds_what_its_case_says(case: Case, tmp_path: Path) -> None:
    report = run(case, tmp_path, select=[case.rule])
    assert sorted(map(show, report.findings)) == sorted(case.expected)
    assert bool(case.expected) is not case.passes


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_passing_and_a_failing_case(rule: str) -> None:
    assert {case.passes for case in CASES if case.rule == rule} == {True, False}


def test_every_file_of_cases_belongs_to_a_rule() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == set(RULES)


def test_codes_are_unique_and_every_rule_explains_itself() -> None:
    assert len({rule.code for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        assert all((rule.summary, rule.why, rule.fix, rule.example))
        assert "\n" not in rule.summary


@pytest.mark.parametrize("case", [c for c in CASES if not c.passes], ids=lambda case: f"{case.rule}: {case.title}")
def test_a_finding_stands_at_a_place_that_exists(case: Case, tmp_path: Path) -> None:
    for finding in run(case, tmp_path).findings:
        if finding.path in case.files and finding.rule != "not-utf8":
            lines = case.files[finding.path].decode().split("\n")
            assert 1 <= finding.line <= len(lines)
            assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message
        assert "\n" not in finding.message + finding.hint
