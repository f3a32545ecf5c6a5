"""What documents say by name of their dealings with others, and who comes before and after a procedure by that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Literal

from msgspec import Struct

from procauthor.authoring.brief import ChangeRequest, NamedText, Neighbour, Promise, Relation
from procauthor.authoring.document import holds_gap
from procauthor.data import grouped, ungrouped
from procauthor.library.artifact import find_doers
from procauthor.library.derive import bare_title, title_before_mark
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED, Artifact
from procauthor.regex import lazy
from procauthor.retrieval.lexical import is_common, list_features, list_words

_DEALING = frozenset(("procedure", "orchestration", "standard"))
_MOST_NAMED = 20
_LEAST_DOCUMENTS = 2
# The roles of so many near documents come first.
_CLOSE = 7
_SENTENCE_END = lazy(r"(?<=[.;])\s")


class Dealings(Struct, frozen=True, array_like=True):
    """What a document makes, takes and hands on, and by which words it may be near to another one.

    Attributes:
        gives: The names of the outputs that it promises.
        takes: The keys of the titles that its required inputs are said to come from.
        uses: For each use that it promises, to announced titles too, the artifact and the key of the title.
        needs: The keys of the titles that it is declared to depend on.
        roles: The roles that do its steps, or that it names where its template does not tell a role from other words.
        registers: The registers and logs that it names.
        title: The stems of its title that say what it is about.
        purpose: Those of the first sentence of its purpose.
        triggers: Those of the events that start it.
    """

    gives: tuple[str, ...]
    takes: tuple[str, ...]
    uses: tuple[tuple[str, str], ...]
    needs: tuple[str, ...]
    roles: tuple[str, ...]
    registers: tuple[str, ...]
    title: frozenset[str]
    purpose: frozenset[str]
    triggers: frozenset[str]


def dealings_of(procedure: Procedure) -> Dealings:
    """Return the dealings of a document; of one on disk they are remembered."""
    return procedure.remembered("dealings", Dealings, lambda: _read(procedure))


def dealings_in(library: Library) -> Mapping[str, Dealings]:
    """Return the dealings of all procedures, orchestrations and standards, by path."""
    chosen = (p for p in library.procedures if p.kind in _DEALING)
    return library.once("dealings", lambda: {p.path: dealings_of(p) for p in chosen})


def takers_in(library: Library) -> Mapping[str, list[Procedure]]:
    """Return the procedures and orchestrations by the key of each title that they require something from."""

    def read() -> Mapping[str, list[Procedure]]:
        dealings = dealings_in(library)
        pairs = ungrouped((p, dict.fromkeys(dealings[p.path].takes)) for p in library.counted)
        return grouped((key, procedure) for procedure, key in pairs)

    return library.once("takers", read)


def find_roles(library: Library, near: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the roles that several documents name: those of near documents, given by path, then the most used ones."""
    used = _used(library, "roles")
    dealings = dealings_in(library)
    close = islice((dealings[path].roles for path in near if path in dealings), _CLOSE)
    first = (name for name, _ in Counter(chain.from_iterable(close)).most_common() if name in used)
    return tuple(islice(dict.fromkeys((*first, *used)), _MOST_NAMED))


def find_registers(library: Library) -> tuple[str, ...]:
    """Return the registers and logs that several documents name, the most used first: "Risk Register"."""
    return tuple(islice(_used(library, "registers"), _MOST_NAMED))


def _used(library: Library, names: str) -> dict[str, int]:
    """Return the names that several documents have, the most used first, each with how many have it."""
    dealings = dealings_in(library)
    done = (p for p in library.procedures if p.kind in ("procedure", "standard") and p.status in DONE)
    counts = Counter(chain.from_iterable(getattr(dealings[p.path], names) for p in done))
    # "author and reviewer" is two roles in one name.
    return {name: n for name, n in counts.most_common() if n >= _LEAST_DOCUMENTS and not _is_joined(name)}


def _is_joined(name: str) -> bool:
    """Say whether a name holds a word that says nothing by itself."""
    return any(map(is_common, list_words(name.lower())))


def _read(procedure: Procedure) -> Dealings:
    contract, gist = procedure.contract, procedure.gist
    doers = (doer.role for doer in find_doers(procedure) if doer.role)
    return Dealings(
        gives=tuple(output.name for output in contract.outputs),
        takes=tuple(title_key(bare_title(wanted.source)) for wanted in contract.inputs if wanted.source),
        uses=tuple(_uses(procedure)),
        needs=tuple(map(title_key, procedure.depends_on)),
        roles=tuple(dict.fromkeys(doers)) or gist.roles,
        registers=gist.registers,
        title=frozenset(list_features(procedure.title)),
        purpose=frozenset(list_features(_SENTENCE_END.split(gist.purpose, maxsplit=1)[0])),
        triggers=frozenset(list_features(" ".join(gist.triggers))),
    )


def _uses(provider: Procedure) -> Iterator[tuple[str, str]]:
    for each in provider.contract.consumers:
        yield each.artifact, title_key(each.title)
    names = sorted((output.name for output in provider.contract.outputs), key=len, reverse=True)
    for line in provider.contract.downstream:
        user = title_before_mark(line)
        artifact = next((name for name in names if line.startswith(name)), "")
        if user and artifact:
            yield artifact, user


# Neighbours, and their side of the contract

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
    return tuple(NamedText(a.name, a.remark) for a in artifacts if not holds_gap(a.name))
