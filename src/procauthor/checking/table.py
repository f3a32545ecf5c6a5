"""Rows of tables of procedures, and the documents that they speak of."""

from __future__ import annotations

from procauthor.checking.scope import Scope
from procauthor.library.index import IndexRow, entries
from procauthor.library.library import Procedure


def title_links(index: Procedure) -> frozenset[int]:
    """Return where the links of titles start: index-dead-entry speaks of these, so no other rule needs to."""
    cells = (entry.table.cell(entry.row, "title") for entry in entries(index))
    return frozenset(cell.link.start for cell in cells if cell and cell.link)


def find_document(scope: Scope, host: Procedure, entry: IndexRow) -> Procedure | None:
    """Return the document of a row: by its link, else by its title."""
    if entry.path:
        return scope.library.by_path.get(entry.path)
    found = scope.named(entry.key, host)
    return found[0] if len(found) == 1 else None
