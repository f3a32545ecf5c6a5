"""What follows from a library: tables of the index and READMEs, orchestrations, and the ticks of plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from procauthor.errors import LibraryError, PlanError
from procauthor.library.change import Change, Edit
from procauthor.library.derive import derive
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.planning.tick import tick
from procauthor.procedure import DONE
from procauthor.workspace._announced import recall_plan


def derived(library: Library, statuses: Callable[[Library], Mapping[str, str]], *, ticks: bool) -> Change:
    """Return what follows from a library; with ``ticks`` those of plans as well.

    Args:
        library: The library.
        statuses: Checks a library for the status that counts of each procedure, by the key of its title.
        ticks: Whether plans are ticked.
    """
    edits = list(derive(library).edits)
    for plan in library.of_kind("plan") if ticks else ():
        raw = plan.document.source.raw
        # To check takes longer than to read, so it is asked for only where something would be ticked.
        after = _ticked(raw, {p.key: str(p.status) for p in library.counted})
        if after != raw:
            after = _ticked(raw, statuses(library))
        if after != raw:
            edits.append(Edit(plan.path, raw, after))
    return Change(tuple(edits))


def _ticked(raw: bytes, known: Mapping[str, str]) -> bytes:
    """Tick the items of a plan whose procedure is defined by the statuses that count."""
    try:
        plan = recall_plan(raw)
    except (PlanError, LibraryError):
        return raw
    for item in plan.items:
        if known.get(title_key(item.title)) in DONE:
            raw = tick(raw, recall_plan(raw), item.title)
    return raw
