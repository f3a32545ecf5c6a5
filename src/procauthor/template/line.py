"""What one line of a document can say: a value with blocks in it would lose them without a word."""

from __future__ import annotations

import re

_FENCE = re.compile(r"(?m)^[ ]{0,3}(?:`{3,}|~{3,})")
_OPENING = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"(?m)^[ ]{0,3}#{1,6}[ \t]+\S")
_UNDERLINE = re.compile(r"(?m)\S.*\n[ ]{0,3}(?:={3,}|-{3,})[ \t]*$")
_ROW = re.compile(r"(?m)^[ ]{0,3}\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t]*(?::?-{3,}:?[ \t]*)?$")
_ITEM = re.compile(r"(?m)^[ \t]*(?:[-+*]|\d{1,9}[.)])[ \t]+\S")
_QUOTE = re.compile(r"(?m)^[ ]{0,3}>")
_BLOCKS = (
    ("a code block", _FENCE),
    ("a table", _ROW),
    ("a heading", _HEADING),
    ("a heading", _UNDERLINE),
    ("a list", _ITEM),
    ("a quotation", _QUOTE),
)


def block_in(text: str) -> str:
    """Return what a text holds that needs lines of its own, such as ``a code block``; empty where it fits one line.

    Line breaks between plain words are no blocks: they are spaces.
    """
    lines = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    return blocks_of(lines) if "\n" in lines else ""


def blocks_of(text: str) -> str:
    """Return what a text holds that needs lines of its own, be it in its first line; empty where there is nothing."""
    return next((name for name, pattern in _BLOCKS if pattern.search(text)), "")


def heading_in(text: str) -> bool:
    """Say whether a text holds a heading outside of its code blocks: that would open a section of the document."""
    outside: list[str] = []
    fence = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        mark = _OPENING.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            outside.append("")
        elif not fence:
            outside.append(line)
    words = "\n".join(outside)
    return bool(_HEADING.search(words) or _UNDERLINE.search(words))
