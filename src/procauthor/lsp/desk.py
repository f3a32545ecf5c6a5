"""A library as an editor shows it: the texts that are open are laid over what is on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from procauthor.checking.scope import Scope
from procauthor.evaluation.row import read_errors, status_that_counts
from procauthor.finding import Finding, Report
from procauthor.library.library import Library, Procedure
from procauthor.lsp.position import Lines
from procauthor.naming import is_document
from procauthor.procedure import Status
from procauthor.project.project import Project
from procauthor.settings import locate
from procauthor.workspace import Workspace
from procauthor.workspace.check import Checking

# So many documents are kept as lines: what one list of symbols or references may need.
_MOST_LINES = 500


@dataclass
class Desk:
    """One library that an editor works on.

    Attributes:
        workspace: The library on disk.
        encoding: What a column of a position counts.
        versions: The versions of the texts that are open, by path.
        findings: What was last found in each of them.
        stale: Whether something has changed on disk since it was read.
        surveyed: Whether the statuses of all documents are known, as they are on disk.
    """

    workspace: Workspace
    encoding: str = types.PositionEncodingKind.Utf16
    versions: dict[str, int | None] = field(default_factory=dict)
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    stale: bool = False
    surveyed: bool = False
    _open: dict[str, Procedure] = field(default_factory=dict)
    _disk: Library | None = None
    _laid: tuple[Library, Library] | None = None
    _scope: Scope | None = None
    _errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _lines: dict[str, tuple[str, Lines | None]] = field(default_factory=dict)
    _own_errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Path, encoding: str) -> Self | None:
        """Open the library that a file belongs to; None where no folder above has settings.

        Raises:
            ConfigError: The settings are wrong.
        """
        folder = next((place for place in file.parents if place.is_dir()), Path("/"))
        if locate(folder).file is None:
            return None
        return cls(Project.open(folder).workspace, encoding)

    # Places

    def path_of(self, file: Path) -> str:
        """Return the path of a document of this library, or nothing for any other file."""
        try:
            path = file.relative_to(self.workspace.root).as_posix()
        except ValueError:
            return ""
        if not is_document(path) or any(part.startswith(".") for part in path.split("/")):
            return ""
        # What is on disk and not in the library was left out by the settings.
        return path if path in self.disk.files or not file.exists() else ""

    def uri(self, path: str) -> str:
        """Return the address of a file of the library."""
        return from_fs_path(str(self.workspace.root / path)) or ""

    def lines(self, procedure: Procedure) -> Lines:
        """Return the lines of a document, to count positions in."""
        stamp, lines = self._lines.pop(procedure.path, ("", None))
        if lines is None or stamp != procedure.stamp:
            # Only the bytes are needed: a document that is not open is not parsed for a place in it.
            lines = Lines(procedure.source.raw, self.encoding)
        self._lines[procedure.path] = procedure.stamp, lines
        if len(self._lines) > _MOST_LINES:
            self._lines.pop(next(iter(self._lines)))
        return lines

    def location(self, procedure: Procedure, start: int, end: int) -> types.Location:
        """Return a span of a document as a place that an editor can show."""
        return types.Location(self.uri(procedure.path), self.lines(procedure).range(start, end))

    # Texts

    @property
    def disk(self) -> Library:
        """The library as it was last read."""
        if self._disk is None:
            self.refresh()
        assert self._disk is not None
        return self._disk

    def refresh(self) -> None:
        """Read again what has changed on disk."""
        self.stale = self.surveyed = False
        self._disk = self.workspace.read()

    def write(self, path: str, text: str, version: int | None) -> None:
        """Take a text that is open in place of the one on disk."""
        raw = text.encode(errors="replace")
        known = self._open.get(path)
        if known is None or known.source.raw != raw:
            self._open[path] = self.workspace.parse(path, raw)
            self._laid = None
        self.versions[path] = version

    def close(self, path: str) -> None:
        """Let what is on disk count again."""
        for kept in (self._open, self.versions, self.findings):
            kept.pop(path, None)
        self._laid = None

    @property
    def open_paths(self) -> tuple[str, ...]:
        """The paths of the texts that are open."""
        return tuple(self._open)

    @property
    def library(self) -> Library:
        """The library with all open texts laid over it."""
        disk = self.disk
        if self._laid is None or self._laid[0] is not disk:
            self._laid = disk, disk.overlay(*self._open.values())
        return self._laid[1]

    @property
    def scope(self) -> Scope:
        """The same, as rules see it."""
        library = self.library
        if self._scope is None or self._scope.library is not library:
            announced = self.workspace.announced(library)
            self._scope = Scope(library, frozenset(announced), self.workspace.settings)
        return self._scope

    # Judging

    def check(self, library: Library, paths: Sequence[str]) -> Report:
        """Check some documents of the library as it is in the editor, as ``check`` would if all were saved."""
        report = Checking(self.workspace).report(library, paths)
        errors = read_errors(report)
        self._own_errors = {path: errors.get(path, ()) for path in report.checked}
        return report

    def survey(self) -> None:
        """Check all documents as they are on disk, so that statuses are known, and read what answers are made of."""
        for procedure in self.disk.procedures:
            _ = procedure.contract, procedure.targets, procedure.status
        report = Checking(self.workspace).check(None)
        self._errors = read_errors(report)
        self.surveyed = True

    def status(self, procedure: Procedure) -> Status:
        """Return the status that counts of a document, by what was last found in it."""
        errors = self._own_errors.get(procedure.path, self._errors.get(procedure.path, ()))
        return status_that_counts(procedure, errors)


def file_of(uri: str) -> Path | None:
    """Return the file of an address, or None for what is not on this disk."""
    place = to_fs_path(uri)
    return Path(place) if place else None
