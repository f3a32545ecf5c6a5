"""Rules that standards state under an id, such as ``TST-04``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from procauthor.markdown.document import Document, Section
from procauthor.template.key import section_key

RULE_ID = r"[A-Z]{2,6}-\d{2,4}"
# "TST-04 of the Test Standards" leads elsewhere, and states nothing.
_LEAD = re.compile(
    rf"(?:[-*+]|\d+[.)])?[ \t]*(\*\*|__)?[ \t]*({RULE_ID})(?![A-Za-z0-9-])(?!(?:\*\*|__)?[ \t]+(?:of|to|and|in)\b)"
)
_STATES = re.compile(r"[ \t]*(?:\*\*|__)?[ \t]*(?:[:.–—|]|\w)")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule at its place: an item, a heading or the row of a table that begins with its id."""

    id: str
    start: int
    form: Literal["item", "heading", "row"]
    stated: bool
    """Whether it stands where the standard states its rules, so that it is no remark on one of them."""


def find_rulings(document: Document) -> Iterator[Ruling]:
    """Yield the rules of a standard: what begins with an id under its rules, and elsewhere what does so in bold."""
    ruling = _ruling(document)
    for section in document.sections:
        if section.heading:
            lead = _LEAD.match(section.heading.text)
            if lead:
                yield Ruling(lead[2], section.start, "heading", section.index in ruling)
        yield from _below(section, stated=section.index in ruling)


def _ruling(document: Document) -> frozenset[int]:
    """Return the sections in which rules are stated: those that say so, or all."""
    said = [s for s in document.sections if s.heading and {"rule", "rules"} & set(section_key(s.title).split())]
    inside = {part.index for section in said for part in document.family(section)}
    return frozenset(inside or (s.index for s in document.sections))


def _below(section: Section, *, stated: bool) -> Iterator[Ruling]:
    for block in section.blocks:
        for item in block.items:
            lead = _LEAD.match(item.raw) if item.level == 0 else None
            if lead and (lead[1] or (stated and _STATES.match(item.raw, lead.end()))):
                yield Ruling(lead[2], item.start, "item", stated)
        for row in block.rows if stated else ():
            lead = _LEAD.match(row.cells[0].text) if row.cells else None
            if lead:
                yield Ruling(lead[2], row.start, "row", stated)
