"""What procedures hand to each other (which spellings mean the same, who promises it, who uses it), and their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from textwrap import dedent

from msgspec import Struct

from procauthor.convention.word import words
from procauthor.library.contract import is_none, part_of, sections_of
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import relative
from procauthor.markdown.document import Block, Document, Replacement, Section, bare_item
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.procedure import DONE, Step
from procauthor.regex import lazy
from procauthor.settings import Settings
from procauthor.template.render import Cleaner, read_pattern, render_pattern
from procauthor.template.spec import SectionSpec, meaning_of, plain_heading, section_key


@lru_cache(maxsize=65_536)
def artifact_key(name: str) -> str:
    """Return the key of an artifact: case, articles, emphasis and plurals do not count."""
    return " ".join(_singular(word) for word in title_key(name).split())


def _singular(word: str) -> str:
    """Return a word's stem; a key only has to be the same for one and for many."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - "bus", "api" are no plurals
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s").removesuffix("e")


def is_ready(procedure: Procedure) -> bool:
    """Say whether a document can be held to its contract: it is finished, and has a template."""
    return procedure.status in DONE and procedure.template is not None


def promised(procedure: Procedure) -> dict[str, str]:
    """Return the artifacts of the output contract by key."""
    return {artifact_key(a.name): a.name for a in procedure.contract.outputs}


def knows(provider: Procedure, consumer: Procedure, key: str) -> bool:
    """Say whether a provider names a consumer of an artifact; one whose template has no such section need not."""
    if provider.template is None or provider.template.of_role("consumers") is None:
        return True
    if any(
        artifact_key(c.artifact) == key and consumer.path in provider.resolve(c.target).paths
        for c in provider.contract.consumers
    ):
        return True
    return any(
        f" {key} " in f" {artifact_key(line)} " and f" {consumer.key} " in f" {title_key(line)} "
        for line in provider.contract.downstream
    )


_BULLET = lazy(rb"[ \t]*(?:[-*+]|\d+[.)])[ \t]+")
_EMPTY_LINE = lazy(rb"\n[ \t]*\r?\n")


class RequiredInput(Struct, frozen=True):
    """One required input of a consumer, under the name that its provider promises."""

    path: str
    title: str
    artifact: str
    why: str


def name_consumers(provider: Procedure, uses: Sequence[RequiredInput]) -> Iterator[Replacement]:
    """Yield what gives each use a line, in the form of the template and in the manner of the lines that are there."""
    spec = provider.template.of_role("consumers") if provider.template else None
    section = next(iter(sections_of(provider.document, provider.template, "consumers")), None)
    if spec is None or section is None or not _is_plain(spec):
        return
    blocks = [block for block in section.blocks if block.kind == "list"]
    lines = [_line(provider, spec, use) for use in dict.fromkeys(uses)]
    newline = provider.document.source.newline
    if blocks:
        yield _append(provider, blocks[-1], lines, newline)
        return
    text = newline.join(f"- {line}" for line in lines)
    only = section.blocks[0] if len(section.blocks) == 1 else None
    none = spec.constraint.none
    if only is not None and none and only.kind == "paragraph" and only.text.strip() == none:
        ends_line = provider.source.raw[only.start : only.end].endswith(b"\n")
        yield Replacement(only.start, only.end, text + (newline if ends_line else ""))


def _is_plain(spec: SectionSpec) -> bool:
    """Say whether a line has one reference, and fields before and behind it: artifact, consumer, use."""
    slots = spec.pattern.slots if spec.kind == "list" and spec.pattern else ()
    return len(slots) == 3 and [slot.reference for slot in slots] == [False, True, False]  # noqa: PLR2004 - named above


def _line(provider: Procedure, spec: SectionSpec, use: RequiredInput) -> str:
    assert spec.pattern is not None
    names = (slot.name for slot in spec.pattern.slots)
    values = dict(zip(names, (use.artifact, use.title, use.why), strict=True))
    clean = Cleaner({use.title: relative(provider.path, use.path)})
    return render_pattern(spec.pattern, values, clean)


def _append(provider: Procedure, block: Block, lines: list[str], newline: str) -> Replacement:
    raw = provider.document.source.raw
    tops = [item for item in block.items if item.level == 0]
    bullet = _BULLET.match(raw, raw.rfind(b"\n", 0, tops[-1].start) + 1)
    sign = bullet[0].decode() if bullet and not any(c.isdigit() for c in bullet[0].decode()) else "- "
    # Where the last line ends with a full stop, so do the new ones.
    end = block.start + len(raw[block.start : block.end].rstrip())
    stop = "." if raw[end - 1 : end] == b"." else ""
    loose = len(tops) > 1 and _EMPTY_LINE.search(raw, tops[-2].start, tops[-1].start)
    gap = newline * 2 if loose else newline
    text = "".join(f"{gap}{sign}{line.rstrip('.')}{stop}" if stop else f"{gap}{sign}{line}" for line in lines)
    return Replacement(end, end, text)


class Doer(Struct, frozen=True):
    """Who does a step: the line and the words that say so, and the role, where the words have the template's form."""

    line: int
    text: str
    role: str | None


def find_doers(procedure: Procedure) -> Iterator[Doer]:
    """Yield who does each step; of "tech lead; within two days" the role is what the template's first field holds."""
    for step in procedure.contract.steps if procedure.template else ():
        part = part_of(step, procedure.template, "who")
        if part is None:
            continue
        spec = meaning_of(procedure.template).part_specs.get(part.key)
        pattern = spec.pattern if spec else None
        for text in filter(None, part.texts):
            fields = read_pattern(pattern, text) if pattern else None
            yield Doer(part.line, text, fields[pattern.slots[0].name] if pattern and fields else None)


def listed_roles(library: Library, settings: Settings) -> frozenset[str]:
    """Return the roles of the library's list, without case; none where it keeps no list.

    They are in the first column of each table of the document whose head names roles, in any language that ships.
    """
    document = library.by_path.get(settings.library.roles)
    return _read_roles(document.source.raw) if document is not None else frozenset()


@lru_cache(maxsize=4)
def _read_roles(raw: bytes) -> frozenset[str]:
    heads = words()["roles"]["heads"]
    lists = (b for b in parse(raw).blocks if b.header is not None and section_key(b.header.cells[0].text) in heads)
    rows = chain.from_iterable(block.rows for block in lists)
    roles = (row.cells[0].text.strip(" *_`").casefold() for row in rows if row.cells)
    return frozenset(filter(None, roles))


_LINK = lazy(r"!?\[([^\]]*)\]\([^)]*\)")
# A command or a table below the words of an item.
_BLOCK = lazy(r"\n(?:[ \t]*\n)*(?=[ \t]*(?:```|~~~|\|))")
# What such a section says is known before the work begins, or looked at when it has ended.
_BESIDE = frozenset(
    {"purpose", "scope", "trigger", "inputs", "plan", "rules", "outputs", "criteria", "consumers", "done", "records"}
    | {"exits", "signals", "failures", "status"}
)


class Stage(Struct, frozen=True):
    """A step to carry out. What it does not say is empty.

    Texts are Markdown without links, in one line; code and tables below the words are lines of their own.
    """

    number: int
    name: str
    line: int
    purpose: str = ""
    actions: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def read_stages(procedure: Procedure) -> tuple[Stage, ...]:
    """Return the steps of a procedure; where it has none that are read as such, its sections with lists of items.

    Those of the workflow come before all others.
    """
    written = written_items(procedure.document)
    steps = procedure.contract.steps
    if steps:
        return tuple(_stage(procedure, step, number, written) for number, step in enumerate(steps, start=1))
    workflow = sections_of(procedure.document, procedure.template, "workflow")
    own = chain.from_iterable(map(procedure.document.family, workflow))
    sections = [s for s in own if _items(s, written)] or [s for s in _working_sections(procedure) if _items(s, written)]
    return tuple(
        Stage(number, plain_heading(section.title) or section.title, section.line, actions=_items(section, written))
        for number, section in enumerate(sections, start=1)
    )


def read_closing(procedure: Procedure) -> tuple[str, ...]:
    """Return what has to be true in the end: the items that say when the work is done."""
    written = written_items(procedure.document)
    sections = sections_of(procedure.document, procedure.template, "done")
    return tuple(chain.from_iterable(_items(section, written) for section in sections))


def written_items(document: Document) -> dict[str, str]:
    """Return each item by its text, as it is written, without its marker and with links as their text.

    Its words are one line, and code or a table below them are lines of their own.
    """
    items = chain.from_iterable(section.items for section in document.sections)
    return {" ".join(item.text.split()): _plain(item.raw) for item in items}


def _plain(raw: str) -> str:
    words, *blocks = _BLOCK.split("\n".join(raw.strip().splitlines()), maxsplit=1)
    return "\n".join([_LINK.sub(r"\1", " ".join(bare_item(words).split())), *map(dedent, blocks)])


def _stage(procedure: Procedure, step: Step, number: int, written: Mapping[str, str]) -> Stage:
    def said(role: str) -> tuple[str, ...]:
        part = part_of(step, procedure.template, role)
        items = part.texts if part else ()
        plain = (" ".join(item.split()) for item in items)
        return tuple(written.get(item, item) for item in plain if item and not is_none(item))

    purpose = " ".join(said("purpose"))
    name = step.name or f"{number}"
    return Stage(
        number, name, step.line, purpose, said("actions"), said("decisions"), said("outputs"), said("failures")
    )


def _working_sections(procedure: Procedure) -> Iterator[Section]:
    meaning = meaning_of(procedure.template)
    return (s for s in procedure.document.sections if s.level > 1 and meaning.role_of(s.title) not in _BESIDE)


def _items(section: Section, written: Mapping[str, str]) -> tuple[str, ...]:
    texts = (" ".join(item.text.split()) for item in section.items if item.level == 0)
    return tuple(written[text] for text in texts if text and not is_none(text))
