"""Where in the typed fields a line of the rendered document comes from: ``workflow[2].inputs[0]``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from procauthor.library.status import match_sections
from procauthor.markdown.document import Block, Document, Section
from procauthor.template.key import section_key
from procauthor.template.spec import SectionSpec, Template

_LABEL = re.compile(r"^\*\*([^*\n]+?):?\*\*")


def field_path(template: Template, document: Document, line: int) -> str:
    """Return the path of the field that wrote a line; empty for the head of the document."""
    match = match_sections(document, template)
    placed = [(match.sections[s.key], s) for s in template.sections if s.key in match.sections]
    above = [(section, spec) for section, spec in placed if section.line <= line]
    if not above:
        return ""
    section, spec = max(above, key=lambda each: each[0].line)
    if spec.kind == "steps":
        return _in_step(document, section, spec, line)
    return spec.name + _index(section.blocks, line)


def _in_step(document: Document, section: Section, spec: SectionSpec, line: int) -> str:
    steps = [s for s in document.family(section) if s.level == spec.step_level and s.index != section.index]
    above = [(number, step) for number, step in enumerate(steps) if step.line <= line]
    if not above:
        return spec.name
    number, step = above[-1]
    base = f"{spec.name}[{number}]"
    parts = {part.key: part.name for part in spec.parts}
    name, body = "", list[Block]()
    for block in _blocks(document, step):
        if block.line > line:
            break
        label = _LABEL.match(document.source.slice(block.start, block.end))
        if label and section_key(label[1]) in parts:
            name, body = parts[section_key(label[1])], []
        body.append(block)
    return f"{base}.{name}{_index(body, line)}" if name else base


def _blocks(document: Document, step: Section) -> Sequence[Block]:
    return [block for part in document.family(step) for block in part.blocks]


def _index(blocks: Sequence[Block], line: int) -> str:
    """Return the index of the item or row that stands at a line, or nothing."""
    for block in blocks:
        rows = [item.line for item in block.items if item.level == 0] or [row.line for row in block.rows]
        above = [number for number, start in enumerate(rows) if start <= line]
        if above and line <= _last_line(block, rows):
            return f"[{above[-1]}]"
    return ""


def _last_line(block: Block, rows: Sequence[int]) -> int:
    """Return the last line of a block of items: each item that we render is one line."""
    return max(block.line, *rows)
