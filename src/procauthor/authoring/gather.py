"""Gathers a brief from the library: neighbours and their contracts, passages, standards, the closed list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

from procauthor.authoring.brief import Brief, ChangeRequest, Neighbour, Passage, Reference
from procauthor.authoring.neighbour import find_close, find_neighbours
from procauthor.authoring.passage import Search, choose_passages
from procauthor.authoring.promise import list_promises
from procauthor.authoring.role import find_registers, find_roles
from procauthor.authoring.similar import common_words, find_namesakes, list_candidates
from procauthor.authoring.standard import find_standards
from procauthor.authoring.subject import read_subject
from procauthor.errors import InvalidTitleError, NotFoundError
from procauthor.library.home import heading_of, manner, new_path
from procauthor.library.index import missing_titles
from procauthor.library.library import Library, Procedure
from procauthor.library.permit import refuse_conflict
from procauthor.library.reference import check_title
from procauthor.markdown.front_edit import refuse_unreadable
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.secret import Censor
from procauthor.template.spec import Template

# A list that is longer than this does not fit a schema that providers accept.
_NEAREST = 200
# So many lifecycles are named in a hint.
_LIFECYCLES = 5
_LEAST_ANNOUNCED = 40
# Plans, indexes and placeholders are found too, and left out afterwards.


@dataclass(frozen=True)
class BriefSource:
    """Where a brief is gathered from.

    ``template`` gives the template of a document by its path. ``announced`` maps the keys of titles that a plan
    announces to the titles; ``routine`` are the action items that the plan asks of most procedures, which say nothing
    about this one.
    """

    library: Library
    template: Callable[[str], Template]
    search: Search
    announced: Mapping[str, str]
    passages: int = 12
    routine: frozenset[str] = frozenset()


def gather(request: ChangeRequest, source: BriefSource, own: Procedure | None = None) -> Brief:
    """Gather the brief for a new procedure, for a placeholder that it will replace, or for an update of ``own``.

    Raises:
        NotFoundError: Nothing says to which lifecycle the title belongs.
        InvalidTitleError: It is the title of a standard.
    """
    library = source.library
    _refuse_standard(request, library)
    present = own or next((p for p in library.by_key.get(title_key(request.title), ()) if p.counted), None)
    if present:
        _refuse_unwritable(present, request)
    path = present.path if present else _path(request, library)
    template = source.template(path)
    common = common_words(library, source.announced.values())
    subject = read_subject(request, present.gist.purpose if present else "", common, source.routine)
    passages = choose_passages(subject, library, source.search, source.passages, path)
    neighbours = find_neighbours(request, library)
    if not request.wish:
        near = Counter(passage.path for passage in passages)
        neighbours += find_close((library.by_path[each] for each, _ in near.most_common()), neighbours)
    closest, far = _references(request, source, neighbours, passages)
    brief = Brief(
        request=request,
        path=path,
        **(
            {"heading": heading_of(present)}
            if present
            else asdict(manner(library, path, request.lifecycle, request.title))
        ),
        template=template.name,
        template_hash=template.hash,
        base=present.stamp if present else "",
        present=present.gist.purpose if present else "",
        text=present.document.source.raw.decode() if present else "",
        passages=passages,
        neighbours=neighbours,
        standards=_standards(library, passages),
        references=(*closest, *far),
        nearest=len(closest),
        rules=find_standards(request, library, path, neighbours, passages, subject),
        **_surroundings(request, source, neighbours, common),
        orchestrations=tuple(
            p.title for p in library.of_kind("orchestration") if title_key(p.lifecycle) == title_key(request.lifecycle)
        ),
    )
    # The document itself stays as it is, byte for byte: a draft is laid over it. Prompts take it through a `Censor`.
    censor = Censor.of(*_texts(brief, library))
    return replace(Brief.from_json(censor.each(brief.as_json())), text=brief.text)


def _texts(brief: Brief, library: Library) -> Iterator[bytes]:
    """Yield the documents that a brief takes parts from."""
    titles = {title_key(standard.title) for standard in brief.rules}
    near = [p for key in titles for p in library.by_key.get(key, ())]
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
    for found in library.by_key.get(title_key(request.title), ()):
        if found.kind == "standard" and not request.wish:
            message = f"{found.title!r} is a standard ({found.path}), and no procedure"
            raise InvalidTitleError(message, f'change it with: procauthor update "{found.title}" "what should change"')


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
    """Refuse a document that no draft of it could be written to, before anybody is paid for one.

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


def _surroundings(
    request: ChangeRequest, source: BriefSource, neighbours: Sequence[Neighbour], common: frozenset[str]
) -> dict[str, Any]:
    """Return what a new procedure has to fit: promises, roles and registers, and who may do the same work already."""
    library = source.library
    if request.wish:
        return {}
    missing = missing_titles(library)
    lifecycles = {entry.title: entry.lifecycle for entry in missing.values()}
    lifecycles |= {t: "" for key, t in source.announced.items() if key not in library.by_key and key not in missing}
    near = [each for n in neighbours for each in (n.path, n.title)]
    own = [p.path for p in library.counted if title_key(p.lifecycle) == title_key(request.lifecycle)]
    promises, untold = list_promises(library, lifecycles, [*near, *own])
    return {
        "promises": promises,
        "untold": untold,
        "roles": find_roles(library),
        "registers": find_registers(library),
        "namesakes": find_namesakes(request, list_candidates(library, lifecycles), common),
    }


def _standards(library: Library, passages: Sequence[Passage]) -> tuple[str, ...]:
    """Return the standards among the best passages."""
    paths = list(dict.fromkeys(p.path for p in passages[:8]))
    return tuple(library.by_path[path].title for path in paths if library.by_path[path].kind == "standard")


# The closed list


def _references(
    request: ChangeRequest, source: BriefSource, neighbours: Sequence[Neighbour], passages: Sequence[Passage]
) -> tuple[list[Reference], list[Reference]]:
    """Return what the draft may refer to, each title once: the nearest, and all others."""
    documents = _documents(request, source.library, {n.path for n in neighbours if n.path} | {p.path for p in passages})
    announced = _announced(request, source, neighbours, {title_key(r.title) for r in documents})
    room = max(_NEAREST - len(documents), _LEAST_ANNOUNCED)
    far = [*documents[_NEAREST:], *announced[room:]]
    return [*documents[:_NEAREST], *announced[:room]], far


def _documents(request: ChangeRequest, library: Library, near: set[str]) -> list[Reference]:
    """Return the documents that have a title for themselves: those of ``near`` first, then those of the lifecycle."""
    own, lifecycle = title_key(request.title), title_key(request.lifecycle)
    found = [p for p in library.procedures if p.counted or p.kind in ("standard", "other")]
    found.sort(key=lambda p: (p.kind == "other", p.path not in near, title_key(p.lifecycle) != lifecycle, p.path))
    return [
        Reference(p.title, p.path)
        for p in found
        if p.key != own and len(library.by_key.get(p.key, ())) == 1 and p.status not in UNCOUNTED
    ]


def _announced(
    request: ChangeRequest, source: BriefSource, neighbours: Sequence[Neighbour], known: set[str]
) -> list[Reference]:
    """Return titles without a document: of neighbours, of the lifecycle, then all others of index and plan."""
    own, lifecycle = title_key(request.title), title_key(request.lifecycle)
    missing = missing_titles(source.library)
    found = {title_key(n.title): n.title for n in neighbours if not n.path}
    found |= {k: e.title for k, e in missing.items() if title_key(e.lifecycle) == lifecycle}
    found |= {k: t for k, t in source.announced.items() if k not in source.library.by_key}
    found |= {k: e.title for k, e in missing.items() if k not in found}
    return [Reference(title) for key, title in found.items() if key != own and key not in known]
