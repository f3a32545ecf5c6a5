"""Which rules of standards a brief holds: those that fit its subject, few and whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Passage, Standard
from procauthor.authoring.near import compare, widen
from procauthor.authoring.passage import Subject, terms_of
from procauthor.library.contract import read_artifact, sections_of
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Item, Section
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy
from procauthor.template.spec import meaning_of

_MOST_RULES = 12
# Of a standard that neighbours link or the plan names, so many rules are told though few words fit.
_LEAST_RULES = 3
# A rule that fits so much less well than the best one is beside the subject.
_LEAST_SHARE = 0.6
# How much the standard of a rule counts beside the words of the rule: what it is for, who links it, who quotes it.
_OF_PURPOSE, _OF_LINKS, _OF_PASSAGES = 0.5, 0.3, 0.2
_NEAR = 12
_MARKUP = lazy(r"\*\*|__")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule by its name, and where it is: in which standard, and at which place of it."""

    path: str
    place: int
    named: NamedText

    @property
    def key(self) -> str:
        return f"{self.path}#{self.place}"


def find_standards(  # noqa: PLR0913, PLR0917 - what decides which standards apply
    request: ChangeRequest,
    library: Library,
    path: str,
    neighbours: Iterable[Neighbour],
    passages: Iterable[Passage],
    subject: Subject,
    near: Sequence[Procedure],
) -> tuple[Standard, ...]:
    """Return the standards with the rules that fit, each rule whole, the standard that fits best first.

    A standard is told of in any case where the plan names it, or the document itself or a neighbour links it.

    Args:
        request: What is asked for.
        library: The library.
        path: Where the document is or will be.
        neighbours: Who comes before and after it.
        passages: What is told of the library.
        subject: What it is about.
        near: The procedures that are nearest to it, the nearest first.
    """
    known = {p.path: p for p in library.of_kind("standard") if p.status not in UNCOUNTED}
    rules = list(chain.from_iterable(map(_rules, known.values())))
    grades = _grade(rules, known, widen(subject, near), _tied(known, passages, near))
    order = sorted((rule for rule in rules if grades[rule.key]), key=lambda rule: -grades[rule.key])
    least = _LEAST_SHARE * grades[order[0].key] if order else 0.0
    chosen = [rule for rule in order[:_MOST_RULES] if grades[rule.key] >= least]
    for bound in sorted(set(_bound(request, library, path, neighbours, known))):
        own = sorted((rule for rule in rules if rule.path == bound), key=lambda rule: -grades[rule.key])
        chosen += [rule for rule in own[:_LEAST_RULES] if rule not in chosen]
    return tuple(
        Standard(known[each].title, each, _of(chosen, each)) for each in dict.fromkeys(rule.path for rule in chosen)
    )


def _grade(
    rules: Sequence[_Rule], known: Mapping[str, Procedure], weights: Mapping[str, float], tied: Mapping[str, float]
) -> dict[str, float]:
    """Return how well each rule fits: by its own words, and by what its standard is for; 0 for one without a word."""
    words = compare({rule.key: terms_of(f"{rule.named.name} {rule.named.text}") for rule in rules}, weights)
    purposes = compare({path: terms_of(f"{p.title} {p.gist.purpose}") for path, p in known.items()}, weights)
    more = {path: _OF_PURPOSE * purposes[path] + tied.get(path, 0.0) for path in known}
    return {rule.key: words[rule.key] and words[rule.key] + more[rule.path] for rule in rules}


def _tied(known: Mapping[str, Procedure], passages: Iterable[Passage], near: Sequence[Procedure]) -> dict[str, float]:
    """Return how much the nearest procedures link each standard, and whether a passage is from it."""
    links: Counter[str] = Counter()
    for place, procedure in enumerate(near[:_NEAR]):
        links.update(dict.fromkeys(known.keys() & set(procedure.targets), _NEAR - place))
    most = max(links.values(), default=1)
    quoted = {passage.path for passage in passages}
    return {path: _OF_LINKS * links[path] / most + _OF_PASSAGES * (path in quoted) for path in known}


def _of(rules: Iterable[_Rule], path: str) -> tuple[NamedText, ...]:
    """Return the rules of a standard in their order."""
    own = sorted((rule for rule in rules if rule.path == path), key=lambda rule: rule.place)
    return tuple(rule.named for rule in own)


def _bound(
    request: ChangeRequest,
    library: Library,
    path: str,
    neighbours: Iterable[Neighbour],
    known: Mapping[str, Procedure],
) -> Iterator[str]:
    """Yield the standards that the plan names, or that neighbours link."""
    said = [f" {title_key(text)} " for text in request.actions]
    yield from (p.path for p in known.values() if any(f" {p.key} " in text for text in said))
    tied = [path, *(n.path for n in neighbours if n.path and n.relation != "is close to")]
    for each in (each for each in tied if each in library.by_path):
        yield from known.keys() & set(library.by_path[each].targets)


def _rules(standard: Procedure) -> Iterator[_Rule]:
    """Yield the rules by name, whole."""
    document, template = standard.document, standard.template
    origins = meaning_of(template).origins
    parts = list(chain.from_iterable(map(document.family, sections_of(document, template, "rules"))))
    for place, item in enumerate(_items(parts or document.sections)):
        rule = read_artifact(item, origins)
        if rule:
            text = rule.text.removeprefix(rule.name).lstrip(" :–—-")
            yield _Rule(standard.path, place, NamedText(rule.name, text))


def _items(sections: Iterable[Section]) -> Iterator[Item]:
    """Yield the items that begin with a name in bold."""
    for section in sections:
        for block in section.blocks:
            yield from (item for item in block.items if item.level == 0 and _MARKUP.search(item.raw[:8]))
