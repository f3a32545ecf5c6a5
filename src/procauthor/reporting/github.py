"""Findings as workflow commands of GitHub Actions, which become annotations."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.character import plain
from procauthor.finding import Finding, Report, Severity
from procauthor.reporting.place import ReportFiles

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def github_lines(report: Report, place: ReportFiles) -> Iterator[str]:
    """Yield one command a finding."""
    for finding in report.findings:
        yield _command(finding, place)


def _command(finding: Finding, place: ReportFiles) -> str:
    path = _property(place.repository_path(finding.path))
    where = f"file={path},line={finding.line},col={finding.column}"
    text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    return f"::{_COMMANDS[finding.severity]} {where},title={_property(finding.rule)}::{_data(text)}"


def _data(text: str) -> str:
    """Escape what would end the command; other control characters are shown."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return plain(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
