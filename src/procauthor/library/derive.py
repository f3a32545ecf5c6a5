"""Brings what follows from the library up to date: index, READMEs, orchestrations, announced titles, consumers.

A table is found by its header (a title column and a status column), within the marks of a region where there are some.
Rows of people are kept in their order and with
their words; a row's link and status are computed, and a document without a row gets one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from procauthor.convention.word import known_words, plain_status, words
from procauthor.data import grouped
from procauthor.errors import MarkError
from procauthor.library.artifact import RequiredInput, name_consumers
from procauthor.library.change import Change, Edit
from procauthor.library.index import (
    IndexRow,
    Table,
    entries,
    listed_document,
    may_hold_table,
    next_heading,
    show_status,
    tables,
    update_lists,
)
from procauthor.library.library import ANNOUNCED, Library, Procedure, folder_of
from procauthor.library.page import new_link
from procauthor.markdown.document import Cell, Replacement, escape
from procauthor.markdown.front import Put, edit_front_matter
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED, Status
from procauthor.regex import any_of, lazy

_PLAIN = "(announced)"


def bare_title(source: str) -> str:
    """Return a title without the mark that says that no document has it yet."""
    # What reads a source takes the bracket behind it away: "(From: Title (announced))".
    return source.replace(ANNOUNCED, "").partition(_PLAIN[:-1])[0].strip(" *_")


def title_before_mark(text: str) -> str:
    """Return the key of all that is before such a mark, which ends with the title; nothing where there is no mark."""
    before, mark, _ = text.replace(ANNOUNCED, _PLAIN).partition(_PLAIN)
    return title_key(before) if mark else ""


def link_announced(library: Library, host: Procedure) -> Iterator[Replacement]:
    """Yield a replacement for each ``Title *(announced)*`` whose procedure is now defined in one document."""
    raw = host.document.source.raw
    mark = ANNOUNCED.encode()
    place = raw.find(mark)
    while place >= 0:
        known = _title_before(library, host, place)
        if known:
            document, start = known
            link = new_link(library, document.title, host.path, document.path)
            yield Replacement(start, place + len(mark), link)
        place = raw.find(mark, place + 1)


def _title_before(library: Library, host: Procedure, place: int) -> tuple[Procedure, int] | None:
    """Return the document whose title ends just before a place in plain text, and where the title starts."""
    raw = host.document.source.raw
    run = next((r for r in host.document.runs if r.start < place <= r.end), None)
    if run is None:
        return None
    before = raw[run.start : place].decode().rstrip()
    fitting = [named[0] for named in library.by_key.values() if len(named) == 1 and before.endswith(named[0].title)]
    best = max(fitting, key=lambda p: len(p.title), default=None)
    if best is None or best.status not in DONE or best.path == host.path:
        return None
    return best, run.start + len(before.encode()) - len(best.title.encode())


_MARK = lazy(r"\s*procauthor:\s*(begin|end)\s*", re.IGNORECASE)
_PAIR = ["begin", "end"]


def read_region(host: Procedure) -> tuple[int, int] | None:
    """Return the span between the marks of a document, or None where it has none.

    Raises:
        MarkError: There is a mark that is not one of exactly one pair, in order.
    """
    marks = [(match[1].lower(), c) for c in host.document.comments if (match := _MARK.fullmatch(c.text))]
    if not marks:
        return None
    if [name for name, _ in marks] != _PAIR:
        places = ", ".join(f"{name!r} in line {comment.line}" for name, comment in marks)
        message = f"{host.path} has no single pair of begin and end marks: {places}"
        raise MarkError(message, "keep one '<!-- procauthor: begin -->' before one '<!-- procauthor: end -->', or none")
    return marks[0][1].end, marks[1][1].start


@lru_cache(maxsize=1)
def _completion_pattern() -> re.Pattern[str]:
    """Return the pattern of what is said of completion: ``6 of 23 defined``."""
    claims = words()["claims"]
    return re.compile(rf"^\d+(\s*(?:{any_of(claims['of'])})\s*)\d+(\s+(?:{any_of(claims['done'])}))\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _phase_pattern() -> re.Pattern[str]:
    """Return the pattern of the heading of a phase: ``Phase 2``, ``Fase 2``."""
    return re.compile(rf"(?:{any_of(words()['index']['columns']['phase'])})\s+(\d+)", re.IGNORECASE)


def derive(library: Library, uses: Mapping[str, Sequence[RequiredInput]]) -> Change:
    """Return what must change so that every table tells the truth; an empty change where it does.

    Args:
        library: The library.
        uses: What documents take from others that do not name them, by the path of the one that gives it.
    """
    edits: list[Edit] = []
    for procedure in library.procedures:
        is_overview = procedure.kind in ("index", "readme", "orchestration") and _may_follow(procedure)
        if not (is_overview or procedure.speaks_of_announced or procedure.path in uses):
            # Nothing in it follows from others, so its text need not be read.
            continue
        raw = procedure.source.raw
        announced = list(link_announced(library, procedure)) if procedure.speaks_of_announced else []
        if procedure.path in uses:
            announced += name_consumers(procedure, uses[procedure.path])
        if is_overview:
            announced += _replacements(library, procedure)
        after = _proven(procedure.path, raw, tuple(announced)) if announced else raw
        if after != raw:
            edits.append(Edit(procedure.path, raw, after))
    return Change(tuple(edits))


def _may_follow(host: Procedure) -> bool:
    """Say from its bytes whether an overview may hold a table or marks; an index may hold lists."""
    raw = host.source.raw
    return host.kind == "index" or may_hold_table(raw) or b"procauthor" in raw.lower()


@lru_cache(maxsize=16)
def _proven(path: str, raw: bytes, edits: tuple[Replacement, ...]) -> bytes:
    """Return a text with edits made, proven. What follows from a draft is asked for at each of its checks."""
    return rewrite(path, parse(raw), edits)


def _replacements(library: Library, host: Procedure) -> Iterator[Replacement]:
    region = read_region(host)
    every = list(tables(host))
    inside = [t for t in every if region is None or region[0] <= t.block.start < region[1]]
    known = entries(library, host)
    rows = grouped((entry.table.block.start, entry) for entry in known)
    listed = {entry.key for entry in known}
    linked = {entry.path for entry in known}
    for table in inside:
        for entry in rows.get(table.block.start, ()):
            yield from _update(library, host, entry)
        wanted = [p for p in _wanted(library, host, table) if p.path not in linked and p.key not in listed]
        if wanted:
            yield _insert(library, host, table, wanted)
    if host.kind == "index":
        shown = [p for p in library.procedures if p.path in linked or p.key in listed]
        wanted_paths = {p.path for p in chain.from_iterable(_wanted(library, host, table) for table in inside)}
        due = [p for p in library.procedures if p.path in wanted_paths]
        alone = not any("standard" not in table.columns for table in inside)
        yield from update_lists(library, host, region, [*shown, *due], alone=alone)
        yield from _new_sections(library, inside, {p.path for p in shown})
    if host.kind == "readme" and inside:
        yield from _completion(library, host, every)


def _new_sections(library: Library, listed: Sequence[Table], shown: Collection[str]) -> Iterator[Replacement]:
    """Open a section with a table for each lifecycle that the index does not have yet, in the form of the last one."""
    own = [table for table in listed if "standard" not in table.columns]
    if not own or own[0].whole:
        return
    known = {title_key(table.lifecycle) for table in own}
    new = (p for p in library.counted if p.status not in UNCOUNTED and p.path not in shown)
    waiting = grouped((key, p) for p in new if (key := title_key(p.lifecycle)) and key not in known)
    last = own[-1]
    newline = last.procedure.document.source.newline
    end = last.block.start + len(last.procedure.source.raw[last.block.start : last.block.end].rstrip())
    parts = (_section(library, last, documents, ahead) for ahead, documents in enumerate(waiting.values(), 1))
    if text := "".join(f"{newline * 2}{part}" for part in parts):
        yield Replacement(end, end, text)


def _section(library: Library, like: Table, documents: Sequence[Procedure], ahead: int) -> str:
    """Return a heading and a table like another one, for the documents of one lifecycle, so many sections ``ahead``."""
    host = like.procedure
    newline = host.document.source.newline
    heading = next_heading(like.section, like.lifecycle, documents[0].lifecycle, ahead)
    raw = host.document.source.raw
    assert like.block.header is not None
    head = raw[like.block.header.start : like.block.header.end].decode().strip()
    rows = [_row(library, like, document, number) for number, document in enumerate(documents, 1)]
    return newline.join([heading, "", head, "|" + "---|" * len(like.block.header.cells), *rows])


def fill_status(host: Procedure, entry: IndexRow, document: Procedure) -> Iterator[Replacement]:
    """Yield what makes a row show the status of its document."""
    status = entry.table.cell(entry.row, "status")
    if status is not None:
        yield _fill(host, status, _status_cell(entry.table, document.status))


def _status_cell(table: Table, status: Status) -> str:
    """Return a status as the rows of a table write it that have it, without a remark."""
    cells = (table.cell(row, "status") for row in table.block.rows)
    texts = [cell.text.strip() for cell in cells if cell]
    conventions = table.procedure.conventions.status
    known = known_words(conventions)
    own = (f"{word[:1].upper()}{word[1:]}" for word, state in conventions.words.items() if state == status)
    default = next(own, show_status(status))
    return next((text for text in texts if known.get(plain_status(text)) == status), default)


def insert_row(library: Library, host: Procedure, document: Procedure) -> Iterator[Replacement]:
    """Yield what gives a document a row, in the first table that should list it, if there is one."""
    for table in tables(host):
        if table.whole or _belongs(host, table, document):
            yield _insert(library, host, table, [document])
            return


def _update(library: Library, host: Procedure, entry: IndexRow) -> Iterator[Replacement]:
    document = listed_document(library, host, entry.path, entry.key)
    title = entry.table.cell(entry.row, "title")
    if document is None or title is None:
        return
    if entry.path != document.path:
        yield _fill(host, title, new_link(library, document.title, host.path, document.path))
    if entry.status != document.status:
        yield from fill_status(host, entry, document)


def _fill(host: Procedure, cell: Cell, text: str) -> Replacement:
    """Replace the text of a cell and keep the spaces around it; a padded column keeps its width."""
    raw = host.document.source.raw[cell.start : cell.end].decode()
    inner = raw.strip()
    lead = raw[: len(raw) - len(raw.lstrip())] if inner else " "
    tail = raw[len(lead) + len(inner) :] if inner else " "
    if len(tail) > 1:
        tail = " " * max(1, len(inner) + len(tail) - len(text))
    return Replacement(cell.start, cell.end, lead + text + tail)


def _wanted(library: Library, host: Procedure, table: Table) -> Iterator[Procedure]:
    """Yield the documents that a table should list."""
    if table.whole:
        return (p for p in library.counted if p.path != host.path and p.status not in UNCOUNTED)
    return (procedure for procedure in _near(library, host, table) if _belongs(host, table, procedure))


def _near(library: Library, host: Procedure, table: Table) -> Sequence[Procedure]:
    """Return the documents among which those are that a table should list: to ask all of them would take long."""
    if host.kind == "readme":
        return library.by_folder.get(folder_of(host.path), ())
    if host.kind == "index" and "standard" in table.columns:
        return library.of_kind("standard")
    return library.by_lifecycle.get(title_key(table.lifecycle if host.kind == "index" else host.lifecycle), ())


def _belongs(host: Procedure, table: Table, procedure: Procedure) -> bool:
    """Say whether a table should list a document."""
    if procedure.path == host.path or procedure.status in UNCOUNTED:
        return False
    if host.kind == "index":
        standards = "standard" in table.columns
        same = title_key(procedure.lifecycle) == title_key(table.lifecycle)
        return (procedure.kind == "standard" and standards) or (procedure.counted and same and not standards)
    if host.kind == "readme":
        here = folder_of(procedure.path) == folder_of(host.path)
        return here and (procedure.counted or procedure.kind == "standard")
    return procedure.kind == "procedure" and _called(host, table, procedure)


def _called(host: Procedure, table: Table, procedure: Procedure) -> bool:
    phase = _phase_pattern().match(table.section.title)
    same = title_key(procedure.lifecycle) == title_key(host.lifecycle)
    return bool(same and phase and str(procedure.phase) == phase[1])


def _insert(library: Library, host: Procedure, table: Table, documents: Sequence[Procedure]) -> Replacement:
    """Return one insertion behind the last row, or behind the last row of the same phase where there is one."""
    raw = host.document.source.raw
    block = table.block
    assert block.header is not None
    rows = block.rows
    after = rows[-1].end if rows else raw.find(b"\n", block.header.end) + 1 or block.end
    said = [each for each in entries(library, host) if each.table.block.start == block.start]
    phases = [entry.row for entry in said if entry.phase == documents[0].phase]
    if "phase" in table.columns and phases:
        after = phases[-1].end
    folder = folder_of(documents[0].path)
    in_folder = [entry.row for entry in said if entry.path is not None and folder_of(entry.path) == folder]
    beside = in_folder if table.whole else []
    if beside:
        after = beside[-1].end
    newline = host.document.source.newline
    lines = [_row(library, table, p, len(rows) + n) for n, p in enumerate(documents, 1)]
    text = newline.join(lines)
    ends_line = raw[after - 1 : after] == b"\n"
    return Replacement(after, after, text + newline if ends_line else newline + text)


def _row(library: Library, table: Table, document: Procedure, order: int) -> str:
    phase = "-" if document.phase is None else escape(str(document.phase))
    values = {
        "title": new_link(library, document.title, table.procedure.path, document.path),
        "status": _status_cell(table, document.status),
        "phase": phase,
        "order": str(order),
        "lifecycle": escape(document.lifecycle),
    }
    places = {place: values[key] for key, place in table.columns.items() if key in values}
    width = max(table.columns.values()) + 1
    return "| " + " | ".join(places.get(place, "-") for place in range(width)) + " |"


def _completion(library: Library, host: Procedure, listed: Iterable[Table]) -> Iterator[Replacement]:
    """Correct a line such as ``**Completion:** 6 of 23 defined`` by counting the documents and the missing rows."""
    field = host.document.fields.get("completion")
    match = _completion_pattern().match(str(field.value)) if field else None
    if field is None or match is None:
        return
    statuses: dict[str, Status] = {}
    said = grouped((entry.table.block.start, entry) for entry in entries(library, host))
    for table in listed:
        for entry in said.get(table.block.start, ()):
            document = listed_document(library, host, entry.path, entry.key)
            statuses[entry.key] = document.status if document else entry.status or "missing"
        for document in _wanted(library, host, table):
            statuses[document.key] = document.status
    counted = [s for s in statuses.values() if s not in UNCOUNTED]
    text = f"{sum(s in DONE for s in counted)}{match[1]}{len(counted)}{match[2]}"
    if text == match[0]:
        return
    if host.document.front_matter:
        whole = text + str(field.value)[match.end() :]
        yield from edit_front_matter(host.document, host.path, [Put("completion", whole)])
    else:
        yield Replacement(field.start, field.start + len(match[0].encode()), text)
