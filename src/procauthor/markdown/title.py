"""Where the title is, what stands below it, and where the text of a heading is written."""

from __future__ import annotations

import re

from procauthor.markdown.document import Document, Heading, Section

# Attributes in braces behind a heading stay when its words change.
_ATTRIBUTES = rb"(?:[ \t]+\{:?[ \t]*(?:[^{}\r\n]{0,200}[ \t])?[#.][\w:.-][^{}\r\n]{0,200}\})?"
_ATX = re.compile(rb"[ \t]*#{1,6}[ \t]+(.*?)" + _ATTRIBUTES + rb"(?:[ \t]+#+)?[ \t]*(?:\r?\n)?", re.DOTALL)
_SETEXT = re.compile(rb"[ \t]*(.*?)" + _ATTRIBUTES + rb"[ \t]*\r?\n[ \t]*(?:=+|-+)[ \t]*(?:\r?\n)?", re.DOTALL)


def heading_span(document: Document, heading: Heading) -> tuple[int, int]:
    """Return the span of what is written in a heading, without its marks and the spaces around."""
    raw = document.source.raw[heading.start : heading.end]
    match = (_ATX if raw.lstrip().startswith(b"#") else _SETEXT).fullmatch(raw)
    if match is None:
        return heading.start, heading.start
    return heading.start + match.start(1), heading.start + match.end(1)


def top_sections(document: Document) -> list[Section]:
    """Return the sections directly below the title, or at the top where there is no title."""
    title = title_section(document)
    above = {None, 0} | ({title.index} if title else set())
    return [s for s in document.sections if s.heading and s is not title and s.parent in above]


def title_section(document: Document) -> Section | None:
    """Return the section of the title."""
    return next((s for s in document.sections if s.level == 1), None)
