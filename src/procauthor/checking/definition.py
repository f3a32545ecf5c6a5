"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from procauthor.finding import Severity

Reach = Literal["document", "neighbours", "library"]
"""What the findings of a family about one document depend on.

``document``: its text alone. Such a family sees a library of one document, so it cannot look further.
``neighbours``: also other documents. Such a family reports on ``scope.subjects``, and is run again where the text has
changed, or what others show of themselves, or a document into whose text it looked.
``library``: everything. A family that says nothing has this reach; it is right, and slower.
"""


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

    def as_json(self) -> dict[str, str]:
        """Return the rule as the documented JSON object."""
        words = {"summary": self.summary, "why": self.why, "fix": self.fix, "example": self.example}
        return {"rule": self.name, "code": self.code, "severity": self.severity, **words}
