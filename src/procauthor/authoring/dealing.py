"""What a document says by name of its dealings with others: what a brief asks of all documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from msgspec import Struct

from procauthor.data import grouped, ungrouped
from procauthor.library.artifact import find_doers
from procauthor.library.derive import bare_title, title_before_mark
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import DONE
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
