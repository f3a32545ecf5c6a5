"""Blocks below the words of a value: code, tables and diagrams. They need lines of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Literal, get_args

from procauthor.template.line import blocks_of

BlockKind = Literal["code", "table", "diagram"]
BLOCKS: tuple[BlockKind, ...] = get_args(BlockKind)
"""What a template may allow below the words of an item."""
_SHOWN = {"code": "a code block", "table": "a table", "diagram": "a diagram"}
_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\s`]*)[^`]*$")
_RULER = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL = re.compile(r"(?<!\\)\|")
_MERMAID = "mermaid"
# The words that a diagram of Mermaid can begin with.
_DIAGRAMS = frozenset(
    ("flowchart", "graph", "sequencediagram", "statediagram", "statediagram-v2", "classdiagram", "erdiagram", "gantt",
     "journey", "timeline", "mindmap", "gitgraph", "pie", "quadrantchart", "block-beta", "kanban", "sankey-beta")
)  # fmt: skip
_ROWS = 2


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A run of lines of a value: a paragraph of words, or a block."""

    kind: Literal["words", BlockKind]
    text: str


def split_blocks(text: str) -> tuple[TextBlock, ...]:
    """Return the paragraphs and blocks of a value in order; a fence that is never closed is words."""
    lines = text.split("\n")
    found: list[TextBlock] = []
    words: list[str] = []
    at = 0
    while at < len(lines):
        chunk, end = _block_at(lines, at)
        if chunk is None:
            words.append(lines[at])
            at += 1
            continue
        found += (*_paragraphs(words), chunk)
        words = []
        at = end
    return (*found, *_paragraphs(words))


def _paragraphs(lines: Sequence[str]) -> Iterator[TextBlock]:
    for paragraph in re.split(r"\n[ \t]*\n", "\n".join(lines)):
        if paragraph.strip():
            yield TextBlock("words", paragraph.strip("\n"))


def _block_at(lines: Sequence[str], at: int) -> tuple[TextBlock | None, int]:
    """Return the block that begins at a line, and where it ends."""
    fence = _FENCE.match(lines[at])
    if fence:
        closing = re.compile(rf"[ \t]*{fence['fence'][0]}{{{len(fence['fence'])},}}[ \t]*")
        end = next((n for n in range(at + 1, len(lines)) if closing.fullmatch(lines[n])), None)
        if end is None:
            return None, at
        kind: BlockKind = "diagram" if fence["info"].casefold() == _MERMAID else "code"
        return TextBlock(kind, dedent("\n".join(lines[at : end + 1]))), end + 1
    if _is_table(lines, at):
        end = next((n for n in range(at + _ROWS, len(lines)) if "|" not in lines[n]), len(lines))
        return TextBlock("table", "\n".join(line.strip() for line in lines[at:end])), end
    return None, at


def _is_table(lines: Sequence[str], at: int) -> bool:
    if at + 1 >= len(lines) or "|" not in lines[at] or "|" not in lines[at + 1]:
        return False
    return bool(_RULER.match(lines[at + 1])) and len(cells_of(lines[at])) == len(cells_of(lines[at + 1]))


def cells_of(line: str) -> list[str]:
    """Return the cells of a row of a table, as they are written."""
    inside = line.strip().removeprefix("|")
    # A pipe behind a backslash belongs to its cell.
    inside = inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside
    return [cell.strip() for cell in _CELL.split(inside)]


def refuse_blocks(value: str, allowed: Sequence[str]) -> str:
    """Return a value that begins with words and holds blocks of the allowed kinds only.

    Raises:
        ValueError: It holds another block, begins with one, or a table or a diagram in it cannot be shown.
    """
    chunks = split_blocks(value)
    if chunks and chunks[0].kind != "words":
        message = f"begins with {_SHOWN[chunks[0].kind]}: say first, in one line, what it is for"
        raise ValueError(message)
    for place, chunk in enumerate(chunks):
        wrong = _wrong(chunk, allowed, first=place == 0)
        if wrong:
            raise ValueError(wrong)
    return value


def _wrong(chunk: TextBlock, allowed: Sequence[str], *, first: bool) -> str:
    if chunk.kind == "words":
        # A sign at the beginning of the whole value is a sign; below it, it would be a list.
        other = blocks_of(chunk.text) if "\n" in chunk.text or not first else ""
        return f"holds {other}, and below its words it may hold {_listed(allowed)} only" if other else ""
    if chunk.kind not in allowed:
        return f"holds {_SHOWN[chunk.kind]}, and below its words it may hold {_listed(allowed)} only"
    return {"table": _wrong_table, "diagram": _wrong_diagram, "code": _wrong_code}[chunk.kind](chunk.text)


def _listed(allowed: Sequence[str]) -> str:
    return " or ".join(_SHOWN[each] for each in allowed)


def _wrong_table(text: str) -> str:
    header, _, *rows = map(cells_of, text.split("\n"))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            return f"holds a table whose row {number} has {len(row)} cells, and its header has {len(header)}"
    return "" if rows else "holds a table without a row"


def _wrong_diagram(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")[1:-1]]
    first = next((line for line in lines if line and not line.startswith("%%")), "")
    word = re.split(r"[\s:;{]", first, maxsplit=1)[0].casefold()
    return "" if word in _DIAGRAMS or first == "---" else "holds a diagram that does not begin with a kind of Mermaid"


def _wrong_code(text: str) -> str:
    return "" if any(line.strip() for line in text.split("\n")[1:-1]) else "holds a code block without a line"
