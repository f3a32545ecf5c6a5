"""What a document says by name of its dealings with others: what a brief asks of all documents."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from procauthor.library.artifact import find_doers
from procauthor.library.derive import bare_title, title_before_mark
from procauthor.library.library import Procedure
from procauthor.naming import title_key


class Dealings(Struct, frozen=True, array_like=True):
    """What a document makes, takes and hands on.

    Attributes:
        gives: The names of the outputs that it promises.
        takes: The keys of the titles that its required inputs are said to come from.
        uses: For each use that it promises, to announced titles too, the artifact and the key of the title.
        doers: The roles that do its steps, each once, where its template tells a role from other words.
    """

    gives: tuple[str, ...]
    takes: tuple[str, ...]
    uses: tuple[tuple[str, str], ...]
    doers: tuple[str, ...]


def dealings_of(procedure: Procedure) -> Dealings:
    """Return the dealings of a document; of one on disk they are remembered."""
    return procedure.remembered("dealings", Dealings, lambda: _read(procedure))


def _read(procedure: Procedure) -> Dealings:
    contract = procedure.contract
    return Dealings(
        gives=tuple(output.name for output in contract.outputs),
        takes=tuple(title_key(bare_title(wanted.source)) for wanted in contract.inputs if wanted.source),
        uses=tuple(_uses(procedure)),
        doers=tuple(dict.fromkeys(doer.role for doer in find_doers(procedure) if doer.role)),
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
