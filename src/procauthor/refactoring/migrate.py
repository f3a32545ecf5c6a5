"""Carries documents over to their template as it is now: headings, order, what is missing; no text of people is lost.

Three passes, each over what the one before left: headings take the template's words, sections take the template's
order and missing ones come in, and the numbers follow. What the template does not know stays behind what it followed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain

from msgspec import Struct

from procauthor.checking.scope import Scope
from procauthor.data import ungrouped
from procauthor.errors import ConfigError, ConflictError
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Document, Replacement, Section, heading_span
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import Kept, find_differences, refuse
from procauthor.procedure import UNCOUNTED
from procauthor.refactoring.relocation import Relocation
from procauthor.refactoring.renumber import read_numbers, renumber
from procauthor.refactoring.rewrite import Rewriting
from procauthor.regex import lazy
from procauthor.template.read import refuse_conflicted
from procauthor.template.spec import SectionSpec, Template, section_key

Read = Callable[[str, bytes], Procedure]
_NUMBER = lazy(r"^(?P<lead>\W*)(?P<number>\d+(?:\.\d+)*[.):]?\s+)?(?P<words>.*)$", re.DOTALL)
_FREE_NUMBER = 900
_MOST_SHOWN = 20


class Migration(Struct, frozen=True):
    """What is carried over: the library, how a document is read, and headings that people have matched by hand.

    ``renamed`` maps the key of a heading in a document to the heading of the template that it becomes.
    """

    scope: Scope
    read: Read
    renamed: Mapping[str, str]

    def run(self, paths: Sequence[str] = ()) -> Change:
        """Return the change that brings documents in line with their templates.

        Args:
            paths: Only these documents; all that have a template where nothing is said.

        Raises:
            ConfigError: No template has a heading that a renaming names.
            ConflictError: Both the old and the new section are in a document, or a link would lead elsewhere.
            LibraryError: A link cannot be rewritten safely.
        """
        library = self.scope.library
        chosen = [p for p in library.procedures if _is_carried(p) and (not paths or p.path in paths)]
        self._check_names(chosen)
        after = self._retitle(library, chosen)
        after = self._arrange(after, chosen)
        after = self._number(after, chosen)
        edits = (
            Edit(path, old.document.source.raw, after.by_path[path].document.source.raw)
            for path, old in library.by_path.items()
        )
        return Change(tuple(e for e in edits if e.before != e.after), "migrate to the present templates")

    def _check_names(self, chosen: Sequence[Procedure]) -> None:
        templates = {p.template for p in chosen if p.template}
        for template in templates:
            refuse_conflicted(template)
        known = {spec.key for spec in chain.from_iterable(template.sections for template in templates)}
        for heading in self.renamed.values():
            if section_key(heading) not in known:
                message = f"no template of these documents has a section {heading!r}"
                raise ConfigError(message, _proposed(heading, known))

    def _overlay(self, library: Library, texts: Mapping[str, bytes]) -> Library:
        return library.overlay(*(self.read(path, raw) for path, raw in texts.items()))

    def _spec(self, template: Template, title: str) -> SectionSpec | None:
        """Return what a heading of a document is in the template: by its words, a synonym or a renaming."""
        key = section_key(title)
        return template.section(section_key(self.renamed.get(key, "")) or key) if key else None

    # Headings

    def _retitle(self, library: Library, chosen: Sequence[Procedure]) -> Library:
        own = {p.path: edits for p in chosen if (edits := tuple(self._titles(p)))}
        if not own:
            return library
        return self._overlay(library, _texts(Rewriting(self.scope, Relocation(), own).run()))

    def _titles(self, procedure: Procedure) -> Iterator[Replacement]:
        assert procedure.template is not None
        document = procedure.document
        keys = Counter(section_key(s.title) for s in document.sections if s.heading)
        for section in document.sections:
            spec = self._spec(procedure.template, section.title) if _is_section(section) else None
            if spec is None or section.heading is None or section_key(section.title) == spec.key:
                continue
            if keys[spec.key]:
                message = (
                    f"{procedure.path}:{section.line}: {section.title!r} becomes {spec.heading!r}, which is there too"
                )
                raise ConflictError(message, "nothing was changed; join the two sections by hand first")
            keys[spec.key] += 1
            start, end = heading_span(document, section.heading)
            words = _NUMBER.match(document.source.raw[start:end].decode())
            bare = _NUMBER.match(spec.heading)
            if words and bare:
                first = start + len((words["lead"] + (words["number"] or "")).encode())
                yield Replacement(first, end, bare["words"])

    # Order, and what is missing

    def _arrange(self, library: Library, chosen: Sequence[Procedure]) -> Library:
        texts: dict[str, bytes] = {}
        for procedure in chosen:
            present = library.by_path[procedure.path]
            raw, kept = arrange(present)
            if raw != present.document.source.raw:
                _verify(present, raw, kept)
                texts[procedure.path] = raw
        return self._overlay(library, texts) if texts else library

    def _number(self, library: Library, chosen: Sequence[Procedure]) -> Library:
        """Number the sections where they were numbered in order before."""
        for procedure in chosen:
            before, present = procedure.document, library.by_path[procedure.path]
            if before.source.raw == present.document.source.raw:
                continue
            if not any(n.word == "section" and n.old != n.new for n in read_numbers(before, ())):
                change = renumber(Scope(library, self.scope.announced), present)
                library = self._overlay(library, _texts(change.edits))
        return library


def _texts(edits: Iterable[Edit]) -> dict[str, bytes]:
    return {edit.path: edit.after for edit in edits if edit.after is not None}


def _is_carried(procedure: Procedure) -> bool:
    if procedure.template is None or procedure.kind == "template" or procedure.status in UNCOUNTED:
        return False
    # Few sections of a template that has changed may be left in a whole text; a stub stays a stub.
    is_stub = procedure.silent and procedure.declared_status in (None, "placeholder")
    return procedure.status != "placeholder" or not is_stub


def _proposed(heading: str, known: Collection[str]) -> str:
    if not known:
        return "placeholders, aliases and what is deprecated stay as they are"
    close = get_close_matches(section_key(heading), sorted(known), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(sorted(known)) if len(known) <= _MOST_SHOWN else "write it as the template has it"


def _is_section(section: Section) -> bool:
    return section.heading is not None and section.level > 1 and not section.heading.nested


class _MovedPiece(Struct, frozen=True):
    """A run of bytes that moves as one: a section with all below it, and what the template does not know behind it."""

    order: int
    raw: bytes
    start: int | None = None
    """Where it was; None of a section that is new."""


def arrange(procedure: Procedure) -> tuple[bytes, list[Kept]]:
    """Return a document in the order of the template, with the sections that are missing, and what stays of it."""
    document, template = procedure.document, procedure.template
    assert template is not None
    raw = document.source.raw
    level = min(spec.level for spec in template.sections)
    specs = [spec for spec in template.sections if spec.level == level]
    known = list(_known(document, specs))
    if not known:
        return raw, []
    foot = _foot(document, known[-1][1])
    ends = [section.start for _, section in known[1:]] + [foot]
    pieces = [_MovedPiece(order, raw[s.start : end], s.start) for (order, s), end in zip(known, ends, strict=True)]
    present = {order for order, _ in known}
    wanted = [n for n, spec in enumerate(specs) if n not in present and not spec.constraint.optional]
    newline = document.source.newline.encode()
    own_level = known[0][1].level
    pieces += [_MovedPiece(n, _stand_in(document, specs[n], own_level, n)) for n in wanted]
    if not wanted and [p.order for p in pieces] == sorted(present):
        return raw, []
    ordered = sorted(pieces, key=lambda piece: piece.order)
    first, tail = known[0][1].start, raw[foot:]
    after = raw[:first]
    kept = [Kept(0, first, 0)]
    for piece in ordered:
        if piece.start is not None:
            kept.append(Kept(piece.start, piece.start + len(piece.raw.rstrip(b"\r\n")), len(after)))
        last = piece is ordered[-1] and not tail
        after += piece.raw.rstrip(b"\r\n") + _ending(raw) if last else _spaced(piece.raw, newline)
    kept.append(Kept(foot, len(raw), len(after)))
    return after + tail, kept


def _known(document: Document, specs: Sequence[SectionSpec]) -> Iterator[tuple[int, Section]]:
    """Yield the template's sections that are in a document with their place in it: each once, all of one level."""
    places = {key: n for n, key in ungrouped((n, spec.keys) for n, spec in enumerate(specs))}
    levels = Counter(s.level for s in document.sections if _is_section(s) and section_key(s.title) in places)
    level = min(levels, default=0)
    seen: set[int] = set()
    for section in document.sections:
        place = places.get(section_key(section.title)) if _is_section(section) and section.level == level else None
        if place is not None and place not in seen:
            seen.add(place)
            yield place, section


def _foot(document: Document, last: Section) -> int:
    """Return where the foot of a document begins: a rule and what is below it, without any heading."""
    family = list(document.family(last))
    for block in reversed(family[-1].blocks):
        if block.kind == "rule" and document.end(last) >= len(document.source.raw.rstrip()):
            return block.start
    return len(document.source.raw)


def _ending(raw: bytes) -> bytes:
    return raw[len(raw.rstrip(b"\r\n")) :]


def _spaced(raw: bytes, newline: bytes) -> bytes:
    """Return a piece with an empty line at its end."""
    ending = _ending(raw).count(b"\n")
    return raw + newline * max(0, 2 - ending)


def _stand_in(document: Document, spec: SectionSpec, level: int, place: int) -> bytes:
    """Return a section that is still to be written: its heading, and the template's words on it as a comment."""
    words = _NUMBER.match(spec.heading)
    assert words is not None
    numbered = any(n.word == "section" for n in read_numbers(document, ()))
    # A number that nothing refers to, until the sections are numbered again.
    number = f"{_FREE_NUMBER + place}. " if numbered else ""
    lines = ["#" * level + f" {number}{words['words']}"]
    if spec.guidance:
        lines += ["", f"<!-- {spec.guidance.replace('--', '- -')} -->"]
    newline = document.source.newline
    return (newline.join(lines) + newline * 2).encode()


def _verify(procedure: Procedure, raw: bytes, kept: Sequence[Kept]) -> None:
    """Make sure that everything is read as before and that every link still finds its heading.

    Raises:
        ConflictError: A link to one of several headings of the same words would lead to another one.
        LibraryError: Something would be read otherwise; the message names the line.
    """
    before, after = procedure.document, parse(raw)
    refuse(procedure.path, find_differences(before, after, [k for k in kept if k.start < k.end]))
    if not _anchors(before) <= _anchors(after):
        message = f"{procedure.path} has several headings of the same words, and their anchors would change places"
        raise ConflictError(message, "nothing was changed; give these headings words of their own first")


def _anchors(document: Document) -> set[tuple[str, bytes]]:
    """Return the anchors; of several headings of the same words with the line below, which tells them apart."""
    counts = Counter(h.text for h in document.headings)
    raw = document.source.raw
    lines = (
        raw[h.end :].lstrip().partition(b"\n")[0].strip() if counts[h.text] > 1 else b"" for h in document.headings
    )
    return {(h.slug, line) for h, line in zip(document.headings, lines, strict=True)}


def read_renames(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``Old Heading=New Heading``.

    Raises:
        ConfigError: It has no equals sign, or a side is empty, or an old heading becomes two.
    """
    renames: dict[str, str] = {}
    for pair in pairs:
        old, sign, new = pair.partition("=")
        key = section_key(old)
        if not sign or not key or not section_key(new):
            message = f"{pair!r} is not of the form 'Old Heading=New Heading'"
            raise ConfigError(message, 'for example: --rename "Rollback=Failure Handling"')
        if renames.get(key, new.strip()) != new.strip():
            message = f"{old.strip()!r} cannot become both {renames[key]!r} and {new.strip()!r}"
            raise ConfigError(message)
        renames[key] = new.strip()
    return renames
