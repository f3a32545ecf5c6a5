"""The parts of a document that are written, reviewed and approved as wholes, each with the hash of its bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from procauthor.markdown.document import Document
from procauthor.markdown.title import title_section, top_sections
from procauthor.procedure import Stamp, stamp
from procauthor.template.key import section_key

LEAD = ""
_LEAD_SHOWN = "(above the first section)"


class TopSection(Struct, frozen=True, array_like=True, gc=False):
    """A section directly below the title, with all below it.

    ``key`` names it whatever its number and spelling, a second one of the same key ends in ``#2``; the text between the
    title and the first section has the key ``LEAD``. Lines count from 1, the last one is included. The hash is the same
    whether lines end in LF or in CRLF, for that changes when a repository is cloned.
    """

    key: str
    heading: str
    line: int
    last: int
    hash: Stamp

    @property
    def shown(self) -> str:
        """What to call the section."""
        return self.heading or _LEAD_SHOWN


def show_key(key: str) -> str:
    """Return what to call a section of which only the key is known."""
    return key or _LEAD_SHOWN


def read_marks(document: Document) -> tuple[TopSection, ...]:
    """Return the marks of a document in order.

    Front matter and the line of the title belong to none: they say what the document is called and where it belongs,
    and change when it is renamed. Every other byte belongs to exactly one, but blank lines above the first section.
    """
    return (*_lead(document), *_sections(document))


def _lead(document: Document) -> Iterator[TopSection]:
    raw, title = document.source.raw, title_section(document)
    parts = [document.sections[0], *([title] if title else [])]
    spans = [(_body(document, part.body), part.end) for part in parts]
    text = b"".join(raw[start:end] for start, end in spans)
    if text.strip():
        first = next(end - len(raw[start:end].lstrip()) for start, end in spans if raw[start:end].strip())
        yield TopSection(LEAD, "", document.source.line(first), _last_line(document, spans[-1][1]), _hash(text))


def _body(document: Document, start: int) -> int:
    """Return where text begins that is not front matter."""
    return max(start, document.front_matter[1] if document.front_matter else document.source.start)


def _sections(document: Document) -> Iterator[TopSection]:
    counted: Counter[str] = Counter()
    for section in top_sections(document):
        key = section_key(section.title)
        counted[key] += 1
        name = f"{key}#{counted[key]}" if counted[key] > 1 or not key else key
        end = document.end(section)
        text = document.source.raw[section.start : end]
        yield TopSection(name, section.title, section.line, _last_line(document, end), _hash(text))


def _hash(text: bytes) -> Stamp:
    return stamp(text.replace(b"\r\n", b"\n"))


def _last_line(document: Document, end: int) -> int:
    """Return the last line with text before an offset."""
    raw = document.source.raw
    # A slice of all before it would be copied for every section.
    while end > 0 and raw[end - 1 : end].isspace():
        end -= 1
    return document.source.line(max(0, end - 1))
