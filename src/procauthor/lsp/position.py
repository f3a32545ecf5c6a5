"""Positions of an editor, and byte offsets of a text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from lsprotocol import types

from procauthor.markdown.document import BOM
from procauthor.regex import lazy

_NEWLINE = lazy(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Lines:
    """The lines of a text as an editor counts them: lines and columns from 0, and a byte order mark is no part of it.

    Attributes:
        raw: The text.
        encoding: What a column counts, as the editor and the server have agreed: units of UTF-8, UTF-16 or UTF-32.
    """

    raw: bytes
    encoding: str = types.PositionEncodingKind.Utf16

    @cached_property
    def _starts(self) -> list[int]:
        first = len(BOM) if self.raw.startswith(BOM) else 0
        return [first, *(match.end() for match in _NEWLINE.finditer(self.raw))]

    def position(self, offset: int) -> types.Position:
        """Return the position of a byte offset."""
        line = max(bisect_right(self._starts, offset) - 1, 0)
        text = self.raw[self._starts[line] : offset].decode(errors="replace")
        return types.Position(line, self._units(text))

    def range(self, start: int, end: int) -> types.Range:
        """Return the range between two byte offsets."""
        return types.Range(self.position(start), self.position(end))

    def offset(self, position: types.Position) -> int:
        """Return the byte offset of a position; one behind the end of a line means its end."""
        if position.line >= len(self._starts):
            return len(self.raw)
        start = self._starts[position.line]
        text = self.raw[start : self.line_end(start)].decode(errors="replace")
        units = 0
        for place, sign in enumerate(text):
            if units >= position.character:
                return start + len(text[:place].encode())
            units += self._units(sign)
        return start + len(text.encode())

    def line_start(self, offset: int) -> int:
        """Return where the line of a byte offset begins."""
        return self._starts[max(bisect_right(self._starts, offset) - 1, 0)]

    def line_end(self, offset: int) -> int:
        """Return where the line of a byte offset ends, before the signs that end it."""
        match = _NEWLINE.search(self.raw, offset)
        return match.start() if match else len(self.raw)

    def _units(self, text: str) -> int:
        if self.encoding == types.PositionEncodingKind.Utf8:
            return len(text.encode())
        if self.encoding == types.PositionEncodingKind.Utf32:
            return len(text)
        return len(text.encode("utf-16-le")) // 2
