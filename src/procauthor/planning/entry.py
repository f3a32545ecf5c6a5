"""Where a plan's items stand: under numbered headings, on numbered lines, or in the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from procauthor.markdown.document import Block, Document, Row, Section
from procauthor.planning.field import Field, field_key, fields_in, first_field, plain_text, read_fields
from procauthor.planning.line import Line, lines_of
from procauthor.planning.value import read_priority

_NUMBER = (
    r"(?:(?:item|task|action|procedure)\s+)?#?(?P<first>\d{1,4})"
    r"(?:\s*(?:[-–—‑−]|to|through)\s*#?(?P<last>\d{1,4}))?"
)
_HEADING = re.compile(rf"^{_NUMBER}(?P<dot>\s*[.):]|\s+[-–—])?\s+(?P<title>\S.*)$", re.IGNORECASE)
_CODED = re.compile(r"^(?P<code>P\d[-.]\d{1,3}|[A-Z]{1,3}-?\d{1,3})\s*[.):–—-]\s+(?P<title>\S.*)$")
_LINE = re.compile(
    rf"^\s*(?:[-*+]\s+)?(?:\[[ xX]\]\s*)?(?:\*\*|__)?{_NUMBER}[.):](?:\*\*|__)?\s+(?:\[[ xX]\]\s+)?(?P<title>\S.*)$",
    re.IGNORECASE,
)
_TASK = re.compile(r"^(?:define|create|write|author|update|complete)\b|\bprocedure\b", re.IGNORECASE)
_URGENT = re.compile(r"\bP\s?\d\b|\bprio(?:rity)?\b|\bhave\b", re.IGNORECASE)
LABEL = re.compile(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)([^*\n]+?)\s*:?\s*(?:\*\*|__)\s*:?\s*$")
_STRONG = {"priority", "depends_on", "soft", "effort", "blocks", "lifecycle"}
_TITLES = ("procedure", "title", "name", "action", "task", "item")
_COUNTERS = ("#", "no", "no.", "number", "nr", "id")
_LIST_KEYS = {"depends_on", "soft", "blocks"}


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one item or a range of items: its number (0 where it has none), its title, its fields.

    ``label`` is a line in bold above it, such as **P0**, in the same section; ``code`` stands in place of a number, as
    in "P0-1: Data Design Procedure".
    """

    first: int
    last: int
    title: str
    line: Line
    end: int
    section: Section
    fields: tuple[Field, ...] = ()
    scope_end: int = 0
    label: str = ""
    code: str = ""

    def field(self, *keys: str) -> str:
        """Return the text of the first field with one of these keys."""
        return next((f.text for f in self.fields if f.key in keys and f.text), "")

    def all(self, key: str) -> list[Field]:
        """Return all fields of a key."""
        return [f for f in self.fields if f.key == key]


def find_openings(document: Document, lines: list[Line]) -> list[Opening]:
    """Return all openings in the order of the text."""
    headed = list(_headed(document, lines))
    scopes = [(o.line.start, o.scope_end) for o in headed]
    free = [line for line in lines if not _within(line.start, scopes)]
    rows = [o for o in _rows(document, lines) if not _within(o.line.start, scopes)]
    listed = (replace(o, label=_label_above(o, lines)) for o in _listed(document, free))
    return sorted((*headed, *listed, *rows), key=lambda o: o.line.start)


def names_priority(text: str) -> bool:
    """Say whether a heading or a label names a priority: "P0 - Critical", "Priority 1", "Must have", "High"."""
    if read_priority(text) is None:
        return False
    return bool(_URGENT.search(text) or read_priority(plain_text(text).partition(" ")[0]))


def _label_above(opening: Opening, lines: list[Line]) -> str:
    """Return the nearest line in bold above an item that names a priority, in the same section."""
    for line in reversed(lines_of(lines, opening.section.body, opening.line.start)):
        found = LABEL.match(line.text)
        if found and names_priority(found[1]):
            return found[1]
    return ""


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
        match = _HEADING.match(plain_text(section.title))
        coded = None if match else _CODED.match(plain_text(section.title))
        text = coded["title"] if coded else plain_text(section.title)
        first, last, title = _numbers(match) if match else (0, 0, text)
        line = lines[section.line - 1]
        code = coded["code"] if coded else ""
        yield Opening(first, last, title, line, section.heading.end, section, tuple(body), taken, code=code)


def _reads_as_item(document: Document, section: Section, lines: list[Line]) -> bool:
    match = _HEADING.match(plain_text(section.title))
    keys = _own_keys(section, lines)
    for child in document.children(section):
        keys = keys | {field_key(child.title.partition(":")[0])}
    match = match or _CODED.match(plain_text(section.title))
    if match and "dot" not in match.groupdict():
        return bool(_TASK.search(match["title"]))
    if match:
        return bool(keys & _STRONG) or bool(match["dot"] and _TASK.search(match["title"]))
    if section.title == document.title and section.level == 1:
        return False
    names_one = bool(re.search(r"\bprocedure\b|^define\b", section.title, re.IGNORECASE))
    return names_one and "priority" in keys and bool(keys & {"depends_on", "lifecycle", "effort"})


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


def _numbers(match: re.Match[str]) -> tuple[int, int, str]:
    first = int(match["first"])
    last = int(match["last"] or first)
    return first, max(first, last), match["title"].strip()


# Numbered lines


def _listed(document: Document, lines: list[Line]) -> Iterator[Opening]:
    for section in document.sections:
        own = lines_of(lines, section.body, section.end)
        found = [(place, match) for place, line in enumerate(own) if (match := _LINE.match(line.text))]
        indent = min((own[place].indent for place, _ in found), default=0)
        starts = [(place, match) for place, match in found if own[place].indent == indent]
        ends = [*(place for place, _ in starts[1:]), len(own)]
        for (place, match), end in zip(starts, ends, strict=False):
            opening = _open_line(body_of(own[place:end]), match, section)
            if {f.key for f in opening.fields} & _STRONG:
                yield opening


def body_of(own: list[Line]) -> list[Line]:
    """Cut the lines of a list item where a paragraph follows that does not belong to it."""
    for place in range(2, len(own)):
        line = own[place]
        outside = line.text.strip() and not own[place - 1].text.strip() and line.indent <= own[0].indent
        if outside and not any(f.key for f in fields_in(line.text, line.number)):
            return own[:place]
    return own


def _open_line(own: list[Line], match: re.Match[str], section: Section) -> Opening:
    first, last, _ = _numbers(match)
    text = match["title"]
    title = re.sub(r"[\s|;,·–—:-]+$", "", text[: first_field(text)]).strip("* _")
    head = own[0]
    end = head.start + len(head.text.encode())
    inline = read_fields([replace(head, text=text[first_field(text) :])]) if first_field(text) < len(text) else []
    fields = (*inline, *read_fields(own[1:]))
    # What a sign in a field says is not said of the item.
    shown = replace(head, text=head.text[: first_field(head.text)])
    return Opening(first, last, plain_text(title), shown, end, section, fields, own[-1].start + 1)


# Tables


def _rows(document: Document, lines: list[Line]) -> Iterator[Opening]:
    for section in document.sections:
        for block in section.blocks:
            columns = _columns(block)
            if columns:
                for row in block.rows:
                    yield from _open_row(row, columns, section, lines, document)


def _columns(block: Block) -> dict[str, int]:
    """Return the columns of a table of items by key, or nothing for any other table."""
    if block.kind != "table" or block.header is None:
        return {}
    heads = [plain_text(cell.text).casefold() for cell in block.header.cells]
    counter = next((i for i, head in enumerate(heads) if head in _COUNTERS), None)
    title = next((heads.index(name) for name in _TITLES if name in heads and heads.index(name) != counter), None)
    keys = {field_key(head): place for place, head in enumerate(heads) if field_key(head) and place != title}
    if title is None or not (keys.keys() & {"priority", "depends_on", "effort"}):
        return {}
    return {**keys, "title": title, **({} if counter is None else {"number": counter})}


def _open_row(
    row: Row, columns: dict[str, int], section: Section, lines: list[Line], document: Document
) -> Iterator[Opening]:
    cells = {key: row.cells[place].text.strip() for key, place in columns.items() if place < len(row.cells)}
    title = plain_text(cells.pop("title", ""))
    match = _HEADING.match(f"{cells.pop('number', '')}. {title}") or _HEADING.match(title)
    first, last, title = _numbers(match) if match else (0, 0, title)
    if not title:
        return
    fields = tuple(Field(key, key, text, row.line) for key, text in cells.items())
    line = lines[row.line - 1]
    shown = _without_names(document.source.slice(line.start, row.end), row, columns, line)
    yield Opening(first, last, title, replace(line, text=shown.rstrip()), row.end, section, fields, row.end)


def _without_names(text: str, row: Row, columns: dict[str, int], line: Line) -> str:
    """Blank out the names of other procedures: a sign behind one of them is not said of the row's item."""
    raw = bytearray(text.encode())
    for cell in (row.cells[columns[key]] for key in _LIST_KEYS & columns.keys() if columns[key] < len(row.cells)):
        start, end = cell.start - line.start, cell.end - line.start
        raw[start:end] = b" " * (end - start)
    return raw.decode()
