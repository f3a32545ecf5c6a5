"""The parts of a document with byte spans and lines; edits by span; anchors of headings; how a link is written."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from operator import attrgetter, is_
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from msgspec import Struct, field

from procauthor.regex import lazy

_T = TypeVar("_T")

BOM = b"\xef\xbb\xbf"
_LONG_LINE = 2000
_NEWLINE = lazy(b"\n")


class Source(Struct, frozen=True, dict=True):
    """Raw bytes. All positions in procauthor are byte offsets into ``raw``; lines count from 1."""

    raw: bytes

    @property
    def start(self) -> int:
        """Offset of the first byte after a byte order mark."""
        return len(BOM) if self.raw.startswith(BOM) else 0

    @property
    def newline(self) -> str:
        """The line ending of the first line; a text without one counts as a line feed."""
        first = self.raw.find(b"\n")
        return "\r\n" if first > 0 and self.raw[first - 1 : first] == b"\r" else "\n"

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first byte of each line."""
        return [0, *(match.end() for match in _NEWLINE.finditer(self.raw))]

    def line(self, offset: int) -> int:
        """Return the 1-based line of a byte offset."""
        return bisect_right(self.line_starts, offset)

    def column(self, offset: int) -> int:
        """Return the 1-based column of a byte offset, in characters."""
        line = self.line(offset)
        # Of a very long line only what is new since the last question is counted.
        known, column = self._columns.get(line, (-1, 0))
        if not self.line_starts[line - 1] <= known <= offset:
            known, column = self.line_starts[line - 1], 1
        column += len(self.raw[known:offset].decode(errors="replace"))
        if offset - self.line_starts[line - 1] > _LONG_LINE:
            self._columns[line] = (offset, column)
        return column

    @cached_property
    def _columns(self) -> dict[int, tuple[int, int]]:
        return {}

    def slice(self, start: int, end: int) -> str:
        """Return the text between two offsets, with line feeds as line endings."""
        return self.raw[start:end].decode(errors="replace").replace("\r\n", "\n")


BlockKind = Literal["paragraph", "list", "table", "code", "html", "quote", "rule"]


class Heading(Struct, frozen=True, array_like=True, gc=False):
    """A heading; ``text`` is what a reader sees, ``slug`` its anchor on GitHub."""

    level: int
    text: str
    slug: str
    start: int
    end: int
    line: int
    nested: bool = False


class Link(Struct, frozen=True, array_like=True, gc=False):
    """A link or an image; ``target`` as written, before percent-decoding."""

    text: str
    target: str
    image: bool
    start: int
    end: int
    line: int
    label: str = ""


class Definition(Struct, frozen=True, gc=False):
    """A reference definition, ``[label]: target``; ``target`` is what it means, before percent-decoding."""

    label: str
    target: str
    start: int
    end: int


class Item(Struct, frozen=True, gc=False):
    """A list item without its nested lists; ``level`` counts from 0."""

    text: str
    raw: str
    start: int
    end: int
    line: int
    level: int = 0
    number: int | None = None
    checked: bool | None = None
    marker: int = 0
    """Byte offset of the letter between the brackets of a task, or 0."""


_ITEM_MARK = lazy(r"^(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")


def bare_item(text: str) -> str:
    """Return an item, as it is written, without its sign and its box."""
    return _ITEM_MARK.sub("", text)


class Cell(Struct, frozen=True, gc=False):
    """A table cell."""

    text: str
    start: int
    end: int
    link: Link | None = None


class TableRow(Struct, frozen=True, gc=False):
    """A table row."""

    cells: tuple[Cell, ...]
    start: int
    end: int
    line: int


class Block(Struct, frozen=True, gc=False):
    """A block at the top level of a section."""

    kind: BlockKind
    start: int
    end: int
    line: int
    text: str = ""
    items: tuple[Item, ...] = ()
    header: TableRow | None = None
    rows: tuple[TableRow, ...] = ()
    language: str = ""


class TextRun(Struct, frozen=True, gc=False):
    """A run of plain text outside of code and links, where bare names may be found."""

    text: str
    start: int
    end: int
    heading: bool = False


class Comment(Struct, frozen=True, gc=False):
    """An HTML comment; ``text`` is what is between its delimiters."""

    text: str
    start: int
    end: int
    line: int


class Section(Struct, frozen=True, gc=False):
    """A heading and the blocks up to the next heading of any level."""

    index: int
    heading: Heading | None
    blocks: tuple[Block, ...]
    start: int
    body: int
    end: int
    parent: int | None = None

    @property
    def level(self) -> int:
        """The heading level; the part before the first heading has level 0."""
        return self.heading.level if self.heading else 0

    @property
    def title(self) -> str:
        """The heading's text."""
        return self.heading.text if self.heading else ""

    @property
    def line(self) -> int:
        """The line of the heading."""
        return self.heading.line if self.heading else 1

    @property
    def items(self) -> Iterator[Item]:
        """The items of its lists, of all levels, in order."""
        return chain.from_iterable(block.items for block in self.blocks)


class Outline(Struct, frozen=True, array_like=True):
    """Where the parts of a document are, without what they say: enough to cut its bytes.

    Attributes:
        title: The title of the document.
        start: The offset behind its front matter.
        headings: All headings, in order.
        blocks: Start and end of each block at the top level of a section, one after the other.
        comments: Start and end of each HTML comment, likewise.
    """

    title: str
    start: int
    headings: tuple[Heading, ...]
    blocks: tuple[int, ...]
    comments: tuple[int, ...]


class ParseProblem(Struct, frozen=True, gc=False):
    """Something that the parser noticed: an unclosed block, or front matter that cannot be relied on."""

    kind: Literal["unclosed-block", "bad-front-matter", "duplicate-key"]
    message: str
    start: int


class MetadataField(Struct, frozen=True, gc=False):
    """One metadata value and the span of its text."""

    key: str
    value: object
    start: int
    end: int
    line: int


class Document(Struct, frozen=True, dict=True):
    """A parsed document. ``source.raw`` is the truth; everything else points into it."""

    source: Source
    sections: tuple[Section, ...]
    headings: tuple[Heading, ...]
    links: tuple[Link, ...]
    runs: tuple[TextRun, ...]
    comments: tuple[Comment, ...]
    anchors: frozenset[str]
    fields: Mapping[str, MetadataField] = field(default_factory=dict)
    front_matter: tuple[int, int] | None = None
    front_kind: Literal["yaml", "toml"] | None = None
    problems: tuple[ParseProblem, ...] = ()

    @cached_property
    def _kept(self) -> dict[str, tuple[tuple[object, ...], Any]]:
        return {}

    def once(self, name: str, make: Callable[[], _T], *grounds: object) -> _T:
        """Return what is worked out of the document, which is kept with it.

        Args:
            name: What it is called here.
            make: Works it out.
            grounds: On what else it depends: where one is another object, it is worked out again.
        """
        known = self._kept.get(name)
        if known is None or not all(map(is_, known[0], grounds)):
            known = self._kept[name] = grounds, make()
        value: _T = known[1]
        return value

    @property
    def outline(self) -> Outline:
        """Where its parts are."""
        blocks, comments = (
            tuple(chain.from_iterable((each.start, each.end) for each in parts))
            for parts in (self.blocks, self.comments)
        )
        return Outline(self.title, self.sections[0].start, self.headings, blocks, comments)

    @property
    def blocks(self) -> Iterator[Block]:
        """The blocks of all sections, in order."""
        return chain.from_iterable(section.blocks for section in self.sections)

    @cached_property
    def title(self) -> str:
        """The text of the first heading of level 1, else the ``title`` of the front matter, or an empty string."""
        heading = next((h.text for h in self.headings if h.level == 1 and not h.nested), "")
        return heading or self.front_title

    @property
    def front_title(self) -> str:
        """The ``title`` of the front matter, or an empty string."""
        named = self.fields.get("title") if self.front_matter else None
        return " ".join(str(named.value).split()) if named and isinstance(named.value, str | int) else ""

    @property
    def metadata(self) -> dict[str, object]:
        """Metadata by lower-case key with underscores, from front matter or bold fields."""
        return {key: each.value for key, each in self.fields.items()}

    def is_text(self, place: int) -> bool:
        """Say whether a byte offset is in running text, and not in code or HTML."""
        number = bisect_right(self.runs, place, key=attrgetter("start")) - 1
        return number >= 0 and place < self.runs[number].end

    def section_at(self, offset: int) -> Section:
        """Return the innermost section that an offset is in; front matter counts to the first."""
        return self.sections[max(0, bisect_right(self.sections, offset, key=attrgetter("start")) - 1)]

    def children(self, section: Section) -> Iterator[Section]:
        """Yield the direct subsections."""
        return (s for s in self.family(section) if s.parent == section.index and s is not section)

    def family(self, section: Section) -> Iterator[Section]:
        """Yield the section and everything below it, in order."""
        return iter(self.sections[section.index : self._behind[section.index]])

    @cached_property
    def _behind(self) -> list[int]:
        """For each section, the index of the first one behind it that is not below it."""
        behind = [len(self.sections)] * len(self.sections)
        above: list[Section] = []
        for section in self.sections:
            level = section.level
            while above and above[-1].level >= level:
                behind[above.pop().index] = section.index
            above.append(section)
        return behind

    def end(self, section: Section) -> int:
        """Return the offset behind the last byte of the section and its subsections."""
        return self.sections[self._behind[section.index] - 1].end

    def path(self, section: Section) -> tuple[str, ...]:
        """Return the titles from the outermost heading down to this one."""
        titles: list[str] = []
        current: Section | None = section
        while current is not None:
            if current.heading:
                titles.append(current.heading.text)
            current = None if current.parent is None else self.sections[current.parent]
        return tuple(reversed(titles))


# Attributes in braces behind a heading stay when its words change.
_ATTRIBUTES = rb"(?:[ \t]+\{:?[ \t]*(?:[^{}\r\n]{0,200}[ \t])?[#.][\w:.-][^{}\r\n]{0,200}\})?"
_ATX = lazy(rb"[ \t]*#{1,6}[ \t]+(.*?)" + _ATTRIBUTES + rb"(?:[ \t]+#+)?[ \t]*(?:\r?\n)?", re.DOTALL)
_SETEXT = lazy(rb"[ \t]*(.*?)" + _ATTRIBUTES + rb"[ \t]*\r?\n[ \t]*(?:=+|-+)[ \t]*(?:\r?\n)?", re.DOTALL)


def heading_span(document: Document, heading: Heading) -> tuple[int, int]:
    """Return the span of what is written in a heading, without its marks and the spaces around."""
    raw = document.source.raw[heading.start : heading.end]
    match = (_ATX if raw.lstrip().startswith(b"#") else _SETEXT).fullmatch(raw)
    if match is None:
        return heading.start, heading.start
    return heading.start + match.start(1), heading.start + match.end(1)


def top_sections(document: Document) -> list[Section]:
    """Return the sections directly below the title, or at the top where there is no title."""
    title = title_section(document)
    above = {None, 0} | ({title.index} if title else set())
    return [s for s in document.sections if s.heading and s is not title and s.parent in above]


def title_section(document: Document) -> Section | None:
    """Return the section of the title."""
    return next((s for s in document.sections if s.level == 1), None)


class Replacement(Struct, frozen=True):
    """Replace the bytes from ``start`` to ``end`` by ``text``, in UTF-8.

    ``shown`` is what a reader sees of it, where it is words within a line and nothing else; None where it may be more.
    """

    start: int
    end: int
    text: str
    shown: str | None = None


def line_start(raw: bytes, offset: int) -> int:
    """Return the offset of the first byte of the line."""
    return raw.rfind(b"\n", 0, offset) + 1


def line_end(raw: bytes, offset: int) -> int:
    """Return the offset behind the last byte of the line, without its line ending."""
    end = raw.find(b"\n", offset)
    end = len(raw) if end == -1 else end
    return end - 1 if raw[end - 1 : end] == b"\r" and end > offset else end


def whole_line(raw: bytes, end: int) -> int:
    """Return the offset behind the ending of the line in which a span ends, where it does not end with that."""
    if raw[end - 1 : end] == b"\n":
        return end
    ending = raw.find(b"\n", end)
    return len(raw) if ending == -1 else ending + 1


def replace_spans(raw: bytes, replacements: Iterable[Replacement]) -> bytes:
    """Return the bytes with all replacements made; they may not overlap."""
    out: list[bytes] = []
    position = 0
    for each in sorted(replacements, key=lambda r: (r.start, r.end)):
        assert each.start >= position, "replacements overlap"
        out.append(raw[position : each.start])
        out.append(each.text.encode())
        position = each.end
    out.append(raw[position:])
    return b"".join(out)


Flavour = Literal["github", "gitlab", "mkdocs"]
_ASCII_DROPPED = lazy(r"[^\w\- ]", re.ASCII)
_GITLAB_TIER = lazy(
    r"\s*\**\((?:core|starter|premium|ultimate|free|beta|experiment)"
    r"(?:\s+(?:only|all|self|saas))?(?:\s+(?:beta|experiment))?\)\**"
)
_MKDOCS_DROPPED = lazy(r"[^\w\s-]")
_MKDOCS_SPACE = lazy(r"[-\s]+")
_MKDOCS_COUNT = lazy(r"(.*)_(\d+)")
# GitLab makes an anchor of this much of a heading only.
_GITLAB_LONGEST = 255


def slugify(text: str) -> str:
    """Return the anchor of a heading's text on GitHub: lower case, punctuation dropped, spaces to hyphens."""
    lower = text.lower()
    if lower.isascii():
        return _ASCII_DROPPED.sub("", lower).replace(" ", "-")
    return "".join(c for c in lower if c in " -" or _in_word(c)).replace(" ", "-")


def _in_word(character: str) -> bool:
    """Say whether a character belongs to words: letters, marks, digits, connectors; ² and emoji do not."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc")


def slugify_gitlab(text: str) -> str:
    """Return the anchor on GitLab: as on GitHub, but hyphens never repeat, and numbers get a word in front."""
    bare = _GITLAB_TIER.sub("", text[:_GITLAB_LONGEST].strip().lower())
    slug = re.sub("-{2,}", "-", slugify(bare))
    return f"anchor-{slug}" if slug.isdigit() else slug


def slugify_mkdocs(text: str) -> str:
    """Return the anchor in MkDocs (Python-Markdown): ASCII only, and runs of spaces and hyphens become one hyphen."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _MKDOCS_SPACE.sub("-", _MKDOCS_DROPPED.sub("", plain).strip().lower())


class Slugger:
    """Counts repeated anchors within one document: ``setup``, ``setup-1``, ``setup-2``."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def slug(self, text: str) -> str:
        """Return the anchor of the next heading with this text."""
        base = slugify(text)
        slug = base
        while slug in self._seen:
            self._seen[base] += 1
            slug = f"{base}-{self._seen[base]}"
        self._seen[slug] = 0
        return slug


def slugs(texts: Iterable[str], flavour: Flavour, taken: Iterable[str] = ()) -> list[str]:
    """Return the anchors of the headings of a document in order. ``taken`` are ids that raw HTML gives."""
    if flavour == "gitlab":
        return _gitlab(texts)
    if flavour == "mkdocs":
        return _mkdocs(texts, set(taken))
    slugger = Slugger()
    return [slugger.slug(text) for text in texts]


def _gitlab(texts: Iterable[str]) -> list[str]:
    """Count by text alone: a heading that is called ``setup-1`` does not matter."""
    seen: dict[str, int] = {}
    made = []
    for text in texts:
        base = slugify_gitlab(text)
        count = seen.get(base, 0)
        seen[base] = count + 1
        made.append(f"{base}-{count}" if count else base)
    return made


def _mkdocs(texts: Iterable[str], taken: set[str]) -> list[str]:
    """Count with an underscore from what is taken; an empty anchor becomes ``_1``."""
    made = []
    last: dict[str, int] = {}
    for text in texts:
        slug = slugify_mkdocs(text)
        if not slug or slug in taken:
            match = _MKDOCS_COUNT.fullmatch(slug)
            base, count = (match[1], int(match[2]) + 1) if match else (slug, 1)
            count = max(count, last.get(slug, 0) + 1)
            while f"{base}_{count}" in taken:
                count += 1
            last[slug] = count
            slug = f"{base}_{count}"
        taken.add(slug)
        made.append(slug)
    return made


# An underscore within a word is no emphasis; an ampersand alone is no entity.
_SIGNS = lazy(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|!(?=\[)|&(?=#?\w+;)", re.ASCII)
_UNSAFE = lazy(r"""[\x00-\x20\x7f()<>"'\\%?#|`\[\]]|&(?=#?\w+;)""")
_UNSAFE_IN_ANGLE = lazy(r"[\x00-\x1f<>\\%?#|]|&(?=#?\w+;)")
_SCHEME_LIKE = lazy(r"[^/]*:")


def label_key(label: str) -> str:
    """Return what tells the labels of reference definitions apart: neither case nor blanks."""
    return " ".join(label.split()).casefold()


def escape(text: str) -> str:
    """Return a text in one line as Markdown that shows it letter by letter, also in a heading, a link or a cell."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.split()))


def encode_path(path: str, *, angle: bool = False) -> str:
    """Return a path as it is written in the target of a link.

    Args:
        path: The path as the disk has it.
        angle: Whether the target is written between ``<`` and ``>``, where spaces and brackets stay.
    """
    unsafe = _UNSAFE_IN_ANGLE if angle else _UNSAFE
    text = unsafe.sub(lambda match: quote(match[0], safe=""), path)
    # "c:notes.md" would be read as an address of its own kind.
    return f"./{text}" if _SCHEME_LIKE.match(text) else text


def write_link(text: str, target: str) -> str:
    """Return a link that shows a text. ``target`` is written already, as `reference.relative` gives it."""
    return f"[{escape(text)}]({target})"
