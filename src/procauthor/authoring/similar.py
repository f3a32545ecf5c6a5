"""Titles that may do the same work as one that is to be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from procauthor.authoring.brief import ChangeRequest, Namesake
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.retrieval.lexical import list_features

# A word that so many titles have says what they are, and not what they are about: "Procedure".
_COMMON = 0.3
_ALIKE = 0.5
_MOST = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A title that is there or announced; the path is empty for the latter."""

    title: str
    path: str
    lifecycle: str
    triggers: tuple[str, ...] = ()


def common_words(library: Library, announced: Iterable[str]) -> frozenset[str]:
    """Return the stems that a third of all titles have, such as that of "Procedure"; ``announced`` ones count too."""
    titles = [set(list_features(title)) for title in (*(p.title for p in library.counted), *announced)]
    counts = Counter(word for words in titles for word in words)
    return frozenset(word for word, count in counts.items() if count > max(1, _COMMON * len(titles)))


def list_candidates(library: Library, announced: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield all procedures, and the ``announced`` titles with the lifecycle of each."""
    for p in library.counted:
        if p.kind == "procedure" and p.status not in UNCOUNTED:
            yield Candidate(p.title, p.path, p.lifecycle, p.gist.triggers)
    yield from (Candidate(title, "", lifecycle) for title, lifecycle in announced.items())


def find_namesakes(
    request: ChangeRequest, candidates: Iterable[Candidate], common: frozenset[str]
) -> tuple[Namesake, ...]:
    """Return who may do the same work already, the nearest first.

    Args:
        request: What is to be written.
        candidates: All titles that there are.
        common: The words of titles that say nothing of their work.
    """
    common |= frozenset(list_features(request.lifecycle))
    own = _words(request.title, common)
    others = [each for each in candidates if title_key(each.title) != title_key(request.title)]
    told = {each.title: frozenset(word for text in each.triggers for word in list_features(text)) for each in others}
    counts = Counter(word for words in told.values() for word in words)
    # The rarest word of a title says best what it is about.
    rare = min((word for word in own if counts[word]), key=lambda word: counts[word], default="")
    graded: list[tuple[float, Namesake]] = []
    for each in others:
        words = _words(each.title, common)
        near = title_key(each.lifecycle) == title_key(request.lifecycle)
        shared = own & words
        share = len(shared) / max(1, len(own | words))
        within = bool(shared) and (own <= words or words <= own) and (len(shared) > 1 or own == words)
        if within or (near and share >= _ALIKE):
            graded.append(
                (share + near, Namesake(each.title, each.path, f"both are about {_spelled(each.title, shared)}"))
            )
        elif rare in told[each.title] and (near or counts[rare] == 1):
            graded.append(
                (
                    0.0,
                    Namesake(each.title, each.path, f"one of its triggers is about {_spelled(request.title, {rare})}"),
                )
            )
    return tuple(each for _, each in sorted(graded, key=lambda pair: -pair[0])[:_MOST])


def _spelled(title: str, stems: Collection[str]) -> str:
    """Return the words of a title that have some stems, as they are spelled in it."""
    return ", ".join(word.strip(",()").lower() for word in title.split() if set(list_features(word)) & set(stems))


def _words(title: str, common: frozenset[str]) -> frozenset[str]:
    return frozenset(list_features(title)) - common
