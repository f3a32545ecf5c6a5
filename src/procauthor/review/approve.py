"""Approves the present bytes of a document, or of some of its sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from procauthor.errors import ConfigError, LibraryError, NotFoundError
from procauthor.finding import Finding
from procauthor.git import read_user
from procauthor.library.change import Change, edit_receipts, refuse_conflict
from procauthor.library.library import Library, Procedure
from procauthor.library.sidecar import ApprovalWorth, Receipt, Receipts, Review, TopSection, judge, receipts_of
from procauthor.library.status import UNWRITTEN, lack_of
from procauthor.procedure import Status
from procauthor.regex import lazy
from procauthor.template.spec import section_key

_DERIVED = frozenset({"index", "readme", "plan", "template"})


class Approval(Struct, frozen=True):
    """What was approved: the document, its sections by heading, by whom; ``change`` writes it.

    ``signature`` holds what the receipts of all sections have in common.
    ``status`` is what the document is with it: approved only where all sections are. ``open`` are the others,
    ``receipts`` all that are valid for the document then.
    """

    path: str
    title: str
    sections: tuple[str, ...]
    signature: Receipt
    status: Status
    open: tuple[str, ...]
    receipts: Receipts
    change: Change


def refuse_unfit(procedure: Procedure, findings: Sequence[Finding]) -> None:
    """Refuse to approve what is derived, not written yet, or wrong.

    Raises:
        LibraryError: The document is one of these, or holds an unresolved conflict.
    """
    refuse_conflict(procedure.path, procedure.document)
    if procedure.kind in _DERIVED:
        message = f"{procedure.path} is a document of kind {procedure.kind}, and is not approved"
        raise LibraryError(message, "name a procedure, an orchestration or a standard")
    if procedure.text_status in UNWRITTEN:
        message = f"{procedure.title!r} is {procedure.text_status}, so there is nothing to approve"
        raise LibraryError(message, "nothing was written")
    if procedure.text_status == "in progress":
        raise LibraryError(*_unfinished(procedure))
    # A row that is missing in the index says nothing of the text.
    errors = [f for f in findings if f.severity == "error" and not f.rule.startswith("index-")]
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        message = f"{procedure.path} has findings of severity error, and cannot be approved"
        raise LibraryError(message, f"line {errors[0].line}: {errors[0].message}{more}; see them with procauthor check")


def _unfinished(procedure: Procedure) -> tuple[str, str]:
    """Say why a document is in progress, and what helps."""
    message = f"{procedure.title!r} is in progress, and cannot be approved"
    if procedure.questions:
        first = procedure.questions[0]
        message += f": {len(procedure.questions)} open, the first in line {first.line}: {first.text!r}"
        return (
            message,
            f"answer it with: procauthor answer {quote(procedure.path)} 1 TEXT; procauthor questions lists all",
        )
    words = procedure.conventions.placeholders
    reasons = lack_of(procedure.document, procedure.template, words) if procedure.template else ""
    return f"{message}: {reasons}" if reasons else message, "complete the text; procauthor check says what is missing"


def approve(library: Library, procedure: Procedure, headings: Sequence[str], signature: Receipt) -> Approval:
    """Return the approval of some sections, or of all where none is named.

    Raises:
        NotFoundError: There is no such section.
        LibraryError: The receipts that are there cannot be understood.
    """
    chosen = [_find(procedure, heading) for heading in headings] or list(procedure.marks)
    if not chosen:
        message = f"{procedure.path} holds no text"
        raise LibraryError(message, "nothing was written")
    lost = frozenset() if headings else _lost(procedure)

    def change(receipts: Receipts) -> Receipts:
        return sign(receipts, chosen, signature, lost)

    edit = edit_receipts(library.root, procedure.path, change)
    after = change(receipts_of(library.reviews, procedure.path))
    laid = library.reviewed({**library.reviews, procedure.path: Review(after, signature.on)}).by_path[procedure.path]
    valid = {r.section for r in after.approvals} - {r.receipt.section for r in laid.standing.outdated}
    label = f"approve {procedure.title}" + (f": {', '.join(m.shown for m in chosen)}" if headings else "")
    return Approval(
        path=procedure.path,
        title=procedure.title,
        sections=tuple(mark.shown for mark in chosen),
        signature=signature,
        status=laid.status,
        open=tuple(mark.shown for mark in procedure.marks if mark.key not in valid),
        receipts=after,
        change=Change((edit,) if edit else (), label),
    )


def _lost(procedure: Procedure) -> frozenset[str]:
    """Return the sections that were approved and are gone: who approves the whole document has seen that."""
    receipts = procedure.review.receipts.approvals if procedure.review else ()
    return frozenset(r.section for r in receipts) - {mark.key for mark in procedure.marks}


def sign(
    receipts: Receipts, marks: Sequence[TopSection], signature: Receipt, lost: frozenset[str] = frozenset()
) -> Receipts:
    """Return receipts with an approval, and without those of lost sections.

    What the same person approved before in the same role is replaced. Approvals by others are kept while they are for
    the same bytes; what they approved is no longer there otherwise, and version control remembers it.
    """
    hashes = {mark.key: mark.hash for mark in marks}
    kept = [
        r
        for r in receipts.approvals
        if r.section not in lost
        and (
            r.section not in hashes
            or (r.hash == hashes[r.section] and (r.by, r.role) != (signature.by, signature.role))
        )
    ]
    new = [replace(signature, section=mark.key, hash=mark.hash) for mark in marks]
    return Receipts((*kept, *new), receipts.seen)


def _find(procedure: Procedure, heading: str) -> TopSection:
    """Return the section of a heading, whatever its number."""
    key = section_key(heading)
    exact = [m for m in procedure.marks if m.heading == heading.strip()]
    marks = exact or [m for m in procedure.marks if m.key.partition("#")[0] == key and key]
    if len(marks) == 1:
        return marks[0]
    if marks:
        lines = ", ".join(str(m.line) for m in marks)
        message = f"{procedure.path} has {len(marks)} sections {heading!r}, in lines {lines}"
        raise NotFoundError(message, "make their headings differ, or approve the whole document")
    message = f"{procedure.path} has no section {heading!r} directly below its title"
    raise NotFoundError(message, "its sections are: " + ", ".join(m.shown for m in procedure.marks))


class Approver(Struct, frozen=True):
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


_DAYS = lazy(r"(\d{1,5})\s*d(?:ays?)?", re.IGNORECASE)
_MAX_NAME = 200
_ADDRESS = lazy(r"https?://[^\s<>\"'`@]{1,400}")


def read_name(root: Path, given: str = "") -> str:
    """Return the name that is written into a receipt: the given one, else that of git's settings.

    Raises:
        ConfigError: There is none, or it cannot be in a line.
    """
    name = " ".join((given or read_user(root)).split())
    if not name:
        message = "your name is not known: git has no user.name here"
        raise ConfigError(message, 'say it with --by, for example: --by "Ada Lovelace"')
    return _plain(name, "name")


def read_role(given: str) -> str:
    """Return a role as it is written into a receipt.

    Raises:
        ConfigError: It cannot be in a line.
    """
    return _plain(" ".join(given.split()), "role")


def _plain(text: str, what: str) -> str:
    if len(text) > _MAX_NAME or not text.isprintable():
        message = f"{text[:40]!r} cannot be the {what} of a receipt"
        raise ConfigError(message, f"use at most {_MAX_NAME} printable characters")
    return text


def read_address(given: str) -> str:
    """Return the address of a pull request as it is written into a receipt.

    Raises:
        ConfigError: It is no address of a page.
    """
    address = given.strip()
    if address and not _ADDRESS.fullmatch(address):
        message = f"{address[:80]!r} is no address of a pull request"
        raise ConfigError(message, "write it as https://github.com/ORG/REPO/pull/7")
    return address


def read_expiry(text: str, day: date) -> date | None:
    """Return the last day on which an approval holds: a date, or a number of days from today such as ``180d``.

    Raises:
        ConfigError: It is neither, or lies in the past.
    """
    if not text.strip():
        return None
    days = _DAYS.fullmatch(text.strip())
    try:
        expires = day + timedelta(days=int(days[1])) if days else date.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        message = f"{text!r} is no date and no number of days"
        raise ConfigError(message, "write it as 2027-06-01 or as 180d") from None
    if expires < day:
        message = f"{expires} is in the past"
        raise ConfigError(message, "name the last day on which the approval holds")
    return expires
