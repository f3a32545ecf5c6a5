"""Edits of paragraphs, and of single words within a target."""

from __future__ import annotations

from collections.abc import Sequence

from procauthor.authoring.update.arrange import arrange
from procauthor.authoring.update.line import line_end, line_start
from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.pen import Pen, paragraphs


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
    for entry in plan.entries:
        if entry.old is not None:
            continue
        if place.inline:
            message = f"{name!r} is one line behind its label"
            raise OperationError(message, "replace it", name)
        beside, text = members[entry.beside], paragraphs(pen.clean, entry.value)
        if entry.before:
            at = line_start(pen.raw, beside.start)
            pen.write(at, at, f"{text}\n\n")
        else:
            at = line_end(pen.raw, beside.end)
            pen.write(at, at, f"\n\n{text}")


def _cut(pen: Pen, start: int, end: int) -> None:
    """Remove the lines of a paragraph with one of the blank lines around it."""
    raw = pen.raw
    start = line_start(raw, start)
    end = line_end(raw, end)
    before = start
    while before and not raw[line_start(raw, before - 1) : before].strip():
        before = line_start(raw, before - 1)
    # The blank lines before it go with it, and those behind it stay; the line ending before them closes its line.
    last = before - (2 if raw[:before].endswith(b"\r\n") else 1) if before else start
    pen.cut(max(last, 0), end)


def substitute(pen: Pen, name: str, operations: Sequence[Operation]) -> None:
    """Put new words for old ones, wherever these stand within a target."""
    target = pen.outline.targets[name]
    for each in operations:
        old, new = each.values
        if not isinstance(old, str) or not isinstance(new, str) or not old.strip() or "\n" in old:
            message = f"'substitute' in {name!r} takes the old and the new words, on one line"
            raise OperationError(message, target=name)
        words = old.encode()
        position = pen.raw.find(words, target.start, target.end)
        if position == -1:
            message = f"{old!r} does not stand in {name!r}"
            raise OperationError(message, "the old words are taken letter by letter, from one line", name)
        text = pen.clean.inline(new)
        while position != -1:
            pen.write(position, position + len(words), text)
            position = pen.raw.find(words, position + len(words), target.end)
