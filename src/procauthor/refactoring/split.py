"""Moves sections or steps of a document into a new one, and leaves a link."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.errors import ConflictError, InvalidTitleError
from procauthor.library.change import Change, Edit
from procauthor.library.contract import part_of
from procauthor.library.library import Procedure, find_section
from procauthor.library.page import new_link
from procauthor.library.reference import check_title, stem_like
from procauthor.markdown.document import Document, Replacement, Section, escape, replace_spans
from procauthor.markdown.front import Put, write_front_matter
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import Kept
from procauthor.naming import bare_name, split_ending, title_key
from procauthor.refactoring.carry import (
    Piece,
    carry,
    definition_text,
    end_of,
    headings_in,
    idle_definitions,
    needed_definitions,
    refuse_footnotes,
    refuse_unclosed,
    verify_carried,
)
from procauthor.refactoring.relocation import NewName, Relocation, verify_text
from procauthor.refactoring.rewrite import Rewriting


def split_path(procedure: Procedure, title: str) -> str:
    """Return where a document with that title goes that is split off from another one."""
    place = PurePosixPath(procedure.path)
    stem, ending = split_ending(place.name)
    return place.with_name(stem_like(stem, procedure.title, check_title(title)) + ending).as_posix()


def split(scope: Scope, procedure: Procedure, at: Sequence[str], title: str, *, placeholder: bool) -> Change:
    """Return the change of `Refactoring.split`. The headings stay, with a link below; of a step, all but its actions.

    ``placeholder`` says that the new document lacks sections of its template, and has to say so.
    """
    path = split_path(procedure, title)
    name = check_title(title)
    taken = scope.library.by_key.get(title_key(name), ())
    if taken:
        message = f"{name!r} is the title of {taken[0].path} already"
        raise InvalidTitleError(message, "choose another title, or merge the section by hand")
    if path in scope.library.files:
        message = f"{path} is there already"
        raise ConflictError(message, "choose another title")
    sections = sorted({find_section(procedure, heading).index for heading in at})
    chosen = [procedure.document.sections[index] for index in sections]
    return _Splitting(scope, procedure, _outermost(procedure.document, chosen), name, path, placeholder).change()


def _outermost(document: Document, chosen: Sequence[Section]) -> list[Section]:
    """Leave out what lies below another chosen section."""
    below = {s.index for s in chain.from_iterable(list(document.family(each))[1:] for each in chosen)}
    return [s for s in chosen if s.index not in below]


class _Splitting(Struct, frozen=True):
    scope: Scope
    procedure: Procedure
    sections: list[Section]
    title: str
    path: str
    placeholder: bool

    def change(self) -> Change:
        refuse_unclosed(self.procedure)
        refuse_footnotes(self.procedure, [Piece(s.body, self._end(s)) for s in self.sections])
        own = self._pointers()
        parts = {self.path: NewName(self.procedure, self.title)}
        relocation = replace(Relocation.within(self.scope), anchors=self._anchors(own), parts=parts)
        text, kept = self._new(relocation)
        verify_carried(self.procedure, kept, relocation, self.path, text)
        expected = [link for link in self.procedure.links if any(p.holds(link.start) for p in self._pieces())]
        verify_text(self.procedure, expected, relocation, self.path, text)
        edits = (Edit(self.path, None, text), *Rewriting(self.scope, relocation, {self.procedure.path: own}).run())
        headings = ", ".join(section.title for section in self.sections)
        return Change(edits, f"split {headings} of {self.procedure.title} into {self.title}")

    @property
    def _document(self) -> Document:
        return self.procedure.document

    def _end(self, section: Section) -> int:
        return end_of(self._document, section)

    def _pieces(self) -> list[Piece]:
        shift = 2 - min(section.level for section in self.sections)
        return [Piece(section.start, self._end(section), shift) for section in self.sections]

    def _pointers(self) -> list[Replacement]:
        """Replace what goes by a link; definitions stay where the rest needs them, and only there."""
        newline = self._document.source.newline
        link = new_link(self.scope.library, self.title, self.procedure.path, self.path)
        pointers = [self._pointer(section, link) for section in self.sections]
        spans = [Piece(r.start, r.end) for r in pointers]
        idle = list(idle_definitions(self._document, spans, within=False))
        _, left = needed_definitions(self._document, spans)
        if left:
            kept = newline.join(self._document.source.slice(d.start, d.end).rstrip("\n") for d in left)
            last = pointers[-1]
            blank = newline if last.end < len(self._document.source.raw) else ""
            text = f"{last.text.rstrip()}{newline}{newline}{kept}{newline}{blank}"
            pointers[-1] = Replacement(last.start, last.end, text)
        return sorted([*pointers, *idle], key=lambda r: r.start)

    def _pointer(self, section: Section, link: str) -> Replacement:
        newline, size = self._document.source.newline, len(self._document.source.raw)
        end = self._end(section)
        blank = newline if end < size else ""
        actions = self._actions(section)
        if actions:
            return Replacement(*actions, f"1. Carry out the {link}.{newline}{newline if actions[1] < size else ''}")
        lead = "" if self._document.source.raw[section.body - 1 : section.body] == b"\n" else newline
        return Replacement(section.body, end, f"{lead}{newline}See {link}.{newline}{blank}")

    def _actions(self, section: Section) -> tuple[int, int] | None:
        """Return the span of the actions of a step that has its parts as bold labels; None for other sections."""
        step = next((step for step in self.procedure.contract.steps if step.start == section.start), None)
        part = part_of(step, self.procedure.template, "actions") if step else None
        source = self._document.source
        labels = [b for b in section.blocks if b.kind == "paragraph" and source.raw[b.start : b.start + 2] == b"**"]
        label = next((b for b in labels if part and b.line == part.line), None)
        if label is None or not source.slice(label.start, label.end).rstrip().rstrip(":").endswith("**"):
            return None
        following = [block.start for block in section.blocks if block.start >= label.end]
        end = next((block.start for block in labels if block.start > label.start), self._end(section))
        return (following[0], end) if following and following[0] < end else None

    def _anchors(self, own: Sequence[Replacement]) -> dict[tuple[str, str], tuple[str, str]]:
        """Lead links to headings that go to the new document, and follow anchors that are counted otherwise."""
        document = self._document
        left = parse(replace_spans(document.source.raw, own))
        new = parse(self._new(Relocation())[0])
        gone = [Piece(r.start, r.end) for r in own]
        old = self.procedure.path
        anchors: dict[tuple[str, str], tuple[str, str]] = {}
        moved = list(chain.from_iterable(headings_in(document, piece) for piece in self._pieces()))
        for before, after in zip(moved, new.headings[1:], strict=True):
            if any(piece.holds(before.start) for piece in gone):
                anchors[old, before.slug] = (self.path, after.slug)
        stay = [h for h in document.headings if not any(piece.holds(h.start) for piece in gone)]
        for before, after in zip(stay, left.headings, strict=True):
            if before.slug != after.slug:
                anchors[old, before.slug] = (old, after.slug)
        named = document.anchors - {h.slug for h in document.headings}
        anchors |= {(old, anchor): (self.path, anchor) for anchor in named - left.anchors}
        return anchors

    def _new(self, relocation: Relocation) -> tuple[bytes, list[Kept]]:
        """Return the new document, and what in it stayed of the old one."""
        newline = self._document.source.newline
        pieces = self._pieces()
        idle = list(idle_definitions(self._document, pieces, within=True))
        carried = [carry(self.procedure, piece, relocation, self.path, idle) for piece in pieces]
        text = f"{self._head(newline)}# {escape(self.title)}"
        kept: list[Kept] = []
        for each in carried:
            text += newline * 2
            kept += each.moved(len(text.encode()))
            text += each.text
        needed, _ = needed_definitions(self._document, pieces)
        definitions = [definition_text(self.procedure, d, relocation, self.path) for d in needed]
        if definitions:
            text += newline * 2 + newline.join(definitions)
        return (text + newline).encode(), kept

    def _head(self, newline: str) -> str:
        """Return front matter after the example of the document that is split."""
        edits: list[Put] = []
        metadata = self._document.metadata if self._document.front_matter else {}
        if metadata.get("id"):
            edits.append(Put("id", bare_name(self.path)))
        if lifecycle := metadata.get("lifecycle"):
            edits.append(Put("lifecycle", lifecycle))
        if self.placeholder:
            edits.append(Put("status", "Placeholder"))
        text = write_front_matter(edits, newline)
        return text + newline if text else ""
