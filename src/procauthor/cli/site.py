"""The command that makes pages for readers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from procauthor.cli.output import Json, open_project, say, say_notices, show, show_json
from procauthor.naming import amount

_SHOWN = 5


def site(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the pages.")] = Path("site"),
    as_json: Json = False,
) -> None:
    """Write the library as pages for readers: with search, states, owners, checklists, and drafts to review."""
    project = open_project(ctx)
    report = project.site(folder)
    say_notices(project)
    if as_json:
        show_json(
            {
                "folder": str(report.folder),
                "start": str(report.folder / report.start),
                "documents": report.documents,
                "files": report.files,
                "changed": report.changed,
                "removed": list(report.removed),
                "dead_links": [{"path": path, "target": target} for path, target in report.dead_links],
            }
        )
        return
    changed = f"{report.changed} of {amount(report.files, 'file')} changed"
    show(f"wrote {report.folder / report.start}: {amount(report.documents, 'document')}, {changed}")
    if report.removed:
        say(f"removed {amount(len(report.removed), 'file')} of documents that are gone")
    if report.dead_links:
        links = amount(len(report.dead_links), "link")
        say(f"shown as text, because nothing is there: {links}; procauthor check names them:")
        for path, target in report.dead_links[:_SHOWN]:
            say(f"  {path}: {target}")
