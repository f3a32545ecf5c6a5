"""Writes down what consumers see of contracts when the two first meet, so that a later change can be noticed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from procauthor.checking.scope import Scope
from procauthor.checking.suspect import seen_parts
from procauthor.checking.usage import Use, read_uses
from procauthor.library.change import Edit
from procauthor.library.ledger import edit_receipts
from procauthor.library.receipt import Receipts, Seen, receipts_of


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
