"""One report on every surface: text, JSON, SARIF, JUnit, GitHub and GitLab."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote

from procauthor.character import plain
from procauthor.data import dump, grouped
from procauthor.errors import ConfigError
from procauthor.finding import Finding, Report, Severity
from procauthor.git import find_repository
from procauthor.naming import amount
from procauthor.system import read_regular, release

if TYPE_CHECKING:
    from procauthor.checking.scope import Rule

Format = Literal["text", "json", "sarif", "junit", "github", "gitlab"]
FORMATS: tuple[Format, ...] = get_args(Format)


class ReportFiles:
    """The files behind a report.

    Args:
        root: The folder to which the paths of findings are relative.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines: dict[str, list[str]] = {}

    @cached_property
    def base(self) -> str:
        """The path of the root within its repository, or nothing: services show files by their path from there."""
        repository = find_repository(self.root)
        return repository.prefix.rstrip("/") if repository else ""

    def repository_path(self, path: str) -> str:
        """Return a path of a finding as the repository knows it."""
        if not self.base:
            return path
        return self.base if path == "." else f"{self.base}/{path}"

    def uri(self, path: str) -> str:
        """Return a path of a finding as a relative URI, percent-encoded."""
        return quote(self.repository_path(path).encode(errors="surrogateescape"), safe="/")

    def line(self, path: str, number: int) -> str:
        """Return a line of a file without its end, or nothing where it cannot be read."""
        if path not in self._lines:
            try:
                raw = read_regular(self.root / path)
            except (OSError, ValueError):
                raw = b""
            text = raw.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
            self._lines[path] = [line.removesuffix("\r") for line in text.split("\n")]
        lines = self._lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def read_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        ConfigError: There is none.
    """
    for known in FORMATS:
        if name == known:
            return known
    message = f"no format {name!r}"
    raise ConfigError(message, f"known formats: {', '.join(FORMATS)}")


def render(report: Report, form: Format, root: Path, help_url: str = "") -> bytes:
    """Return a report in one of the formats, in UTF-8, with a line feed at the end of what is not empty.

    Args:
        report: What was found.
        form: The format.
        root: The folder to which the report's paths are relative.
        help_url: Address of a rule's page, with ``{rule}`` where its name goes.
    """
    # A name of a file that is no UTF-8 holds lone surrogates; in JSON their escape is their form.
    return _text(report, form, ReportFiles(root), help_url).encode(errors="backslashreplace")


def _text(report: Report, form: Format, place: ReportFiles, help_url: str) -> str:
    match form:
        case "text":
            return _joined(report_lines(report))
        case "json":
            return _dump(report.as_json())
        case "sarif":
            return _dump(_sarif(report, place, help_url))
        case "junit":
            return _junit(report)
        case "github":
            return _joined(_command(finding, place) for finding in report.findings)
        case "gitlab":
            return _dump([_issue(finding, place) for finding in report.findings])


def _dump(data: Any) -> str:
    return dump(data) + "\n"


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def finding_line(finding: Finding) -> str:
    """Return ``path:line:column: severity rule: message``."""
    where = f"{plain(finding.path)}:{finding.line}:{finding.column}"
    return f"{where}: {finding.severity} {finding.rule}: {plain(finding.message)}"


def report_lines(report: Report) -> Iterator[str]:
    """Yield the findings, each with its hint below it, and a summary."""
    for finding in report.findings:
        yield finding_line(finding)
        if finding.hint:
            yield f"    hint: {plain(finding.hint)}"
    if report.findings:
        yield ""
    yield summary_line(report)


def summary_line(report: Report) -> str:
    """Return what was checked and found, in numbers."""
    levels = [amount(report.count(level), level) for level in ("error", "warning", "info")]
    fixable = sum(f.fixable for f in report.findings)
    more = [
        f"{fixable} fixable with --fix" if fixable else "",
        f"{report.suppressed} suppressed" if report.suppressed else "",
        f"{report.baselined} in the baseline" if report.baselined else "",
    ]
    counts = ", ".join(filter(None, [*levels, *more]))
    return f"{amount(report.documents, 'document')}, {amount(report.procedures, 'procedure')}: {counts}"


# JUnit


def _junit(report: Report) -> str:
    """Return a test case for each document, which fails where it has errors; warnings and infos fail nothing."""
    by_path: dict[str, list[Finding]] = {path: [] for path in report.checked}
    by_path |= grouped((finding.path, finding) for finding in report.findings)
    failures = sum(any(f.severity == "error" for f in findings) for findings in by_path.values())
    counts = f'tests="{len(by_path)}" failures="{failures}" errors="0" skipped="0"'
    cases = "".join(_case(path, findings) for path, findings in sorted(by_path.items()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="procauthor" {counts}>\n'
        f'  <testsuite name="procauthor" {counts}>\n{cases}  </testsuite>\n'
        "</testsuites>\n"
    )


def _case(path: str, findings: Sequence[Finding]) -> str:
    from xml.sax.saxutils import quoteattr

    name = quoteattr(plain(path))
    head = f'    <testcase classname="procauthor" name={name} file={name}'
    errors = [f for f in findings if f.severity == "error"]
    others = [f for f in findings if f.severity != "error"]
    if not findings:
        return f"{head}/>\n"
    parts = ""
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        message = quoteattr(plain(errors[0].message) + more)
        parts += f"      <failure type={quoteattr(errors[0].rule)} message={message}>{_case_lines(errors)}</failure>\n"
    if others:
        parts += f"      <system-out>{_case_lines(others)}</system-out>\n"
    return f"{head}>\n{parts}    </testcase>\n"


def _case_lines(findings: Sequence[Finding]) -> str:
    from xml.sax.saxutils import escape

    return escape("\n".join(finding_line(f) + (f" ({plain(f.hint)})" if f.hint else "") for f in findings))


# GitHub: workflow commands, which become annotations

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def _command(finding: Finding, place: ReportFiles) -> str:
    path = _property(place.repository_path(finding.path))
    where = f"file={path},line={finding.line},col={finding.column}"
    return f"::{_COMMANDS[finding.severity]} {where},title={_property(finding.rule)}::{_data(_told(finding))}"


def _data(text: str) -> str:
    """Escape what would end the command; other control characters are shown."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return plain(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# GitLab: a Code Quality report

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def _issue(finding: Finding, place: ReportFiles) -> dict[str, Any]:
    return {
        "description": _told(finding),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": place.repository_path(finding.path),
            "lines": {"begin": finding.line},
        },
    }


def _told(finding: Finding) -> str:
    return f"{finding.message} ({finding.hint})" if finding.hint else finding.message


# SARIF 2.1.0, for code scanning

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEMS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "recommendation"}
_ROOT = "SRCROOT"


def _sarif(report: Report, place: ReportFiles, help_url: str = "") -> dict[str, Any]:
    """Return the log with one run.

    Args:
        report: What was found.
        place: The files behind it.
        help_url: Address of a rule's page, with ``{rule}`` where its name goes.
    """
    # Most formats do not need the catalogue of rules, which takes a moment to load.
    from procauthor.checking.rule import RULES

    names = list(RULES)
    run = {
        "tool": {
            "driver": {
                "name": "procauthor",
                "version": release(),
                "rules": [_rule(rule, help_url) for rule in RULES.values()],
            }
        },
        "automationDetails": {"id": f"procauthor/{place.base}"},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(finding, place, names) for finding in report.findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule, help_url: str) -> dict[str, Any]:
    text = f"{rule.fix}\n\nFor example: {rule.example}"
    data = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": text, "markdown": f"**{rule.name}** ({rule.code}): {rule.summary}\n\n{rule.why}\n\n{text}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"problem.severity": _PROBLEMS[rule.severity], "tags": ["documentation"]},
    }
    return {**data, "helpUri": help_url.replace("{rule}", rule.name)} if help_url else data


def _result(finding: Finding, place: ReportFiles, names: list[str]) -> dict[str, Any]:
    data = {
        "ruleId": finding.code,
        **({"ruleIndex": names.index(finding.rule)} if finding.rule in names else {}),
        "level": _LEVELS[finding.severity],
        "message": {"text": _told(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _location(finding.path, place),
                    "region": {"startLine": finding.line, "startColumn": _utf16_column(finding, place)},
                }
            }
        ],
        "partialFingerprints": {"procauthorFinding/v1": finding.fingerprint},
    }
    return {**data, "fixes": [_fix(finding, place)]} if finding.fix else data


def _location(path: str, place: ReportFiles) -> dict[str, str]:
    return {"uri": place.uri(path), "uriBaseId": _ROOT}


def _utf16_column(finding: Finding, place: ReportFiles) -> int:
    """Return the column in UTF-16 code units; characters beyond the basic plane count twice."""
    before = place.line(finding.path, finding.line)[: finding.column - 1]
    return finding.column + sum(ord(c) > 0xFFFF for c in before)  # noqa: PLR2004 - the end of the basic plane


def _fix(finding: Finding, place: ReportFiles) -> dict[str, Any]:
    changes = [
        {
            "artifactLocation": _location(path, place),
            "replacements": [
                {
                    "deletedRegion": {"byteOffset": edit.start, "byteLength": edit.end - edit.start},
                    "insertedContent": {"text": edit.text},
                }
                for edit in edits
            ],
        }
        for path, edits in groupby(finding.fix, key=lambda edit: edit.path)
    ]
    return {"description": {"text": finding.hint or f"Fix {finding.rule}."}, "artifactChanges": changes}
