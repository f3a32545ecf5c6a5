"""What a reviewer said of a draft."""

from __future__ import annotations

from dataclasses import dataclass

from procauthor.authoring.author import FieldProblem


@dataclass(frozen=True, slots=True)
class Critique:
    """Remarks on fields, and an open question where the reviewer gave no reply that could be read."""

    remarks: tuple[FieldProblem, ...] = ()
    question: str = ""
