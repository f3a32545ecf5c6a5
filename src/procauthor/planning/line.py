"""The lines of a plan, with what is no text of the plan (code, comments, front matter, tables) blanked out."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from procauthor.markdown.document import Document
from procauthor.planning.plan import Tick
from procauthor.regex import lazy

_BULLET = lazy(r"^(\s*)(?:[-*+•]|\d{1,9}(?:\s?[-–]\s?\d{1,4})?[.)])\s+")
# Between the brackets: done, open, begun ("[~]", "[-]", "[/]", "[>]"). A sign behind them, as in "[ ]*", is no text.
_BOX = lazy(r"\[([ xX✓✔~/>-])\]\*?(?![(\[])")
_DONE_LETTERS = "xX✓✔"
_DONE_SIGNS = "✅☑✔"
_BEGUN_SIGNS = "🔄🚧⏳"
_OPEN_SIGNS = f"❌⬜☐🔲❎{_BEGUN_SIGNS}"
_SIGN = lazy(f"[{_DONE_SIGNS}{_OPEN_SIGNS}]\ufe0f?")
_SIGNS = f"(?:[{_DONE_SIGNS}{_OPEN_SIGNS}🔴🟠🟡🟢🔵⚪]\ufe0f?\\s*)+"
_LEADING = lazy(_SIGNS)
_TRAILING = lazy(_SIGNS + "$")
_PICTURES = lazy(r"^(?:[^\w\s#(\[\"'“‘<&@$/\\*_-]+\s*)+(?=\w|#|\(|\[)")


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick box or a sign on a line: whether it says done, and how to make it say so."""

    done: bool
    marker: int | None
    tick: Tick | None


@dataclass(frozen=True)
class Line:
    """One line; ``body`` is its text without bullet, box and signs."""

    number: int
    start: int
    text: str
    heading: int = 0

    @cached_property
    def bullet(self) -> bool:
        """Whether the line opens a list item."""
        return bool(_BULLET.match(self.text))

    @cached_property
    def indent(self) -> int:
        """How far the line is indented."""
        return len(self.text) - len(self.text.lstrip())

    @property
    def end(self) -> int:
        """The offset behind the line's text."""
        return self.start + len(self.text.encode())

    @cached_property
    def content(self) -> str:
        """The text behind bullet and box."""
        text = self.text.strip() if self.heading else _BULLET.sub("", self.text).strip()
        return _BOX.sub("", text, count=1).strip() if _BOX.match(text) else text

    @cached_property
    def body(self) -> str:
        """The text behind bullet and box, without signs at either end."""
        return strip_signs(self.content)

    @cached_property
    def mark(self) -> Mark | None:
        """The box of the line, else the sign that it opens with, else None."""
        bullet = _BULLET.match(self.text)
        place = bullet.end() if bullet and not self.heading else self.indent
        return self._mark(_BOX.match(self.text, place), _SIGN.match(self.text, place))

    @cached_property
    def any_mark(self) -> Mark | None:
        """The box or the sign anywhere on the line, for headings and rows."""
        return self._mark(_BOX.search(self.text), _SIGN.search(self.text))

    def _mark(self, box: re.Match[str] | None, sign: re.Match[str] | None) -> Mark | None:
        if box:
            at = self.start + len(self.text[: box.start(1)].encode())
            done, was = box[1] in _DONE_LETTERS, box[1].encode()
            return Mark(done, at, None if done else Tick(at, at + len(was), was, "x"))
        if sign:
            at = self.start + len(self.text[: sign.start()].encode())
            done, was = sign[0][0] in _DONE_SIGNS, sign[0].encode()
            return Mark(done, None, None if done else Tick(at, at + len(was), was, "✅"))
        return None


def strip_signs(text: str) -> str:
    """Return the text without signs at either end."""
    return _TRAILING.sub("", strip_leading(text.strip())).strip()


def strip_pictures(text: str) -> str:
    """Return the text without pictures and other symbols at its beginning."""
    return _PICTURES.sub("", text)


def strip_leading(text: str) -> str:
    """Return the text without signs at its beginning; those behind it may speak of something else."""
    leading = _LEADING.match(text)
    return text[leading.end() :] if leading else text


def sign_of(text: str) -> str:
    """Return the status that a sign in the text means, or an empty string."""
    shown = _SIGN.search(text)
    if not shown:
        box = _BOX.search(text)
        return "in progress" if box and box[1] in "~/>-" else ""
    sign = shown[0][0]
    return "defined" if sign in _DONE_SIGNS else "in progress" if sign in _BEGUN_SIGNS else "missing"


def read_lines(document: Document) -> list[Line]:
    """Return all lines of the document."""
    raw = _masked(document)
    headings = {h.line: h.level for h in document.headings if not h.nested}
    found = []
    for number, start in enumerate(document.source.line_starts, 1):
        end = raw.find(b"\n", start)
        text = raw[start : len(raw) if end == -1 else end].decode().rstrip("\r")
        found.append(Line(number, start, text, headings.get(number, 0)))
    return found


def _masked(document: Document) -> bytes:
    raw = bytearray(document.source.raw)
    spans = [(c.start, c.end) for c in document.comments]
    spans += [(b.start, b.end) for s in document.sections for b in s.blocks if b.kind in ("code", "table")]
    spans += [document.front_matter or (0, 0), (0, document.source.start)]
    for start, end in spans:
        raw[start:end] = re.sub(rb"[^\r\n]", b" ", raw[start:end])
    return bytes(raw)


def lines_of(lines: list[Line], start: int, end: int) -> list[Line]:
    """Return the lines that begin between two offsets."""
    first = bisect_left(lines, start, key=lambda line: line.start)
    return lines[first : bisect_left(lines, end, key=lambda line: line.start)]
