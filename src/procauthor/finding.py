"""Findings: what a check has to say, as data."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``line`` and ``column`` count from 1; ``fingerprint`` survives a shift of lines."""

    rule: str
    code: str
    severity: Severity
    message: str
    path: str
    line: int = 1
    column: int = 1
    hint: str = ""
    fixable: bool = False
    fingerprint: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the finding as the documented JSON object."""
        return {
            "rule": self.rule,
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "hint": self.hint,
            "fixable": self.fixable,
            "fingerprint": self.fingerprint,
        }


def fingerprint(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings with fingerprints: rule, path and message, and a count where these repeat."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = (finding.rule, finding.path, finding.message)
        seen[key] += 1
        text = "\0".join((*key, str(seen[key])))
        yield replace(finding, fingerprint=hashlib.sha256(text.encode()).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one check, in the order of path and line."""

    findings: tuple[Finding, ...]
    documents: int = 0
    procedures: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding], *, documents: int = 0, procedures: int = 0) -> Report:
        """Sort the findings and give each its fingerprint."""
        ordered = sorted(findings, key=lambda f: (f.path, f.line, f.column, f.code, f.message))
        return cls(tuple(fingerprint(ordered)), documents, procedures)

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(f.severity == severity for f in self.findings)

    @property
    def errors(self) -> Sequence[Finding]:
        """The findings of severity error."""
        return [f for f in self.findings if f.severity == "error"]

    def as_json(self) -> dict[str, object]:
        """Return the report as the documented JSON object."""
        return {
            "schema_version": SCHEMA_VERSION,
            "findings": [f.as_json() for f in self.findings],
            "summary": {
                "documents": self.documents,
                "procedures": self.procedures,
                "errors": self.count("error"),
                "warnings": self.count("warning"),
                "infos": self.count("info"),
            },
        }
