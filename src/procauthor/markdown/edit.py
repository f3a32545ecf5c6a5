"""Edits by byte span. What no edit touches stays identical."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replacement:
    """Replace the bytes from ``start`` to ``end`` by ``text``, in UTF-8.

    ``shown`` is what a reader sees of it, where it is words within a line and nothing else; None where it may be more.
    """

    start: int
    end: int
    text: str
    shown: str | None = None


def replace_spans(raw: bytes, replacements: Iterable[Replacement]) -> bytes:
    """Return the bytes with all replacements made; they may not overlap."""
    out: list[bytes] = []
    position = 0
    for each in sorted(replacements, key=lambda r: (r.start, r.end)):
        assert each.start >= position, "replacements overlap"
        out.append(raw[position : each.start])
        out.append(each.text.encode())
        position = each.end
    out.append(raw[position:])
    return b"".join(out)
