"""Writes a library as pages for readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from procauthor.reporting.site.build import WaitingChange, build_site
from procauthor.reporting.site.folder import require_site_place, write_site
from procauthor.reporting.site.place import HOME
from procauthor.workspace import Workspace
from procauthor.workspace.measure import measure


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was written: the folder and the page to start at, and how many documents and files it has.

    ``changed`` files are others than before, ``removed`` are those of documents that are gone. ``dead_links`` lead
    nowhere: the path of the document, and the target.
    """

    folder: Path
    start: str
    documents: int
    files: int
    changed: int
    removed: tuple[str, ...]
    dead_links: tuple[tuple[str, str], ...]


def publish(workspace: Workspace, folder: Path, drafts: Callable[[], Sequence[WaitingChange]]) -> SiteReport:
    """Write the pages of a library; all are made before the first one is written.

    Raises:
        ConfigError: The folder holds something else than a site, or the disk refuses.
    """
    require_site_place(folder)
    evaluation, census = measure(workspace)
    site = build_site(evaluation, census, drafts(), workspace.settings)
    changed, removed = write_site(folder, site.files)
    return SiteReport(folder, HOME, site.documents, len(site.files), changed, removed, site.dead)
