"""A procedure as somebody works through it: its steps in order, with what is done in each and what each makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from procauthor.library.contract import NONE_WORDS, part_of, sections_of
from procauthor.library.library import Procedure
from procauthor.markdown.document import Document, Section
from procauthor.procedure import Step
from procauthor.template.role import meaning_of

_MARKER = re.compile(r"^(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# What such a section says is known before the work begins, or looked at when it has ended.
_BESIDE = frozenset(
    {"purpose", "scope", "trigger", "inputs", "plan", "rules", "outputs", "criteria", "consumers", "done", "records"}
    | {"exits", "signals", "failures", "status"}
)


class Stage(Struct, frozen=True):
    """A step to carry out. Texts are Markdown in one line, without links; what the step does not say is empty."""

    number: int
    name: str
    line: int
    purpose: str = ""
    actions: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def read_stages(procedure: Procedure) -> tuple[Stage, ...]:
    """Return the steps of a procedure; where it has none that are read as such, its sections with lists of items."""
    written = written_items(procedure.document)
    steps = procedure.contract.steps
    if steps:
        return tuple(_stage(procedure, step, number, written) for number, step in enumerate(steps, start=1))
    sections = [s for s in _working_sections(procedure) if _items(s, written)]
    return tuple(
        Stage(number, section.title, section.line, actions=_items(section, written))
        for number, section in enumerate(sections, start=1)
    )


def read_closing(procedure: Procedure) -> tuple[str, ...]:
    """Return what has to be true in the end: the items that say when the work is done."""
    written = written_items(procedure.document)
    sections = sections_of(procedure.document, procedure.template, "done")
    return tuple(item for section in sections for item in _items(section, written))


def written_items(document: Document) -> dict[str, str]:
    """Return each item by its text, as it is written, without its marker and with links as their text: code stays."""
    return {
        " ".join(item.text.split()): _plain(item.raw)
        for section in document.sections
        for block in section.blocks
        for item in block.items
    }


def _plain(raw: str) -> str:
    return _LINK.sub(r"\1", " ".join(_MARKER.sub("", raw.strip()).split()))


def _stage(procedure: Procedure, step: Step, number: int, written: Mapping[str, str]) -> Stage:
    def said(role: str) -> tuple[str, ...]:
        part = part_of(step, procedure.template, role)
        items = part.items or (part.text,) if part else ()
        plain = (" ".join(item.split()) for item in items)
        return tuple(written.get(item, item) for item in plain if item and item.casefold() not in NONE_WORDS)

    purpose = " ".join(said("purpose"))
    name = step.name or f"{number}"
    return Stage(
        number, name, step.line, purpose, said("actions"), said("decisions"), said("outputs"), said("failures")
    )


def _working_sections(procedure: Procedure) -> Iterator[Section]:
    meaning = meaning_of(procedure.template)
    return (s for s in procedure.document.sections if s.level > 1 and meaning.role_of(s.title) not in _BESIDE)


def _items(section: Section, written: Mapping[str, str]) -> tuple[str, ...]:
    items = (item for block in section.blocks for item in block.items if item.level == 0)
    texts = (" ".join(item.text.split()) for item in items)
    return tuple(written[text] for text in texts if text and text.casefold() not in NONE_WORDS)
