"""Words that say that a text is not finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from procauthor.markdown.document import Document
from procauthor.markdown.passage import read_prose
from procauthor.template.pattern import parse_pattern
from procauthor.template.spec import Template

# Upper case only: "to do" and "todo" are ordinary words in prose about work.
_WORDS = re.compile(r"(?<![\w/-])(?:TBD|TBC|TODO|FIXME|XXX|\?\?\?|20\d\d-(?:\d\d|XX)-XX)(?![\w/-])")
_PIECES = ("TBD", "TBC", "TODO", "FIXME", "XXX", "???", "-XX")
_BRACKETS = re.compile(
    r"\[(?:insert|date|name|your|placeholder|to be (?:written|defined|determined))\b[^\]\n]{0,60}\]",
    re.IGNORECASE,
)
_FILLER = re.compile(r"lorem ipsum", re.IGNORECASE)
# A mark with a label before it is no text; a mark in a longer sentence is one in a text.
_FEW_WORDS = 8
_BRACES = re.compile(r"\{[^{}\n]+?\}")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A piece of text that somebody meant to replace."""

    text: str
    start: int


def find_placeholders(document: Document) -> Iterator[Leftover]:
    """Yield placeholder words in running text; code, links and comments are left alone."""
    prose = read_prose(document)
    text = prose.text
    # To look for a few pieces is much faster than to search for patterns, and there is hardly ever something to find.
    words = (_WORDS,) if any(piece in text for piece in _PIECES) else ()
    filler = (_FILLER,) if "lorem" in text.lower() else ()
    brackets = (_BRACKETS,) if "[" in text else ()
    for pattern in (*words, *brackets, *filler):
        for passage, place, found in prose.search(pattern):
            # In capitals it is what a reader is told to replace: "Replace [YOUR DOMAIN] by ...".
            if not found.startswith("[YOUR"):
                yield Leftover(found, passage.offset(place))


def is_placeholder(text: str) -> bool:
    """Say whether a piece of text holds no more than the mark of what is to be written there."""
    mark = _WORDS.search(text)
    return mark is not None and (mark.start() == 0 or "…" in text or len(text.split()) <= _FEW_WORDS)


def find_template_text(document: Document, template: Template) -> Iterator[Leftover]:
    """Yield fields in braces that stand in the document as they stand in the template."""
    if "{" not in read_prose(document).text:
        return
    words = _fields(template.boilerplate)
    for run in document.runs:
        for match in _BRACES.finditer(run.text) if "{" in run.text else ():
            if match[0] in words or match[0].replace("?}", "}") in words:
                yield Leftover(match[0], run.start + len(run.text[: match.start()].encode()))


@lru_cache(maxsize=64)
def _fields(boilerplate: frozenset[str]) -> frozenset[str]:
    return frozenset(
        f"{{{inside}}}"
        for line in boilerplate
        for slot in parse_pattern(line).slots
        for inside in (slot.name, slot.hint)
        if inside
    )
