import subprocess
import sys
from pathlib import Path

import pytest

from procauthor.checking.check import check
from procauthor.checking.rule import RULES, find_rule
from procauthor.errors import ConfigError
from procauthor.finding import Report
from procauthor.library.library import Library, read_library
from procauthor.settings import Settings
from procauthor.template.read import TemplateStore
from tests.checking.cases import PATTERNS
from tests.conftest import write_library


def read(root: Path) -> Library:
    return read_library(root, Settings(), TemplateStore((), PATTERNS))


def run(root: Path, rules: dict[str, str] | None = None, **options: object) -> Report:
    return check(read(root), settings=Settings(rules=rules or {}), **options)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return write_library(
        tmp_path / "library",
        **{
            "feature/one.md": "# One\n\n[x](gone.md)\n",
            "feature/two.md": "# Two\n\n[x](gone.md)\n[y](two.md#gone)\n",
        },
    )


def rules_of(report: Report) -> list[str]:
    return sorted({f.rule for f in report.findings})


def test_a_clean_library_has_no_finding(root: Path) -> None:
    report = run(root)
    assert report.findings == ()
    assert (report.documents, report.procedures) == (5, 2)


def test_paths_narrow_what_is_reported_and_not_what_is_seen(broken: Path) -> None:
    report = run(broken, paths=["feature/two.md"], select=["broken-link", "broken-anchor"])
    assert [(f.path, f.line) for f in report.findings] == [("feature/two.md", 3), ("feature/two.md", 4)]
    assert run(broken, paths=[]).findings == ()


def test_select_and_ignore_take_names_and_codes(broken: Path) -> None:
    assert rules_of(run(broken, select=["R101", "broken-anchor"])) == ["broken-anchor", "broken-link"]
    assert rules_of(run(broken, select=["R101", "r102"], ignore=["broken-link"])) == ["broken-anchor"]


def test_settings_change_a_severity_or_turn_a_rule_off(broken: Path) -> None:
    report = run(broken, {"broken-link": "info", "broken-anchor": "off"}, select=["broken-link", "broken-anchor"])
    assert {(f.rule, f.severity) for f in report.findings} == {("broken-link", "info")}


def test_selecting_only_what_is_turned_off_finds_nothing(broken: Path) -> None:
    assert run(broken, {"broken-link": "off"}, select=["broken-link"]).findings == ()


@pytest.mark.parametrize(
    "options",
    [{"select": ["broken-lnk"]}, {"ignore": ["broken-lnk"]}, {"rules": {"broken-lnk": "off"}}],
    ids=["select", "ignore", "settings"],
)
def test_an_unknown_rule_is_an_error_with_a_suggestion(root: Path, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        run(root, **options)
    assert "broken-link" in caught.value.hint


def test_a_rule_is_found_by_name_and_by_code() -> None:
    assert all(find_rule(rule.name) is find_rule(rule.code.lower()) is rule for rule in RULES.values())


def test_checking_twice_gives_the_same_report(broken: Path) -> None:
    assert run(broken) == run(broken)


def test_a_fingerprint_survives_a_shift_of_lines(broken: Path) -> None:
    before = {f.fingerprint for f in run(broken, select=["broken-link"]).findings}
    page = broken / "feature/one.md"
    page.write_text(page.read_text().replace("# One\n", "# One\n\nWords.\n"))
    assert {f.fingerprint for f in run(broken, select=["broken-link"]).findings} == before


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(root: Path) -> None:
    for file in root.rglob("*.md"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert run(root).findings == ()


def test_a_column_counts_characters(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nÄöü [x](gone.md)\n", encoding="utf-8")
    (found,) = run(tmp_path).findings
    assert (found.line, found.column) == (3, 5)


def test_checking_loads_nothing_heavy() -> None:
    heavy = {"rich", "typer", "langchain", "langchain_core", "chromadb", "numpy", "httpx", "jinja2"}
    code = (
        "import sys, procauthor.checking.check\n"
        f"print(sorted({{n.partition('.')[0] for n in sys.modules}} & {heavy!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_checking_a_project_loads_no_other_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n")
    others = {"jinja2", "asyncio", "procauthor.authoring", "procauthor.planning", "procauthor.retrieval"}
    code = (
        "import sys\nfrom procauthor.project import Project\n"
        f"Project.open({str(tmp_path)!r}).check()\nprint(sorted(set(sys.modules) & {others!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
