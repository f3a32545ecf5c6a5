"""Roles and registers that a library names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice

from procauthor.library.gist import Gist
from procauthor.library.library import Library
from procauthor.procedure import DONE
from procauthor.retrieval.word import is_common, list_words

_MOST = 20
_LEAST_DOCUMENTS = 2


def find_roles(library: Library) -> tuple[str, ...]:
    """Return the roles that several documents name, the most used first: "security lead"."""
    return _used(library, lambda gist: gist.roles)


def find_registers(library: Library) -> tuple[str, ...]:
    """Return the registers and logs that several documents name, the most used first: "Risk Register"."""
    return _used(library, lambda gist: gist.registers)


def _used(library: Library, names: Callable[[Gist], tuple[str, ...]]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for procedure in library.procedures:
        if procedure.status in DONE and procedure.kind in ("procedure", "standard"):
            counts.update(names(procedure.gist))
    # "author and reviewer" is two roles in one name.
    single = (name for name, count in counts.most_common() if count >= _LEAST_DOCUMENTS and not _is_joined(name))
    return tuple(islice(single, _MOST))


def _is_joined(name: str) -> bool:
    """Say whether a name holds a word that says nothing by itself."""
    return any(map(is_common, list_words(name.lower())))
