"""Who wrote each section of a document, what it rests on, and who approved it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from procauthor.library.change import Edit, edit_provenance
from procauthor.library.library import Library, Procedure, follow
from procauthor.library.sidecar import (
    ApprovalWorth,
    Origin,
    Provenance,
    SectionSource,
    State,
    TopSection,
    judge,
    read_marks,
    read_provenance,
)
from procauthor.markdown.parse import parse
from procauthor.procedure import Stamp, Status
from procauthor.retrieval.chunk import chunk_document

Writer = Literal["human", "offline", "model", "hand-off"]
SourceState = Literal["same", "changed", "gone", "unknown"]
_WRITERS: dict[str, Writer] = {"offline": "offline", "hand-off": "hand-off"}
ApprovalState = State | Literal["none"]


@dataclass(frozen=True, slots=True)
class Basis:
    """Something that a section rests on, and whether it is still as it was; of what is no passage nothing is known."""

    source: SectionSource
    state: SourceState


@dataclass(frozen=True, slots=True)
class SectionBlame:
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


@dataclass(frozen=True, slots=True)
class Blame:
    """A document, section by section; ``lost`` are approvals of sections that are gone."""

    path: str
    title: str
    status: Status
    sections: tuple[SectionBlame, ...]
    lost: tuple[ApprovalWorth, ...] = ()


def blame(library: Library, procedure: Procedure, status: Status) -> Blame:
    """Return who wrote and who approved each section of a document, of which ``status`` is the one that counts."""
    known = read_provenance(library.root, procedure.path)
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
            chunks = chunk_document(home.path, home.document) if home else []
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
    kept = [o for o in read_provenance(root, path).sections if o.section in keys and o.section not in written]
    return edit_provenance(root, path, Provenance((*kept, *written.values())))


def rebind_origins(root: Path, path: str, before: bytes, after: bytes) -> Edit | None:
    """Return what keeps sections bound to who wrote them, though the tool itself has changed their bytes."""
    known = read_provenance(root, path)
    if not known.sections:
        return None
    old, new = ({mark.key: mark.hash for mark in read_marks(parse(raw))} for raw in (before, after))
    return edit_provenance(root, path, Provenance(tuple(rebind(o, old, new) for o in known.sections)))


def rebind(origin: Origin, before: Mapping[str, Stamp], after: Mapping[str, Stamp]) -> Origin:
    """Bind what is known of a section to its new bytes, if its bytes before were as they were written."""
    if before.get(origin.section) != origin.hash or origin.section not in after:
        return origin
    return replace(origin, hash=after[origin.section])
