"""What a reader sees of a document, as runs, letters and leaves with their places, and what in it is not read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal

from msgspec import Struct

from procauthor.markdown.document import Document, Replacement, TextRun, escape
from procauthor.markdown.parse import read_events
from procauthor.regex import lazy

_LONG_RUN = 2000
_MARKS = lazy(rb"[*_~\\]*")
_LINE_END = lazy(rb"[*_~\\ \t]*\r?\n[ \t>]*[*_~\\]*")


class PlainText(Struct, frozen=True, gc=False):
    """Text without code and links between; ``runs`` begin at ``starts`` within the text."""

    text: str
    runs: tuple[TextRun, ...]
    starts: tuple[int, ...]

    @property
    def heading(self) -> bool:
        """Whether it is in a heading."""
        return self.runs[0].heading

    def offset(self, place: int) -> int:
        """Return the byte offset of a character of the text."""
        index = bisect_right(self.starts, place) - 1
        run = self.runs[index]
        before = place - self.starts[index]
        return min(run.start + _bytes(run.text, before), run.end)


def _bytes(text: str, place: int) -> int:
    """Return the number of bytes before a character; of a very long text only what is behind a mark is counted."""
    if text.isascii():
        return place
    if len(text) < _LONG_RUN:
        return len(text[:place].encode())
    mark, rest = divmod(place, _LONG_RUN)
    return _marks(text)[mark] + len(text[place - rest : place].encode())


@lru_cache(maxsize=1)
def _marks(text: str) -> list[int]:
    """Return the number of bytes before every character at a mark. Questions come run by run, so one is kept."""
    parts = (len(text[at : at + _LONG_RUN].encode()) for at in range(0, len(text), _LONG_RUN))
    return [0, *accumulate(parts)]


class Prose:
    """All passages of a document behind each other, so that one search looks through all of them.

    Between two passages is what no pattern for running text can cross: line ends. A passage is made when it is
    asked for, because hardly any is.

    Args:
        document: What is to be read.
    """

    def __init__(self, document: Document) -> None:
        raw = document.source.raw
        self._runs = runs = document.runs
        # Of each run the place in the text; of each passage the number of its first run.
        self._places: list[int] = []
        self._firsts: list[int] = []
        text: list[str] = []
        place = end = 0
        heading: bool | None = None
        for number, run in enumerate(runs):
            gap = _gap(raw[end : run.start]) if heading is run.heading else None
            if gap is None:
                self._firsts.append(number)
                gap = _BETWEEN
            place += len(gap)
            self._places.append(place)
            place += len(run.text)
            text += (gap, run.text)
            end, heading = run.end, run.heading
        self.text = "".join(text)

    def __iter__(self) -> Iterator[PlainText]:
        return map(self._passage, range(len(self._firsts)))

    def search(self, pattern: re.Pattern[str]) -> Iterator[tuple[PlainText, int, str]]:
        """Yield each match with its passage and its place there."""
        last: dict[int, PlainText] = {}
        for match in pattern.finditer(self.text):
            number = self._number(match.start())
            last = last if number in last else {number: self._passage(number)}
            yield last[number], match.start() - self._places[self._firsts[number]], match[0]

    def around(self, places: Iterable[int]) -> Iterator[PlainText]:
        """Yield the passages around places of the text, each once and in order."""
        return map(self._passage, sorted({self._number(place) for place in places}))

    def _number(self, place: int) -> int:
        return bisect_right(self._firsts, bisect_right(self._places, place) - 1) - 1

    def _passage(self, number: int) -> PlainText:
        first = self._firsts[number]
        last = self._firsts[number + 1] if number + 1 < len(self._firsts) else len(self._runs)
        begin, end = self._places[first], self._places[last - 1] + len(self._runs[last - 1].text)
        starts = tuple(place - begin for place in self._places[first:last])
        return PlainText(self.text[begin:end], self._runs[first:last], starts)


_BETWEEN = "\n\n"


def read_prose(document: Document) -> Prose:
    """Return the running text of a document; it is put together once."""
    return document.once("prose", lambda: Prose(document))


def read_passages(document: Document) -> Iterator[PlainText]:
    """Yield the passages of a document in order."""
    return iter(read_prose(document))


def _gap(between: bytes) -> str | None:
    """Return what a reader sees between two runs, or None where they do not belong together."""
    return _short_gap(between) if len(between) < _SHORT else _read_gap(between)


def _read_gap(between: bytes) -> str | None:
    if between == b"\n":
        return " "
    if _MARKS.fullmatch(between):
        return ""
    return " " if _LINE_END.fullmatch(between) else None


# What is between two runs is mostly one of a few things, and short.
_SHORT = 24
_short_gap = lru_cache(maxsize=4096)(_read_gap)


LeafKind = Literal["text", "code", "break", "html", "footnote", "task", "rule"]
_KINDS: dict[str, LeafKind] = {
    "Text": "text",
    "Code": "code",
    "Html": "html",
    "InlineHtml": "html",
    "FootnoteReference": "footnote",
    "TaskListMarker": "task",
    "SoftBreak": "break",
    "HardBreak": "break",
    "Rule": "rule",
}


class Container(Struct, gc=False):
    """What leaves are in: ``tag`` is Paragraph, Link, Strong and so on; ``data`` is what the parser says of it.

    ``place`` counts the cells of a row, from 0.
    """

    tag: str
    data: Any
    start: int
    end: int
    place: int = 0
    above: str = ""
    """The tag of what it is in itself."""


class Leaf(Struct, frozen=True, gc=False):
    """A piece of a document that holds no other; ``text`` is what is meant, a break is one space."""

    kind: LeafKind
    text: str
    start: int
    end: int
    path: tuple[Container, ...]


class Parts(Struct, frozen=True):
    """All containers of a document and all leaves, in the order in which they begin."""

    containers: tuple[Container, ...]
    leaves: tuple[Leaf, ...]

    def within(self, tag: str, start: int) -> Iterator[Leaf]:
        """Yield the leaves in the container with a tag that begins at an offset."""
        return (leaf for leaf in self.leaves if any(c.tag == tag and c.start == start for c in leaf.path))


def read_parts(document: Document) -> Parts:
    """Return the parts of a document; they are read once."""
    return document.once("parts", lambda: _read(document))


def _named(event: Any) -> tuple[str, Any]:
    """Return the name of an event or a tag, with what the parser says of it."""
    return (event, None) if isinstance(event, str) else next(iter(event.items()))


def _read(document: Document) -> Parts:
    containers: list[Container] = []
    leaves: list[Leaf] = []
    path: tuple[Container, ...] = ()
    cell = 0
    for event, start, end in read_events(document):
        name, value = _named(event)
        if name == "Start":
            tag, data = _named(value)
            cell = 0 if tag in ("TableRow", "TableHead") else cell
            above = path[-1].tag if path else ""
            container = Container(tag, data, start, end, cell if tag == "TableCell" else 0, above)
            cell += tag == "TableCell"
            containers.append(container)
            path = (*path, container)
        elif name == "End":
            path = path[:-1]
        else:
            kind = _KINDS.get(name, "html")
            leaves.append(Leaf(kind, " " if kind == "break" else str(value or ""), start, end, path))
    return Parts(tuple(containers), tuple(leaves))


_EMPHASIS = frozenset({"Strong", "Emphasis", "Strikethrough"})


class Shown(Struct, frozen=True):
    """The text of some leaves. Of each letter: the span of its bytes, and the number of the stretch that it is in.

    Within a stretch all letters have the same emphasis, and there is nothing between them that a reader does not see.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    stretches: tuple[int, ...]
    codes: frozenset[int]
    """The stretches of code."""
    cells: frozenset[int]
    """The stretches within a cell of a table."""
    marked: frozenset[int]
    """The stretches that have more emphasis than others."""
    fixed: frozenset[int]
    """The stretches that are something of their own there: code, a link or a picture."""

    def replace(self, start: int, end: int, text: str) -> Replacement | None:
        """Return what puts a text in place of some letters; None where these are in several stretches.

        Code can hold no backtick.
        """
        if start >= end or len(set(self.stretches[start:end])) > 1:
            return None
        code = self.stretches[start] in self.codes
        if code and "`" in text:
            return None
        written = escape(text)
        if code:
            written = text.replace("|", "\\|") if self.stretches[start] in self.cells else text
        return Replacement(self.spans[start][0], self.spans[end - 1][1], written, text)


def read_shown(document: Document, leaves: Iterable[Leaf]) -> Shown:
    """Return what a reader sees of leaves that follow each other."""
    text: list[str] = []
    spans: list[tuple[int, int]] = []
    stretches: list[int] = []
    paths: dict[int, tuple[Container, ...]] = {}
    codes: set[int] = set()
    number, before = 0, None
    behind = -1
    for leaf in leaves:
        if leaf.kind not in ("text", "code", "break"):
            before = None
            continue
        sort: tuple[bool, tuple[Container, ...]] = (leaf.kind == "code", leaf.path)
        if sort != before:
            number, before = number + 1, sort
        if leaf.kind == "code":
            codes.add(number)
        paths[number] = leaf.path
        text.append(leaf.text)
        spans += _spans(document.source.raw, leaf, behind)
        stretches += [number] * len(leaf.text)
        behind = leaf.end
    least = min(map(len, paths.values()), default=0)
    marked = {stretch for stretch, path in paths.items() if len(path) > least}
    fixed = {stretch for stretch in marked if any(c.tag not in _EMPHASIS for c in paths[stretch][least:])} | codes
    cells = {stretch for stretch, path in paths.items() if any(c.tag == "TableCell" for c in path)}
    sets = map(frozenset, (codes, cells, marked, fixed))
    return Shown("".join(text), tuple(spans), tuple(stretches), *sets)


def _spans(raw: bytes, leaf: Leaf, behind: int) -> list[tuple[int, int]]:
    """Return the span of each letter; an escaped sign begins with its backslash, an entity is one piece."""
    written = raw[leaf.start : leaf.end]
    inside = written.find(leaf.text.encode())
    if inside < 0 or (leaf.kind == "text" and len(written) != len(leaf.text.encode())):
        return [(leaf.start, leaf.end)] * len(leaf.text)
    place = leaf.start + inside
    places = []
    for letter in leaf.text:
        size = len(letter.encode())
        places.append((place, place + size))
        place += size
    escaped = leaf.kind == "text" and raw[leaf.start - 1 : leaf.start] == b"\\" and behind < leaf.start
    if escaped and places:
        places[0] = (leaf.start - 1, places[0][1])
    return places


Notation = Literal[
    "wiki link",
    "include",
    "shortcode",
    "footnote",
    "link in HTML",
    "link with a space",
    "link in a directive",
    "link in a diagram",
]
_DEFINED = lazy(rb"^\[\^[^\]\r\n]+\]:", re.MULTILINE)
# What a browser shows as it is, or not at all.
_UNMARKED = lazy(rb"<!--.*?-->|<(pre|script|style|textarea)\b.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# A line of a list or a quote that begins with a tag.
_TAG_INSIDE = lazy(rb"^(?:[ \t>]|[-+*][ \t]|\d{1,9}[.)][ \t])++</?[a-zA-Z]", re.MULTILINE)
_LINK_IN_HTML = lazy(rb"\[[^\[\]\r\n]+\]\([^)\s]+")
_PATTERNS: dict[Notation, re.Pattern[bytes]] = {
    # Not "[[ -f x ]]" of a shell, "[[:space:]]", a number, or the place of a table of contents.
    "wiki link": lazy(rb"!?\[\[(?![\s:.!-]|_TOC_\]|\d+\])[^\[\]\r\n]+\]\](?![(\[])"),
    "include": lazy(
        rb"^[ \t]*;?--8<--|\{%-?[ \t]*include\w*[ \t]|\{![ \t]*[\w./-]+[ \t]*!\}|\{\{#\w*include[ \t]|\[!INCLUDE[ \t]",
        re.MULTILINE,
    ),
    "shortcode": lazy(rb"\{\{[<%][ \t]*(?!/)"),
    # One that is not defined, behind a word: "[^abc]" by itself may be a set of letters.
    "footnote": lazy(rb"(?<=\S)\[\^[\w-]+\](?!:)"),
    "link with a space": lazy(
        rb"\](?=\([ \t]*[^\s()<>\"']++[ \t][^()<>\r\n\"']*\.(?:md|markdown|mdx)(?:#[^()\s]{0,200})?\))"
    ),
}

_PAGE = rb"[^)\s\"]{1,300}?\.(?:md|markdown|mdx)(?:#[^)\s\"]{0,200})?"
# Links in blocks of code that are none: how the block begins, and what a link looks like in it.
_IN_CODE: dict[Notation, tuple[re.Pattern[bytes], re.Pattern[bytes]]] = {
    "link in a directive": (
        lazy(rb"(?:`{3,}|~{3,})[ \t]*\{[a-zA-Z][\w:-]*\}"),
        lazy(rb"\[[^\[\]\r\n]+\]\(" + _PAGE + rb"\)"),
    ),
    "link in a diagram": (
        lazy(rb"(?:`{3,}|~{3,})[ \t]*\{?mermaid\b"),
        lazy(rb"^[ \t>]*click[ \t]+\S+[ \t]+(?:href[ \t]+)?\"" + _PAGE + rb"\"", re.MULTILINE),
    ),
}


# What each of them holds: to look for a few bytes is much faster than for a pattern.
_PIECES: dict[Notation, tuple[bytes, ...]] = {
    "wiki link": (b"[[",),
    "include": (b"--8<--", b"{%", b"{!", b"{{#", b"[!INCLUDE"),
    "shortcode": (b"{{",),
    "footnote": (b"[^",),
    "link with a space": (b"](",),
}


class Foreign(Struct, frozen=True, gc=False):
    """A notation that is not read: how often it is there, and the offset of the first."""

    notation: Notation
    start: int
    count: int


def find_foreign(document: Document) -> Iterator[Foreign]:
    """Yield each notation that running text holds and that is not read; examples in code do not count."""
    raw = document.source.raw
    for notation, pattern in _PATTERNS.items():
        if not any(piece in raw for piece in _PIECES[notation]):
            continue
        if notation == "footnote" and not _DEFINED.search(raw):
            continue
        places = [match.end() - len(match[0].lstrip()) for match in pattern.finditer(raw)]
        shown = [place for place in places if document.is_text(place)]
        if shown:
            yield Foreign(notation, shown[0], len(shown))
    places = list(_links_in_html(document))
    if places:
        yield Foreign("link in HTML", places[0], len(places))
    for notation, (opening, link) in _IN_CODE.items():
        places = list(_links_in_code(document, opening, link))
        if places:
            yield Foreign(notation, places[0], len(places))


def _links_in_code(document: Document, opening: re.Pattern[bytes], link: re.Pattern[bytes]) -> Iterator[int]:
    """Yield the offsets of links in such blocks. These may be in a list, and then the text is read once more."""
    raw = document.source.raw
    for block in read_parts(document).containers if opening.search(raw) else ():
        if block.tag == "CodeBlock" and opening.match(raw, block.start):
            yield from (match.start() for match in link.finditer(raw, block.start, block.end))


def _links_in_html(document: Document) -> Iterator[int]:
    """Yield the offsets of links of Markdown that directly follow a tag: no empty line says that Markdown begins."""
    raw = document.source.raw
    for start, end in _html_spans(document) if b"](" in raw else ():
        if raw.find(b"](", start, end) != -1:
            text = _UNMARKED.sub(lambda match: b" " * len(match[0]), raw[start:end])
            yield from (start + match.start() for match in _LINK_IN_HTML.finditer(text))


def _html_spans(document: Document) -> Iterator[tuple[int, int]]:
    """Yield where blocks of HTML are, those in lists and quotes among them: for these the text is read once more."""
    if _TAG_INSIDE.search(document.source.raw):
        yield from ((each.start, each.end) for each in read_parts(document).containers if each.tag == "HtmlBlock")
    else:
        yield from ((block.start, block.end) for block in document.blocks if block.kind == "html")


_OPENING = lazy(rb"^<{7}(?: [^\r\n]*)?\r?$", re.MULTILINE)
_MIDDLE = lazy(rb"^={7}\r?$", re.MULTILINE)
_CLOSING = lazy(rb"^>{7}(?: [^\r\n]*)?\r?$", re.MULTILINE)
# A single word is not quoted seven deep: it is the name of a branch, or a commit and its subject.
_LEFT = lazy(rb"^(?:>{7} \S+(?: \(.*\))?|\|{7} (?:\S+|merged common ancestors))\r?$", re.MULTILINE)
# A block of code that is a conflict and nothing else.
_EXAMPLE = lazy(rb"[^\n]*\n\s*<{7}(?: [^\n]*)?\n.*^>{7}(?: [^\n]*)?\n\s*(?:[`~]+\s*)?", re.MULTILINE | re.DOTALL)
_SIGNS = (b"<<<<<<<", b">>>>>>>", b"|||||||")
_LANGUAGE = lazy(rb"\s*(?:`{3,}|~{3,})[ \t]*\{?\.?(\w+)")
_PLAIN = frozenset({b"text", b"txt", b"plain", b"plaintext", b"diff", b"patch", b"console", b"output", b"none", b"git"})


def find_conflict(document: Document) -> int | None:
    """Return the offset of the first line of an unresolved conflict, or None.

    A line that opens one is followed by the two others, or has a name behind it; a line that closes one has a name,
    and so has one before what both sides began with.
    A block of code may show what a conflict looks like, if it is plain text or holds nothing else: one among commands
    is real.
    """
    raw = document.source.raw
    if not any(sign in raw for sign in _SIGNS):
        return None
    text = bytearray(raw)
    for block in document.blocks:
        if block.kind == "code" and _is_example(raw[block.start : block.end]):
            # Spaces keep every offset, and no mark.
            text[block.start : block.end] = b" " * (block.end - block.start)
    places = [match.start() for match in (_opening(text), _LEFT.search(text)) if match]
    return min(places, default=None)


def _is_example(block: bytes) -> bool:
    """Say whether a block of code with a conflict shows what one looks like: it is plain text, or nothing else."""
    language = _LANGUAGE.match(block)
    if language is None or language[1].lower() in _PLAIN:
        return _SIGNS[1] in block
    return _EXAMPLE.fullmatch(block) is not None


def _opening(text: bytearray) -> re.Match[bytes] | None:
    opening = _OPENING.search(text)
    if opening is None:
        return None
    middle = _MIDDLE.search(text, opening.end())
    closed = middle is not None and _CLOSING.search(text, middle.end()) is not None
    return opening if closed or opening[0].strip() != _SIGNS[0] else None
