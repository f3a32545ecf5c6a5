"""Bytes to a document, over the event stream of pulldown-cmark (by way of pyromark).

The event parser is CommonMark with GitHub's tables, task lists, strikethrough and footnotes, native, and it
gives the byte range of everything that it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyromark

from procauthor.markdown.document import (
    Block,
    BlockKind,
    Cell,
    Comment,
    Document,
    Heading,
    Item,
    Link,
    Problem,
    Row,
    Run,
    Section,
)
from procauthor.markdown.metadata import find_front_matter, read_bold_fields, read_front_matter
from procauthor.markdown.slug import Slugger
from procauthor.markdown.source import Source

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_FOOTNOTES
)
_PARSER = pyromark.Markdown(options=_OPTIONS)
_FENCE = re.compile(rb"`{3,}|~{3,}")
_HTML_ANCHOR = re.compile(r"""<[a-zA-Z][^>]*?\s(?:id|name)\s*=\s*["']?([^"'\s>]+)""")
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HTML_LINK = re.compile(r"""<(?:a|img)\s(?:[^>]*?\s)?(href|src)\s*=\s*["']([^"'>]*)["']""", re.IGNORECASE)
_BLOCKS: dict[str, BlockKind] = {
    "Paragraph": "paragraph",
    "List": "list",
    "Table": "table",
    "CodeBlock": "code",
    "HtmlBlock": "html",
    "BlockQuote": "quote",
}
_LEVELS = {"H1": 1, "H2": 2, "H3": 3, "H4": 4, "H5": 5, "H6": 6}


def parse(raw: bytes) -> Document:
    """Parse the bytes of a document.

    Raises:
        UnicodeDecodeError: The bytes are not UTF-8.
    """
    source = Source(raw)
    front = find_front_matter(source)
    offset = front[1] if front else source.start
    builder = _Builder(source, offset)
    builder.run(raw[offset:].decode("utf-8"))
    sections = tuple(_sections(source, builder, offset))
    fields, problems = read_front_matter(source, front) if front else ({}, [])
    if not front:
        fields = read_bold_fields(source, sections)
    return Document(
        source=source,
        sections=sections,
        headings=tuple(builder.headings),
        links=tuple(builder.links),
        runs=tuple(builder.runs),
        comments=tuple(builder.comments),
        anchors=frozenset(builder.anchors),
        fields=fields,
        front_matter=front,
        problems=(*problems, *builder.problems),
    )


class _Builder:
    """Collects the parts of one document from the parser's events."""

    def __init__(self, source: Source, offset: int) -> None:
        self.source = source
        self.offset = offset
        self.headings: list[Heading] = []
        self.links: list[Link] = []
        self.runs: list[Run] = []
        self.comments: list[Comment] = []
        self.anchors: set[str] = set()
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self._slugger = Slugger()
        self._depth = 0
        self._texts: list[list[str]] = []
        self._lists: list[list[int | None]] = []
        self._items: list[dict[str, Any]] = []
        self._done_items: list[Item] = []
        self._rows: list[Row] = []
        self._header: Row | None = None
        self._cells: list[Cell] = []
        self._code = 0
        self._language = ""
        self._cell_links = 0
        self._linked = 0
        self._in_heading = False
        self._html: list[str] = []
        self._html_start = 0
        self._starts: dict[str, Callable[[Any, int, int], None]] = {
            "Heading": self._start_heading,
            "Item": self._start_item,
            "List": self._start_list,
            "CodeBlock": self._start_code,
            "Link": self._start_link,
            "Image": self._start_link,
            "TableCell": self._start_cell,
            "Paragraph": self._start_text,
            "HtmlBlock": self._start_html,
        }
        self._ends: dict[str, Callable[[Any, int, int], None]] = {
            "Heading": self._end_heading,
            "Item": self._end_item,
            "List": self._end_list,
            "CodeBlock": self._end_code,
            "Link": self._end_link,
            "Image": self._end_image,
            "TableCell": self._end_cell,
            "TableHead": self._end_head,
            "TableRow": self._end_row,
            "Table": self._end_table,
            "Paragraph": self._end_paragraph,
            "HtmlBlock": self._end_html,
            "BlockQuote": self._end_quote,
        }
        self._pending: list[tuple[int, str, str]] = []

    def run(self, text: str) -> None:
        """Feed all events of the text."""
        for event, span in _PARSER.events_with_range(text):
            start, end = span["start"] + self.offset, span["end"] + self.offset
            if isinstance(event, str):
                self._leaf(event, None, start, end)
                continue
            ((name, value),) = event.items()
            if name == "Start":
                tag, data = _tag(value)
                self._depth += tag in _BLOCKS or tag in ("Item", "FootnoteDefinition")
                handler = self._starts.get(tag)
                if handler:
                    handler(data, start, end)
            elif name == "End":
                tag, data = _tag(value)
                self._depth -= tag in _BLOCKS or tag in ("Item", "FootnoteDefinition")
                handler = self._ends.get(tag)
                if handler:
                    handler(data, start, end)
            else:
                self._leaf(name, value, start, end)

    # Leaves

    def _leaf(self, name: str, value: Any, start: int, end: int) -> None:
        if name == "Text":
            self._text(value, start, end)
        elif name == "Code":
            self._say(value)
        elif name in ("SoftBreak", "HardBreak"):
            self._say("\n")
        elif name == "Html":
            self._html.append(value)
        elif name == "InlineHtml":
            self._inline_html(value, start, end)
        elif name == "TaskListMarker" and self._items:
            self._items[-1]["checked"] = value
            self._items[-1]["marker"] = start + 1
        elif name == "Rule" and self._depth == 0:
            self._block("rule", start, end)

    def _text(self, value: str, start: int, end: int) -> None:
        self._say(value)
        if not self._code and not self._linked:
            self.runs.append(Run(value, start, end, self._in_heading))

    def _say(self, value: str) -> None:
        for text in self._texts:
            text.append(value)
        if self._items:
            self._items[-1]["text"].append(value)

    def _inline_html(self, value: str, start: int, end: int) -> None:
        if value.startswith("<!--"):
            self._comment(value, start, end)
        else:
            self._html_parts(value, start)

    def _html_parts(self, text: str, start: int) -> None:
        """Note the anchors and links of raw HTML; what stands in a comment is no part of the page."""
        visible = _HTML_COMMENT.sub(lambda m: " " * len(m[0]), text)
        self.anchors.update(_HTML_ANCHOR.findall(visible))
        for match in _HTML_LINK.finditer(visible):
            at = start + len(text[: match.start()].encode())
            end = at + len(match[0].encode())
            image = match[1].lower() == "src"
            self.links.append(Link("", match[2], image, at, end, self.source.line(at)))

    def _comment(self, value: str, start: int, end: int) -> None:
        inner = value[4:]
        inner = inner[: inner.rfind("-->")] if "-->" in inner else inner
        self.comments.append(Comment(inner, start, end, self.source.line(start)))

    # Blocks

    def _block(self, kind: BlockKind, start: int, end: int, **parts: Any) -> None:
        self.blocks.append(Block(kind, start, end, self.source.line(start), **parts))

    def _start_text(self, _data: Any, _start: int, _end: int) -> None:
        self._texts.append([])
        if self._items and self._items[-1]["text"]:
            self._say("\n")

    def _end_paragraph(self, _data: Any, start: int, end: int) -> None:
        text = "".join(self._texts.pop())
        if self._depth == 0:
            self._block("paragraph", start, end, text=text.strip())

    def _end_quote(self, _data: Any, start: int, end: int) -> None:
        if self._depth == 0:
            self._block("quote", start, end, text=self.source.slice(start, end).strip())

    def _start_heading(self, _data: Any, _start: int, _end: int) -> None:
        self._texts.append([])
        self._in_heading = True

    def _end_heading(self, data: Any, start: int, end: int) -> None:
        self._in_heading = False
        shown = "".join(self._texts.pop())
        text = shown.strip()
        slug = self._slugger.slug(shown)
        self.anchors.add(slug)
        nested = self._depth > 0
        self.headings.append(Heading(_LEVELS[data], text, slug, start, end, self.source.line(start), nested))

    def _start_code(self, data: Any, _start: int, _end: int) -> None:
        self._code += 1
        self._texts.append([])
        self._language = data["Fenced"] if isinstance(data, dict) else ""

    def _end_code(self, _data: Any, start: int, end: int) -> None:
        self._code -= 1
        text = "".join(self._texts.pop())
        self._check_fence(start, end)
        if self._depth == 0:
            self._block("code", start, end, text=text, language=self._language)

    def _check_fence(self, start: int, end: int) -> None:
        """Note a fence that runs to the end of the text without being closed."""
        if self.source.raw[end:].strip():
            return
        lines = self.source.raw[start:end].rstrip().split(b"\n")
        opening = _FENCE.match(lines[0].strip())
        if opening is None:
            return
        last = lines[-1].strip().lstrip(b"> ")
        closed = len(lines) > 1 and last.startswith(opening[0]) and not last.strip(opening[0][:1])
        if not closed:
            self.problems.append(Problem("unclosed-block", "code fence is never closed", start))

    def _start_html(self, _data: Any, start: int, _end: int) -> None:
        self._html, self._html_start = [], start

    def _end_html(self, _data: Any, start: int, end: int) -> None:
        text = "".join(self._html)
        self._html_parts(text, start)
        position = 0
        while (opened := text.find("<!--", position)) != -1:
            closed = text.find("-->", opened)
            at = start + len(text[:opened].encode())
            if closed == -1:
                self.problems.append(Problem("unclosed-block", "HTML comment is never closed", at))
                break
            position = closed + 3
            self._comment(text[opened:position], at, at + len(text[opened:position].encode()))
        if self._depth == 0:
            self._block("html", start, end, text=text)

    # Lists

    def _start_list(self, data: Any, _start: int, _end: int) -> None:
        self._lists.append([data])

    def _end_list(self, _data: Any, start: int, end: int) -> None:
        self._lists.pop()
        if self._depth == 0:
            items = tuple(sorted(self._done_items, key=lambda item: item.start))
            self._done_items = []
            self._block("list", start, end, items=items)
        elif not self._lists:
            # A list in a quote is part of the quote, not of the next list.
            self._done_items = []

    def _start_item(self, _data: Any, start: int, end: int) -> None:
        counter = self._lists[-1]
        number = counter[0]
        if number is not None:
            counter[0] = number + 1
        level = len(self._lists) - 1
        if self._items:
            self._items[-1]["end"] = min(self._items[-1]["end"], start)
        self._items.append(
            {"start": start, "end": end, "text": [], "number": number, "level": level, "checked": None, "marker": 0}
        )

    def _end_item(self, _data: Any, _start: int, _end: int) -> None:
        found = self._items.pop()
        start, end = found["start"], found["end"]
        raw = self.source.raw[start:end]
        self._done_items.append(
            Item(
                text="".join(found["text"]).strip(),
                raw=raw.decode(errors="replace").replace("\r\n", "\n").rstrip(),
                start=start,
                end=start + len(raw.rstrip()),
                line=self.source.line(start),
                level=found["level"],
                number=found["number"],
                checked=found["checked"],
                marker=found["marker"],
            )
        )

    # Tables

    def _start_cell(self, _data: Any, _start: int, _end: int) -> None:
        self._texts.append([])
        self._cell_links = len(self.links)

    def _end_cell(self, _data: Any, start: int, end: int) -> None:
        text = "".join(self._texts.pop()).strip()
        link = self.links[self._cell_links] if len(self.links) > self._cell_links else None
        self._cells.append(Cell(text, start, end, link))

    def _row(self, start: int, end: int) -> Row:
        cells, self._cells = tuple(self._cells), []
        return Row(cells, start, end, self.source.line(start))

    def _end_head(self, _data: Any, start: int, end: int) -> None:
        self._header = self._row(start, end)

    def _end_row(self, _data: Any, start: int, end: int) -> None:
        self._rows.append(self._row(start, end))

    def _end_table(self, _data: Any, start: int, end: int) -> None:
        rows, self._rows = tuple(self._rows), []
        if self._depth == 0:
            self._block("table", start, end, header=self._header, rows=rows)

    # Links

    def _start_link(self, data: Any, _start: int, _end: int) -> None:
        self._linked += 1
        self._texts.append([])
        self._pending.append((len(self.links), data["dest_url"], data["id"]))

    def _end_link(self, _data: Any, start: int, end: int) -> None:
        self._close_link(start, end, image=False)

    def _end_image(self, _data: Any, start: int, end: int) -> None:
        self._close_link(start, end, image=True)

    def _close_link(self, start: int, end: int, *, image: bool) -> None:
        self._linked -= 1
        place, target, label = self._pending.pop()
        text = "".join(self._texts.pop()).strip()
        self.links.insert(place, Link(text, target, image, start, end, self.source.line(start), label))


def _tag(value: Any) -> tuple[str, Any]:
    if isinstance(value, str):
        return value, None
    ((name, data),) = value.items()
    return name, data


def _sections(source: Source, builder: _Builder, offset: int) -> list[Section]:
    """Cut the blocks at the headings that stand at the top level."""
    headings = [h for h in builder.headings if not h.nested]
    size = len(source.raw)
    starts = [offset, *(h.start for h in headings)]
    ends = [*(h.start for h in headings), size]
    sections: list[Section] = []
    blocks = iter([*builder.blocks, None])
    block = next(blocks)
    open_sections: list[Section] = []
    for index, heading in enumerate([None, *headings]):
        own: list[Block] = []
        while block is not None and block.start < ends[index]:
            own.append(block)
            block = next(blocks)
        level = heading.level if heading else 0
        while open_sections and open_sections[-1].level >= level:
            open_sections.pop()
        parent = open_sections[-1].index if open_sections else None
        body = heading.end if heading else offset
        section = Section(index, heading, tuple(own), starts[index], body, ends[index], parent)
        sections.append(section if heading else replace(section, parent=None))
        open_sections.append(section)
    return sections
