"""Characters that steer a terminal, turn the direction of text, or break a word without being seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from procauthor.character import byte_offsets
from procauthor.checking.hidden import Hidden
from procauthor.markdown.document import Document

# What is left of a text without these bytes is a control character.
_ORDINARY = bytes([*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)])
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\r]")
_TURN = re.compile("[\u202a-\u202c\u2066-\u2069]")
_OPENING = frozenset("\u202a\u202b\u2066\u2067\u2068")
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
_BREAK = re.compile(
    f"(?<=[A-Za-z0-9])[{_UNSEEN}](?=[A-Za-z0-9])"
    # Longer runs are a finding of their own: they can spell a text.
    f"|(?<![{_UNSEEN}])[{_UNSEEN}]{{2,3}}(?![{_UNSEEN}])"
)
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def find_controls(document: Document) -> Iterator[Hidden]:
    """Yield what a reader cannot see and a terminal or a search does: the first of a kind on each line.

    Joiners in words of scripts that need them and in emoji are ordinary, and so are marks of direction that belong to
    text from right to left and are closed on their line.
    """
    raw = document.source.raw
    alone = raw.count(b"\r") > raw.count(b"\r\n") and b"\n" in raw
    if raw.isascii() and not alone and not raw.translate(None, _ORDINARY):
        return
    first = document.source.start
    text = raw[first:].decode(errors="replace")
    if b"\n" not in raw:
        text = text.replace("\r", "\n")
    places: list[tuple[int, str]] = []
    at = 0
    for line in text.split("\n"):
        places += ((at + place, what) for place, what in _of_line(line))
        at += len(line) + 1
    starts = byte_offsets(text, [place for place, _ in places])
    yield from (Hidden(what, first + start) for start, (_, what) in zip(starts, places, strict=True))


def _of_line(line: str) -> list[tuple[int, str]]:
    line = line.removesuffix("\r")
    if line.isprintable():
        return []
    control = _CONTROL.search(line)
    turn = _TURN.search(line)
    broken = _BREAK.search(line)
    places = []
    if control:
        places.append((control.start(), f"a control character ({_name(control[0])}) steers a terminal"))
    if turn and not _is_ordinary(line):
        places.append((turn.start(), f"a mark ({_name(turn[0])}) turns the direction of the text"))
    if broken:
        places.append((broken.start(), f"an invisible character ({_name(broken[0][0])}) breaks a word"))
    return sorted(places)


def _is_ordinary(line: str) -> bool:
    """Say whether marks of direction belong to text from right to left, and all of them are closed."""
    marks = _TURN.findall(line)
    closed = 2 * sum(mark in _OPENING for mark in marks) == len(marks)
    return closed and any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line)


def _name(char: str) -> str:
    return f"U+{ord(char):04X}"
