"""What of the library a brief holds for its subject: passages, and places that answer questions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from procauthor.authoring.brief import ChangeRequest, Passage
from procauthor.library.library import EVALUATIONS, Library, Procedure
from procauthor.library.status import UNVERIFIED
from procauthor.procedure import DONE
from procauthor.regex import lazy
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.lexical import list_features, list_words
from procauthor.template.spec import meaning_of

_OF_TITLE, _SAID = 2.0, 1.0
# Plans, indexes, evaluations and templates only name what is to be done.
_NO_SOURCE = frozenset(("plan", "index", "readme", "template"))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a procedure is about. ``weights`` says how much each stem tells of it.

    ``queries`` are what to search for, each for itself: joined into one, common words would win.
    """

    weights: Mapping[str, float]
    queries: tuple[str, ...]


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
    for text, weight in (*((each, _SAID) for each in (*said, *actions)), (title, _OF_TITLE), (request.wish, _OF_TITLE)):
        for word in set(list_features(text)) - set(common):
            weights[word] = max(weights.get(word, 0.0), weight)
    if request.wish:
        return Subject(weights, (f"{request.title} {request.wish}",))
    # What is said of the purpose tells more than a title, which other titles may only sound like.
    queries = (*said, f"{title} {request.lifecycle}".strip(), *(f"{action} {title}" for action in actions))
    return Subject(weights, tuple(dict.fromkeys(queries)))


Search = Callable[[str, int], Sequence[Chunk]]

_OVERSAMPLED = 8
_LEAST_PASSAGE = 40
_MAX_PASSAGE = 1200
_FENCE = "```"
# A long passage ends with an item or a paragraph, or else with a sentence.
_ENDS = (lazy(r"\n"), lazy(r"[.;:]\s"))
# Of one document; beyond that another one has more to add.
_MOST_OF_ONE = 3
# Sections with these roles tell what a document is about, or how its result is checked, not how anything is done.
_NO_INSTRUCTION = frozenset(
    (
        "card",
        "purpose",
        "scope",
        "trigger",
        "inputs",
        "outputs",
        "consumers",
        "exits",
        "records",
        "criteria",
        "done",
        "plan",
    )
)
# So many documents tell how rare a word is. One that is rarer than in every twentieth is rare enough.
_SAMPLE, _FEW = 100, 20
_RAREST = math.log(20)
# A subject is told by so many words: more of them say the same once more.
_TELLING = 8
# How much it counts that the document of a passage is about the subject, and that a search has it first.
_OF_DOCUMENT, _OF_SEARCH = 0.5, 0.1
_FADING = 3
# What says less of a subject is beside it, and so is what says much less than the best. A small library has no choice.
_LEAST_SAID_OF_IT, _LEAST_OF_FEW, _LEAST_OF_BEST = 0.38, 0.15, 0.5


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare words are in a library, by so many of its documents."""

    counts: Mapping[str, int]
    documents: int

    @classmethod
    def of(cls, library: Library) -> Rarity:
        """Count the words of some documents, spread evenly over the library."""

        def count() -> Rarity:
            paths = sorted(p.path for p in library.procedures if p.kind not in _NO_SOURCE)
            sample = paths[:: len(paths) // _SAMPLE + 1]
            words = (_vocabulary(library.by_path[path]) for path in sample)
            return cls(Counter(chain.from_iterable(words)), len(sample))

        return library.once("rarity", count)

    def weigh(self, weights: Mapping[str, float]) -> dict[str, float]:
        """Return how much each word tells of a subject: the words that tell most, together 1, and what the others add.

        A word that half of the documents have tells nothing, where they are enough to say so.
        """
        telling = {word: weight * self._rarity(self.counts.get(word, 0)) for word, weight in weights.items()}
        most = sum(sorted(telling.values(), reverse=True)[:_TELLING]) or 1.0
        return {word: weight / most for word, weight in telling.items() if weight}

    def _rarity(self, count: int) -> float:
        if 2 * count > self.documents > _FEW:
            return 0.0
        return min(math.log((self.documents + 2) / (count + 0.5)), _RAREST)


def _vocabulary(procedure: Procedure) -> frozenset[str]:
    """Return the stems of a document that say what it is about."""

    def read() -> frozenset[str]:
        return frozenset(list_features(procedure.source.raw.decode(errors="replace")))

    return procedure.remembered("vocabulary", frozenset[str], read)


def cover(text: str, telling: Mapping[str, float]) -> float:
    """Return how much of a subject a text speaks of, as ``Rarity.weigh`` tells it: 1 for all that tells of it."""
    return sum(telling.get(word, 0.0) for word in set(list_features(text)))


def find_chunks(subject: Subject, search: Search, most: int) -> tuple[Sequence[Chunk], ...]:
    """Return what a search finds for each query of a subject, several times as much as is needed."""
    return tuple(search(query, most * _OVERSAMPLED) for query in subject.queries)


def choose_passages(
    telling: Mapping[str, float], library: Library, hits: Sequence[Sequence[Chunk]], most: int
) -> tuple[Passage, ...]:
    """Return the passages that say how the work of a subject is done, best first: few, and none that is beside it.

    Args:
        telling: How much each word tells of the subject.
        library: Where the documents are.
        hits: What a search finds for each query, the best first, without what the procedure itself says.
        most: How many passages at most.
    """
    grades: dict[str, float] = {}
    chunks = {c.id: c for c in chain.from_iterable(hits) if _is_instruction(library, c)}
    for each in hits:
        for place, chunk in enumerate(c for c in each if c.id in chunks):
            grade = _OF_SEARCH * _FADING / (_FADING + place) + _grade(chunk, library, telling)
            grades[chunk.id] = max(grades.get(chunk.id, 0.0), grade)
    enough = _LEAST_SAID_OF_IT if len(library.procedures) > _FEW else _LEAST_OF_FEW
    least = max(enough, _LEAST_OF_BEST * max(grades.values(), default=0.0))
    order = sorted((key for key in chunks if grades[key] >= least), key=lambda key: (-grades[key], key))
    order.sort(key=lambda key: _is_late(library, chunks[key]))
    taken = Counter[str]()
    kept: list[Chunk] = []
    for chunk in (chunks[key] for key in order):
        taken[chunk.path] += 1
        if taken[chunk.path] <= _MOST_OF_ONE:
            kept.append(chunk)
    return tuple(
        Passage(f"P{n}", c.path, c.title, c.heading, c.line, c.hash, _cut(c.text), _role(library, c))
        for n, c in enumerate(kept[:most], start=1)
    )


def _grade(chunk: Chunk, library: Library, telling: Mapping[str, float]) -> float:
    """Return how much of a subject a passage speaks of, and how much of it its document is for."""
    procedure = library.by_path[chunk.path]
    about = " ".join((procedure.title, procedure.gist.purpose, *procedure.gist.triggers))
    return cover(f"{chunk.heading} {chunk.text}", telling) + _OF_DOCUMENT * cover(about, telling)


def _is_instruction(library: Library, chunk: Chunk) -> bool:
    """Say whether a chunk can say how to work. What neighbours take and make is in the brief where it tells of them."""
    return is_usable(library, chunk) and _role(library, chunk) not in _NO_INSTRUCTION


def _is_late(library: Library, chunk: Chunk) -> bool:
    """Say whether a chunk only calls procedures, or is from a document of another kind, such as a result of one."""
    return library.by_path[chunk.path].kind in ("orchestration", "other")


def _cut(text: str) -> str:
    """Return a passage, of a long one the items, paragraphs and whole blocks of code at its beginning."""
    if len(text) <= _MAX_PASSAGE:
        return text
    places = ([match.end() for match in each.finditer(text, 0, _MAX_PASSAGE)] for each in _ENDS)
    ends = (each[-1] for each in places if each and each[-1] > _MAX_PASSAGE // 2)
    cut = text[: next(ends, _MAX_PASSAGE)]
    return (cut.rpartition(_FENCE)[0] if cut.count(_FENCE) % 2 else cut).rstrip()


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
        and procedure.kind not in _NO_SOURCE
        and not procedure.path.startswith(f"{EVALUATIONS}/")
        and procedure.status in DONE
        and not procedure.gist.composed
    )


_LOOKED_AT = 8
_SHOWN = 400
# Fewer words than these are too few to see that two questions are the same.
_LEAST_SAID = 3
_NUMBER = lazy(r"\d+")
# A place that speaks of less of a question does not answer it.
_LEAST_ANSWER = 0.5


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
            # Few words are the same as nothing else: a reply may hold thousands of such questions.
            compared = enumerate(said) if len(words) >= _LEAST_SAID else ()
            place = next((number for number, others in compared if _is_same(words, others)), len(joined))
        if place == len(joined):
            joined.append(question)
            said.append(words)
        elif len(words) > len(said[place]):
            joined[place], said[place] = question, words
        places[question] = place
    return tuple(joined)


def find_leads(questions: Sequence[str], library: Library, search: Search, path: str) -> tuple[Lead, ...]:
    """Return where the library may answer the questions of a draft: the best place of each, if there is a good one.

    Args:
        questions: What is asked; a claim that could not be verified was looked up before, and is left out.
        library: Where the documents are.
        search: Finds chunks for a query, the best first.
        path: Where the draft is or will be: it does not answer itself.
    """
    asked = [question for question in questions if not question.startswith(UNVERIFIED)]
    leads = (_lead(question, library, search, path) for question in asked)
    return tuple(lead for lead in leads if lead)


def _lead(question: str, library: Library, search: Search, path: str) -> Lead | None:
    telling = Rarity.of(library).weigh(dict.fromkeys(_words(question), 1.0))
    usable = [c for c in search(question, _LOOKED_AT) if c.path != path and is_usable(library, c)]
    grades = [cover(f"{c.heading} {c.text}", telling) for c in usable]
    best = max(grades, default=0.0)
    if best < _LEAST_ANSWER:
        return None
    chunk = usable[grades.index(best)]
    return Lead(question, chunk.path, chunk.title, chunk.heading, chunk.line, " ".join(chunk.text.split())[:_SHOWN])


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
