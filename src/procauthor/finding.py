"""Findings: what a check has to say, as data."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import pick
from procauthor.regex import lazy

Severity = Literal["error", "warning", "info"]

SCHEMA_VERSION = 1
_LINE = lazy(r"\bline \d+")


class FixEdit(Struct, frozen=True):
    """Replace the bytes from ``start`` to ``end`` of a file by ``text``; ``base`` is the stamp of the file meant."""

    path: str
    start: int
    end: int
    text: str
    base: str

    def as_json(self) -> dict[str, object]:
        """Return the edit as the documented JSON object."""
        return pick(self, "path", "start", "end", "text", "base")


class Finding(Struct, frozen=True):
    """One finding. ``line`` and ``column`` count from 1; ``fingerprint`` survives a shift of lines.

    ``fix`` are the edits that resolve it for certain: all of them, or none.
    """

    rule: str
    code: str
    severity: Severity
    message: str
    path: str
    line: int = 1
    column: int = 1
    hint: str = ""
    fix: tuple[FixEdit, ...] = ()
    fingerprint: str = ""

    @property
    def fixable(self) -> bool:
        """Whether ``check --fix`` can fix it."""
        return bool(self.fix)

    def as_json(self) -> dict[str, object]:
        """Return the finding as the documented JSON object."""
        return {
            **pick(self, "rule", "code", "severity", "message", "path", "line", "column", "hint", "fixable"),
            "fix": [edit.as_json() for edit in self.fix],
            "fingerprint": self.fingerprint,
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by path, place and code."""
    return sorted(findings, key=lambda f: (f.path, f.line, f.column, f.code, f.message))


def fingerprint(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings with fingerprints: rule, path and message, and a count where these repeat.

    A line number in a message does not count: it moves with the text above it.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = (finding.rule, finding.path, _LINE.sub("line", finding.message))
        seen[key] += 1
        text = "\0".join((*key, str(seen[key])))
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
        yield replace(finding, fingerprint=digest[:16])


class Report(Struct, frozen=True):
    """All findings of one check, in the order of path and line.

    ``checked`` holds the paths that were reported on. ``suppressed`` counts what a comment in a document hides,
    ``baselined`` what the baseline knows; ``gone`` holds the fingerprints of its entries that no longer occur.
    ``fixed`` counts what was fixed before; ``unfixed`` says why documents that have fixes were left as they are.
    """

    findings: tuple[Finding, ...]
    documents: int = 0
    procedures: int = 0
    checked: tuple[str, ...] = ()
    suppressed: int = 0
    baselined: int = 0
    gone: tuple[str, ...] = ()
    fixed: int = 0
    unfixed: tuple[str, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Finding], *, documents: int = 0, procedures: int = 0) -> Report:
        """Sort the findings and give each its fingerprint."""
        return cls(tuple(fingerprint(in_order(findings))), documents, procedures)

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
                **pick(self, "documents", "procedures"),
                "errors": self.count("error"),
                "warnings": self.count("warning"),
                "infos": self.count("info"),
                "fixable": sum(f.fixable for f in self.findings),
                **pick(self, "suppressed", "baselined"),
                "gone": len(self.gone),
                "fixed": self.fixed,
            },
        }
