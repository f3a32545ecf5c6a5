"""The rows of tables as openings of items. Columns are told by their headings, else by what their cells hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace

from procauthor.markdown.document import Block, Cell, Document, Section, TableRow
from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import Field, clean_value, field_key, plain_text
from procauthor.planning.line import Line
from procauthor.planning.opening import Opening, is_urgent, label_above, names_aside, names_bucket, read_number
from procauthor.planning.total import is_total
from procauthor.planning.tracking import role_of
from procauthor.planning.value import is_nothing, is_priority
from procauthor.planning.words import read_words

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_NAMING = {"depends_on", "soft", "blocks"}
_SURE = {"priority", "depends_on", "effort"}
_ONE = r"[(\[]?#?(?:[A-Z]{1,10}[-_]?)*\d{1,6}(?:[.-]\d{1,4})*[A-Za-z]?[)\].:]?"
_CODES = re.compile(rf"^{_ONE}(?:\s*[,;&/–-]\s*{_ONE})*$")
_RANGE = re.compile(r"^\d+(?:\s*[-–]\s*\d+)?$")
_MOST = 0.6


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table of items has the number, the title and the fields: places of columns, and their headings."""

    heads: tuple[str, ...]
    number: int | None
    title: int
    fields: dict[str, int]
    coded: bool


def find_rows(document: Document, lines: list[Line], *, loose: bool = False) -> Iterator[Opening]:
    """Yield the rows of all tables of items.

    A table is one if it has a column of titles, and one of priorities, dependencies or hours, or codes and a status;
    below a heading or a label that names a priority, or for a ``loose`` look, any other column of items is enough.
    """
    for section in document.sections:
        for block in section.blocks:
            columns = read_columns(block)
            if columns and _holds_items(document, section, block, columns, lines, loose=loose):
                yield from _rows(document, section, block, columns, lines)


def unread_tables(document: Document, own: Container[int], scopes: Container[int]) -> Iterator[Block]:
    """Yield the tables that have a column of items and of which no row is one, outside of items, metrics and risks."""
    for section in document.sections:
        for block in section.blocks if not role_of(document, section) else ():
            columns = read_columns(block) if block.start not in scopes else None
            said = columns and columns.fields.keys() & _SURE and not names_aside(columns.heads[0])
            if said and not any(row.start in own for row in block.rows):
                yield block


def _holds_items(  # noqa: PLR0913 - the place of a table
    document: Document, section: Section, block: Block, columns: _Columns, lines: list[Line], *, loose: bool
) -> bool:
    heads = columns.heads
    if role_of(document, section) or any(names_aside(heads[place]) for place in (0, columns.title)):
        return False
    if columns.fields.keys() & _SURE or (columns.coded and columns.fields.keys() & {"status", "done"}):
        return True
    if loose:
        return bool(columns.fields.keys() & {"status", "done"})
    if not (columns.fields or columns.number is not None):
        return False
    return is_urgent(document, section, label_above(section, block.start, lines))


def _rows(
    document: Document, section: Section, block: Block, columns: _Columns, lines: list[Line]
) -> Iterator[Opening]:
    label = label_above(section, block.start, lines)
    for row in block.rows:
        opening = _open_row(row, columns, section, lines[row.line - 1], document)
        if opening.title and not names_bucket(opening.title) and not any(is_total(cell.text) for cell in row.cells):
            yield replace(opening, label=label, place=block.line)


# Columns


def read_columns(block: Block) -> _Columns | None:
    """Return the columns of a table that has one with titles; None for any other block."""
    if block.kind != "table" or block.header is None or not block.rows:
        return None
    heads = tuple(plain_text(cell.text).casefold() for cell in block.header.cells)
    cells = [
        [row.cells[place].text.strip() if place < len(row.cells) else "" for row in block.rows]
        for place in range(len(heads))
    ]
    number = _number(heads, cells)
    fields: dict[str, int] = {}
    for place, head in enumerate(heads):
        key = field_key(head) or ("" if head in read_words().beside else _told(cells[place]))
        if key and place != number:
            fields.setdefault(key, place)
    title = _title(heads, cells, {number, *fields.values()})
    if title is None:
        return None
    coded = number is not None and _mostly(cells[number], _CODES.match)
    return _Columns(heads, number, title, {key: place for key, place in fields.items() if place != title}, coded)


def _number(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> int | None:
    """Return the column of numbers or codes: one with such a heading, else the first if it holds nothing else."""
    if len(heads) == 1:
        return None
    columns = read_words().columns
    named = [
        p for p, head in enumerate(heads) if columns.get(head) == "number" or re.search(r"\b(?:ids?|codes?)$", head)
    ]
    whole = [place for place in named if _mostly(cells[place], _CODES.match) and _differ(cells[place])]
    if whole:
        return whole[0]
    if named:
        # "Item" heads numbers and titles alike.
        return None if heads[named[0]] == "item" or columns.get(heads[named[0]]) != "number" else named[0]
    return 0 if _mostly(cells[0], _CODES.match) and _differ(cells[0]) and not field_key(heads[0]) else None


def _differ(cells: Sequence[str]) -> bool:
    held = [cell for cell in cells if cell]
    return len(set(held)) * 4 >= len(held) * 3


def _title(heads: Sequence[str], cells: Sequence[Sequence[str]], taken: set[int | None]) -> int | None:
    """Return the column of titles: one with such a heading, else the first of text that is no known field."""
    words = read_words()
    named = [place for place, head in enumerate(heads) if place not in taken and _heads_title(head)]
    # "Description" beside "Name" says more of the same thing.
    ranked = sorted(named, key=lambda place: (heads[place] in _SAYS_MORE, place))
    if ranked:
        return ranked[0]
    kinds = [place for place, head in enumerate(heads) if place not in taken and words.noun.search(head)]
    texts = [place for place in range(len(heads)) if place not in taken and _mostly(cells[place], _is_title)]
    free = [
        place for place in texts if not words.bucket.match(f"{heads[place]} 1") and heads[place] not in words.beside
    ]
    return next(iter([*kinds, *free]), None)


def _heads_title(head: str) -> bool:
    columns = read_words().columns
    return "title" in (columns.get(head), columns.get(head.rpartition(" ")[2]))


_SAYS_MORE = frozenset({"description", "summary", "action", "deliverable"})


def _told(cells: Sequence[str]) -> str:
    """Return the key of a column by its cells alone, or an empty string."""
    if _mostly(cells, is_priority):
        return "priority"
    if _mostly(cells, read_whole_effort):
        return "effort"
    said = [cell for cell in cells if not is_nothing(plain_text(cell))]
    return (
        "depends_on" if said and len(said) < len(cells) and all(_CODES.match(plain_text(cell)) for cell in said) else ""
    )


def _is_title(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", text)) and not is_priority(text) and not read_whole_effort(text)


def _mostly(cells: Sequence[str], says: Callable[[str], object]) -> bool:
    """Say whether most of the cells that hold something are of one kind."""
    held = [text for cell in cells if (text := plain_text(cell))]
    return bool(held) and sum(bool(says(text)) for text in held) >= _MOST * len(held)


# Rows


def _open_row(row: TableRow, columns: _Columns, section: Section, line: Line, document: Document) -> Opening:
    cells = [_cell_text(cell, document) for cell in row.cells]
    title = plain_text(cells[columns.title]) if columns.title < len(cells) else ""
    number = cells[columns.number] if columns.number is not None and columns.number < len(cells) else ""
    fields = tuple(
        Field(key, columns.heads[place], cells[place], row.line)
        for key, place in columns.fields.items()
        if place < len(cells)
    )
    shown = _without_names(document.source.slice(line.start, row.end), row, columns, line)
    opening = Opening(0, 0, title, replace(line, text=shown.rstrip()), row.end, section, fields, row.end, said=title)
    return _numbered(opening, plain_text(number).strip("#()[].: "))


def _numbered(opening: Opening, number: str) -> Opening:
    """Give a row its number or its code: that of its cell, else one before its title."""
    if number and not _RANGE.match(number) and _CODES.match(number):
        return replace(opening, code=number)
    read = read_number(f"{number}: {opening.title}" if number else opening.title)
    if read is None:
        return opening
    code = number if number.startswith("0") else read.code
    return replace(opening, first=read.first, last=read.last, title=read.title, said=read.title, code=code)


def _cell_text(cell: Cell, document: Document) -> str:
    """Return the text of a cell; line breaks in it stay, because they set names apart."""
    raw = document.source.slice(cell.start, cell.end)
    return clean_value(raw.replace("\\|", "|")) if _BREAK.search(raw) else cell.text.strip()


def _without_names(text: str, row: TableRow, columns: _Columns, line: Line) -> str:
    """Blank out the names of other procedures: a sign behind one of them is not said of the row's item."""
    raw = bytearray(text.encode())
    places = [place for key, place in columns.fields.items() if key in _NAMING and place < len(row.cells)]
    for cell in (row.cells[place] for place in places):
        start, end = cell.start - line.start, cell.end - line.start
        raw[start:end] = b" " * (end - start)
    return raw.decode()
