"""The targets of a document: everything that an operation can name, with a stable id and a hash.

Sections are numbered as a reader would number them below the title: ``S5.3`` is the third subsection of the fifth
section. ``S5.3.actions`` is the list under the label "Actions" there, ``S5.3.actions[2]`` its second item,
``S5.3.actions[2.1]`` the first item nested in it; ``S1.text[1]`` is a paragraph, ``S4.2.calls[1]`` a table row,
``S5.3.title`` the words of a heading, ``M.phase`` a metadata value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from procauthor.authoring.brief import Brief
from procauthor.convention.word import words
from procauthor.library.contract import is_none, step_title
from procauthor.library.status import match_sections
from procauthor.markdown.document import Block, Document, Item, Section, TableRow, line_start
from procauthor.markdown.parse import parse
from procauthor.regex import any_of, lazy
from procauthor.template.spec import SectionSpec, Template, identifier, meaning_of, section_key

# Indentation, bullet or number, spaces, and the box of a task.
MARKER = lazy(
    rb"(?P<indent>[ \t]*)(?P<bullet>[-*+]|(?P<number>\d{1,9})[.)])(?P<gap>[ \t]+|(?=\r?\n|$))(?P<box>\[[ xX]\][ \t]+)?"
)


def trim(raw: bytes, start: int, end: int) -> int:
    """Return the offset behind the last byte that is no space."""
    return start + len(raw[start:end].rstrip())


def sequence(numbers: list[int]) -> bool:
    """Say whether numbers count up one by one, or there is only one."""
    return all(b == a + 1 for a, b in pairwise(numbers))


FRAME = ("S0", "T")
"""The sections without a number: what comes before the first heading, and the text below the title."""

TargetKind = Literal["section", "step", "title", "place", "item", "row", "paragraph", "field"]
PlaceKind = Literal["list", "table", "prose", "empty"]

# A label in bold, with its colon inside or outside.
LABEL = lazy(rb"[ \t]*\*\*([^*\r\n]+?)(?::\*\*|\*\*[ \t]*:)[ \t]*")
# Links to the web stay; those within the library are made again from the names.
_OWN_LINK = lazy(r"(?<!!)\[([^\]\[]+)\]\((?![a-z][a-z0-9+.-]*:)[^()\s]*\)", re.IGNORECASE)
_HASH = 8


class EditTarget(Struct, frozen=True):
    """One addressable thing. The span is what it is made of; ``place`` the container that holds it."""

    id: str
    kind: TargetKind
    start: int
    end: int
    text: str
    hash: str
    section: str
    place: str = ""
    shape: str = ""


class EditContainer(Struct, frozen=True):
    """A container of items, rows or paragraphs.

    ``spec`` is what the template says of its values, None where the template does not know it. ``anchor`` is the
    offset behind which a first value goes where the place is empty.
    """

    id: str
    kind: PlaceKind
    section: str
    start: int
    end: int
    anchor: int
    shape: str
    spec: SectionSpec | None = None
    block: Block | None = None
    paragraphs: tuple[tuple[int, int], ...] = ()
    inline: bool = False


class EditOutline(Struct, frozen=True):
    """All targets of a document in reading order."""

    document: Document
    template: Template | None
    targets: Mapping[str, EditTarget]
    places: Mapping[str, EditContainer]
    sections: Mapping[str, Section]
    specs: Mapping[str, SectionSpec] = field(default_factory=dict)
    """What the template says of a section, by its id; a step has the spec of its workflow."""

    def members(self, place: str) -> tuple[EditTarget, ...]:
        """Return the items, rows or paragraphs of a place in order, nested items included."""
        return tuple(t for t in self.targets.values() if t.place == place and t.kind in ("item", "row", "paragraph"))

    def words(self, target: EditTarget) -> str:
        """Return a target as its author would write it: with marks of code, without bullet, links as their names."""
        if target.kind not in ("item", "paragraph"):
            return target.text
        raw = self.document.source.raw[target.start : target.end]
        marker = MARKER.match(raw) if target.kind == "item" else None
        text = raw[marker.end() if marker else 0 :].decode(errors="replace")
        return " ".join(_OWN_LINK.sub(r"\1", text).split())

    def of_section(self, section: str) -> tuple[EditTarget, ...]:
        """Return the targets of one section, without its subsections."""
        return tuple(t for t in self.targets.values() if t.section == section)

    def title(self, section: str) -> str:
        """Return the heading of a section by its id."""
        if section == "M":
            return "Metadata"
        known = self.sections.get(section)
        if known is not None and known.heading is None:
            return "Text before the first heading"
        return known.title if known else section


def read_outline(document: Document, template: Template | None) -> EditOutline:
    """Return the outline of a document."""
    return _OutlineReader(document, template).outline()


def outline_of(brief: Brief, template: Template) -> EditOutline:
    """Return the outline of the document that a brief is about; ``template`` is its own, where it has one."""
    return read_outline(parse(brief.text.encode()), template if brief.template else None)


@lru_cache(maxsize=32)
def step_words(template: Template | None) -> bytes:
    """Return what a step is called, for a pattern that does not look at case, which of bytes knows ASCII only."""
    words = meaning_of(template).steps
    spelled = dict.fromkeys(chain(words, map(str.capitalize, words), map(str.upper, words)))
    return b"|".join(re.escape(word.encode()) for word in spelled)


def hash_of(raw: bytes) -> str:
    """Return the short hash that proves a target."""
    return hashlib.sha256(raw).hexdigest()[:_HASH]


class _OutlineReader:
    """Walks a document once."""

    def __init__(self, document: Document, template: Template | None) -> None:
        self.document = document
        self.template = template
        self.raw = document.source.raw
        self.steps = meaning_of(template).steps
        self.targets: dict[str, EditTarget] = {}
        self.places: dict[str, EditContainer] = {}
        self.ids = dict(_number(document))
        match = match_sections(document, template).sections if template else {}
        self._spec_of = {match[s.key].index: s for s in template.sections if s.key in match} if template else {}
        self.specs: dict[str, SectionSpec] = {}

    def outline(self) -> EditOutline:
        self.fields()
        for index, name in self.ids.items():
            self.section(self.document.sections[index], name)
        sections = {name: self.document.sections[index] for index, name in self.ids.items()}
        return EditOutline(self.document, self.template, self.targets, self.places, sections, self.specs)

    def add(self, target: EditTarget) -> None:
        self.targets[target.id] = replace(target, hash=hash_of(self.raw[target.start : target.end]))

    def is_step(self, section: Section) -> bool:
        """Say whether the heading of a section is that of a numbered step."""
        title = step_title(section.title, self.steps)
        return title is not None and title[0] is not None

    def fields(self) -> None:
        for key, each in self.document.fields.items():
            text = self.raw[each.start : each.end].decode(errors="replace").strip()
            if each.end > each.start and not isinstance(each.value, list | dict):
                self.add(EditTarget(f"M.{key}", "field", each.start, each.end, text, "", "M", shape="metadata"))

    def section(self, section: Section, name: str) -> None:
        spec = self._spec_of.get(section.index)
        parent = self.document.sections[section.parent] if section.parent is not None else None
        above = self._spec_of.get(parent.index) if parent else None
        step = above if above and above.kind == "steps" and self.is_step(section) else None
        end = self.document.end(section)
        kind: TargetKind = "step" if step else "section"
        if spec or step:
            self.specs[name] = spec or step  # type: ignore[assignment]
        shape = (step or spec).name if step or (spec and spec.kind == "steps") else ""  # type: ignore[union-attr]
        self.add(EditTarget(name, kind, section.start, end, section.title, "", name, shape=shape))
        if step and section.heading:
            self.add(
                EditTarget(
                    f"{name}.title", "title", section.start, section.body, section.title, "", name, name, "title"
                )
            )
        _Body(self, section, name, spec, step).read()


def _number(document: Document) -> Iterator[tuple[int, str]]:
    """Yield (index, id) of every section but the head before the first heading and the document's title."""
    yield 0, "S0"
    roots = [s for s in document.sections[1:] if s.parent in (None, 0)]
    if len(roots) == 1 and roots[0].level == 1:
        yield roots[0].index, "T"
        roots = [s for s in document.sections if s.parent == roots[0].index]
    yield from _below(document, roots, "S")


def _below(document: Document, sections: Sequence[Section], prefix: str) -> Iterator[tuple[int, str]]:
    for number, section in enumerate(sections, start=1):
        name = f"{prefix}{number}"
        yield section.index, name
        yield from _below(document, list(document.children(section)), f"{name}.")


class _Body:
    """Reads the places of one section."""

    def __init__(
        self, reader: _OutlineReader, section: Section, name: str, spec: SectionSpec | None, step: SectionSpec | None
    ) -> None:
        self.reader, self.section, self.name = reader, section, name
        self.spec, self.step = spec, step
        self.raw = reader.raw
        self.label = ""
        self.anchor = section.body
        self.fresh = False

    def read(self) -> None:
        texts: list[tuple[int, int]] = []
        for block in self.section.blocks:
            labelled = LABEL.match(self.raw[block.start : block.end]) if block.kind == "paragraph" else None
            if labelled:
                self.close()
                self.open_label(block, labelled)
            elif block.kind in ("list", "table"):
                self.container(block)
            elif block.kind == "paragraph":
                self.paragraph(block, texts)
            if block.kind != "html":
                self.anchor = trim(self.raw, block.start, block.end)
        self.close()
        self.text_place(texts)
        self.bare_section()

    def open_label(self, block: Block, match: re.Match[bytes]) -> None:
        key = section_key(match[1].decode(errors="replace"))
        self.label, self.fresh = identifier(key, "part"), True
        start, end = block.start + match.end(), trim(self.raw, block.start, block.end)
        if end > start:
            place = self.place("prose", start, end, paragraphs=((start, end),), inline=True)
            self.text(place, 1, start, end)
            self.label, self.fresh = "", False
        self.anchor = end

    def close(self) -> None:
        """End a label; one that nothing follows is an empty place."""
        if self.label and self.fresh:
            self.place("empty", self.anchor, self.anchor)
        self.label, self.fresh = "", False

    def place(self, kind: PlaceKind, start: int, end: int, **more: object) -> EditContainer:
        default = {"list": "items", "table": "rows", "prose": "text", "empty": "items"}[kind]
        base = f"{self.name}.{self.label or default}"
        name, number = base, 1
        while name in self.reader.places:
            number += 1
            name = f"{base}~{number}"
        spec = self.value_spec(kind)
        shape = self.shape(spec, kind)
        place = EditContainer(name, kind, self.name, start, end, self.anchor, shape, spec, **more)  # type: ignore[arg-type]
        self.reader.places[name] = place
        self.reader.add(EditTarget(name, "place", start, end, "", "", self.name, name, shape))
        self.fresh = False
        return place

    def value_spec(self, kind: PlaceKind) -> SectionSpec | None:
        """Return what the template says of the values here, if it fits what is here."""
        owner = self.step or self.spec
        spec = owner
        if self.step:
            spec = next((p for p in self.step.parts if self.label in {identifier(key, "part") for key in p.keys}), None)
        elif self.label:
            spec = None
        fits = {
            "list": ("list", "numbered", "checklist"),
            "table": ("table",),
            "prose": ("prose",),
            "empty": ("list", "numbered", "checklist"),
        }[kind]
        return spec if spec and spec.kind in fits else None

    def shape(self, spec: SectionSpec | None, kind: PlaceKind) -> str:
        if spec is None or (spec.kind == "prose" and (spec.pattern is None or spec.pattern.single)):
            return {"list": "item", "table": "row", "prose": "text", "empty": "item"}[kind]
        return f"{self.step.name}_{spec.name}" if self.step else spec.name

    def container(self, block: Block) -> None:
        end = trim(self.raw, block.start, block.end)
        start = line_start(self.raw, block.start)
        if block.kind == "list":
            place = self.place("list", start, end, block=block)
            for number, item in _numbered(block.items):
                self.member(place, number, "item", item)
        else:
            place = self.place("table", start, end, block=block)
            for position, row in enumerate(block.rows, start=1):
                self.member(place, str(position), "row", row)

    def member(self, place: EditContainer, number: str, kind: TargetKind, part: Item | TableRow) -> None:
        end = trim(self.raw, part.start, part.end)
        text = part.text if isinstance(part, Item) else " | ".join(cell.text for cell in part.cells)
        name = f"{place.id}[{number}]"
        self.reader.add(EditTarget(name, kind, part.start, end, text, "", self.name, place.id, place.shape))

    def paragraph(self, block: Block, texts: list[tuple[int, int]]) -> None:
        start, end = block.start, trim(self.raw, block.start, block.end)
        none = is_none(block.text)
        if none and (self.label or (self.spec and self.spec.kind != "prose")):
            self.place("empty", start, end)
        elif self.label and self.fresh:
            place = self.place("prose", start, end, paragraphs=((start, end),))
            self.text(place, 1, start, end)
        else:
            texts.append((start, end))

    def text_place(self, texts: list[tuple[int, int]]) -> None:
        if not texts:
            return
        place = self.place("prose", texts[0][0], texts[-1][1], paragraphs=tuple(texts))
        for number, (start, end) in enumerate(texts, start=1):
            self.text(place, number, start, end)

    def text(self, place: EditContainer, number: int, start: int, end: int) -> None:
        name, text = f"{place.id}[{number}]", self.reader.document.source.slice(start, end)
        self.reader.add(EditTarget(name, "paragraph", start, end, text, "", self.name, place.id, place.shape))

    def bare_section(self) -> None:
        """Give an empty section of the template a place for what it should hold."""
        spec = self.spec
        if spec is None or spec.kind in ("steps", "group", "table"):
            return
        if any(p.section == self.name for p in self.reader.places.values()):
            return
        self.label = ""
        kind: PlaceKind = "prose" if spec.kind == "prose" else "empty"
        self.place(kind, self.anchor, self.anchor)


def _numbered(items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    counts: list[int] = []
    for item in items:
        del counts[item.level + 1 :]
        while len(counts) <= item.level:
            counts.append(0)
        counts[item.level] += 1
        yield ".".join(map(str, counts)), item


# Metadata counts as a section of this name.
METADATA = "M"
_SMALL, _SHARE = 3, 0.34
_DEFAULT_STEP = 6


class ScopeEntry(Struct, frozen=True):
    """One section that an update needs to touch, and why."""

    section: str
    change: str


def sections_of(outline: EditOutline) -> tuple[str, ...]:
    """Return the ids of everything that can be a scope: metadata, sections and steps, in order."""
    # The title belongs to the document; what is below it is text like any other.
    held = {place.section for place in outline.places.values()}
    parts = (t.id for t in outline.targets.values() if t.kind in ("section", "step"))
    names = [name for name in parts if name not in FRAME or name in held]
    has_fields = any(t.kind == "field" for t in outline.targets.values())
    return ((METADATA,) if has_fields else ()) + tuple(names)


def allowance(outline: EditOutline, wish: str) -> int:
    """Return how many sections a wish may need.

    A third of the document, but not less than three; a section that the wish names comes on top; a wish that says
    "all" or "every", in one of several languages, may need all of them.
    """
    names = sections_of(outline)
    if _everywhere().search(wish):
        return len(names)
    wished = f" {section_key(wish)} "
    named = sum(f" {section_key(outline.title(name))} " in wished for name in names)
    return min(len(names), max(_SMALL, round(len(names) * _SHARE)) + named)


@lru_cache(maxsize=1)
def _everywhere() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{any_of(words()['wishes']['everywhere'])})\b", re.IGNORECASE)


def targets_in(outline: EditOutline, scope: Sequence[str]) -> tuple[EditTarget, ...]:
    """Return what operations may name within a scope.

    A section allows what is in it, not what is in its subsections. A workflow allows to insert and to delete
    steps; what a step says needs the step itself.
    """
    return tuple(target for target in outline.targets.values() if _allows(outline, scope, target))


def _allows(outline: EditOutline, scope: Sequence[str], target: EditTarget) -> bool:
    if target.id == "M.id":
        return False
    if target.kind == "step":
        return target.id.rpartition(".")[0] in scope
    if target.kind == "section" and target.id in FRAME:
        return False
    if target.kind == "section":
        spec = outline.specs.get(target.id)
        return target.id in scope and (spec is None or spec.kind == "steps" or spec.constraint.optional)
    return target.section in scope


def step_of(outline: EditOutline, section: str) -> int:
    """Return the authoring step (1 to 6, never 4) that works on a section."""
    if section == METADATA:
        return 1
    name = section
    while name:
        spec = outline.specs.get(name)
        if spec is not None:
            step = spec.constraint.step or _DEFAULT_STEP
            return step if step in (1, 2, 3, 5, 6) else _DEFAULT_STEP
        name = name.rpartition(".")[0]
    return _DEFAULT_STEP
