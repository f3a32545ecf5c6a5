"""The lines of a plan: boxes, signs and emphasis; code, comments, front matter and tables are blanked out."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property, lru_cache

from msgspec import Struct

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
_LEADING, _TRAILING = lazy(_SIGNS), lazy(_SIGNS + "$")
_PICTURES = lazy(r"^(?:[^\w\s#(\[\"'“‘<&@$/\\*_-]+\s*)+(?=\w|#|\(|\[)")
_LINK = lazy(r"!?\[([^\]]+)\]\([^)]*\)")
_MARKS = lazy(r"\*\*|__|`|~~")
_EMPHASIS = lazy(r"(?<!\w)[*_](\S(?:.*?\S)?)[*_](?!\w)")
_MARKUP = frozenset("[*_`~")


class Mark(Struct, frozen=True):
    """A tick box or a sign on a line: whether it says done, and how to make it say so."""

    done: bool
    marker: int | None
    tick: Tick | None


class Line(Struct, frozen=True, dict=True):
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
        """The box or the sign anywhere on the line, for headings and rows; beside an open sign, ✅ says nothing."""
        mark = self._mark(_BOX.search(self.text), _SIGN.search(self.text))
        return None if mark and mark.done and mark.marker is None and sign_of(self.text) != "defined" else mark

    def _mark(self, box: re.Match[str] | None, sign: re.Match[str] | None) -> Mark | None:
        if not (shown := box or sign):
            return None
        was = box[1] if box else shown[0]
        at = self.start + len(self.text[: shown.start(1) if box else shown.start()].encode())
        done = was[0] in (_DONE_LETTERS if box else _DONE_SIGNS)
        ticked = "x" if box else "✅"
        tick = None if done else Tick(at, at + len(was.encode()), was.encode(), ticked)
        return Mark(done, at if box else None, tick)


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


def strip_emphasis(text: str) -> str:
    """Return the text without emphasis, links and code marks around its words."""
    if _MARKUP.isdisjoint(text):
        return text.strip()
    return _EMPHASIS.sub(r"\1", _MARKS.sub("", _LINK.sub(r"\1", text))).strip()


@lru_cache(maxsize=1 << 16)
def plain_text(text: str) -> str:
    """Return the text of a line without emphasis and signs."""
    return strip_signs(strip_emphasis(text))


def sign_of(text: str) -> str:
    """Return the status that a sign in the text means, or an empty string."""
    shown, box = {sign[0] for sign in _SIGN.findall(text)}, _BOX.search(text)
    if not shown:
        return "in progress" if box and box[1] in "~/>-" else ""
    done = shown.intersection(_DONE_SIGNS)
    # "Code ✅ / Server ☐" is begun.
    if shown.intersection(_BEGUN_SIGNS) or (done and done < shown):
        return "in progress"
    return "defined" if done else "missing"


def read_lines(document: Document) -> list[Line]:
    """Return all lines of the document."""
    raw = bytearray(document.source.raw)
    spans = [(c.start, c.end) for c in document.comments]
    for section in document.sections:
        spans += [(block.start, block.end) for block in section.blocks if block.kind in ("code", "table")]
    for start, end in (*spans, document.front_matter or (0, 0), (0, document.source.start)):
        raw[start:end] = re.sub(rb"[^\r\n]", b" ", raw[start:end])
    levels = {h.line: h.level for h in document.headings if not h.nested}
    starts = document.source.line_starts
    texts = (bytes(raw[a:b]).decode().rstrip("\r\n") for a, b in zip(starts, [*starts[1:], len(raw)], strict=True))
    return [Line(n, at, text, levels.get(n, 0)) for n, (at, text) in enumerate(zip(starts, texts, strict=True), 1)]


def lines_of(lines: list[Line], start: int, end: int) -> list[Line]:
    """Return the lines that begin between two offsets."""
    first = bisect_left(lines, start, key=lambda line: line.start)
    return lines[first : bisect_left(lines, end, key=lambda line: line.start)]
