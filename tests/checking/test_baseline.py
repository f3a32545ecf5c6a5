import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.checking.check import Baseline, read_baseline
from procauthor.errors import ConfigError
from procauthor.finding import Finding, Report
from procauthor.project import Project
from tests.conftest import write_library

PAGE = "# One\n\n[a](gone.md)\n\n[b](gone.md)\n\n[c](#gone)\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project.open(write_library(tmp_path / "library", **{"feature/one.md": PAGE}))
    found.update_baseline()
    return found


def edit(project: Project, before: str, after: str) -> None:
    page = project.root / "feature/one.md"
    page.write_text(page.read_text().replace(before, after))


def entries(project: Project) -> int:
    return len(read_baseline(project.baseline_file).entries)


def test_what_is_known_is_not_reported_but_counted(project: Project) -> None:
    every = project.check(baseline=False)
    report = project.check(baseline=True)
    assert every.findings
    assert report.findings == ()
    assert (report.baselined, report.gone) == (len(every.findings), ())


def test_a_shift_of_lines_changes_nothing(project: Project) -> None:
    edit(project, "# One\n", "# One\n\nWords.\n\nMore words.\n")
    report = project.check(baseline=True)
    assert (report.findings, report.gone) == ((), ())


def test_a_new_finding_is_reported_also_when_it_reads_like_a_known_one(project: Project) -> None:
    edit(project, "[b](gone.md)", "[b](gone.md) [d](gone.md)")
    (found,) = project.check(baseline=True).findings
    assert (found.rule, found.path) == ("broken-link", "feature/one.md")


def test_what_is_mended_is_taken_out_and_never_comes_back(project: Project) -> None:
    before = entries(project)
    edit(project, "[b](gone.md)", "[b](one.md)")
    report = project.check(baseline=True)
    assert (report.findings, len(report.gone)) == ((), 1)
    project.shrink_baseline(report)
    assert entries(project) == before - 1
    edit(project, "[b](one.md)", "[b](gone.md)")
    assert [f.rule for f in project.check(baseline=True).findings] == ["broken-link"]


def test_a_check_of_a_part_says_nothing_about_what_is_gone(project: Project) -> None:
    edit(project, "gone.md", "one.md")
    assert project.check(["feature"], baseline=True).gone == ()
    assert project.check(select=["broken-link"], baseline=True).gone == ()
    assert len(project.check(baseline=True).gone) == 2


def test_a_rule_that_is_turned_off_keeps_its_entries(project: Project) -> None:
    (project.root / "procauthor.toml").write_text('[rules]\nbroken-link = "off"\n')
    kept = Project.open(project.root).check(baseline=True)
    known = read_baseline(project.baseline_file).entries
    assert not {e.fingerprint for e in known if e.rule == "broken-link"} & set(kept.gone)


def test_an_empty_library_is_never_known(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    project.update_baseline()
    assert [f.rule for f in project.check(baseline=True).findings] == ["nothing-matched"]


def test_the_file_is_sorted_and_has_a_line_a_finding(project: Project) -> None:
    text = project.baseline_file.read_text()
    assert text == project.update_baseline().dump().decode()
    lines = json.loads(text)["findings"]["feature/one.md"]
    assert lines == sorted(lines)
    assert len(text.splitlines()) >= sum(map(len, json.loads(text)["findings"].values()))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema_version": 9, "findings": {}}', '{"findings": {"a": ["b"]}}']
)
def test_what_is_no_baseline_is_an_error_with_a_way_out(project: Project, text: str) -> None:
    project.baseline_file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        project.check(baseline=True)
    assert "--update-baseline" in caught.value.hint


def test_a_missing_baseline_is_an_error(root: Path) -> None:
    with pytest.raises(ConfigError, match="no baseline"):
        Project.open(root).check(baseline=True)


found = st.builds(
    lambda path, message: Finding("broken-link", "R101", "error", message, path),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.just("caf\udce9.md"),
    st.text(min_size=1, max_size=5),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(found, max_size=8), st.lists(found, max_size=8))
def test_only_what_is_new_is_left(known: list[Finding], new: list[Finding]) -> None:
    baseline = Baseline.of(Report.of(known).findings)
    again = Report.of([*known, *new])
    left = baseline.apply(again, ran=("broken-link",))
    assert len(left.findings) == len(again.findings) - len(known)
    assert left.gone == ()
    assert baseline.apply(Report.of([]), ran=("broken-link",)).gone == tuple(
        sorted(e.fingerprint for e in baseline.entries)
    )


@settings(max_examples=40, deadline=None)
@given(known=st.lists(found, max_size=8))
def test_a_baseline_survives_its_file(tmp_path_factory: pytest.TempPathFactory, known: list[Finding]) -> None:
    file = tmp_path_factory.mktemp("baseline") / "b.json"
    baseline = Baseline.of(Report.of(known).findings)
    file.write_bytes(baseline.dump())
    assert read_baseline(file) == baseline
