"""Words that say that a text is not finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from procauthor.markdown.document import Document
from procauthor.markdown.passage import read_passages
from procauthor.template.pattern import parse_pattern
from procauthor.template.spec import Template

# Upper case only: "to do" and "todo" are ordinary words in prose about work.
_WORDS = re.compile(r"(?<![\w/-])(?:TBD|TBC|TODO|FIXME|XXX|\?\?\?|20\d\d-(?:\d\d|XX)-XX)(?![\w/-])")
_PHRASES = re.compile(
    r"\[(?:insert|date|name|your|placeholder|to be (?:written|defined|determined))\b[^\]\n]{0,60}\]|lorem ipsum",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A piece of text that somebody meant to replace."""

    text: str
    start: int


def find_placeholders(document: Document) -> Iterator[Leftover]:
    """Yield placeholder words in running text; code, links and comments are left alone."""
    for passage in read_passages(document):
        for pattern in (_WORDS, _PHRASES):
            for match in pattern.finditer(passage.text):
                # In capitals it is what a reader is told to replace: "Replace [YOUR DOMAIN] by ...".
                if match[0].startswith("[YOUR"):
                    continue
                yield Leftover(match[0], passage.offset(match.start()))


def find_template_text(document: Document, template: Template) -> Iterator[Leftover]:
    """Yield fields in braces that stand in the document as they stand in the template."""
    words = {
        f"{{{inside}}}"
        for line in template.boilerplate
        for slot in parse_pattern(line).slots
        for inside in (slot.name, slot.hint)
        if inside
    }
    for run in document.runs:
        for match in re.finditer(r"\{[^{}\n]+?\}", run.text):
            if match[0] in words or match[0].replace("?}", "}") in words:
                yield Leftover(match[0], run.start + len(run.text[: match.start()].encode()))
