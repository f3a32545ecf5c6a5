"""Who approved a document: all approvals of its sections, put together by person and role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from procauthor.library.library import Procedure
from procauthor.library.receipt import ApprovalWorth, Receipt, judge


@dataclass(frozen=True, slots=True)
class Approver:
    """A person with a role who approved ``sections`` of a document, of which ``valid`` are still as they were."""

    by: str
    role: str
    on: date
    sections: int
    valid: int
    expires: date | None = None
    pull_request: str = ""

    @property
    def words(self) -> str:
        """Say it in a line."""
        role = f" ({self.role})" if self.role else ""
        until = f", until {self.expires}" if self.expires else ""
        until += f", in {self.pull_request}" if self.pull_request else ""
        if self.valid == self.sections:
            return f"{self.by}{role} on {self.on}{until}"
        lost = self.sections - self.valid
        return f"{self.by}{role} on {self.on}; {lost} of {self.sections} sections changed or expired since"


def read_approvers(procedure: Procedure) -> tuple[Approver, ...]:
    """Return who approved a document, the last first."""
    rulings = judge(procedure.marks, procedure.review) if procedure.review else []
    return tuple(sorted(_approvers(rulings), key=lambda each: (each.on, each.by), reverse=True))


def _approvers(rulings: list[ApprovalWorth]) -> Iterator[Approver]:
    for (by, role), group in groupby(sorted(rulings, key=lambda r: _who(r.receipt)), key=lambda r: _who(r.receipt)):
        own = list(group)
        ends = [r.receipt.expires for r in own if r.receipt.expires]
        valid = sum(r.state == "approved" for r in own)
        last = max(own, key=lambda r: r.receipt.on).receipt
        yield Approver(by, role, last.on, len(own), valid, min(ends, default=None), last.pull_request)


def _who(receipt: Receipt) -> tuple[str, str]:
    return receipt.by, receipt.role
