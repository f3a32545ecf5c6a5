"""What a document holds that is not read: notations of other programs, and marks of an unresolved merge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from procauthor.markdown.document import Document
from procauthor.markdown.passage import read_parts
from procauthor.regex import lazy

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
