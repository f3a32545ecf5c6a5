"""Gathers a brief from the library: neighbours and their contracts, passages, standards, the closed list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict, replace

from procauthor.authoring.brief import (
    Brief,
    ChangeRequest,
    NamedText,
    Namesake,
    Neighbour,
    Passage,
    Promise,
    Reference,
    Relation,
)
from procauthor.authoring.dealing import (
    Dealings,
    dealings_in,
    dealings_of,
    find_registers,
    find_roles,
    takers_in,
)
from procauthor.authoring.gap import holds_gap
from procauthor.authoring.passage import (
    TELLS,
    Rarity,
    Search,
    choose_passages,
    find_chunks,
    find_standards,
    rank_near,
    read_subject,
)
from procauthor.authoring.request import refuse_unknown
from procauthor.data import as_type
from procauthor.errors import InvalidTitleError, NotFoundError
from procauthor.library.change import refuse_conflict
from procauthor.library.derive import bare_title
from procauthor.library.index import heading_of, manner, missing_titles, new_path
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import check_title
from procauthor.markdown.front_edit import refuse_unreadable
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED, Artifact
from procauthor.regex import lazy
from procauthor.retrieval.lexical import list_features
from procauthor.secret import Censor
from procauthor.template.read import refuse_conflicted
from procauthor.workspace import Workspace

if TYPE_CHECKING:
    from procauthor.planning.plan import Plan

# A word that so many titles have says what they are, and not what they are about: "Procedure".
_COMMON = 0.3
_ALIKE = 0.5
# Two purposes tell of the same work where they share so much of the shorter one, and not fewer words than that. No two
# of the 137 purposes of our own library share more than six tenths.
_SAME_WORK = 0.65
_LEAST_SHARED = 4
# A title and triggers that say so much of a subject, in so many words that tell of it, are about the same work. Of 13
# subjects that our library does not have, four overlap with a procedure in this way, and of its own 137 titles 14 do.
_NAMED, _BEGUN, _LEAST_TOLD = 0.2, 0.1, 3
# A word that more procedures begin by than these is no rare one.
_FEW = 2
_MOST = 3


class Candidate(NamedTuple):
    """A title that is there or announced: the path is empty for the latter. What it is known by are stems of words."""

    title: str
    key: str
    path: str
    lifecycle: str
    words: frozenset[str]
    purpose: frozenset[str] = frozenset()
    """Of what it is for, in one sentence."""
    triggers: frozenset[str] = frozenset()


def common_words(library: Library, announced: Iterable[str]) -> frozenset[str]:
    """Return the stems that a third of all titles have, such as that of "Procedure"; ``announced`` ones count too."""
    dealings = dealings_in(library)
    titles = [*(dealings[p.path].title for p in library.counted), *(set(list_features(each)) for each in announced)]
    counts = Counter(chain.from_iterable(titles))
    return frozenset(word for word, count in counts.items() if count > max(1, _COMMON * len(titles)))


def list_candidates(library: Library, announced: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield all procedures, and the ``announced`` titles with the lifecycle of each."""
    dealings = dealings_in(library)
    for p in library.counted:
        if p.kind == "procedure" and p.status not in UNCOUNTED:
            own = dealings[p.path]
            yield Candidate(p.title, p.key, p.path, p.lifecycle, own.title, own.purpose, own.triggers)
    for title, lifecycle in announced.items():
        yield Candidate(title, title_key(title), "", lifecycle, frozenset(list_features(title)))


def find_namesakes(
    request: ChangeRequest, candidates: Iterable[Candidate], common: frozenset[str], telling: Mapping[str, float]
) -> tuple[Namesake, ...]:
    """Return who may do the same work already, the nearest first.

    Args:
        request: What is to be written.
        candidates: All titles that there are.
        common: The words of titles that say nothing of their work.
        telling: How much each word tells of what is to be written.
    """
    common |= frozenset(list_features(request.lifecycle))
    key, lifecycle = title_key(request.title), title_key(request.lifecycle)
    own = _words(request.title, common)
    others = list(candidates)
    counts = Counter(chain.from_iterable(each.triggers & own for each in others))
    # The rarest word of a title says best what it is about.
    rare = frozenset(
        sorted((word for word in counts if counts[word] <= _FEW), key=lambda word: (counts[word], word))[:1]
    )
    graded: list[tuple[float, Namesake]] = []
    said = _words(request.purpose, common)
    manner = _manner(others) | common if said else frozenset()
    for each in others:
        if each.key == key:
            continue
        shared = own & each.words
        near = title_key(each.lifecycle) == lifecycle
        if shared and (share := _share(own, each.words - common, near=near)):
            why = f"both are about {_spelled(each.title, shared)}"
            graded.append((share + near, Namesake(each.title, each.path, why)))
            continue
        if begun := _begun(each, common, telling):
            why = f"its title and triggers speak of {_spelled(f'{request.title} {request.purpose}', begun)}"
        elif told := _told(own, each, rare if near else frozenset()):
            why = f"its purpose is about {_spelled(request.title, told)}"
        elif alike := _same_work(said, each.purpose, manner):
            why = f"both purposes speak of {_spelled(request.purpose, alike)}"
        else:
            continue
        graded.append((0.0, Namesake(each.title, each.path, why)))
    return tuple(each for _, each in sorted(graded, key=lambda pair: -pair[0])[:_MOST])


def _share(own: frozenset[str], words: frozenset[str], *, near: bool) -> float:
    """Return how much two titles share that may name the same work; nothing where they do not."""
    shared = own & words
    share = len(shared) / max(1, len(own | words))
    within = (own <= words or words <= own) and (len(shared) > 1 or own == words)
    return share if within or (near and share >= _ALIKE) else 0.0


def _begun(candidate: Candidate, common: frozenset[str], telling: Mapping[str, float]) -> frozenset[str]:
    """Return what title and triggers of another procedure say of a subject, where each says enough of it."""
    if telling.keys().isdisjoint(candidate.words) or telling.keys().isdisjoint(candidate.triggers):
        return frozenset()
    title = candidate.words - common
    told = frozenset(word for word in title | candidate.triggers if telling.get(word, 0.0) > TELLS)
    named, begun = (sum(telling.get(word, 0.0) for word in words) for words in (title, candidate.triggers))
    return told if len(told) >= _LEAST_TOLD and named >= _NAMED and begun >= _BEGUN else frozenset()


def _manner(candidates: Iterable[Candidate]) -> frozenset[str]:
    """Return the words that the purposes of many titles have: these are a manner of speaking."""
    purposes = {each.title: each.purpose for each in candidates if each.purpose}
    counts = Counter(chain.from_iterable(purposes.values()))
    return frozenset(word for word, count in counts.items() if count > max(1, _COMMON * len(purposes)))


def _same_work(said: frozenset[str], purpose: frozenset[str], manner: frozenset[str]) -> frozenset[str]:
    """Return the words that two purposes share, beside a ``manner`` of speaking, where they tell of the same work."""
    shared = said & (purpose - manner)
    if len(shared) < _LEAST_SHARED:
        return frozenset()
    return shared if len(shared) >= _SAME_WORK * min(len(said), len(purpose - manner)) else frozenset()


def _told(own: frozenset[str], candidate: Candidate, rare: frozenset[str]) -> frozenset[str]:
    """Return the words of a title that another procedure is for: all of several, or the one that is ``rare``.

    A purpose mentions many things: one of them has to be in the title too. One word alone means other things in
    another lifecycle ("backlog"), and has to be in a trigger.
    """
    purpose = own & candidate.purpose
    if len(purpose) > 1 and purpose == own and purpose & candidate.words:
        return purpose
    return purpose & rare & candidate.triggers


def _spelled(title: str, stems: Collection[str]) -> str:
    """Return the words of a title that have some stems, as they are spelled in it."""
    words = (word.strip(",().;").lower() for word in title.split() if set(list_features(word)) & set(stems))
    return ", ".join(dict.fromkeys(words))


def _words(title: str, common: frozenset[str]) -> frozenset[str]:
    return frozenset(list_features(title)) - common


WRITTEN = DONE | {"in progress"}
"""What has a contract that others can rely on, though questions may be open."""
_LONGEST = 4500


def says_use(provider: Procedure, key: str) -> list[str]:
    """Return the artifacts of which a procedure says that the title with this key uses them, each once."""
    return _artifacts_for(dealings_of(provider), key)


def _artifacts_for(dealings: Dealings, key: str) -> list[str]:
    return list(dict.fromkeys(artifact for artifact, user in dealings.uses if _is_user(user, key)))


def _is_user(user: str, key: str) -> bool:
    # What is before a mark holds the whole line up to the title: "merge record is used by incident triage".
    return user == key or user.endswith(f" {key}")


def wanted_of(consumer: Procedure, key: str) -> list[Artifact]:
    """Return the inputs that a procedure takes from the title with this key, announced or not."""
    return [a for a in consumer.contract.inputs if a.source and title_key(bare_title(a.source)) == key]


def expected_of(library: Library, key: str) -> list[str]:
    """Return the artifacts that procedures require from a title, each once."""
    wanted = (wanted_of(p, key) for p in takers_in(library).get(key, ()) if p.status in WRITTEN)
    return list(dict.fromkeys(artifact.name for artifact in chain.from_iterable(wanted)))


def list_promises(library: Library, announced: Iterable[str], first: Iterable[str]) -> tuple[tuple[Promise, ...], int]:
    """Return what procedures promise by name, and how many of them are left out because there is no room.

    Args:
        library: The library.
        announced: Titles without a document: of these it is what others expect.
        first: Paths and titles that come first.
    """
    order = {name: place for place, name in enumerate(dict.fromkeys(first))}
    dealings = dealings_in(library)
    written = [
        (p.path, p.title, gives, False)
        for p in library.counted
        if p.kind == "procedure" and p.status in WRITTEN and (gives := _without_gaps(dealings[p.path].gives))
    ]
    expected = ((title, tuple(expected_of(library, title_key(title)))) for title in announced)
    written += [(title, title, names, True) for title, names in expected if names]
    written.sort(key=lambda each: order.get(each[0], len(order)))
    room, kept = _LONGEST, 0
    for _, title, names, _ in written:
        room -= len(title) + sum(len(name) + 2 for name in names)
        if room < 0:
            break
        kept += 1
    promises = (Promise(title, names, announced=alone) for _, title, names, alone in written[:kept])
    return tuple(promises), len(written) - kept


def _without_gaps(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of artifacts without the marks of a draft whose author knew none: they promise nothing."""
    return tuple(name for name in names if not holds_gap(name))


# An artifact is written with capitals, and in more than one word: "Threat Model Document".
_NAME = r"[A-Z][\w-]+(?: [A-Z][\w-]+)+"
_ONE = rf"(?:(?:the|an?) )?{_NAME}"
_LIST = rf"(?P<names>{_ONE}(?:(?:, and |, | and ){_ONE})*)"
_WAYS = {"from": r"(?:of|from)", "to": r"to"}


def spoken_artifacts(text: str, way: Literal["from", "to"], title: str) -> tuple[NamedText, ...]:
    """Return the artifacts that a text takes from a procedure, or hands to it.

    "It needs the Threat Model Document of the Threat Model Procedure" and "It hands a Mitigation Plan to the Backend
    Implementation Procedure" are understood; anything else is silence, never a guess.
    """
    pattern = re.compile(rf"\b{_LIST}\s+{_WAYS[way]}\s+(?:the\s+)?{re.escape(title)}\b")
    spoken: dict[str, NamedText] = {}
    for match in pattern.finditer(" ".join(text.split())):
        for name in re.findall(_NAME, match["names"]):
            spoken.setdefault(title_key(name), NamedText(name, ""))
    return tuple(spoken.values())


# So many neighbours are shown, and so many that are only near in any case.
_SHOWN, _LEAST_CLOSE = 7, 3
_MOST_TRIGGERS = 3
_LONGEST_PURPOSE = 240
_SENTENCE = lazy(r"(?<=[.!?])\s+")


def find_close(near: Iterable[Procedure], known: Sequence[Neighbour]) -> tuple[Neighbour, ...]:
    """Return the procedures that one is likely to work with, and that are no neighbours already.

    Args:
        near: The procedures, the nearest first.
        known: The neighbours: the more they are, the fewer others are shown.
    """
    told = {neighbour.path for neighbour in known}
    close = (p for p in near if p.path not in told and p.status in WRITTEN)
    return tuple(
        Neighbour(
            title=p.title,
            relation="is close to",
            path=p.path,
            status=p.status,
            purpose=_beginning(p.gist.purpose),
            triggers=p.gist.triggers[:_MOST_TRIGGERS],
            outputs=tuple(NamedText(name, "") for name in _without_gaps(a.name for a in p.contract.outputs)),
            takes=_without_gaps(a.name for a in p.contract.inputs),
            lacks=_name_texts(a for a in p.contract.inputs if not a.source),
        )
        for p in islice(close, max(_LEAST_CLOSE, _SHOWN - len(known)))
    )


def _beginning(text: str) -> str:
    """Return the first sentences of a text: one in any case, and as many as there is room for."""
    first, *more = _SENTENCE.split(text)
    for sentence in more:
        if len(first) + len(sentence) >= _LONGEST_PURPOSE:
            break
        first = f"{first} {sentence}"
    return first


def find_neighbours(request: ChangeRequest, library: Library) -> tuple[Neighbour, ...]:
    """Return who comes before and after a procedure, with their side of the contract, and whom the plan names."""
    key = title_key(request.title)
    before = _unique([*request.depends_on, *_declared(library, key), *_providers(library, key)])
    after = _unique([*request.blocks, *_consumers(library, key)])
    own = next((p for p in library.by_key.get(key, ()) if p.counted), None)
    words = _Words(request.title, own.gist.purpose if own else "")
    upstream = [_neighbour(title, words, library, "depends on") for title in before]
    downstream = [_neighbour(title, words, library, "is needed by") for title in after if title not in before]
    known = {key, *(title_key(n.title) for n in (*upstream, *downstream))}
    named = [
        _neighbour(p.title, words, library, "is named by")
        for p in (library.counted if request.actions else ())
        if p.key not in known and p.status not in UNCOUNTED and _is_named(p.key, request)
    ]
    return tuple(n for n in (*upstream, *downstream, *named) if title_key(n.title) != key)


def _is_named(key: str, request: ChangeRequest) -> bool:
    """Say whether an action item names a title; one word is too often the thing itself."""
    return " " in key and any(f" {key} " in f" {title_key(text)} " for text in request.actions)


def _unique(titles: Sequence[str]) -> list[str]:
    return list({title_key(title): title for title in reversed(titles)}.values())[::-1]


def _declared(library: Library, key: str) -> list[str]:
    return list(chain.from_iterable(p.depends_on for p in library.by_key.get(key, ())))


def _providers(library: Library, key: str) -> list[str]:
    """Return who says that this procedure uses an output."""
    dealings = dealings_in(library)
    return [p.title for p in library.counted if _artifacts_for(dealings[p.path], key) and p.status in WRITTEN]


def _consumers(library: Library, key: str) -> list[str]:
    """Return who needs this procedure: by a required input, or by declared dependency."""
    dealings = dealings_in(library)
    return [
        p.title
        for p in library.counted
        if p.kind == "procedure" and (key in dealings[p.path].takes or key in dealings[p.path].needs)
    ]


class _Words(Struct, frozen=True):
    """The title of the wanted procedure, and what its placeholder says."""

    title: str
    text: str


def _neighbour(title: str, own: _Words, library: Library, relation: Relation) -> Neighbour:
    upstream = relation == "depends on"
    document = next((p for p in library.by_key.get(title_key(title), ())), None)
    if document is None:
        expected = tuple(NamedText(name, "") for name in expected_of(library, title_key(title)))
        outputs = spoken_artifacts(own.text, "from", title) or expected
        return Neighbour(title, relation, outputs=outputs if upstream else ())
    return Neighbour(
        title=document.title,
        relation=relation,
        path=document.path,
        status=document.status,
        purpose=document.gist.purpose,
        triggers=document.gist.triggers,
        outputs=_outputs(document, own) if upstream else (),
        promised=_promised(document, own),
        wants=_wants(document, own) if relation == "is needed by" else _required(document, own),
    )


def _promised(provider: Procedure, own: _Words) -> tuple[str, ...]:
    """Return the outputs of which a procedure says that we use them."""
    return tuple(says_use(provider, title_key(own.title))) if provider.status in WRITTEN else ()


def _outputs(provider: Procedure, own: _Words) -> tuple[NamedText, ...]:
    """Return what a provider guarantees to us; where it is a placeholder, what the words of both say."""
    if provider.status not in WRITTEN:
        said = spoken_artifacts(own.text, "from", provider.title)
        return said or spoken_artifacts(provider.gist.purpose, "to", own.title)
    for_us = set(map(title_key, _promised(provider, own)))
    promised = [a for a in provider.contract.outputs if not for_us or title_key(a.name) in for_us]
    return _name_texts(promised)


def _wants(consumer: Procedure, own: _Words) -> tuple[NamedText, ...]:
    """Return what a consumer requires of us; where it is a placeholder, what the words of both say."""
    required = _required(consumer, own)
    if required or consumer.status in WRITTEN:
        return required
    said = spoken_artifacts(consumer.gist.purpose, "from", own.title)
    return said or spoken_artifacts(own.text, "to", consumer.title)


def _required(consumer: Procedure, own: _Words) -> tuple[NamedText, ...]:
    return _name_texts(wanted_of(consumer, title_key(own.title)))


def _name_texts(artifacts: Iterable[Artifact]) -> tuple[NamedText, ...]:
    return tuple(NamedText(a.name, _after_name(a)) for a in artifacts if not holds_gap(a.name))


def _after_name(artifact: Artifact) -> str:
    return artifact.text.removeprefix(artifact.name).lstrip(" :–—-").strip()


# A list that is longer than this does not fit a schema that providers accept.
_NEAREST = 200
# So many lifecycles are named in a hint.
_LIFECYCLES = 5
_LEAST_ANNOUNCED = 40
# Plans, indexes and placeholders are found too, and left out afterwards.


def gather(  # noqa: PLR0913, PLR0917 - what a brief is gathered from
    request: ChangeRequest,
    workspace: Workspace,
    library: Library,
    plan: Plan | None,
    search: Search,
    own: Procedure | None = None,
) -> Brief:
    """Gather the brief for a new procedure, for a placeholder that it will replace, or for an update of ``own``.

    Raises:
        NotFoundError: Nothing says to which lifecycle the title belongs, or nothing knows what it depends on.
        InvalidTitleError: It is the title of a standard.
    """
    announced = workspace.announced(library, plan)
    refuse_unknown(request, library, announced)
    present, path = _place(request, library, own)
    template = workspace.templates.for_path(path)
    refuse_conflicted(template)
    common = common_words(library, announced.values())
    subject = read_subject(request, present.gist.purpose if present else "", common, _routine(plan))
    most = workspace.settings.authoring.passages
    rarity = Rarity.of(library)
    telling = rarity.weigh(subject.weights)
    chunks = find_chunks(subject, search, most)
    neighbours = find_neighbours(request, library)
    near = () if request.wish else rank_near(telling, request, library, chunks, path)
    neighbours += find_close(near, neighbours)
    rules = find_standards(request, library, path, neighbours, subject, near)
    # A rule that is told is not shown again as a passage.
    other = [[c for c in each if c.path not in {path, *(s.path for s in rules)}] for each in chunks]
    passages = choose_passages(telling, library, other, most)
    lifecycles = _lifecycles(library, announced)
    candidates = list_candidates(library, lifecycles)
    closest, far = _references(request, library, announced, neighbours, passages)
    brief = Brief(
        request=request,
        path=path,
        **_of_document(present) if present else asdict(manner(library, path, request.lifecycle, request.title)),
        template=template.name,
        template_hash=template.hash,
        passages=passages,
        neighbours=neighbours,
        standards=tuple(standard.title for standard in rules),
        references=(*closest, *far),
        nearest=len(closest),
        rules=rules,
        namesakes=() if request.wish else find_namesakes(request, candidates, common, telling),
        **_surroundings(request, library, lifecycles, _around(neighbours, near)),
        orchestrations=_orchestrations(library, request.lifecycle),
    )
    return _censored(brief, library)


def _place(request: ChangeRequest, library: Library, own: Procedure | None) -> tuple[Procedure | None, str]:
    """Return the document that is there, if there is one that can be written, and the path of the one to write."""
    _refuse_standard(request, library)
    present = own or next((p for p in library.by_key.get(title_key(request.title), ()) if p.counted), None)
    if present:
        _refuse_unwritable(present, request)
    return present, present.path if present else _path(request, library)


def _censored(brief: Brief, library: Library) -> Brief:
    """Return a brief without secrets.

    The document itself stays as it is, byte for byte: a draft is laid over it. Prompts take it through a `Censor`.
    """
    censor = Censor.of(*_texts(brief, library))
    closed = "\n".join(chain.from_iterable((each.title, each.path) for each in brief.references))
    # The closed list is long, and hardly ever holds a secret.
    rest = replace(brief, references=()) if censor.each(closed) == closed else brief
    censored = as_type(censor.each(rest.as_json()), Brief)
    return replace(censored, text=brief.text, references=censored.references or brief.references)


def _of_document(present: Procedure) -> dict[str, Any]:
    """Return what a brief says of the document that is there."""
    return {
        "heading": heading_of(present),
        "base": present.stamp,
        "present": present.gist.purpose,
        "text": present.document.source.raw.decode(),
    }


def _orchestrations(library: Library, lifecycle: str) -> tuple[str, ...]:
    key = title_key(lifecycle)
    return tuple(p.title for p in library.of_kind("orchestration") if title_key(p.lifecycle) == key)


def _routine(plan: Plan | None) -> frozenset[str]:
    """Return the action items that a third of the items with some share, at least three: they say nothing of one."""
    items = [item for item in plan.items if item.actions] if plan else []
    counts = Counter(chain.from_iterable({action.text for action in item.actions} for item in items))
    return frozenset(text for text, count in counts.items() if count >= max(3, len(items) / 3))


def _texts(brief: Brief, library: Library) -> Iterator[bytes]:
    """Yield the documents that a brief takes parts from."""
    titles = {title_key(standard.title) for standard in brief.rules}
    near = chain.from_iterable(library.by_key.get(key, ()) for key in titles)
    paths = {
        brief.path,
        *(p.path for p in brief.passages),
        *(n.path for n in brief.neighbours),
        *(p.path for p in near),
    }
    yield from (library.by_path[path].document.source.raw for path in sorted(paths) if path in library.by_path)


def refuse_homeless(request: ChangeRequest, library: Library) -> None:
    """Refuse a title that no document can have, or of which nothing says where its document belongs.

    Raises:
        InvalidTitleError: It is the title of a standard, or no title.
        NotFoundError: Nothing says to which lifecycle it belongs.
    """
    check_title(request.title)
    _refuse_standard(request, library)
    if not any(p.counted for p in library.by_key.get(title_key(request.title), ())):
        _path(request, library)


def _refuse_standard(request: ChangeRequest, library: Library) -> None:
    for document in library.by_key.get(title_key(request.title), ()):
        if document.kind == "standard" and not request.wish:
            message = f"{document.title!r} is a standard ({document.path}), and no procedure"
            raise InvalidTitleError(
                message, f'change it with: procauthor update "{document.title}" "what should change"'
            )


def _path(request: ChangeRequest, library: Library) -> str:
    """Return where a new document goes."""
    path = new_path(library, request.lifecycle, request.title)
    if not path:
        known = [p.title for p in library.counted] + [e.title for e in missing_titles(library).values()]
        message = f"neither plan nor index says where {request.title!r} belongs"
        names = list(dict.fromkeys(p.lifecycle for p in library.counted if p.lifecycle))[:_LIFECYCLES]
        hint = "name its lifecycle with --lifecycle" + (f", for example {', '.join(names)}" if names else "")
        raise NotFoundError(message, _suggest(request.title, known) or hint)
    return path


def _refuse_unwritable(present: Procedure, request: ChangeRequest) -> None:
    """Refuse a document that no draft of it could be written to, before one is paid for.

    Raises:
        LibraryError: It holds a conflict.
        FrontMatterError: A draft would change front matter that cannot be edited.
    """
    refuse_conflict(present.path, present.document)
    if not request.wish:
        refuse_unreadable(present.document, present.path)


def _suggest(title: str, known: Sequence[str]) -> str:
    close = get_close_matches(title, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}? Otherwise name its lifecycle with --lifecycle" if close else ""


# What is around


def _around(neighbours: Sequence[Neighbour], near: Iterable[Procedure]) -> list[str]:
    """Return the paths and titles of neighbours and of near documents, the nearest first."""
    return [*chain.from_iterable((n.path, n.title) for n in neighbours), *(p.path for p in near)]


def _surroundings(
    request: ChangeRequest, library: Library, lifecycles: Mapping[str, str], around: Sequence[str]
) -> dict[str, Any]:
    """Return what a new procedure has to fit: promises, roles and registers; ``lifecycles`` are of announced titles."""
    if request.wish:
        return {}
    promises, untold = list_promises(library, lifecycles, around)
    return {
        "promises": promises,
        "untold": untold,
        "roles": find_roles(library, around),
        "registers": find_registers(library),
    }


def _lifecycles(library: Library, announced: Mapping[str, str]) -> dict[str, str]:
    """Return the lifecycle of each title without a document, empty where nothing says it."""
    missing = missing_titles(library)
    known = {entry.title: entry.lifecycle for entry in missing.values()}
    return known | {title: "" for key, title in announced.items() if key not in missing}


# The closed list


def _references(
    request: ChangeRequest,
    library: Library,
    announced: Mapping[str, str],
    neighbours: Sequence[Neighbour],
    passages: Sequence[Passage],
) -> tuple[list[Reference], list[Reference]]:
    """Return what the draft may refer to, each title once: the nearest, and all others."""
    documents = _documents(request, library, {n.path for n in neighbours if n.path} | {p.path for p in passages})
    known = {title_key(request.title), *(p.key for p in documents)}
    titles = _announced(request, library, announced, neighbours)
    without = [Reference(title) for key, title in titles.items() if key not in known]
    room = max(_NEAREST - len(documents), _LEAST_ANNOUNCED)
    references = [Reference(p.title, p.path) for p in documents]
    return [*references[:_NEAREST], *without[:room]], [*references[_NEAREST:], *without[room:]]


def _documents(request: ChangeRequest, library: Library, near: set[str]) -> list[Procedure]:
    """Return the documents that have a title for themselves: those of ``near`` first, then those of the lifecycle."""
    own, lifecycle = title_key(request.title), title_key(request.lifecycle)
    documents = [p for p in library.procedures if p.counted or p.kind in ("standard", "other")]
    documents.sort(key=lambda p: (p.kind == "other", p.path not in near, title_key(p.lifecycle) != lifecycle, p.path))
    return [
        p for p in documents if p.key != own and len(library.by_key.get(p.key, ())) == 1 and p.status not in UNCOUNTED
    ]


def _announced(
    request: ChangeRequest, library: Library, announced: Mapping[str, str], neighbours: Sequence[Neighbour]
) -> dict[str, str]:
    """Return titles without a document by key: of neighbours, of the lifecycle, then all others of index and plan."""
    lifecycle = title_key(request.lifecycle)
    titles = {title_key(n.title): n.title for n in neighbours if not n.path}
    titles |= {k: e.title for k, e in missing_titles(library).items() if title_key(e.lifecycle) == lifecycle}
    return {**titles, **announced}
