"""Marks that version control leaves where two texts could not be joined."""

from __future__ import annotations

import re

from procauthor.markdown.document import Document

_OPENING = re.compile(rb"^<{7}(?: [^\r\n]*)?\r?$", re.MULTILINE)
_MIDDLE = re.compile(rb"^={7}\r?$", re.MULTILINE)
_CLOSING = re.compile(rb"^>{7}(?: [^\r\n]*)?\r?$", re.MULTILINE)
_SIGN = b"<<<<<<<"


def find_conflict(document: Document) -> int | None:
    """Return the offset of the first line that opens an unresolved conflict, or None.

    All three lines must be there, in their order and outside of code in fences, which may show what a conflict looks
    like. An opening line with a name behind it needs no others: it is nothing else.
    """
    raw = document.source.raw
    if _SIGN not in raw:
        return None
    blocks = [block for section in document.sections for block in section.blocks if block.kind == "code"]
    text = bytearray(raw)
    for block in blocks:
        # Spaces keep every offset, and no mark.
        text[block.start : block.end] = b" " * (block.end - block.start)
    opening = _OPENING.search(text)
    if opening is None:
        return None
    middle = _MIDDLE.search(text, opening.end())
    closed = middle is not None and _CLOSING.search(text, middle.end()) is not None
    return opening.start() if closed or opening[0].strip() != _SIGN else None
