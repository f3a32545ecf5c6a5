"""Where the text of a heading is written."""

from __future__ import annotations

import re

from procauthor.markdown.document import Document, Heading

_ATX = re.compile(rb"[ \t]*#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*(?:\r?\n)?", re.DOTALL)
_SETEXT = re.compile(rb"[ \t]*(.*?)[ \t]*\r?\n[ \t]*(?:=+|-+)[ \t]*(?:\r?\n)?", re.DOTALL)


def heading_span(document: Document, heading: Heading) -> tuple[int, int]:
    """Return the span of what is written in a heading, without its marks and the spaces around."""
    raw = document.source.raw[heading.start : heading.end]
    match = (_ATX if raw.lstrip().startswith(b"#") else _SETEXT).fullmatch(raw)
    if match is None:
        return heading.start, heading.start
    return heading.start + match.start(1), heading.start + match.end(1)
