"""The same findings on every surface."""

import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator

from procauthor.character import plain
from procauthor.checking.rule import RULES
from procauthor.errors import ConfigError
from procauthor.finding import Finding, FixEdit, Report
from procauthor.project import Project
from procauthor.reporting.surface import FORMATS, read_format, render

DATA = Path(__file__).parents[1] / "data"
SARIF = Draft4Validator(json.loads((DATA / "sarif-2.1.0-rtm.5.json").read_text()))
CHECK = Draft202012Validator(json.loads((Path(__file__).parents[2] / "docs/schema/check.json").read_text()))
NOWHERE = Path("/nonexistent")

odd = st.text(min_size=1, max_size=20) | st.sampled_from(
    [
        "a%b",
        "a,b::c",
        "]]>",
        "<x>&amp;",
        "\x1b[31mred",
        "two\nlines\r",
        "\u202egnirts",
        "😀 ü",
        '"quoted"',
        "\x00",
        "\ufffe",
        "\x85",
    ]
)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15)
edits = st.builds(FixEdit, names, st.integers(0, 9), st.integers(10, 20), odd, st.just("0" * 64))
findings = st.builds(
    lambda rule, message, path, line, column, hint, fix: Finding(
        rule.name, rule.code, rule.severity, message, path, line, column, hint, fix
    ),
    st.sampled_from(list(RULES.values())),
    odd,
    names | st.sampled_from(["a b/ü.md", "x:y.md", "100%.md", "a,b.md", "caf\udce9.md"]),
    st.integers(1, 10**6),
    st.integers(1, 500),
    st.just("") | odd,
    st.just(()) | st.builds(lambda e: (e,), edits),
)
reports = st.builds(lambda found: Report.of(found, documents=3), st.lists(findings, max_size=6))

SEVERITY = {"note": "info", "notice": "info", "major": "error", "minor": "warning"}


def full(finding: Finding) -> str:
    return f"{finding.message} ({finding.hint})" if finding.hint else finding.message


def expected(report: Report, escape: object = str) -> list[tuple[object, ...]]:
    return sorted((f.rule, f.severity, escape(f.path), f.line, escape(full(f))) for f in report.findings)


def read_json(raw: bytes) -> list[tuple[object, ...]]:
    data = json.loads(raw)
    CHECK.validate(data)
    return sorted(
        (f["rule"], f["severity"], f["path"], f["line"], f"{f['message']} ({f['hint']})" if f["hint"] else f["message"])
        for f in data["findings"]
    )


def read_sarif(raw: bytes) -> list[tuple[object, ...]]:
    data = json.loads(raw)
    SARIF.validate(data)
    (run,) = data["runs"]
    rules = run["tool"]["driver"]["rules"]
    found = []
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", uri)
        level = SEVERITY.get(result["level"], result["level"])
        path = unquote(uri, errors="surrogateescape")
        found.append(
            (rules[result["ruleIndex"]]["name"], level, path, place["region"]["startLine"], result["message"]["text"])
        )
    return sorted(found)


def read_lines(lines: list[str]) -> list[tuple[object, ...]]:
    found = []
    for line in lines:
        match = re.fullmatch(r"(.*?):(\d+):(\d+): (error|warning|info) ([a-z0-9-]+): (.*)", line)
        assert match, line
        found.append((match[5], match[4], match[1], int(match[2]), match[6]))
    return sorted(found)


def read_text(raw: bytes) -> list[tuple[object, ...]]:
    lines: list[str] = []
    *body, summary = raw.decode().split("\n")[:-1]
    assert "3 documents" in summary
    for line in body:
        if line.startswith("    hint: ") and lines:
            lines[-1] += f" ({line.removeprefix('    hint: ')})"
        elif line:
            lines.append(line)
    return read_lines(lines)


def read_junit(raw: bytes) -> list[tuple[object, ...]]:
    suites = ET.fromstring(raw)  # noqa: S314 - our own output
    cases = suites.findall("testsuite/testcase")
    assert len(cases) == int(suites.attrib["tests"])
    assert sum(c.find("failure") is not None for c in cases) == int(suites.attrib["failures"])
    return read_lines([line for case in cases for part in case for line in (part.text or "").split("\n")])


def read_github(raw: bytes) -> list[tuple[object, ...]]:
    found = []
    for line in raw.decode().split("\n")[:-1]:
        match = re.fullmatch(r"::(error|warning|notice) file=([^,:]*),line=(\d+),col=(\d+),title=([^,:]*)::(.*)", line)
        assert match, line
        path, text = (re.sub("%(25|0D|0A|3A|2C)", lambda m: chr(int(m[1], 16)), part) for part in (match[2], match[6]))
        found.append((match[5], SEVERITY.get(match[1], match[1]), plain(path), int(match[3]), plain(text)))
    return sorted(found)


def read_gitlab(raw: bytes) -> list[tuple[object, ...]]:
    issues = json.loads(raw)
    assert len({i["fingerprint"] for i in issues}) == len(issues)
    return sorted(
        (
            i["check_name"],
            SEVERITY.get(i["severity"], i["severity"]),
            i["location"]["path"],
            i["location"]["lines"]["begin"],
            i["description"],
        )
        for i in issues
    )


@settings(max_examples=60, deadline=None)
@given(reports)
def test_every_surface_holds_the_same_findings(report: Report) -> None:
    raw = {form: render(report, form, NOWHERE) for form in FORMATS}
    assert read_json(raw["json"]) == expected(report)
    assert read_sarif(raw["sarif"]) == expected(report)
    assert read_gitlab(raw["gitlab"]) == expected(report)
    assert read_github(raw["github"]) == expected(report, plain)
    assert read_junit(raw["junit"]) == expected(report, plain)
    assert read_text(raw["text"]) == expected(report, plain)


@settings(max_examples=60, deadline=None)
@given(odd)
def test_what_is_shown_stays_in_its_line_and_moves_no_cursor(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()


def make(path: str = "a.md", **more: object) -> Report:
    return Report.of([Finding("broken-link", "R101", "error", "'x' does not exist", path, **more)], documents=1)


def test_a_column_in_sarif_counts_utf_16_code_units(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\n😀ü [x](gone.md)\n", encoding="utf-8")
    report = Project.open(tmp_path).check(select=["broken-link"])
    assert [f.column for f in report.findings] == [4]
    run = json.loads(render(report, "sarif", tmp_path))["runs"][0]
    assert run["columnKind"] == "utf16CodeUnits"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 5}


def test_services_see_paths_from_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    root = tmp_path / "docs/our procedures"
    root.mkdir(parents=True)
    sarif = json.loads(render(make(), "sarif", root))["runs"][0]
    place = sarif["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "docs/our%20procedures/a.md", "uriBaseId": "SRCROOT"}
    assert sarif["automationDetails"]["id"] == "procauthor/docs/our procedures"
    assert b"file=docs/our procedures/a.md," in render(make(), "github", root)
    assert json.loads(render(make(), "gitlab", root))[0]["location"]["path"] == "docs/our procedures/a.md"
    assert json.loads(render(make(), "json", root))["findings"][0]["path"] == "a.md"
    whole = json.loads(render(make("."), "gitlab", root))[0]
    assert whole["location"]["path"] == "docs/our procedures"


def test_every_rule_is_described_in_sarif(tmp_path: Path) -> None:
    raw = render(Report.of([]), "sarif", tmp_path, "https://example.org/rules/{rule}.html")
    SARIF.validate(json.loads(raw))
    rules = json.loads(raw)["runs"][0]["tool"]["driver"]["rules"]
    assert [(r["name"], r["id"]) for r in rules] == [(rule.name, rule.code) for rule in RULES.values()]
    assert rules[0]["helpUri"] == f"https://example.org/rules/{rules[0]['name']}.html"
    assert all(r["help"]["markdown"] and r["fullDescription"]["text"] for r in rules)


def test_junit_has_a_case_for_each_document(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("](threat-check.md)", "](gone.md)"))
    suites = ET.fromstring(render(Project.open(root).check(), "junit", root))  # noqa: S314 - our own output
    cases = {case.attrib["name"]: case.find("failure") for case in suites.iter("testcase")}
    assert set(cases) == {p.relative_to(root).as_posix() for p in root.rglob("*.md")}
    assert [path for path, failure in cases.items() if failure is not None] == ["feature/design-review.md"]


def test_a_report_with_real_findings_is_valid_everywhere(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(
        page.read_text().replace("](threat-check.md)", "](gone.md)").replace("## 2. Trigger", "## 2. Trigge")
    )
    report = Project.open(root).check()
    assert len({f.rule for f in report.findings}) > 1
    assert read_json(render(report, "json", root)) == expected(report)
    assert read_sarif(render(report, "sarif", root)) == expected(report)


def test_a_fingerprint_ignores_line_numbers_in_messages() -> None:
    one, two = (
        Report.of(
            [
                Finding(
                    "duplicate-section", "S103", "error", f"'Trigger' appears twice, first in line {n}", "a.md", n + 5
                )
            ]
        )
        for n in (3, 4)
    )
    assert one.findings[0].fingerprint == two.findings[0].fingerprint


def test_an_unknown_format_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ConfigError) as caught:
        read_format("xml")
    assert "sarif" in caught.value.hint
