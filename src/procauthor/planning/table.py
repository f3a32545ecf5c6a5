"""The rows of tables as openings of items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from procauthor.markdown.document import Block, Cell, Document, Row, Section
from procauthor.planning.field import Field, clean_value, field_key, plain_text
from procauthor.planning.line import Line
from procauthor.planning.opening import Opening, is_urgent, label_above, read_number
from procauthor.planning.total import is_total
from procauthor.planning.tracking import role_of

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TITLES = ("procedure", "procedure name", "procedure title", "title", "name", "action", "task", "item")
_COUNTERS = ("#", "no", "no.", "number", "nr", "nr.", "id", "item #", "item no.", "order", "item")
_NAMING = {"depends_on", "soft", "blocks"}
_SURE = {"priority", "depends_on", "effort"}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table of items has the number, the title and the fields: places of columns, and their headings."""

    heads: tuple[str, ...]
    number: int | None
    title: int
    fields: dict[str, int]


def find_rows(document: Document, lines: list[Line]) -> Iterator[Opening]:
    """Yield the rows of all tables of items.

    A table is one if it has a column of procedures, and one of priorities, dependencies or hours; below a heading or a
    label that names a priority, any other column of items is enough.
    """
    for section in document.sections:
        for block in section.blocks:
            columns = _columns(block)
            if columns and (columns.fields.keys() & _SURE or _is_placed(document, section, block, columns, lines)):
                label = label_above(section, block.start, lines)
                for row in block.rows:
                    opening = _open_row(row, columns, section, lines[row.line - 1], document)
                    if opening.title and not any(is_total(cell.text) for cell in row.cells):
                        yield replace(opening, label=label)


def _is_placed(document: Document, section: Section, block: Block, columns: _Columns, lines: list[Line]) -> bool:
    if not (columns.fields or columns.number is not None) or role_of(document, section):
        return False
    return is_urgent(document, section, label_above(section, block.start, lines))


def _columns(block: Block) -> _Columns | None:
    """Return the columns of a table that has one with the titles of procedures."""
    if block.kind != "table" or block.header is None:
        return None
    heads = tuple(plain_text(cell.text).casefold() for cell in block.header.cells)
    title = next((heads.index(name) for name in _TITLES if name in heads), None)
    if title is None:
        return None
    number = next((i for i, head in enumerate(heads) if head in _COUNTERS and i != title), None)
    keyed = [(field_key(head), place) for place, head in enumerate(heads) if place not in (title, number)]
    return _Columns(heads, number, title, {key: place for key, place in reversed(keyed) if key})


def _open_row(row: Row, columns: _Columns, section: Section, line: Line, document: Document) -> Opening:
    cells = [_cell_text(cell, document) for cell in row.cells]
    title = plain_text(cells[columns.title]) if columns.title < len(cells) else ""
    number = cells[columns.number] if columns.number is not None and columns.number < len(cells) else ""
    read = (read_number(f"{number}: {title}") if number else None) or read_number(title)
    fields = tuple(
        Field(key, columns.heads[place], cells[place], row.line)
        for key, place in columns.fields.items()
        if place < len(cells)
    )
    shown = _without_names(document.source.slice(line.start, row.end), row, columns, line)
    line = replace(line, text=shown.rstrip())
    first, last, title, code = (read.first, read.last, read.title, read.code) if read else (0, 0, title, "")
    return Opening(first, last, title, line, row.end, section, fields, row.end, code=code)


def _cell_text(cell: Cell, document: Document) -> str:
    """Return the text of a cell; line breaks in it stay, because they set names apart."""
    raw = document.source.slice(cell.start, cell.end)
    return clean_value(raw.replace("\\|", "|")) if _BREAK.search(raw) else cell.text.strip()


def _without_names(text: str, row: Row, columns: _Columns, line: Line) -> str:
    """Blank out the names of other procedures: a sign behind one of them is not said of the row's item."""
    raw = bytearray(text.encode())
    places = [place for key, place in columns.fields.items() if key in _NAMING and place < len(row.cells)]
    for cell in (row.cells[place] for place in places):
        start, end = cell.start - line.start, cell.end - line.start
        raw[start:end] = b" " * (end - start)
    return raw.decode()
