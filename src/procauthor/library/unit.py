"""The pieces of text that a section is read in: paragraphs, items, rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from procauthor.markdown.document import Block, Document, Section
from procauthor.markdown.front import bold_fields

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LABEL = re.compile(r"\*\*[^*\n]+\*\*:?")
_LETTER = re.compile(r"[^\W_]")
# At the foot of a document these are said of all of it, and not of its last section.
_ABOUT_ALL = frozenset({"status", "id", "lifecycle", "phase", "owner", "author", "version", "date", "last_updated"})


def has_content(document: Document, section: Section) -> bool:
    """Say whether a section or one below it holds anything but comments."""
    return any(_speaks(_own_blocks(document, part)) for part in document.family(section))


def read_units(document: Document, section: Section) -> Iterator[str]:
    """Yield the pieces of a section and of those below it; labels without anything are left out."""
    for part in document.family(section):
        for block in _own_blocks(document, part):
            yield from (unit for unit in _units(document, block) if not _LABEL.fullmatch(unit))


def has_letters(unit: str) -> bool:
    """Say whether a piece of text holds a letter or a digit."""
    return _LETTER.search(unit) is not None


def _units(document: Document, block: Block) -> Iterator[str]:
    if block.kind == "rule":
        return
    if block.kind == "html":
        if _speaks((block,)):
            yield block.text
    elif block.kind == "list":
        yield from (item.text for item in block.items)
    elif block.kind == "table":
        yield from (" ".join(cell.text for cell in row.cells) for row in block.rows)
    else:
        yield document.source.slice(block.start, block.end).strip()


def _own_blocks(document: Document, section: Section) -> tuple[Block, ...]:
    """Return the blocks of a section without the metadata at the foot of its document."""
    blocks = section.blocks
    if section.index != len(document.sections) - 1:
        return blocks
    rule = next((at for at in reversed(range(len(blocks))) if blocks[at].kind == "rule"), None)
    if rule is None:
        return blocks
    foot = blocks[rule + 1 :]
    fields = [{f.key for f in bold_fields(document.source, b)} if b.kind == "paragraph" else None for b in foot]
    return blocks[:rule] if all(fields) and _ABOUT_ALL.intersection(*(f or () for f in fields)) else blocks


def _speaks(blocks: tuple[Block, ...]) -> bool:
    for block in blocks:
        if block.kind == "rule":
            continue
        if block.kind != "html":
            return True
        if _COMMENT.sub("", block.text).strip():
            return True
    return False
