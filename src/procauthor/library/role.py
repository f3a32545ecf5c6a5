"""The list of roles that a library keeps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from procauthor.convention.word import words
from procauthor.library.library import Library
from procauthor.markdown.parse import parse
from procauthor.settings import Settings
from procauthor.template.key import section_key


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
