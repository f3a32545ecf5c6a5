"""What follows from a library: tables of the index and READMEs, orchestrations, and the ticks of plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from procauthor.errors import LibraryError, PlanError
from procauthor.evaluation.value import DONE
from procauthor.library.change import Change, Edit
from procauthor.library.derive import derive
from procauthor.library.library import Library, read_procedure
from procauthor.naming import title_key
from procauthor.planning.tick import tick
from procauthor.project.announced import recall_plan
from procauthor.project.evaluation import statuses

if TYPE_CHECKING:
    from procauthor.project.project import Project


def derived(project: Project, library: Library, *, ticks: bool) -> Change:
    """Return what follows from a library; with ``ticks`` those of plans as well."""
    edits = list(derive(library).edits)
    for plan in library.of_kind("plan") if ticks else ():
        raw = plan.document.source.raw
        # To check takes longer than to read, so it is asked for only where something would be ticked.
        after = _ticked(raw, {p.key: str(p.status) for p in library.counted})
        if after != raw:
            after = _ticked(raw, statuses(project, library))
        if after != raw:
            edits.append(Edit(plan.path, raw, after))
    return Change(tuple(edits))


def lay(project: Project, library: Library, edits: Iterable[Edit]) -> Library:
    """Return the library as it would be with some edits of documents written."""
    found = [(e.path, e.after) for e in edits if e.after is not None]
    settings, templates = project.settings.library, project.templates
    return library.overlay(*(read_procedure(path, raw, settings, templates) for path, raw in found))


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
