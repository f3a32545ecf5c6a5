"""What a brief tells of a document that it does not show: in a few words, so that its text need not be read again."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from procauthor.convention.word import words
from procauthor.library.contract import sections_of
from procauthor.library.placeholder import is_placeholder
from procauthor.markdown.document import Document, Section
from procauthor.markdown.passage import read_prose
from procauthor.template.spec import Template


class Gist(Struct, frozen=True, array_like=True):
    """What a document is for, and whom and what it names.

    Attributes:
        purpose: What people wrote about the purpose, without marks of what is still to be written.
        triggers: The events that start the procedure.
        roles: The roles that it names, each once: "security lead".
        registers: The registers and logs that it names, each once: "Risk Register".
        composed: Whether the offline author put it together from what others say.
    """

    purpose: str
    triggers: tuple[str, ...]
    roles: tuple[str, ...]
    registers: tuple[str, ...]
    composed: bool


def read_gist(document: Document, template: Template | None) -> Gist:
    """Return the gist of a document."""
    roles, registers = _patterns()
    text = read_prose(document).text
    sections = sections_of(document, template, "trigger")
    items = (item for section in sections for block in section.blocks for item in block.items)
    author = document.fields.get("written_by")
    return Gist(
        purpose=_purpose(document, template),
        triggers=tuple(" ".join(item.text.split()) for item in items),
        roles=tuple(sorted(set(roles.findall(text)))),
        registers=tuple(sorted(set(registers.findall(text)))),
        composed=author is not None and str(author.value).startswith("offline author"),
    )


def _purpose(document: Document, template: Template | None) -> str:
    """Return the text of the section for the purpose; where it has none, that of the first section."""
    first = [section for section in document.sections if section.level > 1][:1]
    texts = (_paragraphs(section) for section in (*sections_of(document, template, "purpose"), *first))
    return next(filter(None, texts), "")


def _paragraphs(section: Section) -> str:
    texts = (b.text for b in section.blocks if b.kind == "paragraph" and not is_placeholder(b.text))
    return " ".join(" ".join(texts).split())


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of roles and of registers: by the words at their end, which ship as data."""
    heads = words()["brief"]
    roles, registers = ("|".join(map(re.escape, heads[name])) for name in ("roles", "registers"))
    articles = "|".join(map(re.escape, heads["articles"]))
    return (
        re.compile(rf"\b(?i:{articles}) ((?:[a-z][a-z-]+ ){{1,2}}(?:{roles}))\b"),
        re.compile(rf"\b((?:[A-Z][\w-]+ ){{1,3}}(?:{registers}))\b"),
    )
