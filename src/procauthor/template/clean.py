"""Values made safe for their place in a document, in the typed fields and in updates alike.

A value is data: it can neither open a heading nor hide text in a comment, and a link in it survives only where it
leads to the web. Links to other documents come from references and from the titles that the caller knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import indent

from procauthor.markdown.write import write_link
from procauthor.template.block import TextBlock, cells_of, split_blocks
from procauthor.template.name import Names

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?[^)\n]*\)")
# A title in brackets is meant as a link; it is no address, no definition, and not the text of a link.
_BRACKETS = re.compile(r"(?<!\])\[([^\[\]\n]+)\](?![(\[:])")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])(?!https?://[^\s>]*>)")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_BLOCK_START = re.compile(r"^(\s{0,3})(#{1,6}(?:\s|$)|>|={3,}\s*$|-{3,}\s*$|\[[^\]]+\]:)")
_INLINE_START = re.compile(r"^(#|>|[-+*](?=\s)|\d+(?=[.)]\s)|\||~{3,}|`{3,}(?=[^`]*$)|(?:-{3,}|_{3,}|\*{3,}|={3,})$)")
_RULER = re.compile(r"-+")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
HANGING = " " * 4
"""How far what belongs to a list item is indented, until `hang` gives it the width of its marker."""
_PIPE = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)


class Cleaner:
    """Makes a value safe for its place."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self.links = dict(links)
        self._names = Names(title for title, path in links.items() if path)

    def inline(self, value: object) -> str:
        """Return the value as one line of text; each line of a block of code becomes code of its own in it."""
        words = (_codes(b.text) if b.kind in ("code", "diagram") else b.text for b in split_blocks(_plain(value)))
        return _INLINE_START.sub(r"\\\1", self._outside_code(" ".join(" ".join(words).split())))

    def item(self, value: object) -> str:
        """Return the value as the words of a list item: one line, and blocks below it, indented by `HANGING`."""
        first, *rest = split_blocks(_plain(value)) or (TextBlock("words", ""),)
        if first.kind != "words":
            # A block needs a line of words above it.
            return self.inline(value)
        return "\n\n".join([self.inline(first.text), *(indent(self._block(each), HANGING) for each in rest)])

    def _block(self, block: TextBlock) -> str:
        if block.kind == "words":
            return self.inline(block.text)
        return "\n".join(self._rows(block.text)) if block.kind == "table" else block.text

    def _rows(self, text: str) -> Iterator[str]:
        """Yield the lines of a table, each with as many cells as its header."""
        header, ruler, *rows = map(cells_of, text.split("\n"))
        yield self._row(header)
        yield "|" + "|".join(_RULER.sub("---", cell) for cell in ruler) + "|"
        for row in rows:
            yield self._row([*row, *[""] * len(header)][: len(header)])

    def _row(self, cells: list[str]) -> str:
        return "| " + " | ".join(self.cell(cell.replace("\\|", "|")) for cell in cells) + " |"

    def cell(self, value: object) -> str:
        """Return the value for a table cell."""
        return _PIPE.sub(r"\\|", self.inline(value))

    def prose(self, value: object) -> str:
        """Return the value as paragraphs and lists; headings and definitions in it are escaped."""
        lines: list[str] = []
        fence = ""
        for line in _plain(value).strip().split("\n"):
            match = _FENCE.match(line)
            if match and (not fence or match[1].startswith(fence)):
                fence = "" if fence else match[1]
            elif not fence:
                line = _BLOCK_START.sub(r"\1\\\2", line)  # noqa: PLW2901
            if line.strip() or fence or not lines or lines[-1]:
                lines.append(line.rstrip())
        if fence:
            lines.append(fence)
        return self._outside_code("\n".join(lines))

    def reference(self, title: object) -> str:
        """Return a link to a known document; an announced one is marked as such."""
        name = str(title)
        path = self.links.get(name, "")
        return write_link(name, path) if path else f"{name} *(announced)*"

    def _outside_code(self, text: str) -> str:
        parts: list[str] = []
        position = 0
        for match in _CODE.finditer(text):
            parts.append(self._clean(text[position : match.start()]))
            parts.append(match[0])
            position = match.end()
        parts.append(self._clean(text[position:]))
        return "".join(parts)

    def _clean(self, text: str) -> str:
        text = _TAG.sub("&lt;", text)
        text = _BRACKETS.sub(lambda match: match[1] if match[1] in self.links else match[0], text)
        pieces: list[str] = []
        position = 0
        for match in _LINK.finditer(text):
            pieces.append(self._link_names(text[position : match.start()]))
            web = _WEB.match(match[2]) and not match[0].startswith("!")
            pieces.append(match[0] if web else self._link_names(match[1]))
            position = match.end()
        pieces.append(self._link_names(text[position:]))
        return "".join(pieces)

    def _link_names(self, text: str) -> str:
        return self._names.replace(text, self.reference)


def _plain(value: object) -> str:
    return _CONTROL.sub("", str(value or "").replace("\r\n", "\n"))


def _codes(block: str) -> str:
    """Return the lines of a block of code as pieces of code in one line."""
    kept = [line.strip() for line in block.split("\n")[1:-1] if line.strip()]
    return ", ".join(f"`` {line} ``" if "`" in line else f"`{line}`" for line in kept)


def hang(text: str, width: int) -> str:
    """Indent what stands below the first line of an item by the width of its marker."""
    return text.replace(f"\n{HANGING}", "\n" + " " * width)
