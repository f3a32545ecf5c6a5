"""Which procedures are nearest to one that is to be written: by what they are for, and by whom they work with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from procauthor.authoring.brief import ChangeRequest
from procauthor.authoring.passage import cover
from procauthor.library.derive import bare_title
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.lexical import list_features

# How much else counts beside words: that of the nearest counts 1. Measured on a library of 137 procedures, of which
# each was left out in turn, and looked for those that it works with.
_OF_LIFECYCLE, _OF_SEARCH, _OF_COMPANY = 0.3, 0.6, 0.5
# The company of so many is looked at, and so many of a lifecycle are read.
_WITH_COMPANY = 5
_MOST_READ = 200
# The third document that a search finds counts half as much as the first.
_FADING = 3
# What speaks of so much of a subject is as near as can be by its words.
_ALIKE = 0.4


def rank_near(
    telling: Mapping[str, float], request: ChangeRequest, library: Library, hits: Iterable[Sequence[Chunk]], path: str
) -> tuple[Procedure, ...]:
    """Return the procedures that one which is to be written is likely to work with, the nearest first.

    Args:
        telling: How much each word tells of its subject.
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
    alike = {each: cover(_profile(usable[each]), telling) for each in read}
    most = max((_ALIKE, *alike.values()))
    grades = {each: alike[each] / most + _OF_SEARCH * places.get(each, 0.0) for each in read}
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


def words_near(near: Sequence[Procedure]) -> dict[str, float]:
    """Return the words of the nearest procedures: how much each counts, the more the nearer they are."""
    weights: Counter[str] = Counter()
    for place, procedure in enumerate(near[:_WITH_COMPANY]):
        weights.update(dict.fromkeys(set(list_features(_profile(procedure))), _FADING / (_FADING + place)))
    return dict(weights)


def _profile(procedure: Procedure) -> str:
    """Return what a procedure is for: its title, purpose and triggers, what it takes and what it makes."""
    gist, contract = procedure.gist, procedure.contract
    taken = (artifact.name for artifact in contract.inputs)
    made = (f"{artifact.name} {artifact.text}" for artifact in contract.outputs)
    return " ".join((procedure.title, gist.purpose, *gist.triggers, *taken, *made))


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
