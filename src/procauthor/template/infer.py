"""Writes the template that documents already share: their headings, and which of these all of them have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import fmean
from typing import TypeVar

from procauthor.data import ungrouped
from procauthor.markdown.document import Document, Item, Section, bare_item
from procauthor.regex import lazy
from procauthor.template.spec import plain_heading, section_key, words

_MOSTLY = 0.6
_SOURCE = lazy(r"\s*\((?P<word>[^\W\d_][^\W\d_ ]{0,20}):\s*[^()]*(?:\([^()]*\)[^()]*)?\)\s*$")
_NAMED = lazy(r"\*\*[^*\n]{1,80}?(?P<inside>:?)\*\*(?P<gap>:?\s*(?:[-–—]\s+)?)(?P<rest>.*)$")
# What a name in bold and the words behind it are, by the role of their section.
_FIELDS = {"inputs": ("artifact", "description"), "outputs": ("artifact", "guarantee"), "exits": ("state", "meaning")}


def example_of(items: Sequence[Item], role: str) -> str:
    """Return an example of an item as most are written, with its marker; without any, the items are plain.

    ``- **Ticket**: what is wanted (From: Intake)`` gives ``- **{artifact}**: {description} (From: {provider?})`` in a
    section of inputs.
    """
    top = min((item.level for item in items), default=0)
    outer = [item for item in items if item.level == top]
    if not outer:
        return "- {item}"
    shapes = Counter(_item_shape(item, role) for item in outer)
    shape = max(shapes, key=lambda each: (shapes[each], each))
    ticked = sum(item.checked is not None for item in outer) > len(outer) / 2
    ordered = sum(item.number is not None for item in outer) > len(outer) / 2
    marker = "- [ ] " if ticked else ("- ", "1. ")[ordered]
    return marker + (shape if shapes[shape] >= len(outer) * _MOSTLY else "{item}")


def _item_shape(item: Item, role: str) -> str:
    text = bare_item(item.raw.split("\n")[0].strip())
    source = _SOURCE.search(text)
    named = _NAMED.match(text[: source.start()] if source else text)
    if named is None:
        return f"{{artifact}} ({source['word']}: {{source}})" if source else "{item}"
    name, words = ("artifact", "description") if source else _FIELDS.get(role, ("name", "text"))
    behind = f" ({source['word']}: {{provider?}})" if source else ""
    said = f"{named['gap'].rstrip()} {{{words}}}" if named["rest"].strip() else named["gap"].rstrip()
    return f"**{{{name}}}{named['inside']}**{said}{behind}"


_T = TypeVar("_T", str, int)
# "About all": one of twenty may have forgotten a section.
_REQUIRED_SHARE = 0.94
_OPTIONAL_SHARE = 0.5
_FEWEST = 2
# What the team's own template or most steps have is asked for, although some do without.
_SHOWN_SHARE = 0.8
_LONGEST_GUIDANCE = 400
_STEP_WORD = lazy(r"^([^\W\d_]+)\s+\d{1,3}\s*([:.)–—-])\s+\S")
_LABEL = lazy(r"^\*\*([^*\n]{1,40}?):?\*\*:?\s*$")
_STEP_NUMBER = lazy(r"^\d{1,3}([.):])\s+\S")


@dataclass(frozen=True, slots=True)
class SharedHeading:
    """A heading that documents share: how it is mostly written, and by which share of them."""

    key: str
    text: str
    level: int
    example: str
    share: float
    required: bool
    role: str = ""
    """What the section means, by its heading, as far as can be told."""
    guidance: str = ""
    """What the team's own template says below the heading."""

    @property
    def comment(self) -> str:
        """What the template file says of the section, as a comment."""
        role = f"role: {self.role}" if self.role else ""
        optional = "" if self.required else "optional: true"
        lines = [line for line in (role, optional, self.guidance) if line]
        return "<!--\n" + "\n".join(lines) + "\n-->\n\n" if lines else ""

    @property
    def has_steps(self) -> bool:
        """Whether the headings below it are steps."""
        return "{number}" in self.example


@dataclass(frozen=True, slots=True)
class Inferred:
    """A template that documents already share, and how many do."""

    documents: int
    headings: tuple[SharedHeading, ...]
    in_order: float = 1.0
    """The share of the documents that have these headings in one order."""

    @property
    def required(self) -> frozenset[str]:
        """The keys of the headings that a document must have."""
        return frozenset(h.key for h in self.headings if h.required)

    def render(self, name: str, kind: str = "procedure") -> str:
        """Return the template file."""
        parts = [f"---\ntemplate: {name}\nversion: 1\nkind: {kind}\n---\n\n# {{title}}\n"]
        for heading in self.headings:
            optional = heading.comment
            parts.append(f"{'#' * heading.level} {heading.text}\n\n{optional}{heading.example}\n")
        return "\n".join(parts)


def infer(documents: Sequence[Document], shown: Document | None = None, least: float = _OPTIONAL_SHARE) -> Inferred:
    """Return the template that some documents share.

    A heading that about all of them have is required; one that half of them have is optional. Where the team has a
    template of its own, ``shown``, its headings are required unless many do without, and its words are the guidance.
    ``least`` is the share of the documents that must have a heading.
    """
    total = len(documents)
    kept = _kept([outer_sections(document) for document in documents], documents, least)
    if len(kept) < _FEWEST:
        kept = _kept([sections_by_key(document) for document in documents], documents, least)
    order = sorted(kept, key=lambda key: (fmean(place for place, _, _ in kept[key]), key))
    own = sections_by_key(shown) if shown else {}
    headings = [_shown(_heading(key, [(s, d) for _, s, d in kept[key]], total), shown, own.get(key)) for key in order]
    return Inferred(total, tuple(_with_roles(headings)), _share_in_order(order, kept))


def _shown(heading: SharedHeading, document: Document | None, section: Section | None) -> SharedHeading:
    """Return a heading with what the team's own template says of it."""
    if document is None or section is None:
        return heading
    texts = [item.text for item in section.items]
    texts += [block.text for block in section.blocks if block.kind in ("paragraph", "quote")]
    text = " ".join(" ".join(texts).replace("--", "-").replace(">", "").split())[:_LONGEST_GUIDANCE]
    guidance = f"The team's template says: {text}" if text else ""
    return replace(heading, required=heading.share >= _SHOWN_SHARE, guidance=guidance)


def _with_roles(headings: Iterable[SharedHeading]) -> Iterator[SharedHeading]:
    taken: set[str] = set()
    for heading in headings:
        role = next((r for r, word in words().sections.items() if heading.key in word.headings and r not in taken), "")
        taken.add(role)
        yield replace(heading, role=role)


def _kept(
    sections: Sequence[Mapping[str, Section]], documents: Sequence[Document], least: float
) -> dict[str, list[tuple[int, Section, Document]]]:
    """Return the sections that enough of the documents have, each with its place in its document."""
    places: dict[str, list[tuple[int, Section, Document]]] = {}
    for own, document in zip(sections, documents, strict=True):
        for place, (key, section) in enumerate(own.items()):
            places.setdefault(key, []).append((place, section, document))
    return {key: each for key, each in places.items() if len(each) >= len(documents) * least}


def _share_in_order(order: Sequence[str], kept: Mapping[str, Sequence[tuple[int, Section, Document]]]) -> float:
    """Return the share of the documents whose sections are all in one order."""
    starts: dict[int, list[int]] = {}
    for key in order:
        for _, section, document in kept[key]:
            starts.setdefault(id(document), []).append(section.start)
    return sum(each == sorted(each) for each in starts.values()) / len(starts) if starts else 1.0


def outer_sections(document: Document) -> dict[str, Section]:
    """Return the sections below the title that are in no other one, by key, in the order of the text.

    A heading in a chapter says what that chapter is about, and is seldom asked for in every document.
    """
    sections = sections_by_key(document)
    inside = {section.index for section in sections.values()}
    return {key: s for key, s in sections.items() if not any(index in inside for index in above(document, s))}


def above(document: Document, section: Section) -> Iterator[int]:
    """Yield the indexes of the sections that a section is in, the nearest first."""
    parent = section.parent
    while parent is not None:
        yield parent
        parent = document.sections[parent].parent


def sections_by_key(document: Document) -> dict[str, Section]:
    """Return the outermost section of each key below the title, in the order of the text."""
    kept: dict[str, Section] = {}
    for section in _below_title(document):
        key = section_key(section.title)
        # A field in a heading would be a field of the template.
        if key and "{" not in section.title and (key not in kept or section.level < kept[key].level):
            kept[key] = section
    return kept


def _below_title(document: Document) -> Iterator[Section]:
    """Yield the sections with a heading; one that is higher than all others is the title, whatever its level.

    Where the front matter has another title, the only heading is no title.
    """
    below = [s for s in document.sections if s.heading and s.title]
    top = min((s.level for s in below), default=0)
    titled = bool(below) and below[0].level == top and sum(s.level == top for s in below) == 1
    if len(below) == 1 and document.front_title:
        titled = section_key(below[0].title) == section_key(document.front_title)
    return (s for s in below if not (s.level == 1 or (titled and s is below[0])))


def _heading(key: str, sections: Sequence[tuple[Section, Document]], total: int) -> SharedHeading:
    text = _commonest(section.title for section, _ in sections)
    share = len(sections) / total
    return SharedHeading(
        key=key,
        text=text,
        level=max(2, _commonest(section.level for section, _ in sections)),
        example=_steps(sections) or _example(key, text, [section for section, _ in sections]),
        share=share,
        required=share >= _REQUIRED_SHARE,
    )


def _steps(sections: Sequence[tuple[Section, Document]]) -> str:
    """Return the heading of a step where most documents have steps below a section, else an empty string."""
    shapes = [shape for section, document in sections if (shape := _step_shape(document, section))]
    if len(shapes) < len(sections) * _OPTIONAL_SHARE:
        return ""
    labels = _labels([(s, d) for s, d in sections if _step_shape(d, s)])
    return "\n\n".join((_commonest(shapes), *labels))


def _labels(sections: Sequence[tuple[Section, Document]]) -> list[str]:
    """Return the parts of most steps, each a label in bold with an example of its items, in the order of the text."""
    steps = list(ungrouped((document, document.children(section)) for section, document in sections))
    parts: dict[str, list[Sequence[Item]]] = {}
    for document, step in steps:
        for label, items in dict(_bold(step, document)).items():
            parts.setdefault(label, []).append(items)
    return [
        _example_of_part(label, list(chain.from_iterable(lists)), optional=len(lists) < len(steps) * _SHOWN_SHARE)
        for label, lists in parts.items()
        if len(lists) >= len(steps) * _OPTIONAL_SHARE
    ]


def _example_of_part(label: str, items: list[Item], *, optional: bool) -> str:
    constraint = "<!--\noptional: true\n-->\n\n" if optional else ""
    return f"**{label}:**\n\n{constraint}{example_of(items, _part_role(label))}"


def _part_role(label: str) -> str:
    return next((role for role, word in words().parts.items() if section_key(label) in word.headings), "")


def _bold(step: Section, document: Document) -> Iterator[tuple[str, Sequence[Item]]]:
    """Yield the labels in bold of a step, each with the items right behind it."""
    label = ""
    for block in step.blocks:
        match = _LABEL.match(document.source.slice(block.start, block.end).strip())
        if block.kind == "paragraph" and match:
            label = match[1].strip()
            yield label, ()
        elif label:
            yield label, block.items
            label = ""


def _step_shape(document: Document, section: Section) -> str:
    children = list(document.children(section))
    shapes = [f"{'#' * child.level} {shape}" for child in children if (shape := _shape(child.title))]
    return _commonest(shapes) if shapes and len(shapes) >= len(children) * _OPTIONAL_SHARE else ""


def _shape(title: str) -> str:
    word, number = _STEP_WORD.match(title), _STEP_NUMBER.match(title)
    if word:
        gap = "" if word[2] in ":.)" else " "
        return f"{word[1]} {{number}}{gap}{word[2]} {{name}}"
    return f"{{number}}{number[1]} {{name}}" if number else ""


def _commonest(values: Iterable[_T]) -> _T:
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))


def _kind(section: Section) -> str:
    """Return what a section starts with: prose, a list, a numbered list or a checklist."""
    first = next((b for b in section.blocks if b.kind not in ("html", "rule")), None)
    if first is None or first.kind != "list" or not first.items:
        return "prose"
    if first.items[0].checked is not None:
        return "checklist"
    return "list" if first.items[0].number is None else "numbered"


def _example(key: str, text: str, sections: Sequence[Section]) -> str:
    kind = _commonest(map(_kind, sections))
    if kind != "prose":
        first = chain.from_iterable(section.blocks[:1] for section in sections)
        lists = (block.items for block in first if block.kind == "list")
        role = next((role for role, word in words().sections.items() if key in word.headings), "")
        shape = example_of(list(chain.from_iterable(lists)), role)
        if shape and "{item}" not in shape:
            return shape
    marker = {"list": "- ", "numbered": "1. ", "checklist": "- [ ] "}.get(kind, "")
    return f"{marker}{{What to say under {plain_heading(text).rstrip(':')}.}}"
