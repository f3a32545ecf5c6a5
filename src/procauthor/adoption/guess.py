"""What a survey thinks: a value, how sure it is, and what it saw."""

from __future__ import annotations

from dataclasses import dataclass

WEAK = 0.6
"""A guess below this is asked about, and a finding that rests on it is no error."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess about a library.

    Attributes:
        subject: What it is about, as a path of the settings or the name of a form.
        value: What is guessed, in words.
        confidence: From 0 to 1.
        count: How many documents or places say so.
        of: Of how many.
        evidence: Two examples, as a path or a path with a line.
        question: What to ask where it is weak.
        rule: The rule whose findings rest on it, if there is one.
    """

    subject: str
    value: str
    confidence: float
    count: int
    of: int
    evidence: tuple[str, ...] = ()
    question: str = ""
    rule: str = ""

    @property
    def weak(self) -> bool:
        """Whether a person is to be asked."""
        return self.confidence < WEAK

    def to_json(self) -> dict[str, object]:
        """Return the guess as a JSON object."""
        return {
            "value": self.value,
            "confidence": round(self.confidence, 2),
            "count": self.count,
            "of": self.of,
            "evidence": list(self.evidence),
        }
