"""Roles: the list that a library keeps of them, and who does the steps of a procedure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from procauthor.convention.word import words
from procauthor.library.contract import part_of
from procauthor.library.library import Library, Procedure
from procauthor.markdown.parse import parse
from procauthor.settings import Settings
from procauthor.template.key import section_key
from procauthor.template.render import read_pattern
from procauthor.template.role import meaning_of


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does a step: the line and the words that say so, and the role, where the words have the template's form."""

    line: int
    text: str
    role: str | None


def find_doers(procedure: Procedure) -> Iterator[Doer]:
    """Yield who does each step; of "tech lead; within two days" the role is what the template's first field holds."""
    for step in procedure.contract.steps if procedure.template else ():
        part = part_of(step, procedure.template, "who")
        if part is None:
            continue
        spec = meaning_of(procedure.template).part_specs.get(part.key)
        pattern = spec.pattern if spec else None
        for text in filter(None, part.items or (part.text,)):
            fields = read_pattern(pattern, text) if pattern else None
            yield Doer(part.line, text, fields[pattern.slots[0].name] if pattern and fields else None)


def listed_roles(library: Library, settings: Settings) -> frozenset[str]:
    """Return the roles of the library's list, without case; none where it keeps no list.

    They are in the first column of each table of the document whose head names roles, in any language that ships.
    """
    document = library.by_path.get(settings.library.roles)
    return _read(document.source.raw) if document is not None else frozenset()


@lru_cache(maxsize=4)
def _read(raw: bytes) -> frozenset[str]:
    return frozenset(role for role in _first_cells(raw) if role)


def _first_cells(raw: bytes) -> Iterator[str]:
    heads = frozenset(words()["roles"]["heads"])
    for section in parse(raw).sections:
        for block in section.blocks:
            if block.header is not None and section_key(block.header.cells[0].text) in heads:
                yield from (row.cells[0].text.strip(" *_`").casefold() for row in block.rows if row.cells)
