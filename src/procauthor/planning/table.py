"""The rows of tables as openings of items. Columns are told by their headings, else by what their cells hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace

from procauthor.markdown.document import Block, Section, TableRow
from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import Field, clean_value, field_key, plain_text
from procauthor.planning.line import Line, sign_of
from procauthor.planning.opening import (
    Opening,
    asks_for_documents,
    names_aside,
    names_bucket,
    names_priority,
    names_status,
    read_number,
    without_bucket,
)
from procauthor.planning.text import PlanText, Scopes
from procauthor.planning.total import is_total
from procauthor.planning.value import is_nothing, is_priority, read_status
from procauthor.planning.words import bucket_pattern, ends_in_noun, pattern, read_words
from procauthor.regex import lazy

_BREAK = lazy(r"<br\s*/?>", re.IGNORECASE)
_NAMING = {"depends_on", "soft", "blocks"}
_WORK = {"effort", *_NAMING}
# Columns that can hold titles where no other does.
_WEAK = {"phase", "lifecycle", "procedures", "why", "actions"}
_ONE = r"[(\[]?#?(?:[A-Z]{1,10}[-_]?)*\d{1,6}(?:[.-]\d{1,4})*[A-Za-z]?[)\].:]?"
_CODES = lazy(rf"^{_ONE}(?:\s*[,;&/–-]\s*{_ONE})*$")
_TOKEN = lazy(r"^[A-Z][A-Z0-9]*(?:[-_.][A-Z0-9]+)+$")
_RANGE = lazy(r"^\d+(?:\s*[-–]\s*\d+)?$")
_TICK = lazy(r"^(?:\[[ xX]\]|[☐☑✅❌⬜🔲✔]\ufe0f?)$")
_MOST = 0.6
_SURE = 3
_LIKELY = 2


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table of items has the number, the title and the fields: places of columns, and their headings.

    ``weight`` says how much speaks for items: of three or more they are, two can be.
    """

    heads: tuple[str, ...]
    number: int | None
    title: int
    fields: dict[str, int]
    weight: int
    strict: bool


def find_rows(text: PlanText, *, loose: bool = False) -> Iterator[Opening]:
    """Yield the rows of all tables of items; for a ``loose`` look less is enough."""
    for section, block, columns in _tables(text):
        aside = text.role(section) or any(names_aside(columns.heads[place]) for place in (0, columns.title))
        # A table with priorities and hours is one of items, whatever is above it, but for metrics and goals.
        if aside and not (columns.strict and text.role(section) in ("", "aside", "strategy")):
            continue
        if _weigh_place(text, section, block, columns) >= (_LIKELY if loose else _SURE):
            yield from _rows(text, section, block, columns)


def unread_tables(text: PlanText, own: Container[int], scopes: Scopes) -> Iterator[Block]:
    """Yield the tables that have columns of items and of which no row is one, outside of items, metrics and risks."""
    for section, block, columns in _tables(text):
        aside = text.role(section) or names_aside(columns.heads[0]) or block.start in scopes
        if not aside and columns.weight > _LIKELY and not any(row.start in own for row in block.rows):
            yield block


def _tables(text: PlanText) -> Iterator[tuple[Section, Block, _Columns]]:
    for section in text.document.sections:
        for block in section.blocks:
            if columns := _read_columns(block):
                yield section, block, columns


def _weigh_place(text: PlanText, section: Section, block: Block, columns: _Columns) -> int:
    """Add what headings and labels above say: a priority says more than a phase, and an own number less."""
    above = (text.label_above(section, block.start), *text.headings(section))
    if not (columns.fields or columns.number is not None):
        return columns.weight + asks_for_documents(section.title)
    placed = any(map(names_bucket, above)) or bool(names_status(section.title))
    return columns.weight + 2 * any(map(names_priority, above)) + placed


def _rows(text: PlanText, section: Section, block: Block, columns: _Columns) -> Iterator[Opening]:
    label = text.label_above(section, block.start)
    for row in block.rows:
        opening = _open_row(row, columns, section, text)
        if is_nothing(opening.title) or any(is_total(cell.text) for cell in row.cells):
            continue
        if without_bucket(opening.title) or not names_bucket(opening.title):
            yield replace(opening, label=label, place=block.line)


# Columns


def _read_columns(block: Block) -> _Columns | None:
    """Return the columns of a table that has one with titles; None for any other block."""
    if block.kind != "table" or block.header is None or not block.rows:
        return None
    heads = tuple(plain_text(cell.text).casefold() for cell in block.header.cells)
    cells = [
        [row.cells[place].text.strip() if place < len(row.cells) else "" for row in block.rows]
        for place in range(len(heads))
    ]
    number = _number(heads, cells)
    codes = {plain_text(cell) for cell in cells[number]} if number is not None else set()
    keys = [_key(head) or _told(head, cells[place], codes) for place, head in enumerate(heads)]
    title = _title(heads, cells, keys, number)
    if title is None:
        return None
    fields: dict[str, int] = {}
    for place, key in enumerate(keys):
        if key and place not in (number, title):
            fields.setdefault(key, place)
    lists = read_words().lists
    dated = sum(not lists[kind].isdisjoint(heads) for kind in ("assigned", "due")) if not fields else 0
    weight = (
        dated
        + _weigh(fields, cells)
        + (number is not None)
        + (_heads_title(heads[title]) or ends_in_noun(heads[title]))
    )
    return _Columns(heads, number, title, fields, weight, weight > _SURE and bool(fields.keys() & _WORK))


def _weigh(fields: dict[str, int], cells: Sequence[Sequence[str]]) -> int:
    """Say how much some columns speak for items; a status does if its words speak of work."""
    weight = 3 * bool(fields.keys() & {"priority", *_NAMING}) + 2 * ("effort" in fields)
    states = [cell for key in ("status", "done") if key in fields for cell in cells[fields[key]]]
    return weight + (1 + any(map(_speaks_of_work, states)) if states else 0)


def _speaks_of_work(cell: str) -> bool:
    return bool(read_status(cell) or sign_of(cell) or pattern("waiting").search(cell)) or cell.startswith("[")


def _number(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> int | None:
    """Return the column of numbers or codes: one with such a heading, else the first if it holds nothing else."""
    if len(heads) == 1:
        return None
    columns = read_words().columns
    named = [
        p for p, head in enumerate(heads) if columns.get(head) == "number" or re.search(r"\b(?:ids?|codes?)$", head)
    ]
    whole = [place for place in named if _mostly(cells[place], _is_code) and _differ(cells[place])]
    if whole:
        return whole[0]
    if named:
        # "Item" heads numbers and titles alike.
        return None if heads[named[0]] == "item" or columns.get(heads[named[0]]) != "number" else named[0]
    return 0 if _mostly(cells[0], _CODES.match) and _differ(cells[0]) and not field_key(heads[0]) else None


def _is_code(cell: str) -> bool:
    """Say whether a cell below "ID" holds a number or a code, with digits or, as in "OPS-FIRE", without."""
    return bool(_CODES.match(cell) or _TOKEN.match(cell))


def _differ(cells: Sequence[str]) -> bool:
    held = [cell for cell in cells if cell]
    return len(set(held)) * 4 >= len(held) * 3


def _title(heads: Sequence[str], cells: Sequence[Sequence[str]], keys: Sequence[str], number: int | None) -> int | None:
    """Return the column of titles: one with such a heading, else the first of text that is no known field."""
    ranked = [
        (rank, place)
        for place, head in enumerate(heads)
        if place != number and (rank := _rank_title(head, keys[place], cells[place])) is not None
    ]
    return min(ranked)[1] if ranked else None


def _rank_title(head: str, key: str, cells: Sequence[str]) -> int | None:
    """Say how well a column does for titles, the lower the better; None for one that holds none."""
    texts = _mostly(cells, _is_title)
    if key:
        return 4 if key in _WEAK and texts and _differ(cells) else None
    if _heads_title(head):
        # "Description" beside "Name" says more of the same thing.
        return 1 if head in ("description", "summary", "action", "deliverable") else 0
    if ends_in_noun(head):
        return 2
    if not texts or head in read_words().lists["beside"]:
        return None
    return 4 if bucket_pattern().match(f"{head} 1") else 3


def _key(head: str) -> str:
    """Return the field of a column; what heads titles is a label in the text below an item only."""
    return "" if read_words().columns.get(head) == "title" else field_key(head)


def _heads_title(head: str) -> bool:
    columns = read_words().columns
    return "title" in (columns.get(head), columns.get(head.rpartition(" ")[2]))


def _told(head: str, cells: Sequence[str], codes: Container[str]) -> str:
    """Return the key of a column by its cells alone, or an empty string; ``codes`` are what items are called."""
    if head in read_words().lists["beside"]:
        return ""
    if _mostly(cells, is_priority):
        return "priority"
    if all(_TICK.match(cell) for cell in cells):
        return "done"
    if _mostly(cells, read_whole_effort):
        return "effort"
    said = [plain for cell in cells if not is_nothing(plain := plain_text(cell))]
    parts = [part for cell in said for part in re.split(r"\s*[,;&/]\s*", cell)]
    named = said and len(said) < len(cells) and all(part in codes for part in parts)
    return "depends_on" if named else ""


def _is_title(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", text)) and not is_priority(text) and not read_whole_effort(text)


def _mostly(cells: Sequence[str], says: Callable[[str], object]) -> bool:
    """Say whether most of the cells that hold something are of one kind."""
    held = [text for cell in cells if (text := plain_text(cell))]
    return bool(held) and sum(bool(says(text)) for text in held) >= _MOST * len(held)


# Rows


def _open_row(row: TableRow, columns: _Columns, section: Section, text: PlanText) -> Opening:
    line = text.lines[row.line - 1]
    cells = [_cell_text(text, cell.text, cell.start, cell.end) for cell in row.cells]
    # What follows a line break in a cell describes the title.
    title = plain_text(_BREAK.split(cells[columns.title])[0]) if columns.title < len(cells) else ""
    number = cells[columns.number] if columns.number is not None and columns.number < len(cells) else ""
    fields = tuple(
        Field(key, columns.heads[place], cells[place], row.line)
        for key, place in columns.fields.items()
        if place < len(cells)
    )
    raw = text.document.source.slice(line.start, row.end)
    shown = replace(line, text=_without_names(raw, row, columns, line).rstrip())
    opening = Opening(0, 0, title, shown, row.end, section, fields, row.end, said=title)
    return _numbered(opening, plain_text(number).strip("#()[].: "))


def _numbered(opening: Opening, number: str) -> Opening:
    """Give a row its number or its code: that of its cell, else one before its title."""
    if number and not _RANGE.match(number) and _is_code(number):
        return replace(opening, code=number)
    read = read_number(f"{number}: {opening.title}" if number else opening.title)
    if read is None:
        return opening
    code = number if number.startswith("0") else read.code
    return replace(opening, first=read.first, last=read.last, title=read.title, said=read.title, code=code)


def _cell_text(text: PlanText, shown: str, start: int, end: int) -> str:
    """Return the text of a cell; line breaks in it stay, because they set names apart."""
    raw = text.document.source.slice(start, end)
    return clean_value(raw.replace("\\|", "|")) if _BREAK.search(raw) else shown.strip()


def _without_names(text: str, row: TableRow, columns: _Columns, line: Line) -> str:
    """Blank out the names of other procedures: a sign behind one of them is not said of the row's item."""
    raw = bytearray(text.encode())
    places = [place for key, place in columns.fields.items() if key in _NAMING and place < len(row.cells)]
    for cell in (row.cells[place] for place in places):
        start, end = cell.start - line.start, cell.end - line.start
        raw[start:end] = b" " * (end - start)
    return raw.decode()
