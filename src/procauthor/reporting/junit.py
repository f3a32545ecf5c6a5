"""Findings as JUnit XML: a test case a document, which fails where it has errors."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from procauthor.character import plain
from procauthor.data import grouped
from procauthor.finding import Finding, Report
from procauthor.reporting.text import finding_line


def junit(report: Report) -> str:
    """Return the document; warnings and infos are in ``system-out``, so that they are read and fail nothing."""
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
        parts += f"      <failure type={quoteattr(errors[0].rule)} message={message}>{_lines(errors)}</failure>\n"
    if others:
        parts += f"      <system-out>{_lines(others)}</system-out>\n"
    return f"{head}>\n{parts}    </testcase>\n"


def _lines(findings: Sequence[Finding]) -> str:
    return escape("\n".join(finding_line(f) + (f" ({plain(f.hint)})" if f.hint else "") for f in findings))
