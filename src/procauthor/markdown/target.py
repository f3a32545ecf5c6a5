"""Where the targets and the texts of links are written: inline, in reference definitions, and in HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from procauthor.markdown.document import Definition, Document, Link, Replacement
from procauthor.markdown.parse import read_definitions
from procauthor.markdown.passage import Container, read_parts
from procauthor.regex import lazy

Form = Literal["inline", "definition", "html"]

_TITLE = r"""\s+(?P<title>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\))"""
_INLINE_END = lazy(rf"""\]\(\s*(?P<dest><[^<>\n]*>|[^\s<][^\s]*?)(?:{_TITLE})?\s*\)""")
_DEFINITION = lazy(
    rf"\[(?:\\.|[^\]\\])*\]:[ \t]*(?:\r?\n[ \t>]*)?(?P<dest><[^<>\n]*>|\S+)(?:{_TITLE}\s*\Z)?", re.DOTALL
)
# An address between angle brackets holds no space.
_TAG = lazy(rb"<[a-zA-Z][\w-]*[\s/]")
_ENTITY = lazy(r"&(?:#\d+|#[xX][\da-fA-F]+|\w+);")
_ESCAPE = lazy(r"\\([!-/:-@\[-`{-~])")


class Spot(Struct, frozen=True):
    """A target as it is written, with its span; ``target`` is what it means, ``angle`` whether it is in <...>."""

    form: Form
    written: str
    target: str
    start: int
    end: int
    angle: bool = False


class LinkText(Struct, frozen=True):
    """The span of a link's text. ``label`` is the label that has to be kept where the text is the label itself."""

    start: int
    end: int
    label: str = ""
    rest: int = 0
    """Where the link ends: behind the text and its brackets."""


def read_spots(document: Document) -> Iterator[Spot]:
    """Yield the written targets of a document; of a reference, the target is in its definition."""
    for link in document.links:
        spot = _html_spot(document, link) if is_html(document, link) else find_spot(document, link)
        if spot:
            yield spot
    for definition in read_definitions(document):
        raw = _raw(document, definition.start, definition.end)
        match = _DEFINITION.match(raw)
        if match:
            yield _spot("definition", definition.start, raw, match.span("dest"), definition.target)


def read_titles(document: Document) -> Iterator[Spot]:
    """Yield what links and definitions say when a pointer is over them, ``[a](b.md "title")``, without the quotes."""
    for link in document.links:
        if not link.label and not is_html(document, link):
            yield from _title(document, link, _inline_end(_raw(document, link.start, link.end), link))
    for definition in read_definitions(document):
        yield from _title(document, definition, _DEFINITION.match(_raw(document, definition.start, definition.end)))


def _title(document: Document, link: Link | Definition, match: re.Match[str] | None) -> Iterator[Spot]:
    if match and match["title"]:
        start, end = (link.start + len(match.string[:place].encode()) for place in match.span("title"))
        form: Form = "definition" if isinstance(link, Definition) else "inline"
        yield Spot(form, _raw(document, start + 1, end - 1), link.target, start + 1, end - 1)


def _raw(document: Document, start: int, end: int) -> str:
    return document.source.raw[start:end].decode()


def is_html(document: Document, link: Link) -> bool:
    """Say whether a link is written as HTML."""
    return _TAG.match(document.source.raw, link.start) is not None


def _spot(form: Form, at: int, raw: str, span: tuple[int, int], target: str) -> Spot:
    written = raw[span[0] : span[1]]
    angle = written.startswith("<")
    start, end = (span[0] + 1, span[1] - 1) if angle else span
    offset = at + len(raw[:start].encode())
    return Spot(form, raw[start:end], target, offset, offset + len(raw[start:end].encode()), angle)


def _html_spot(document: Document, link: Link) -> Spot:
    """Return the attribute's value: the link's span ends with it, or with its closing quote."""
    size = len(link.target.encode())
    end = link.end - (document.source.raw[link.end - 1 : link.end] in (b'"', b"'"))
    return Spot("html", link.target, html.unescape(link.target), end - size, end)


def find_spot(document: Document, link: Link) -> Spot | None:
    """Return the written target of an inline link; that of a reference is elsewhere."""
    if link.label:
        return None
    raw = _raw(document, link.start, link.end)
    match = _inline_end(raw, link)
    return _spot("inline", link.start, raw, match.span("dest"), link.target) if match else None


def _inline_end(raw: str, link: Link) -> re.Match[str] | None:
    """Return the end of an inline link from its closing bracket on: the first that means the link's target."""
    position = raw.find("](")
    while position != -1:
        match = _INLINE_END.fullmatch(raw, position)
        if match and _meaning(match["dest"]) == link.target:
            return match
        position = raw.find("](", position + 1)
    return None


def _meaning(written: str) -> str:
    bare = written[1:-1] if written.startswith("<") else written
    return _ENTITY.sub(lambda m: html.unescape(m[0]), _ESCAPE.sub(r"\1", bare))


def read_text(document: Document, link: Link) -> LinkText | None:
    """Return where the text of a Markdown link is, or None for an autolink, an image or HTML."""
    raw = _raw(document, link.start, link.end)
    if link.image or not raw.startswith("["):
        return None
    label = ""
    if not link.label:
        match = _inline_end(raw, link)
        end = match.start() if match else -1
    elif raw.endswith("[]"):
        end, label = len(raw) - 3, raw[1:-3]
    else:
        second = raw.rfind("][")
        end, label = (second, "") if second > 0 else (len(raw) - 1, raw[1:-1])
    if end < 1:
        return None
    start = link.start + 1
    return LinkText(start, start + len(raw[1:end].encode()), label, link.end)


def find_link(document: Document, link: Link) -> Container | None:
    """Return the container of a Markdown link."""
    tag = "Image" if link.image else "Link"
    return next((c for c in read_parts(document).containers if c.tag == tag and c.start == link.start), None)


def keep_label(document: Document, link: Container) -> Iterator[Replacement]:
    """Yield what gives a link the label of its own that its text was until now; nothing where it needs none."""
    raw = document.source.raw
    label = raw[link.start + 1 : link.end - 1].decode()
    if link.data["link_type"] == "Shortcut":
        yield Replacement(link.end, link.end, f"[{label}]")
    elif link.data["link_type"] == "Collapsed":
        # The parser's span of the link ends before its empty brackets.
        yield Replacement(link.end + 1, link.end + 1, label)
