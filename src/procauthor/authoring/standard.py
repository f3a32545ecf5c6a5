"""The standards that apply to a procedure, with the rules that fit its subject."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Passage, Standard
from procauthor.authoring.subject import Subject, terms_of
from procauthor.library.contract import read_artifact, sections_of
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Item, Section
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.template.role import meaning_of

_MOST = 5
_MOST_RULES = 24
# Of a standard that neighbours link or the plan names, so many rules are told though few words fit.
_LEAST_RULES = 3
_LONGEST = 600
# A rule that shares a word only that many rules have in common is no rule for this subject.
_COMMON = 0.2
_MARKUP = re.compile(r"\*\*|__")


@dataclass(frozen=True, slots=True)
class _Rule:
    standard: Procedure
    named: NamedText
    terms: frozenset[str]
    place: int


def find_standards(  # noqa: PLR0913, PLR0917 - what decides which standards apply
    request: ChangeRequest,
    library: Library,
    path: str,
    neighbours: Iterable[Neighbour],
    passages: Iterable[Passage],
    subject: Subject,
) -> tuple[Standard, ...]:
    """Return the standards with the rules that fit, those that fit best first; each rule whole.

    A standard is looked at in any case where the plan names it, a neighbour links it, or a passage is from it; any
    other where its rules speak of the subject.
    """
    known = {p.path: p for p in library.of_kind("standard") if p.status not in UNCOUNTED}
    bound = set(_bound(request, library, path, neighbours, known)) | {p.path for p in passages if p.path in known}
    rules = [rule for standard in known.values() for rule in _rules(standard)]
    counts = Counter(term for rule in rules for term in rule.terms)
    grades = {id(rule): _grade(rule, subject, counts, len(rules)) for rule in rules}
    fitting = sorted((rule for rule in rules if grades[id(rule)]), key=lambda rule: -grades[id(rule)])
    chosen = fitting[:_MOST_RULES]
    for standard_path in sorted(bound):
        own = sorted((r for r in rules if r.standard.path == standard_path), key=lambda rule: -grades[id(rule)])
        chosen += [rule for rule in own[:_LEAST_RULES] if rule not in chosen]
    order = list(dict.fromkeys(rule.standard.path for rule in chosen))
    order.sort(key=lambda each: each not in bound)
    return tuple(Standard(known[each].title, each, _of(chosen, each)) for each in order[:_MOST])


def _of(rules: Iterable[_Rule], path: str) -> tuple[NamedText, ...]:
    """Return the rules of a standard in their order."""
    own = sorted((rule for rule in rules if rule.standard.path == path), key=lambda rule: rule.place)
    return tuple(rule.named for rule in own)


def _bound(
    request: ChangeRequest,
    library: Library,
    path: str,
    neighbours: Iterable[Neighbour],
    known: dict[str, Procedure],
) -> Iterator[str]:
    """Yield the standards that the plan names, or that neighbours link."""
    said = [f" {title_key(text)} " for text in request.actions]
    yield from (p.path for p in known.values() if any(f" {p.key} " in text for text in said))
    near = [path, *(n.path for n in neighbours if n.path and n.relation != "is close to")]
    linked = Counter(target for each in near if each in library.by_path for target in library.by_path[each].targets)
    yield from (target for target, _ in linked.most_common() if target in known)


def _grade(rule: _Rule, subject: Subject, counts: Counter[str], total: int) -> float:
    """Return how well a rule fits: rare words count more than common ones, and those of the title most."""
    shared = [term for term in rule.terms & subject.weights.keys() if counts[term] <= max(2, _COMMON * total)]
    return sum(subject.weights[term] * math.log(1 + total / counts[term]) for term in shared)


def _rules(standard: Procedure) -> Iterator[_Rule]:
    """Yield the rules by name, whole."""
    document, template = standard.document, standard.template
    origins = meaning_of(template).origins
    parts = [part for s in sections_of(document, template, "rules") for part in document.family(s)]
    for place, item in enumerate(_items(parts or document.sections)):
        rule = read_artifact(item, origins)
        if rule:
            text = rule.text.removeprefix(rule.name).lstrip(" :–—-")
            shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
            yield _Rule(standard, NamedText(rule.name, shown), terms_of(f"{rule.name} {text}"), place)


def _items(sections: Iterable[Section]) -> Iterator[Item]:
    """Yield the items that begin with a name in bold."""
    for section in sections:
        for block in section.blocks:
            yield from (item for item in block.items if item.level == 0 and _MARKUP.search(item.raw[:8]))
