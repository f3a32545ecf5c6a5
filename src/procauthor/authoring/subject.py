"""What a procedure is about: the words of its title, lifecycle and purpose that say it, and what to search for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from procauthor.authoring.brief import ChangeRequest
from procauthor.retrieval.word import list_concepts, list_features, list_words

_OF_TITLE, _OF_LIFECYCLE, _SAID = 3.0, 1.0, 1.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a procedure is about. ``weights`` says how much each stem and group of synonyms tells of it.

    ``queries`` are what to search for, each for itself: joined into one, common words would win.
    """

    weights: Mapping[str, float]
    queries: tuple[str, ...]


def terms_of(text: str) -> frozenset[str]:
    """Return the stems of a text, and the groups of synonyms that it speaks of."""
    groups = (f"concept {number}" for number in list_concepts(list_words(text)))
    return frozenset((*list_features(text), *groups))


def read_subject(
    request: ChangeRequest, present: str, common: Collection[str], routine: Collection[str] = ()
) -> Subject:
    """Return what a procedure is about.

    Args:
        request: What is asked for.
        present: What people wrote about its purpose.
        common: Stems of titles that say nothing of their work, such as that of "Procedure".
        routine: Action items that the plan asks of most procedures.
    """
    telling = (word for word in request.title.split() if not set(list_words(word)) <= set(common))
    title = " ".join(telling) or request.title
    actions = [action for action in request.actions if action not in routine]
    said = [*request.said, *filter(None, (present,))]
    weights: dict[str, float] = {}
    parts = [(title, _OF_TITLE), (request.lifecycle, _OF_LIFECYCLE), *((text, _SAID) for text in (*said, *actions))]
    for text, weight in (*parts, (request.wish, _OF_TITLE)):
        for term in terms_of(text) - set(common):
            weights[term] = max(weights.get(term, 0.0), weight)
    if request.wish:
        return Subject(weights, (f"{request.title} {request.wish}",))
    # What is said of the purpose tells more than a title, which other titles may only sound like.
    queries = (*said, f"{title} {request.lifecycle}".strip(), *(f"{action} {title}" for action in actions))
    return Subject(weights, tuple(dict.fromkeys(queries)))
