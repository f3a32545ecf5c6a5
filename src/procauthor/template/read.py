"""Finds templates, and reads a template file with the demands in its comments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from fnmatch import translate
from functools import lru_cache
from itertools import chain, zip_longest
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import OnDemand
from procauthor.errors import TemplateError
from procauthor.markdown.document import Block, Comment, Document, Section, bare_item
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import find_conflict
from procauthor.regex import lazy
from procauthor.system import shipped
from procauthor.template.spec import (
    BLOCKS,
    ITEMS,
    NO_ROLE,
    Column,
    Constraint,
    Kind,
    Mistake,
    Pattern,
    SectionSpec,
    Template,
    assign_roles,
    filling_step,
    holds_block,
    identifier,
    parse_pattern,
    section_key,
    words,
)

_NUMBERS = {
    "step": "step",
    "min": "minimum",
    "max": "maximum",
    "max-in-all": "maximum_in_all",
    "max-words": "max_words",
}
_KEYS = (*_NUMBERS, "none", "optional", "synonyms", "role", "blocks")
_LINE = lazy(r"^([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)$")
_YES, _NO = ("true", "yes"), ("false", "no")
# Steps 4, 7 and 8 are computed: no author fills anything there.
_FILLED = (1, 2, 3, 5, 6)
# A section of more than this is a mistake of typing, and would only cost time and memory.
_MOST = 1000
_MOST_WORDS = 100_000
_SHORT = 3


class _Line(Struct, frozen=True):
    """One line of a comment. ``leads`` says that only such lines come before it in the comment."""

    number: int
    text: str
    key: str
    value: str
    leads: bool


def read_guidance(comments: Iterable[Comment]) -> str:
    """Return the words of comments for the author, without the lines that demand something."""
    lines = chain.from_iterable(map(_lines, comments))
    return " ".join(line.text for line in lines if not _is_demand(line))


def read_constraint(comments: Sequence[Comment], roles: Collection[str]) -> tuple[Constraint, list[Mistake]]:
    """Return what comments demand, and what is wrong with them; a line that is wrong demands nothing.

    Args:
        comments: All comments of a section or of a part of a step.
        roles: The roles that there are.
    """
    reader = _DemandReader(roles)
    for comment in comments:
        for line in _lines(comment):
            reader.read(line)
    reader.compare()
    return reader.constraint, reader.mistakes


def _lines(comment: Comment) -> Iterator[_Line]:
    body = comment.text
    first = comment.line
    leads = True
    for offset, text in enumerate(body.splitlines()):
        stripped = text.strip()
        if not stripped:
            continue
        match = _LINE.match(stripped)
        key, value = (match[1], match[2].strip()) if match else ("", "")
        yield _Line(first + offset, stripped, key, value, leads)
        leads = leads and match is not None


def _is_demand(line: _Line) -> bool:
    return line.key in _KEYS and bool(line.value)


class _DemandReader:
    """Reads the demands of one section."""

    def __init__(self, roles: Collection[str]) -> None:
        self.constraint = Constraint()
        self.mistakes: list[Mistake] = []
        self._roles = roles
        self._lines: dict[str, int] = {}

    def read(self, line: _Line) -> None:
        if not _is_demand(line):
            self.doubt(line)
        elif line.key in self._lines:
            before = self._lines[line.key]
            self.say(line.number, f"{line.key!r} was set in line {before} already", "keep one of the two")
        else:
            self._lines[line.key] = line.number
            self.demand(line)

    def say(self, line: int, message: str, hint: str = "") -> None:
        self.mistakes.append(Mistake(line, message, hint))

    def doubt(self, line: _Line) -> None:
        """Report a line that is nearly a demand; any other is guidance, and may well hold a colon."""
        if not line.key:
            return
        # Several demands in one line are none, and the first says what was meant.
        first = line.value.partition(";")[0].strip()
        plain = first.isdecimal() or first.lower() in (*_YES, *_NO)
        # "note: one a team" is guidance, and nearly spelt like "none".
        close = get_close_matches(line.key.lower().replace("_", "-"), _KEYS, n=1, cutoff=0.6 if plain else 0.8)
        if line.key in _KEYS:
            self.say(line.number, f"{line.key!r} has no value", f"write {line.key}: and a value, or leave it out")
        elif close and (plain or line.key.islower()) and len(line.value.split()) <= _SHORT:
            self.say(line.number, f"{line.key!r} is no known key", f"did you mean {close[0]!r}?")
        elif line.leads and line.key.islower() and line.value.isdecimal():
            self.say(line.number, f"{line.key!r} is no known key", f"known keys are: {', '.join(_KEYS)}")

    def demand(self, line: _Line) -> None:
        if line.key in _NUMBERS:
            self.number(line)
            return
        match line.key:
            case "none":
                self.constraint = replace(self.constraint, none=line.value)
            case "optional":
                self.optional(line)
            case "synonyms":
                keys = tuple(key for word in line.value.split(",") if (key := section_key(word)))
                self.constraint = replace(self.constraint, synonyms=keys)
            case "blocks":
                self.blocks(line)
            case _:
                self.role(line)

    def optional(self, line: _Line) -> None:
        if line.value.lower() not in (*_YES, *_NO):
            self.say(line.number, f"'optional' is true or false, not {line.value!r}")
            return
        self.constraint = replace(self.constraint, optional=line.value.lower() in _YES)

    def role(self, line: _Line) -> None:
        role = line.value.lower()
        if role not in (*self._roles, NO_ROLE):
            close = get_close_matches(role, [*self._roles], n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"roles are: {', '.join(self._roles)}"
            self.say(line.number, f"there is no role {line.value!r}", hint)
            return
        self.constraint = replace(self.constraint, role=role)

    def blocks(self, line: _Line) -> None:
        names = [word.strip().lower() for word in line.value.split(",")]
        for name in names:
            if name not in BLOCKS:
                close = get_close_matches(name, BLOCKS, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"blocks are: {', '.join(BLOCKS)}"
                self.say(line.number, f"there is no block {name[:40]!r}", hint)
        self.constraint = replace(self.constraint, blocks=tuple(each for each in BLOCKS if each in names))

    def number(self, line: _Line) -> None:
        most = _MOST_WORDS if line.key == "max-words" else _MOST
        if not (line.value.isascii() and line.value.isdecimal()) or len(line.value) > len(str(most)):
            self.say(line.number, f"{line.key!r} wants a whole number up to {most}, not {line.value[:40]!r}")
            return
        number = int(line.value)
        if line.key == "step" and number not in _FILLED:
            allowed = ", ".join(map(str, _FILLED))
            self.say(line.number, f"no author fills a section in step {number}", f"steps that are filled: {allowed}")
        elif number > most or (number == 0 and line.key.startswith("max")):
            self.say(line.number, f"{line.key!r} is {number}, and 1 to {most} is possible")
        else:
            self.constraint = replace(self.constraint, **{_NUMBERS[line.key]: number})

    def compare(self) -> None:
        """Report bounds that contradict each other; then the upper one does not count."""
        least, most = self.constraint.minimum, self.constraint.maximum
        if most and least > most:
            message = f"at least {least} and at most {most} cannot both be kept"
            self.say(self._lines["max"], message, "correct 'min' or 'max'")
            self.constraint = replace(self.constraint, maximum=0)


KINDS = ("procedure", "orchestration", "standard", "other")
"""What a template can be for."""
_LABEL = lazy(r"^\*\*([^*]+?):?\*\*:?[ \t]*(.*)$", re.DOTALL)
_CARD_LINE = lazy(r"^\*\*([^*{}]+?):\*\*[ \t]+(\{.*)$")


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
    conflict = find_conflict(document)
    return Template(
        name=name,
        version=version if isinstance(version, int) else 1,
        kind=reader.kind(),
        sections=_filled(assign_roles(sections, words().sections)),
        guidance=reader.head_guidance(),
        hash=digest(raw),
        boilerplate=frozenset(_boilerplate(document)),
        mistakes=tuple(sorted(reader.mistakes, key=lambda mistake: mistake.line)),
        conflict=0 if conflict is None else document.source.line(conflict),
    )


def refuse_conflicted(template: Template) -> None:
    """Refuse to write documents by a template that holds two versions of itself.

    Raises:
        TemplateError: It holds an unresolved merge conflict; the message says in which line.
    """
    if template.conflict:
        message = f"template {template.name!r} has an unresolved merge conflict in line {template.conflict}"
        raise TemplateError(message, "resolve it first; nothing was written")


def _filled(specs: Iterable[SectionSpec]) -> tuple[SectionSpec, ...]:
    """Say of each section which authoring step fills it."""
    return tuple(spec if spec.constraint.step else _with_step(spec) for spec in specs)


def _with_step(spec: SectionSpec) -> SectionSpec:
    step = 3 if spec.kind == "steps" else filling_step(spec)
    return replace(spec, constraint=replace(spec.constraint, step=step))


def _boilerplate(document: Document) -> Iterator[str]:
    """Yield the example lines that hold a slot: left in a document, they are template text."""
    for line in document.source.raw.decode().splitlines():
        text = line.strip()
        if "{" in text and "}" in text and not text.startswith("#"):
            yield bare_item(text)


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
        synonyms: list[tuple[SectionSpec, str]] = []
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
            spec = self._steps(section, step) if step else self._plain(section, words().sections)
            synonyms += ((spec, other) for other in spec.constraint.synonyms)
            yield spec
        for spec, other in synonyms:
            if other != spec.key and other in self._lines:
                message = f"the synonym {other!r} of {spec.heading!r} is a section of its own"
                self.say(self._lines[spec.key], message, "leave it out of the synonyms")

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
                lines = [bare_item(item.raw.split("\n")[0]) for item in block.items if item.level == 0]
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
            # What is below a part is no part of its own, and is reported.
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
    names = {slot.name for slot in chain.from_iterable(pattern.slots for pattern in patterns)}
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


@lru_cache(maxsize=256)
def path_matcher(pattern: str) -> Callable[[str], object]:
    """Return what says whether a path matches, at the root or below any folder."""
    return re.compile(f"{translate(pattern)}|{translate(f'**/{pattern}')}").match


def _read(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"template {name!r} cannot be read: {error.strerror}"
        raise TemplateError(message, f"look at the rights of {file.name}") from error


def _refuse_link(folder: Path, file: Path) -> None:
    if not file.resolve().is_relative_to(folder.resolve()):
        message = f"the template {file.stem!r} is a link that leads out of its folder"
        raise TemplateError(message, "put the file itself there")


def _idle(heading: str, known: Collection[str]) -> str:
    close = get_close_matches(heading, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"[sections.synonyms] has no effect for {heading!r}, which no template has as a heading or label{meant}"


class TemplateStore:
    """Reads each template once.

    Args:
        folders: Where to look, first match wins; the shipped folder comes last by itself.
        patterns: Path pattern to template name, in order of precedence; an empty name means no template.
        synonyms: Other words for a heading of a template, by the heading.
    """

    def __init__(
        self,
        folders: tuple[Path, ...] = (),
        patterns: Mapping[str, str] | None = None,
        synonyms: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._folders = (*folders, shipped("templates"))
        self._patterns = dict(patterns or {})
        self._synonyms = {
            section_key(heading): tuple(map(section_key, others)) for heading, others in (synonyms or {}).items()
        }
        self._matchers = [(path_matcher(pattern), name) for pattern, name in self._patterns.items()]
        self._read = OnDemand(self._load)

    def get(self, name: str) -> Template:
        """Return the template of that name.

        Raises:
            TemplateError: There is none, or it cannot be used.
        """
        return self._read[name]

    def digest(self, name: str) -> str:
        """Return the digest of a template, as its ``hash`` is, without reading what it says.

        Raises:
            TemplateError: There is none, or its file cannot be read.
        """
        return self._read[name].hash if name in self._read else digest(self._raw(name))

    def _load(self, name: str) -> Template:
        return self._with_synonyms(read_template(name, self._raw(name)))

    def _raw(self, name: str) -> bytes:
        for folder in self._folders:
            file = folder / f"{name}.md"
            if "/" not in name and file.is_file():
                _refuse_link(folder, file)
                return _read(name, file)
        message = f"no template {name!r}"
        raise TemplateError(message, self._near(name))

    def _near(self, name: str) -> str:
        known = self.names()
        close = get_close_matches(name, known, n=1)
        return f"did you mean {close[0]!r}?" if close else f"known templates: {', '.join(known)}"

    def _with_synonyms(self, template: Template) -> Template:
        return replace(template, sections=tuple(map(self._named_otherwise, template.sections)))

    def _named_otherwise(self, spec: SectionSpec) -> SectionSpec:
        """Return a section or the part of a step with the other words that the settings give it, and its parts too."""
        others = (*spec.constraint.synonyms, *self._synonyms.get(spec.key, ()))
        parts = tuple(map(self._named_otherwise, spec.parts))
        return replace(spec, constraint=replace(spec.constraint, synonyms=others), parts=parts)

    def idle_synonyms(self) -> list[str]:
        """Return a sentence for each heading in the settings that has synonyms, and is in no template."""
        if not self._synonyms:
            return []
        if not any(self._patterns.values()):
            return ["[sections.synonyms] has no effect, because no document has a template under [templates]"]
        specs: list[SectionSpec] = []
        for name in self.names():
            with suppress(TemplateError):
                specs += self.get(name).sections
        known = {spec.key for spec in chain.from_iterable((spec, *spec.parts) for spec in specs)}
        return [_idle(heading, known) for heading in self._synonyms if heading not in known]

    def refuse_unknown(self) -> None:
        """Refuse a name in the settings that no template has, used by a document or not.

        Raises:
            TemplateError: There is such a name; the hint says which was probably meant.
        """
        known = self.names()
        for pattern, name in self._patterns.items():
            if name and name not in known:
                message = f"the settings give {pattern!r} the template {name!r}, which does not exist"
                raise TemplateError(message, self._near(name))

    def names(self) -> list[str]:
        """Return the names of all templates that can be found."""
        return sorted(
            {file.stem for file in chain.from_iterable(f.glob("*.md") for f in self._folders) if file.is_file()}
        )

    def for_path(self, path: str) -> Template:
        """Return the template that a document at a path has, or would have; without one, that for procedures."""
        return self.match(path) or self.of_kind("procedure")

    def match(self, path: str) -> Template | None:
        """Return the template for a document's path; without a pattern that matches, there is none."""
        for matches, name in self._matchers:
            if matches(path):
                return self.get(name) if name else None
        return None

    def of_kind(self, kind: str) -> Template:
        """Return the first template in the settings of that kind, else the shipped one."""
        for name in filter(None, self._patterns.values()):
            template = self.get(name)
            if template.kind == kind:
                return template
        return self.get(kind)
