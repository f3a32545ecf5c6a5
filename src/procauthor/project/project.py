"""A library of procedures with its settings, and all that one can do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.checking.baseline import FILE_NAME as BASELINE
from procauthor.checking.baseline import Baseline, read_baseline
from procauthor.checking.check import check, choose_rules
from procauthor.checking.parallel import without_collection
from procauthor.checking.survey import Survey, Surveyor
from procauthor.errors import ConfigError, LibraryError, PlanError, StaleError
from procauthor.finding import Report
from procauthor.library.change import Change, Edit, apply, recover, write_file
from procauthor.library.index import missing_titles
from procauthor.library.library import Library, read_library, read_procedure
from procauthor.naming import title_key
from procauthor.settings import Location, Settings, locate
from procauthor.template.store import TemplateStore

# What checking does not need is imported where it is: it would take longer to load than a small library to check.
if TYPE_CHECKING:
    from procauthor.authoring.draft import DraftStore
    from procauthor.authoring.graph import Progress
    from procauthor.authoring.run import RunStore
    from procauthor.evaluation.evaluate import Census
    from procauthor.evaluation.value import Evaluation
    from procauthor.planning.plan import Plan
    from procauthor.planning.propose import Proposal
    from procauthor.project.authoring import Authoring
    from procauthor.project.draft import ProjectDraft
    from procauthor.retrieval.chunk import Chunk
    from procauthor.retrieval.index import Hit, SectionIndex

STATE = ".procauthor"
_PASSES = 10
_DONE = ("defined", "approved")


class Project:
    """A library of procedures with its settings. Reading methods write nothing but ``.procauthor/``."""

    def __init__(self, location: Location) -> None:
        self.root = location.root
        self.settings: Settings = location.settings
        self.file = location.file
        self.state = self.root / STATE
        folders = (self.root / "templates",) if (self.root / "templates").is_dir() else ()
        self.templates = TemplateStore(folders, self.settings.templates, self.settings.sections.synonyms)
        self.notices: list[str] = []

    @classmethod
    def open(cls, path: str | Path = ".") -> Project:
        """Open the project of a folder: the nearest parent with settings, else the folder itself.

        A change that a crash cut off is taken back first, and named in ``notices``.

        Raises:
            ConfigError: The folder does not exist, or its settings are wrong.
        """
        project = cls(locate(Path(path)))
        project._recover()
        return project

    def _recover(self) -> None:
        if not (self.state / "journal.json").exists():
            return
        restored = recover(self.root, self.state)
        if restored:
            self.notices.append(f"took back a change that had been cut off: {', '.join(restored)}")

    # Reading

    def library(self) -> Library:
        """Read all documents, as they are now."""
        return read_library(self.root, self.settings.library, self.templates)

    def plan(self, file: str | Path | None = None, library: Library | None = None) -> Plan:
        """Read an action plan: the given file, else the one in the settings.

        Raises:
            PlanError: There is no such file, or it holds no plan.
        """
        from procauthor.planning.read import read_plan

        place = Path(file) if file else self.root / self.settings.library.plan
        try:
            raw = place.read_bytes()
        except OSError as error:
            message = f"{str(file or self.settings.library.plan)!r} cannot be read: {error.strerror}"
            raise PlanError(message, "name the file of an action plan") from error
        known = {p.key: str(p.status) for p in (library or self.library()).counted}
        return read_plan(raw, known=known)

    def propose_plan(self) -> Proposal:
        """Make a plan from the gaps of the library; `plan_change` writes it."""
        from procauthor.project.plan import propose_plan

        return propose_plan(self)

    def plan_change(self, proposal: Proposal, file: str | Path | None = None) -> Change:
        """Return what writes a proposed plan, to the plan's own file or to the given one.

        Raises:
            PlanError: The plan there was written by a person, and no file was named; or a title cannot stand in a plan.
            LibraryError: The file lies outside of the library.
        """
        from procauthor.project.plan import plan_change

        return plan_change(self, proposal, file)

    def check(
        self,
        paths: Sequence[str] | None = None,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        baseline: bool | None = None,
    ) -> Report:
        """Check the library with all rules. ``paths`` narrows what is reported, never what is seen.

        Args:
            paths: Report only on these files and folders.
            select: Only these rules, by name, code or beginning of a code.
            ignore: Not these.
            baseline: Leave out what the baseline knows; None does so where the settings name a baseline.

        Raises:
            ConfigError: A rule's name, or a path, is not known, or there is no baseline.
        """
        surveyor = self.surveyor()
        with without_collection():
            for _ in range(_PASSES):
                with suppress(StaleError), surveyor.survey() as survey:
                    return self._check(survey.library, paths, select, ignore, baseline=baseline, survey=survey)
        return self._check(self.library(), paths, select, ignore, baseline=baseline)

    def surveyor(self) -> Surveyor:
        """Return what reads the library and remembers what it read."""
        return Surveyor(self.root, self.state, self.settings, self.templates)

    def _check(  # noqa: PLR0913 - each narrows or widens what is reported
        self,
        library: Library,
        paths: Sequence[str] | None,
        select: Sequence[str],
        ignore: Sequence[str],
        *,
        baseline: bool | None,
        survey: Survey | None = None,
    ) -> Report:
        chosen = self._paths(library, paths) if paths else None
        report = self.check_library(library, chosen, select, ignore, survey)
        if baseline is False or (baseline is None and not self.settings.check.baseline):
            return report
        whole = not (paths or select or ignore)
        ran = choose_rules(self.settings) if whole else ()
        return read_baseline(self.baseline_file).apply(report, ran=ran)

    def fix(
        self,
        paths: Sequence[str] | None = None,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        baseline: bool | None = None,
    ) -> tuple[Change, Report]:
        """Return the change that fixes all that can be fixed for certain, and the report that it leaves.

        Nothing is written; `apply` writes it. The arguments and errors are those of `check`.
        """
        from procauthor.checking.fix import apply_fixes

        before = library = self.library()
        fixed = 0
        report = self._check(library, paths, select, ignore, baseline=baseline)
        # A fix may make room for another one; that this ends is what the bound makes sure of.
        for _ in range(_PASSES):
            found = apply_fixes(library, report.findings)
            if not found.findings:
                break
            fixed += len(found.findings)
            settings = self.settings.library
            library = library.overlay(
                *(read_procedure(path, raw, settings, self.templates) for path, raw in found.files.items())
            )
            report = self._check(library, paths, select, ignore, baseline=baseline)
        edits = (
            Edit(path, old.document.source.raw, library.by_path[path].document.source.raw)
            for path, old in before.by_path.items()
        )
        return Change(tuple(edit for edit in edits if edit.before != edit.after)), replace(report, fixed=fixed)

    @property
    def baseline_file(self) -> Path:
        """Where the baseline is, or would be."""
        return self.root / (self.settings.check.baseline or BASELINE)

    def update_baseline(self) -> Baseline:
        """Make all findings of today known, and forget those that no longer occur.

        Raises:
            LibraryError: The file cannot be written.
        """
        baseline = Baseline.of(self.check(baseline=False).findings)
        write_file(self.baseline_file, baseline.dump())
        return baseline

    def shrink_baseline(self, report: Report) -> None:
        """Forget what a report says is gone; nothing is ever added.

        Raises:
            LibraryError: The file cannot be written.
        """
        if report.gone:
            write_file(self.baseline_file, read_baseline(self.baseline_file).without(report.gone).dump())

    def check_library(
        self,
        library: Library,
        paths: Sequence[str] | None,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        survey: Survey | None = None,
    ) -> Report:
        """Check a library that was read before, perhaps with a draft laid over it."""
        return check(
            library,
            settings=self.settings,
            announced=frozenset(self.announced(library)),
            paths=paths,
            select=select,
            ignore=ignore,
            survey=survey,
        )

    def _paths(self, library: Library, paths: Sequence[str]) -> list[str]:
        """Return the documents at or below the given paths; a path counts from here, then from the root."""
        known = [*library.by_path, *(u.path for u in library.unread)]
        found: list[str] = []
        for path in paths:
            names = {self._from_root(Path.cwd() / path), self._from_root(self.root / path)} - {None}
            matched = [k for k in known if any(n in (".", k) or k.startswith(f"{n}/") for n in names)]
            if not matched:
                message = f"no document at {path!r} in this library"
                raise ConfigError(message, f"the library is {self.root}")
            found += matched
        return found

    def _from_root(self, place: Path) -> str | None:
        try:
            return place.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return None

    def announced(self, library: Library, plan: Plan | None = None) -> dict[str, str]:
        """Return titles that a plan or the index announces without a document, by key."""
        titles = {key: entry.title for key, entry in missing_titles(library).items()}
        found = plan or self.own_plan(library)
        if found:
            titles |= {title_key(item.title): item.title for item in found.items}
        return {key: title for key, title in titles.items() if key not in library.by_key}

    def own_plan(self, library: Library) -> Plan | None:
        """Return the plan in the settings, or None where there is none that can be read."""
        file = self.root / self.settings.library.plan
        try:
            return self.plan(library=library) if file.is_file() else None
        except (PlanError, LibraryError):
            return None

    def evaluate(self, *, at: str = "", since: Sequence[str] = ()) -> Evaluation:
        """Count the library, as it is or as it was ``at`` a git revision, with a trend ``since`` other revisions.

        Raises:
            RevisionError: There is no such revision.
            CountError: The numbers contradict each other; a fault of procauthor.
        """
        from procauthor.project.evaluation import measure

        return measure(self, at=at, since=since)[0]

    def survey(self) -> Census:
        """Read the library once and check it once, for all that is counted, drawn and planned from it."""
        from procauthor.project.evaluation import survey

        return survey(self)

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the sections that answer a query best, over words and meaning.

        Raises:
            RetrievalError: The index cannot be used.
        """
        with self.open_index(self.library()) as index:
            return list(index.search(query, limit))

    def open_index(self, library: Library) -> SectionIndex:
        """Open the index and bring it up to date with a library."""
        from procauthor.retrieval.embedding import embedding_for
        from procauthor.retrieval.index import SectionIndex

        settings = self.settings.retrieval
        index = SectionIndex.open(
            self.state / "index", embedding=embedding_for(settings.embedding), server=settings.server
        )
        report = index.sync(section_chunks(library))
        if report.notice:
            self.notices.append(report.notice)
        return index

    # Writing

    def sync(self) -> Change:
        """Return what brings the index, READMEs, orchestrations and plan ticks up to date; `apply` writes it."""
        return self.derived(self.library())

    def with_derived(self, library: Library) -> Library:
        """Return the library as it would be with everything derived up to date."""
        edits = [(e.path, e.after) for e in self.derived(library).edits if e.after is not None]
        return library.overlay(*(read_procedure(p, raw, self.settings.library, self.templates) for p, raw in edits))

    def derived(self, library: Library) -> Change:
        """Return what follows from a library, perhaps with a draft laid over it."""
        from procauthor.library.derive import derive

        edits = list(derive(library).edits)
        for plan in library.of_kind("plan"):
            raw = plan.document.source.raw
            after = self._ticked(raw, library)
            if after != raw:
                edits.append(Edit(plan.path, raw, after))
        return Change(tuple(edits))

    def _ticked(self, raw: bytes, library: Library) -> bytes:
        """Tick the items of a plan whose procedure is defined."""
        from procauthor.planning.read import read_plan
        from procauthor.planning.tick import tick

        try:
            plan = read_plan(raw)
        except (PlanError, LibraryError):
            return raw
        for item in plan.items:
            if any(p.status in _DONE for p in library.by_key.get(title_key(item.title), ())):
                raw = tick(raw, read_plan(raw), item.title)
        return raw

    def apply(self, change: Change) -> None:
        """Write a change: all of its files, or none.

        Raises:
            ConflictError: A file moved since; nothing was written.
            LibraryError: The disk refused; nothing was changed.
        """
        if change:
            apply(self.root, self.state, change)

    # Authoring

    @cached_property
    def drafts(self) -> DraftStore:
        """The drafts that wait."""
        from procauthor.authoring.draft import DraftStore

        return DraftStore(self.state / "drafts")

    @cached_property
    def runs(self) -> RunStore:
        """The runs, finished or not."""
        from procauthor.authoring.run import RunStore

        return RunStore(self.state / "runs")

    def author(
        self,
        model: str | None = None,
        *,
        max_tokens: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Authoring:
        """Return the authoring side with one author: ``offline``, or a model as ``provider:name``."""
        from procauthor.project.authoring import Authoring

        return Authoring(self, model or self.settings.authoring.model, max_tokens, progress)

    def draft(self, name: str = "") -> ProjectDraft:
        """Return a draft that waits, by id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        from procauthor.project.draft import ProjectDraft

        return ProjectDraft(self, self.drafts.get(name))


def section_chunks(library: Library) -> list[Chunk]:
    """Return the chunks of all documents, with the lifecycle as context."""
    from procauthor.retrieval.chunk import chunk_document

    found: list[Chunk] = []
    for procedure in library.procedures:
        if procedure.kind != "template":
            found += chunk_document(procedure.path, procedure.document, context=procedure.lifecycle)
    return found
