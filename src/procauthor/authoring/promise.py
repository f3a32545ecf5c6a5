"""What procedures promise each other: by a link, or to a title that is only announced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from procauthor.authoring.brief import Promise
from procauthor.library.derive import bare_title, title_before_mark
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import DONE, Artifact

WRITTEN = DONE | {"in progress"}
"""What has a contract that others can rely on, though questions may be open."""
_LONGEST = 6000


def uses_of(provider: Procedure) -> Iterator[tuple[str, str]]:
    """Yield (artifact, key of the title) for each use that a procedure promises, to announced titles too."""
    for each in provider.contract.consumers:
        yield each.artifact, title_key(each.title)
    names = sorted((output.name for output in provider.contract.outputs), key=len, reverse=True)
    for line in provider.contract.downstream:
        user = title_before_mark(line)
        artifact = next((name for name in names if line.startswith(name)), "")
        if user and artifact:
            yield artifact, user


def says_use(provider: Procedure, key: str) -> list[str]:
    """Return the artifacts of which a procedure says that the title with this key uses them, each once."""
    return list(dict.fromkeys(artifact for artifact, user in uses_of(provider) if _is_user(user, key)))


def _is_user(user: str, key: str) -> bool:
    # What is before a mark holds the whole line up to the title: "merge record is used by incident triage".
    return user == key or user.endswith(f" {key}")


def wanted_of(consumer: Procedure, key: str) -> list[Artifact]:
    """Return the inputs that a procedure takes from the title with this key, announced or not."""
    return [a for a in consumer.contract.inputs if a.source and title_key(bare_title(a.source)) == key]


def expected_of(library: Library, key: str) -> list[str]:
    """Return the artifacts that procedures require from a title, each once."""
    wanted = (wanted_of(p, key) for p in library.counted if p.status in WRITTEN)
    return list(dict.fromkeys(artifact.name for artifact in chain.from_iterable(wanted)))


def list_promises(library: Library, announced: Iterable[str], first: Iterable[str]) -> tuple[tuple[Promise, ...], int]:
    """Return what procedures promise by name, and how many of them are left out because there is no room.

    Args:
        library: The library.
        announced: Titles without a document: of these it is what others expect.
        first: Paths and titles that come first.
    """
    order = {name: place for place, name in enumerate(dict.fromkeys(first))}
    written = [
        (order.get(p.path, len(order)), Promise(p.title, tuple(o.name for o in p.contract.outputs)))
        for p in library.counted
        if p.kind == "procedure" and p.status in WRITTEN and p.contract.outputs
    ]
    expected = ((title, expected_of(library, title_key(title))) for title in announced)
    written += [(order.get(t, len(order)), Promise(t, tuple(names), announced=True)) for t, names in expected if names]
    promises = [promise for _, promise in sorted(written, key=lambda each: each[0])]
    room, kept = _LONGEST, 0
    for promise in promises:
        room -= len(promise.title) + sum(len(name) + 2 for name in promise.artifacts)
        if room < 0:
            break
        kept += 1
    return tuple(promises[:kept]), len(promises) - kept
