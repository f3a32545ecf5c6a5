"""Neighbours of a procedure: who comes before and after it, and what they hand over, promise or expect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Relation
from procauthor.authoring.promise import WRITTEN, expected_of, says_use, wanted_of
from procauthor.authoring.spoken import spoken_artifacts
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED, Artifact

_CLOSE = 3


def find_close(near: Iterable[Procedure], known: Iterable[Neighbour]) -> tuple[Neighbour, ...]:
    """Return the documents that are about the same, and are no neighbours already.

    Args:
        near: The documents, the nearest first.
        known: The neighbours.
    """
    told = {neighbour.path for neighbour in known}
    close = [p for p in near if p.path not in told and p.kind == "procedure" and p.status in WRITTEN]
    return tuple(
        Neighbour(
            title=p.title,
            relation="is close to",
            path=p.path,
            status=p.status,
            purpose=p.gist.purpose,
            triggers=p.gist.triggers,
            outputs=tuple(NamedText(a.name, "") for a in p.contract.outputs),
        )
        for p in close[:_CLOSE]
    )


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
        for p in library.counted
        if p.key not in known and p.status not in UNCOUNTED and _is_named(p.key, request)
    ]
    return tuple(n for n in (*upstream, *downstream, *named) if title_key(n.title) != key)


def _is_named(key: str, request: ChangeRequest) -> bool:
    """Say whether an action item names a title; one word is too often the thing itself."""
    return " " in key and any(f" {key} " in f" {title_key(text)} " for text in request.actions)


def _unique(titles: Sequence[str]) -> list[str]:
    return list({title_key(title): title for title in reversed(titles)}.values())[::-1]


def _declared(library: Library, key: str) -> list[str]:
    return [title for p in library.by_key.get(key, ()) for title in p.depends_on]


def _providers(library: Library, key: str) -> list[str]:
    """Return who says that this procedure uses an output."""
    return [p.title for p in library.counted if p.status in WRITTEN and says_use(p, key)]


def _consumers(library: Library, key: str) -> list[str]:
    """Return who needs this procedure: by a required input, or by declared dependency."""
    return [
        p.title
        for p in library.counted
        if p.kind == "procedure" and (wanted_of(p, key) or any(title_key(title) == key for title in p.depends_on))
    ]


@dataclass(frozen=True, slots=True)
class _Words:
    """The title of the wanted procedure, and what its placeholder says."""

    title: str
    text: str


def _neighbour(title: str, own: _Words, library: Library, relation: Relation) -> Neighbour:
    upstream = relation == "depends on"
    found = next((p for p in library.by_key.get(title_key(title), ())), None)
    if found is None:
        expected = tuple(NamedText(name, "") for name in expected_of(library, title_key(title)))
        outputs = spoken_artifacts(own.text, "from", title) or expected
        return Neighbour(title, relation, outputs=outputs if upstream else ())
    return Neighbour(
        title=found.title,
        relation=relation,
        path=found.path,
        status=found.status,
        purpose=found.gist.purpose,
        triggers=found.gist.triggers,
        outputs=_outputs(found, own) if upstream else (),
        promised=_promised(found, own),
        wants=_wants(found, own) if relation == "is needed by" else _required(found, own),
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
    return tuple(NamedText(a.name, _after_name(a)) for a in promised)


def _wants(consumer: Procedure, own: _Words) -> tuple[NamedText, ...]:
    """Return what a consumer requires of us; where it is a placeholder, what the words of both say."""
    required = _required(consumer, own)
    if required or consumer.status in WRITTEN:
        return required
    said = spoken_artifacts(consumer.gist.purpose, "from", own.title)
    return said or spoken_artifacts(own.text, "to", consumer.title)


def _required(consumer: Procedure, own: _Words) -> tuple[NamedText, ...]:
    return tuple(NamedText(a.name, _after_name(a)) for a in wanted_of(consumer, title_key(own.title)))


def _after_name(artifact: Artifact) -> str:
    return artifact.text.removeprefix(artifact.name).lstrip(" :–—-").strip()
