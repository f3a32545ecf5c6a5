"""Tables of procedures: in the Master Procedures Index, in lifecycle READMEs and in orchestrations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from procauthor.convention.state import read_status
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import resolve
from procauthor.markdown.document import Block, Cell, Section, TableRow
from procauthor.naming import title_key
from procauthor.procedure import Status
from procauthor.template.key import section_key

_LONGEST_NUMBER = 9
_TITLE_COLUMNS = ("procedure", "standard", "document", "title")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a column of titles and one of statuses; other columns by key."""

    procedure: Procedure
    section: Section
    block: Block
    columns: dict[str, int]

    @property
    def lifecycle(self) -> str:
        """The heading above the table, without the word "Lifecycle"."""
        return re.sub(r"\s+lifecycle$", "", self.section.title, flags=re.IGNORECASE).strip()

    def cell(self, row: TableRow, column: str) -> Cell | None:
        """Return a cell by its column's key."""
        place = self.columns.get(column)
        return row.cells[place] if place is not None and place < len(row.cells) else None


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One row: a title, perhaps linked, with what the table says of it."""

    table: Table
    row: TableRow
    title: str
    path: str | None
    status: Status | None
    phase: int | str | None

    @property
    def key(self) -> str:
        """The key of the title."""
        return title_key(self.title)


def tables(procedure: Procedure) -> Iterator[Table]:
    """Yield the tables of procedures in a document."""
    for section in procedure.document.sections:
        for block in section.blocks:
            if block.kind != "table" or block.header is None:
                continue
            keys = {section_key(cell.text): place for place, cell in enumerate(block.header.cells)}
            title = next((keys[name] for name in _TITLE_COLUMNS if name in keys), None)
            if title is not None and "status" in keys:
                yield Table(procedure, section, block, {**keys, "title": title})


def entries(procedure: Procedure) -> Iterator[IndexRow]:
    """Yield the rows of all tables of procedures in a document."""
    for table in tables(procedure):
        for row in table.block.rows:
            yield read_entry(table, row)


@dataclass(frozen=True, slots=True)
class Bullet:
    """A plain line of a list that otherwise links to documents: a title without a document."""

    title: str
    lifecycle: str
    path: str
    line: int


def bullets(library: Library) -> Iterator[Bullet]:
    """Yield what the lists of the index announce: plain lines beside lines that each link to one document."""
    index = index_of(library)
    if index is None:
        return
    targets: dict[int, list[str | None]] = {}
    for link in index.links:
        targets.setdefault(link.line, []).append(resolve(index.path, link.target).path)
    for section in index.document.sections:
        name = re.sub(r"\s+lifecycle$", "", section.title, flags=re.IGNORECASE).strip()
        for block in section.blocks:
            linked = [targets[item.line] for item in block.items if item.line in targets]
            if not linked or any(len(paths) > 1 or paths[0] not in library.by_path for paths in linked):
                continue
            plain = (item for item in block.items if item.line not in targets)
            yield from (Bullet(each.text.strip(), name, index.path, each.line) for each in plain if _is_name(each.text))


def _is_name(text: str) -> bool:
    return bool(text.strip()) and not re.search(r"[.:;!?]", text)


def read_entry(table: Table, row: TableRow) -> IndexRow:
    """Read one row."""
    title, status, phase = (table.cell(row, name) for name in ("title", "status", "phase"))
    link = title.link if title else None
    return IndexRow(
        table=table,
        row=row,
        title=(link.text if link else title.text) if title else "",
        path=resolve(table.procedure.path, link.target).path if link else None,
        status=read_status(status.text) if status else None,
        phase=_phase(phase.text) if phase else None,
    )


def _phase(text: str) -> int | str | None:
    word = text.strip().casefold().removeprefix("phase").strip()
    if word in ("", "-", "–", "—"):
        return None
    return int(word) if word.isdecimal() and len(word) < _LONGEST_NUMBER else text.strip()


def index_of(library: Library) -> Procedure | None:
    """Return the Master Procedures Index, if the library has one."""
    return next(iter(library.of_kind("index")), None)


def missing_titles(library: Library) -> dict[str, IndexRow]:
    """Return what the index announces without a file, by key of the title."""
    index = index_of(library)
    if index is None:
        return {}
    return {e.key: e for e in entries(index) if e.key not in library.by_key and e.title}
