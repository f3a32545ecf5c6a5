"""Edits of lists, rows of tables and paragraphs: new text takes the form of its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from procauthor.authoring.update.operation import Arrangement, NewMember, Operation, OperationError, arrange
from procauthor.authoring.update.outline import MARKER, EditContainer, EditTarget, sequence, trim
from procauthor.authoring.update.pen import Pen, item_words, paragraphs
from procauthor.markdown.document import Cell, Document, Replacement, TableRow, line_end, line_start, replace_spans
from procauthor.markdown.passage import Leaf, read_parts
from procauthor.regex import lazy
from procauthor.template.render import hang, render_pattern
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
    _insert_rows(pen, place, plan)
    _reorder(pen, place, plan)


def _insert_rows(pen: Pen, place: EditContainer, plan: Arrangement) -> None:
    assert place.block is not None
    rows = place.block.rows
    for position, entry in plan.new:
        beside = rows[entry.beside]
        start, end = line_start(pen.raw, beside.start), line_end(pen.raw, beside.start)
        text = _row(pen, beside, (start, end), _cells(pen, place, entry.value, _order(place, plan, position)))
        pen.insert(entry, start, end, text, "\n")


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
    slots = chain.from_iterable(column.pattern.slots for column in spec.columns)
    return tuple(slot.name for slot in slots if slot.reference)


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
    order = order_numbers(place)
    if order is None:
        return
    _, cells = order
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


_LEAST_GAP = "\n"
_BOX = lazy(r"\[[ xX]\][ \t]+$")


@dataclass(frozen=True, slots=True)
class Sibling:
    """An item among its siblings: where its line begins, where its words begin and end, where its family ends."""

    target: EditTarget
    line: int
    words: int
    end: int
    last: int
    marker: re.Match[bytes]


def edit_list(pen: Pen, container: str, operations: Sequence[Operation]) -> None:
    """Edit the items of one list, or the items nested in one item."""
    place = pen.outline.places[container.split("[", maxsplit=1)[0]]
    siblings = _siblings(pen, place, container)
    plan = arrange([s.target.id for s in siblings], container, operations)
    if not plan.entries:
        _empty(pen, place, siblings)
        return
    for index, value in plan.replaced.items():
        _replace(pen, place, siblings[index], value)
    _delete(pen, siblings, plan.deleted)
    numbers = _numbers(siblings, plan)
    _insert(pen, place, siblings, plan, numbers)
    _renumber(pen, siblings, plan, numbers)


def _siblings(pen: Pen, place: EditContainer, container: str) -> list[Sibling]:
    depth = container.count(".", len(place.id)) + 1 if container != place.id else 0
    prefix = container[:-1] + "." if depth else f"{place.id}["
    family = [t for t in pen.outline.members(place.id) if t.id.startswith(prefix)]
    own = [t for t in family if t.id.count(".", len(place.id)) == depth]
    assert place.block is not None
    siblings = []
    for index, target in enumerate(own):
        if index + 1 < len(own):
            last = trim(pen.raw, target.start, own[index + 1].start)
        else:
            last = trim(pen.raw, place.start, place.end) if not depth else max(t.end for t in family)
        siblings.append(_sibling(pen, target, last))
    return siblings


def _sibling(pen: Pen, target: EditTarget, last: int) -> Sibling:
    start = line_start(pen.raw, target.start)
    marker = MARKER.match(pen.raw, start)
    if marker is None or pen.raw[start : target.start].strip():
        message = f"{target.id!r} does not begin a line of its own"
        raise OperationError(message, "a person has to change it", target.id)
    return Sibling(target, start, marker.end(), target.end, last, marker)


def _replace(pen: Pen, place: EditContainer, sibling: Sibling, value: Any) -> None:
    marker = sibling.marker[0].decode()
    text = hang(item_words(pen.clean, place.spec, value), len(_BOX.sub("", marker)))
    space = "" if sibling.marker["gap"] else " "
    pen.write(sibling.words, max(sibling.words, sibling.end), space + text)


def _delete(pen: Pen, siblings: Sequence[Sibling], deleted: frozenset[int]) -> None:
    """Remove whole lines; the last items of a list go with the line ending before them."""
    raw = pen.raw
    tail = len(siblings)
    while tail - 1 in deleted:
        tail -= 1
    for index in sorted(deleted):
        if index < tail:
            pen.cut(siblings[index].line, siblings[index + 1].line)
        else:
            pen.cut(line_end(raw, siblings[index - 1].last), line_end(raw, siblings[index].last))


def _empty(pen: Pen, place: EditContainer, siblings: Sequence[Sibling]) -> None:
    """Every item goes: the template's word for "none" takes their place, where it has one."""
    none = place.spec.constraint.none if place.spec else ""
    if not none:
        message = f"{place.id!r} would be empty"
        raise OperationError(message, "keep at least one item", place.id)
    pen.write(siblings[0].line, line_end(pen.raw, siblings[-1].last), none)
    pen.notes.append(f"{place.id} has no item left and says {none!r}")


# Numbers


def _numbers(siblings: Sequence[Sibling], plan: Arrangement) -> list[int]:
    """Return the number of each entry as it will be; those of a list that does not count stay as they are."""
    if not siblings[0].marker["number"]:
        return [0] * len(plan.entries)
    old = [int(s.marker["number"] or 0) for s in siblings]
    if len(old) > 1 and len(set(old)) == 1:
        return [old[0]] * len(plan.entries)
    if sequence(old):
        return [old[0] + n for n in range(len(plan.entries))]
    return plan.count_on(old)


def _renumber(pen: Pen, siblings: Sequence[Sibling], plan: Arrangement, numbers: Sequence[int]) -> None:
    changed = 0
    for entry, number in zip(plan.entries, numbers, strict=True):
        if entry.old is None:
            continue
        marker = siblings[entry.old].marker
        if marker["number"] and int(marker["number"]) != number:
            pen.write(marker.start("number"), marker.end("number"), str(number))
            changed += 1
    if changed:
        pen.notes.append(f"renumbered {changed} items of {siblings[0].target.place}")


# New items


def _insert(
    pen: Pen, place: EditContainer, siblings: Sequence[Sibling], plan: Arrangement, numbers: Sequence[int]
) -> None:
    gap = _gap(pen, siblings)
    for position, entry in plan.new:
        beside = siblings[entry.beside]
        line = _item(pen, place, _marker(beside.marker, numbers[position]), entry.value)
        pen.insert(entry, beside.line, line_end(pen.raw, beside.last), line, gap)


def _item(pen: Pen, place: EditContainer, marker: str, value: Any) -> str:
    return marker + hang(item_words(pen.clean, place.spec, value), len(_BOX.sub("", marker)))


def _marker(marker: re.Match[bytes], number: int) -> str:
    sign = marker["bullet"].decode()
    if marker["number"]:
        sign = f"{number}{sign[-1]}"
    box = re.sub(r"[xX]", " ", (marker["box"] or b"").decode())
    return f"{marker['indent'].decode()}{sign}{marker['gap'].decode() or ' '}{box}"


def _gap(pen: Pen, siblings: Sequence[Sibling]) -> str:
    if len(siblings) < 2:  # noqa: PLR2004 - a gap needs two
        return _LEAST_GAP
    between = pen.raw[siblings[0].last : siblings[1].line]
    lines = between.count(b"\n")
    return "\n" * lines if not between.strip() and lines else _LEAST_GAP


# Whole places


def fill_place(pen: Pen, name: str, values: Sequence[Any]) -> None:
    """Write all values of a place again, or the first values of an empty one."""
    place = pen.outline.places[name]
    if place.kind == "prose":
        _fill_text(pen, place, values)
        return
    if place.kind == "table" and not pen.outline.members(name):
        insert_first(pen, place, values)
        return
    if place.kind == "table":
        message = f"{name!r} is a table: change its rows"
        raise OperationError(message, "insert, replace or delete rows", name)
    if place.kind == "list":
        siblings = _siblings(pen, place, name)
        numbers = _numbers(siblings, _fresh(values))
        gap = _gap(pen, siblings)
        marks = [_marker(siblings[0].marker, number) for number in numbers]
        lines = [_item(pen, place, mark, value) for mark, value in zip(marks, values, strict=True)]
        pen.write(siblings[0].line, line_end(pen.raw, siblings[-1].last), gap.join(lines))
        return
    _fill_empty(pen, place, "\n".join(_new_items(pen, place, values)))


def _fresh(values: Sequence[Any]) -> Arrangement:
    return Arrangement(tuple(NewMember(value=value) for value in values), frozenset(), {})


def _new_items(pen: Pen, place: EditContainer, values: Sequence[Any]) -> Iterator[str]:
    kind = place.spec.kind if place.spec else "list"
    sign, box = pen.bullet(ordered=kind == "numbered"), "[ ] " if kind == "checklist" else ""
    for number, value in enumerate(values, start=1):
        mark = f"{number}{sign}" if kind == "numbered" else sign
        yield _item(pen, place, f"{mark} {box}", value)


def _fill_text(pen: Pen, place: EditContainer, values: Sequence[Any]) -> None:
    if place.inline:
        pen.write(place.start, place.end, " ".join(pen.clean.inline(value) for value in values))
        return
    text = "\n\n".join(paragraphs(pen.clean, value) for value in values)
    if not place.paragraphs:
        _fill_empty(pen, place, text)
        return
    for (_, end), (start, _) in zip(place.paragraphs, place.paragraphs[1:], strict=False):
        if pen.raw[end:start].strip():
            message = f"{place.id!r} holds more than paragraphs"
            raise OperationError(message, "change its paragraphs one by one", place.id)
    pen.write(place.start, place.end, text)


def _fill_empty(pen: Pen, place: EditContainer, text: str) -> None:
    """Write the first content of a place: over its word for "none", or below its label or heading."""
    if place.end > place.start:
        pen.write(place.start, place.end, text)
        return
    raw, at = pen.raw, place.anchor
    if raw[at - 1 : at] == b"\n":
        # Behind a heading: a blank line before it, and one behind it unless there is one.
        blank = raw[at : at + 2].startswith((b"\n", b"\r")) or at == len(raw)
        pen.write(at, at, f"\n{text}\n" if blank else f"\n{text}\n\n")
        return
    at = line_end(raw, at)
    pen.write(at, at, f"\n\n{text}")


WHOLE_WORDS = "the old words are taken letter by letter, as whole words of one line; in backticks where they are code"


def edit_text(pen: Pen, name: str, operations: Sequence[Operation]) -> None:
    """Edit the paragraphs of a place."""
    place = pen.outline.places[name]
    members = pen.outline.members(name)
    plan = arrange([t.id for t in members], name, operations)
    if not plan.entries:
        message = f"{name!r} would be empty"
        raise OperationError(message, "keep at least one paragraph", name)
    for index, value in plan.replaced.items():
        text = pen.clean.inline(value) if place.inline else paragraphs(pen.clean, value)
        pen.write(members[index].start, members[index].end, text)
    for index in sorted(plan.deleted):
        _cut(pen, members[index].start, members[index].end)
    for _, entry in plan.new:
        if place.inline:
            message = f"{name!r} is one line behind its label"
            raise OperationError(message, "replace it", name)
        beside, text = members[entry.beside], paragraphs(pen.clean, entry.value)
        pen.insert(entry, line_start(pen.raw, beside.start), line_end(pen.raw, beside.end), text, "\n\n")


def _cut(pen: Pen, start: int, end: int) -> None:
    """Remove the lines of a paragraph with one of the blank lines around it."""
    raw = pen.raw
    start = line_start(raw, start)
    end = line_end(raw, end)
    before = start
    while before and not raw[line_start(raw, before - 1) : before].strip():
        before = line_start(raw, before - 1)
    # The blank lines before it go with it, and those behind it stay; the line ending before them closes its line.
    ending = 2 if raw[:before].endswith(b"\r\n") else 1
    pen.cut(before - ending if before else start, end)


def substitute(pen: Pen, name: str, operations: Sequence[Operation]) -> None:
    """Put new words for old ones, wherever these are within a target."""
    target = pen.outline.targets[name]
    for each in operations:
        old, new = each.values
        if not isinstance(old, str) or not isinstance(new, str) or not old.strip() or "\n" in old:
            message = f"'substitute' in {name!r} takes the old and the new words, on one line"
            raise OperationError(message, target=name)
        places = find_words(pen.document, target.start, target.end, old)
        if not places:
            message = f"{old!r} is not in {name!r}"
            raise OperationError(message, WHOLE_WORDS, name)
        text = _bare(new) if _is_code(old) else pen.clean.inline(new)
        if _is_code(old) and "`" in text:
            message = f"{new!r} cannot be code, because it holds a backtick"
            raise OperationError(message, target=name)
        for start, end in places:
            pen.write(start, end, text)


def find_words(document: Document, start: int, end: int, words: str) -> list[tuple[int, int]]:
    """Return where words are within a span, as whole words and letter by letter.

    Words in backticks are looked for in code alone, others everywhere but in code, HTML and the targets of links.
    """
    wanted = _bare(words)
    first = r"(?<![\w-])" if wanted[0].isalnum() else ""
    last = r"(?![\w-]|\+\+|#)" if wanted[-1].isalnum() else ""
    pattern = re.compile(first + re.escape(wanted) + last)
    code = _is_code(words)
    leaves = [leaf for leaf in read_parts(document).leaves if leaf.start < end and start < leaf.end]
    places = []
    text = document.source.raw[start:end].decode()
    for match in pattern.finditer(text):
        at = start + len(text[: match.start()].encode())
        behind = at + len(match[0].encode())
        kinds = {_kind(leaf) for leaf in leaves if leaf.start < behind and at < leaf.end}
        if kinds == {"code"} if code else kinds - {"code", "html"}:
            places.append((at, behind))
    return places


def _kind(leaf: Leaf) -> str:
    return "code" if any(container.tag == "CodeBlock" for container in leaf.path) else leaf.kind


def _is_code(words: str) -> bool:
    return len(words) > 2 and words.startswith("`") and words.endswith("`") and "`" not in words[1:-1]  # noqa: PLR2004


def _bare(words: str) -> str:
    return words[1:-1] if _is_code(words) else words
