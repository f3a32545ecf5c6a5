"""Roles and registers that a library names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from procauthor.library.contract import part_of
from procauthor.library.library import Library, Procedure
from procauthor.procedure import DONE
from procauthor.retrieval.lexical import is_common, list_words
from procauthor.template.render import read_pattern

_MOST = 20
_LEAST_DOCUMENTS = 2


def find_roles(library: Library) -> tuple[str, ...]:
    """Return the roles that several documents name, the most used first: "security lead"."""
    return _used(library, lambda procedure: {*procedure.gist.roles, *_doers(procedure)})


def find_registers(library: Library) -> tuple[str, ...]:
    """Return the registers and logs that several documents name, the most used first: "Risk Register"."""
    return _used(library, lambda procedure: procedure.gist.registers)


def _doers(procedure: Procedure) -> Iterator[str]:
    """Yield the roles that do the steps of a procedure."""
    workflow = procedure.template.of_role("workflow") if procedure.template else None
    spec = next((part for part in workflow.parts if part.role == "who"), None) if workflow else None
    if spec is None or spec.pattern is None:
        return
    for step in procedure.contract.steps:
        part = part_of(step, procedure.template, "who")
        values = read_pattern(spec.pattern, part.text) if part else None
        # The role comes first, and what is behind it may be left out.
        yield from (str(value) for value in list((values or {}).values())[:1] if value)


def _used(library: Library, names: Callable[[Procedure], Iterable[str]]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for procedure in library.procedures:
        if procedure.status in DONE and procedure.kind in ("procedure", "standard"):
            counts.update(names(procedure))
    # "author and reviewer" is two roles in one name.
    single = (name for name, count in counts.most_common() if count >= _LEAST_DOCUMENTS and not _is_joined(name))
    return tuple(islice(single, _MOST))


def _is_joined(name: str) -> bool:
    """Say whether a name holds a word that says nothing by itself."""
    return any(map(is_common, list_words(name.lower())))
