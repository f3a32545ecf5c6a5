"""The proof that a new text is the old one but for what was meant: every byte that stays plays the part that it played.

A writer says which bytes stay and where they are afterwards. Both texts are parsed; what stays must be text, code, HTML
or the mark of a list, a cell or a link as before, in the same surroundings. Links lead where the writer says, words
that were put in are read as these words, and metadata have the values that they had.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from procauthor.errors import LibraryError
from procauthor.markdown.document import Document, MetadataField, Replacement, replace_spans
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import Container, Leaf, read_parts, read_shown

MayLead = Callable[[str, str], bool]
"""Says of a target before and one after whether a link may lead there, both as the texts mean them."""


class Kept(Struct, frozen=True):
    """Bytes from ``start`` to ``end`` of the old text that begin at ``at`` in the new one."""

    start: int
    end: int
    at: int

    def __call__(self, offset: int) -> int:
        """Return where a byte is afterwards."""
        return offset - self.start + self.at


class Unmeant(Struct, frozen=True):
    """Something that was not meant to change, with its line in the old text."""

    line: int
    message: str


def same_target(before: str, after: str) -> bool:
    """Say that no link may lead elsewhere."""
    return before == after


def kept_by(size: int, edits: Iterable[Replacement]) -> list[Kept]:
    """Return what edits leave of a text of so many bytes."""
    kept: list[Kept] = []
    old = new = 0
    for each in sorted(edits, key=lambda r: (r.start, r.end)):
        kept.append(Kept(old, each.start, new))
        new += each.start - old + len(each.text.encode())
        old = each.end
    kept.append(Kept(old, size, new))
    return [each for each in kept if each.start < each.end]


def rewrite(
    path: str,
    document: Document,
    edits: Sequence[Replacement],
    leads: MayLead = same_target,
    titles: MayLead = same_target,
) -> bytes:
    """Return a document with edits made, proven; ``leads`` and ``titles`` are as in `find_differences`.

    Raises:
        LibraryError: Something would change that was not meant to; the message names the line.
    """
    raw = document.source.raw
    after = replace_spans(raw, edits)
    if after != raw:
        refuse(path, find_differences(document, parse(after), kept_by(len(raw), edits), leads, titles))
        refuse(path, find_misread(document, parse(after), edits))
    return after


def refuse(path: str, differences: Iterable[Unmeant]) -> None:
    """Refuse a text with differences.

    Raises:
        LibraryError: There is one; the first is named.
    """
    first = next(iter(differences), None)
    if first is not None:
        message = f"{path}:{first.line}: {first.message}"
        raise LibraryError(message, "nothing was changed; write this line otherwise, then try again")


def find_differences(
    before: Document,
    after: Document,
    kept: Sequence[Kept],
    leads: MayLead = same_target,
    titles: MayLead = same_target,
) -> Iterator[Unmeant]:
    """Yield what stays and would be read otherwise, in the body and in the metadata.

    Args:
        before: The old text.
        after: The new text.
        kept: What stays of the old one, in any order.
        leads: Where links may lead.
        titles: What the title of a link may become.
    """
    there = _Map(kept)
    back = _Map([Kept(k.at, k.at + k.end - k.start, k.start) for k in kept])
    line_of = before.source.line
    if len(after.problems) > len(before.problems):
        problem = after.problems[-1]
        yield Unmeant(line_of(back.near(problem.start)), problem.message)
    yield from _fields(before, after, there, back)
    yield from _leaves(before, after, there, "would be read otherwise")
    for each in _leaves(after, before, back, "would be read as something new"):
        yield Unmeant(line_of(back.near(after.source.line_starts[each.line - 1])), each.message)
    yield from _containers(before, after, there, lambda one, other: _is_same(one, other, leads, titles))


class _Map:
    """Where bytes of one text are in another."""

    def __init__(self, kept: Sequence[Kept]) -> None:
        self.kept = sorted(kept, key=lambda k: k.start)
        self._starts = [k.start for k in self.kept]

    def __call__(self, offset: int) -> int | None:
        """Return where a byte is, or None where it is gone."""
        place = bisect_right(self._starts, offset) - 1
        held = self.kept[place] if place >= 0 else None
        return held(offset) if held and offset < held.end else None

    def near(self, offset: int) -> int:
        """Return where a byte is, or where the last one before it is."""
        place = bisect_right(self._starts, offset) - 1
        held = self.kept[max(place, 0)] if self.kept else Kept(0, 1, 0)
        return held(min(max(offset, held.start), held.end - 1))

    def begins(self, offset: int) -> bool:
        """Say whether something was changed just before a byte."""
        place = bisect_right(self._starts, offset) - 1
        return place >= 0 and self._starts[place] == offset

    def cut(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield the parts of a span that stay: start, end, and where they are."""
        place = max(bisect_right(self._starts, start) - 1, 0)
        while place < len(self.kept) and self.kept[place].start < end:
            each = self.kept[place]
            first, last = max(start, each.start), min(end, each.end)
            if first < last:
                yield first, last, each(first)
            place += 1


# Leaves


def _leaves(before: Document, after: Document, there: _Map, message: str) -> Iterator[Unmeant]:
    others = read_parts(after).leaves
    starts = [leaf.start for leaf in others]
    for leaf in read_parts(before).leaves:
        for first, last, at in there.cut(leaf.start, leaf.end):
            if not _is_covered(leaf, at, at + last - first, others, starts):
                yield Unmeant(before.source.line(first), f"{_shown(leaf)} {message}")


def _is_covered(leaf: Leaf, start: int, end: int, others: Sequence[Leaf], starts: Sequence[int]) -> bool:
    """Say whether leaves of the same kind and surroundings are where a part of a leaf is now."""
    path = _path(leaf)
    place = bisect_right(starts, start) - 1
    while start < end:
        if place < 0 or place >= len(others):
            return False
        other = others[place]
        if other.start > start or other.end <= start or other.kind != leaf.kind or _path(other) != path:
            # The parser leaves out signs between two runs of text, such as a carriage return.
            return False
        start = other.end
        place += 1
    return True


def _path(leaf: Leaf) -> tuple[tuple[str, Any], ...]:
    return tuple(_surrounding(c) for c in leaf.path if c.tag != "Paragraph")


def _surrounding(container: Container) -> tuple[str, Any]:
    match container.tag:
        case "List":
            return "List", container.data is None
        case "TableCell":
            return "TableCell", container.place
        case "Heading" | "Link" | "Image":
            return container.tag, None
        case _:
            return container.tag, container.data


def _shown(leaf: Leaf) -> str:
    text = " ".join(leaf.text.split())
    if not text:
        return "the end of the line"
    return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004 - as much as fits a message


# Containers


def _containers(
    before: Document, after: Document, there: _Map, is_same: Callable[[Container, Container], bool]
) -> Iterator[Unmeant]:
    others: dict[tuple[str, int], Container] = {(c.tag, c.start): c for c in read_parts(after).containers}
    for each in read_parts(before).containers:
        at = there(each.start)
        if at is None or _is_loose(each):
            continue
        other = others.get((each.tag, at))
        if other is None:
            if not there.begins(each.start):
                yield Unmeant(before.source.line(each.start), f"the {_name(each)} would no longer be one")
        elif not is_same(each, other):
            yield Unmeant(before.source.line(each.start), f"the {_name(each)} would be read otherwise")


def _is_loose(container: Container) -> bool:
    """Say whether it may come and go: lists of the same sign run together, and items hold paragraphs then or do not."""
    return container.tag == "List" or (container.tag == "Paragraph" and container.above == "Item")


def _is_same(one: Container, other: Container, leads: MayLead, titles: MayLead) -> bool:
    written = one.tag in ("Link", "Image") and one.data["link_type"] not in ("Autolink", "Email")
    if written:
        return titles(one.data["title"], other.data["title"]) and leads(one.data["dest_url"], other.data["dest_url"])
    return bool(one.data == other.data)


def _name(container: Container) -> str:
    names = {"Item": "list item", "TableRow": "row of a table", "TableHead": "head of a table", "TableCell": "cell"}
    names |= {"CodeBlock": "block of code", "HtmlBlock": "block of HTML", "FootnoteDefinition": "footnote"}
    return names.get(container.tag, container.tag.lower())


# Words that were put in


def find_misread(before: Document, after: Document, edits: Sequence[Replacement]) -> Iterator[Unmeant]:
    """Yield where words that edits put in are not read as these words."""
    front = before.front_matter[1] if before.front_matter else 0
    parts = read_parts(after).leaves
    moved = 0
    for each in sorted(edits, key=lambda r: (r.start, r.end)):
        at = each.start + moved
        end = at + len(each.text.encode())
        moved += len(each.text.encode()) - (each.end - each.start)
        # What is put into front matter is proven by the editor that puts it there.
        if each.shown is None or each.start < front:
            continue
        read = _read(after, parts, at, end)
        if read != each.shown:
            message = f"{each.shown!r} would not be read as these words"
            yield Unmeant(before.source.line(each.start), message)


def _read(after: Document, parts: Sequence[Leaf], start: int, end: int) -> str:
    shown = read_shown(after, (leaf for leaf in parts if leaf.start < end and start < leaf.end))
    inside = [start <= first and last <= end for first, last in shown.spans]
    return "".join(letter for letter, held in zip(shown.text, inside, strict=True) if held)


# Metadata


def _fields(before: Document, after: Document, there: _Map, back: _Map) -> Iterator[Unmeant]:
    kept = before.front_matter is not None and there(before.front_matter[0]) is not None
    if kept and not after.front_matter:
        yield Unmeant(1, "the metadata would be lost")
        return
    for key, each in before.fields.items():
        start, end = _extent(before, each)
        parts = list(there.cut(start, end))
        whole = [(first, last) for first, last, _ in parts] == [(start, end)]
        other = after.fields.get(key)
        if parts and other is None:
            yield Unmeant(each.line, f"the metadata {key!r} would be lost")
        elif whole and other is not None and other.value != each.value:
            yield Unmeant(each.line, f"the metadata {key!r} would have another value")
    for key, each in after.fields.items():
        if key not in before.fields and back(each.start - 1) is not None:
            line = before.source.line(back.near(each.start - 1))
            yield Unmeant(line, f"the metadata {key!r} would appear")


def _extent(document: Document, field: MetadataField) -> tuple[int, int]:
    """Return the span of a field with all lines of its value."""
    raw = document.source.raw
    if document.front_matter is None:
        return field.start, max(field.end, field.start + 1)
    start = raw.rfind(b"\n", 0, field.start) + 1
    later = [f.start for f in document.fields.values() if f.start > field.start]
    end = raw.rfind(b"\n", 0, min(later)) + 1 if later else document.front_matter[1]
    return start, end
