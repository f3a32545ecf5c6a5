"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass

from procauthor.finding import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its fixed name and code, its default severity, and what ``explain`` says of it."""

    name: str
    code: str
    severity: Severity
    summary: str
    why: str
    fix: str
    example: str
