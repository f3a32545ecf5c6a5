"""The rows of tables as openings of items. Columns are told by their headings, else by what their cells hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator

from msgspec.structs import replace

from procauthor.markdown.document import Block, Section, TableRow
from procauthor.planning import title as above
from procauthor.planning.line import plain_text
from procauthor.planning.series import STRONG, Series
from procauthor.planning.text import Field, Opening, PlanText, clean_value, field_key, names_total
from procauthor.planning.title import needs_pattern, read_number, tell_codes
from procauthor.planning.value import (
    bucket_pattern,
    ends_in_noun,
    is_nothing,
    is_priority,
    read_whole_effort,
    read_words,
)
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
_RANGE = lazy(r"^\d+(?:\s*[-–]\s*\d+)?$")
_TICK = lazy(r"^(?:\[[ xX]\]|[☐☑✅❌⬜🔲✔]\ufe0f?)$")
_FILE = lazy(r"^[\w./-]+\.\w{2,4}$")
_MOST, _TWO, _SHORT = 0.6, 2, 3


def find_tables(text: PlanText) -> Iterator[Series]:
    """Yield the rows of the tables that have a column of titles."""
    for section, block in text.tables:
        table = _PlanTable(text, section, block)
        if openings := tuple(table.openings()):
            yield Series(
                "tables", openings, ", ".join(table.heads), 0, table.label, text.roles[section.index], table.facts()
            )


class _PlanTable:
    """A table: where its number, its title (-1: nowhere) and its fields are, and how much speaks for items."""

    def __init__(self, text: PlanText, section: Section, block: Block) -> None:
        assert block.header is not None
        self._text, self._section, self._block = text, section, block
        self.label = text.label_above(section, block.start)
        self.heads = heads = [text.reading.name(plain_text(cell.text).casefold()) for cell in block.header.cells]
        rows = [[cell.text.strip() for cell in row.cells] + [""] * len(heads) for row in block.rows]
        self._cells = cells = [[row[place] for row in rows] for place in range(len(heads))]
        self._coded: dict[str, str] = {}
        self._number = number = self._find_number()
        codes = {plain_text(cell) for cell in cells[number]} if number is not None else set()
        keys = [_key(head, held, codes) for head, held in zip(heads, cells, strict=True)]
        ranks = [(self._rank_title(place, key), place) for place, key in enumerate(keys)]
        self.title = min(((rank, place) for rank, place in ranks if rank is not None), default=(0, -1))[1]
        if self.title < 0 and number is not None and _NAMING & set(keys):
            # A table of codes and what they wait for.
            self.title = number
        told = ((key, place) for place, key in enumerate(keys) if key and place not in (number, self.title))
        self.fields = dict(reversed(list(told)))
        if self.title >= 0 and number is None:
            titles = list(map(plain_text, cells[self.title]))
            self._coded = dict(zip(titles, tell_codes(titles), strict=True))

    def _find_number(self) -> int | None:
        """Return the column of numbers or codes: one with such a heading, else the first if it holds nothing else."""
        heads, cells = self.heads, self._cells
        kinds = [read_words().columns.get(head) for head in heads]
        named = [p for p, head in enumerate(heads) if kinds[p] == "number" or re.search(r"\b(?:ids?|codes?)$", head)]
        whole = [place for place in named if _mostly(cells[place], _is_code) and _differ(cells[place])]
        if not named and _mostly(cells[0], _CODES.match) and _differ(cells[0]) and not field_key(heads[0]):
            whole = [0]
        # "Item" heads numbers and titles alike.
        sure = whole or [p for p in named[:1] if kinds[p] == "number" and heads[p] != "item"]
        return sure[0] if sure and len(heads) > 1 else None

    def _rank_title(self, place: int, key: str) -> int | None:
        """Say how well a column does for titles, the lower the better; None for one that holds none."""
        head, cells = self.heads[place], self._cells[place]
        texts = _mostly(cells, _is_title)
        if place == self._number or (key and not (key in _WEAK and texts and _differ(cells))):
            return None
        if key:
            return 4
        if _mostly(cells, _FILE.search):
            return 3
        if _heads_title(head) and not _mostly(cells, _RANGE.match):
            return int(head in _MORE)
        if ends_in_noun(head):
            return 2
        plain = 4 if bucket_pattern().match(f"{head} 1") else 3
        return plain if texts and not _is_beside(head) else None

    def facts(self) -> dict[str, float]:
        """Return what the columns say."""
        head = self.heads[self.title]
        return {
            "column of efforts": "effort" in self.fields,
            "column of states": not self.fields.keys().isdisjoint({"status", "done"}),
            "column of titles": _heads_title(head) or ends_in_noun(head),
            "column of units": head in read_words().lists["units"],
            "title column first": self.title <= (self._number is not None),
            "many columns": len(self.heads) > 2 * _TWO,
        }

    def openings(self) -> Iterator[Opening]:
        """Yield the items of the rows."""
        label = self.label
        if self.title >= 0:
            for row in self._block.rows:
                held = [cell.text.strip() for cell in row.cells if cell.text.strip()]
                if len(held) == 1 and len(self.heads) > _TWO:
                    # A row with one cell is over those below it.
                    label = plain_text(held[0])
                elif opening := self._open(row, label):
                    yield opening

    def _open(self, row: TableRow, label: str) -> Opening | None:
        """Return the item of a row; None for a sum, for a phase over others, and for a row without a title."""
        line = self._text.lines[row.line - 1]
        cells = [self._cell(cell.text, cell.start, cell.end) for cell in row.cells] + [""] * len(self.heads)
        # What follows a line break in a cell describes the title.
        title = plain_text(_BREAK.split(cells[self.title])[0])
        title = self._coded.get(title, title)
        number = plain_text(cells[self._number] if self._number is not None else "")
        number = re.sub(r"(?<=\S)\s*\([^()]*\)$", "", number).strip("#()[].: ")
        held = {key: place for key, place in sorted(self.fields.items(), key=lambda f: f[1]) if place < len(row.cells)}
        fields = tuple(Field(key, self.heads[place], cells[place], row.line) for key, place in held.items())
        others = [cell for place, cell in enumerate(cells) if place not in (*held.values(), self._number)]
        fields += tuple(Field("depends_on", "", each, row.line) for each in filter(None, map(_needed, others)))
        # A sign behind the name of another procedure is not said of the row's item.
        raw = bytearray(self._text.document.source.raw[line.start : row.end])
        for cell in (row.cells[held[key]] for key in held.keys() & _NAMING):
            raw[cell.start - line.start : cell.end - line.start] = b" " * (cell.end - cell.start)
        shown = replace(line, text=raw.decode().rstrip())
        first = last = 0
        code, read = "", read_number(f"{number}: {title}" if number else title)
        if number and not _RANGE.match(number) and _is_code(number):
            code = number
        elif read and (number or read.dot or read.code):
            first, last, title = read.first, read.last, read.title
            code = number if number.startswith("0") else read.code
        if is_nothing(title) or any(names_total(plain_text(cell.text)) for cell in row.cells):
            return None
        opening = Opening(
            first,
            last,
            title,
            shown,
            self._section,
            fields,
            row.end,
            label,
            code,
            self._block.start,
            title,
            frozenset(held.keys() & STRONG),
        )
        return opening if above.without_bucket(title) or not above.names_bucket(title) else None

    def _cell(self, shown: str, start: int, end: int) -> str:
        """Return the text of a cell; line breaks in it stay, because they set names apart."""
        raw = self._text.document.source.slice(start, end)
        return clean_value(raw.replace("\\|", "|")) if _BREAK.search(raw) else shown.strip()


def _key(head: str, cells: Collection[str], codes: Container[str]) -> str:
    """Return the field of a column by its heading, else by its cells; ``codes`` are what items are called.

    What heads titles is a label in the text below an item only.
    """
    if (
        read_words().columns.get(head) != "title"
        and (key := field_key(head))
        and not _is_beside(head.rpartition(" / ")[2])
    ):
        return key
    if _is_beside(head):
        return ""
    said = [plain for cell in cells if not is_nothing(plain := plain_text(cell))]
    named = said and len(said) < len(cells) and all(p in codes for p in re.split(r"\s*[,;&/]\s*", ",".join(said)))
    kinds = {
        "priority": _mostly(cells, is_priority),
        "done": all(map(_TICK.match, cells)),
        "effort": _mostly(cells, read_whole_effort),
        "depends_on": named,
    }
    return next((key for key, fits in kinds.items() if fits), "")


def _needed(note: str) -> str:
    """Return the code or the phase that a note says to be needed first: "Depends on 2.3: it is small"."""
    needs = needs_pattern().search(note)
    names = re.split(r"[:;]\s|\s[-–—]\s", needs["names"])[0].strip() if needs else ""
    phase = above.names_bucket(names) and len(names.split()) <= _SHORT
    return names if phase or needs_pattern(of_code=True).search(note) else ""


def _is_beside(head: str) -> bool:
    return head in read_words().lists["beside"]


def _heads_title(head: str) -> bool:
    columns = read_words().columns
    return "title" in (columns.get(head), columns.get(head.rpartition(" ")[2]))


def _is_code(cell: str) -> bool:
    return bool(_CODES.match(cell) or _TOKEN.match(cell))


def _is_title(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", text)) and not is_priority(text) and not read_whole_effort(text)


def _differ(cells: Collection[str]) -> bool:
    held = [cell for cell in cells if cell]
    return len(set(held)) * 4 >= len(held) * 3


def _mostly(cells: Collection[str], says: Callable[[str], object]) -> bool:
    """Say whether most of the cells that hold something are of one kind."""
    held = [text for cell in cells if (text := plain_text(cell))]
    return bool(held) and sum(bool(says(text)) for text in held) >= _MOST * len(held)
