"""Findings as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from procauthor.checking.rule import RULES, Rule
from procauthor.finding import Finding, Report, Severity
from procauthor.reporting.place import ReportFiles
from procauthor.system import release

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEMS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "recommendation"}
_ROOT = "SRCROOT"


def sarif(report: Report, place: ReportFiles, help_url: str = "") -> dict[str, Any]:
    """Return the log with one run.

    Args:
        report: What was found.
        place: The files behind it.
        help_url: Address of a rule's page, with ``{rule}`` where its name goes.
    """
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
    text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    data = {
        "ruleId": finding.code,
        **({"ruleIndex": names.index(finding.rule)} if finding.rule in names else {}),
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
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
