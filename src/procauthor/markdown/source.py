"""The bytes of a document, and where its lines are."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

BOM = b"\xef\xbb\xbf"
_LONG_LINE = 2000
_NEWLINE = re.compile(b"\n")


@dataclass(frozen=True)
class Source:
    """Raw bytes. All positions in procauthor are byte offsets into ``raw``; lines count from 1."""

    raw: bytes

    @property
    def start(self) -> int:
        """Offset of the first byte after a byte order mark."""
        return len(BOM) if self.raw.startswith(BOM) else 0

    @property
    def newline(self) -> str:
        """The line ending of the first line; a text without one counts as a line feed."""
        first = self.raw.find(b"\n")
        return "\r\n" if first > 0 and self.raw[first - 1 : first] == b"\r" else "\n"

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first byte of each line."""
        return [0, *(match.end() for match in _NEWLINE.finditer(self.raw))]

    def line(self, offset: int) -> int:
        """Return the 1-based line of a byte offset."""
        return bisect_right(self.line_starts, offset)

    def column(self, offset: int) -> int:
        """Return the 1-based column of a byte offset, in characters."""
        line = self.line(offset)
        # Of a very long line only what is new since the last question is counted.
        known, column = self._columns.get(line, (-1, 0))
        if not self.line_starts[line - 1] <= known <= offset:
            known, column = self.line_starts[line - 1], 1
        column += len(self.raw[known:offset].decode(errors="replace"))
        if offset - self.line_starts[line - 1] > _LONG_LINE:
            self._columns[line] = (offset, column)
        return column

    @cached_property
    def _columns(self) -> dict[int, tuple[int, int]]:
        return {}

    def slice(self, start: int, end: int) -> str:
        """Return the text between two offsets, with line feeds as line endings."""
        return self.raw[start:end].decode(errors="replace").replace("\r\n", "\n")
