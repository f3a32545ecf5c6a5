"""Reviews of a library: approvals, suspects, and who wrote each section; with everything derived brought along."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, product
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.checking.usage import Key, Suspect, Use, find_suspects, read_uses, seen_key, seen_parts
from procauthor.errors import LibraryError
from procauthor.library.change import Change, Edit, edit_provenance, edit_receipts
from procauthor.library.library import Library, Procedure, follow
from procauthor.library.reference import navigation_of
from procauthor.library.sidecar import (
    RECEIPTS,
    ApprovalWorth,
    Origin,
    Provenance,
    Receipt,
    Receipts,
    Review,
    SectionSource,
    Seen,
    State,
    TopSection,
    judge,
    read_marks,
    read_sidecar,
    receipts_of,
    sidecar_path,
    today,
)
from procauthor.markdown.parse import parse
from procauthor.naming import split_ending
from procauthor.procedure import Stamp, Status
from procauthor.retrieval.chunk import chunk_document
from procauthor.review.approve import (
    Approval,
    approve,
    read_address,
    read_expiry,
    read_name,
    read_role,
    refuse_unfit,
)
from procauthor.system import read_regular
from procauthor.workspace import Workspace

Writer = Literal["human", "offline", "model", "hand-off"]
SourceState = Literal["same", "changed", "gone", "unknown"]
_WRITERS: dict[str, Writer] = {"offline": "offline", "hand-off": "hand-off"}
ApprovalState = State | Literal["none"]


class Basis(Struct, frozen=True):
    """Something that a section rests on, and whether it is still as it was; of what is no passage nothing is known."""

    source: SectionSource
    state: SourceState


class SectionBlame(Struct, frozen=True):
    """One section: its place, who wrote it, and what its approvals are worth.

    ``by`` names the author of a section that a person did not simply write, else it is empty. ``edited`` says that its
    bytes are no longer those that were written: a person has edited them since.
    """

    heading: str
    line: int
    last_line: int
    hash: Stamp
    writer: Writer
    by: str = ""
    on: date | None = None
    run: str = ""
    prompt: str = ""
    template: str = ""
    edited: bool = False
    sources: tuple[Basis, ...] = ()
    approvals: tuple[ApprovalWorth, ...] = ()

    @property
    def approval(self) -> ApprovalState:
        """What all approvals of the section are worth together."""
        states = {ruling.state for ruling in self.approvals}
        order: tuple[State, ...] = ("approved", "changed", "expired")
        return next((state for state in order if state in states), "none")


class Blame(Struct, frozen=True):
    """A document, section by section; ``lost`` are approvals of sections that are gone."""

    path: str
    title: str
    status: Status
    sections: tuple[SectionBlame, ...]
    lost: tuple[ApprovalWorth, ...] = ()


def blame(library: Library, procedure: Procedure, status: Status) -> Blame:
    """Return who wrote and who approved each section of a document, of which ``status`` is the one that counts."""
    known = read_sidecar(library.root, procedure.path, Provenance)
    rulings = judge(procedure.marks, procedure.review) if procedure.review else []
    passages = _Passages(library)
    sections = []
    for mark in procedure.marks:
        own = tuple(r for r in rulings if r.receipt.section == mark.key)
        sections.append(_section(mark, known.of(mark.key), own, passages))
    lost = tuple(r for r in rulings if r.state == "gone")
    return Blame(procedure.path, procedure.title, status, tuple(sections), lost)


def _section(
    mark: TopSection, origin: Origin | None, rulings: tuple[ApprovalWorth, ...], passages: _Passages
) -> SectionBlame:
    if origin is None:
        return SectionBlame(mark.shown, mark.line, mark.last, mark.hash, "human", approvals=rulings)
    return SectionBlame(
        heading=mark.shown,
        line=mark.line,
        last_line=mark.last,
        hash=mark.hash,
        writer=_WRITERS.get(origin.by, "model"),
        by=origin.name or origin.by,
        on=origin.on,
        run=origin.run,
        prompt=origin.prompt,
        template=origin.template,
        edited=origin.hash != mark.hash,
        sources=tuple(Basis(s, passages.state(s)) for s in origin.sources),
        approvals=rulings,
    )


class _Passages:
    """The passages of a library as they are now, cut only where it is asked for.

    Args:
        library: The library.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._cut: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def state(self, source: SectionSource) -> SourceState:
        """Say whether a source is as it was; of what is no passage nothing is known."""
        if source.hash is None:
            return "unknown"
        hashes, headings = self._known(source.path)
        if source.hash in hashes:
            return "same"
        return "changed" if source.heading in headings else "gone"

    def _known(self, path: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the hashes and the headings of the passages of a document, also of one that has moved."""
        if path not in self._cut:
            library = self._library
            procedure = library.by_path.get(path)
            home = follow(procedure, library.by_path, library.by_key) if procedure else None
            chunks = chunk_document(home.path, home.source, home.outline) if home else []
            self._cut[path] = frozenset(c.hash for c in chunks), frozenset(c.heading for c in chunks)
        return self._cut[path]


def record_origins(
    root: Path, path: str, before: bytes | None, after: bytes, origin_of: Callable[[TopSection], Origin]
) -> Edit | None:
    """Return what writes down who wrote the sections of a document that differ from before, as ``origin_of`` says."""
    old = {mark.key: mark.hash for mark in read_marks(parse(before))} if before is not None else {}
    marks = read_marks(parse(after))
    written = {mark.key: origin_of(mark) for mark in marks if old.get(mark.key) != mark.hash}
    keys = {mark.key for mark in marks}
    kept = [o for o in read_sidecar(root, path, Provenance).sections if o.section in keys and o.section not in written]
    return edit_provenance(root, path, Provenance((*kept, *written.values())))


def rebind_origins(root: Path, path: str, before: bytes, after: bytes) -> Edit | None:
    """Return what keeps sections bound to who wrote them, though the tool itself has changed their bytes."""
    known = read_sidecar(root, path, Provenance)
    if not known.sections:
        return None
    old, new = ({mark.key: mark.hash for mark in read_marks(parse(raw))} for raw in (before, after))
    return edit_provenance(root, path, Provenance(tuple(rebind(o, old, new) for o in known.sections)))


def rebind(origin: Origin, before: Mapping[str, Stamp], after: Mapping[str, Stamp]) -> Origin:
    """Bind what is known of a section to its new bytes, if its bytes before were as they were written."""
    if before.get(origin.section) != origin.hash or origin.section not in after:
        return origin
    return replace(origin, hash=after[origin.section])


class Clearance(Struct, frozen=True):
    """The suspects of a document that were looked at; ``change`` writes it."""

    path: str
    title: str
    suspects: tuple[Suspect, ...]
    by: str
    on: date
    change: Change


def list_suspects(scope: Scope, consumers: Sequence[Procedure]) -> tuple[Suspect, ...]:
    """Return the suspects among some documents, in their order."""
    return tuple(chain.from_iterable(find_suspects(scope, consumer) for consumer in consumers))


def clear(scope: Scope, consumer: Procedure, producer: Procedure | None, by: str, day: date) -> Clearance:
    """Return what says that a document fits the contracts that it relies on, as they are now.

    What the document no longer relies on at all is taken out of its receipts.

    Args:
        scope: The library.
        consumer: The document.
        producer: Only what it takes from this one; None for all.
        by: Who has looked.
        day: When.

    Raises:
        LibraryError: The receipts that are there cannot be understood.
    """
    chosen = [s for s in find_suspects(scope, consumer) if producer is None or s.use.producer.path == producer.path]
    uses = {use.key: use for use in read_uses(scope, consumer)}
    new = {s.use.key: Seen(s.use.producer.path, s.use.part, s.use.name, s.use.text, by, day) for s in chosen}

    def change(receipts: Receipts) -> Receipts:
        seen = [new.get(key, each) for each in receipts.seen if (key := seen_key(each)) in uses]
        return Receipts(receipts.approvals, tuple(each for each in seen if _is_worth(each, new)))

    edit = edit_receipts(scope.library.root, consumer.path, change) if chosen else None
    label = f"clear {consumer.title}" + (f" from {producer.title}" if producer else "")
    return Clearance(consumer.path, consumer.title, tuple(chosen), by, day, Change((edit,) if edit else (), label))


def _is_worth(seen: Seen, new: dict[Key, Seen]) -> bool:
    """Say whether to keep what was seen: an artifact that is gone, and known to be, is another rule's matter."""
    return bool(seen.text) or not seen.name or seen_key(seen) not in new


def as_seen(use: Use) -> Seen:
    """Return a use as it is seen now."""
    return Seen(use.producer.path, use.part, use.name, use.text)


def first_sights(
    scope: Scope, among: Collection[str] | None = None, speaking: Collection[str] | None = None
) -> Iterator[Edit]:
    """Yield what writes down all that was never written down; what was is never touched.

    Args:
        scope: The library.
        among: Only where one of these documents is consumer or producer; None for all.
        speaking: The documents that may speak of one of these; None where that is not known.
    """
    for consumer in scope.library.procedures:
        if speaking is not None and consumer.path not in speaking:
            continue
        if receipts_of(scope.library.reviews, consumer.path).problem:
            continue
        known = seen_parts(scope, consumer)
        new = [use for use in read_uses(scope, consumer) if use.is_there and use.key not in known]
        if among is not None:
            new = [use for use in new if consumer.path in among or use.producer.path in among]
        if new:
            edit = edit_receipts(scope.library.root, consumer.path, lambda r, new=new: _with(r, new))  # type: ignore[misc]
            if edit:
                yield edit


def _with(receipts: Receipts, uses: list[Use]) -> Receipts:
    return Receipts(receipts.approvals, (*receipts.seen, *map(as_seen, uses)))


class Reviewing(Struct, frozen=True):
    """What is asked of, and said about, a library as it is now. Nothing is written; `Project.apply` does that."""

    workspace: Workspace
    library: Library

    def approve(
        self,
        reference: str,
        *sections: str,
        role: str = "",
        by: str = "",
        expires: str = "",
        pull_request: str = "",
    ) -> Approval:
        """Approve the present bytes of a document, or of some of its sections; `Project.apply` writes its change.

        Args:
            reference: Path, id or title.
            sections: Headings; none for the whole document.
            role: The approver's role.
            by: Who approves; else the user.name of git.
            expires: The last day on which it holds, as ``2027-06-01`` or ``180d``; empty for no end.
            pull_request: The address of the merged pull request in which it was reviewed; its server is not asked.

        Raises:
            NotFoundError: There is no such document or section.
            AmbiguousError: There are several; the hint names them.
            ConfigError: There is no name of an approver, or the day cannot be read.
            LibraryError: The document is derived, not written yet, or has findings of severity error.
        """
        procedure = self.library.find(reference)
        refuse_unfit(procedure, self.workspace.check(self.library, [procedure.path]).findings)
        day = today()
        name = read_name(self.workspace.root, by)
        until, address = read_expiry(expires, day), read_address(pull_request)
        signature = Receipt("", Stamp(""), name, day, read_role(role), until, address)
        approval = approve(self.library, procedure, sections, signature)
        laid = self.library.reviewed({**self.library.reviews, procedure.path: Review(approval.receipts, day)})
        return replace(approval, change=complete(self.workspace, self.library, laid, approval.change))

    def blame(self, reference: str) -> Blame:
        """Say of each section of a document who wrote it, what it rests on, and who approved it.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
        """
        procedure = self.library.find(reference)
        status = self.workspace.earned(self.library, [procedure.path])[procedure.path]
        return blame(self.library, procedure, status)

    def suspects(self, reference: str = "") -> tuple[Suspect, ...]:
        """Return where a document, or any, relies on a part of a contract that changed since.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
        """
        chosen = (self.library.find(reference),) if reference else self.library.procedures
        return list_suspects(Scope(self.library), chosen)

    def clear(self, reference: str, producer: str = "", *, by: str = "") -> Clearance:
        """Say that a document fits the contracts that it relies on; `Project.apply` writes the change in it.

        Args:
            reference: Path, id or title of the document that relies on others.
            producer: Only on this one; empty for all.
            by: Who has looked; else the user.name of git.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConfigError: There is no name of who clears it.
            LibraryError: The receipts that are there cannot be understood.
        """
        consumer = self.library.find(reference)
        other = self.library.find(producer) if producer else None
        return clear(Scope(self.library), consumer, other, read_name(self.workspace.root, by), today())


def complete(workspace: Workspace, before: Library, after: Library, change: Change) -> Change:
    """Add what follows in tables and plans; a file that was out of date before stays so, until the next sync."""
    stale = {edit.path for edit in workspace.derive(before).edits}
    following = workspace.derive(after).edits
    derived = {e.path: e for e in following if e.path not in stale}
    if late := sorted(stale & {e.path for e in following}):
        workspace.notices.append(f"{', '.join(late)} was out of date before; bring it up to date with: procauthor sync")
    workspace.notices += _named_elsewhere(workspace, change)
    edits = [replace(e, after=derived.pop(e.path).after) if e.path in derived else e for e in change.edits]
    edits = [e for e in (*edits, *derived.values()) if e.before != e.after]
    return replace(change, edits=tuple(sorted(edits, key=lambda e: e.origin is None)))


def _named_elsewhere(workspace: Workspace, change: Change) -> Iterator[str]:
    """Yield that the navigation of the site names a document by a place where it is no longer."""
    conventions = workspace.settings.conventions
    gone = [edit.origin for edit in change.edits if edit.origin and edit.origin != edit.path]
    shown = {split_ending(posixpath.relpath(path, conventions.site_root or "."))[0]: path for path in gone}
    places = [f"{level}{name}" for level, name in product(("", "../", "../../"), navigation_of(conventions.site))]
    for place in places if shown else ():
        text = _text_of(workspace.root / place)
        for stem, path in shown.items():
            if re.search(rf"(?<![\w/-]){re.escape(stem)}(?:\.\w+)?(?![\w/-])", text):
                yield f"{place} names {path}: change it there"


def _text_of(file: Path) -> str:
    try:
        return read_regular(file).decode(errors="replace") if file.is_file() else ""
    except OSError:
        return ""


def sync(workspace: Workspace) -> Change:
    """Return what brings the index, READMEs, orchestrations and plan ticks up to date.

    What consumers see of a contract for the first time is written down too, so that a change of it can be noticed.

    Raises:
        LibraryError: Receipts cannot be understood, and the documents that they approve would lose that in the tables.
    """
    library = workspace.read()
    edits = workspace.derive(library).edits
    if edits:
        _refuse_bad_receipts(library)
    return Change((*edits, *follow_edits(workspace.with_edits(library, edits), edits)), "sync")


def _refuse_bad_receipts(library: Library) -> None:
    for path, review in library.reviews.items():
        if review.receipts.problem:
            message = f"{sidecar_path(RECEIPTS, path)} cannot be understood: {review.receipts.problem}"
            raise LibraryError(message, "nothing was written; correct the file, or bring back an earlier version")


def follow_edits(
    library: Library,
    derived: Iterable[Edit],
    among: Collection[str] | None = None,
    speaking: Collection[str] | None = None,
) -> Iterator[Edit]:
    """Yield what sidecars make of derived edits, and of contracts that consumers see for the first time.

    Args:
        library: The library with the edits.
        derived: What the tool itself wrote into documents: that is no edit by hand.
        among: Only contracts between one of these documents and another; None for all.
        speaking: The documents that may speak of one of these; None where that is not known.
    """
    for edit in derived:
        if edit.before is not None and edit.after is not None:
            rebound = rebind_origins(library.root, edit.path, edit.before, edit.after)
            yield from (rebound,) if rebound else ()
    yield from first_sights(Scope(library), among, speaking)
