"""Edits of lists: items keep bullet, indentation, box and spacing of their neighbours; numbers go on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from procauthor.authoring.update.arrange import Arrangement, NewMember, arrange
from procauthor.authoring.update.line import MARKER, line_end, line_start, sequence, trim
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.outline import EditContainer, EditTarget
from procauthor.authoring.update.pen import Pen, paragraphs
from procauthor.authoring.update.table import insert_first
from procauthor.template.render import hang

_LEAST_GAP = "\n"
_BOX = re.compile(r"\[[ xX]\][ \t]+$")


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
    found = []
    for index, target in enumerate(own):
        if index + 1 < len(own):
            last = trim(pen.raw, target.start, own[index + 1].start)
        else:
            last = trim(pen.raw, place.start, place.end) if not depth else max(t.end for t in family)
        found.append(_sibling(pen, target, last))
    return found


def _sibling(pen: Pen, target: EditTarget, last: int) -> Sibling:
    start = line_start(pen.raw, target.start)
    marker = MARKER.match(pen.raw, start)
    if marker is None or pen.raw[start : target.start].strip():
        message = f"{target.id!r} does not begin a line of its own"
        raise OperationError(message, "a person has to change it", target.id)
    return Sibling(target, start, marker.end(), target.end, last, marker)


def _replace(pen: Pen, place: EditContainer, sibling: Sibling, value: Any) -> None:
    marker = sibling.marker[0].decode()
    text = hang(pen.item_text(place, value), len(_BOX.sub("", marker)))
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
    """Every item goes: the template's word for "none" stands instead, where it has one."""
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
    found: list[int] = []
    for entry in plan.entries:
        found.append(old[entry.old] if entry.old is not None else (found[-1] if found else old[0] - 1) + 1)
    return found


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
    for entry, number in zip(plan.entries, numbers, strict=True):
        if entry.old is not None:
            continue
        beside = siblings[entry.beside]
        line = _item(pen, place, _marker(beside.marker, number), entry.value)
        if entry.before:
            pen.write(beside.line, beside.line, line + gap)
        else:
            at = line_end(pen.raw, beside.last)
            pen.write(at, at, gap + line)


def _item(pen: Pen, place: EditContainer, marker: str, value: Any) -> str:
    return marker + hang(pen.item_text(place, value), len(_BOX.sub("", marker)))


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


def _new_items(pen: Pen, place: EditContainer, values: Sequence[Any]) -> list[str]:
    ordered = place.spec is not None and place.spec.kind == "numbered"
    sign, behind = pen.bullet(ordered=ordered)
    box = "[ ] " if place.spec is not None and place.spec.kind == "checklist" else ""
    return [
        _item(pen, place, f"{number if ordered else sign}{behind} {box}", value)
        for number, value in enumerate(values, start=1)
    ]


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
