"""The ids of rules of standards by their form: a text that has one of the form means a rule."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from procauthor.library.library import Procedure
from procauthor.procedure import Status

# One id alone may be anything, such as the name of a form or a ticket.
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Series:
    """The known ids with one prefix and so many digits, and the path of the first standard that states some."""

    ids: frozenset[str]
    path: str


def series_of(name: str) -> str:
    """Return the form of an id: ``TST-00`` for ``TST-04``."""
    return re.sub(r"\d", "0", name)


def read_series(standards: Collection[Procedure], gone: Collection[Status]) -> Mapping[str, Series]:
    """Return the series that standards state, by form. One that is gone states nothing, but its ids are known."""
    stated: dict[str, set[str]] = defaultdict(set)
    known: dict[str, set[str]] = defaultdict(set)
    paths: dict[str, str] = {}
    for standard in standards:
        for name in standard.known_rules:
            known[series_of(name)].add(name)
        for name in standard.stated_rules if standard.status not in gone else ():
            stated[series_of(name)].add(name)
            paths.setdefault(series_of(name), standard.path)
    return {form: Series(frozenset(known[form]), paths[form]) for form, ids in stated.items() if len(ids) >= _FEWEST}
