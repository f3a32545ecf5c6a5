"""What of the library a brief holds for its subject: passages, near procedures, rules, and answers to questions."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Passage, Standard
from procauthor.library.contract import read_artifact, sections_of
from procauthor.library.derive import bare_title
from procauthor.library.library import EVALUATIONS, Library, Procedure
from procauthor.library.status import UNVERIFIED
from procauthor.markdown.document import Item, Section
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED
from procauthor.regex import lazy
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.lexical import list_features, list_words
from procauthor.template.spec import meaning_of

_OF_TITLE, _SAID = 2.0, 1.0
# Plans, indexes, evaluations and templates only name what is to be done.
_NO_SOURCE = frozenset(("plan", "index", "readme", "template"))


class Subject(Struct, frozen=True):
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
TELLS = 0.03
"""A word that tells so much of a subject is about it."""
# How much it counts that the document of a passage is about the subject, and that a search has it first.
_OF_DOCUMENT, _OF_SEARCH = 0.5, 0.1
_FADING = 3
# What says less of a subject is beside it, and so is what says much less than the best. A small library has no choice.
_LEAST_OF_DOCUMENT = 0.1
_LEAST_SAID_OF_IT, _LEAST_OF_FEW, _LEAST_OF_BEST = 0.38, 0.15, 0.5


class Rarity(Struct, frozen=True):
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
    many = len(library.procedures) > _FEW
    enough = _LEAST_SAID_OF_IT if many else _LEAST_OF_FEW
    least = max(enough, _LEAST_OF_BEST * max(grades.values(), default=0.0))
    about = (key for key in chunks if grades[key] >= least and (not many or _is_about(chunks[key], library, telling)))
    order = sorted(about, key=lambda key: (-grades[key], key))
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
    return cover(f"{chunk.heading} {chunk.text}", telling) + _OF_DOCUMENT * _cover_of_document(chunk, library, telling)


def _cover_of_document(chunk: Chunk, library: Library, telling: Mapping[str, float]) -> float:
    procedure = library.by_path[chunk.path]
    return cover(" ".join((procedure.title, procedure.gist.purpose, *procedure.gist.triggers)), telling)


def _is_about(chunk: Chunk, library: Library, telling: Mapping[str, float]) -> bool:
    """Say whether a passage says several things of a subject, and its document is for some of it.

    One rare word, such as "price" or "refresh", is in passages about anything.
    """
    words = set(list_features(f"{chunk.heading} {chunk.text}"))
    several = sum(telling.get(word, 0.0) > TELLS for word in words) > 1
    return several and _cover_of_document(chunk, library, telling) >= _LEAST_OF_DOCUMENT


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


# Which procedures are nearest to one that is to be written: by what they are for, and by whom they work with

# How much else counts beside words: that of the nearest counts 1. Measured on a library of 137 procedures, of which
# each was left out in turn, and looked for those that it works with.
_OF_LIFECYCLE, _OF_PLACE, _OF_COMPANY = 0.3, 0.6, 0.5
# The company of so many is looked at, and so many of a lifecycle are read.
_WITH_COMPANY = 5
_MOST_READ = 200
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
    grades = {each: alike[each] / most + _OF_PLACE * places.get(each, 0.0) for each in read}
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


# Which rules of standards fit a subject: few, and whole

_MOST_RULES = 8
# So many are told in any case, the best of those that speak of the subject itself: no procedure may name them yet.
_MOST_SPEAKING, _LEAST_SPEAKING = 3, 0.2
_GROUP = 0.5
# Of a standard that neighbours link or the plan names, so many rules are told though few words fit.
_LEAST_RULES = 3
# A rule that fits less well, or so much less well than the best one, is beside the subject.
_LEAST_FIT, _LEAST_SHARE = 0.25, 0.4
# How much else counts beside the words of a rule: who names it, what its standard is for, who links that.
_OF_NAMING, _OF_PURPOSE, _OF_LINKS = 0.4, 0.3, 0.1
# So many of the nearest procedures are asked; the sixth counts half as much as the first.
_NEAR, _FADING_NEAR = 9, 5
# A rule of more words says more in passing.
_LONG = 25
_MARKUP = lazy(r"\*\*|__")
# What names a rule elsewhere: "ABC-04". Each word is taken whole, so that one without end is read once.
_TOKEN = re.compile(rb"[\w.-]++")
_ID = re.compile(rb"[^A-Za-z]*+(?=[A-Za-z]\D*+\d)([\w.-]*\d\w*)")


class _Rule(Struct, frozen=True):
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
        subject: What it is about.
        near: The procedures that are nearest to it, the nearest first.
    """
    rarity = Rarity.of(library)
    telling = rarity.weigh(subject.weights), rarity.weigh(words_near(near))
    known = {p.path: p for p in library.of_kind("standard") if p.status not in UNCOUNTED}
    rules = list(chain.from_iterable(map(_rules_of, known.values())))
    grades = _grade_rules(rules, known, telling, near[:_NEAR])
    least = max(_LEAST_FIT, _LEAST_SHARE * max(grades.values(), default=0.0))
    spoken = _grade_rules(rules, known, (_spoken(subject, request.lifecycle, rules, rarity),), ())
    speaking = _best_rules(rules, spoken, _MOST_SPEAKING, _LEAST_SPEAKING)
    chosen = list(dict.fromkeys((*speaking, *_best_rules(rules, grades, _MOST_RULES, least))))[:_MOST_RULES]
    for bound in sorted(set(_bound(request, library, path, neighbours, known))):
        own = sorted((rule for rule in rules if rule.path == bound), key=lambda rule: -grades[rule.key])
        chosen += [rule for rule in own[:_LEAST_RULES] if rule not in chosen]
    return tuple(
        Standard(known[each].title, each, _own_rules(chosen, each))
        for each in dict.fromkeys(rule.path for rule in chosen)
    )


def _spoken(subject: Subject, lifecycle: str, rules: Iterable[_Rule], rarity: Rarity) -> dict[str, float]:
    """Return how much each word tells of a subject and its lifecycle, of the words that any document has.

    A title of words that are new to the library would leave nothing to find a rule by.
    """
    known = {*rarity.counts, *chain.from_iterable(list_features(rule.named.text) for rule in rules)}
    weights = {**dict.fromkeys(list_features(lifecycle), _GROUP), **subject.weights}
    return rarity.weigh({word: weight for word, weight in weights.items() if word in known})


def _best_rules(rules: Iterable[_Rule], grades: Mapping[str, float], most: int, least: float) -> list[_Rule]:
    order = sorted(rules, key=lambda rule: -grades[rule.key])
    return [rule for rule in order[:most] if grades[rule.key] >= least]


def _grade_rules(
    rules: Sequence[_Rule],
    known: Mapping[str, Procedure],
    telling: Sequence[Mapping[str, float]],
    near: Sequence[Procedure],
) -> dict[str, float]:
    """Return how well each rule fits: by its own words, by what its standard is for, and by who names it."""
    about = {path: _OF_PURPOSE * cover(f"{p.title} {p.gist.purpose}", telling[0]) for path, p in known.items()}
    texts = [(_FADING_NEAR / (_FADING_NEAR + place), _ids_in(p.source.raw), p.targets) for place, p in enumerate(near)]
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


def _own_rules(rules: Iterable[_Rule], path: str) -> tuple[NamedText, ...]:
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


def _rules_of(standard: Procedure) -> Iterator[_Rule]:
    """Yield the rules by name, whole."""
    document, template = standard.document, standard.template
    origins = meaning_of(template).origins
    parts = list(chain.from_iterable(map(document.family, sections_of(document, template, "rules"))))
    for place, item in enumerate(_bold_items(parts or document.sections)):
        rule = read_artifact(item, origins)
        if rule:
            text = rule.text.removeprefix(rule.name).lstrip(" :–—-")
            yield _Rule(standard.path, place, NamedText(rule.name, text))


def _bold_items(sections: Iterable[Section]) -> Iterator[Item]:
    """Yield the items that begin with a name in bold."""
    for section in sections:
        for block in section.blocks:
            yield from (item for item in block.items if item.level == 0 and _MARKUP.search(item.raw[:8]))


# Which places answer a question

_LOOKED_AT = 8
_SHOWN = 400
# Fewer words than these are too few to see that two questions are the same.
_LEAST_SAID = 3
_NUMBER = lazy(r"\d+")
# A place that speaks of less of a question does not answer it.
_LEAST_ANSWER = 0.5


class Lead(Struct, frozen=True):
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
    asked = _Heard()
    places: dict[str, int] = {}
    for question in (*before, *new):
        words = _said(question)
        place = places[question] if question in places else asked.find(words)
        if place is None:
            place = len(joined)
            joined.append(question)
            asked.put(place, words)
        elif len(words) > len(asked.said[place]):
            joined[place] = question
            asked.put(place, words)
        places[question] = place
    return tuple(joined)


class _Heard:
    """What questions say, by their numbers. A reply may hold thousands, so each is compared with few others."""

    def __init__(self) -> None:
        self.said: dict[int, frozenset[str]] = {}
        self._by_word: dict[str, list[int]] = {}
        self._by_first: dict[str, list[int]] = {}

    def put(self, number: int, words: frozenset[str]) -> None:
        """Know what a question says; few words are the same as nothing else."""
        self.said[number] = words
        if len(words) >= _LEAST_SAID:
            self._by_first.setdefault(min(words), []).append(number)
            for word in words:
                self._by_word.setdefault(word, []).append(number)

    def find(self, words: frozenset[str]) -> int | None:
        """Return the first question that is the same, if there is one."""
        if len(words) < _LEAST_SAID:
            return None
        # One that says more has the rarest of these words too, and the first word of one that says less is one of them.
        more = min((self._by_word.get(word, []) for word in words), key=len)
        less = chain.from_iterable(self._by_first.get(word, ()) for word in words)
        return min((number for number in chain(more, less) if _is_same(words, self.said[number])), default=None)


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
