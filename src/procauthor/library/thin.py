"""Sections that say less than they seem to: fewer entries than the template asks for, filler, one text everywhere.

Whatever is in doubt is no thin section: a short text may be all that there is to say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from procauthor.library.unit import has_content, read_units
from procauthor.markdown.document import Document, Section
from procauthor.naming import title_key
from procauthor.template.spec import SectionSpec, Template

_WORD = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"^\*\*[^*\n]+?(?::\*\*|\*\*:)\s*(?=\S)")
# A section of more letters says something, whatever its words are.
_LONGEST = 600
# Fewer words may well be the same in several sections: "See the contract."
_SENTENCE = 4
_SECTIONS = 3


@dataclass(frozen=True, slots=True)
class Thin:
    """A section that says too little, and why."""

    heading: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _SectionText:
    """A section of the template in a document, with its pieces, labels left out."""

    spec: SectionSpec
    section: Section
    units: tuple[str, ...]


def find_thin(document: Document, template: Template, sections: Mapping[str, Section]) -> tuple[Thin, ...]:
    """Return the sections that say too little, in the order of the template; those without content are none.

    Args:
        document: The document.
        template: Its template.
        sections: Where its sections are, by the key of the template.
    """
    texts = [
        _SectionText(spec, section, tuple(map(_without_label, read_units(document, section))))
        for spec in template.sections
        if (section := sections.get(spec.key)) and spec.kind != "group" and has_content(document, section)
    ]
    title = frozenset(title_key(document.title).split())
    repeated = _repeated(texts)
    found = ((text, _reason(document, text, title, repeated)) for text in texts)
    return tuple(Thin(text.section.title, text.section.line, reason) for text, reason in found if reason)


def _without_label(unit: str) -> str:
    return _LABEL.sub("", unit) if unit.startswith("**") else unit


def _reason(document: Document, text: _SectionText, title: frozenset[str], repeated: frozenset[str]) -> str:
    """Say why a section is thin; nothing where it is not."""
    if _is_none(text):
        return ""
    lacking = _bounds(document, text)
    if lacking:
        return lacking
    if text.spec.key in repeated:
        return "it holds the same sentence as other sections"
    return _empty_words(text, title) if sum(map(len, text.units)) <= _LONGEST else ""


def _empty_words(text: _SectionText, title: frozenset[str]) -> str:
    """Say that the words of a short section say nothing."""
    placeholders, joining = _filler()
    if all(" ".join(_words(unit)) in placeholders for unit in text.units):
        return "it holds no words"
    whole = " ".join(text.units).casefold()
    # To look for the words of the title is faster than to read all words, and mostly one of them is not there.
    if title and all(word in whole for word in title):
        words, own = frozenset(_words(whole)), title | frozenset(_words(text.section.title))
        if title <= words and not words - own - joining:
            return "it says no more than the title"
    return ""


def _bounds(document: Document, text: _SectionText) -> str:
    """Say that a section has fewer entries than its template asks for; in another form nothing can be counted."""
    least = text.spec.constraint.minimum
    count = _count(document, text.section, text.spec) if least > 1 else 0
    if count == 0 or count >= least:
        return ""
    thing = {"steps": "steps", "table": "rows"}.get(text.spec.kind, "entries")
    return f"it has {count} of the {least} {thing} that the template asks for"


def _count(document: Document, section: Section, spec: SectionSpec) -> int:
    family = list(document.family(section))
    if spec.kind == "steps":
        return sum(part.level == spec.step_level for part in family[1:])
    blocks = chain.from_iterable(part.blocks for part in family)
    if spec.kind == "table":
        return sum(len(block.rows) for block in blocks)
    items = chain.from_iterable(block.items for block in blocks) if spec.kind != "prose" else ()
    return sum(item.level == 0 for item in items)


def _is_none(text: _SectionText) -> bool:
    """Say whether a section holds what its template wants where there is nothing to say."""
    none = text.spec.constraint.none.strip().rstrip(".")
    return bool(none) and any(unit.startswith(none) for unit in text.units)


def _repeated(texts: Sequence[_SectionText]) -> frozenset[str]:
    """Return the keys of the sections in which every piece holds one sentence that is all of another section."""
    alone = {_words(text.units[0]) for text in texts if len(set(text.units)) == 1}
    for sentence in sorted(words for words in alone if len(words) >= _SENTENCE):
        holding = [text.spec.key for text in texts if text.units and all(_holds(unit, sentence) for unit in text.units)]
        if len(holding) >= min(_SECTIONS, max(2, len(texts))):
            return frozenset(holding)
    return frozenset()


def _holds(unit: str, sentence: tuple[str, ...]) -> bool:
    return f" {' '.join(sentence)} " in f" {' '.join(_words(unit))} "


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


@lru_cache(maxsize=1)
def _filler() -> tuple[frozenset[str], frozenset[str]]:
    """Return the texts that stand for a text to come, an empty one among them, and the words that only join others."""
    table = tomllib.loads((Path(__file__).parent / "filler.toml").read_text(encoding="utf-8"))
    return frozenset({"", *table["placeholders"]}), frozenset(table["joining"])
