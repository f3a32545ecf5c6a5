"""Completes a request from caller, plan, index and placeholder, and gathers a brief for it from the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import asdict, replace

from procauthor.authoring.brief import (
    Brief,
    ChangeRequest,
    Namesake,
    Neighbour,
    Passage,
    Reference,
)
from procauthor.authoring.dealing import (
    dealings_in,
    find_close,
    find_neighbours,
    find_registers,
    find_roles,
    list_promises,
)
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
from procauthor.convention.word import lifecycle_name, plain_name
from procauthor.data import as_type
from procauthor.errors import DraftError, InvalidTitleError, NotFoundError
from procauthor.library.change import refuse_conflict
from procauthor.library.index import heading_of, manner, missing_titles, new_path
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import check_title
from procauthor.markdown.front import refuse_unreadable
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy
from procauthor.retrieval.lexical import list_features
from procauthor.secret import Censor
from procauthor.template.read import refuse_conflicted
from procauthor.workspace import Workspace

if TYPE_CHECKING:
    from procauthor.planning.plan import Plan, PlanItem

# The request

# Between the names of a list, in the languages that ship.
_BETWEEN = lazy(r"\s*[,;]\s*|\s+(?:&|and|und|et|y|e)\s+")


def build_request(asked: ChangeRequest, library: Library, plan: Plan | None) -> ChangeRequest:
    """Complete a request; what the caller says comes first, then a placeholder, then plan and index.

    What the caller says that it depends on is added to what the plan says.

    Args:
        asked: What the caller says: the title, and any of lifecycle, phase, ``added`` dependencies, purpose, trigger
            and scope.
        library: The library.
        plan: The plan, if there is one.
    """
    title, phase = _plain(asked.title, library), asked.phase
    key = title_key(title)
    item = next((i for i in plan.items if title_key(i.title) == key), None) if plan else None
    present = next((p for p in library.by_key.get(key, ()) if p.counted), None)
    entry = missing_titles(library).get(key)
    stub = present if present and present.status == "placeholder" else None
    before, after, owner = _read_stub(stub, library) if stub else ((), (), "")
    known = present or item or entry
    dated = present or item
    added = tuple({title_key(title): _title(library, title) for title in asked.added}.values())
    return ChangeRequest(
        title=known.title if known else title,
        lifecycle=_lifecycle(asked.lifecycle, library)
        or next(filter(None, (each.lifecycle for each in (present, item, entry) if each)), ""),
        phase=dated.phase if phase is None and dated else phase,
        depends_on=_distinct(*added, *before, *_before(key, item, plan, library)),
        added=added,
        blocks=_distinct(*after, *filter(None, (_named(t, plan, library) for t in (item.blocks if item else ())))),
        actions=tuple(action.text for action in item.actions) if item else (),
        why=item.why if item and not item.computed else "",
        item=item.number if item else None,
        purpose=" ".join(asked.purpose.split()),
        trigger=" ".join(asked.trigger.split()),
        scope=" ".join(asked.scope.split()),
        owner=owner,
    )


def _read_stub(present: Procedure, library: Library) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return what a placeholder says under labels: what comes before it and after it, and who answers for it.

    The labels are those of items in plans: "Depends on: ...".
    """
    from procauthor.planning.line import read_lines
    from procauthor.planning.text import read_fields
    from procauthor.planning.value import read_words

    before: list[str] = []
    after: list[str] = []
    owners: list[str] = []
    for each in read_fields(read_lines(present.document)):
        texts = [text for text, _ in each.values]
        if each.key == "depends_on":
            before += chain.from_iterable(_known_titles(text, library) for text in texts)
        elif each.key == "blocks":
            after += chain.from_iterable(_known_titles(text, library) for text in texts)
        elif each.label.casefold() in read_words().lists["assigned"]:
            owners += texts
    # Front matter stays as it is.
    owner = "" if present.document.front_matter else present.owner or "".join(owners[:1])
    return _distinct(*before), _distinct(*after), owner


def _known_titles(text: str, library: Library) -> Iterator[str]:
    """Yield the titles in a list of names that documents or the index have; one title may hold a comma or an "and"."""
    announced = missing_titles(library)
    for part in (text, *_BETWEEN.split(text)):
        key = title_key(part.strip(" .*_"))
        if key in library.by_key:
            yield _title(library, part)
        elif key in announced:
            yield announced[key].title


def _distinct(*titles: str) -> tuple[str, ...]:
    return tuple({title_key(title): title for title in titles}.values())


def _plain(title: str, library: Library) -> str:
    """Return a title without what the library writes around names."""
    patterns = library.procedures[0].conventions.titles.patterns if library.procedures else ()
    return plain_name(title, patterns)


def _before(key: str, item: PlanItem | None, plan: Plan | None, library: Library) -> tuple[str, ...]:
    """Return the procedures before an item: those it names, and the items that "All PR procedures" means."""
    if plan is None:
        return ()
    if item is None:
        return tuple(
            _title(library, i.title) for i in plan.items if key in map(title_key, set(i.blocks) - set(i.soft_blocks))
        )
    from procauthor.planning.order import edges

    named = [d.title for d in item.depends_on if d.hard and d.state != "vague"]
    place = plan.items.index(item)
    ordered = sorted((a, strength) for (a, b), strength in edges(plan.items).items() if b == place)
    named += [plan.items[a].title for a, strength in ordered if strength != "soft"]
    return tuple({title_key(title): _title(library, title) for title in named}.values())


def _title(library: Library, title: str) -> str:
    documents = library.by_key.get(title_key(title), ())
    return documents[0].title if len(documents) == 1 else title


def _named(title: str, plan: Plan | None, library: Library) -> str:
    """Return a blocked title in full, or nothing where it names no procedure: "Other PR procedures"."""
    key = title_key(title)
    if key in library.by_key:
        return _title(library, title)
    known = {title_key(i.title): i.title for i in plan.items} if plan else {}
    return known.get(key, "")


def _lifecycle(name: str, library: Library) -> str:
    """Return a lifecycle as the library spells it; the name of a folder is that of the lifecycle in it."""
    if not name:
        return ""
    key = title_key(lifecycle_name(name))
    known = {title_key(p.lifecycle): p.lifecycle for p in library.counted}
    if key in known:
        return known[key]
    inside = {p.lifecycle for p in library.counted if _folder(p.path) == name.strip("/").casefold()}
    return inside.pop() if len(inside) == 1 else name


def _folder(path: str) -> str:
    return PurePosixPath(path).parent.as_posix().casefold()


def refuse_unknown(request: ChangeRequest, library: Library, announced: Mapping[str, str]) -> None:
    """Refuse what the caller says that it depends on, where neither a document nor a plan or index knows it.

    Raises:
        NotFoundError: There is no such procedure; the hint names the nearest.
    """
    for title in request.added:
        if title_key(title) not in library.by_key and title_key(title) not in announced:
            known = {p.key: p.title for p in library.counted} | dict(announced)
            close = get_close_matches(title_key(title), list(known), n=1, cutoff=0.6)
            message = f"it cannot depend on {title!r}: no procedure is called so, and nothing announces one"
            raise NotFoundError(message, f"did you mean {known[close[0]]!r}?" if close else "announce it in the index")


def defined_document(title: str, library: Library) -> Procedure | None:
    """Return the document with that title that is more than announced, or nothing."""
    documents = (p for p in library.by_key.get(title_key(title), ()) if p.counted)
    return next((p for p in documents if p.status not in ("placeholder", "missing")), None)


def refuse_duplicate(title: str, library: Library) -> None:
    """Refuse a title that an existing document has.

    Raises:
        DraftError: It has; the message says which.
    """
    present = defined_document(title, library)
    if present is not None:
        message = f"Rejected: {present.title!r} already exists in {present.path} ({present.status})"
        ways = f'procauthor brief "{present.title}" or procauthor update "{present.title}" "WISH"'
        raise DraftError(message, f"create is for new procedures and placeholders; change it with: {ways}")


def refuse_revision(present: Procedure, library: Library) -> None:
    """Refuse to hand out the fields of a document that is out of use, or shares its title with another one.

    Raises:
        DraftError: It is.
        AmbiguousError: Several documents have the title.
    """
    library.find(present.title)
    if present.status in UNCOUNTED:
        message = f"{present.title!r} in {present.path} is {present.status}"
        raise DraftError(message, "ask for the procedure that replaced it")


# Who may do the same work

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
    if request.wish:
        return ()
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


# The brief

# A list that is longer than this does not fit a schema that providers accept.
_NEAREST = 200
# So many lifecycles are named in a hint.
_LIFECYCLES = 5
_LEAST_ANNOUNCED = 40


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
    refuse_conflicted(template := workspace.templates.for_path(path))
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
        namesakes=()
        if request.wish
        else find_namesakes(request, list_candidates(library, lifecycles), common, telling),
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
        "text": present.source.raw.decode(),
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
    yield from (library.by_path[path].source.raw for path in sorted(paths) if path in library.by_path)


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
