"""The rows of tables as openings of items. Columns are told by their headings, else by what their cells hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from procauthor.markdown.document import Block, Section, TableRow
from procauthor.planning.around import is_total
from procauthor.planning.field import Field, clean_value, field_key
from procauthor.planning.line import plain_text, sign_of
from procauthor.planning.opening import (
    Opening,
    asks_for_documents,
    names_aside,
    names_bucket,
    names_priority,
    names_status,
    without_bucket,
)
from procauthor.planning.text import PlanText
from procauthor.planning.title import read_number
from procauthor.planning.value import is_nothing, is_priority, read_status, read_whole_effort
from procauthor.planning.words import bucket_pattern, ends_in_noun, pattern, read_words
from procauthor.regex import lazy

_BREAK = lazy(r"<br\s*/?>", re.IGNORECASE)
_NAMING = {"depends_on", "soft", "blocks"}
# Columns that can hold titles where no other does.
_WEAK = {"phase", "lifecycle", "procedures", "why", "actions"}
# What says more of the same thing beside a column "Name".
_MORE = ("description", "summary", "action", "deliverable")
_ONE = r"[(\[]?#?(?:[A-Z]{1,10}[-_]?)*\d{1,6}(?:[.-]\d{1,4})*[A-Za-z]?[)\].:]?"
_CODES = lazy(rf"^{_ONE}(?:\s*[,;&/–-]\s*{_ONE})*$")
_TOKEN = lazy(r"^[A-Z][A-Z0-9]*(?:[-_.][A-Z0-9]+)+$")
_STRUCTURED = lazy(r"^~*[A-Z]{1,10}[-_.]?\d|^\d+\.\d")
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

    @property
    def strict(self) -> bool:
        """Whether it is a table of work by itself, whatever is above it."""
        return self.weight > _SURE and bool(self.fields.keys() & {"effort", *_NAMING})


def find_rows(text: PlanText, *, loose: bool = False) -> Iterator[Opening]:
    """Yield the rows of all tables of items; for a ``loose`` look less is enough."""
    for section, block, columns in _tables(text):
        role = text.roles[section.index]
        aside = role or any(names_aside(columns.heads[place]) for place in (0, columns.title))
        # A table with priorities and hours is one of items, whatever is above it, but for metrics and goals.
        if text.reading.items:
            yield from _rows(text, section, block, columns)
            continue
        if aside and not (columns.strict and role in ("", "aside", "strategy")):
            continue
        label = text.label_above(section, block.start)
        if _weigh_place(text, section, columns, label) >= (_LIKELY if loose else _SURE):
            yield from _rows(text, section, block, columns)


def unread_tables(text: PlanText, own: Container[int]) -> Iterator[Block]:
    """Yield the tables that have columns of items and of which no row is one, outside of metrics and risks."""
    for section, block, columns in _tables(text):
        aside = text.roles[section.index] or names_aside(columns.heads[0])
        if not aside and columns.weight > _LIKELY and not any(row.start in own for row in block.rows):
            yield block


def _tables(text: PlanText) -> Iterator[tuple[Section, Block, _Columns]]:
    for section, block in text.tables:
        if columns := _read_columns(text, block):
            yield section, block, columns


def _weigh_place(text: PlanText, section: Section, columns: _Columns, label: str) -> int:
    """Add what headings and labels above say: a priority says more than a phase, and an own number less."""
    if not (columns.fields or columns.number is not None):
        return columns.weight + asks_for_documents(section.title)
    above = (label, *text.headings[section.index])
    placed = any(map(names_bucket, above)) or bool(names_status(section.title))
    return columns.weight + 2 * any(map(names_priority, above)) + placed


# Columns


def _read_columns(text: PlanText, block: Block) -> _Columns | None:
    """Return the columns of a table that has one with titles."""
    assert block.header is not None
    heads = tuple(text.reading.name(plain_text(cell.text).casefold()) for cell in block.header.cells)
    rows = [[cell.text.strip() for cell in row.cells] + [""] * len(heads) for row in block.rows]
    cells = [[row[place] for row in rows] for place in range(len(heads))]
    number = _number(heads, cells)
    codes = {plain_text(cell) for cell in cells[number]} if number is not None else set()
    keys = [_key(head, cells[place], codes) for place, head in enumerate(heads)]
    ranks = [None if p == number else _rank_title(heads[p], keys[p], cells[p]) for p in range(len(heads))]
    title = min(((rank, place) for place, rank in enumerate(ranks) if rank is not None), default=(0, -1))[1]
    if title < 0:
        return None
    fields: dict[str, int] = {}
    for place, key in enumerate(keys):
        if key and place not in (number, title):
            fields.setdefault(key, place)
    lists = read_words().lists
    weight = _weigh(fields, cells) + (number is not None) + (_heads_title(heads[title]) or ends_in_noun(heads[title]))
    # "A-1.2" below "Task" is work, whatever else the table says.
    coded = number is not None and heads[title] in lists["units"] and _mostly(cells[number], _STRUCTURED.match)
    weight += coded
    weight += sum(not lists[kind].isdisjoint(heads) for kind in ("assigned", "due")) if not fields else 0
    return _Columns(heads, number, title, fields, weight)


def _weigh(fields: dict[str, int], cells: Sequence[Sequence[str]]) -> int:
    """Say how much some columns speak for items; a status does if its words speak of work."""
    weight = 3 * bool(fields.keys() & {"priority", *_NAMING}) + 2 * ("effort" in fields)
    states = list(chain.from_iterable(cells[fields[key]] for key in ("status", "done") if key in fields))
    waiting = pattern("waiting")
    works = any(read_status(s) or sign_of(s) or waiting.search(s) or s.startswith("[") for s in states)
    return weight + bool(states) + works


def _number(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> int | None:
    """Return the column of numbers or codes: one with such a heading, else the first if it holds nothing else."""
    if len(heads) == 1:
        return None
    kinds = [read_words().columns.get(head) for head in heads]
    named = [p for p, head in enumerate(heads) if kinds[p] == "number" or re.search(r"\b(?:ids?|codes?)$", head)]
    whole = [place for place in named if _mostly(cells[place], _is_code) and _differ(cells[place])]
    if whole or named:
        # "Item" heads numbers and titles alike.
        sure = whole or [p for p in named[:1] if kinds[p] == "number" and heads[p] != "item"]
        return sure[0] if sure else None
    return 0 if _mostly(cells[0], _CODES.match) and _differ(cells[0]) and not field_key(heads[0]) else None


def _is_code(cell: str) -> bool:
    """Say whether a cell below "ID" holds a number or a code, with digits or, as in "OPS-FIRE", without."""
    return bool(_CODES.match(cell) or _TOKEN.match(cell))


def _differ(cells: Sequence[str]) -> bool:
    held = [cell for cell in cells if cell]
    return len(set(held)) * 4 >= len(held) * 3


def _rank_title(head: str, key: str, cells: Sequence[str]) -> int | None:
    """Say how well a column does for titles, the lower the better; None for one that holds none."""
    texts = _mostly(cells, _is_title)
    if key:
        return 4 if key in _WEAK and texts and _differ(cells) else None
    if _heads_title(head) and not _mostly(cells, _RANGE.match):
        return int(head in _MORE)
    if ends_in_noun(head):
        return 2
    if not texts or head in read_words().lists["beside"]:
        return None
    return 4 if bucket_pattern().match(f"{head} 1") else 3


def _heads_title(head: str) -> bool:
    columns = read_words().columns
    return "title" in (columns.get(head), columns.get(head.rpartition(" ")[2]))


def _key(head: str, cells: Sequence[str], codes: Container[str]) -> str:
    """Return the field of a column by its heading, else by its cells; ``codes`` are what items are called.

    What heads titles is a label in the text below an item only.
    """
    if read_words().columns.get(head) != "title" and (key := field_key(head)):
        return key
    if head in read_words().lists["beside"]:
        return ""
    if _mostly(cells, is_priority):
        return "priority"
    if all(_TICK.match(cell) for cell in cells):
        return "done"
    if _mostly(cells, read_whole_effort):
        return "effort"
    said = [plain for cell in cells if not is_nothing(plain := plain_text(cell))]
    parts = re.split(r"\s*[,;&/]\s*", ",".join(said))
    return "depends_on" if said and len(said) < len(cells) and all(part in codes for part in parts) else ""


def _is_title(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", text)) and not is_priority(text) and not read_whole_effort(text)


def _mostly(cells: Sequence[str], says: Callable[[str], object]) -> bool:
    """Say whether most of the cells that hold something are of one kind."""
    held = [text for cell in cells if (text := plain_text(cell))]
    return bool(held) and sum(bool(says(text)) for text in held) >= _MOST * len(held)


# Rows


def _rows(text: PlanText, section: Section, block: Block, columns: _Columns) -> Iterator[Opening]:
    label = text.label_above(section, block.start)
    openings = (_open_row(row, columns, section, text) for row in block.rows)
    yield from (replace(each, label=label, place=block.line) for each in openings if each)


def _open_row(row: TableRow, columns: _Columns, section: Section, text: PlanText) -> Opening | None:
    """Return the item of a row; None for a sum, for a phase over others, and for a row without a title."""
    line = text.lines[row.line - 1]
    cells = [_cell_text(text, cell.text, cell.start, cell.end) for cell in row.cells] + [""] * len(columns.heads)
    # What follows a line break in a cell describes the title.
    title = plain_text(_BREAK.split(cells[columns.title])[0])
    number = plain_text(cells[columns.number] if columns.number is not None else "").strip("#()[].: ")
    held = {key: place for key, place in columns.fields.items() if place < len(row.cells)}
    fields = tuple(Field(key, columns.heads[place], cells[place], row.line) for key, place in held.items())
    # A sign behind the name of another procedure is not said of the row's item.
    raw = bytearray(text.document.source.raw[line.start : row.end])
    for cell in (row.cells[place] for key, place in held.items() if key in _NAMING):
        raw[cell.start - line.start : cell.end - line.start] = b" " * (cell.end - cell.start)
    shown = replace(line, text=raw.decode().rstrip())
    opening = _numbered(Opening(0, 0, title, shown, row.end, section, fields, row.end, said=title), number)
    if is_nothing(opening.title) or any(is_total(cell.text) for cell in row.cells):
        return None
    return opening if without_bucket(opening.title) or not names_bucket(opening.title) else None


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
