"""Typed fields to Markdown, in the form of the template. Values are made safe for their place in a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from textwrap import indent
from typing import Any

from msgspec import Struct

from procauthor.markdown.document import write_link
from procauthor.regex import any_of, lazy
from procauthor.template.spec import (
    Column,
    Pattern,
    SectionSpec,
    Slot,
    Template,
    TextBlock,
    cells_of,
    fence_behind,
    holds_block,
    split_blocks,
    words,
)

_SIGN_AND_WORD = re.compile(r"([;,] )(\w+ )")
# Not within a word, a path or the text of a link.
_WORD = lazy(r"(?<![\w/\[])\w+")
_AFTER = lazy(r"[\w/\]]")
_LASTS = ("Procedure", "Orchestration", "Standards")
_FEWEST_WORDS = 3


class Names:
    """The titles that are names wherever they are: they end like one, or have three words or more.

    Two words ("Pull Requests") are too often the thing itself, and not the document about it.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = {}
        for title in sorted(titles, key=len, reverse=True):
            first = _WORD.match(title)
            if first and _is_name(title):
                self._by_word.setdefault(first[0], []).append(title)

    def replace(self, text: str, write: Callable[[str], str]) -> str:
        """Return the text with ``write`` called for each title, the longest at its place."""
        if not self._by_word:
            return text
        pieces: list[str] = []
        end = 0
        for word in _WORD.finditer(text):
            if word.start() < end:
                continue
            title = self._at(text, word)
            if title:
                pieces += (text[end : word.start()], write(title))
                end = word.start() + len(title)
        return "".join((*pieces, text[end:]))

    def _at(self, text: str, word: re.Match[str]) -> str:
        for title in self._by_word.get(word[0], ()):
            after = word.start() + len(title)
            if text.startswith(title, word.start()) and not _AFTER.match(text, after):
                return title
        return ""


def _is_name(title: str) -> bool:
    words = title.split()
    return len(words) >= _FEWEST_WORDS or (len(words) > 1 and words[-1] in _LASTS)


_CONTROL = lazy("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LINK = lazy(r"!?\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?[^)\n]*\)")
# A title in brackets is meant as a link; it is no address, no definition, and not the text of a link.
_BRACKETS = lazy(r"(?<!\])\[([^\[\]\n]+)\](?![(\[:])")
_TAG = lazy(r"<(?=[a-zA-Z/!?])(?!https?://[^\s>]*>)")
_WEB = lazy(r"https?://", re.IGNORECASE)
_BLOCK_START = lazy(r"^(\s{0,3})(#{1,6}(?:\s|$)|>|={3,}\s*$|-{3,}\s*$|\[[^\]]+\]:)")
_INLINE_START = lazy(r"^(#|>|[-+*](?=\s)|\d+(?=[.)]\s)|\||~{3,}|`{3,}(?=[^`]*$)|(?:-{3,}|_{3,}|\*{3,}|={3,})$)")
_RULER = lazy(r"-+")
HANGING = " " * 4
"""How far what belongs to a list item is indented, until `hang` gives it the width of its marker."""
_PIPE = lazy(r"(?<!\\)\|")
_CODE = lazy(r"(`+)(.+?)\1", re.DOTALL)


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
            before, fence = fence, fence_behind(line, fence)
            if not before and not fence:
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
    """Indent what is below the first line of an item by the width of its marker."""
    return text.replace(f"\n{HANGING}", "\n" + " " * width)


_REFERENCE = r"(?:\[(?P<{0}_linked>[^\]]+)\]\([^)\s]+\)|(?P<{0}_said>.+?) \*\(announced\)\*)"
_SEPARATORS = ("; ", ", ")


class SlotGroup(Struct, frozen=True):
    """A field with the words around it that go where it goes: `` (From: `` and ``)``."""

    slot: Slot
    before: str = ""
    after: str = ""


@lru_cache(maxsize=512)
def groups_of(pattern: Pattern) -> tuple[str | SlotGroup, ...]:
    """Return the words and fields of an example; an optional field takes along what is there for it alone."""
    parts = list(pattern.parts)
    groups: list[str | SlotGroup] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            groups.append(part)
            continue
        words = groups[-1] if groups else ""
        behind = parts[index + 1] if index + 1 < len(parts) else ""
        before, after = _around(words, behind) if part.optional else ("", "")
        if before:
            groups[-1] = str(words)[: -len(before)]
        if after:
            parts[index + 1] = str(behind)[len(after) :]
        groups.append(SlotGroup(part, before, after))
    return tuple(groups)


def _around(before: object, after: object) -> tuple[str, str]:
    """Return the words that go with a field: the brackets around it, else all from the last comma or semicolon on."""
    if not isinstance(before, str) or not isinstance(after, str):
        return "", ""
    opened, closed = before.rfind(" ("), after.find(")")
    if opened != -1 and closed != -1:
        return before[opened:], after[: closed + 1]
    cut = max(before.rfind(mark) for mark in _SEPARATORS)
    return (before[cut:], "") if cut != -1 else ("", "")


def render_pattern(pattern: Pattern, value: Any, clean: Cleaner, *, cell: bool = False, whole: bool = True) -> str:
    """Return one item on one line; where it has a single field, blocks are below it.

    Args:
        pattern: The example of the template.
        value: A mapping of fields; a string where one field must be filled and no other is. With a single field and
            ``whole``, always a string.
        clean: Makes text safe, and knows the links.
        cell: Whether it is in a table.
        whole: Whether a single field is the item itself.
    """
    single = pattern.single if whole else None
    main = single or (pattern.main if isinstance(value, str) else None)
    fields: Mapping[str, Any] = {main.name: value} if main else value
    words = clean.item if single and holds_block(pattern) else clean.inline
    plain = clean.cell if cell else words
    shown = (_shown(part, fields, clean, plain) for part in groups_of(pattern))
    return "".join(shown).strip()


def _shown(part: str | SlotGroup, fields: Mapping[str, Any], clean: Cleaner, plain: Callable[[object], str]) -> str:
    if isinstance(part, str):
        return part
    value = fields.get(part.slot.name)
    if value is None or value == "":
        return ""
    sign, word = _before(part)
    if word and _moment().match(str(value)):
        word = ""
    return sign + word + (clean.reference(value) if part.slot.reference else plain(value)) + part.after


@lru_cache(maxsize=1)
def _moment() -> re.Pattern[str]:
    """Return the pattern of a point in time: "T + 10 minutes", "16:00", a date, or what is said to be one."""
    said = any_of(words().moments)
    return re.compile(rf"(?:[A-Z]\w? ?[+-] ?\d|\d{{1,2}}:\d\d|\d{{4}}-\d\d|(?:{said})(?:(?<=')|(?!\w)))")


def _before(part: SlotGroup) -> tuple[str, str]:
    """Return what is in front of an optional field, and the word behind its sign: no "within" with a point in time."""
    match = _SIGN_AND_WORD.fullmatch(part.before) if part.slot.optional else None
    return (match[1], match[2]) if match else (part.before, "")


# And back


@lru_cache(maxsize=512)
def _regex(pattern: Pattern) -> re.Pattern[str]:
    taken: set[str] = set()
    return re.compile("".join(_source(part, taken) for part in groups_of(pattern)), re.DOTALL)


def _source(part: str | SlotGroup, taken: set[str]) -> str:
    if isinstance(part, str):
        return re.escape(part)
    slot = part.slot
    named = _REFERENCE.format(slot.name) if slot.reference else f"(?P<{slot.name}>.+?)"
    # A field that is twice says the same twice, however it is written.
    sign, word = _before(part)
    before = re.escape(sign) + (f"(?:{re.escape(word)}|(?={_moment().pattern}))" if word else "")
    inner = before + (".+?" if slot.name in taken else named) + re.escape(part.after)
    taken.add(slot.name)
    return f"(?:{inner})?" if slot.optional else inner


def read_pattern(pattern: Pattern, text: str) -> dict[str, str | None] | None:
    """Return the fields of one item by name, None for an optional one that is not there; None where it does not fit.

    Args:
        pattern: The example of the template.
        text: The item without its marker.
    """
    match = _regex(pattern).fullmatch(text)
    return None if match is None else dict(_values(pattern, match))


def _values(pattern: Pattern, match: re.Match[str]) -> Iterator[tuple[str, str | None]]:
    for slot in pattern.slots:
        yield (
            slot.name,
            match[f"{slot.name}_linked"] or match[f"{slot.name}_said"] if slot.reference else match[slot.name],
        )


def render(
    template: Template, title: str, fields: Mapping[str, Any], links: Mapping[str, str], *, whole: bool = False
) -> str:
    """Render the body of a document: its title and all sections.

    Args:
        template: The schema.
        title: The heading of level 1; without one there is none.
        fields: Values by field name, as the template's model holds them. What is missing is empty, so that a draft
            that is filled in part can be shown; what may be left out is left out then.
        links: Known titles and the relative path of each; an empty path marks a title that is only announced.
        whole: Whether optional sections that nothing is said in have their heading too.
    """
    writer = FieldWriter(Cleaner(links), whole=whole)
    blocks = [f"# {writer.clean.inline(title)}"] if title else []
    for spec in template.sections:
        blocks += writer.section(spec, fields.get(spec.name))
    return "\n\n".join(block for block in blocks if block) + "\n"


def is_left_out(spec: SectionSpec, value: Any) -> bool:
    """Say whether an optional section or part is not in the document, because nothing is said there."""
    if not spec.constraint.optional or spec.kind == "group":
        return False
    if isinstance(value, Mapping):
        return not any(value.values())
    return value is None or value == "" or (not value and not spec.constraint.none)


class FieldWriter:
    """Writes sections, each as blocks that have an empty line between them."""

    def __init__(self, clean: Cleaner, *, whole: bool = False) -> None:
        self.clean = clean
        self.whole = whole

    def section(self, spec: SectionSpec, value: Any) -> Iterator[str]:
        """Yield the blocks of a section."""
        if is_left_out(spec, value) and not self.whole:
            return
        yield "#" * spec.level + " " + spec.heading
        if spec.kind == "steps":
            for number, step in enumerate(value or (), start=1):
                yield from self.step(spec, number, step)
        elif spec.kind != "group":
            yield self.body(spec, value)

    def step(self, spec: SectionSpec, number: int, step: Mapping[str, Any]) -> Iterator[str]:
        """Yield the blocks of a step."""
        assert spec.step_heading is not None
        named = {**step, "number": str(number)}
        yield "#" * spec.step_level + " " + render_pattern(spec.step_heading, named, self.clean, whole=False)
        for part in spec.parts:
            value = step.get(part.name)
            if is_left_out(part, value):
                continue
            if part.labelled and part.kind == "prose":
                yield f"**{part.heading}:** {self.words(part, value)}".rstrip()
                continue
            yield f"**{part.heading}:**" if part.labelled else "#" * part.level + " " + part.heading
            yield self.body(part, value)

    def body(self, spec: SectionSpec, value: Any) -> str:
        """Return what is below a heading or a label."""
        match spec.kind:
            case "prose":
                single = spec.pattern is None or spec.pattern.single
                return self.clean.prose(value) if single else self.words(spec, value)
            case "table":
                return "\n".join(self.table(spec, value or ()))
            case "card":
                return "\n".join(self.card(spec, value or {}))
            case _:
                return self.items(spec, value or ())

    def words(self, spec: SectionSpec, value: Any) -> str:
        """Return what is in one line: a text, or the fields of the example."""
        if spec.pattern is None or spec.pattern.single:
            return self.clean.inline(value)
        return render_pattern(spec.pattern, value, self.clean) if value else ""

    def items(self, spec: SectionSpec, values: Sequence[Any]) -> str:
        """Return a list; where it is empty, the word of the template for "none"."""
        text = ""
        for number, value in enumerate(values, start=1):
            marker, box = self.marker(spec, number)
            item = marker + box + hang(self.item(spec, value), len(marker))
            # Blocks have an empty line below them, as they have one above.
            ending = "\n\n" if "\n" in item else "\n"
            text += item + (ending if number < len(values) else "")
        return text or spec.constraint.none

    def marker(self, spec: SectionSpec, number: int) -> tuple[str, str]:
        """Return what is in front of an item, and its box."""
        return {"checklist": ("- ", "[ ] "), "numbered": (f"{number}. ", "")}.get(spec.kind, ("- ", ""))

    def item(self, spec: SectionSpec, value: Any) -> str:
        """Return the words of an item."""
        assert spec.pattern is not None
        return render_pattern(spec.pattern, value, self.clean)

    def table(self, spec: SectionSpec, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the lines of a table."""
        yield "| " + " | ".join(column.header for column in spec.columns) + " |"
        yield "|" + "---|" * len(spec.columns)
        for row in rows:
            yield "| " + " | ".join(self.cell(column, row) for column in spec.columns) + " |"

    def cell(self, column: Column, row: Mapping[str, Any]) -> str:
        """Return a cell of a row."""
        return render_pattern(column.pattern, row, self.clean, cell=True, whole=False)

    def card(self, spec: SectionSpec, value: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of a card, without those that nothing is said in."""
        for column in spec.columns:
            words = render_pattern(column.pattern, value, self.clean, whole=False)
            if words:
                yield f"- **{column.header}:** {words}"
