"""Receipts: who approved which bytes of a document and of its parts, and what somebody has seen of a contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from procauthor.errors import LibraryError
from procauthor.library import sidecar
from procauthor.markdown.document import Document, title_section, top_sections
from procauthor.procedure import Stamp, stamp
from procauthor.template.key import section_key

LEAD = ""
_LEAD_SHOWN = "(above the first section)"


class TopSection(Struct, frozen=True, array_like=True, gc=False):
    """A section directly below the title, with all below it.

    ``key`` names it whatever its number and spelling, a second one of the same key ends in ``#2``; the text between the
    title and the first section has the key ``LEAD``. Lines count from 1, the last one is included. The hash is the same
    whether lines end in LF or in CRLF, for that changes when a repository is cloned.
    """

    key: str
    heading: str
    line: int
    last: int
    hash: Stamp

    @property
    def shown(self) -> str:
        """What to call the section."""
        return self.heading or _LEAD_SHOWN


def show_key(key: str) -> str:
    """Return what to call a section of which only the key is known."""
    return key or _LEAD_SHOWN


def read_marks(document: Document) -> tuple[TopSection, ...]:
    """Return the marks of a document in order.

    Front matter and the line of the title belong to none: they say what the document is called and where it belongs,
    and change when it is renamed. Every other byte belongs to exactly one, but blank lines above the first section.
    """
    return (*_lead(document), *_sections(document))


def _lead(document: Document) -> Iterator[TopSection]:
    raw, title = document.source.raw, title_section(document)
    parts = [document.sections[0], *([title] if title else [])]
    spans = [(_body(document, part.body), part.end) for part in parts]
    text = b"".join(raw[start:end] for start, end in spans)
    if text.strip():
        first = next(end - len(raw[start:end].lstrip()) for start, end in spans if raw[start:end].strip())
        yield TopSection(LEAD, "", document.source.line(first), _last_line(document, spans[-1][1]), _hash(text))


def _body(document: Document, start: int) -> int:
    """Return where text begins that is not front matter."""
    return max(start, document.front_matter[1] if document.front_matter else document.source.start)


def _sections(document: Document) -> Iterator[TopSection]:
    counted: Counter[str] = Counter()
    for section in top_sections(document):
        key = section_key(section.title)
        counted[key] += 1
        name = f"{key}#{counted[key]}" if counted[key] > 1 or not key else key
        end = document.end(section)
        text = document.source.raw[section.start : end]
        yield TopSection(name, section.title, section.line, _last_line(document, end), _hash(text))


def _hash(text: bytes) -> Stamp:
    return stamp(text.replace(b"\r\n", b"\n"))


def _last_line(document: Document, end: int) -> int:
    """Return the last line with text before an offset."""
    raw = document.source.raw
    # A slice of all before it would be copied for every section.
    while end > 0 and raw[end - 1 : end].isspace():
        end -= 1
    return document.source.line(max(0, end - 1))


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
