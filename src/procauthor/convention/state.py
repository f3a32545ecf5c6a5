"""The status that a document declares: where, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, takewhile
from pathlib import PurePosixPath

from procauthor.convention.word import words
from procauthor.markdown.document import Block, Cell, Document, Section
from procauthor.procedure import Status
from procauthor.settings import StatusConventions
from procauthor.template.key import section_key

# Emphasis, emoji, and the names of emoji around a status.
_AROUND = re.compile(r"^(?:\s*:[a-z0-9_+-]+:)?[\W_]+|^:[a-z0-9_+-]+:|[\W_]+(?::[a-z0-9_+-]+:)?\s*$")
_LONGEST = 100
_PAIR = 2
# A word with a remark may have a longer line.
_LONGEST_LINE = 400
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\([^()\s]{1,300}\)")


def read_status(declared: object) -> Status | None:
    """Return a declared status as one of the known ones, by the words that ship; other words give None."""
    return _shipped().get(plain_status(declared))


def plain_status(declared: object) -> str:
    """Return a status in lower case without emphasis and emoji; nothing where it is too long for one."""
    text = str(declared or "")
    return _AROUND.sub("", text).casefold() if len(text) <= _LONGEST else ""


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Status]:
    shipped: Mapping[str, Status] = words()["status"]["words"]
    return shipped


def known_words(conventions: StatusConventions) -> dict[str, Status]:
    """Return what each word for a status means in a library: those that ship, and its own."""
    return {**_shipped(), **{word.casefold(): state for word, state in conventions.words.items()}}


def read_word(declared: object, conventions: StatusConventions) -> Status | None:
    """Return the state that a declared status means in a library."""
    known = known_words(conventions)
    word = plain_status(declared)
    if word in known or not conventions.remarks:
        return known.get(word)
    text = _AROUND.sub("", str(declared or "")[:_LONGEST_LINE]).casefold()
    fitting = (each for each in known if re.match(rf"{re.escape(each)}\b", text))
    return known.get(max(fitting, key=len, default=""))


def read_mark(text: str, marks: Mapping[str, Status]) -> Status | None:
    """Return the status that a sign in a text says: one of those given, or one that ships."""
    return next((state for mark, state in known_marks(marks).items() if mark in text), None)


def known_marks(marks: Mapping[str, Status]) -> dict[str, Status]:
    """Return the signs that say a status: those that ship, and those of a library."""
    return {**words()["status"]["marks"], **marks}


def read_declared(path: str, document: Document, title: str, conventions: StatusConventions) -> Status | None:
    """Return the status that a document declares, from the first source that has one.

    Args:
        path: Where the document is, from the root of the library.
        document: The document.
        title: Its title as it is written.
        conventions: Where to look, and what the words mean.
    """
    for source in conventions.sources:
        if source == "metadata":
            state = read_word(document.metadata.get("status"), conventions)
        elif source == "table":
            state = read_word(table_text(document), conventions)
        elif source == "section":
            state = read_word(status_text(document, conventions.sections), conventions)
        elif source == "title":
            state = _in_title(title, conventions.titles)
        else:
            state = _in_folder(path, conventions.folders)
        if state is not None:
            return state
    return None


def status_text(document: Document, headings: tuple[str, ...]) -> str:
    """Return the first line below a heading that introduces the status, or an empty string."""
    keys = set(map(section_key, headings))
    section = next((s for s in document.sections if s.heading and section_key(s.title) in keys), None)
    return next(_lines(document, section), "") if section else ""


def table_text(document: Document) -> str:
    """Return the status in a table before the first chapter: below its head, or in the cell behind it."""
    heads = words()["index"]["columns"]["status"]
    opening = takewhile(lambda section: section.level <= 1, document.sections)
    tables = (block for section in opening for block in section.blocks if block.header)
    pairs = chain.from_iterable(map(_pairs, tables))
    return next((value.text for key, value in pairs if key.text.strip(" *:").casefold() in heads), "")


def _pairs(table: Block) -> Iterator[tuple[Cell, ...]]:
    """Yield what a table says of its document, with its head: a table with one row, or with two columns."""
    rows = [table.header.cells if table.header else (), *(row.cells for row in table.rows)]
    if len(rows) == _PAIR:
        yield from zip(*rows, strict=False)
    yield from (row for row in rows if len(row) == _PAIR)


def successor(document: Document, headings: tuple[str, ...]) -> str:
    """Return what the section with the status names as a link, or an empty string."""
    link = _LINK.search(status_text(document, headings)) if headings else None
    return link[1] if link else ""


def _lines(document: Document, section: Section) -> Iterator[str]:
    for block in section.blocks:
        text = _block_text(document, block).strip()
        if text:
            yield text.splitlines()[0]


def _block_text(document: Document, block: Block) -> str:
    if block.kind == "list":
        return block.items[0].text if block.items else ""
    return document.source.slice(block.start, block.end) if block.kind in ("paragraph", "quote") else ""


def _in_title(title: str, pieces: Mapping[str, Status]) -> Status | None:
    plain = title.casefold()
    return next((state for piece, state in pieces.items() if piece.casefold() in plain), None)


def _in_folder(path: str, folders: Mapping[str, Status]) -> Status | None:
    parents = {parent.as_posix() for parent in PurePosixPath(path).parents}
    return next((state for folder, state in folders.items() if folder.strip("/") in parents), None)
