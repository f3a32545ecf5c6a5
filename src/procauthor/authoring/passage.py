"""Which passages of the library stand in a brief."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from procauthor.authoring.brief import Passage
from procauthor.library.library import EVALUATIONS, Library, Procedure
from procauthor.retrieval.chunk import Chunk
from procauthor.template.role import meaning_of

Search = Callable[[str, int], Sequence[Chunk]]

_OVERSAMPLED = 5
_LEAST_PASSAGE = 40
_MAX_PASSAGE = 1600
_LEAST_SHARE = 3
# Of one document; beyond that another one has more to add.
_MOST_OF_ONE = 3
# Sections with these roles tell what a document is about, not how anything is done.
_NO_INSTRUCTION = frozenset(("card", "purpose", "scope", "trigger", "inputs", "consumers", "exits", "records"))
# Said of neighbours in the brief, or true of that document alone.
_ELSEWHERE = frozenset(("outputs", "plan"))


def choose_passages(
    queries: Sequence[str], library: Library, search: Search, most: int, path: str
) -> tuple[Passage, ...]:
    """Return the passages for each query, the first query's first, best first and each once.

    Args:
        queries: What to search for; the first may fill the list, the others have a share of it each.
        library: Where the documents are.
        search: Finds chunks for a query, the best first.
        most: How many the first query gives at most; all together give twice as many.
        path: Where the procedure is or will be: it is no evidence for itself.
    """
    share = max(_LEAST_SHARE, most // max(1, len(queries)))
    found: dict[str, Chunk] = {}
    for position, query in enumerate(queries):
        hits = search(query, most * _OVERSAMPLED)
        usable = (c for c in hits if c.path != path and _usable(library, c))
        chosen = list(_varied(library, usable))[: share if position else most]
        found |= {c.id: c for c in chosen if c.id not in found}
    return tuple(
        Passage(f"P{n}", c.path, c.title, c.heading, c.line, c.hash, c.text[:_MAX_PASSAGE], _role(library, c))
        for n, c in enumerate(list(found.values())[: most * 2], start=1)
    )


def is_about(passage: Passage) -> bool:
    """Say whether a passage tells what a document is about, not how anything is done."""
    return passage.role in _NO_INSTRUCTION


def _role(library: Library, chunk: Chunk) -> str:
    """Return the role of the section that a chunk is from, by the template of its document."""
    return meaning_of(library.by_path[chunk.path].template).role_of(chunk.heading)


def _varied(library: Library, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Put behind all others what says nothing of how to work, and what one document has beyond its share.

    Inputs, outputs and consumers of neighbours stand in the brief anyway, where it speaks of neighbours.
    """
    later: list[Chunk] = []
    taken = Counter[str]()
    for chunk in chunks:
        if _role(library, chunk) in _NO_INSTRUCTION | _ELSEWHERE or taken[chunk.path] >= _MOST_OF_ONE:
            later.append(chunk)
        else:
            taken[chunk.path] += 1
            yield chunk
    yield from later


def _usable(library: Library, chunk: Chunk) -> bool:
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
        and procedure.status in ("defined", "approved")
        and not _composed(procedure)
    )


def _composed(procedure: Procedure) -> bool:
    field = procedure.document.fields.get("written_by")
    return field is not None and str(field.value).startswith("offline author")
