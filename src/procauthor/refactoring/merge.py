"""Merges a document into another one: section by section, with everything that refers to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, product

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.data import grouped
from procauthor.errors import ConflictError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.library.contract import is_none
from procauthor.library.index import entries
from procauthor.library.library import Procedure
from procauthor.library.page import new_link
from procauthor.library.reference import Alias, alias_text
from procauthor.markdown.document import (
    Definition,
    Document,
    Replacement,
    Section,
    label_key,
    title_section,
    top_sections,
    whole_line,
)
from procauthor.markdown.front import Cut, edit_front_matter, read_scalars
from procauthor.markdown.parse import parse, read_definitions
from procauthor.markdown.proof import MayLead, find_differences, kept_by, refuse
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.refactoring.carry import (
    Carried,
    Piece,
    carry,
    definition_lines,
    definition_text,
    end_of,
    headings_in,
    refuse_footnotes,
    refuse_same_footnotes,
    refuse_same_ids,
    refuse_unclosed,
)
from procauthor.refactoring.relocation import Leads, NewName, Relocation, verify_text
from procauthor.refactoring.renumber import NumberedHeading, read_numbers, renumber_references, steps_of
from procauthor.refactoring.rewrite import Rewriting
from procauthor.template.spec import section_key

_FIXED = frozenset({"index", "readme", "plan", "template"})


def merge(scope: Scope, procedure: Procedure, into: Procedure) -> Change:
    """Return the change of `Refactoring.merge`.

    Sections with the same heading are joined, others go to the end; steps are numbered on. Metadata of the document
    that goes stay in the history alone.
    """
    _refuse(procedure, into)
    return _Merging(scope, procedure, into).change()


def _refuse(procedure: Procedure, into: Procedure) -> None:
    if procedure.path == into.path:
        message = f"{procedure.path} cannot be merged into itself"
        raise LibraryError(message, "name two documents")
    for each in (procedure, into):
        if each.kind in _FIXED or each.status in UNCOUNTED:
            what = each.status if each.status in UNCOUNTED else each.kind
            message = f"{each.path} cannot be merged: it is {what}"
            raise LibraryError(message, "nothing was changed")


class _Joint(Struct, frozen=True):
    """Where a piece of the one document goes in the other: to ``at``, over a text that says "None." where there is one.

    Preambles come first, then what joins a section, then sections of their own.
    """

    piece: Piece
    at: int
    rank: int
    over: int = 0
    heading: str = ""
    """Anchor of the heading in the one document that falls away, because the other has it."""
    kept: str = ""
    """Anchor of that heading in the other document."""

    @property
    def span(self) -> tuple[int, int]:
        """The bytes of the other document that the piece takes the place of."""
        return self.at - self.over, self.at


class _Merging(Struct, frozen=True, dict=True):
    scope: Scope
    procedure: Procedure
    into: Procedure

    def change(self) -> Change:
        old, new = self.procedure, self.into
        refuse_unclosed(old)
        refuse_unclosed(new)
        refuse_footnotes(old, [joint.piece for joint in self._joints])
        refuse_same_footnotes(old, new)
        refuse_same_ids(old, new)
        own, kept = self._insertions(replace(Relocation.within(self.scope), targets={old.path: new.path}))
        # Before anchors are paired: every heading must be there to be one of a pair.
        self._verify_parts(own, kept, lambda _before, _after: True)
        relocation = self._relocation(own)
        own, kept = self._insertions(relocation)
        self._verify_parts(own, kept, Leads(old, relocation, new.path))
        edits = {**self._rows(), new.path: (*own, *self._without_itself())}
        link = new_link(self.scope.library, new.title, old.path, new.path)
        raw, alias = new.source.raw, alias_text(Alias(old.path, old.title), new.path, link, old.source.newline)
        rewritten = {each.path: each for each in Rewriting(self.scope, relocation, edits).run()}
        first = rewritten.pop(new.path, Edit(new.path, raw, raw))
        changed = (first, Edit(old.path, old.source.raw, alias), *rewritten.values())
        return Change(changed, f"merge {old.title} into {new.title}")

    def _verify_parts(self, own: Sequence[Replacement], kept: Sequence[tuple[int, Carried]], leads: MayLead) -> None:
        """Make sure that both documents are read in the new one as they were each by itself.

        Raises:
            LibraryError: One is not; the message names its line.
        """
        document = self.into.document
        raw, spans = _with_spans(document.source.raw, own)
        whole = parse(raw)
        refuse(self.into.path, find_differences(document, whole, kept_by(len(document.source.raw), own)))
        stay = list(chain.from_iterable(carried.moved(spans[start][0]) for start, carried in kept))
        refuse(self.procedure.path, find_differences(self.procedure.document, whole, stay, leads))

    def _relocation(self, own: Sequence[Replacement]) -> Relocation:
        """Lead references to the other document; plans keep the titles of what they planned."""
        old, new = self.procedure, self.into
        spared = frozenset({old.path} | {p.path for p in self.scope.library.of_kind("plan")})
        names = {old.path: NewName(old, new.title, new.id)}
        ground, anchors = Relocation.within(self.scope), self._anchors(own)
        return replace(ground, targets={old.path: new.path}, anchors=anchors, names=names, spared=spared)

    # The text

    @cached_property
    def _joints(self) -> list[_Joint]:
        """The pieces of the one document with their places in the other, in the order in which they come there."""
        one, other = self.procedure.document, self.into.document
        known = {section_key(s.title): s for s in reversed(top_sections(other))}
        level = min((s.level for s in top_sections(other)), default=2)
        joints = list(self._preamble())
        for section in top_sections(one):
            same, end = known.get(section_key(section.title)), end_of(one, section)
            if same is None:
                last = max(end_of(other, s) for s in (*top_sections(other), other.sections[0]))
                joints.append(_Joint(Piece(section.start, end, level - section.level), last, 2))
            elif not _says_none(one, section, end):
                at = end_of(other, same)
                over = at - same.body if _says_none(other, same, at) else 0
                assert section.heading is not None
                assert same.heading is not None
                piece = Piece(section.body, end, same.level - section.level)
                joints.append(_Joint(piece, at, 1, over, section.heading.slug, same.heading.slug))
        return sorted(joints, key=lambda joint: joint.rank)

    def _preamble(self) -> Iterator[_Joint]:
        """Carry what is below the title, but not metadata."""
        one, other = self.procedure.document, self.into.document
        fields = [f.start for f in one.fields.values()] if one.front_matter is None else []
        own, their = title_section(one) or one.sections[0], title_section(other) or other.sections[0]
        for block in own.blocks:
            if not any(block.start <= start < block.end for start in fields):
                yield _Joint(Piece(block.start, block.end), their.end, 0)

    def _insertions(self, relocation: Relocation) -> tuple[list[Replacement], list[tuple[int, Carried]]]:
        """Return what is written into the other document, one replacement for each place, and what stayed in each."""
        newline, size = self.into.document.source.newline, len(self.into.document.source.raw)
        numbers = self._numbers()
        home = self.into.path
        carried = [(j.span, carry(self.procedure, j.piece, relocation, home, numbers)) for j in self._joints]
        definitions = [definition_text(self.procedure, d, relocation, home) for d in self._definitions()]
        if definitions:
            carried.append(((size, size), Carried(newline.join(definitions), ())))
        texts = grouped(carried)
        self._verify(relocation, [part.text for part in chain.from_iterable(texts.values())])
        written: list[Replacement] = []
        kept: list[tuple[int, Carried]] = []
        for (start, end), parts in texts.items():
            replacement, placed = self._insertion(start, end, parts)
            written.append(replacement)
            kept += [(start, each) for each in placed]
        return written, kept

    def _insertion(self, start: int, end: int, parts: list[Carried]) -> tuple[Replacement, list[Carried]]:
        """Return what is written at one place, and its parts with what stayed counted from its beginning."""
        raw, newline = self.into.document.source.raw, self.into.document.source.newline
        text = newline * (2 - _newlines_before(raw, start))
        placed = []
        for number, part in enumerate(parts):
            text += newline * 2 if number else ""
            placed.append(Carried(part.text, tuple(part.moved(len(text.encode())))))
            text += part.text
        return Replacement(start, end, text + newline * (2 if end < len(raw) else 1)), placed

    def _verify(self, relocation: Relocation, parts: list[str]) -> None:
        """Make sure that the links of what is carried lead where they have to."""
        places = list(dict.fromkeys(joint.span for joint in self._joints))
        ordered = sorted(self._joints, key=lambda joint: places.index(joint.span))
        links = [link for joint, link in product(ordered, self.procedure.links) if joint.piece.holds(link.start)]
        theirs = definition_lines(self.into.document)
        verify_text(self.procedure, links, relocation, self.into.path, "\n\n".join([*parts, theirs]).encode())

    def _definitions(self) -> list[Definition]:
        """Return the definitions of the one document that are not carried with its sections."""
        theirs = {_label(d): d.target for d in read_definitions(self.into.document)}
        definitions = []
        for definition in read_definitions(self.procedure.document):
            if _label(definition) in theirs and theirs[_label(definition)] != definition.target:
                message = (
                    f"{self.procedure.path} and {self.into.path} use the label {definition.label!r} for two targets"
                )
                raise ConflictError(message, "nothing was changed; rename one label first")
            carried = any(joint.piece.holds(definition.start) for joint in self._joints)
            if not carried and _label(definition) not in theirs:
                definitions.append(definition)
        return definitions

    def _numbers(self) -> list[Replacement]:
        """Number the steps of the one document on, behind those of the other."""
        theirs, own = map(_numbered_steps, (self.into, self.procedure))
        if not theirs or not own:
            return []
        most = max(int(n.old) for n in theirs)
        shifted: list[NumberedHeading] = [replace(n, new=str(int(n.old) + most)) for n in own]
        headings = [Replacement(n.start, n.end, n.new) for n in shifted]
        return [*headings, *renumber_references(self.procedure, shifted)]

    def _anchors(self, own: Sequence[Replacement]) -> dict[tuple[str, str], tuple[str, str]]:
        """Lead links to the headings of the one document to where these are in the other."""
        old, new = self.procedure.path, self.into.path
        document = self.procedure.document
        named = document.anchors - {h.slug for h in document.headings}
        top = next((h.slug for h in self.into.document.headings if h.level == 1), "")
        anchors = {(old, a): (new, a if a in named else top) for a in document.anchors}
        whole, spans = _with_spans(self.into.document.source.raw, own)
        headings = parse(whole).headings
        for start, (begin, end) in spans.items():
            inserted = [h for h in headings if begin <= h.start < end]
            joints = [joint for joint in self._joints if joint.span[0] == start]
            carried = list(chain.from_iterable(headings_in(document, joint.piece) for joint in joints))
            anchors |= {(old, a.slug): (new, b.slug) for a, b in zip(carried, inserted, strict=True)}
        stay = [h for h in headings if not any(begin <= h.start < end for begin, end in spans.values())]
        pairs = dict(zip((h.slug for h in self.into.document.headings), (h.slug for h in stay), strict=True))
        anchors |= {(old, joint.heading): (new, pairs[joint.kept]) for joint in self._joints if joint.heading}
        return anchors | {(new, a): (new, b) for a, b in pairs.items() if a != b}

    # What refers to it

    def _rows(self) -> dict[str, tuple[Replacement, ...]]:
        """Take the row of the document out of tables that have a row of the other one."""
        cuts: dict[str, tuple[Replacement, ...]] = {}
        for host in self.scope.library.procedures:
            if host.kind in ("index", "readme", "orchestration"):
                rows = list(entries(self.scope.library, host))
                if any(entry.path == self.into.path for entry in rows):
                    raw = host.document.source.raw
                    gone = [e.row for e in rows if e.path == self.procedure.path]
                    cuts[host.path] = tuple(Replacement(r.start, whole_line(raw, r.end), "") for r in gone)
        return cuts

    def _without_itself(self) -> Iterator[Replacement]:
        """Take the merged title out of what the other document depends on."""
        document, key = self.into.document, self.procedure.key
        named = (each for each in read_scalars(document) if each.key == "depends_on" and title_key(each.value) == key)
        edits = [Cut("depends_on", each.value) for each in named]
        yield from edit_front_matter(document, self.into.path, edits) if edits else ()


def _with_spans(raw: bytes, own: Sequence[Replacement]) -> tuple[bytes, dict[int, tuple[int, int]]]:
    """Return the bytes with the insertions made, and where each of them is then, by where it was put."""
    whole, position = b"", 0
    spans: dict[int, tuple[int, int]] = {}
    for each in sorted(own, key=lambda r: r.start):
        whole += raw[position : each.start]
        spans[each.start] = (len(whole), len(whole) + len(each.text.encode()))
        whole += each.text.encode()
        position = each.end
    return whole + raw[position:], spans


def _label(definition: Definition) -> str:
    return label_key(definition.label)


def _says_none(document: Document, section: Section, end: int) -> bool:
    text = document.source.slice(section.body, end).strip()
    return not text or is_none(text)


def _newlines_before(raw: bytes, start: int) -> int:
    text = raw[:start].replace(b"\r", b"")
    return min(2, len(text) - len(text.rstrip(b"\n")))


def _numbered_steps(procedure: Procedure) -> list[NumberedHeading]:
    steps = steps_of(procedure)
    return [n for n in read_numbers(procedure.document, steps) if n.word in steps and n.old.isdigit()]
