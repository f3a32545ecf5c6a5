"""Edits of table rows: a new row takes the form of its neighbour; order cells count on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from procauthor.authoring.update.arrange import Arrangement, arrange
from procauthor.authoring.update.line import line_end, line_start, sequence
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import EditContainer
from procauthor.authoring.update.pen import Pen
from procauthor.markdown.document import Cell, Replacement, TableRow, replace_spans
from procauthor.template.render import render_pattern
from procauthor.template.spec import SectionSpec

# Columns of the template that are counted or looked up, never written by an author.
ORDER = ("order", "number")
STATUS = "status"


def edit_table(pen: Pen, name: str, operations: Sequence[Operation]) -> None:
    """Edit the rows of a table."""
    place = pen.outline.places[name]
    assert place.block is not None
    members = pen.outline.members(name)
    rows = place.block.rows
    plan = arrange([t.id for t in members], name, operations)
    for index, value in plan.replaced.items():
        for cell, text in zip(rows[index].cells, _cells(pen, place, value, None), strict=True):
            if text is not None:
                _fill(pen, cell, text)
    for index in sorted(plan.deleted):
        start = line_start(pen.raw, rows[index].start)
        end = line_end(pen.raw, rows[index].start)
        before = start - (2 if pen.raw[:start].endswith(b"\r\n") else 1)
        pen.cut(before, end)
    _insert(pen, place, plan)
    _reorder(pen, place, plan)


def _insert(pen: Pen, place: EditContainer, plan: Arrangement) -> None:
    assert place.block is not None
    rows = place.block.rows
    for position, entry in enumerate(plan.entries):
        if entry.old is not None:
            continue
        beside = rows[entry.beside]
        start, end = line_start(pen.raw, beside.start), line_end(pen.raw, beside.start)
        text = _row(pen, beside, (start, end), _cells(pen, place, entry.value, _order(place, plan, position)))
        pen.write(start, start, f"{text}\n") if entry.before else pen.write(end, end, f"\n{text}")


def insert_first(pen: Pen, place: EditContainer, values: Sequence[Any]) -> None:
    """Write the first rows below a header."""
    assert place.block is not None
    assert place.block.header is not None
    header = place.block.header
    at = line_end(pen.raw, line_end(pen.raw, header.start) + 2)
    span = (line_start(pen.raw, header.start), line_end(pen.raw, header.start))
    lines = [_row(pen, header, span, _cells(pen, place, v, n)) for n, v in enumerate(values, start=1)]
    pen.write(at, at, "".join(f"\n{line}" for line in lines))


def _row(pen: Pen, like: TableRow, span: tuple[int, int], texts: Sequence[str | None]) -> str:
    """Return a row with the outer form of another one."""
    start, end = span
    filled = [
        Replacement(c.start - start, c.end - start, f" {t or '-'} ") for c, t in zip(like.cells, texts, strict=True)
    ]
    return replace_spans(pen.raw[start:end], filled).decode()


def _fill(pen: Pen, cell: Cell, text: str) -> None:
    """Replace the text of a cell and keep the spaces around it."""
    raw = pen.raw[cell.start : cell.end]
    inner = raw.strip()
    start = cell.start + (raw.find(inner) if inner else 0)
    pen.write(start, start + len(inner), text)


def _cells(pen: Pen, place: EditContainer, value: Any, order: int | None) -> list[str | None]:
    """Return the text of each cell; None for one that is computed and stays."""
    assert place.block is not None
    assert place.block.header is not None
    width = len(place.block.header.cells)
    if place.spec is None or len(place.spec.columns) != width:
        if not isinstance(value, list | tuple) or len(value) != width:
            message = f"a row of {place.id!r} has {width} cells"
            raise OperationError(message, "give one text a cell", place.id)
        return [pen.clean.cell(text) or "-" for text in value]
    return [_cell(pen, place.spec, column, value, order) for column in range(width)]


def _cell(pen: Pen, spec: SectionSpec, column: int, value: Mapping[str, Any], order: int | None) -> str | None:
    pattern = spec.columns[column].pattern
    names = {slot.name for slot in pattern.slots}
    if names & set(ORDER):
        return None if order is None else str(order)
    if STATUS in names and computed_status(spec):
        title = next((value[n] for n in references(spec) if value.get(n)), "")
        return pen.statuses.get(title, "Missing")
    return render_pattern(pattern, value, pen.clean, cell=True, whole=False) or "-"


def references(spec: SectionSpec) -> tuple[str, ...]:
    """Return the names of the reference fields of a row."""
    return tuple(s.name for c in spec.columns for s in c.pattern.slots if s.reference)


def computed_status(spec: SectionSpec) -> bool:
    """Say whether the status in a row is that of the document it refers to."""
    return bool(references(spec))


def _order(place: EditContainer, plan: Arrangement, position: int) -> int:
    old = order_numbers(place)
    first = old[1][0][1] if old else 1
    return first + position if plan.entries else first


def order_numbers(place: EditContainer) -> tuple[int, list[tuple[Cell, int]]] | None:
    """Return the column of a table that counts its rows, with the cells and their numbers."""
    block = place.block
    if block is None or not block.rows or place.spec is None or len(place.spec.columns) != len(block.rows[0].cells):
        return None
    for column, spec in enumerate(place.spec.columns):
        if not {s.name for s in spec.pattern.slots} & set(ORDER):
            continue
        cells = [row.cells[column] for row in block.rows]
        if all(c.text.isdigit() for c in cells) and sequence([int(c.text) for c in cells]):
            return column, [(c, int(c.text)) for c in cells]
    return None


def _reorder(pen: Pen, place: EditContainer, plan: Arrangement) -> None:
    found = order_numbers(place)
    if found is None:
        return
    _, cells = found
    first, changed = cells[0][1], 0
    for position, entry in enumerate(plan.entries):
        if entry.old is None or entry.old in plan.replaced:
            continue
        cell, number = cells[entry.old]
        if number != first + position:
            _fill(pen, cell, str(first + position))
            changed += 1
    if changed:
        pen.notes.append(f"renumbered {changed} rows of {place.id}")
