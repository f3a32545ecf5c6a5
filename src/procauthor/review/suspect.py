"""Lists the suspects of a library, and clears them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from procauthor.checking.scope import Scope
from procauthor.checking.usage import Key, Suspect, Use, find_suspects, read_uses, seen_key, seen_parts
from procauthor.library.change import Change, Edit, edit_receipts
from procauthor.library.library import Procedure
from procauthor.library.sidecar import Receipts, Seen, receipts_of

__all__ = ["Clearance", "Suspect", "clear", "list_suspects"]


@dataclass(frozen=True, slots=True)
class Clearance:
    """The suspects of a document that somebody has looked at; ``change`` writes it."""

    path: str
    title: str
    suspects: tuple[Suspect, ...]
    by: str
    on: date
    change: Change


def list_suspects(scope: Scope, consumers: Sequence[Procedure]) -> tuple[Suspect, ...]:
    """Return the suspects among some documents, in their order."""
    return tuple(chain.from_iterable(find_suspects(scope, consumer) for consumer in consumers))


def clear(scope: Scope, consumer: Procedure, producer: Procedure | None, by: str, day: date) -> Clearance:
    """Return what says that a document fits the contracts that it relies on, as they are now.

    What the document no longer relies on at all is taken out of its receipts.

    Args:
        scope: The library.
        consumer: The document.
        producer: Only what it takes from this one; None for all.
        by: Who has looked.
        day: When.

    Raises:
        LibraryError: The receipts that are there cannot be understood.
    """
    chosen = [s for s in find_suspects(scope, consumer) if producer is None or s.use.producer.path == producer.path]
    uses = {use.key: use for use in read_uses(scope, consumer)}
    new = {s.use.key: Seen(s.use.producer.path, s.use.part, s.use.name, s.use.text, by, day) for s in chosen}

    def change(receipts: Receipts) -> Receipts:
        seen = [new.get(key, each) for each in receipts.seen if (key := seen_key(each)) in uses]
        return Receipts(receipts.approvals, tuple(each for each in seen if _is_worth(each, new)))

    edit = edit_receipts(scope.library.root, consumer.path, change) if chosen else None
    label = f"clear {consumer.title}" + (f" from {producer.title}" if producer else "")
    return Clearance(consumer.path, consumer.title, tuple(chosen), by, day, Change((edit,) if edit else (), label))


def _is_worth(seen: Seen, new: dict[Key, Seen]) -> bool:
    """Say whether to keep what was seen: an artifact that is gone, and known to be, is another rule's matter."""
    return bool(seen.text) or not seen.name or seen_key(seen) not in new


def as_seen(use: Use) -> Seen:
    """Return a use as it is seen now."""
    return Seen(use.producer.path, use.part, use.name, use.text)


def first_sights(scope: Scope, among: Collection[str] | None = None) -> Iterator[Edit]:
    """Yield what writes down all that was never written down; what was is never touched.

    Args:
        scope: The library.
        among: Only where one of these documents is consumer or producer; None for all.
    """
    for consumer in scope.library.procedures:
        if receipts_of(scope.library.reviews, consumer.path).problem:
            continue
        known = seen_parts(scope, consumer)
        new = [use for use in read_uses(scope, consumer) if use.is_there and use.key not in known]
        if among is not None:
            new = [use for use in new if consumer.path in among or use.producer.path in among]
        if new:
            found = edit_receipts(scope.library.root, consumer.path, lambda r, new=new: _with(r, new))  # type: ignore[misc]
            if found:
                yield found


def _with(receipts: Receipts, uses: list[Use]) -> Receipts:
    return Receipts(receipts.approvals, (*receipts.seen, *map(as_seen, uses)))
