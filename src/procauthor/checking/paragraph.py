"""Paragraphs, list items and table rows: how far a link serves the names around it."""

from __future__ import annotations

import re
from bisect import bisect_right

from procauthor.markdown.source import Source

_NEW_ITEM = re.compile(rb"[ \t>]*(?:[-*+]|\d+[.)])[ \t]")


class Paragraphs:
    """Where the paragraphs, list items and table rows of a text begin.

    Args:
        source: The text, read once.
    """

    def __init__(self, source: Source) -> None:
        raw, starts = source.raw, source.line_starts
        self._starts = [0]
        before = b""
        for start, end in zip(starts, [*starts[1:], len(raw)], strict=True):
            line = raw[start:end].strip()
            if _divided(before, line):
                self._starts.append(start)
            before = line
        self._starts.append(len(raw))

    def around(self, offset: int) -> tuple[int, int]:
        """Return the span of the paragraph around an offset."""
        place = min(bisect_right(self._starts, offset), len(self._starts) - 1)
        return self._starts[place - 1], self._starts[place]


def _divided(before: bytes, after: bytes) -> bool:
    """Say whether something new begins with the second of two lines."""
    if not before or not after or _NEW_ITEM.match(after):
        return True
    return before.startswith((b"|", b"#")) or after.startswith((b"|", b"#"))
