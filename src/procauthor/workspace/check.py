"""Checks a library, and fixes what can be fixed for certain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.check import FILE_NAME as BASELINE
from procauthor.checking.check import Baseline, choose_rules, read_baseline, refuse_other, turned_off
from procauthor.errors import ConfigError
from procauthor.finding import Report
from procauthor.library.change import Change, Edit
from procauthor.library.disk import locate, paths_from_root, write_file
from procauthor.library.library import Library
from procauthor.workspace._workspace import Workspace, unless_stale

_PASSES = 10


class Checking(Struct, frozen=True):
    """A check of a library, with what narrows or widens it.

    Attributes:
        workspace: The library.
        select: Only these rules, by name, code or beginning of a code.
        ignore: Not these.
        baseline: Leave out what the baseline knows; None does so where the settings name a baseline.
    """

    workspace: Workspace
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    baseline: bool | None = None

    def check(self, paths: Sequence[str] | None) -> Report:
        """Check the library as it is on disk; where files move meanwhile, look again."""
        return unless_stale(lambda: self._check(paths))

    def _check(self, paths: Sequence[str] | None) -> Report:
        library = self.workspace.read()
        return self.report(library, self._chosen(library, paths))

    def fix(self, paths: Sequence[str] | None) -> tuple[Change, Report]:
        """Return the change that fixes all that can be fixed for certain, and the report that it leaves."""
        from procauthor.checking.fix import apply_fixes

        before = library = self.workspace.read()
        fixed = 0
        unfixed: dict[str, str] = {}
        chosen = self._chosen(library, paths)
        report = self.report(library, chosen)
        # A fix may make room for another one; that this ends is what the bound makes sure of.
        for _ in range(_PASSES):
            fixes = apply_fixes(library, report.findings)
            unfixed |= fixes.refused
            if not fixes.findings:
                break
            fixed += len(fixes.findings)
            library = library.overlay(*(self.workspace.parse(path, raw) for path, raw in fixes.files.items()))
            report = self.report(library, chosen)
        return Change(_edits(before, library), "check --fix"), replace(
            report, fixed=fixed, unfixed=tuple(unfixed.values())
        )

    def _chosen(self, library: Library, paths: Sequence[str] | None) -> list[str] | None:
        return _find_paths(self.workspace.root, library, paths) if paths else None

    def report(self, library: Library, paths: Sequence[str] | None) -> Report:
        """Check a library that was read before, and leave out what the baseline knows.

        Args:
            library: What is checked, perhaps with texts laid over it.
            paths: Report only on these documents, by their paths in the library; None for all.
        """
        workspace = self.workspace
        report = workspace.check(library, paths, self.select, self.ignore)
        if self.baseline is False or (self.baseline is None and not workspace.settings.check.baseline):
            return report
        whole = not (paths is not None or self.select or self.ignore)
        ran = choose_rules(turned_off(workspace.settings)) if whole else ()
        return read_baseline(baseline_file(workspace)).apply(report, ran=ran)


def baseline_file(workspace: Workspace) -> Path:
    """Return where the baseline is, or would be.

    Raises:
        LibraryError: It is a link that leads out of the library.
    """
    return locate(workspace.root, workspace.settings.check.baseline or BASELINE)


def update_baseline(workspace: Workspace) -> Baseline:
    """Make all findings of today known, and forget those that no longer occur.

    Raises:
        ConfigError: A file is there that is no baseline.
        LibraryError: The file cannot be written.
    """
    refuse_other(baseline_file(workspace))
    baseline = Baseline.of(Checking(workspace, baseline=False).check(None).findings)
    write_file(baseline_file(workspace), baseline.dump())
    return baseline


def shrink_baseline(workspace: Workspace, report: Report) -> None:
    """Forget what a report says is gone; nothing is ever added.

    Raises:
        LibraryError: The file cannot be written.
    """
    if report.gone:
        file = baseline_file(workspace)
        write_file(file, read_baseline(file).without(report.gone).dump())


def _edits(before: Library, after: Library) -> tuple[Edit, ...]:
    pairs = ((path, old, after.by_path[path]) for path, old in before.by_path.items())
    changed = ((path, old, new) for path, old, new in pairs if old is not new and old.stamp != new.stamp)
    return tuple(Edit(path, old.source.raw, new.source.raw) for path, old, new in changed)


def _find_paths(root: Path, library: Library, paths: Sequence[str]) -> list[str]:
    """Return the documents at or below the given paths; a path counts from here, then from the root."""
    known = [*library.by_path, *(u.path for u in library.unread)]
    chosen: list[str] = []
    for path in paths:
        names = set(paths_from_root(root, path))
        matched = [k for k in known if any(n in (".", k) or k.startswith(f"{n}/") for n in names)]
        if not matched:
            message = f"no document at {path!r} in this library"
            raise ConfigError(message, f"the library is {root}")
        chosen += matched
    return chosen
