"""Roles and registers that a library names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from procauthor.library.gist import Gist
from procauthor.library.library import Library
from procauthor.procedure import DONE

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
    return tuple(name for name, count in counts.most_common(_MOST) if count >= _LEAST_DOCUMENTS)
