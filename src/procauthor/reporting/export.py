"""Writes a procedure in a form that coding agents load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from procauthor.errors import ConfigError, DraftError
from procauthor.library.disk import leads_out, write_file
from procauthor.library.library import Procedure
from procauthor.procedure import DONE
from procauthor.reporting.skill import export_skill, source_mark
from procauthor.reporting.sop import MARK, export_sop, sop_name
from procauthor.secret import redact
from procauthor.system import read_regular
from procauthor.workspace import Workspace

Form = Literal["agent-skill", "agent-sop"]
# Folders with a dot are no part of a library.
_FOLDERS: Mapping[Form, str] = {"agent-skill": ".agents/skills", "agent-sop": ".agents/sops"}


def export(workspace: Workspace, reference: str, form: Form, out: str | Path | None = None) -> list[Path]:
    """Write a procedure as an Agent Skill or an Agent SOP, and return the files.

    Args:
        workspace: The library that holds it.
        reference: Path, id or title.
        form: What to write.
        out: The folder; without one, ``.agents/skills`` or ``.agents/sops`` of the library.

    Raises:
        LookupError: No document, or several, have that path, id or title.
        DraftError: It is not finished.
        ConfigError: The folder is part of the library, or holds a file that somebody else wrote.
    """
    library = workspace.read()
    procedure = library.find(reference)
    if not is_finished(procedure):
        what = procedure.status if procedure.counted else f"a document of kind {procedure.kind}"
        message = f"{procedure.title!r} cannot be exported: it is {what}"
        raise DraftError(message, "export procedures that are defined; procauthor check says what is missing")
    folder = Path(out) if out else workspace.root / _FOLDERS[form]
    _refuse_library(workspace.root, folder)
    files = export_skill(procedure, library) if form == "agent-skill" else {sop_name(procedure): export_sop(procedure)}
    files = {name: redact(text) for name, text in files.items()}
    for name in files:
        if leads_out(workspace.root, folder / name):
            message = f"{folder / name} is a link, or lies behind one, that leads out of the library"
            raise ConfigError(message, "name another folder with --out")
    _refuse_others(folder, files, procedure)
    # The file that agents read first comes last, so that it never speaks of one that is not there.
    for name, text in reversed(files.items()):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, text.encode())
    return [folder / name for name in files]


def is_finished(procedure: Procedure) -> bool:
    """Say whether a document is a procedure that can be followed: it is defined."""
    return procedure.counted and procedure.status in DONE


def _refuse_library(root: Path, folder: Path) -> None:
    root, place = root.resolve(), folder.resolve()
    if place.is_relative_to(root) and not any(part.startswith(".") for part in place.relative_to(root).parts):
        message = f"{str(folder)!r} is part of the library, which would take the export for a document"
        raise ConfigError(message, "name a folder outside of it, or one whose name begins with a dot, with --out")


def _refuse_others(folder: Path, files: Mapping[str, str], procedure: Procedure) -> None:
    """Refuse to replace what was not exported from this procedure before."""
    marks = (source_mark(procedure.path), MARK.format(path=procedure.path))
    first = folder / next(iter(files))
    places = [first] if first.exists() else [folder / name for name in files]
    for place in places:
        if not _is_free(place, marks):
            message = f"{place} was not exported from {procedure.path}"
            raise ConfigError(message, "move it away, or name another folder with --out")


def _is_free(place: Path, marks: tuple[str, ...]) -> bool:
    """Say whether a file may be written: there is none, it is empty, or it was exported before."""
    if not place.exists():
        return True
    try:
        text = read_regular(place).decode(errors="replace")
    except OSError:
        return False
    return not text or any(mark in text for mark in marks)
