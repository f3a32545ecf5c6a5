"""Consumers of a contract that changed since they last saw it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from procauthor.checking.scope import Scope
from procauthor.checking.usage import Key, Use, read_uses, seen_key
from procauthor.library.library import Procedure
from procauthor.library.receipt import Part, Seen, receipts_of

_SHOWN: dict[Part, str] = {
    "output": "the output",
    "input": "the input",
    "inputs": "the list of inputs",
    "ends": "the exit states or signals",
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """A use of a contract whose text is not what the consumer has seen."""

    use: Use
    seen: Seen

    @property
    def what(self) -> str:
        """Name the part that changed."""
        return _SHOWN[self.use.part] + (f" {self.use.name!r}" if self.use.name else "")


def find_suspects(scope: Scope, consumer: Procedure) -> Iterator[Suspect]:
    """Yield what changed under a document, in the order in which it speaks of it."""
    known = seen_parts(scope, consumer)
    if not known:
        return
    for use in read_uses(scope, consumer):
        seen = known.get(use.key)
        if seen is not None and not use.fits(seen):
            yield Suspect(use, seen)


def seen_parts(scope: Scope, consumer: Procedure) -> dict[Key, Seen]:
    """Return what a document has seen of the contracts of others."""
    return {seen_key(seen): seen for seen in receipts_of(scope.library.reviews, consumer.path).seen}
