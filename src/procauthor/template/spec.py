"""What a template says: the sections, their kinds, roles, constraints and guidance, and the patterns of entries."""

from __future__ import annotations

import keyword
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from textwrap import dedent
from typing import Literal, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from procauthor.regex import lazy

_NUMBER = lazy(r"^\s*(?:§\s*)?(?:\d+(?:\.\d+)*[.):]?|[A-Z][.)])\s+")
_WORD = lazy(r"\w+")
# Names that the base class of a typed model has already.
_TAKEN = frozenset(
    ("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw", "schema", "schema_json",
     "update_forward_refs", "validate")
)  # fmt: skip


def plain_heading(heading: str) -> str:
    """Return a heading without its number: ``3. Required Inputs`` gives ``Required Inputs``."""
    return _NUMBER.sub("", heading).strip()


@lru_cache(maxsize=4096)
def section_key(heading: str) -> str:
    """Return the key of a heading: ``### 🔒 3. Required Inputs`` and ``Required inputs:`` give ``required inputs``."""
    text = unicodedata.normalize("NFKC", heading)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Cf", "Mn") or c.isalnum()).strip()
    text = _NUMBER.sub("", text)
    return " ".join(_WORD.findall(text.casefold().replace("&", " and ")))


def identifier(key: str, fallback: str) -> str:
    """Return the key as a Python name, for a field of a model."""
    name = "_".join(re.findall(r"[a-z0-9]+", key))
    if not name or name[0].isdigit():
        return fallback
    taken = keyword.iskeyword(name) or name in _TAKEN or name.startswith("model_")
    return f"{name}_" if taken else name


_SLOT = lazy(
    r"\[\{(?P<ref>\w+)(?P<refopt>\?)?\}\]\(procedure\)|\{(?P<name>[^{}\n]+?)(?P<opt>\?)?\}",
)
_IDENTIFIER = lazy(r"[a-z][a-z0-9_]*")


class Slot(Struct, frozen=True):
    """A field of an example. ``hint`` holds the words in braces where they are no bare name."""

    name: str
    hint: str = ""
    optional: bool = False
    reference: bool = False


class Pattern(Struct, frozen=True):
    """Literal text and slots in order. ``start`` and ``end`` of an optional group bracket what goes with its slot."""

    parts: tuple[str | Slot, ...]
    text: str

    def __hash__(self) -> int:
        # What reads items is looked up by it, once for each of them.
        return hash(self.text)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The fields, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def single(self) -> Slot | None:
        """The only field, if the pattern has one and it is no reference: then an item is a plain string."""
        slots = self.slots
        return slots[0] if len(slots) == 1 and not slots[0].reference else None

    @property
    def main(self) -> Slot | None:
        """The only field that must be filled, where others may stay empty: then its text alone says it all."""
        needed = [slot for slot in self.slots if not slot.optional]
        return needed[0] if len(needed) == 1 < len(self.slots) and not needed[0].reference else None


def parse_pattern(text: str, fallback: str = "text") -> Pattern:
    """Split an example line into literals and slots.

    An example without any slot is taken as words that say what to write: one field named ``fallback``.
    """
    parts: list[str | Slot] = []
    position = 0
    for match in _SLOT.finditer(text):
        if match.start() > position:
            parts.append(text[position : match.start()])
        parts.append(_slot(match, fallback))
        position = match.end()
    if position < len(text):
        parts.append(text[position:])
    if not any(isinstance(part, Slot) for part in parts):
        return Pattern((Slot(fallback, hint=text.strip()),), text)
    return Pattern(tuple(parts), text)


def _slot(match: re.Match[str], fallback: str) -> Slot:
    if match["ref"]:
        return Slot(identifier(match["ref"].lower(), "reference"), optional=bool(match["refopt"]), reference=True)
    words = match["name"]
    if _IDENTIFIER.fullmatch(words):
        return Slot(identifier(words, fallback), optional=bool(match["opt"]))
    return Slot(fallback, hint=words, optional=bool(match["opt"]))


def holds_block(pattern: Pattern) -> bool:
    """Say whether an item may have blocks below it: nothing is written behind its words."""
    return pattern.single is not None and pattern.parts[-1] is pattern.single


_ANY_FENCE = lazy(r"(?m)^[ ]{0,3}(?:`{3,}|~{3,})")
_OPENING = lazy(r"\s{0,3}(`{3,}|~{3,})")
# Below an item a fence is set in.
_ANY_INDENT = lazy(r"\s*(`{3,}|~{3,})")
_HEADING = lazy(r"(?m)^[ ]{0,3}#{1,6}[ \t]+\S")
_UNDERLINE = lazy(r"(?m)\S.*\n[ ]{0,3}(?:={3,}|-{3,})[ \t]*$")
_ROW = lazy(r"(?m)^[ ]{0,3}\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t]*(?::?-{3,}:?[ \t]*)?$")
_ITEM = lazy(r"(?m)^[ \t]*(?:[-+*]|\d{1,9}[.)])[ \t]+\S")
_QUOTE = lazy(r"(?m)^[ ]{0,3}>")
_BLOCKS = (
    ("a code block", _ANY_FENCE),
    ("a table", _ROW),
    ("a heading", _HEADING),
    ("a heading", _UNDERLINE),
    ("a list", _ITEM),
    ("a quotation", _QUOTE),
)


def block_in(text: str) -> str:
    """Return what a text holds that needs lines of its own, such as ``a code block``; empty where it fits one line.

    Line breaks between plain words are no blocks: they are spaces.
    """
    lines = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    return blocks_of(lines) if "\n" in lines else ""


def blocks_of(text: str) -> str:
    """Return what a text holds that needs lines of its own, be it in its first line; empty where there is nothing."""
    return next((name for name, pattern in _BLOCKS if pattern.search(text)), "")


def fence_behind(line: str, fence: str) -> str:
    """Return the code fence that is open behind a line, where ``fence`` is open before it; empty where none is."""
    mark = _ANY_INDENT.match(line)
    if mark is None or (fence and not mark[1].startswith(fence)):
        return fence
    return "" if fence else mark[1]


def heading_in(text: str) -> bool:
    """Say whether a text holds a heading outside of its code blocks: that would open a section of the document."""
    outside: list[str] = []
    fence = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        mark = _OPENING.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            outside.append("")
        elif not fence:
            outside.append(line)
    words = "\n".join(outside)
    return bool(_HEADING.search(words) or _UNDERLINE.search(words))


BlockKind = Literal["code", "table", "diagram"]
BLOCKS: tuple[BlockKind, ...] = get_args(BlockKind)
"""What a template may allow below the words of an item."""
_SHOWN = {"code": "a code block", "table": "a table", "diagram": "a diagram"}
_FENCE = lazy(r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\s`]*)[^`]*$")
_RULER = lazy(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL = lazy(r"(?<!\\)\|")
_MERMAID = "mermaid"
# The words that a diagram of Mermaid can begin with.
_DIAGRAMS = frozenset(
    ("flowchart", "graph", "sequencediagram", "statediagram", "statediagram-v2", "classdiagram", "erdiagram", "gantt",
     "journey", "timeline", "mindmap", "gitgraph", "pie", "quadrantchart", "block-beta", "kanban", "sankey-beta")
)  # fmt: skip
_ROWS = 2


class TextBlock(Struct, frozen=True):
    """A run of lines of a value: a paragraph of words, or a block."""

    kind: Literal["words", BlockKind]
    text: str


def split_blocks(text: str) -> tuple[TextBlock, ...]:
    """Return the paragraphs and blocks of a value in order; a fence that is never closed is words."""
    lines = text.split("\n")
    blocks: list[TextBlock] = []
    words: list[str] = []
    at = 0
    while at < len(lines):
        chunk, end = _block_at(lines, at)
        if chunk is None:
            words.append(lines[at])
            at += 1
            continue
        blocks += (*_paragraphs(words), chunk)
        words = []
        at = end
    return (*blocks, *_paragraphs(words))


def _paragraphs(lines: Sequence[str]) -> Iterator[TextBlock]:
    for paragraph in re.split(r"\n[ \t]*\n", "\n".join(lines)):
        if paragraph.strip():
            yield TextBlock("words", paragraph.strip("\n"))


def _block_at(lines: Sequence[str], at: int) -> tuple[TextBlock | None, int]:
    """Return the block that begins at a line, and where it ends."""
    fence = _FENCE.match(lines[at])
    if fence:
        closing = re.compile(rf"[ \t]*{fence['fence'][0]}{{{len(fence['fence'])},}}[ \t]*")
        end = next((n for n in range(at + 1, len(lines)) if closing.fullmatch(lines[n])), None)
        if end is None:
            return None, at
        kind: BlockKind = "diagram" if fence["info"].casefold() == _MERMAID else "code"
        return TextBlock(kind, dedent("\n".join(lines[at : end + 1]))), end + 1
    if _is_table(lines, at):
        end = next((n for n in range(at + _ROWS, len(lines)) if "|" not in lines[n]), len(lines))
        return TextBlock("table", "\n".join(line.strip() for line in lines[at:end])), end
    return None, at


def _is_table(lines: Sequence[str], at: int) -> bool:
    if at + 1 >= len(lines) or "|" not in lines[at] or "|" not in lines[at + 1]:
        return False
    return bool(_RULER.match(lines[at + 1])) and len(cells_of(lines[at])) == len(cells_of(lines[at + 1]))


def cells_of(line: str) -> list[str]:
    """Return the cells of a row of a table, as they are written."""
    inside = line.strip().removeprefix("|")
    # A pipe behind a backslash belongs to its cell.
    inside = inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside
    return [cell.strip() for cell in _CELL.split(inside)]


# A sign at the beginning of a value is a sign.
_QUOTED = lazy(r"(?:(?<=\n)[ ]{0,3}>[^\n]*(?:\n|\Z))+")


def quotes_as_code(value: str) -> str:
    """Return a value in which quoted lines are a block of text: words to say or to send keep their lines."""
    chunks = split_blocks(value) if "\n" in value else ()
    texts = [chunk.text for chunk in chunks]
    for place, chunk in enumerate(chunks):
        if chunk.kind == "words":
            texts[place] = _QUOTED.sub(_as_code, chunk.text if place == 0 else f"\n{chunk.text}").strip()
    return value if texts == [chunk.text for chunk in chunks] else "\n\n".join(texts)


def _as_code(match: re.Match[str]) -> str:
    lines = (line.strip().removeprefix(">").removeprefix(" ") for line in match[0].strip("\n").split("\n"))
    return "\n".join(["", "```text", *lines, "```", ""])


def refuse_blocks(value: str, allowed: Sequence[str]) -> str:
    """Return a value that begins with words and holds blocks of the allowed kinds only.

    Raises:
        ValueError: It holds another block, begins with one, or a table or a diagram in it cannot be shown.
    """
    chunks = split_blocks(value)
    if chunks and chunks[0].kind != "words":
        message = f"begins with {_SHOWN[chunks[0].kind]}: say first, in one line, what it is for"
        raise ValueError(message)
    for place, chunk in enumerate(chunks):
        wrong = _wrong(chunk, allowed, first=place == 0)
        if wrong:
            raise ValueError(wrong)
    return value


def _wrong(chunk: TextBlock, allowed: Sequence[str], *, first: bool) -> str:
    if chunk.kind == "words":
        # A sign at the beginning of the whole value is a sign; below it, it would be a list.
        other = blocks_of(chunk.text) if "\n" in chunk.text or not first else ""
        return f"holds {other}, and below its words it may hold {_listed(allowed)} only" if other else ""
    if chunk.kind not in allowed:
        return f"holds {_SHOWN[chunk.kind]}, and below its words it may hold {_listed(allowed)} only"
    return {"table": _wrong_table, "diagram": _wrong_diagram, "code": _wrong_code}[chunk.kind](chunk.text)


def _listed(allowed: Sequence[str]) -> str:
    return " or ".join(_SHOWN[each] for each in allowed)


def _wrong_table(text: str) -> str:
    header, _, *rows = map(cells_of, text.split("\n"))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            return f"holds a table whose row {number} has {len(row)} cells, and its header has {len(header)}"
    return "" if rows else "holds a table without a row"


def _wrong_diagram(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")[1:-1]]
    first = next((line for line in lines if line and not line.startswith("%%")), "")
    word = re.split(r"[\s:;{]", first, maxsplit=1)[0].casefold()
    return "" if word in _DIAGRAMS or first == "---" else "holds a diagram that does not begin with a kind of Mermaid"


def _wrong_code(text: str) -> str:
    return "" if any(line.strip() for line in text.split("\n")[1:-1]) else "holds a code block without a line"


Kind = Literal["prose", "list", "numbered", "checklist", "table", "card", "steps", "group"]

ITEMS: tuple[Kind, ...] = ("list", "numbered", "checklist")
"""Kinds that are lists of items of one form."""


class Constraint(Struct, frozen=True):
    """What a guidance comment demands.

    ``step`` is the authoring step (1 to 6) that fills the section; ``role`` says what it means, in the words of the
    template; ``maximum_in_all`` bounds a part in all steps together; ``blocks`` are what an item may hold below its
    words.
    """

    step: int = 0
    minimum: int = 1
    maximum: int = 0
    maximum_in_all: int = 0
    max_words: int = 0
    none: str = ""
    optional: bool = False
    synonyms: tuple[str, ...] = ()
    role: str = ""
    blocks: tuple[BlockKind, ...] = ()


class Column(Struct, frozen=True):
    """A column of a table, or a line of a card: its header or label, and the pattern of what is there."""

    header: str
    pattern: Pattern


class SectionSpec(Struct, frozen=True):
    """A section, or a part of a step."""

    key: str
    name: str
    heading: str
    level: int
    kind: Kind
    pattern: Pattern | None = None
    columns: tuple[Column, ...] = ()
    parts: tuple[SectionSpec, ...] = ()
    step_heading: Pattern | None = None
    step_level: int = 0
    labelled: bool = False
    guidance: str = ""
    constraint: Constraint = field(default_factory=Constraint)
    role: str = ""
    """What the section means: as its template declares it, or as its heading and fields are commonly used."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key and its synonyms."""
        return (self.key, *self.constraint.synonyms)

    @property
    def counted(self) -> bool:
        """Whether it holds entries that ``min`` and ``max`` count: items, rows or steps."""
        return self.kind in (*ITEMS, "table", "steps")


class Mistake(Struct, frozen=True):
    """Something in a template that cannot be used as it is written. ``line`` counts from 1."""

    line: int
    message: str
    hint: str = ""


class Template(Struct, frozen=True):
    """A document's schema, read from a Markdown file."""

    name: str
    version: int
    kind: str
    sections: tuple[SectionSpec, ...]
    guidance: str
    hash: str
    boilerplate: frozenset[str]
    """Lines of the template that a finished document may not contain."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it; whatever is right is used."""
    conflict: int = 0
    """The line where a merge left two versions of it; 0 where it is whole."""

    def __hash__(self) -> int:
        # What is worked out from a template is looked up by it for every document, and its sections are many.
        return hash(self.hash)

    @property
    def required(self) -> tuple[SectionSpec, ...]:
        """The sections that a document must have."""
        return tuple(s for s in self.sections if not s.constraint.optional)

    def section(self, key: str) -> SectionSpec | None:
        """Return the section of that key or field name."""
        return next((s for s in self.sections if key in (*s.keys, s.name)), None)

    def of_role(self, role: str) -> SectionSpec | None:
        """Return the first section that has a role."""
        return next((s for s in self.sections if s.role == role), None)


NO_ROLE = "none"
"""What a template writes for a section that has no role, though its heading looks like one."""
# Between the words that introduce a source and the source itself.
_PUNCTUATION = " \t([{:–—-,;*_"
# One word or several, without digits.
_NAME = lazy(r"[^\W\d_]+(?: [^\W\d_]+)*")


class Word(Struct, frozen=True):
    """How a role is known where no template declares it: by headings, as keys, or by the fields of an item.

    ``filled`` is the authoring step that fills such a section, 0 for the parts of a step.
    """

    headings: tuple[str, ...]
    fields: frozenset[str]
    filled: int


class RoleWords(Struct, frozen=True):
    """The words that ship, by role; for sections and for the parts of a step."""

    sections: Mapping[str, Word]
    parts: Mapping[str, Word]
    steps: tuple[str, ...]
    origins: tuple[str, ...]
    own_inputs: tuple[str, ...]
    moments: tuple[str, ...]
    """What a point in time begins with."""
    filled: tuple[tuple[int, tuple[str, ...]], ...]
    """Authoring steps with the words of headings that belong there."""


class Meaning(Struct, frozen=True):
    """How documents of one template are read; all words without case, all headings as keys.

    ``specs`` are the sections of the template that have a role. ``sections`` holds the headings to look for where no
    section of the template has that role. ``parts`` holds the labels of the parts of a step, ``part_specs`` what the
    template says of them. ``steps`` is what a step is called, ``origins`` what introduces the source of an input,
    ``own_inputs`` how such a source names the required inputs.
    """

    specs: Mapping[str, tuple[SectionSpec, ...]]
    sections: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]
    part_specs: Mapping[str, SectionSpec]
    steps: tuple[str, ...]
    origins: tuple[str, ...]
    own_inputs: tuple[str, ...]

    def role_of(self, heading: str) -> str:
        """Return the role of a section with that heading, or nothing."""
        key = section_key(heading)
        for role, specs in self.specs.items():
            if any(key in spec.keys for spec in specs):
                return role
        return next((role for role, keys in self.sections.items() if key in keys), "")

    def names_inputs(self, source: str) -> bool:
        """Say whether the source of an input means the required inputs of the procedure itself."""
        key = section_key(source).removeprefix("the ")
        return any(key == name or key.startswith(f"{name} ") for name in self.own_inputs)


@lru_cache(maxsize=1)
def words() -> RoleWords:
    """Return the words that ship."""
    table = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))

    def read(part: str) -> dict[str, Word]:
        return {
            role: Word(
                tuple(map(section_key, each["headings"])), frozenset(each.get("fields", ())), each.get("filled", 0)
            )
            for role, each in table[part].items()
        }

    steps, origins, own = ((w.casefold() for w in table[key]) for key in ("steps", "origins", "own_inputs"))
    filled = tuple((each["step"], tuple(each["words"])) for each in table["filled"])
    own_inputs, moments = tuple(map(section_key, own)), tuple(table["moments"])
    return RoleWords(read("sections"), read("parts"), tuple(steps), tuple(origins), own_inputs, moments, filled)


def filling_step(spec: SectionSpec) -> int:
    """Return the authoring step that fills a section which does not say so: by its role, else by its heading."""
    known = words()
    if spec.role in known.sections:
        return known.sections[spec.role].filled
    return next((step for step, heads in known.filled if any(word in spec.key for word in heads)), 6)


def assign_roles(specs: Sequence[SectionSpec], known: Mapping[str, Word]) -> tuple[SectionSpec, ...]:
    """Return sections with their roles: those declared, else by heading, else by the fields of an item.

    A declared role is never given to another section as well; one that follows from fields is given once.
    """
    taken = {spec.constraint.role for spec in specs}
    roles = [spec.constraint.role or _by_heading(spec, known, taken) for spec in specs]
    for place, spec in enumerate(specs):
        if not roles[place]:
            roles[place] = _by_fields(spec, known, {*taken, *roles})
    if "workflow" in known and "workflow" not in roles:
        steps = [place for place, spec in enumerate(specs) if spec.kind == "steps" and not roles[place]]
        for place in steps[:1]:
            roles[place] = "workflow"
    return tuple(replace(spec, role="" if role == NO_ROLE else role) for spec, role in zip(specs, roles, strict=True))


def _by_heading(spec: SectionSpec, known: Mapping[str, Word], taken: set[str]) -> str:
    return next((role for role, word in known.items() if spec.key in word.headings and role not in taken), "")


def _by_fields(spec: SectionSpec, known: Mapping[str, Word], taken: set[str]) -> str:
    fields = frozenset(slot.name for slot in spec.pattern.slots) if spec.pattern else frozenset[str]()
    return next(
        (role for role, word in known.items() if word.fields and word.fields == fields and role not in taken), ""
    )


@lru_cache(maxsize=256)
def meaning_of(template: Template | None) -> Meaning:
    """Return how the documents of a template are read; None for a document without one."""
    known = words()
    specs: dict[str, tuple[SectionSpec, ...]] = {}
    for spec in template.sections if template else ():
        if spec.role:
            specs[spec.role] = (*specs.get(spec.role, ()), spec)
    # A heading that the template has, and gives no role or another one, is never taken for what it mostly is.
    own_keys = set(chain.from_iterable(spec.keys for spec in (template.sections if template else ())))
    others = {
        role: tuple(key for key in word.headings if key not in own_keys)
        for role, word in known.sections.items()
        if role not in specs
    }
    workflow = next((spec for spec in specs.get("workflow", ()) if spec.kind == "steps"), None)
    inputs = specs.get("inputs", ())
    own = chain.from_iterable(spec.keys for spec in inputs)
    return Meaning(
        specs=specs,
        sections=others,
        parts=_parts(workflow, known.parts),
        part_specs=_part_specs(workflow),
        steps=tuple(dict.fromkeys((*known.steps, *map(str.casefold, _step_words(workflow))))),
        origins=tuple(dict.fromkeys((*known.origins, *_origin_words(workflow, inputs)))),
        own_inputs=tuple(dict.fromkeys((*own, *known.sections["inputs"].headings, *known.own_inputs))),
    )


def _parts(workflow: SectionSpec | None, known: Mapping[str, Word]) -> dict[str, tuple[str, ...]]:
    declared: dict[str, tuple[str, ...]] = {}
    for part in workflow.parts if workflow else ():
        if part.role:
            declared[part.role] = (*declared.get(part.role, ()), *part.keys)
    return {role: declared.get(role) or word.headings for role, word in known.items()}


def _part_specs(workflow: SectionSpec | None) -> dict[str, SectionSpec]:
    specs: dict[str, SectionSpec] = {}
    for part in workflow.parts if workflow else ():
        specs |= dict.fromkeys(part.keys, part)
    return specs


def step_word(template: Template) -> str:
    """Return what a template calls a step, as it is written there: ``Step``, ``Schritt``."""
    return next(_step_words(template.of_role("workflow")), words().steps[0].capitalize())


def inputs_name(template: Template) -> str:
    """Return how a step of the template names the required inputs as its source: their heading without a number."""
    spec = template.of_role("inputs")
    return plain_heading(spec.heading) if spec else words().sections["inputs"].headings[0].title()


def has_foreign_words(template: Template) -> bool:
    """Say whether a template calls its steps, or else the sources of inputs, as no template that ships does.

    English sentences would not fit into its documents.
    """
    known, workflow = words(), template.of_role("workflow")
    own, shipped = list(_step_words(workflow)), known.steps
    if not own:
        own, shipped = (
            list(_origin_words(workflow, [s for s in template.sections if s.role == "inputs"])),
            known.origins,
        )
    return bool(own) and not any(word.casefold() in shipped for word in own)


def _step_words(workflow: SectionSpec | None) -> Iterator[str]:
    """Yield what a step is called: the words before its number."""
    parts = workflow.step_heading.parts if workflow and workflow.step_heading else ()
    if len(parts) > 1 and isinstance(parts[0], str) and isinstance(parts[1], Slot) and parts[1].name == "number":
        word = " ".join(parts[0].split())
        if _NAME.fullmatch(word):
            yield word


def _origin_words(workflow: SectionSpec | None, inputs: Sequence[SectionSpec]) -> Iterator[str]:
    """Yield what introduces a source: the words before the last field of an input."""
    parts = [part for part in workflow.parts if part.role == "inputs"] if workflow else []
    for spec in (*inputs, *parts):
        word = _before_last(spec.pattern) if spec.pattern else ""
        if word:
            yield word


def _before_last(pattern: Pattern) -> str:
    before = ""
    for earlier, part in zip(pattern.parts, pattern.parts[1:], strict=False):
        if isinstance(part, Slot):
            before = earlier if isinstance(earlier, str) else ""
    word = " ".join(before.strip(_PUNCTUATION).split()).casefold()
    return word if ":" in before and _NAME.fullmatch(word) else ""
