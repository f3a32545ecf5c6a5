"""Adopts a folder of documents: writes the settings and templates that a survey proposes, and a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from procauthor.adoption.survey import Survey
from procauthor.adoption.toml import write_tables
from procauthor.checking.check import FILE_NAME as BASELINE
from procauthor.errors import LibraryError
from procauthor.library.disk import locate
from procauthor.settings import FILE_NAME
from procauthor.workspace import Workspace
from procauthor.workspace.check import update_baseline

_HEAD = """# Settings of this library. `templates` maps a path pattern to the name of a template: a file in the folder
# "templates", or one of: orchestration, procedure, runbook, standard. The first pattern that matches counts.
# A star also matches slashes, and an empty name means no template.
# `conventions` say how this library writes titles, statuses, links and placeholders. They were guessed: correct them.

"""
_BASELINE = f'\n[check]\nbaseline = "{BASELINE}"\n'.encode()
_NO_TEMPLATE = '[templates]\n# "*/*.md" = "procedure"\n'


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting a folder would write: files by path, without the baseline."""

    survey: Survey
    files: Mapping[str, bytes]


def propose(result: Survey) -> Adoption:
    """Return what adopting the documents of a survey would write. Nothing is written."""
    text = write_tables(result.settings)
    if not result.patterns:
        text = text.replace("[templates]\n", _NO_TEMPLATE)
    return Adoption(result, {FILE_NAME: f"{_HEAD}{text}".encode(), **result.own_templates})


def adopt(adoption: Adoption) -> tuple[list[str], int]:
    """Write the settings, the templates, and a baseline where there are findings; return the paths and their number.

    Raises:
        LibraryError: It cannot be written, or a file of that name is there; what was written is taken back.
    """
    folder = adoption.survey.folder
    places = {path: locate(folder, path) for path in adoption.files}
    written: list[str] = []
    try:
        for path, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                written.append(path)
                # With the settings that stay, the check that follows finds all that this one remembers.
                file.write(adoption.files[path] + (_BASELINE if path == FILE_NAME else b""))
    except OSError as error:
        for path in written:
            (folder / path).unlink(missing_ok=True)
        message = f"cannot write to {str(folder)!r}: {error.strerror}"
        raise LibraryError(message, "nothing was changed") from error
    known = len(update_baseline(Workspace.open(folder)).entries)
    if known:
        return [*written, BASELINE], known
    (folder / BASELINE).unlink()
    (folder / FILE_NAME).write_bytes(adoption.files[FILE_NAME])
    return written, 0
