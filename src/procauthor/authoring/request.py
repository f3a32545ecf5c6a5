"""Puts a change request together from what the caller, the plan, the index and a placeholder say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from procauthor.authoring.brief import ChangeRequest
from procauthor.convention.word import lifecycle_name, plain_name
from procauthor.errors import DraftError, NotFoundError
from procauthor.library.index import missing_titles
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy

if TYPE_CHECKING:
    from procauthor.planning.plan import Plan, PlanItem

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
