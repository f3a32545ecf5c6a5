"""A template file to a template."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import zip_longest

from procauthor.errors import TemplateError
from procauthor.markdown.document import Block, Comment, Document, Section
from procauthor.markdown.parse import parse
from procauthor.template.constraint import read_constraint, read_guidance
from procauthor.template.key import identifier, section_key
from procauthor.template.pattern import Pattern, holds_block, parse_pattern
from procauthor.template.role import assign_roles, filling_step, words
from procauthor.template.spec import ITEMS, Column, Constraint, Kind, Mistake, SectionSpec, Template

KINDS = ("procedure", "orchestration", "standard", "other")
"""What a template can be for."""
_LABEL = re.compile(r"^\*\*([^*]+?):?\*\*:?[ \t]*(.*)$", re.DOTALL)
_CARD_LINE = re.compile(r"^\*\*([^*{}]+?):\*\*[ \t]+(\{.*)$")
_MARKER = re.compile(r"^(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")


def digest(raw: bytes) -> str:
    """Return what tells one text of a template from another."""
    return hashlib.sha256(raw).hexdigest()


def read_template(name: str, raw: bytes) -> Template:
    """Read a template; what is wrong with it, and can be passed over, is in its ``mistakes``.

    Args:
        name: The name of its file, without ending.
        raw: The bytes of the file.

    Raises:
        TemplateError: The file is not UTF-8 or has no section.
    """
    try:
        document = parse(raw)
    except UnicodeDecodeError as error:
        message = f"template {name!r} is not UTF-8: byte {error.start} cannot be read"
        raise TemplateError(message, "save it as UTF-8") from error
    reader = _TemplateReader(document)
    sections = _named(reader.specs())
    if not sections:
        message = f"template {name!r} has no section"
        raise TemplateError(message, "give it at least one heading of level 2")
    version = document.metadata.get("version", 1)
    return Template(
        name=name,
        version=version if isinstance(version, int) else 1,
        kind=reader.kind(),
        sections=_filled(assign_roles(sections, words().sections)),
        guidance=reader.head_guidance(),
        hash=digest(raw),
        boilerplate=frozenset(_boilerplate(document)),
        mistakes=tuple(sorted(reader.mistakes, key=lambda mistake: mistake.line)),
    )


def _filled(specs: Iterable[SectionSpec]) -> tuple[SectionSpec, ...]:
    """Say of each section which authoring step fills it."""
    return tuple(
        spec
        if spec.constraint.step
        else replace(spec, constraint=replace(spec.constraint, step=3 if spec.kind == "steps" else filling_step(spec)))
        for spec in specs
    )


def _boilerplate(document: Document) -> Iterator[str]:
    """Yield the example lines that hold a slot: left in a document, they are template text."""
    for line in document.source.raw.decode().splitlines():
        text = line.strip()
        if "{" in text and "}" in text and not text.startswith("#"):
            yield _MARKER.sub("", text)


class _TemplateReader:
    """Walks the headings of a template, and collects what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.sections = [s for s in document.sections if s.level > (1 if document.title else 0)]
        self.mistakes: list[Mistake] = []
        self._lines: dict[str, int] = {}

    def say(self, line: int, message: str, hint: str = "") -> None:
        self.mistakes.append(Mistake(line, message, hint))

    def kind(self) -> str:
        """Return what the template is for."""
        field = self.document.fields.get("kind")
        kind = str(field.value).strip() if field else "procedure"
        if field and kind not in KINDS:
            close = get_close_matches(kind.lower(), KINDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"kinds are: {', '.join(KINDS)}"
            self.say(field.line, f"there is no kind {kind[:40]!r}; its documents are not counted", hint)
        return kind

    def head_guidance(self) -> str:
        """Return the words of the comments before the first section."""
        first = next((s for s in self.document.sections if s.level > 1), None)
        end = first.start if first else len(self.document.source.raw)
        return "\n\n".join(read_guidance([c]) for c in self.document.comments if c.start < end)

    def specs(self) -> Iterator[SectionSpec]:
        """Yield a spec a heading; the headings of a repeated step belong to the section above them."""
        skip: set[int] = set()
        for section in self.sections:
            if section.index in skip:
                continue
            step = next((c for c in self.document.children(section) if "{number}" in c.title), None)
            if step:
                skip.update(s.index for s in self.document.family(section))
            if not section_key(section.title):
                self.say(section.line, "a heading without words is no section", "give it a name")
                continue
            self._compare(section)
            yield self._steps(section, step) if step else self._plain(section, words().sections)

    def _compare(self, section: Section) -> None:
        """Report what no document could follow: a heading that is there twice, or one with a field."""
        key = section_key(section.title)
        before = self._lines.setdefault(key, section.line)
        if before != section.line:
            self.say(section.line, f"section {section.title!r} is in line {before} already", "give one another name")
        if "{" in section.title and "}" in section.title:
            message = f"the field in the heading {section.title!r} is never filled"
            self.say(section.line, message, "only the heading of a step, with {number}, has fields")

    def _comments(self, start: int, end: int) -> list[Comment]:
        return [c for c in self.document.comments if start <= c.start < end]

    def _plain(self, section: Section, roles: Collection[str]) -> SectionSpec:
        comments = self._comments(section.start, section.end)
        kind, pattern, columns = self._kind(section.blocks)
        has_children = any(True for _ in self.document.children(section))
        if has_children and not any(b.kind != "html" for b in section.blocks):
            kind = "group"
        constraint = self._constraint(comments, roles, kind, pattern)
        key = section_key(section.title)
        return SectionSpec(
            key=key,
            name=identifier(key, f"section_{section.index}"),
            heading=section.title,
            level=section.level,
            kind=kind,
            pattern=pattern,
            columns=columns,
            guidance=read_guidance(comments),
            constraint=constraint,
        )

    def _constraint(
        self, comments: Sequence[Comment], roles: Collection[str], kind: Kind, pattern: Pattern | None
    ) -> Constraint:
        constraint, mistakes = read_constraint(comments, roles)
        self.mistakes += mistakes
        if constraint.blocks and not (kind in ITEMS and pattern and pattern.single and holds_block(pattern)):
            message = "only an item whose last part is its one field can hold blocks below its words"
            self.say(comments[0].line, message, "leave out 'blocks', or give the item one field at its end")
            return replace(constraint, blocks=())
        return constraint

    def _kind(self, blocks: Sequence[Block]) -> tuple[Kind, Pattern | None, tuple[Column, ...]]:
        """Return what a section is made of; one without an example is prose."""
        for block in blocks:
            if block.kind == "list" and block.items:
                lines = [_MARKER.sub("", item.raw.split("\n")[0]) for item in block.items if item.level == 0]
                card = tuple(_card(lines))
                if card:
                    return "card", None, card
                item = block.items[0]
                pattern = parse_pattern(lines[0], "item")
                if item.checked is not None:
                    return "checklist", pattern, ()
                return ("list" if item.number is None else "numbered"), pattern, ()
            if block.kind == "table" and block.header:
                return "table", None, tuple(self._columns(block))
            if block.kind in ("paragraph", "quote", "code"):
                text = self.document.source.slice(block.start, block.end).strip()
                return "prose", parse_pattern(text), ()
        return "prose", parse_pattern(""), ()

    def _columns(self, block: Block) -> Iterator[Column]:
        assert block.header is not None
        cells = block.rows[0].cells if block.rows else ()
        if not block.rows:
            self.say(block.line, "the table has no example row, so each column is one field", "add a row with fields")
        for number, (head, cell) in enumerate(zip_longest(block.header.cells, cells), start=1):
            if head is None:
                return
            raw = self.document.source.slice(cell.start, cell.end).strip().strip("|").strip() if cell else ""
            yield Column(head.text, parse_pattern(raw, identifier(section_key(head.text), f"cell_{number}")))

    def _steps(self, section: Section, step: Section) -> SectionSpec:
        own = self._comments(section.start, step.start)
        for other in self.document.family(section):
            if other.index not in (section.index, step.index) and other.parent != step.index:
                message = f"the heading {other.title!r} beside or below the parts of the step is not used"
                self.say(other.line, message, "put it before the section of the steps, or make it a part")
        title = self.document.source.slice(step.start, step.body).strip().lstrip("#").strip()
        return replace(
            self._plain(section, words().sections),
            kind="steps",
            pattern=None,
            columns=(),
            parts=assign_roles(_named(self._parts(step)), words().parts),
            step_heading=parse_pattern(title.split("\n")[0].rstrip("# ")),
            step_level=step.level,
            guidance=read_guidance(own),
        )

    def _parts(self, step: Section) -> Iterator[SectionSpec]:
        """Yield the parts of a step: bold labels with what follows them, or headings below the step."""
        label = ""
        inline = ""
        body: list[Block] = []
        start = step.body
        for block in step.blocks:
            text = self.document.source.slice(block.start, block.end).strip()
            match = _LABEL.match(text) if block.kind == "paragraph" else None
            if match:
                if label:
                    yield self._part(label, inline, body, (start, block.start))
                label, inline, body, start = match[1], match[2].strip(), [], block.start
            elif label or block.kind == "html":
                body.append(block)
            else:
                message = "what comes before the first part of the step is not used"
                self.say(block.line, message, "begin a part with a label in bold: **Actions:**")
        if label:
            yield self._part(label, inline, body, (start, step.end))
        for child in self.document.children(step):
            part = self._plain(child, words().parts)
            # What stands below a part is no part of its own, and is reported.
            yield replace(part, kind="prose", pattern=parse_pattern("")) if part.kind == "group" else part

    def _part(self, label: str, inline: str, body: list[Block], span: tuple[int, int]) -> SectionSpec:
        comments = self._comments(*span)
        kind, pattern, columns = self._kind(body)
        if inline:
            kind, pattern, columns = "prose", parse_pattern(inline), ()
        constraint = self._constraint(comments, words().parts, kind, pattern)
        key = section_key(label)
        return SectionSpec(
            key=key,
            name=identifier(key, "part"),
            heading=label,
            level=0,
            kind=kind,
            pattern=pattern,
            columns=columns,
            labelled=True,
            guidance=read_guidance(comments),
            constraint=constraint,
        )


def _card(lines: Sequence[str]) -> Iterator[Column]:
    """Yield the lines of a card: several items that have each a label and a field of its own; none of another list."""
    labels = [_CARD_LINE.match(line) for line in lines]
    patterns = [parse_pattern(m[2], identifier(section_key(m[1]), f"line_{n}")) for n, m in enumerate(labels) if m]
    names = {slot.name for pattern in patterns for slot in pattern.slots}
    if len(patterns) == len(lines) == len(names) and len(lines) > 1 and all(p.single for p in patterns):
        for label, pattern in zip(labels, patterns, strict=True):
            yield Column(label[1] if label else "", pattern)


def _named(specs: Iterator[SectionSpec]) -> tuple[SectionSpec, ...]:
    """Return specs with names that are all different."""
    taken: set[str] = set()
    named: list[SectionSpec] = []
    for spec in specs:
        name, count = spec.name, 1
        while name in taken:
            count += 1
            name = f"{spec.name}_{count}"
        taken.add(name)
        named.append(replace(spec, name=name))
    return tuple(named)
