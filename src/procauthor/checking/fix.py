"""Fixes that a rule is certain of, as edits of spans, and how they are applied."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from procauthor.checking.jump import step_words
from procauthor.checking.scope import Scope
from procauthor.errors import LibraryError
from procauthor.finding import Finding, Fix, FixEdit
from procauthor.library.library import ANNOUNCED, Library, Procedure
from procauthor.library.permit import refuse_conflict
from procauthor.library.reference import Target, relative
from procauthor.markdown.document import Document, Link, Replacement
from procauthor.markdown.link import encode_path
from procauthor.markdown.proof import rewrite
from procauthor.naming import path_key, title_key
from procauthor.procedure import UNCOUNTED, Step


@dataclass(frozen=True, slots=True)
class Fixed:
    """Findings that were fixed, and the new bytes of the documents that changed, by path.

    ``refused`` says, by path, why a document is left as it is: its fixes would change more than they are meant to.
    """

    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]
    refused: Mapping[str, str]


def apply_fixes(library: Library, findings: Iterable[Finding]) -> Fixed:
    """Apply every fix that overlaps with none before it, and that is based on the documents as they are.

    A fix is applied as a whole or not at all. Insertions at one place follow each other in the order of the findings.
    A document whose fixes cannot be proven is left out, with every fix that touches it.
    """
    refused: dict[str, str] = {}
    while True:
        fixed, edits = _choose(library, findings, refused)
        files: dict[str, bytes] = {}
        new: dict[str, str] = {}
        for path in edits:
            try:
                files[path] = _rewrite(library.by_path[path].document, path, edits[path])
            except LibraryError as error:
                new[path] = error.message
        if not new:
            return Fixed(fixed, files, refused)
        refused |= new


def _choose(
    library: Library, findings: Iterable[Finding], refused: Mapping[str, str]
) -> tuple[tuple[Finding, ...], Mapping[str, list[FixEdit]]]:
    """Return the findings that can be fixed together, and the edits of their fixes by path."""
    taken: dict[str, list[FixEdit]] = {}
    fixed = []
    for finding in findings:
        if finding.fix and _fits(library, finding.fix, taken) and not any(e.path in refused for e in finding.fix.edits):
            fixed.append(finding)
            for edit in finding.fix.edits:
                taken.setdefault(edit.path, []).append(edit)
    return tuple(fixed), taken


def _rewrite(document: Document, path: str, edits: Sequence[FixEdit]) -> bytes:
    refuse_conflict(path, document)
    replacements = [Replacement(e.start, e.end, e.text) for e in edits]
    return rewrite(path, document, replacements, _Leads(tuple(e.text for e in edits)))


@dataclass(frozen=True, slots=True)
class _Leads:
    """Says whether a link may lead to another target: to one that a fix has written."""

    texts: tuple[str, ...]

    def __call__(self, before: str, after: str) -> bool:
        return before == after or any(text and text in after for text in self.texts)


def _fits(library: Library, fix: Fix, taken: Mapping[str, list[FixEdit]]) -> bool:
    for edit in fix.edits:
        document = library.by_path.get(edit.path)
        if document is None or document.stamp != edit.base or any(_meets(edit, e) for e in taken.get(edit.path, ())):
            return False
    return True


def _meets(one: FixEdit, two: FixEdit) -> bool:
    """Say whether two edits touch the same bytes, or an insertion stands where the other replaces."""
    if one.start == one.end and two.start == two.end:
        return False
    return one.start <= two.end and two.start <= one.end


_ENDINGS = (".md", ".markdown")
_OTHER_NOTATIONS = ((b"[[", b"]]"), (b"{{", b"}}"), (b"{%", b"%}"))
_NUMBER = re.compile(rb"\d+")
_LONGEST_NUMBER = 9
_LONGEST_LINE = 4000


def mend(finding: Finding, procedure: Procedure, *edits: Replacement) -> Finding:
    """Return the finding with the fix that these edits of a document are; without edits it stays as it is."""
    if not edits:
        return finding
    return replace(finding, fix=Fix(tuple(_edit(procedure, edit) for edit in edits)))


def _edit(procedure: Procedure, edit: Replacement) -> FixEdit:
    return FixEdit(procedure.path, edit.start, edit.end, edit.text, procedure.stamp)


# Links


def link_name(procedure: Procedure, start: int, words: str, target: Procedure) -> Iterator[Replacement]:
    """Make a link of a name; not where emphasis or a line end stands within it, nor next to raw HTML."""
    raw = procedure.source.raw
    end = start + len(words.encode())
    # Behind "!" it would be a picture, and behind a backslash no link.
    plain = "]" not in words and "[" not in words and raw[max(start - 1, 0) : start] not in (b"!", b"\\")
    certain = plain and raw[start:end] == words.encode() and not _is_in_other_notation(raw, start)
    if certain and not _near_html(raw, start, end):
        # What has a document is announced no longer.
        mark = f" {ANNOUNCED}".encode()
        end += len(mark) if raw.startswith(mark, end) else 0
        yield Replacement(start, end, f"[{words}]({relative(procedure.path, target.path)})")


def _is_in_other_notation(raw: bytes, start: int) -> bool:
    """Say whether a wiki link or a tag of a template language is open at a place: a link in it would break it."""
    before = raw[max(raw.rfind(b"\n", 0, start) + 1, start - _LONGEST_LINE) : start]
    return any(before.rfind(opening) > before.rfind(closing) for opening, closing in _OTHER_NOTATIONS)


def _near_html(raw: bytes, start: int, end: int) -> bool:
    """Say whether a link of HTML stands in the line, or could, because the line is too long to be looked through."""
    first = raw.rfind(b"\n", max(0, start - _LONGEST_LINE), start)
    last = raw.find(b"\n", end, end + _LONGEST_LINE)
    if (first == -1 and start > _LONGEST_LINE) or (last == -1 and end + _LONGEST_LINE < len(raw)):
        return True
    return b"<a" in raw[first + 1 : last if last != -1 else len(raw)].lower()


def redirect(scope: Scope, procedure: Procedure, link: Link, target: Target) -> Iterator[Replacement]:
    """Correct the path of a broken link where only one file can be meant."""
    span = _destination(procedure, link)
    meant = _meant(scope, link, target) if target.path else ""
    if span is None or not meant:
        return
    path = re.split(r"[#?]", link.target, maxsplit=1)[0]
    start, _ = span
    text = f"/{encode_path(meant)}" if path.startswith("/") else relative(procedure.path, meant)
    tail = "/" if path.endswith("/") and not text.endswith(("/", *_ENDINGS)) else ""
    yield Replacement(start, start + len(path.encode()), text + tail)


def _meant(scope: Scope, link: Link, target: Target) -> str:
    """Return the only file that differs in case, accents or ending, else the document that was moved.

    A document counts as moved if nothing else has its file name or its title, and the link says both.
    """
    assert target.path is not None
    files = scope.library.files
    stem = target.path.removesuffix(".md").removesuffix(".markdown")
    folded = scope.files_folded.get(path_key(target.path), [])
    ended = [stem + ending for ending in _ENDINGS if stem + ending in files]
    for found in (folded, ended):
        if found:
            return found[0] if len(found) == 1 else ""
    names = len(link.text.split()) > 1 and not link.image
    titled = scope.library.by_key.get(title_key(link.text), ()) if names else ()
    named = scope.files_by_name.get(path_key(posixpath.basename(target.path)), [])
    if len(titled) != 1 or named != [titled[0].path] or titled[0].status in UNCOUNTED:
        return ""
    return titled[0].path if not target.anchor or target.anchor in titled[0].anchors else ""


def correct_anchor(procedure: Procedure, link: Link, anchors: Sequence[str], anchor: str) -> Iterator[Replacement]:
    """Correct an anchor that differs from a single heading in upper and lower case only."""
    span = _destination(procedure, link)
    same = [known for known in anchors if known.casefold() == anchor.casefold()]
    written = link.target.partition("#")[2]
    if span and len(same) == 1 and written:
        yield Replacement(span[1] - len(written.encode()), span[1], encode_path(same[0]))


def _destination(procedure: Procedure, link: Link) -> tuple[int, int] | None:
    """Return where the target of an inline link is written; that of a reference link stands elsewhere."""
    raw = procedure.source.raw[link.start : link.end]
    match = re.search(rb"\]\([ \t]*<?(" + re.escape(link.target.encode()) + rb")(?=[)>\s])[^\n]*\)\Z", raw)
    return (link.start + match.start(1), link.start + match.end(1)) if match and link.target else None


# Steps


@lru_cache(maxsize=64)
def _step_words(words: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return the pattern of a mention of steps, of one or of several."""
    word = f"(?:{'|'.join(map(re.escape, words))})s?".encode()
    more = rb"(?:\s*(?:,|and|or|&|/|-|\xe2\x80\x93|to|through)\s*(?:" + word + rb"\s+)?\d+)*"
    return re.compile(rb"\b" + word + rb"\s+(\d+" + more + rb")", re.IGNORECASE)


def renumber(scope: Scope, procedure: Procedure, steps: Sequence[Step]) -> Iterator[Replacement]:
    """Number steps again where nothing refers to those that change; steps out of order are left to a person."""
    numbers = [step.number for step in steps if step.number is not None]
    first = min(1, numbers[0])
    wrong = [
        n
        for n, (number, place) in enumerate(zip(numbers, range(first, first + len(steps)), strict=True))
        if number != place
    ]
    if numbers != sorted(numbers) or _is_referred(scope, procedure, steps, min(first + wrong[0], numbers[wrong[0]])):
        return
    raw = procedure.source.raw
    for place in wrong:
        digits = _NUMBER.search(raw, steps[place].start)
        if digits is None or _value(digits[0]) != numbers[place]:
            return
    for place in wrong:
        digits = _NUMBER.search(raw, steps[place].start)
        assert digits is not None
        yield Replacement(digits.start(), digits.end(), str(first + place))


def _is_referred(scope: Scope, procedure: Procedure, steps: Sequence[Step], first: int) -> bool:
    """Say whether a text may mean one of the steps from a number on: in the document, or next to a link to it."""
    starts = {step.start for step in steps}
    slugs = {h.slug for h in procedure.headings if h.start in starts}
    pattern = _step_words(step_words(procedure))
    if _mentions(pattern, procedure.source.raw, first, starts):
        return True
    for other in scope.linking_to(procedure.path):
        for link, target in scope.links[other.path]:
            if target.path != procedure.path:
                continue
            raw = other.source.raw
            line = raw[raw.rfind(b"\n", 0, link.start) + 1 : raw.find(b"\n", link.end)]
            if target.anchor in slugs or (other is not procedure and _mentions(pattern, line, first, ())):
                return True
    return False


def _mentions(pattern: re.Pattern[bytes], raw: bytes, first: int, starts: set[int] | tuple[()]) -> bool:
    """Say whether a step of that number or a later one is named, but for the lines that are steps themselves."""
    for match in pattern.finditer(raw):
        line = raw.rfind(b"\n", 0, match.start()) + 1
        if line not in starts and any(_value(number[0]) >= first for number in _NUMBER.finditer(match[1])):
            return True
    return False


def _value(digits: bytes) -> int:
    """Return a number; one that is too long to count steps is as good as any other that is."""
    return int(digits[:_LONGEST_NUMBER])
