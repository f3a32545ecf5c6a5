"""Findings as plain lines of text, one a finding: for pipes, logs and editors."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.character import plain
from procauthor.finding import Finding, Report
from procauthor.naming import amount


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
