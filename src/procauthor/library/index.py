"""What an index lists, in tables and lists, also of READMEs and orchestrations; where a new document belongs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count, pairwise
from pathlib import PurePosixPath
from typing import TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from procauthor.convention.word import (
    has_own_folder,
    known_marks,
    lifecycle_above,
    lifecycle_name,
    plain_name,
    read_mark,
    read_phase,
    read_status,
    read_word,
    title_heading,
    words,
    write_title,
)
from procauthor.data import grouped, ungrouped
from procauthor.library.library import Library, Procedure, folder_of
from procauthor.library.page import new_link
from procauthor.library.reference import Target, file_stem, stem_like
from procauthor.markdown.document import Block, Cell, Item, Link, Replacement, Section, TableRow, escape, slugify
from procauthor.naming import bare_name, path_key, split_ending, title_key
from procauthor.procedure import DONE, UNCOUNTED, Status
from procauthor.regex import lazy
from procauthor.template.spec import section_key

# Behind the name in an item: its status, or what it is about.
_BEHIND = lazy(r"\s+[-–—]+\s+|\s*[:(]\s*|\s+(?=[^\w\s\"'.,;/&+#-])")
_SIGNS = lazy(r"^(?:[^\w(\"']|\d+[.)]\s)+|[\s*_]+$")
_LETTER = lazy(r"[^\W\d_](?!\])")
_NO_NAME = lazy(r"[.:;!?]")
_MOSTLY = 0.5
_LONGEST_LEAD = 40


class Table(Struct, frozen=True):
    """A table with a column of titles; other columns by key, those that conventions know by one name."""

    procedure: Procedure
    section: Section
    block: Block
    columns: dict[str, int]

    @property
    def lifecycle(self) -> str:
        """The lifecycle that the heading above the table names."""
        return lifecycle_above(self.procedure.document, self.section)

    @property
    def whole(self) -> bool:
        """Whether it is the only table of procedures in an index, and has those of several lifecycles."""
        if self.procedure.kind != "index":
            return False
        # Rows are read last: an index with a table for each lifecycle may have thousands.
        if sum("standard" not in table.columns for table in tables(self.procedure)) != 1:
            return False
        return "lifecycle" in self.columns or len({folder_of(entry.path) for entry in self.rows() if entry.path}) > 1

    def rows(self) -> Sequence[IndexRow]:
        """Return what its rows say; their links lead where they would if each named a file."""
        return [row for row in _read_rows(self.procedure) if row.table.block.start == self.block.start]

    def cell(self, row: TableRow, column: str) -> Cell | None:
        """Return a cell by its column's key."""
        place = self.columns.get(column)
        return row.cells[place] if place is not None and place < len(row.cells) else None


class IndexRow(Struct, frozen=True):
    """One row: a title, perhaps linked, with what the table says of it."""

    table: Table
    row: TableRow
    title: str
    path: str | None
    status: Status | None
    phase: int | str | None
    target: Target | None = None
    """All that the link in it may mean."""

    @property
    def key(self) -> str:
        """The key of the name in the title."""
        return title_key(_name(self.table.procedure, self.title))

    @property
    def lifecycle(self) -> str:
        """The lifecycle in its column, else that of the heading above the table."""
        cell = self.table.cell(self.row, "lifecycle")
        return lifecycle_name(cell.text) if cell and cell.text.strip() else self.table.lifecycle


class Listed(Struct, frozen=True):
    """What an index says of one procedure: in a row of a table or an item of a list, which is at ``host``."""

    title: str
    lifecycle: str
    host: str
    line: int
    path: str | None = None
    status: Status | None = None
    phase: int | str | None = None

    @property
    def key(self) -> str:
        """The key of the title."""
        return title_key(self.title)


class ListItem(Struct, frozen=True):
    """An item of a list that is about a procedure: what it says, where it is, and the link in it."""

    listed: Listed
    item: Item
    link: Link | None


def may_hold_table(raw: bytes) -> bool:
    """Say whether bytes may hold a table: Markdown has none without a pipe, so most overviews need not be parsed."""
    return b"|" in raw


def tables(procedure: Procedure) -> Iterator[Table]:
    """Yield the tables of procedures in a document: with a column of statuses, in an index also without one."""
    if not may_hold_table(procedure.source.raw):
        return
    names = _column_names(tuple(procedure.conventions.index.columns.items()))
    for section in procedure.document.sections:
        for block in section.blocks:
            if block.kind != "table" or block.header is None:
                continue
            heads = (section_key(cell.text) for cell in block.header.cells)
            keys = {names.get(head, head): place for place, head in enumerate(heads)}
            title = keys.get("title", keys.get("standard"))
            if title is None:
                continue
            table = Table(procedure, section, block, {**keys, "title": title})
            titles = (table.cell(row, "title") for row in block.rows if procedure.kind == "index")
            if "status" in keys or any(cell and cell.link for cell in titles):
                yield table


@lru_cache(maxsize=8)
def _column_names(own: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, str]:
    """Return what a column is called here, by the key of its head."""
    known = [*words()["index"]["columns"].items(), *own]
    return {section_key(head): name for name, head in ungrouped(known)}


def entries(library: Library, procedure: Procedure) -> Sequence[IndexRow]:
    """Return the rows of all tables of procedures in a document, with the documents that their links lead to."""
    rows = _read_rows(procedure)
    if not any(row.target and row.target.others for row in rows):
        return rows
    return tuple(replace(row, path=library.settle(row.target).path) if row.target else row for row in rows)


def _read_rows(procedure: Procedure) -> Sequence[IndexRow]:
    """Return the rows of all tables of procedures in a document. Many ask for them, so they are kept beside it."""
    if not may_hold_table(procedure.source.raw):
        return ()

    def read() -> Sequence[IndexRow]:
        every = ungrouped((table, table.block.rows) for table in tables(procedure))
        return tuple(_read_entry(table, row) for table, row in every)

    # The same document may belong to another procedure, of other conventions.
    return procedure.document.once("rows", read, procedure)


def _read_entry(table: Table, row: TableRow) -> IndexRow:
    """Read one row. Where the title is no link, one in another cell may lead to the document."""
    title, status, phase = (table.cell(row, name) for name in ("title", "status", "phase"))
    link = title.link if title else None
    lead = link or next((cell.link for cell in row.cells if cell.link and cell.link.target.endswith(".md")), None)
    host, shown = table.procedure, title.text if title else ""
    target = host.resolve(lead.target) if lead else None
    return IndexRow(
        table=table,
        row=row,
        title=link.text if link else shown,
        path=target.path if target else None,
        status=_status(host, status.text) if status else None,
        phase=read_phase(phase.text) if phase else None,
        target=target,
    )


def _status(host: Procedure, text: str) -> Status | None:
    return read_word(text, host.conventions.status) or read_mark(text, host.conventions.index.marks)


def listed_document(library: Library, host: Procedure, path: str | None, key: str) -> Procedure | None:
    """Return the document that a row or an item means: by its link, else by the key of its title.

    Of several with the title, the one in the folder of ``host`` is meant.
    """
    if path in library.by_path:
        return library.by_path[str(path)]
    named = library.by_key.get(key, ())
    if len(named) > 1:
        named = tuple(p for p in named if folder_of(p.path) == folder_of(host.path)) or named
    return named[0] if len(named) == 1 else None


def index_of(library: Library) -> Procedure | None:
    """Return the Master Procedures Index, if the library has one."""
    return next(iter(library.of_kind("index")), None)


def read_index(library: Library) -> Iterator[Listed]:
    """Yield what the index lists, standards left out: rows of tables, then items of lists."""
    index = index_of(library)
    if index is None:
        return
    rows = (entry for entry in entries(library, index) if "standard" not in entry.table.columns and entry.title)
    yield from (read_row(entry, entry.lifecycle) for entry in rows)
    yield from read_items(library, index)


def read_row(entry: IndexRow, lifecycle: str) -> Listed:
    """Return what a row of a table says."""
    host, line = entry.table.procedure.path, entry.row.line
    name = _name(entry.table.procedure, entry.title)
    return Listed(name, lifecycle, host, line, entry.path, entry.status, entry.phase)


def _name(host: Procedure, title: str) -> str:
    return plain_name(title, host.conventions.titles.patterns)


def read_items(library: Library, host: Procedure) -> Iterator[Listed]:
    """Yield what the items of lists say that are about documents."""
    return (each.listed for each in list_items(library, host))


def list_items(library: Library, host: Procedure) -> Iterator[ListItem]:
    """Yield the items of the lists that are about documents: most link one, have the name of one, or say a status."""
    links = {link.line: link for link in reversed(host.links) if not link.image}
    lists: list[tuple[str, bool, list[ListItem]]] = []
    for section in host.document.sections:
        for before, block in pairwise((None, *section.blocks)):
            if block is None or block.kind != "list":
                continue
            items = (_item(library, host, section, item, links.get(item.line)) for item in _leaves(block.items))
            listed = [each for each in items if each]
            if listed and not _is_legend(host, listed):
                lists.append((_lead(host, before), _lists_documents(library, host, listed), listed))
    leads = {lead for lead, there, _ in lists if there and lead and host.kind == "index"}
    for lead, there, listed in lists:
        # Behind the same words as other lists of documents, names are of documents that are all still to be written.
        if there or (lead in leads and not any(each.link for each in listed)):
            yield from listed


def _lists_documents(library: Library, host: Procedure, listed: Sequence[ListItem]) -> bool:
    """Say whether a list is one of documents: it names most of them, or some with plain names beside them."""
    # Only in an index is a box or a sign before a name what says that it is one of a document.
    told = [bool(each.listed.status) and host.kind == "index" for each in listed]
    there = [each.listed.path in library.by_path or each.listed.key in library.by_key for each in listed]
    known = [said or here for said, here in zip(told, there, strict=True)]
    # A plain name beside names of documents is one that is still to be written.
    plain = all(here or not each.listed.path for here, each in zip(known, listed, strict=True))
    return sum(known) > len(listed) * _MOSTLY or (any(known) and plain)


def _is_legend(host: Procedure, listed: Sequence[ListItem]) -> bool:
    """Say whether the names in a list are mostly words for states: it says what signs mean."""
    states = [each for each in listed if not each.link and read_word(each.listed.title, host.conventions.status)]
    return len(states) > len(listed) * _MOSTLY


def _lead(host: Procedure, before: Block | None) -> str:
    """Return the short paragraph that leads to a list, such as ``**Procedures:**``."""
    text = host.source.slice(before.start, before.end).strip() if before and before.kind == "paragraph" else ""
    lead = text.strip("*_ ").casefold()
    return lead if lead.endswith(":") and len(lead) <= _LONGEST_LEAD else ""


def _leaves(items: tuple[Item, ...]) -> Iterator[Item]:
    """Yield the items that have none below them."""
    for place, item in enumerate(items):
        if place + 1 == len(items) or items[place + 1].level <= item.level:
            yield item


def _item(library: Library, index: Procedure, section: Section, item: Item, link: Link | None) -> ListItem | None:
    lifecycle = lifecycle_above(index.document, section)
    status = _item_status(index, item)
    if link is not None and _begins(index, item, link):
        target = library.settle(index.resolve(link.target))
        if (target.external and target.path is None) or target.path == index.path:
            return None
        name = _name(index, _SIGNS.sub("", link.text))
        return ListItem(Listed(name, lifecycle, index.path, item.line, target.path, status), item, link)
    name = _BEHIND.split(_SIGNS.sub("", item.text), maxsplit=1)[0].strip(" *_")
    if not name or _NO_NAME.search(name):
        return None
    return ListItem(Listed(_name(index, name), lifecycle, index.path, item.line, None, status), item, None)


def _begins(index: Procedure, item: Item, link: Link) -> bool:
    """Say whether nothing but signs and boxes is before a link in its item."""
    before = index.source.raw[item.start : link.start].decode(errors="replace")
    return item.start <= link.start < item.end and not _LETTER.search(before)


def status_words(index: Procedure, item: Item) -> Iterator[str]:
    """Yield the words behind the name of an item that say a status."""
    pieces = (piece.strip(" )*_") for piece in _BEHIND.split(item.text)[1:])
    return (piece for piece in pieces if read_status(piece) or read_word(piece, index.conventions.status))


def _item_status(index: Procedure, item: Item) -> Status | None:
    """Return the status that is behind the name of an item, or that a sign or a box says."""
    said = next(status_words(index, item), "")
    state = read_status(said) or read_word(said, index.conventions.status)
    state = state or read_mark(item.text, index.conventions.index.marks)
    boxes: dict[bool | None, Status | None] = {None: None, True: "defined", False: "missing"}
    return state or boxes[item.checked]


def missing_titles(library: Library) -> dict[str, Listed]:
    """Return what the index announces without a file, by key of the title."""

    def read() -> dict[str, Listed]:
        listed = read_index(library)
        return {e.key: e for e in listed if e.key not in library.by_key and e.path not in library.by_path}

    return library.once("missing titles", read)


def known_statuses(library: Library) -> dict[str, str]:
    """Return the status of each procedure by the key of its title: "missing" where the index alone announces it."""
    return dict.fromkeys(missing_titles(library), "missing") | {p.key: str(p.status) for p in library.counted}


_MARKER = lazy(r"(\s*(?:[-*+]|(\d{1,9})[.)])\s+)(\[[ xX]\]\s+)?")
_BOLD = lazy(r"(\*\*|__)\[?\w")
_BETWEEN = lazy(r"\s[-–—:]+\s|\s?[:(]\s?")


def show_status(status: Status) -> str:
    """Return a status as indexes show it."""
    return status[0].upper() + status[1:]


# The number before the heading of a lifecycle.
_HEAD_NUMBER = lazy(r"^\d{1,4}")


def next_heading(section: Section, before: str, after: str, ahead: int) -> str:
    """Return the heading of a lifecycle as it follows so many ``ahead`` of that of another one, with its marks."""
    named = section.title.replace(before, after, 1)
    return f"{'#' * section.level} {_HEAD_NUMBER.sub(lambda match: str(int(match[0]) + ahead), named, count=1)}"


def update_lists(
    library: Library, host: Procedure, region: tuple[int, int] | None, tabled: Sequence[Procedure], *, alone: bool
) -> Iterator[Replacement]:
    """Yield what brings the lists of an index up to date.

    Args:
        library: All documents.
        host: The index.
        region: The span in which may be written; None means everywhere.
        tabled: The documents that a table lists or is to list.
        alone: Whether no table lists procedures: then a lifecycle that is new gets a section with a list.
    """
    begin, end = region or (0, len(host.source.raw))
    items = list(list_items(library, host))
    every = [(each, listed_document(library, host, each.listed.path, each.listed.key)) for each in items]
    pairs = [(each, document) for each, document in every if begin <= each.item.start < end]
    signs = _Signs(library, host, items)
    for each, document in pairs:
        if document is not None and each.listed.status is not None:
            yield from signs.update(each, document.status)
    shown = {document.path for document in (*tabled, *(d for _, d in every if d))}
    missing = [p for p in library.counted if p.path not in {*shown, host.path} and p.status not in UNCOUNTED]
    placed = grouped((_place(pairs, document), document) for document in missing)
    homeless = placed.pop(None, [])
    for place, documents in placed.items():
        if place is not None:
            yield signs.insert(pairs[place][0], documents)
    if homeless and alone and pairs:
        yield from _open_sections(host, end, pairs, signs, homeless)


def _open_sections(
    host: Procedure,
    end: int,
    pairs: Sequence[tuple[ListItem, Procedure | None]],
    signs: _Signs,
    documents: Sequence[Procedure],
) -> Iterator[Replacement]:
    """Open a section for each new lifecycle behind the last one; one that lists several lifecycles takes all itself."""
    like = pairs[-1][0]
    section = host.document.section_at(like.item.start)
    inside = (other for each, other in pairs if section.start <= each.item.start < section.end)
    if len({title_key(other.lifecycle) for other in inside if other}) > 1:
        yield signs.insert(like, documents)
    elif like.listed.lifecycle and like.listed.lifecycle in section.title:
        at = len(host.source.raw[: min(end, host.document.end(section))].rstrip())
        new = grouped((p.lifecycle, p) for p in documents if p.lifecycle)
        heads = {name: next_heading(section, like.listed.lifecycle, name, ahead) for ahead, name in enumerate(new, 1)}
        texts = (signs.section(heads[name], like, own) for name, own in new.items())
        yield Replacement(at, at, "".join(texts))


def _place(pairs: Sequence[tuple[ListItem, Procedure | None]], document: Procedure) -> int | None:
    """Return the number of the item behind which a document belongs: the last of its lifecycle, better of its phase."""
    key = title_key(document.lifecycle)
    kin = [n for n, (_, other) in enumerate(pairs) if other and title_key(other.lifecycle) == key]
    same = [n for n in kin if (other := pairs[n][1]) and other.phase == document.phase]
    named = [n for n, (each, _) in enumerate(pairs) if title_key(each.listed.lifecycle) == key]
    return next((numbers[-1] for numbers in (same, kin, named) if numbers), None)


class _Signs:
    """How the items of an index say a status."""

    def __init__(self, library: Library, host: Procedure, items: Sequence[ListItem]) -> None:
        self._library = library
        self._host = host
        self._items = items
        self._known = known_marks(host.conventions.index.marks)
        self._marks: dict[Status, str] = {state: mark for mark, state in reversed(self._known.items())}
        for each in items:
            if each.listed.status and self._mark(each):
                self._marks[each.listed.status] = self._mark(each)

    def _mark(self, each: ListItem) -> str:
        return next((mark for mark in self._known if mark in each.item.raw), "")

    def _text(self, each: ListItem) -> str:
        return self._host.source.slice(each.item.start, each.item.end)

    def update(self, each: ListItem, status: Status) -> Iterator[Replacement]:
        """Yield what makes an item say a status; where it has no way to say it, it stays."""
        before = each.listed.status
        if before == status or {before, status} <= DONE:
            return
        if each.item.marker:
            yield Replacement(each.item.marker, each.item.marker + 1, "x" if status in DONE else " ")
        mark, word = self._mark(each), next(status_words(self._host, each.item), "")
        if mark and self._marks.get(status):
            yield self._replace(each, mark, self._marks[status])
        if word:
            yield self._replace(each, word, status if word.islower() else show_status(status), last=True)

    def _replace(self, each: ListItem, old: str, new: str, *, last: bool = False) -> Replacement:
        raw = self._host.source.raw[each.item.start : each.item.end]
        at = each.item.start + (raw.rfind if last else raw.find)(old.encode())
        return Replacement(at, at + len(old.encode()), new)

    def insert(self, after: ListItem, documents: Sequence[Procedure]) -> Replacement:
        """Return one insertion of items behind another one, written like the last that has a document, or like it."""
        newline = self._host.source.newline
        lines = [self._line(after, document, number) for number, document in enumerate(documents, 1)]
        end = after.item.start + len(self._text(after).rstrip().encode())
        return Replacement(end, end, "".join(f"{newline}{line}" for line in lines))

    def section(self, heading: str, like: ListItem, documents: Sequence[Procedure]) -> str:
        """Return a section with a list that is written like another one, with an empty line before it."""
        newline = self._host.source.newline
        lines = (self._line(like, document, number, first=0) for number, document in enumerate(documents, 1))
        return newline * 2 + newline.join([heading, "", *lines])

    def _line(self, after: ListItem, document: Procedure, number: int, first: int | None = None) -> str:
        raw = self._host.source.raw
        begin = raw.rfind(b"\n", 0, after.item.start) + 1
        match = _MARKER.match(raw[begin : after.item.end].decode(errors="replace"))
        bullet = match[1] if match else "- "
        if match and match[2]:
            bullet = bullet.replace(match[2], str((int(match[2]) if first is None else first) + number), 1)
        ticked = "[x] " if document.status in DONE else "[ ] "
        box = ticked if match and match[3] else ""
        mark = f"{self._marks.get(document.status, '')} ".lstrip() if self._mark(after) else ""
        return f"{bullet}{box}{mark}{self._name(after, document)}{self._word(after, document.status)}"

    def _name(self, after: ListItem, document: Procedure) -> str:
        linked = sum(each.link is not None for each in self._items) * 2 >= len(self._items)
        title = document.title
        name = new_link(self._library, title, self._host.path, document.path) if linked else escape(title)
        bold = _BOLD.search(self._text(after))
        return f"{bold[1]}{name}{bold[1]}" if bold else name

    def _word(self, after: ListItem, status: Status) -> str:
        word = next(status_words(self._host, after.item), "")
        between = _BETWEEN.search(self._text(after).rpartition(word)[0][-4:]) if word else None
        if between is None:
            return ""
        said = status if word.islower() else show_status(status)
        return f"{between[0]}{said}{')' if '(' in between[0] else ''}"


# "0042-use-a-queue", "VA-07 Audit": letters that all names have before their number belong to it.
_NUMBER = lazy(r"^((?:[^\W\d_]{1,8}[-_ ])?)(\d{1,6})(?=[-_. ])")
_FIELD = "{number}"
# Fields of our own that follow from the path.
_FOLLOWS = ("id", "lifecycle")
# What is of one document alone, whatever others have.
_OWN = frozenset(
    {"id", "title", "name", "description", "status", "lifecycle", "phase", "written_by", "open_questions", "date",
     "open_proposals", "depends_on", "aliases", "alias_of", "permalink", "redirect_from", "slug",
     "url", "superseded_by", "translation_of"}
)  # fmt: skip
_FEWEST = 3
_SEVERAL = 2
_NEARLY_ALL = 0.9
# So many documents say how the others begin.
_ENOUGH = 40


def new_path(library: Library, lifecycle: str, title: str) -> str:
    """Return the path of a new document; an empty string where nothing says where it belongs.

    Args:
        library: All documents.
        lifecycle: Its lifecycle; without one, it goes where the documents without one are, if that is what they are.
        title: Its title.
    """
    kin = [p for p in library.counted if title_key(p.lifecycle) == title_key(lifecycle)]
    if not lifecycle and len(kin) * 2 <= len(library.counted):
        return ""
    folder = _folder(library, lifecycle)
    like = kin or list(library.counted)
    if like and sum(has_own_folder(p.path) for p in like) * 2 > len(like):
        own = [p for p in like if has_own_folder(p.path)]
        name = _stem([(PurePosixPath(p.path).parent.name, p.title) for p in own], title)
        # A lifecycle that is called like its only document has the same folder.
        home = folder if PurePosixPath(folder).name == name and folder not in map(_home, like) else f"{folder}/{name}"
        return _free(library, home, f"/{_usual(PurePosixPath(p.path).name for p in own)}")
    every = (bare_name(p.path) for p in library.counted)
    name = _stem([(bare_name(p.path), p.title) for p in like], title, every)
    return _free(library, f"{folder}/{name}", _usual(split_ending(p.path)[1] for p in like) or ".md")


class Manner(Struct, frozen=True):
    """How a new document begins.

    Attributes:
        heading: The title as it is written; nothing where the title is not in a heading.
        front: What it has in its front matter as those beside it have: the title, and what is the same in nearly all.
        left: Fields of our own that those beside it do not have, as they follow from the path.
    """

    heading: str
    front: tuple[tuple[str, str | int], ...] = ()
    left: tuple[str, ...] = ()


def manner(library: Library, path: str, lifecycle: str, title: str) -> Manner:
    """Return how a new document begins at a path: as those in its folder, in its lifecycle, or all."""
    key, folder = title_key(lifecycle), _home_of(path)
    # To look at the beginning of a path is faster than to take it apart.
    beside = [p for p in library.counted if (folder == "." or p.path.startswith(folder)) and _home(p) == folder]
    same = [p for p in library.counted if title_key(p.lifecycle) == key]
    kin = (beside or same or list(library.counted))[:_ENOUGH]
    if not kin:
        return Manner(title)
    patterns = kin[0].conventions.titles.patterns
    match = _NUMBER.match(PurePosixPath(path).name)
    # The number of the file is that of the heading, where others have one there: AA-012, and not VA-012.
    coded = [p for p in kin if match and bare_name(p.path).startswith(match[1])]
    written = _usual(write_title(title, p.written_title, patterns, match[2] if match else "") for p in coded or kin)
    heads = list(map(_head, kin))
    named = _usual(head.title for head in heads)
    front: dict[str, str | int] = {key: title if key == "name" else written for key in [named] if key}
    if "name" not in front and sum(map(_is_named, kin, heads)) >= len(kin) * _NEARLY_ALL:
        front["name"] = PurePosixPath(path).parent.name
    front |= _shared([head.metadata if head.is_front else {} for head in heads])
    left = tuple(name for name in _FOLLOWS if sum(name in head.metadata for head in heads) * 2 <= len(kin))
    return Manner("" if named else written, tuple(front.items()), left)


_BITS = 64


class _Head(Struct, frozen=True, array_like=True):
    """How a document begins.

    Attributes:
        title: The field of the front matter that holds the title, where there is no heading for it.
        is_front: Whether the metadata are front matter.
        metadata: Each field with its value, if that is a text or a number that can be kept; else with nothing.
    """

    title: str
    is_front: bool
    metadata: dict[str, str | int | bool | None]


def _head(procedure: Procedure) -> _Head:
    def read() -> _Head:
        document = procedure.document
        plain = {name: value if _is_plain(value) else None for name, value in document.metadata.items()}
        return _Head(_title_field(procedure), document.front_matter is not None, plain)

    return procedure.remembered("head", _Head, read)


def _is_plain(value: object) -> TypeGuard[str | int]:
    """Say whether a value is a text, or a number of no more than 64 bits."""
    return isinstance(value, str) or (isinstance(value, int) and value.bit_length() < _BITS)


def _is_named(procedure: Procedure, head: _Head) -> bool:
    """Say whether the field ``name`` of a document repeats the name of its folder, as in a skill."""
    return head.metadata.get("name") == PurePosixPath(procedure.path).parent.name


def heading_of(procedure: Procedure) -> str | None:
    """Return the title as the heading of a document has it; nothing where it is in the front matter, None without."""
    return "" if _title_field(procedure) else procedure.written_title or None


def _title_field(procedure: Procedure) -> str:
    """Return the field of the front matter that holds the title of a document without a heading for it."""
    sources = procedure.conventions.titles.sources
    heading = title_heading(procedure.document, first="first-heading" in sources)
    if heading and heading.text == procedure.written_title:
        return ""
    if procedure.document.front_title:
        return "title"
    return "name" if "name" in sources and procedure.document.metadata.get("name") else ""


def _shared(fronts: Sequence[Mapping[str, object]]) -> dict[str, str | int]:
    """Return the fields that nearly all documents have with the same value: a layout, an owner."""
    result: dict[str, str | int] = {}
    for name in fronts[0] if len(fronts) >= _FEWEST else ():
        values = [str(front[name]) for front in fronts if name in front]
        usual = _usual(values)
        value = next(front[name] for front in fronts if name in front and str(front[name]) == usual)
        # A day or a list is of one document, even where all have the same.
        if name not in _OWN and isinstance(value, str | int) and values.count(usual) >= len(fronts) * _NEARLY_ALL:
            result[name] = value
    return result


def _home_of(path: str) -> str:
    place = PurePosixPath(path).parent
    return (place.parent if has_own_folder(path) else place).as_posix()


def _folder(library: Library, lifecycle: str) -> str:
    """Return the folder in which most documents of a lifecycle are, else a new one named as those of others.

    A heading above documents of other lifecycles is the title of their list: what it announces goes where they are.
    """
    key = title_key(lifecycle)
    homes = [_home(p) for p in library.procedures if title_key(p.lifecycle) == key and p.kind not in ("plan", "index")]
    if not homes:
        beside = {listed.path for listed in read_index(library) if title_key(listed.lifecycle) == key}
        homes = [_home(p) for p in library.counted if p.path in beside]
    homes = homes or _homes_called(library, lifecycle)
    if homes:
        return _usual(sorted(homes))
    others = {_home(p): p.lifecycle for p in library.counted if p.lifecycle and _home(p) != "."}
    usual = PurePosixPath(_usual(_home(p) for p in library.counted if _home(p) in others) or ".")
    name = _stem([(PurePosixPath(home).name, name) for home, name in others.items()], lifecycle)
    return (usual.parent / (name if others else slugify(lifecycle))).as_posix()


def _homes_called(library: Library, name: str) -> list[str]:
    """Return the folder that a name means: by its path, once for each document in it, else by its last name."""
    homes = [_home(p) for p in library.procedures]
    path, last = (title_key(text) for text in (name.strip("/"), PurePosixPath(name).name))
    called = [home for home in homes if title_key(home) == path]
    named = {home for home in homes if title_key(PurePosixPath(home).name) == last}
    return called or (list(named) if len(named) == 1 else [])


def _home(procedure: Procedure) -> str:
    """Return the folder of a document, or the one above where it has a folder all its own."""
    return _home_of(procedure.path) if procedure.counted else PurePosixPath(procedure.path).parent.as_posix()


def _stem(known: Sequence[tuple[str, str]], title: str, every: Iterable[str] = ()) -> str:
    """Return a name for a title as most names follow from theirs; a number before it is the next one.

    Args:
        known: The names of files beside it, with the titles of their documents.
        title: The title.
        every: The names of all files: behind letters, as in ``SOP-012``, a number is given once in a library.
    """
    # How words are joined shows only where there are several.
    several = [(stem, old) for stem, old in known if len(old.split()) > 1]
    telling = several if len(several) * 2 >= len(known) else known
    stems = [stem_like(stem, old, title) for stem, old in telling]
    plain = file_stem(title)
    # "Part 1 Work" in part-1-work.md: the number is a word of the title.
    numbered = [stem for stem, old in known if _NUMBER.match(stem) and not _NUMBER.match(file_stem(old))]
    matches = [match for stem in numbered if (match := _NUMBER.match(stem))]
    if len(known) < _SEVERAL and not matches:
        # One name shows no custom: that of the first document repeats a word of its title that others leave out.
        return plain
    if len(matches) * 2 <= len(known):
        return _usual((name for name, (stem, _) in zip(stems, telling, strict=True) if stem not in numbered), plain)
    name = _usual((_NUMBER.sub(rf"\g<1>{_FIELD}", stem) for stem in stems if _NUMBER.match(stem)), plain)
    head, field, rest = name.partition(_FIELD)
    if not field:
        head, rest = _usual(match[1] for match in matches), f"-{name}"
    everywhere = filter(None, map(_NUMBER.match, every)) if head else ()
    numbers = [match[2] for match in (*matches, *everywhere) if match[1] == head] or [match[2] for match in matches]
    following = str(max(map(int, numbers)) + 1).zfill(len(numbers[-1]))
    return f"{head}{following}{rest}"


def _usual(values: Iterable[str], default: str = "") -> str:
    """Return the value that is there most often, the first of several."""
    return next((value for value, _ in Counter(values).most_common(1)), default)


def _free(library: Library, stem: str, ending: str) -> str:
    """Return a path that no file has: titles such as "C++ Build" and "C# Build" give the same name of a file."""
    taken = set(map(path_key, library.files))
    start = stem.removeprefix("./")
    names = chain((f"{start}{ending}",), (f"{start}-{number}{ending}" for number in count(2)))
    return next(name for name in names if path_key(name) not in taken)
