"""Findings as a Code Quality report of GitLab."""

from __future__ import annotations

from typing import Any

from procauthor.finding import Finding, Report, Severity
from procauthor.reporting.place import ReportFiles

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def gitlab(report: Report, place: ReportFiles) -> list[dict[str, Any]]:
    """Return the list of issues."""
    return [_issue(finding, place) for finding in report.findings]


def _issue(finding: Finding, place: ReportFiles) -> dict[str, Any]:
    text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    return {
        "description": text,
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": place.repository_path(finding.path),
            "lines": {"begin": finding.line},
        },
    }
