"""Which rules of standards a brief holds: those that fit its subject, few and whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Standard
from procauthor.authoring.passage import cover
from procauthor.library.contract import read_artifact, sections_of
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Item, Section
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy
from procauthor.template.spec import meaning_of

_MOST_RULES = 8
# Of a standard that neighbours link or the plan names, so many rules are told though few words fit.
_LEAST_RULES = 3
# A rule that fits less well, or so much less well than the best one, is beside the subject.
_LEAST_FIT, _LEAST_SHARE = 0.25, 0.4
# How much else counts beside the words of a rule: who names it, what its standard is for, who links that.
_OF_NAMING, _OF_PURPOSE, _OF_LINKS = 0.4, 0.3, 0.1
# So many of the nearest procedures are asked; the sixth counts half as much as the first.
_NEAR, _FADING = 9, 5
# A rule of more words says more in passing.
_LONG = 25
_MARKUP = lazy(r"\*\*|__")
# What names a rule elsewhere: "ABC-04". Each word is taken whole, so that one without end is read once.
_TOKEN = re.compile(rb"[\w.-]++")
_ID = re.compile(rb"[^A-Za-z]*+(?=[A-Za-z]\D*+\d)([\w.-]*\d\w*)")


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
    telling: Mapping[str, float],
    around: Mapping[str, float],
    near: Sequence[Procedure],
) -> tuple[Standard, ...]:
    """Return the standards with the rules that fit, each rule whole, the standard that fits best first.

    A standard is told of in any case where the plan names it, or the document itself or a neighbour links it.

    Args:
        request: What is asked for.
        library: The library.
        path: Where the document is or will be.
        neighbours: Who comes before and after it.
        telling: How much each word tells of its subject.
        around: How much each word tells of the procedures that are nearest.
        near: The procedures that are nearest to it, the nearest first.
    """
    known = {p.path: p for p in library.of_kind("standard") if p.status not in UNCOUNTED}
    rules = list(chain.from_iterable(map(_rules, known.values())))
    grades = _grade(rules, known, (telling, around), near[:_NEAR])
    order = sorted(rules, key=lambda rule: -grades[rule.key])
    least = max(_LEAST_FIT, _LEAST_SHARE * max(grades.values(), default=0.0))
    chosen = [rule for rule in order[:_MOST_RULES] if grades[rule.key] >= least]
    for bound in sorted(set(_bound(request, library, path, neighbours, known))):
        own = sorted((rule for rule in rules if rule.path == bound), key=lambda rule: -grades[rule.key])
        chosen += [rule for rule in own[:_LEAST_RULES] if rule not in chosen]
    return tuple(
        Standard(known[each].title, each, _of(chosen, each)) for each in dict.fromkeys(rule.path for rule in chosen)
    )


def _grade(
    rules: Sequence[_Rule],
    known: Mapping[str, Procedure],
    telling: Sequence[Mapping[str, float]],
    near: Sequence[Procedure],
) -> dict[str, float]:
    """Return how well each rule fits: by its own words, by what its standard is for, and by who names it."""
    about = {path: _OF_PURPOSE * cover(f"{p.title} {p.gist.purpose}", telling[0]) for path, p in known.items()}
    texts = [(_FADING / (_FADING + place), _ids_in(p.source.raw), p.targets) for place, p in enumerate(near)]
    grades: dict[str, float] = {}
    for rule in rules:
        name = rule.named.name.partition(" ")[0].encode()
        named = sum(share for share, ids, _ in texts if name in ids)
        linked = sum(share for share, _, targets in texts if rule.path in targets)
        words = _fit(f"{rule.named.name} {rule.named.text}", telling)
        grades[rule.key] = words + about[rule.path] + _OF_NAMING * named + _OF_LINKS * linked * bool(words)
    return grades


def _ids_in(raw: bytes) -> frozenset[bytes]:
    """Return what may be the id of a rule in a text."""
    named = map(_ID.match, _TOKEN.findall(raw))
    return frozenset(match[1] for match in named if match)


def _fit(text: str, telling: Iterable[Mapping[str, float]]) -> float:
    """Return how much of several subjects a rule speaks of; a long one would speak of all of them."""
    return sum(cover(text, each) for each in telling) * min(1.0, _LONG / len(text.split()))


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
