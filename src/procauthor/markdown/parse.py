"""Bytes to a document, over the event stream of pulldown-cmark (by way of pyromark).

The event parser is CommonMark with GitHub's tables, task lists, strikethrough and footnotes, native, and it
gives the byte range of everything that it names.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, ClassVar

import pyromark
from msgspec import Struct
from msgspec.structs import replace

from procauthor.markdown.document import (
    Block,
    BlockKind,
    Cell,
    Comment,
    Definition,
    Document,
    Heading,
    Item,
    Link,
    ParseProblem,
    Section,
    Slugger,
    Source,
    TableRow,
    TextRun,
)
from procauthor.markdown.front import find_front_matter, near_front_matter, read_bold_fields, read_front_matter
from procauthor.regex import lazy

_OPENS = lazy(r"""^[ \t]*(?:!!![ ]+\w|\?\?\?\+?[ ]+\w|===[!+]?[ ]+["'])""", re.MULTILINE)
_LINE = lazy(r"""(?P<indent>[ \t]*)(?P<sign>(?:!!!|\?\?\?|===)(?P<more>[!+]?)[ ]+)(?=[\w"'])""")
_FENCE_LINE = lazy(r"[ >]*(`{3,}|~{3,})")
_DEPTH = 4


def open_bodies(text: str) -> tuple[str, frozenset[int]]:
    """Return the text with each admonition and tab as the item of a list, and where these items are.

    Both have the same length in bytes; the places are byte offsets.
    """
    if not _OPENS.search(text):
        return text, frozenset()
    lines = text.splitlines(keepends=True)
    marker = "1)  " if any(line.lstrip().startswith("+") for line in lines) else "+   "
    places: set[int] = set()
    fence = ""
    position = 0
    for number, line in enumerate(lines):
        mark = _FENCE_LINE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        match = None if fence else _LINE.match(line)
        if match and _has_body(lines, number, len(match["indent"].expandtabs(_DEPTH)) + _DEPTH):
            # A longer sign leaves a letter behind, so that the body begins at the fourth column.
            rest = "." * (len(match["sign"]) - _DEPTH)
            lines[number] = match["indent"] + marker + rest + line[match.end() :]
            places.add(position + len(match["indent"]))
        position += len(line.encode())
    return "".join(lines), frozenset(places)


def _has_body(lines: list[str], number: int, depth: int) -> bool:
    places = range(number + 1, len(lines))
    following = next((lines[place] for place in places if lines[place].strip()), "")
    return following.expandtabs(_DEPTH).startswith(" " * depth)


_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_FOOTNOTES
)
_PARSER = pyromark.Markdown(options=_OPTIONS)
_SPACES = lazy(rb" *")
_FENCE = lazy(rb"`{3,}|~{3,}")
_FENCE_AND_TAB = lazy(r"^([ \t>]*(?:`{3,}|~{3,}))([ \t]*\t[ \t]*)(?=\r?$)", re.MULTILINE)
# A quoted value may hold any sign. What is read once is not read again: a tag that never ends costs no time.
_HTML_TAG = lazy(r"""<([a-zA-Z][\w-]*)([\s/](?:[^<>"']++|"[^"]*"|'[^']*')*+)""")
_HTML_ATTRIBUTE = lazy(r"""(?<![^\s"'<>/=])([^\s"'<>/=]++)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""")
_HTML_TARGETS = {
    **dict.fromkeys(("a", "area"), ("href",)),
    **dict.fromkeys(("iframe", "audio", "embed", "track"), ("src",)),
    **dict.fromkeys(("img", "source"), ("src", "srcset")),
    "video": ("src", "poster"),
    "object": ("data",),
}
# Several pictures to choose from: "a.png 1x, b.png 2x". An address may hold a comma, and does not end with one.
_SET = "srcset"
_IN_SET = lazy(r"([^\s,](?:\S*[^\s,])?)(?:,+|\s[^,]*+)?")
_HTML_COMMENT = lazy(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Attributes in braces, as kramdown, MkDocs, Hugo and Docusaurus read them, with an id among them.
_ATTRIBUTE_ID = lazy(rb"\{:?[ \t]*(?:[^{}\r\n#%<]{0,200}[ \t])?#([\w:.-]{1,200})(?:[ \t][^{}\r\n#]{0,200})?\}")
_HEADING_ATTRIBUTES = lazy(r"\s\{:?\s*(?:[^{}]{0,200}\s)?[#.][\w:.-][^{}]{0,200}\}$")
_BLOCKS: dict[str, BlockKind] = {
    "Paragraph": "paragraph",
    "List": "list",
    "Table": "table",
    "CodeBlock": "code",
    "HtmlBlock": "html",
    "BlockQuote": "quote",
}
_NESTING = frozenset({*_BLOCKS, "Item", "FootnoteDefinition"})
_LEVELS = {"H1": 1, "H2": 2, "H3": 3, "H4": 4, "H5": 5, "H6": 6}


def parse(raw: bytes) -> Document:
    """Parse the bytes of a document.

    Raises:
        UnicodeDecodeError: The bytes are not UTF-8.
    """
    source = Source(raw)
    front = find_front_matter(source)
    offset = front.end if front else source.start
    text, bodies = open_bodies(_without_fence_tabs(raw[offset:].decode("utf-8")))
    builder = _Builder(source, offset, frozenset(place + offset for place in bodies))
    builder.run(text)
    builder.anchors.update(_attribute_ids(source, builder.runs))
    sections = tuple(_sections(source, builder, offset))
    if front:
        fields, problems = read_front_matter(source, front)
    else:
        near = near_front_matter(source)
        fields, problems = read_bold_fields(source, sections), [near] if near else []
    return Document(
        source=source,
        sections=sections,
        headings=tuple(builder.headings),
        links=tuple(builder.links),
        runs=tuple(builder.runs),
        comments=tuple(builder.comments),
        anchors=frozenset(builder.anchors),
        fields=fields,
        front_matter=(front.start, front.end) if front else None,
        front_kind=front.kind if front else None,
        problems=(*problems, *builder.problems),
    )


def _attribute_ids(source: Source, runs: list[TextRun]) -> Iterator[str]:
    """Yield the ids that attributes in braces give; in code they are an example."""
    if b"#" not in source.raw or b"{" not in source.raw:
        return
    starts = [run.start for run in runs]
    for match in _ATTRIBUTE_ID.finditer(source.raw):
        number = bisect_right(starts, match.start()) - 1
        if number >= 0 and match.start() < runs[number].end:
            yield match[1].decode(errors="replace")


def read_definitions(document: Document) -> Iterator[Definition]:
    """Yield the reference definitions of a document, used or not, in order; of a label, the first counts."""
    front = document.front_matter
    offset = front[1] if front else document.source.start
    definitions = _PARSER.reference_definitions(document.source.raw[offset:].decode("utf-8"))
    for label, each in sorted(definitions.items(), key=lambda pair: pair[1]["span"]["start"]):
        span = each["span"]
        yield Definition(label, each["dest"], span["start"] + offset, span["end"] + offset)


def read_events(document: Document) -> Iterator[tuple[Any, int, int]]:
    """Yield the parser's events behind the front matter, each with its span in the document's bytes."""
    front = document.front_matter
    offset = front[1] if front else document.source.start
    text = _without_fence_tabs(document.source.raw[offset:].decode("utf-8"))
    events: Iterable[tuple[Any, Any]] = _PARSER.events_with_range(text)
    return ((event, span["start"] + offset, span["end"] + offset) for event, span in events)


def _without_fence_tabs(text: str) -> str:
    """Put spaces for tabs behind a fence, which CommonMark allows and the parser does not; no offset moves."""
    return _FENCE_AND_TAB.sub(lambda m: m[1] + " " * len(m[2]), text) if "\t" in text else text


class _OpenItem(Struct, gc=False):
    """A list item that is not closed yet. ``pieces`` is what was said in it before a nested item began."""

    start: int
    end: int
    level: int
    number: int | None
    begin: int
    pieces: str = ""
    checked: bool | None = None
    marker: int = 0


class _Builder:
    """Collects the parts of one document from the parser's events.

    Every word that is shown goes into one list; a part that opens notes its place there, and takes what came since
    when it closes.
    """

    def __init__(self, source: Source, offset: int, bodies: frozenset[int]) -> None:
        self.source = source
        self.offset = offset
        # Where an admonition begins, which is no list item elsewhere.
        self._bodies = bodies
        self.headings: list[Heading] = []
        self.links: list[Link] = []
        self.runs: list[TextRun] = []
        self.comments: list[Comment] = []
        self.anchors: set[str] = set()
        self.blocks: list[Block] = []
        self.problems: list[ParseProblem] = []
        self._last = len(source.raw.rstrip())
        self._line_starts = source.line_starts
        self._slugger = Slugger()
        self._depth = 0
        self._said: list[str] = []
        self._texts: list[int] = []
        self._lists: list[list[int | None]] = []
        self._items: list[_OpenItem] = []
        self._done_items: list[Item] = []
        self._rows: list[TableRow] = []
        self._header: TableRow | None = None
        self._cells: list[Cell] = []
        # Code and links: their text is no running text.
        self._closed = 0
        self._language = ""
        self._cell_links = 0
        self._in_heading = False
        self._html: list[tuple[str, int]] = []
        self._pending: list[tuple[int, str, str]] = []

    def run(self, text: str) -> None:
        """Feed all events of the text. This loop runs hundreds of times a document: it looks up nothing twice."""
        shift, say, run = self.offset, self._said.append, self.runs.append
        starts, ends = self._STARTS, self._ENDS
        events: Iterable[tuple[Any, Any]] = _PARSER.events_with_range(text)
        for event, span in events:
            if event.__class__ is str:
                self._mark(event, span)
                continue
            name, value = event.popitem()
            if name == "Text":
                say(value)
                if not self._closed:
                    run(TextRun(value, span["start"] + shift, span["end"] + shift, self._in_heading))
            elif name == "Start":
                tag, data = (value, None) if value.__class__ is str else value.popitem()
                self._depth += tag in _NESTING
                handler = starts.get(tag)
                if handler:
                    handler(self, data, span["start"] + shift, span["end"] + shift)
            elif name == "End":
                tag, data = (value, None) if value.__class__ is str else value.popitem()
                self._depth -= tag in _NESTING
                handler = ends.get(tag)
                if handler:
                    handler(self, data, span["start"] + shift, span["end"] + shift)
            else:
                self._leaf(name, value, span["start"] + shift, span["end"] + shift)

    # Leaves

    def _mark(self, name: str, span: Mapping[str, int]) -> None:
        if name in ("SoftBreak", "HardBreak"):
            self._said.append("\n")
        elif name == "Rule" and self._depth == 0:
            self._block("rule", span["start"] + self.offset, span["end"] + self.offset)

    def _leaf(self, name: str, value: Any, start: int, end: int) -> None:
        if name == "Code":
            self._said.append(value)
        elif name == "Html":
            self._html.append((value, start))
        elif name == "InlineHtml":
            self._inline_html(value, start, end)
        elif name == "TaskListMarker" and self._items:
            self._items[-1].checked = value
            self._items[-1].marker = start + 1

    def _open_text(self) -> None:
        self._texts.append(len(self._said))

    def _close_text(self) -> str:
        return "".join(self._said[self._texts.pop() :])

    def _line(self, offset: int) -> int:
        return bisect_right(self._line_starts, offset)

    def _inline_html(self, value: str, start: int, end: int) -> None:
        if value.startswith("<!--"):
            self._comment(value, start, end)
        else:
            self._html_parts(_lines_in_place(value, self.source.raw[start:end].decode(), start))

    def _html_parts(self, parts: list[tuple[str, int]]) -> None:
        """Note the anchors and links of raw HTML; a comment is no part of the page."""
        visible = _HTML_COMMENT.sub(lambda m: " " * len(m[0]), "".join(text for text, _ in parts))
        places = _Places(parts)
        for tag in _HTML_TAG.finditer(visible):
            targets = _HTML_TARGETS.get(tag[1].lower(), ())
            for attribute in _HTML_ATTRIBUTE.finditer(visible, *tag.span(2)):
                name, value = attribute[1].lower(), attribute[2] or attribute[3] or attribute[4] or ""
                if name in ("id", "name"):
                    self.anchors.add(value)
                elif name in targets:
                    at = places.offset(tag.start())
                    for target, last in _targets(name, value, attribute):
                        end = places.offset(last) + 1
                        self.links.append(Link("", target, name != "href", at, end, self._line(at)))

    def _comment(self, value: str, start: int, end: int) -> None:
        inner = value[4:]
        inner = inner[: inner.rfind("-->")] if "-->" in inner else inner
        self.comments.append(Comment(inner, start, end, self._line(start)))

    # Blocks

    def _block(self, kind: BlockKind, start: int, end: int, **parts: Any) -> None:
        self.blocks.append(Block(kind, start, end, self._line(start), **parts))

    def _start_text(self, _data: Any, _start: int, _end: int) -> None:
        self._open_text()
        if self._items:
            item = self._items[-1]
            if item.pieces or len(self._said) > item.begin:
                self._said.append("\n")

    def _end_paragraph(self, _data: Any, start: int, end: int) -> None:
        text = self._close_text()
        if self._depth == 0:
            self._block("paragraph", start, end, text=text.strip())

    def _end_quote(self, _data: Any, start: int, end: int) -> None:
        if self._depth == 0:
            self._block("quote", start, end, text=self.source.slice(start, end).strip())

    def _start_heading(self, _data: Any, _start: int, _end: int) -> None:
        self._open_text()
        self._in_heading = True

    def _end_heading(self, data: Any, start: int, end: int) -> None:
        self._in_heading = False
        shown = self._close_text()
        text = shown.strip()
        if text.endswith("}"):
            text = _HEADING_ATTRIBUTES.sub("", text).rstrip()
        slug = self._slugger.slug(shown)
        self.anchors.add(slug)
        nested = self._depth > 0
        self.headings.append(Heading(_LEVELS[data], text, slug, start, end, self._line(start), nested))

    def _start_code(self, data: Any, _start: int, _end: int) -> None:
        self._closed += 1
        self._open_text()
        self._language = data["Fenced"] if isinstance(data, dict) else ""

    def _end_code(self, _data: Any, start: int, end: int) -> None:
        self._closed -= 1
        text = self._close_text()
        self._check_fence(start, end)
        if self._depth == 0:
            self._block("code", start, end, text=text, language=self._language)

    def _check_fence(self, start: int, end: int) -> None:
        """Note a fence that runs to the end of the text without being closed."""
        if end < self._last:
            return
        lines = self.source.raw[start:end].rstrip().split(b"\n")
        opening = _FENCE.match(lines[0].strip())
        if opening is None:
            return
        last = lines[-1].strip().lstrip(b"> ")
        closed = len(lines) > 1 and last.startswith(opening[0]) and not last.strip(opening[0][:1])
        if not closed:
            self.problems.append(ParseProblem("unclosed-block", "code fence is never closed", start))

    def _start_html(self, _data: Any, _start: int, _end: int) -> None:
        self._html = []

    def _end_html(self, _data: Any, start: int, end: int) -> None:
        text = "".join(part for part, _ in self._html)
        self._html_parts(self._html)
        position = 0
        places = _Places(self._html)
        while (opened := text.find("<!--", position)) != -1:
            closed = text.find("-->", opened)
            at = places.offset(opened)
            if closed == -1:
                # Behind a tag it ends with a blank line, but a browser reads on to its end.
                if b"-->" not in self.source.raw[end:]:
                    self.problems.append(ParseProblem("unclosed-block", "HTML comment is never closed", at))
                break
            position = closed + 3
            self._comment(text[opened:position], at, places.offset(position - 1) + 1)
        if self._depth == 0:
            self._block("html", start, end, text=text)

    # Lists

    def _is_body(self, start: int) -> bool:
        """Say whether the item at an offset, perhaps behind spaces, is the body of an admonition."""
        raw = self.source.raw
        spaces = _SPACES.match(raw, start) if self._bodies else None
        return spaces is not None and spaces.end() in self._bodies

    def _start_list(self, data: Any, _start: int, _end: int) -> None:
        self._lists.append([data])

    def _end_list(self, _data: Any, start: int, end: int) -> None:
        self._lists.pop()
        if self._depth == 0:
            items = tuple(sorted(self._done_items, key=lambda item: item.start))
            self._done_items = []
            if self._is_body(start):
                # The body is an item to the parser only: what it lists is one level higher.
                items = tuple(replace(item, level=max(0, item.level - 1)) for item in items)
                self._block("quote", start, end, text=self.source.slice(start, end).strip(), items=items)
            else:
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
            outer = self._items[-1]
            outer.end = min(outer.end, start)
            outer.pieces += "".join(self._said[outer.begin :])
        self._items.append(_OpenItem(start, end, level, number, len(self._said)))

    def _end_item(self, _data: Any, _start: int, _end: int) -> None:
        item = self._items.pop()
        start = item.start
        raw = self.source.raw[start : item.end]
        text = item.pieces + "".join(self._said[item.begin :])
        if self._items:
            self._items[-1].begin = len(self._said)
        if self._bodies and self._is_body(start):
            return
        self._done_items.append(
            Item(
                text.strip(),
                raw.decode(errors="replace").replace("\r\n", "\n").rstrip(),
                start,
                start + len(raw.rstrip()),
                self._line(start),
                item.level,
                item.number,
                item.checked,
                item.marker,
            )
        )

    # Tables

    def _start_cell(self, _data: Any, _start: int, _end: int) -> None:
        self._open_text()
        self._cell_links = len(self.links)

    def _end_cell(self, _data: Any, start: int, end: int) -> None:
        text = self._close_text().strip()
        link = self.links[self._cell_links] if len(self.links) > self._cell_links else None
        self._cells.append(Cell(text, start, end, link))

    def _row(self, start: int, end: int) -> TableRow:
        cells, self._cells = tuple(self._cells), []
        return TableRow(cells, start, end, self._line(start))

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
        self._closed += 1
        self._open_text()
        # "<ada@example.org>" is written without the scheme that it has.
        target = f"mailto:{data['dest_url']}" if data["link_type"] == "Email" else data["dest_url"]
        self._pending.append((len(self.links), target, data["id"]))

    def _end_link(self, _data: Any, start: int, end: int) -> None:
        self._close_link(start, end, image=False)

    def _end_image(self, _data: Any, start: int, end: int) -> None:
        self._close_link(start, end, image=True)

    def _close_link(self, start: int, end: int, *, image: bool) -> None:
        self._closed -= 1
        place, target, label = self._pending.pop()
        text = self._close_text().strip()
        self.links.insert(place, Link(text, target, image, start, end, self._line(start), label))

    # Which method an event calls: one table for all documents

    _STARTS: ClassVar[dict[str, Callable[..., None]]] = {
        "Heading": _start_heading,
        "Item": _start_item,
        "List": _start_list,
        "CodeBlock": _start_code,
        "Link": _start_link,
        "Image": _start_link,
        "TableCell": _start_cell,
        "Paragraph": _start_text,
        "HtmlBlock": _start_html,
    }
    _ENDS: ClassVar[dict[str, Callable[..., None]]] = {
        "Heading": _end_heading,
        "Item": _end_item,
        "List": _end_list,
        "CodeBlock": _end_code,
        "Link": _end_link,
        "Image": _end_image,
        "TableCell": _end_cell,
        "TableHead": _end_head,
        "TableRow": _end_row,
        "Table": _end_table,
        "Paragraph": _end_paragraph,
        "HtmlBlock": _end_html,
        "BlockQuote": _end_quote,
    }


def _lines_in_place(value: str, written: str, start: int) -> list[tuple[str, int]]:
    """Return the lines of a tag, each with its offset: within quotes and lists the parser leaves out what is before."""
    if len(value) == len(written):
        return [(value, start)]
    parts = []
    for line, whole in zip(value.splitlines(keepends=True), written.splitlines(keepends=True), strict=False):
        before = whole[: len(whole.rstrip("\r\n")) - len(line.rstrip("\r\n"))]
        parts.append((line, start + len(before.encode())))
        start += len(whole.encode())
    return parts


class _Places:
    """Gives the byte offset of a character of joined parts, of which the questions come in order.

    The parser gives lines, without the carriage returns and the marks of quotes between them.
    """

    def __init__(self, parts: list[tuple[str, int]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(len(text) for text, _ in parts))
        # Up to where the last part was counted: a part may be one line of a megabyte.
        self._counted = (-1, 0, 0)

    def offset(self, place: int) -> int:
        number = bisect_right(self._ends, place)
        if number == len(self._parts):
            return self._parts[-1][1] + len(self._parts[-1][0].encode()) if self._parts else 0
        text, start = self._parts[number]
        inside = place - (self._ends[number] - len(text))
        if text.isascii():
            return start + inside
        before, chars, size = self._counted
        if before != number or chars > inside:
            chars = size = 0
        size += len(text[chars:inside].encode())
        self._counted = (number, inside, size)
        return start + size


def _targets(name: str, value: str, attribute: re.Match[str]) -> Iterator[tuple[str, int]]:
    """Yield the addresses that an attribute of HTML holds, each with the place of its last character.

    That of a single address may be the closing quote.
    """
    if name != _SET:
        yield value, attribute.end() - 1
        return
    written = next((group for group in (2, 3, 4) if attribute[group]), 0)
    for each in _IN_SET.finditer(attribute.string, *attribute.span(written)) if written else ():
        yield each[1], each.end(1) - 1


def _sections(source: Source, builder: _Builder, offset: int) -> list[Section]:
    """Cut the blocks at the headings at the top level."""
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
        sections.append(section)
        open_sections.append(section)
    return sections
