"""Checks a project, and fixes what can be fixed for certain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.checking.baseline import read_baseline
from procauthor.checking.check import choose_rules
from procauthor.checking.parallel import without_collection
from procauthor.checking.survey import Survey
from procauthor.errors import ConfigError, StaleError
from procauthor.finding import Report
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library, read_procedure

if TYPE_CHECKING:
    from procauthor.project.project import Project

_PASSES = 10


@dataclass(frozen=True)
class Checking:
    """A check of a project, with what narrows or widens it; the arguments are those of `Project.check`."""

    project: Project
    select: Sequence[str]
    ignore: Sequence[str]
    baseline: bool | None

    def check(self, paths: Sequence[str] | None) -> Report:
        """Check the library as it is on disk; where files move meanwhile, look again."""
        surveyor = self.project.surveyor()
        with without_collection():
            for _ in range(_PASSES):
                with suppress(StaleError), surveyor.survey() as survey:
                    return self._report(survey.library, paths, survey)
        return self._report(self.project.library(), paths)

    def fix(self, paths: Sequence[str] | None) -> tuple[Change, Report]:
        """Return the change that fixes all that can be fixed for certain, and the report that it leaves."""
        from procauthor.checking.fix import apply_fixes

        before = library = self.project.library()
        settings, templates = self.project.settings.library, self.project.templates
        fixed = 0
        report = self._report(library, paths)
        # A fix may make room for another one; that this ends is what the bound makes sure of.
        for _ in range(_PASSES):
            found = apply_fixes(library, report.findings)
            if not found.findings:
                break
            fixed += len(found.findings)
            read = (read_procedure(path, raw, settings, templates) for path, raw in found.files.items())
            library = library.overlay(*read)
            report = self._report(library, paths)
        return Change(_edits(before, library), "check --fix"), replace(report, fixed=fixed)

    def _report(self, library: Library, paths: Sequence[str] | None, survey: Survey | None = None) -> Report:
        """Check a library, and leave out what the baseline knows."""
        project = self.project
        chosen = _find_paths(project, library, paths) if paths else None
        report = project.check_library(library, chosen, self.select, self.ignore, survey)
        if self.baseline is False or (self.baseline is None and not project.settings.check.baseline):
            return report
        whole = not (paths or self.select or self.ignore)
        ran = choose_rules(project.settings) if whole else ()
        return read_baseline(project.baseline_file).apply(report, ran=ran)


def _edits(before: Library, after: Library) -> tuple[Edit, ...]:
    pairs = (
        (path, old.document.source.raw, after.by_path[path].document.source.raw) for path, old in before.by_path.items()
    )
    return tuple(Edit(path, old, new) for path, old, new in pairs if old != new)


def _find_paths(project: Project, library: Library, paths: Sequence[str]) -> list[str]:
    """Return the documents at or below the given paths; a path counts from here, then from the root."""
    known = [*library.by_path, *(u.path for u in library.unread)]
    found: list[str] = []
    for path in paths:
        names = {*_from_root(project.root, Path.cwd() / path), *_from_root(project.root, project.root / path)}
        matched = [k for k in known if any(n in (".", k) or k.startswith(f"{n}/") for n in names)]
        if not matched:
            message = f"no document at {path!r} in this library"
            raise ConfigError(message, f"the library is {project.root}")
        found += matched
    return found


def _from_root(root: Path, place: Path) -> Iterator[str]:
    """Yield where a place is from the root: what it leads to, and itself if it is a link."""
    for real in (place.resolve(), place.parent.resolve() / place.name):
        with suppress(ValueError):
            yield real.relative_to(root.resolve()).as_posix()
