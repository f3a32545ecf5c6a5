"""Which procedures are nearest to one that is to be written: by what they are for, and by whom they work with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from procauthor.authoring.brief import ChangeRequest
from procauthor.authoring.passage import Subject, terms_of
from procauthor.library.derive import bare_title
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.retrieval.chunk import Chunk

# How much else counts beside words: that of the nearest counts 1. Measured on a library of 137 procedures, of which
# each was left out in turn, and looked for those that it works with.
_OF_LIFECYCLE, _OF_SEARCH, _OF_COMPANY = 0.3, 0.6, 0.5
# The company of so many is looked at, and so many of a lifecycle are read.
_WITH_COMPANY = 5
_MOST_READ = 200
# The third document that a search finds counts half as much as the first.
_FADING = 3
_SHORTEST = 4
# A word that so many have says nothing of one.
_COMMON = 0.3
# A word of all of the nearest procedures counts as a third of what is said of the purpose.
_OF_NEAREST = 0.3


def rank_near(
    subject: Subject, request: ChangeRequest, library: Library, hits: Iterable[Sequence[Chunk]], path: str
) -> tuple[Procedure, ...]:
    """Return the procedures that one which is to be written is likely to work with, the nearest first.

    Args:
        subject: What it is about.
        request: What is asked for.
        library: The library.
        hits: What a search finds for each query of the subject, the best first.
        path: Where it is or will be: it is not near to itself.
    """
    places = _places(hits)
    lifecycle = title_key(request.lifecycle)
    usable = {p.path: p for p in library.counted if p.kind == "procedure" and p.status not in UNCOUNTED}
    usable.pop(path, None)
    own = [each for each, p in usable.items() if title_key(p.lifecycle) == lifecycle][:_MOST_READ]
    read = dict.fromkeys(chain(own, usable.keys() & places.keys()))
    alike = compare({each: _profile(usable[each]) for each in read}, subject.weights)
    grades = {each: alike[each] + _OF_SEARCH * places.get(each, 0.0) for each in read}
    for each in own:
        grades[each] += _OF_LIFECYCLE
    for each, more in _company(_best(grades)[:_WITH_COMPANY], grades, usable, library).items():
        grades[each] = grades.get(each, 0.0) + more
    return tuple(usable[each] for each in _best(grades))


def _best(grades: Mapping[str, float]) -> list[str]:
    return sorted(grades, key=lambda each: (-grades[each], each))


def _places(hits: Iterable[Sequence[Chunk]]) -> dict[str, float]:
    """Return how early each document comes in any of some results."""
    places: dict[str, float] = {}
    for chunks in hits:
        for place, path in enumerate(dict.fromkeys(chunk.path for chunk in chunks)):
            places[path] = max(places.get(path, 0.0), _FADING / (_FADING + place))
    return places


def compare(told: Mapping[str, Collection[str]], weights: Mapping[str, float]) -> dict[str, float]:
    """Return how much of a subject each text speaks of: 1 for the one that speaks of most.

    Args:
        told: The terms of each text, by what it is called.
        weights: How much each term tells of the subject; the fewer texts have one, the more it counts.
    """
    counts = Counter(chain.from_iterable(told.values()))
    telling = {
        term: weight * math.log(1 + len(told) / counts[term])
        for term, weight in weights.items()
        if 0 < counts[term] <= max(2, _COMMON * len(told))
    }
    grades = {
        name: sum(telling.get(term, 0.0) for term in terms) / (_SHORTEST + math.sqrt(len(terms)))
        for name, terms in told.items()
    }
    most = max(grades.values(), default=0.0) or 1.0
    return {name: grade / most for name, grade in grades.items()}


def widen(subject: Subject, near: Sequence[Procedure]) -> dict[str, float]:
    """Return the weights of a subject, with those of words that several of the nearest procedures share."""
    counts = Counter(chain.from_iterable(_profile(procedure) for procedure in near[:_WITH_COMPANY]))
    shared = {term: _OF_NEAREST * count / _WITH_COMPANY for term, count in counts.items() if count > 1}
    return shared | dict(subject.weights)


def _profile(procedure: Procedure) -> frozenset[str]:
    """Return the terms of what a procedure is for: its title, purpose and triggers, what it takes and what it makes."""
    gist, contract = procedure.gist, procedure.contract
    taken = (artifact.name for artifact in contract.inputs)
    made = (f"{artifact.name} {artifact.text}" for artifact in contract.outputs)
    return terms_of(" ".join((procedure.title, gist.purpose, *gist.triggers, *taken, *made)))


def _company(
    nearest: Iterable[str], grades: Mapping[str, float], usable: Mapping[str, Procedure], library: Library
) -> dict[str, float]:
    """Return how much it counts that some of the nearest work with a procedure, for each that they work with."""
    counts: dict[str, float] = {}
    for each in nearest:
        members = {member.path for member in _works_with(usable[each], library)} & usable.keys()
        for member in members:
            counts[member] = counts.get(member, 0.0) + grades[each] / math.sqrt(len(members))
    most = max(counts.values(), default=0.0) or 1.0
    return {member: _OF_COMPANY * count / most for member, count in counts.items()}


def _works_with(procedure: Procedure, library: Library) -> Iterator[Procedure]:
    """Yield who provides what a procedure requires, and who uses what it makes."""
    contract = procedure.contract
    titles = chain(
        (bare_title(artifact.source) for artifact in contract.inputs if artifact.source),
        (use.title for use in contract.consumers),
        procedure.depends_on,
    )
    for title in titles:
        yield from library.by_key.get(title_key(title), ())[:1]
