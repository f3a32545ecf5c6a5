"""Findings as lines of text, each with its source line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from procauthor.finding import Finding, Report


def report_lines(report: Report, root: Path) -> Iterator[str]:
    """Yield the findings and a summary."""
    texts: dict[str, list[str]] = {}
    for finding in report.findings:
        yield f"{finding.path}:{finding.line}:{finding.column}: {finding.severity} {finding.code} {finding.message}"
        # The line of a secret is the secret.
        source = "" if finding.rule == "secret" else _line(texts, root, finding)
        if source:
            yield f"    | {source[:160]}"
        if finding.hint:
            yield f"    = {finding.hint} [{finding.rule}]"
        else:
            yield f"    = [{finding.rule}]"
    if report.findings:
        yield ""
    counts = [
        f"{report.count('error')} errors",
        f"{report.count('warning')} warnings",
        f"{report.count('info')} infos",
    ]
    yield f"{report.documents} documents, {report.procedures} procedures: {', '.join(counts)}"


def _line(texts: dict[str, list[str]], root: Path, finding: Finding) -> str:
    if finding.path not in texts:
        try:
            texts[finding.path] = (root / finding.path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            texts[finding.path] = []
    lines = texts[finding.path]
    return lines[finding.line - 1].strip() if 0 < finding.line <= len(lines) else ""
