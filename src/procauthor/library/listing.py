"""The lists of an index: an item shows the status of its document, and a document without an item gets one.

Items are written as the team writes them: with or without a link, a box, a sign, bold letters, a word behind the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from procauthor.convention.state import known_marks
from procauthor.library.index import ListItem, list_items, status_words
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import relative
from procauthor.markdown.document import Replacement
from procauthor.markdown.link import escape, write_link
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED, Status

_MARKER = re.compile(r"(\s*(?:[-*+]|(\d{1,9})[.)])\s+)(\[[ xX]\]\s+)?")
_BOLD = re.compile(r"(\*\*|__)\[?\w")
_BETWEEN = re.compile(r"\s[-–—:]+\s|\s?[:(]\s?")


def show_status(status: Status) -> str:
    """Return a status as indexes show it."""
    return status[0].upper() + status[1:]


def update_lists(
    library: Library, host: Procedure, region: tuple[int, int] | None, tabled: Sequence[Procedure]
) -> Iterator[Replacement]:
    """Yield what brings the lists of an index up to date.

    Args:
        library: All documents.
        host: The index.
        region: The span in which may be written; None means everywhere.
        tabled: The documents that a table lists or is to list.
    """
    begin, end = region or (0, len(host.source.raw))
    every = [(each, _document(library, each)) for each in list_items(library, host)]
    pairs = [(each, document) for each, document in every if begin <= each.item.start < end]
    signs = _Signs(host, [each for each, _ in every])
    for each, document in pairs:
        if document is not None and each.listed.status is not None:
            yield from signs.update(each, document.status)
    shown = {document.path for document in (*tabled, *(d for _, d in every if d))}
    missing = [p for p in library.counted if p.path not in {*shown, host.path} and p.status not in UNCOUNTED]
    behind: dict[int, list[Procedure]] = {}
    for document in missing:
        place = _place(pairs, document)
        if place is not None:
            behind.setdefault(place, []).append(document)
    for place, documents in behind.items():
        yield signs.insert(pairs[place][0], documents)


def _document(library: Library, each: ListItem) -> Procedure | None:
    named = library.by_key.get(each.listed.key, ())
    return library.by_path.get(each.listed.path or "") or (named[0] if len(named) == 1 else None)


def _place(pairs: Sequence[tuple[ListItem, Procedure | None]], document: Procedure) -> int | None:
    """Return the number of the item behind which a document belongs: the last of its lifecycle, better of its phase."""
    key = title_key(document.lifecycle)
    kin = [n for n, (_, other) in enumerate(pairs) if other and title_key(other.lifecycle) == key]
    same = [n for n in kin if (other := pairs[n][1]) and other.phase == document.phase]
    named = [n for n, (each, _) in enumerate(pairs) if title_key(each.listed.lifecycle) == key]
    return next((numbers[-1] for numbers in (same, kin, named) if numbers), None)


class _Signs:
    """How the items of an index say a status."""

    def __init__(self, host: Procedure, items: Sequence[ListItem]) -> None:
        self._host = host
        self._items = items
        self._known = known_marks(host.conventions.index.marks)
        self._marks: dict[Status, str] = {state: mark for mark, state in reversed(self._known.items())}
        for each in items:
            if each.listed.status and self._mark(each):
                self._marks[each.listed.status] = self._mark(each)

    def _mark(self, each: ListItem) -> str:
        return next((mark for mark in self._known if mark in each.item.raw), "")

    def _text(self, each: ListItem) -> str:
        return self._host.source.slice(each.item.start, each.item.end)

    def update(self, each: ListItem, status: Status) -> Iterator[Replacement]:
        """Yield what makes an item say a status; where it has no way to say it, it stays."""
        before = each.listed.status
        if before == status or {before, status} <= DONE:
            return
        if each.item.marker:
            yield Replacement(each.item.marker, each.item.marker + 1, "x" if status in DONE else " ")
        mark, word = self._mark(each), next(status_words(self._host, each.item), "")
        if mark and self._marks.get(status):
            yield self._replace(each, mark, self._marks[status])
        if word:
            yield self._replace(each, word, status if word.islower() else show_status(status), last=True)

    def _replace(self, each: ListItem, old: str, new: str, *, last: bool = False) -> Replacement:
        raw = self._host.source.raw[each.item.start : each.item.end]
        at = each.item.start + (raw.rfind if last else raw.find)(old.encode())
        return Replacement(at, at + len(old.encode()), new)

    def insert(self, after: ListItem, documents: Sequence[Procedure]) -> Replacement:
        """Return one insertion of items behind another one, written like the last that has a document, or like it."""
        newline = self._host.source.newline
        lines = [self._line(after, document, number) for number, document in enumerate(documents, 1)]
        end = after.item.start + len(self._text(after).rstrip().encode())
        return Replacement(end, end, "".join(f"{newline}{line}" for line in lines))

    def _line(self, after: ListItem, document: Procedure, number: int) -> str:
        raw = self._host.source.raw
        begin = raw.rfind(b"\n", 0, after.item.start) + 1
        match = _MARKER.match(raw[begin : after.item.end].decode(errors="replace"))
        bullet = match[1] if match else "- "
        if match and match[2]:
            bullet = bullet.replace(match[2], str(int(match[2]) + number), 1)
        box = ("[x] " if document.status in DONE else "[ ] ") if match and match[3] else ""
        mark = f"{self._marks.get(document.status, '')} ".lstrip() if self._mark(after) else ""
        return f"{bullet}{box}{mark}{self._name(after, document)}{self._word(after, document.status)}"

    def _name(self, after: ListItem, document: Procedure) -> str:
        linked = sum(each.link is not None for each in self._items) * 2 >= len(self._items)
        path = relative(self._host.path, document.path)
        name = write_link(document.title, path) if linked else escape(document.title)
        bold = _BOLD.search(self._text(after))
        return f"{bold[1]}{name}{bold[1]}" if bold else name

    def _word(self, after: ListItem, status: Status) -> str:
        word = next(status_words(self._host, after.item), "")
        between = _BETWEEN.search(self._text(after).rpartition(word)[0][-4:]) if word else None
        if between is None:
            return ""
        said = status if word.islower() else show_status(status)
        return f"{between[0]}{said}{')' if '(' in between[0] else ''}"
