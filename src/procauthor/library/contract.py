"""Reads the contract of a procedure, tolerant of how its parts are marked, and what it is for and whom it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice, takewhile
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from procauthor.convention.word import words
from procauthor.library.status import match_sections
from procauthor.library.thin import is_placeholder
from procauthor.markdown.document import Block, Cell, Document, Item, Section, TableRow, bare_item
from procauthor.markdown.passage import read_prose
from procauthor.procedure import Artifact, Consumer, Contract, Part, Step
from procauthor.regex import any_of, lazy
from procauthor.template.render import read_pattern
from procauthor.template.spec import Column, Meaning, Pattern, SectionSpec, Template, meaning_of, section_key

_NUMBERED = lazy(r"^(\d{1,6})[.):]\s+(.+)$")
_LABEL = lazy(r"^[ \t]*\*\*([^*\n]+?):?\*\*[ \t]*:?[ \t]*(.*)$", re.DOTALL)
# No step has a number of more digits.
_DIGITS = 9
# A paragraph is set in by three spaces at most, and then its label begins.
_NEAR = 8
_BOLD_NAME = lazy(r"^(?:[-*+]|\d+[.)])?\s*(?:\[[ xX]\]\s*)?(?:\*\*|__)(.+?)(?:\*\*|__)")
_TARGET = lazy(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
# A part, with the items and the blocks that it was read from.
_ReadPart = tuple[Part, tuple[Item, ...], tuple[Block, ...]]


def is_none(text: str) -> bool:
    """Say whether a text says that there is nothing: "None.", or a dash."""
    return text.strip().casefold().removesuffix(".") in _nothing()


@lru_cache(maxsize=1)
def _nothing() -> frozenset[str]:
    return frozenset(words()["contract"]["none"])


def read_contract(document: Document, template: Template | None) -> Contract:
    """Read inputs, outputs, consumers and steps: from the sections that have these roles in the template."""
    reader = _ContractReader(document, template)
    consumers = reader.sections("consumers")
    return Contract(
        inputs=tuple(reader.artifacts("inputs")),
        outputs=tuple(reader.artifacts("outputs")),
        consumers=tuple(chain.from_iterable(_consumers(document, section) for section in consumers)),
        steps=tuple(chain.from_iterable(map(reader.steps, reader.sections("workflow")))),
        downstream=tuple(item.text for item in chain.from_iterable(section.items for section in consumers)),
        exits=tuple(reader.artifacts("exits")),
        signals=tuple(reader.artifacts("signals")),
    )


def sections_of(document: Document, template: Template | None, role: str) -> list[Section]:
    """Return the sections of a document that have a role, in the order of its template.

    Where no section of the template has the role, the first heading counts that is commonly used for it.
    """
    meaning = meaning_of(template)
    if template and role in meaning.specs:
        match = match_sections(document, template).sections
        return [match[spec.key] for spec in meaning.specs[role] if spec.key in match]
    # One reading serves all roles.
    outermost = document.once("outermost", lambda: _outermost(document))
    return [outermost[key] for key in meaning.sections.get(role, ()) if key in outermost][:1]


def part_of(step: Step, template: Template | None, role: str) -> Part | None:
    """Return the part of a step that has a role."""
    keys = meaning_of(template).parts.get(role, ())
    return next((step.parts[key] for key in keys if key in step.parts), None)


def _outermost(document: Document) -> dict[str, Section]:
    """Return the outermost section of each key, the first of several."""
    outermost: dict[str, Section] = {}
    for section in document.sections:
        if section.heading:
            key = section_key(section.title)
            before = outermost.setdefault(key, section)
            if section.level < before.level:
                outermost[key] = section
    return outermost


@lru_cache(maxsize=64)
def origin_pattern(origins: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a source at the end of an item: ``(From: Step 2)``."""
    return re.compile(rf"\(?\s*\b(?:{any_of(origins)}):\s*(.+?)\)?\s*$", re.IGNORECASE)


@lru_cache(maxsize=64)
def step_pattern(steps: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of the title of a step: ``Step 3: Compare``."""
    return re.compile(rf"^({any_of(steps)})\s*(\d{{1,6}})?\s*[:.)\-–—]?\s*(.*)$", re.IGNORECASE)


@lru_cache(maxsize=64)
def mention_pattern(steps: tuple[str, ...], before: str = "") -> re.Pattern[str]:
    """Return the pattern of a mention of steps: ``Step 3``, ``steps 2 to 4 and 6``.

    Its groups are the ``word``, the ``plural`` ending, the ``first`` number and what comes with ``more`` numbers, which
    belong to it for certain behind a plural: "repeat step 3 and 5 minutes later" names one step.

    Args:
        steps: What a step is called.
        before: A pattern of what may be in front.
    """
    more = rf"(?:(?:\s*[,&/–—-]|\s*\b(?:{any_of(words()['flow']['joins'])})\b)+\s*\d+\b)*"
    mention = rf"\b(?P<word>{any_of(steps)})(?P<plural>[^\W\d_]{{1,2}})?\s+(?P<first>\d+)\b(?![.)]?\d)(?P<more>{more})"
    return re.compile(before + mention, re.IGNORECASE)


def numbers_in(mention: re.Match[str], *, certain: bool = True) -> list[int]:
    """Return the numbers of the steps that a text mentions, only those that are steps for certain, or all."""
    text = mention["first"] + (mention["more"] if mention["plural"] or not certain else "")
    return [int(number[:_DIGITS]) for number in re.findall(r"\d+", text)]


@lru_cache(maxsize=2)
def foreign_pattern(*, certain: bool = False) -> re.Pattern[str]:
    """Return the pattern of what says behind a step that it is, perhaps or for certain, of something else."""
    flow = words()["flow"]
    others = any_of((*flow["owners"], *(() if certain else flow["places"])))
    return re.compile(rf"\s+(?:{others})\s+(?!(?:{any_of(flow['own'])})\b)", re.IGNORECASE)


def _items(blocks: Sequence[Block]) -> Iterator[Item]:
    for block in blocks:
        if block.kind == "list":
            yield from (item for item in block.items if item.level == 0)


class _ContractReader:
    """Reads a document as its template means it."""

    def __init__(self, document: Document, template: Template | None) -> None:
        self.document = document
        self.template = template
        self.meaning: Meaning = meaning_of(template)

    def sections(self, role: str) -> list[Section]:
        return sections_of(self.document, self.template, role)

    def artifacts(self, role: str) -> Iterator[Artifact]:
        for section in self.sections(role):
            key = section_key(section.title)
            spec = next((spec for spec in self.meaning.specs.get(role, ()) if key in spec.keys), None)
            for item in _items(section.blocks):
                artifact = read_artifact(item, self.meaning.origins, spec.pattern if spec else None)
                if artifact:
                    yield replace(artifact, end=item.end, origin=self._origin(item) if artifact.source else -1)
            yield from _rows(section.blocks, spec)

    def _origin(self, item: Item) -> int:
        """Return the offset in the document of what introduces the source of an item, or -1."""
        raw = self.document.source.raw
        for word in self.meaning.origins:
            place = re.compile(rf"\b{re.escape(word)}\s*:".encode(), re.IGNORECASE).search(raw, item.start, item.end)
            if place:
                return place.start()
        return -1

    def steps(self, workflow: Section) -> Iterator[Step]:
        """Yield the steps of a workflow: headings of any level below it, or bold paragraphs."""
        for place in _places(self.document, workflow, self.meaning.steps):
            parts = {part[0].key: part for part in _parts(self.document, place)}
            yield Step(
                number=place.number,
                name=place.name,
                line=place.line,
                start=place.start,
                parts={key: part[0] for key, part in parts.items()},
                inputs=self._part_artifacts(parts, "inputs"),
                outputs=self._part_artifacts(parts, "outputs"),
            )

    def _part_artifacts(self, parts: Mapping[str, _ReadPart], role: str) -> tuple[Artifact, ...]:
        for key in self.meaning.parts[role]:
            if key in parts:
                spec, (_, items, blocks) = self.meaning.part_specs.get(key), parts[key]
                read = (read_artifact(item, self.meaning.origins, spec.pattern if spec else None) for item in items)
                return (*(artifact for artifact in read if artifact), *_rows(blocks, spec))
        return ()


def read_artifact(item: Item, origins: tuple[str, ...], pattern: Pattern | None = None) -> Artifact | None:
    """Read a list item as an artifact: its name, what is said of it, and where it comes from.

    Args:
        item: The item.
        origins: The words that introduce a source, such as "from".
        pattern: The example of such an item in the template.
    """
    text = " ".join(item.text.split())
    if not text or is_none(text):
        return None
    origin = _find_origin(text, origins)
    source = origin[1].strip().rstrip(")").strip() if origin else ""
    bare = text[: origin.start()].strip() if origin else text
    told = _told(item, pattern)
    return Artifact(
        name=_name(item, bare),
        text=bare,
        line=item.line,
        source=source,
        target=_origin_target(item, origins),
        start=item.start,
        condition=told.get("condition") or "",
        change=told.get("change") or "",
    )


def _rows(blocks: Sequence[Block], spec: SectionSpec | None) -> Iterator[Artifact]:
    """Yield the rows of tables as artifacts, where the template has a table there: the first column is the name."""
    for block in blocks if spec and spec.kind == "table" else ():
        for row in block.rows:
            artifact = _row_artifact(row, spec.columns if spec else ())
            if artifact:
                yield artifact


def _row_artifact(row: TableRow, columns: Sequence[Column]) -> Artifact | None:
    told: dict[str, Cell] = {}
    for column, cell in zip(columns, row.cells, strict=False):
        told |= {slot.name: cell for slot in column.pattern.slots[:1]}
    name = next((cell.text.strip() for cell in told.values()), "")
    if not name or is_none(name):
        return None
    slots = chain.from_iterable(column.pattern.slots for column in columns)
    references = [slot.name for slot in slots if slot.reference]
    source = next(
        (told[field] for field in (*references, "source") if field in told and told[field].text.strip()), None
    )
    words = {field: cell.text.strip() for field, cell in told.items() if cell is not source and cell.text.strip()}
    return Artifact(
        name=name,
        text=": ".join(words.values()),
        line=row.line,
        source=source.text.strip() if source else "",
        target=source.link.target if source and source.link else "",
        start=row.start,
        end=row.end,
        origin=source.start if source else -1,
        condition=words.get("condition", ""),
        change=words.get("change", ""),
    )


def _told(item: Item, pattern: Pattern | None) -> Mapping[str, str | None]:
    """Return the fields of an item whose template has a field for a condition or a change, where it has brackets."""
    if pattern is None or "(" not in item.raw or not any(s.name in ("condition", "change") for s in pattern.slots):
        return {}
    return read_pattern(pattern, " ".join(bare_item(item.raw.strip()).split())) or {}


def _find_origin(text: str, origins: tuple[str, ...]) -> re.Match[str] | None:
    # To search every line with the pattern would be slow.
    folded = text.casefold()
    if not any(f"{word}:" in folded for word in origins):
        return None
    return origin_pattern(origins).search(text)


def _origin_target(item: Item, origins: tuple[str, ...]) -> str:
    origin = _find_origin(" ".join(item.raw.split()), origins) if "](" in item.raw else None
    target = _TARGET.search(origin[0]) if origin else None
    return target[1] if target else ""


def _name(item: Item, bare: str) -> str:
    bold = _BOLD_NAME.match(item.raw.strip())
    if bold:
        return bold[1].strip().rstrip(":").strip()
    return re.split(r":\s|\s[–—-]\s|\s\(|:$", bare, maxsplit=1)[0].strip().rstrip(".:")


def _consumers(document: Document, section: Section) -> Iterator[Consumer]:
    for item in _items(section.blocks):
        links = [link for link in document.links if item.start <= link.start < item.end and not link.image]
        name = _name(item, " ".join(item.text.split()))
        for link in links:
            yield Consumer(name, link.text, link.target, item.line)


# Steps


class _ContractPlace(Struct, frozen=True):
    number: int | None
    name: str
    line: int
    start: int
    blocks: tuple[Block, ...]
    children: tuple[Section, ...]


def step_title(text: str, steps: tuple[str, ...]) -> tuple[int | None, str] | None:
    """Return the number and the name in the title of a step, or None where it is none.

    Args:
        text: The text of a heading, or of a paragraph in bold.
        steps: What a step is called; the first of these words needs no number.
    """
    match = step_pattern(steps).match(text)
    if match and (match[2] or match[1].casefold() == steps[0]):
        return (int(match[2]) if match[2] else None), match[3].strip()
    match = _NUMBERED.match(text)
    return (int(match[1]), match[2].strip()) if match else None


def _places(document: Document, workflow: Section, words: tuple[str, ...]) -> Iterator[_ContractPlace]:
    below = [s for s in document.family(workflow) if s is not workflow]
    steps = [s for s in below if step_title(s.title, words)]
    if steps:
        level = min(s.level for s in steps)
        for section in (s for s in steps if s.level == level):
            number, name = step_title(section.title, words) or (None, section.title)
            children = tuple(document.children(section))
            yield _ContractPlace(number, name, section.line, section.start, section.blocks, children)
        return
    yield from _bold_places(document, workflow, words)


def _bold_places(document: Document, workflow: Section, words: tuple[str, ...]) -> Iterator[_ContractPlace]:
    blocks = workflow.blocks
    marks: list[tuple[int, tuple[int | None, str]]] = []
    for index, block in enumerate(blocks):
        label = _LABEL.match(document.source.slice(block.start, block.end)) if block.kind == "paragraph" else None
        title = step_title(f"{label[1]}: {label[2]}".strip(": \n"), words) if label else None
        if title:
            marks.append((index, title))
    for position, (index, (number, name)) in enumerate(marks):
        end = marks[position + 1][0] if position + 1 < len(marks) else len(blocks)
        block = blocks[index]
        yield _ContractPlace(number, name, block.line, block.start, tuple(blocks[index + 1 : end]), ())


def _parts(document: Document, place: _ContractPlace) -> Iterator[_ReadPart]:
    """Yield the parts: bold lines, inline labels in a list, or headings below the step."""
    label: tuple[str, str, int] | None = None
    body: list[Block] = []
    for block in place.blocks:
        start = _block_label(document, block)
        if start:
            if label:
                yield _part(label, body)
            label, body = start, []
        elif block.kind == "list" and not label:
            yield from _inline_parts(block)
        else:
            body.append(block)
    if label:
        yield _part(label, body)
    for child in place.children:
        yield _part((child.title, "", child.line), list(child.blocks))


def _block_label(document: Document, block: Block) -> tuple[str, str, int] | None:
    # Hardly a paragraph begins with a label, and to look at its first bytes is faster.
    if block.kind != "paragraph" or b"**" not in document.source.raw[block.start : block.start + _NEAR]:
        return None
    match = _LABEL.match(document.source.slice(block.start, block.end))
    return (match[1], match[2].strip(), block.line) if match else None


def _part(label: tuple[str, str, int], body: list[Block]) -> _ReadPart:
    items = tuple(_items(body))
    text = " ".join([label[1], *(block.text for block in body if block.text)]).strip()
    return Part(section_key(label[0]), tuple(i.text for i in items), text, label[2]), items, tuple(body)


def _inline_parts(block: Block) -> Iterator[_ReadPart]:
    """Yield parts that are list items with a bold label; their nested items are the part's items."""
    items = list(block.items)
    for index, item in enumerate(items):
        match = _LABEL.match(bare_item(item.raw.strip()))
        if item.level or not match:
            continue
        nested = takewhile(lambda other: other.level > 0, islice(items, index + 1, None))
        text = match[2].strip()
        inline = (Item(text=text, raw=text, start=item.start, end=item.end, line=item.line),) if text else ()
        own = tuple(nested) or inline
        yield Part(section_key(match[1]), tuple(i.text for i in own), text, item.line), own, ()


RULE_ID = r"[A-Z]{2,6}-\d{2,4}"
_STATES = lazy(r"[ \t]*(?:\*\*|__)?[ \t]*(?:[:.–—|]|\w)")


class Ruling(Struct, frozen=True):
    """A rule at its place: an item, a heading or the row of a table that begins with its id."""

    id: str
    start: int
    form: Literal["item", "heading", "row"]
    stated: bool
    """Whether it is where the standard states its rules, so that it is no remark on one of them."""


@lru_cache(maxsize=1)
def _lead() -> re.Pattern[str]:
    """Return the pattern of a rule's beginning; "TST-04 of the Test Standards" leads elsewhere, and states nothing."""
    elsewhere = any_of(words()["standards"]["elsewhere"])
    return re.compile(
        rf"(?:[-*+]|\d+[.)])?[ \t]*(\*\*|__)?[ \t]*({RULE_ID})(?![A-Za-z0-9-])(?!(?:\*\*|__)?[ \t]+(?:{elsewhere})\b)"
    )


def find_rulings(document: Document) -> Iterator[Ruling]:
    """Yield the rules of a standard: what begins with an id under its rules, and elsewhere what does so in bold."""
    ruling = _ruling(document)
    for section in document.sections:
        if section.heading:
            lead = _lead().match(section.heading.text)
            if lead:
                yield Ruling(lead[2], section.start, "heading", section.index in ruling)
        yield from _below(section, stated=section.index in ruling)


def _ruling(document: Document) -> frozenset[int]:
    """Return the sections in which rules are stated: those that say so, or all."""
    rules = words()["standards"]["rules"]
    said = [s for s in document.sections if s.heading and not set(section_key(s.title).split()).isdisjoint(rules)]
    inside = {part.index for part in chain.from_iterable(map(document.family, said))}
    return frozenset(inside or (s.index for s in document.sections))


def _below(section: Section, *, stated: bool) -> Iterator[Ruling]:
    for block in section.blocks:
        for item in block.items:
            lead = _lead().match(item.raw) if item.level == 0 else None
            if lead and (lead[1] or (stated and _STATES.match(item.raw, lead.end()))):
                yield Ruling(lead[2], item.start, "item", stated)
        for row in block.rows if stated else ():
            lead = _lead().match(row.cells[0].text) if row.cells else None
            if lead:
                yield Ruling(lead[2], row.start, "row", stated)


class Gist(Struct, frozen=True, array_like=True):
    """What a document is for, and whom and what it names.

    Attributes:
        purpose: What people wrote about the purpose, without marks of what is still to be written.
        triggers: The events that start the procedure.
        roles: The roles that it names, each once: "security lead".
        registers: The registers and logs that it names, each once: "Risk Register".
        composed: Whether the offline author put it together from what others say.
    """

    purpose: str
    triggers: tuple[str, ...]
    roles: tuple[str, ...]
    registers: tuple[str, ...]
    composed: bool


def read_gist(document: Document, template: Template | None) -> Gist:
    """Return the gist of a document."""
    roles, registers = _patterns()
    text = read_prose(document).text
    sections = sections_of(document, template, "trigger")
    items = chain.from_iterable(section.items for section in sections)
    author = document.fields.get("written_by")
    return Gist(
        purpose=_purpose(document, template),
        triggers=tuple(" ".join(item.text.split()) for item in items),
        roles=tuple(sorted(set(roles.findall(text)))),
        registers=tuple(sorted(set(registers.findall(text)))),
        composed=author is not None and str(author.value).startswith("offline author"),
    )


def _purpose(document: Document, template: Template | None) -> str:
    """Return the text of the section for the purpose; where it has none, that of the first section."""
    return next(filter(None, map(_paragraphs, purpose_sections(document, template))), "")


def purpose_sections(document: Document, template: Template | None) -> list[Section]:
    """Return the sections that say the purpose, and the first that does not hold the status: it says it as well."""
    held = {section.index for section in sections_of(document, template, "status")}
    first = [section for section in document.sections if section.level > 1 and section.index not in held][:1]
    return [*sections_of(document, template, "purpose"), *first]


def _paragraphs(section: Section) -> str:
    texts = (b.text for b in section.blocks if b.kind == "paragraph" and not is_placeholder(b.text))
    return " ".join(" ".join(texts).split())


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of roles and of registers: by the words at their end, which ship as data."""
    heads = words()["brief"]
    roles, registers, articles = (any_of(heads[name]) for name in ("roles", "registers", "articles"))
    return (
        re.compile(rf"\b(?i:{articles}) ((?:[a-z][a-z-]+ ){{1,2}}(?:{roles}))\b"),
        re.compile(rf"\b((?:[A-Z][\w-]+ ){{1,3}}(?:{registers}))\b"),
    )
