"""What of the library a brief holds for its subject: passages, and places that answer questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from procauthor.authoring.brief import ChangeRequest, Passage
from procauthor.library.library import EVALUATIONS, Library
from procauthor.library.status import UNVERIFIED
from procauthor.procedure import DONE
from procauthor.regex import lazy
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.lexical import list_concepts, list_features, list_words
from procauthor.template.spec import meaning_of

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


Search = Callable[[str, int], Sequence[Chunk]]

_OVERSAMPLED = 5
_LEAST_PASSAGE = 40
_MAX_PASSAGE = 1200
_END = lazy(r"[.;:]\s|\n")
_LEAST_SHARE = 3
# Of one document; beyond that another one has more to add.
_MOST_OF_ONE = 3
# Sections with these roles tell what a document is about, not how anything is done.
_NO_INSTRUCTION = frozenset(("card", "purpose", "scope", "trigger", "inputs", "consumers", "exits", "records"))
# Said of neighbours in the brief, or true of that document alone.
_ELSEWHERE = frozenset(("outputs", "plan"))


def find_chunks(subject: Subject, search: Search, most: int) -> tuple[Sequence[Chunk], ...]:
    """Return what a search finds for each query of a subject, several times as much as is needed."""
    return tuple(search(query, most * _OVERSAMPLED) for query in subject.queries)


def choose_passages(
    subject: Subject, library: Library, hits: Sequence[Sequence[Chunk]], most: int, path: str
) -> tuple[Passage, ...]:
    """Return the passages that speak of a subject, those of its first query first, best first and each once.

    A list that would have to be filled up with what shares no word with the subject stays short.

    Args:
        subject: What to search for.
        library: Where the documents are.
        hits: What a search finds for each query, the best first.
        most: How many passages at most.
        path: Where the procedure is or will be: it is no evidence for itself.
    """
    share = max(_LEAST_SHARE, most // max(1, len(hits)))
    first = most if len(hits) == 1 else max(share, most // 2)
    chosen: dict[str, Chunk] = {}
    later: dict[str, Chunk] = {}
    taken = Counter[str]()
    for position, chunks in enumerate(hits):
        room = share if position else first
        fresh = (c for c in chunks if c.path != path and c.id not in chosen)
        for chunk in (c for c in fresh if is_usable(library, c) and _speaks_of(c, subject)):
            if _comes_late(library, chunk) or taken[chunk.path] >= _MOST_OF_ONE:
                later[chunk.id] = chunk
            elif room:
                chosen[chunk.id] = chunk
                taken[chunk.path] += 1
                room -= 1
    kept = list((chosen | {key: chunk for key, chunk in later.items() if key not in chosen}).values())[:most]
    return tuple(
        Passage(f"P{n}", c.path, c.title, c.heading, c.line, c.hash, _cut(c.text), _role(library, c))
        for n, c in enumerate(kept, start=1)
    )


def _comes_late(library: Library, chunk: Chunk) -> bool:
    """Say whether a chunk says nothing of how to work.

    Inputs, outputs and consumers of neighbours are in the brief anyway, where it speaks of neighbours.
    """
    return library.by_path[chunk.path].kind == "orchestration" or _role(library, chunk) in _NO_INSTRUCTION | _ELSEWHERE


def _speaks_of(chunk: Chunk, subject: Subject) -> bool:
    """Say whether a chunk shares a word or a group of synonyms with what a procedure is about."""
    return not subject.weights.keys().isdisjoint(terms_of(f"{chunk.title} {chunk.heading} {chunk.text}"))


def _cut(text: str) -> str:
    """Return a passage, of a long one the sentences and items at its beginning."""
    if len(text) <= _MAX_PASSAGE:
        return text
    ends = [match.end() for match in _END.finditer(text, 0, _MAX_PASSAGE)]
    return text[: ends[-1] if ends and ends[-1] > _MAX_PASSAGE // 2 else _MAX_PASSAGE].rstrip()


def is_about(passage: Passage) -> bool:
    """Say whether a passage tells what a document is about, not how anything is done."""
    return passage.role in _NO_INSTRUCTION


def _role(library: Library, chunk: Chunk) -> str:
    """Return the role of the section that a chunk is from, by the template of its document."""
    return meaning_of(library.by_path[chunk.path].template).role_of(chunk.heading)


def is_usable(library: Library, chunk: Chunk) -> bool:
    """Say whether a passage can carry a draft.

    Plans, indexes, evaluations and placeholders only name what is to be done; what the offline author composed would
    echo itself; a heading without words of its own says nothing.
    """
    procedure = library.by_path.get(chunk.path)
    return (
        procedure is not None
        and len(chunk.text) >= _LEAST_PASSAGE
        and procedure.kind not in ("plan", "index", "readme", "template")
        and not procedure.path.startswith(f"{EVALUATIONS}/")
        and procedure.status in DONE
        and not procedure.gist.composed
    )


_LOOKED_AT = 8
_KEPT = 2
_SHOWN = 400
# Fewer words than these are too few to see that two questions are the same.
_LEAST_SAID = 3
_NUMBER = lazy(r"\d+")
# A place that shares fewer words with a question says nothing of it.
_LEAST_SHARED = 2
_LEAST_SHARED_PART = 0.4


@dataclass(frozen=True, slots=True)
class Lead:
    """A place of the library that may answer a question. ``text`` is the beginning of what it says."""

    question: str
    path: str
    title: str
    heading: str
    line: int
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return asdict(self)


def join_questions(before: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """Return all questions, each once; of two of which one only says more than the other, the one that says more."""
    joined: list[str] = []
    said: list[frozenset[str]] = []
    places: dict[str, int] = {}
    for question in (*before, *new):
        words = _said(question)
        place = places.get(question)
        if place is None:
            place = next((number for number, others in enumerate(said) if _is_same(words, others)), len(joined))
        if place == len(joined):
            joined.append(question)
            said.append(words)
        elif len(words) > len(said[place]):
            joined[place], said[place] = question, words
        places[question] = place
    return tuple(joined)


def find_leads(questions: Sequence[str], library: Library, search: Search, path: str) -> tuple[Lead, ...]:
    """Return where the library may answer the questions of a draft, the best places of each question first.

    Args:
        questions: What is asked; a claim that could not be verified was looked up before, and is left out.
        library: Where the documents are.
        search: Finds chunks for a query, the best first.
        path: Where the draft is or will be: it does not answer itself.
    """
    asked = [question for question in questions if not question.startswith(UNVERIFIED)]
    return tuple(chain.from_iterable(_leads(question, library, search, path) for question in asked))


def _leads(question: str, library: Library, search: Callable[[str, int], Sequence[Chunk]], path: str) -> list[Lead]:
    words = _words(question)
    least = max(_LEAST_SHARED, round(len(words) * _LEAST_SHARED_PART))
    usable = (c for c in search(question, _LOOKED_AT) if c.path != path and is_usable(library, c))
    fitting = (c for c in usable if len(words & _words(f"{c.heading} {c.text}")) >= least)
    return [
        Lead(question, chunk.path, chunk.title, chunk.heading, chunk.line, " ".join(chunk.text.split())[:_SHOWN])
        for chunk, _ in zip(fitting, range(_KEPT), strict=False)
    ]


def _words(text: str) -> frozenset[str]:
    return frozenset(list_features(text))


def _said(question: str) -> frozenset[str]:
    """Return words and numbers of a question: step 3 is not step 4. A doubtful claim counts only as a whole."""
    if question.startswith(UNVERIFIED):
        return frozenset()
    return _words(question) | frozenset(_NUMBER.findall(question))


def _is_same(words: frozenset[str], others: frozenset[str]) -> bool:
    """Say whether all that one of two questions says is in the other."""
    return min(len(words), len(others)) >= _LEAST_SAID and (words <= others or others <= words)
