"""The standards that apply to a procedure, in short: named by the plan, linked by neighbours, found as passages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Passage, Standard
from procauthor.library.contract import read_artifact, sections_of
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Item, Section
from procauthor.naming import title_key
from procauthor.procedure import GONE
from procauthor.template.role import meaning_of

_MOST = 5
_MOST_RULES = 40
_LONGEST = 200
_SENTENCE = re.compile(r"(?<=[.;])\s")
_MARKUP = re.compile(r"\*\*|__")


def find_standards(
    request: ChangeRequest, library: Library, path: str, neighbours: Iterable[Neighbour], passages: Iterable[Passage]
) -> tuple[Standard, ...]:
    """Return the standards with their rules, those that most neighbours link first."""
    known = {p.path: p for p in library.of_kind("standard") if p.status not in GONE}
    if not known:
        return ()
    said = [f" {title_key(text)} " for text in request.actions]
    found = [p.path for p in known.values() if any(f" {p.key} " in text for text in said)]
    near = [path, *(n.path for n in neighbours if n.path)]
    linked = [target for each in near if each in library.by_path for target in library.by_path[each].targets]
    found += sorted(linked, key=lambda target: -linked.count(target))
    found += [p.path for p in passages]
    chosen = [known[each] for each in dict.fromkeys(found) if each in known][:_MOST]
    return tuple(Standard(p.title, p.path, tuple(_rules(p))) for p in chosen)


def _rules(standard: Procedure) -> Iterator[NamedText]:
    """Yield the rules by name, with the first sentence of each."""
    document, template = standard.document, standard.template
    origins = meaning_of(template).origins
    parts = [part for s in sections_of(document, template, "rules") for part in document.family(s)]
    for item in list(_items(parts or document.sections))[:_MOST_RULES]:
        rule = read_artifact(item, origins)
        if rule:
            text = rule.text.removeprefix(rule.name).lstrip(" :–—-")
            first = _SENTENCE.split(text, maxsplit=1)[0].rstrip(";")
            yield NamedText(rule.name, first if len(first) <= _LONGEST else f"{first[:_LONGEST]}...")


def _items(sections: Iterable[Section]) -> Iterator[Item]:
    """Yield the items that begin with a name in bold."""
    for section in sections:
        for block in section.blocks:
            yield from (item for item in block.items if item.level == 0 and _MARKUP.search(item.raw[:8]))
