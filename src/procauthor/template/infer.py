"""Infers templates from documents: the headings that those of a folder already share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import fmean
from typing import TypeVar

from procauthor.markdown.document import Document, Section
from procauthor.template.key import section_key

_T = TypeVar("_T", str, int)
_FEWEST = 3
_REQUIRED_SHARE = 0.6
_OPTIONAL_SHARE = 0.2
# One heading in common ("Resources") is a habit; two or more are a form.
_FEWEST_SHARED = 2
_ALIKE = 0.6
_MEMBER_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that documents share: how it is mostly written, and by which share of them."""

    key: str
    text: str
    level: int
    example: str
    share: float
    required: bool


@dataclass(frozen=True, slots=True)
class Inferred:
    """A template that documents already share, and the folders whose documents follow it."""

    folders: tuple[str, ...]
    documents: int
    headings: tuple[Heading, ...]

    @property
    def required(self) -> frozenset[str]:
        """The keys of the headings that a document must have."""
        return frozenset(h.key for h in self.headings if h.required)

    def render(self, name: str) -> str:
        """Return the template file."""
        parts = [f"---\ntemplate: {name}\nversion: 1\nkind: procedure\n---\n\n# {{title}}\n"]
        for heading in self.headings:
            optional = "" if heading.required else "<!--\noptional: true\n-->\n\n"
            parts.append(f"{'#' * heading.level} {heading.text}\n\n{optional}{heading.example}\n")
        return "\n".join(parts)


def infer(documents: Mapping[str, Document]) -> list[Inferred]:
    """Return the templates that documents share, the most common first.

    Headings of 60 % of the documents of a folder are required, of 20 % optional. Folders that share most of their
    required headings have one template; a folder of one or two documents joins where its documents fit.

    Args:
        documents: Documents by path; indexes and READMEs left out.
    """
    folders: dict[str, list[Document]] = {}
    for path, document in sorted(documents.items()):
        folders.setdefault(PurePosixPath(path).parent.as_posix(), []).append(document)
    shared = {folder: _shared(found) for folder, found in folders.items() if len(found) >= _FEWEST}
    groups = _groups(shared, {folder: len(found) for folder, found in folders.items()})
    for folder in (f for f in folders if len(folders[f]) < _FEWEST):
        home = next((g for g in groups if _fits(folders[folder], shared[g[0]])), None)
        if home is not None:
            home.append(folder)
    found = (_inferred(group, [d for f in group for d in folders[f]]) for group in groups)
    return sorted((f for f in found if len(f.required) >= _FEWEST_SHARED), key=lambda f: -f.documents)


def _groups(shared: Mapping[str, frozenset[str]], sizes: Mapping[str, int]) -> list[list[str]]:
    """Return folders whose documents have the same form; the largest of each group comes first and leads it."""
    groups: list[list[str]] = []
    for folder in sorted((f for f, keys in shared.items() if len(keys) >= _FEWEST_SHARED), key=lambda f: -sizes[f]):
        home = next((g for g in groups if _likeness(shared[folder], shared[g[0]]) >= _ALIKE), None)
        if home is None:
            groups.append([folder])
        else:
            home.append(folder)
    return groups


def _likeness(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / len(one | two)


def _fits(documents: Sequence[Document], keys: frozenset[str]) -> bool:
    return all(len(keys & _keys(document).keys()) >= len(keys) * _MEMBER_SHARE for document in documents)


def _top(document: Document) -> Iterator[Section]:
    """Yield the sections of the outermost level below the title; a text may call its title a heading of level 2."""
    below = [s for s in document.sections if s.heading and s.title and (s.level > 1 or s.title != document.title)]
    if not document.title and below and sum(s.level == below[0].level for s in below) == 1:
        below = below[1:]
    level = min((s.level for s in below), default=0)
    return (s for s in below if s.level == level)


def _keys(document: Document) -> dict[str, Section]:
    """Return the outermost sections by key; a field in a heading would be a field of the template."""
    found: dict[str, Section] = {}
    for section in _top(document):
        key = section_key(section.title)
        if key and "{" not in section.title:
            found.setdefault(key, section)
    return found


def _shared(documents: Sequence[Document]) -> frozenset[str]:
    counts = Counter(key for document in documents for key in _keys(document))
    return frozenset(key for key, count in counts.items() if count >= len(documents) * _REQUIRED_SHARE)


def _inferred(folders: Sequence[str], documents: Sequence[Document]) -> Inferred:
    places: dict[str, list[tuple[int, Section, Document]]] = {}
    for document in documents:
        for place, (key, section) in enumerate(_keys(document).items()):
            places.setdefault(key, []).append((place, section, document))
    total = len(documents)
    kept = {
        key: found
        for key, found in places.items()
        if len(found) >= total * _REQUIRED_SHARE or len(found) >= max(_FEWEST, total * _OPTIONAL_SHARE)
    }
    order = sorted(kept, key=lambda key: (fmean(place for place, _, _ in kept[key]), key))
    headings = tuple(_heading(key, [(s, d) for _, s, d in kept[key]], total) for key in order)
    return Inferred(tuple(sorted(folders)), total, headings)


def _heading(key: str, found: Sequence[tuple[Section, Document]], total: int) -> Heading:
    text = _commonest(section.title for section, _ in found)
    share = len(found) / total
    return Heading(
        key=key,
        text=text,
        level=max(2, _commonest(section.level for section, _ in found)),
        example=_example(text, _commonest(_kind(section) for section, _ in found)),
        share=share,
        required=share >= _REQUIRED_SHARE,
    )


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


def _example(text: str, kind: str) -> str:
    marker = {"list": "- ", "numbered": "1. ", "checklist": "- [ ] "}.get(kind, "")
    return f"{marker}{{What to say under {text.strip().rstrip(':')}.}}"
