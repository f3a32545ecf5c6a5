"""What follows from a library: tables of the index and READMEs, orchestrations, and the ticks of plans."""

from __future__ import annotations

from procauthor.errors import LibraryError, PlanError
from procauthor.library.change import Change, Edit
from procauthor.library.derive import derive
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.planning.tick import tick
from procauthor.procedure import DONE
from procauthor.workspace._announced import recall_plan


def derived(library: Library, *, ticks: bool) -> Change:
    """Return what follows from a library; with ``ticks`` those of plans as well."""
    edits = list(derive(library).edits)
    for plan in library.of_kind("plan") if ticks else ():
        raw = plan.document.source.raw
        after = _ticked(raw, library)
        if after != raw:
            edits.append(Edit(plan.path, raw, after))
    return Change(tuple(edits))


def _ticked(raw: bytes, library: Library) -> bytes:
    """Tick the items of a plan whose procedure is defined."""
    try:
        plan = recall_plan(raw)
    except (PlanError, LibraryError):
        return raw
    for item in plan.items:
        if any(p.status in DONE for p in library.by_key.get(title_key(item.title), ())):
            raw = tick(raw, recall_plan(raw), item.title)
    return raw
