"""Metadata without front matter: bold fields at the head or the foot of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from procauthor.markdown.document import Block, MetadataField, Section
from procauthor.markdown.front import key_of
from procauthor.markdown.source import Source

_BOLD_FIELD = re.compile(r"[ \t>]*(?:[-*+][ \t]+)?\*\*([^*\n]{1,60}?)(?::\*\*|\*\*[ \t]*:)[ \t]*(.*?)[ \t\\]*$")


def read_bold_fields(source: Source, sections: Iterable[Section]) -> dict[str, MetadataField]:
    """Read ``**Status:** Defined`` lines between the title and the next heading, or behind the last rule."""
    found: dict[str, MetadataField] = {}
    for block in _metadata_blocks(list(sections)):
        for each in bold_fields(source, block):
            found.setdefault(each.key, each)
    return found


def _metadata_blocks(sections: list[Section]) -> Iterator[Block]:
    head = [s for s in sections[:2] if s.level <= 1]
    for section in head:
        yield from (b for b in section.blocks if b.kind in ("paragraph", "list", "quote"))
    if sections and sections[-1] not in head:
        blocks = sections[-1].blocks
        rules = [i for i, block in enumerate(blocks) if block.kind == "rule"]
        if rules:
            yield from (b for b in blocks[rules[-1] + 1 :] if b.kind == "paragraph")


def bold_fields(source: Source, block: Block) -> Iterator[MetadataField]:
    """Yield the ``**Key:** value`` lines of a block; nothing where another line stands among them."""
    position = block.start
    found: list[MetadataField] = []
    for line in source.raw[block.start : block.end].split(b"\n"):
        text = line.decode(errors="replace").rstrip("\r")
        if text.strip():
            match = _BOLD_FIELD.match(text)
            if not match:
                return
            start = position + len(text[: match.start(2)].encode())
            end = start + len(match[2].encode())
            found.append(MetadataField(key_of(match[1]), match[2].strip(), start, end, source.line(position)))
        position += len(line) + 1
    yield from found
