"""Small JSON files beside the documents, one for each, that people share with their version control.

``receipts/`` says who approved which bytes, and what was seen of a contract: nothing can make it again.
``provenance/`` says who wrote which section; it only informs, and what is not in it was written by people.
``followed/`` says who followed a procedure, when, with which evidence: nothing can make it again.

One entry is on one line, so that a diff shows what happened and two people rarely meet on a line.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import msgspec
from msgspec import Struct, field

from procauthor.data import as_type, grouped, ungrouped
from procauthor.errors import LibraryError
from procauthor.markdown.document import Document, title_section, top_sections
from procauthor.procedure import Stamp, stamp
from procauthor.system import read_regular
from procauthor.template.spec import section_key

_ENDING = ".json"
_MAX_BYTES = 16 * 1024 * 1024
_VERSION = 1
_KEYS: Mapping[str, tuple[str, ...]] = {
    "approvals": ("section", "role", "by"),
    "seen": ("from", "part", "name"),
    "sections": ("section",),
    "followed": ("id", "by"),
}
"""The lists of sidecars, and what tells the entries of each apart."""


class _Versioned(Struct):
    schema_version: int = _VERSION


def sidecar_path(folder: str, path: str) -> str:
    """Return where the sidecar of a document is kept, relative to the root."""
    return f"{folder}/{path}{_ENDING}"


def document_path(folder: str, path: str) -> str:
    """Return the document whose sidecar is at a path, or an empty string where that is no place for one."""
    inside = path.startswith(f"{folder}/") and path.endswith(_ENDING)
    return path[len(folder) + 1 : -len(_ENDING)] if inside else ""


def scan_sidecars(root: Path, folder: str) -> Iterator[str]:
    """Yield the path of each document that may have a sidecar in a folder; links are not followed."""
    top = os.path.join(root, folder)
    waiting = [] if os.path.islink(top) else [top]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.name.endswith(_ENDING) and entry.is_file(follow_symlinks=False):
                yield entry.path[len(top) + 1 : -len(_ENDING)].replace(os.sep, "/")


class Sidecar(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a sidecar holds. ``problem`` says why it cannot be understood, and is never written."""

    folder: ClassVar[str]
    problem: str = ""


_S = TypeVar("_S", bound=Sidecar)


def read_sidecar(root: Path, path: str, kind: type[_S]) -> _S:
    """Return what the sidecar of a document holds; nothing where there is none."""
    place = root / sidecar_path(kind.folder, path)
    try:
        status = os.lstat(place)
        if stat.S_ISREG(status.st_mode) and status.st_size <= _MAX_BYTES:
            return decode_sidecar(read_regular(place), kind)
    except (FileNotFoundError, NotADirectoryError):
        return kind()
    except OSError:
        pass
    return kind(problem="it cannot be read")


def decode_sidecar(raw: bytes, kind: type[_S]) -> _S:
    """Return what the bytes of a sidecar say; what cannot be understood says nothing."""
    if b"<<<<<<< " in raw and b"\n>>>>>>> " in raw:
        return kind(problem="a merge conflict is not resolved")
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf")
        data = msgspec.json.decode(text)
        if as_type(data, _Versioned).schema_version > _VERSION:
            return kind(problem="it was written by a newer version")
        value = as_type(data, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return kind(problem=str(error).splitlines()[0])
    return kind(problem="it has a problem") if value.problem else value


def encode_lists(lists: Mapping[str, Iterable[object]]) -> bytes | None:
    """Return a sidecar with one entry a line; None where there is nothing to keep."""
    parts = []
    for name, entries in lists.items():
        encoded = (msgspec.json.format(msgspec.json.encode(entry), indent=0).decode() for entry in entries)
        lines = ",\n".join(f"  {line}" for line in encoded)
        if lines:
            parts.append(f' "{name}": [\n{lines}\n ]')
    if not parts:
        return None
    return "\n".join(("{", f' "schema_version": {_VERSION},', ",\n".join(parts), "}", "")).encode()


def merge_sidecars(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge two descendants of a sidecar entry by entry; what both changed stays as it is in ours.

    None where one of them cannot be understood, or nothing is left to keep.
    """
    try:
        old, mine, yours = (_by_key(raw) for raw in (base, ours, theirs))
    except (ValueError, TypeError, AttributeError):
        return None
    kept = {key: entry for key, entry in mine.items() if entry != old.get(key)}
    back = {key: entry for key, entry in yours.items() if key not in kept and (key in mine or key not in old)}
    lists = grouped((key[0], entry) for key, entry in sorted((kept | back).items()))
    return encode_lists({name: lists[name] for name in _KEYS if name in lists})


def _by_key(raw: bytes) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return all entries by the name of their list and what tells them apart in it."""
    data: dict[str, list[dict[str, Any]]] = msgspec.json.decode(raw)
    named = ungrouped((name, data.get(name, ())) for name in _KEYS)
    return {(name, *(str(entry.get(field, "")) for field in _KEYS[name])): entry for name, entry in named}


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


RECEIPTS = "receipts"
Part = Literal["output", "input", "inputs", "ends", "text"]
"""What a consumer relies on: an artifact of a contract, the names of all inputs, all signals and exit states, or the
text: that of a section, or the names of all sections."""


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

    ``source`` is the path of that document, ``name`` the artifact, ``text`` what was there. ``by`` is empty where it
    was written down when consumer and contract first met.
    """

    source: str = field(name="from")
    part: Part
    name: str
    text: tuple[str, ...]
    by: str = ""
    on: date | None = None


class Receipts(Sidecar, frozen=True, omit_defaults=True):
    """All receipts of one document."""

    folder = RECEIPTS
    approvals: tuple[Receipt, ...] = ()
    seen: tuple[Seen, ...] = ()


NONE = Receipts()


class Review(Struct, frozen=True):
    """The receipts of a document, and the day on which they are looked at."""

    receipts: Receipts
    day: date


State = Literal["approved", "changed", "expired", "gone"]


class ApprovalWorth(Struct, frozen=True):
    """What an approval is worth today; ``mark`` is the section as it is, None where it is gone."""

    receipt: Receipt
    state: State
    mark: TopSection | None


class Standing(Struct, frozen=True):
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
    worth = [_rule(receipt, by_key.get(receipt.section), review.day) for receipt in review.receipts.approvals]
    return sorted(worth, key=lambda r: (order.get(r.receipt.section, len(order)), r.receipt.on))


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


def read_reviews(root: Path) -> dict[str, Review]:
    """Return the receipts of every document below a root, by its path."""
    day = today()
    return {path: Review(read_sidecar(root, path, Receipts), day) for path in scan_sidecars(root, RECEIPTS)}


def encode_receipts(receipts: Receipts) -> bytes | None:
    """Return the file of receipts; None where nothing is to be kept.

    Raises:
        LibraryError: The present file cannot be understood, so it would be lost.
    """
    if receipts.problem:
        message = f"the receipts cannot be understood: {receipts.problem}"
        raise LibraryError(message, "nothing was written; correct the file, or take it out of the folder")
    approvals = sorted(receipts.approvals, key=lambda r: (r.section, r.role, r.by, r.on))
    seen = sorted(receipts.seen, key=lambda s: (s.source, s.part, s.name))
    return encode_lists({"approvals": approvals, "seen": seen})


def receipts_of(reviews: Mapping[str, Review], path: str) -> Receipts:
    """Return the receipts of a document, empty where there are none."""
    return reviews[path].receipts if path in reviews else NONE


PROVENANCE = "provenance"


class SectionSource(Struct, frozen=True, omit_defaults=True):
    """What a section rests on: a passage by document, heading and the hash of its text, or something else by name."""

    name: str = ""
    path: str = ""
    heading: str = ""
    hash: Stamp | None = None

    @property
    def shown(self) -> str:
        """What to call the source."""
        return self.name or (f"{self.path}#{self.heading}" if self.heading else self.path)


class Origin(Struct, frozen=True, omit_defaults=True):
    """How one section came about: the bytes that were written, by which author, when, in which run, from what.

    ``by`` is ``offline``, a model as ``provider:name``, or ``hand-off`` with who that was in ``name``. ``prompt`` and
    ``template`` are hashes, empty where there was none.
    """

    section: str
    hash: Stamp
    by: str
    on: date
    name: str = ""
    run: str = ""
    prompt: str = ""
    template: str = ""
    sources: tuple[SectionSource, ...] = ()


class Provenance(Sidecar, frozen=True, omit_defaults=True):
    """What is known of the sections of one document; a file that cannot be understood says nothing."""

    folder = PROVENANCE
    sections: tuple[Origin, ...] = ()

    def of(self, key: str) -> Origin | None:
        """Return what is known of a section."""
        return next((origin for origin in self.sections if origin.section == key), None)


def encode_provenance(provenance: Provenance) -> bytes | None:
    """Return the file, or None where nothing is known."""
    sections: list[Origin] = sorted(provenance.sections, key=lambda origin: origin.section)
    return encode_lists({"sections": sections})


FOLLOWED = "followed"
StepResult = Literal["done", "failed", "skipped"]


class FollowedStep(Struct, frozen=True, omit_defaults=True):
    """One step as it was carried out: its number and name then, how it ended, and when.

    ``evidence`` is what shows it, ``deviation`` what was done otherwise, or why the step failed or was left out.
    """

    number: int
    name: str
    result: StepResult
    at: datetime
    evidence: str = ""
    deviation: str = ""


class Following(Struct, frozen=True, omit_defaults=True):
    """One time that a document was followed; ``stamp`` is that of its content in the beginning.

    Without an end it can go on.
    """

    id: str
    by: str
    began: datetime
    stamp: Stamp
    occasion: str = ""
    ended: datetime | None = None
    stopped: bool = False
    """Whether it ended before the last step."""
    steps: tuple[FollowedStep, ...] = ()

    @property
    def failed(self) -> tuple[FollowedStep, ...]:
        """The steps that failed."""
        return tuple(step for step in self.steps if step.result == "failed")

    @property
    def day(self) -> date:
        """The day of what was last recorded."""
        return (self.ended or (self.steps[-1].at if self.steps else self.began)).date()


class FollowedRecords(Sidecar, frozen=True, omit_defaults=True):
    """All records of one document."""

    folder = FOLLOWED
    followed: tuple[Following, ...] = ()


def read_followed(root: Path) -> dict[str, FollowedRecords]:
    """Return the records of every document below a root, by its path."""
    return {path: read_sidecar(root, path, FollowedRecords) for path in scan_sidecars(root, FOLLOWED)}


def encode_records(followed: Iterable[Following]) -> bytes:
    """Return the file of some records, one a line, the oldest first."""
    ordered: list[Following] = sorted(followed, key=lambda each: (each.began, each.id))
    raw = encode_lists({FOLLOWED: ordered})
    assert raw is not None, "there is a record"
    return raw
