"""A template file to a template."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from procauthor.errors import TemplateError
from procauthor.markdown.document import Block, Comment, Document, Section
from procauthor.markdown.parse import parse
from procauthor.template.key import identifier, section_key
from procauthor.template.pattern import Pattern, parse_pattern
from procauthor.template.spec import Column, Constraint, Kind, SectionSpec, Template

_CONSTRAINT = re.compile(r"^(step|min|max|max-words|none|optional|synonyms)\s*:\s*(.+)$")
_LABEL = re.compile(r"^\*\*([^*]+?):?\*\*:?[ \t]*(.*)$", re.DOTALL)
_MARKER = re.compile(r"^(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
# Words in a heading that say when it is filled, where a template does not say so itself.
_STEP_WORDS = (
    (2, ("trigger", "input", "prerequisite", "precondition", "when", "requirement")),
    (5, ("fail", "risk", "rollback", "mitigation", "exit", "troubleshoot", "exception")),
    (3, ("workflow", "steps", "procedure", "diagnosis", "actions", "how")),
    (1, ("purpose", "summary", "overview", "meaning", "impact", "scope", "motivation", "goal", "context")),
)


def read_template(name: str, raw: bytes) -> Template:
    """Read a template.

    Raises:
        TemplateError: The file is not UTF-8 or has no section.
    """
    try:
        document = parse(raw)
    except UnicodeDecodeError as error:
        message = f"template {name!r} is not UTF-8"
        raise TemplateError(message) from error
    specs = tuple(_unique(_Reader(document).specs()))
    if not specs:
        message = f"template {name!r} has no section"
        raise TemplateError(message, "give it at least one heading of level 2")
    metadata = document.metadata
    version = metadata.get("version", 1)
    return Template(
        name=str(metadata.get("template", name)),
        version=version if isinstance(version, int) else 1,
        kind=str(metadata.get("kind", "procedure")),
        sections=specs,
        guidance=_head_guidance(document),
        hash=hashlib.sha256(raw).hexdigest(),
        boilerplate=frozenset(_boilerplate(document)),
    )


def _head_guidance(document: Document) -> str:
    first = next((s for s in document.sections if s.level > 1), None)
    end = first.start if first else len(document.source.raw)
    return "\n\n".join(_words(c) for c in document.comments if c.start < end)


def _boilerplate(document: Document) -> Iterator[str]:
    """Yield the example lines that hold a slot: left in a document, they are template text."""
    for line in document.source.raw.decode().splitlines():
        text = line.strip()
        if "{" in text and "}" in text and not text.startswith("#"):
            yield _MARKER.sub("", text)


def _words(comment: Comment) -> str:
    lines = [line.strip() for line in comment.text.strip().splitlines()]
    return " ".join(line for line in lines if line and not _CONSTRAINT.match(line))


def _constraint(comments: Sequence[Comment]) -> Constraint:
    found = Constraint()
    for comment in comments:
        for line in comment.text.splitlines():
            match = _CONSTRAINT.match(line.strip())
            if match:
                found = _constrain(found, match[1], match[2].strip())
    return found


def _constrain(found: Constraint, name: str, value: str) -> Constraint:  # noqa: PLR0911 - one line a name
    if name == "none":
        return replace(found, none=value)
    if name == "optional":
        return replace(found, optional=value.lower() in ("true", "yes"))
    if name == "synonyms":
        return replace(found, synonyms=tuple(section_key(word) for word in value.split(",")))
    if not value.isdigit():
        message = f"template constraint {name!r} wants a whole number, not {value!r}"
        raise TemplateError(message)
    number = int(value)
    match name:
        case "step":
            return replace(found, step=number)
        case "min":
            return replace(found, minimum=number)
        case "max":
            return replace(found, maximum=number)
        case _:
            return replace(found, max_words=number)


class _Reader:
    """Walks the headings of a template."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.sections = [s for s in document.sections if s.level > (1 if document.title else 0)]

    def specs(self) -> Iterator[SectionSpec]:
        """Yield a spec a heading; the headings of a repeated step belong to the section above them."""
        skip: set[int] = set()
        for section in self.sections:
            if section.index in skip:
                continue
            step = next((c for c in self.document.children(section) if "{number}" in c.title), None)
            if step:
                skip.update(s.index for s in self.document.family(section))
                yield self._steps(section, step)
            else:
                yield self._plain(section)

    def _comments(self, start: int, end: int) -> list[Comment]:
        return [c for c in self.document.comments if start <= c.start < end]

    def _plain(self, section: Section) -> SectionSpec:
        comments = self._comments(section.start, section.end)
        kind, pattern, columns = self._kind(section.blocks)
        has_children = any(True for _ in self.document.children(section))
        if has_children and not any(b.kind != "html" for b in section.blocks):
            kind = "group"
        constraint = _constraint(comments)
        if not constraint.step:
            constraint = replace(constraint, step=_guess_step(section.title))
        return SectionSpec(
            key=section_key(section.title),
            name=identifier(section_key(section.title), f"section_{section.index}"),
            heading=section.title,
            level=section.level,
            kind=kind,
            pattern=pattern,
            columns=columns,
            guidance=" ".join(filter(None, map(_words, comments))),
            constraint=constraint,
        )

    def _kind(self, blocks: Sequence[Block]) -> tuple[Kind, Pattern | None, tuple[Column, ...]]:
        for block in blocks:
            if block.kind == "list" and block.items:
                item = block.items[0]
                pattern = parse_pattern(_MARKER.sub("", item.raw.split("\n")[0]), "item")
                if item.checked is not None:
                    return "checklist", pattern, ()
                return ("list" if item.number is None else "numbered"), pattern, ()
            if block.kind == "table" and block.header and block.rows:
                return "table", None, tuple(self._columns(block))
            if block.kind in ("paragraph", "quote", "code"):
                text = self.document.source.slice(block.start, block.end).strip()
                return "prose", parse_pattern(text), ()
        return "prose", None, ()

    def _columns(self, block: Block) -> Iterator[Column]:
        assert block.header is not None
        for head, cell in zip(block.header.cells, block.rows[0].cells, strict=False):
            raw = self.document.source.slice(cell.start, cell.end).strip().strip("|").strip()
            yield Column(head.text, parse_pattern(raw, identifier(section_key(head.text), "cell")))

    def _steps(self, section: Section, step: Section) -> SectionSpec:
        base = self._plain(section)
        own = self._comments(section.start, step.start)
        title = self.document.source.slice(step.start, step.body).strip().lstrip("#").strip()
        constraint = _constraint(own)
        return replace(
            base,
            kind="steps",
            pattern=None,
            columns=(),
            parts=tuple(_unique(self._parts(step))),
            step_heading=parse_pattern(title),
            step_level=step.level,
            guidance=" ".join(filter(None, map(_words, own))),
            constraint=replace(constraint, step=constraint.step or 3),
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
            else:
                body.append(block)
        if label:
            yield self._part(label, inline, body, (start, step.end))
        for child in self.document.children(step):
            yield self._plain(child)

    def _part(self, label: str, inline: str, body: list[Block], span: tuple[int, int]) -> SectionSpec:
        comments = self._comments(*span)
        kind, pattern, columns = self._kind(body)
        if inline:
            kind, pattern = "prose", parse_pattern(inline)
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
            guidance=" ".join(filter(None, map(_words, comments))),
            constraint=_constraint(comments),
        )


def _guess_step(heading: str) -> int:
    key = section_key(heading)
    return next((step for step, words in _STEP_WORDS if any(word in key for word in words)), 6)


def _unique(specs: Iterator[SectionSpec]) -> Iterator[SectionSpec]:
    seen: dict[str, int] = {}
    for spec in specs:
        count = seen[spec.name] = seen.get(spec.name, 0) + 1
        yield spec if count == 1 else replace(spec, name=f"{spec.name}_{count}")
