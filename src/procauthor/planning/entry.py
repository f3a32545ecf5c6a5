"""Where a plan's items stand: under numbered headings, on numbered lines, or in the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from procauthor.markdown.document import Block, Document, Section
from procauthor.planning.field import Field, field_key, fields_in, first_field, plain_text, read_fields
from procauthor.planning.line import Line, lines_of
from procauthor.planning.opening import (
    LABEL,
    NUMBER,
    Numbered,
    Opening,
    label_above,
    names_priority,
    numbers,
    read_number,
)
from procauthor.planning.table import find_rows
from procauthor.planning.title import clean_title
from procauthor.planning.tracking import read_role, role_of

_LINE = re.compile(
    rf"^\s*(?:[-*+]\s+)?(?:\[[ xX]\]\s*)?(?:\*\*|__)?{NUMBER}[.):\]]+(?:\*\*|__)?\s+(?:\[[ xX]\]\s+)?(?P<title>\S.*)$",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"^(?:define|create|write|author|update|complete|implement|establish|develop|document|draft)\b|\bprocedure\b",
    re.IGNORECASE,
)
_PLURAL = re.compile(r"\b(?:procedures|lifecycles)\b", re.IGNORECASE)
_STRONG = {"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"}


def find_openings(document: Document, lines: list[Line]) -> list[Opening]:
    """Return all openings in the order of the text."""
    headed = list(_headed(document, lines))
    scopes = [(o.line.start, o.scope_end) for o in headed]
    free = [line for line in lines if not _within(line.start, scopes)]
    rows = [o for o in find_rows(document, lines) if not _within(o.line.start, scopes)]
    listed = (replace(o, label=label_above(o.section, o.line.start, lines)) for o in _listed(document, free))
    return sorted((*headed, *listed, *rows), key=lambda o: o.line.start)


def _within(position: int, scopes: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in scopes)


# Headings


def _headed(document: Document, lines: list[Line]) -> Iterator[Opening]:
    taken = 0
    candidates = {s.index for s in document.sections if s.heading and _reads_as_item(document, s, lines)}
    for section in document.sections:
        if section.index not in candidates or section.heading is None:
            continue
        inner = [s for s in document.family(section) if s.index != section.index and s.index in candidates]
        if inner and not _own_keys(section, lines) & _STRONG:
            continue
        taken = inner[0].start if inner else document.end(section)
        body = read_fields(lines_of(lines, section.body, taken))
        body += [f for s in document.family(section) if s.start < taken for b in s.blocks for f in _pairs(b)]
        read = read_number(section.title) or Numbered(0, 0, plain_text(section.title))
        line, end = lines[section.line - 1], section.heading.end
        yield Opening(read.first, read.last, read.title, line, end, section, tuple(body), taken, code=read.code)


def _reads_as_item(document: Document, section: Section, lines: list[Line]) -> bool:
    read = read_number(section.title)
    keys = _own_keys(section, lines)
    for child in document.children(section):
        keys = keys | {field_key(child.title.partition(":")[0])}
    if read and read.code:
        return bool(_TASK.search(read.title))
    if read:
        return bool(keys & _STRONG) or bool(read.dot and _TASK.search(read.title))
    if section.title == document.title and section.level == 1:
        return False
    names_one = bool(re.search(r"\bprocedure$|^define\b", clean_title(section.title), re.IGNORECASE))
    told = "priority" in keys and bool(keys & {"depends_on", "lifecycle", "effort"})
    needs = "depends_on" in keys and not (_PLURAL.search(section.title) or field_key(section.title))
    return (names_one and told) or _is_placed(document, section, named=names_one or needs)


def _is_placed(document: Document, section: Section, *, named: bool) -> bool:
    """Say whether a heading that names a procedure stands below one that names a priority."""
    if not named or role_of(document, section):
        return False
    above = document.path(section)[:-1]
    return any(names_priority(text) for text in above)


def _own_keys(section: Section, lines: list[Line]) -> set[str]:
    keys = {f.key for f in read_fields(lines_of(lines, section.body, section.end))}
    return (keys | {f.key for b in section.blocks for f in _pairs(b)}) - {""}


def _pairs(block: Block) -> Iterator[Field]:
    """Yield the fields of a table with two columns, key and value."""
    if block.kind != "table" or block.header is None or len(block.header.cells) != 2:  # noqa: PLR2004 - key and value
        return
    for row in (block.header, *block.rows):
        if len(row.cells) > 1 and (key := field_key(row.cells[0].text)):
            yield Field(key, row.cells[0].text, row.cells[1].text, row.line)


# Numbered lines


def _listed(document: Document, lines: list[Line]) -> Iterator[Opening]:
    for section in document.sections:
        own = lines_of(lines, section.body, section.end)
        found = [(place, match) for place, line in enumerate(own) if (match := _LINE.match(line.text))]
        indent = min((own[place].indent for place, _ in found), default=0)
        starts = [(place, match) for place, match in found if own[place].indent == indent]
        if starts and _is_bold(own[starts[0][0]]):
            starts = [(place, match) for place, match in starts if _is_bold(own[place])]
        ends = [*(place for place, _ in starts[1:]), len(own)]
        for (place, match), end in zip(starts, ends, strict=False):
            opening = _open_line(body_of(own[place:end]), match, section)
            if {f.key for f in opening.fields} & _STRONG:
                yield opening


def body_of(own: list[Line]) -> list[Line]:
    """Cut the lines of a list item where a paragraph follows that does not belong to it.

    An item that is a paragraph in bold goes on to the next label with a meaning of its own.
    """
    if LABEL.match(own[0].text) and not own[0].bullet:
        labels = ((place, LABEL.match(line.text)) for place, line in enumerate(own) if place)
        return own[: next((at for at, found in labels if found and _ends_item(found[1])), len(own))]
    for place in range(2, len(own)):
        line = own[place]
        outside = line.text.strip() and not own[place - 1].text.strip() and line.indent <= own[0].indent
        if outside and not any(f.key for f in fields_in(line.text, line.number)):
            return own[:place]
    return own


def _is_bold(line: Line) -> bool:
    return line.text.lstrip().startswith(("**", "__"))


def _ends_item(label: str) -> bool:
    return not field_key(label) and (names_priority(label) or bool(read_role(label)))


def _open_line(own: list[Line], match: re.Match[str], section: Section) -> Opening:
    first, last, _ = numbers(match)
    text = match["title"]
    title = re.sub(r"[\s|;,·–—:-]+$", "", text[: first_field(text)]).strip("* _")
    head = own[0]
    end = head.start + len(head.text.encode())
    inline = read_fields([replace(head, text=text[first_field(text) :])]) if first_field(text) < len(text) else []
    fields = (*inline, *read_fields(own[1:]))
    # What a sign in a field says is not said of the item.
    shown = replace(head, text=head.text[: first_field(head.text)])
    return Opening(first, last, plain_text(title), shown, end, section, fields, own[-1].start + 1)
