"""What a plan or the index announces, and no document is there for."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from procauthor.errors import LibraryError, PlanError
from procauthor.library.index import bullets, missing_titles
from procauthor.library.library import Library
from procauthor.naming import title_key

# To check a library without a plan needs nothing of planning.
if TYPE_CHECKING:
    from procauthor.planning.plan import Plan
    from procauthor.project.project import Project


def announced(project: Project, library: Library, plan: Plan | None = None) -> dict[str, str]:
    """Return titles that a plan or the index announces without a document, by key."""
    titles = {key: entry.title for key, entry in missing_titles(library).items()}
    titles |= {title_key(each.title): each.title for each in bullets(library)}
    found = plan or _titles_of_plan(project, library)
    if found:
        titles |= {title_key(item.title): item.title for item in found.items}
    return {key: title for key, title in titles.items() if key not in library.by_key}


def own_plan(project: Project, library: Library) -> Plan | None:
    """Return the plan in the settings, or None where there is none that can be read."""
    path = project.settings.library.plan
    present = library.by_path.get(path)
    try:
        if present is not None:
            from procauthor.planning.read import read_plan

            return read_plan(present.source.raw, known={p.key: str(p.status) for p in library.counted})
        return project.plan(library=library) if (project.root / path).is_file() else None
    except (PlanError, LibraryError):
        return None


@lru_cache(maxsize=32)
def recall_plan(raw: bytes) -> Plan:
    """Read a plan by itself, and remember it."""
    from procauthor.planning.read import read_plan

    return read_plan(raw)


def _titles_of_plan(project: Project, library: Library) -> Plan | None:
    """Return the plan in the settings without what the library says of its items: reading that takes long."""
    path = project.settings.library.plan
    present = library.by_path.get(path)
    with suppress(PlanError, LibraryError):
        if present is not None:
            return recall_plan(present.source.raw)
        return recall_plan(project.plan_bytes()) if (project.root / path).is_file() else None
    return None
