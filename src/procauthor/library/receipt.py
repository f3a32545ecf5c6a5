"""Receipts: who approved which bytes, and what of a neighbour's contract somebody has seen.

They are kept in ``receipts/``, a file for each document, and belong into version control: nothing can make them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from procauthor.errors import LibraryError
from procauthor.library import sidecar
from procauthor.library.mark import TopSection
from procauthor.procedure import Stamp

FOLDER = "receipts"
Part = Literal["output", "input", "inputs", "ends"]
"""What of a contract a consumer relies on: one artifact, or the names of all inputs, or all signals and exit states."""


class Receipt(Struct, frozen=True, omit_defaults=True):
    """One approval of one section: its key, the hash of its bytes, by whom, since when and, if it ends, until when."""

    section: str
    hash: Stamp
    by: str
    on: date
    role: str = ""
    expires: date | None = None
    pull_request: str = ""
    """The address of the pull request in which the section was reviewed."""


class Seen(Struct, frozen=True, omit_defaults=True):
    """A part of another document's contract as its consumer last saw it.

    ``source`` is the path of that document, ``name`` the artifact, ``text`` what stood there. ``by`` is empty where it
    was written down when consumer and contract first met.
    """

    source: str = field(name="from")
    part: Part
    name: str
    text: tuple[str, ...]
    by: str = ""
    on: date | None = None


class Receipts(Struct, frozen=True, omit_defaults=True):
    """All receipts of one document. ``problem`` says why its file cannot be understood, and is never written."""

    approvals: tuple[Receipt, ...] = ()
    seen: tuple[Seen, ...] = ()
    problem: str = ""


NONE = Receipts()


@dataclass(frozen=True, slots=True)
class Review:
    """The receipts of a document, and the day on which they are looked at."""

    receipts: Receipts
    day: date


State = Literal["approved", "changed", "expired", "gone"]


@dataclass(frozen=True, slots=True)
class ApprovalWorth:
    """What an approval is worth today; ``mark`` is the section as it is, None where it is gone."""

    receipt: Receipt
    state: State
    mark: TopSection | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What all approvals of a document together are worth.

    ``approved`` means that every section has an approval of its present bytes that has not expired. ``outdated`` holds
    the approvals of sections that have none any more, in the order of the document.
    """

    approved: bool = False
    outdated: tuple[ApprovalWorth, ...] = ()


UNREVIEWED = Standing()


def today() -> date:
    """Return the day that expiry is measured by: the same one for a whole team."""
    return datetime.now(UTC).date()


def judge(marks: Iterable[TopSection], review: Review) -> list[ApprovalWorth]:
    """Return what each approval is worth, in the order of the document; those of lost sections come last."""
    by_key = {mark.key: mark for mark in marks}
    order = {key: place for place, key in enumerate(by_key)}
    found = [_rule(receipt, by_key.get(receipt.section), review.day) for receipt in review.receipts.approvals]
    return sorted(found, key=lambda r: (order.get(r.receipt.section, len(order)), r.receipt.on))


def _rule(receipt: Receipt, mark: TopSection | None, day: date) -> ApprovalWorth:
    if mark is None:
        return ApprovalWorth(receipt, "gone", None)
    if mark.hash != receipt.hash:
        return ApprovalWorth(receipt, "changed", mark)
    late = receipt.expires is not None and receipt.expires < day
    return ApprovalWorth(receipt, "expired" if late else "approved", mark)


def read_standing(marks: tuple[TopSection, ...], review: Review) -> Standing:
    """Return what the approvals of a document are worth together."""
    rulings = judge(marks, review)
    valid = {r.receipt.section for r in rulings if r.state == "approved"}
    outdated = tuple(r for r in rulings if r.receipt.section not in valid)
    return Standing(bool(marks) and all(mark.key in valid for mark in marks), outdated)


# Files


def read_reviews(root: Path, day: date | None = None) -> dict[str, Review]:
    """Return the receipts of every document below a root, by its path."""
    found: dict[str, Review] = {}
    day = day or today()
    for path, entry in sidecar.scan(root, FOLDER):
        raw = sidecar.read_bytes(entry.path)
        found[path] = Review(decode(raw) if raw is not None else Receipts(problem="it cannot be read"), day)
    return found


def document_of(path: str) -> str:
    """Return the document whose receipts a file holds, or an empty string where it is no such file."""
    return sidecar.document_path(FOLDER, path)


def decode(raw: bytes) -> Receipts:
    """Read the receipts of one document; what cannot be understood approves nothing."""
    found, problem = sidecar.decode(raw, Receipts)
    return found if found is not None and not found.problem else Receipts(problem=problem or "it has a problem")


def encode(receipts: Receipts) -> bytes | None:
    """Return the file of receipts; None where nothing is to be kept.

    Raises:
        LibraryError: The present file cannot be understood, so it would be lost.
    """
    if receipts.problem:
        message = f"the receipts cannot be understood: {receipts.problem}"
        raise LibraryError(message, "nothing was written; correct the file, or take it out of the folder")
    approvals = sorted(receipts.approvals, key=lambda r: (r.section, r.role, r.by, r.on))
    seen = sorted(receipts.seen, key=lambda s: (s.source, s.part, s.name))
    return sidecar.encode({"approvals": approvals, "seen": seen})


def receipts_of(reviews: Mapping[str, Review], path: str) -> Receipts:
    """Return the receipts of a document, empty where there are none."""
    return reviews[path].receipts if path in reviews else NONE
