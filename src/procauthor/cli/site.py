"""The command that makes pages for readers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from procauthor.cli.library import Json
from procauthor.cli.output import open_project, say, say_notices, show, show_json

_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("site")(site)


def site(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder for the pages.")] = Path("site"),
    as_json: Json = False,
) -> None:
    """Write the library as pages for readers: with search, states, owners, checklists, and drafts to review."""
    project = open_project(ctx)
    found = project.site(folder)
    say_notices(project)
    if as_json:
        show_json(
            {
                "folder": str(found.folder),
                "start": str(found.folder / found.start),
                "documents": found.documents,
                "files": found.files,
                "changed": found.changed,
                "removed": list(found.removed),
                "dead_links": [{"path": path, "target": target} for path, target in found.dead_links],
            }
        )
        return
    changed = f"{found.changed} of {found.files} files changed"
    show(f"wrote {found.folder / found.start}: {found.documents} documents, {changed}")
    if found.removed:
        say(f"removed {len(found.removed)} files of documents that are gone")
    if found.dead_links:
        say(f"{len(found.dead_links)} links lead nowhere, and are shown as text; procauthor check names them:")
        for path, target in found.dead_links[:_SHOWN]:
            say(f"  {path}: {target}")
