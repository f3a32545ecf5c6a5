"""Which passages of the library stand in a brief."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from procauthor.authoring.brief import Passage
from procauthor.authoring.subject import Subject, terms_of
from procauthor.library.library import EVALUATIONS, Library
from procauthor.procedure import DONE
from procauthor.retrieval.chunk import Chunk
from procauthor.template.role import meaning_of

Search = Callable[[str, int], Sequence[Chunk]]

_OVERSAMPLED = 5
_LEAST_PASSAGE = 40
_MAX_PASSAGE = 1200
_END = re.compile(r"[.;:]\s|\n")
_LEAST_SHARE = 3
# Of one document; beyond that another one has more to add.
_MOST_OF_ONE = 3
# Sections with these roles tell what a document is about, not how anything is done.
_NO_INSTRUCTION = frozenset(("card", "purpose", "scope", "trigger", "inputs", "consumers", "exits", "records"))
# Said of neighbours in the brief, or true of that document alone.
_ELSEWHERE = frozenset(("outputs", "plan"))


def choose_passages(subject: Subject, library: Library, search: Search, most: int, path: str) -> tuple[Passage, ...]:
    """Return the passages that speak of a subject, those of its first query first, best first and each once.

    A list that would have to be filled up with what shares no word with the subject stays short.

    Args:
        subject: What to search for.
        library: Where the documents are.
        search: Finds chunks for a query, the best first.
        most: How many passages at most.
        path: Where the procedure is or will be: it is no evidence for itself.
    """
    queries = subject.queries
    share = max(_LEAST_SHARE, most // max(1, len(queries)))
    first = most if len(queries) == 1 else max(share, most // 2)
    chosen: dict[str, Chunk] = {}
    later: dict[str, Chunk] = {}
    taken = Counter[str]()
    for position, query in enumerate(queries):
        room = share if position else first
        fresh = (c for c in search(query, most * _OVERSAMPLED) if c.path != path and c.id not in chosen)
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

    Inputs, outputs and consumers of neighbours stand in the brief anyway, where it speaks of neighbours.
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
