"""What a plan or the index announces, and no document is there for."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.errors import LibraryError, PlanError
from procauthor.file import read_regular
from procauthor.library.index import missing_titles
from procauthor.library.library import Library
from procauthor.naming import title_key

# To check a library without a plan needs nothing of planning.
if TYPE_CHECKING:
    from procauthor.planning.plan import Plan


def announced(root: Path, path: str, library: Library, plan: Plan | None = None) -> dict[str, str]:
    """Return titles that a plan or the index announces without a document, by key.

    Args:
        root: The root of the library.
        path: Where the settings say that the plan is.
        library: The library.
        plan: The plan, where it was read before.
    """
    titles = {key: entry.title for key, entry in missing_titles(library).items()}
    own = plan or _titles_of_plan(root, path, library)
    if own:
        titles |= {title_key(item.title): item.title for item in own.items}
    return {key: title for key, title in titles.items() if key not in library.by_key}


def read_own_plan(root: Path, path: str, library: Library) -> Plan | None:
    """Return the plan in the settings, or None where there is none that can be read."""
    present = library.by_path.get(path)
    if present is None and not (root / path).is_file():
        return None
    from procauthor.planning.read import read_plan

    known = {p.key: str(p.status) for p in library.counted}
    with suppress(PlanError, LibraryError, OSError):
        return read_plan(present.source.raw if present else read_regular(root / path), known=known)
    return None


@lru_cache(maxsize=32)
def recall_plan(raw: bytes) -> Plan:
    """Read a plan by itself, and remember it."""
    from procauthor.planning.read import read_plan

    return read_plan(raw)


def _titles_of_plan(root: Path, path: str, library: Library) -> Plan | None:
    """Return the plan in the settings without what the library says of its items: reading that takes long."""
    present = library.by_path.get(path)
    with suppress(PlanError, LibraryError):
        if present is not None:
            return recall_plan(present.source.raw)
        return recall_plan(read_regular(root / path)) if (root / path).is_file() else None
    return None
