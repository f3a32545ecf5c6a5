"""A library of procedures with its settings, and all that one can do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.checking.baseline import FILE_NAME as BASELINE
from procauthor.checking.baseline import Baseline, read_baseline
from procauthor.checking.check import check
from procauthor.checking.survey import Survey, Surveyor
from procauthor.errors import PlanError
from procauthor.finding import Report
from procauthor.library.change import Change, Edit
from procauthor.library.disk import write_file
from procauthor.library.library import Library, read_library
from procauthor.library.transaction import STATE, apply, recover
from procauthor.project.announced import announced, own_plan
from procauthor.project.checking import Checking
from procauthor.settings import Location, Settings, locate
from procauthor.template.store import TemplateStore

# What checking does not need is imported where it is: it would take longer to load than a small library to check.
if TYPE_CHECKING:
    from procauthor.authoring.batch.record import BatchStore
    from procauthor.authoring.batch.schedule import OnFailure
    from procauthor.authoring.draft import DraftStore
    from procauthor.authoring.graph import Progress
    from procauthor.authoring.run import RunStore
    from procauthor.authoring.store.postgres.checkpoint import PostgresCheckpoints
    from procauthor.evaluation.evaluate import Census
    from procauthor.evaluation.value import Evaluation
    from procauthor.library.history import HistoryEntry
    from procauthor.planning.plan import Plan
    from procauthor.planning.propose import Proposal
    from procauthor.project.authoring import Authoring
    from procauthor.project.batch.batching import Batching
    from procauthor.project.batch.value import Tell
    from procauthor.project.draft import ProjectDraft
    from procauthor.project.export import Form
    from procauthor.project.handoff import Handoff
    from procauthor.project.refactoring import Refactoring
    from procauthor.project.review import Reviewing
    from procauthor.retrieval.index import Hit, SectionIndex
    from procauthor.review.approve import Approval
    from procauthor.review.blame import Blame
    from procauthor.review.suspect import Clearance, Suspect

_PASSES = 10
_DONE = ("defined", "approved")
_SHOWN = 5


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
        self._known: Library | None = None

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
        found = recover(self.root, self.state)
        if found is None:
            return
        files = _several(found.restored) or "no file had been written yet"
        self.notices.append(f"took back {found.title or 'a change'!r}, which had been cut off: {files}")
        if found.kept:
            self.notices.append(f"left as they are, because somebody edited them since: {_several(found.kept)}")

    # Reading

    def library(self) -> Library:
        """Read all documents, as they are now; what has not changed since the last reading is not parsed again."""
        self._known = read_library(self.root, self.settings.library, self.templates, self._known)
        return self._known

    def plan(self, file: str | Path | None = None, library: Library | None = None) -> Plan:
        """Read an action plan: the given file, else the one in the settings.

        Raises:
            PlanError: There is no such file, or it holds no plan.
        """
        from procauthor.planning.read import read_plan
        from procauthor.project.evaluation import statuses

        return read_plan(self.plan_bytes(file), known=statuses(self, library))

    def plan_bytes(self, file: str | Path | None = None) -> bytes:
        """Return an action plan as it is on disk; for the arguments and errors see `plan`."""
        place = Path(file) if file else self.root / self.settings.library.plan
        try:
            if place.exists() and not place.is_file():
                message = f"{str(file or self.settings.library.plan)!r} is no file"
                raise PlanError(message, "name the file of an action plan")
            return place.read_bytes()
        except OSError as error:
            message = f"{str(file or self.settings.library.plan)!r} cannot be read: {error.strerror}"
            raise PlanError(message, "name the file of an action plan") from error

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
        return Checking(self, select, ignore, baseline).check(paths)

    def surveyor(self) -> Surveyor:
        """Return what reads the library and remembers what it read."""
        return Surveyor(self.root, self.state, self.settings, self.templates)

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
        return Checking(self, select, ignore, baseline).fix(paths)

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

    def announced(self, library: Library, plan: Plan | None = None) -> dict[str, str]:
        """Return titles that a plan or the index announces without a document, by key."""
        return announced(self, library, plan)

    def own_plan(self, library: Library) -> Plan | None:
        """Return the plan in the settings, or None where there is none that can be read."""
        return own_plan(self, library)

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
        from procauthor.project.section import open_index

        return open_index(self, library)

    # Writing

    def sync(self) -> Change:
        """Return what brings the index, READMEs, orchestrations and plan ticks up to date; `apply` writes it.

        What consumers see of a contract for the first time is written down too, so that a change of it can be noticed.
        """
        from procauthor.project.review import follow

        library = self.library()
        derived = self.derived(library).edits
        return Change((*derived, *follow(self.laid(library, derived), derived)), "sync")

    def with_derived(self, library: Library, *, ticks: bool = True) -> Library:
        """Return the library as it would be with everything derived up to date; the ticks of plans if that matters."""
        return self.laid(library, self.derived(library, ticks=ticks).edits)

    def laid(self, library: Library, edits: Iterable[Edit]) -> Library:
        """Return the library as it would be with some edits of documents written."""
        from procauthor.project.derived import lay

        return lay(self, library, edits)

    def derived(self, library: Library, *, ticks: bool = True) -> Change:
        """Return what follows from a library, perhaps with a draft laid over it."""
        from procauthor.project.derived import derived

        return derived(self, library, ticks=ticks)

    def apply(self, change: Change) -> None:
        """Write a change: all of its files, or none.

        Raises:
            ConflictError: A file moved since; nothing was written.
            LibraryError: The disk refused; nothing was changed.
        """
        if change:
            apply(self.root, self.state, change)

    def history(self) -> list[HistoryEntry]:
        """Return the changes that were written, the oldest first."""
        from procauthor.library.history import read_history

        return read_history(self.state)

    def undo(self, number: int | None = None) -> tuple[HistoryEntry, Change]:
        """Take back the newest change that still stands, or the one with a number; return it with what was written.

        Raises:
            NotFoundError: There is none.
            ConflictError: A file of it was edited since at the same place; nothing was written.
        """
        from procauthor.library.history import undo

        return undo(self.root, self.state, number)

    def redo(self, number: int | None = None) -> tuple[HistoryEntry, Change]:
        """Write again what was undone last, or the change with a number; return it with what was written.

        Raises:
            NotFoundError: Nothing was undone, or another change was written since.
            ConflictError: A file of it was edited since; nothing was written.
        """
        from procauthor.library.history import redo

        return redo(self.root, self.state, number)

    # Refactoring: each method returns a change, and `apply` writes it

    def rename(self, reference: str, title: str, *, alias: bool = True) -> Change:
        """Return what gives a document another title: file name, heading, id, and all that refers to them.

        Args:
            reference: Path, id or title.
            title: The new title.
            alias: Leave a document at the old path that leads to the new one.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            InvalidTitleError: The title cannot name a procedure, or belongs to another one.
            ConflictError: Another file stands where the document would go.
        """
        return self._refactoring().rename(reference, title, alias=alias)

    def move(self, reference: str, destination: str, *, alias: bool = True) -> Change:
        """Return what puts a document into another folder or under another path, with all links to it and in it.

        Args:
            reference: Path, id or title.
            destination: A folder, or a path that ends in ``.md``, from the library's root.
            alias: Leave a document at the old path that leads to the new one.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConflictError: Another file stands there.
            LibraryError: The destination lies outside of the library.
        """
        return self._refactoring().move(reference, destination, alias=alias)

    def split(self, reference: str, at: Sequence[str], title: str) -> Change:
        """Return what moves sections or steps of a document into a new one beside it, and leaves links.

        Args:
            reference: Path, id or title.
            at: Headings of the sections, by text, anchor or "Step 3".
            title: Title of the new document.

        Raises:
            NotFoundError: There is no such document or heading.
            AmbiguousError: There are several; the hint names them.
            InvalidTitleError: The title cannot name a procedure, or belongs to another one.
            ConflictError: Another file stands where the new document would go, or a footnote would be torn.
        """
        return self._refactoring().split(reference, at, title)

    def merge(self, reference: str, into: str) -> Change:
        """Return what puts the text of a document behind that of another one, and leaves an alias.

        Args:
            reference: Path, id or title of the document that goes.
            into: Path, id or title of the one that stays.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConflictError: Both use one label of a link for two targets, or a step is referred to that stands twice.
        """
        return self._refactoring().merge(reference, into)

    def deprecate(self, reference: str, by: str = "") -> Change:
        """Return what takes a document out of use: it stays, says so, and references lead to its replacement.

        Args:
            reference: Path, id or title.
            by: Path, id or title of the replacement; without one, references stay as they are.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConflictError: It is deprecated already.
        """
        return self._refactoring().deprecate(reference, by)

    def renumber(self, reference: str) -> Change:
        """Return what numbers steps and sections in order, with all that refers to them; empty where they are.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConflictError: A number stands twice, and is referred to.
        """
        return self._refactoring().renumber(reference)

    def migrate(self, *references: str, renamed: Sequence[str] = ()) -> Change:
        """Return what carries documents over to their templates as these are now; no text of people is lost.

        Headings that match by a synonym or a renaming take the template's words, sections take its order, and missing
        ones come in with their guidance as a comment. Links to renamed headings follow.

        Args:
            references: Path, id or title of each document; all with a template where nothing is said.
            renamed: Old headings that became others, as ``Old Heading=New Heading``.

        Raises:
            NotFoundError: There is no such document.
            ConfigError: A renaming is malformed, or names a heading that no template has.
            ConflictError: Both sections stand in a document, or the anchors of equal headings would change places.
        """
        return self._refactoring().migrate(references, renamed)

    def _refactoring(self) -> Refactoring:
        from procauthor.project.refactoring import Refactoring

        return Refactoring(self, self.library())

    # Elsewhere

    def export(self, reference: str, form: Form, out: str | Path | None = None) -> list[Path]:
        """Write a procedure as an ``agent-skill`` or an ``agent-sop``, and return the files.

        Raises:
            ProcauthorError: It is not finished, or the folder cannot be used.
        """
        from procauthor.project.export import export

        return export(self, reference, form, out)

    # Reviews

    def approve(self, reference: str, *sections: str, role: str = "", by: str = "", expires: str = "") -> Approval:
        """Approve the present bytes of a document, or of some of its sections; `apply` writes the change in it.

        Args:
            reference: Path, id or title.
            sections: Headings; none for the whole document.
            role: As what the person approves.
            by: Who approves; else the user.name of git.
            expires: The last day on which it holds, as ``2027-06-01`` or ``180d``; empty for no end.

        Raises:
            NotFoundError: There is no such document or section.
            AmbiguousError: There are several; the hint names them.
            ConfigError: Nobody knows who approves, or the day is none.
            LibraryError: The document is derived, not written yet, or has findings of severity error.
        """
        return self._reviewing().approve(reference, sections, role=role, by=by, expires=expires)

    def blame(self, reference: str) -> Blame:
        """Say of each section of a document who wrote it, what it rests on, and who approved it.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
        """
        return self._reviewing().blame(reference)

    def suspects(self, reference: str = "") -> tuple[Suspect, ...]:
        """Return where a document, or any, relies on a part of a contract that changed since.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
        """
        return self._reviewing().suspects(reference)

    def clear(self, reference: str, producer: str = "", *, by: str = "") -> Clearance:
        """Say that a document fits the contracts that it relies on; `apply` writes the change in it.

        Args:
            reference: Path, id or title of the document that relies on others.
            producer: Only on this one; empty for all.
            by: Who has looked; else the user.name of git.

        Raises:
            NotFoundError: There is no such document.
            AmbiguousError: There are several; the hint names them.
            ConfigError: Nobody knows who clears it.
            LibraryError: The receipts that are there cannot be understood.
        """
        return self._reviewing().clear(reference, producer, by)

    def _reviewing(self) -> Reviewing:
        from procauthor.project.review import Reviewing

        return Reviewing(self, self.library())

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

        return RunStore(self.state / "runs", self._postgres)

    @cached_property
    def _postgres(self) -> PostgresCheckpoints | None:
        """The checkpoints in a database, where the settings want them there."""
        if self.settings.run.checkpoints != "postgres":
            return None
        from procauthor.authoring.store.postgres.checkpoint import PostgresCheckpoints
        from procauthor.authoring.store.postgres.database import Database

        return PostgresCheckpoints(Database(self.settings.run.lease))

    def author(
        self,
        model: str | None = None,
        *,
        max_tokens: int | None = None,
        progress: Callable[[Progress], None] | None = None,
        fresh: bool = False,
        reviewer: str = "",
    ) -> Authoring:
        """Return the authoring side with one author.

        Args:
            model: ``offline``, or a model as ``provider:name``; the settings' where nothing is said.
            max_tokens: The ceiling of a run; the settings' where nothing is said.
            progress: Is told when a step begins and ends.
            fresh: Ask the model anew, even what an earlier run has asked word by word.
            reviewer: A second model, as ``provider:name``, that reads the draft once.
        """
        from procauthor.project.authoring import Authoring

        return Authoring(self, model or self.settings.authoring.model, max_tokens, progress, fresh, reviewer)

    @cached_property
    def batches(self) -> BatchStore:
        """The batches, finished or not: beside the library, or in the database that has the checkpoints."""
        if self._postgres is not None:
            from procauthor.authoring.batch.table import TableBatchStore

            return TableBatchStore(self._postgres)
        from procauthor.authoring.batch.folder import FolderBatchStore

        return FolderBatchStore(self.state / "batches")

    def batch_of(self, name: str = "") -> str:
        """Return the id of the batch that a name means: its own, or that of a run in it; empty where there is none.

        Without a name it is the last batch that can go on, unless a run of its own was stopped later.
        """
        with self.batches.opened():
            batches = [self.batches.get(each) for each in self.batches.names()]
            if name:
                found = [b for b in batches if name == b.id or (not b.ended and name in b.runs)]
            else:
                last = self.runs.last_open()
                found = [
                    b
                    for b in batches
                    if b.can_go_on and (last is None or last.id in b.runs or b.started > last.started)
                ]
        return found[-1].id if found else ""

    def batch(  # noqa: PLR0913 - one argument for each bound
        self,
        model: str | None = None,
        *,
        reviewer: str = "",
        jobs: int = 4,
        max_tokens: int | None = None,
        deadline: float | None = None,
        accept: bool = False,
        on_failure: OnFailure = "wait",
        fresh: bool = False,
        progress: Tell | None = None,
    ) -> Batching:
        """Return what authors the open items of a plan together.

        Args:
            model: ``offline``, or a model as ``provider:name``; the settings' where nothing is said.
            reviewer: A second model that reads each draft once.
            jobs: How many calls are on their way at once.
            max_tokens: The ceiling of all calls; where nothing is said, that of one run for each item.
            deadline: Seconds after which no call begins.
            accept: Write each draft that has no error into the library.
            on_failure: Whether dependents of an item that failed wait, or go on with what the plan announces of it.
            fresh: Ask the model anew, even what was asked before.
            progress: Is told what happens.
        """
        from procauthor.project.batch.batching import Batching
        from procauthor.project.batch.value import Wishes

        author = model or self.settings.authoring.model
        wishes = Wishes(author, reviewer, jobs, max_tokens, deadline, accept, on_failure, fresh)
        return Batching(self, wishes, progress)

    def prune_runs(self, *, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete runs that have ended and whose draft does not wait any more, and batches that ended; return their ids.

        Args:
            keep: How many of these stay, the newest first.
            older: Delete only what is older than so many days.
        """
        with self.batches.opened():
            held = {draft.id for draft in self.drafts.all()} | set(self.batches.members())
            return [*self.runs.prune(held, keep=keep, older=older), *self.batches.prune(keep, older)]

    @property
    def handoff(self) -> Handoff:
        """Briefs for people and agents, and their answers."""
        from procauthor.project.handoff import Handoff

        return Handoff(self)

    def revise(self, reference: str, wish: str, changes: Mapping[str, Any], *, by: str = "") -> ProjectDraft:
        """Make the draft that changes of an existing document give, as a person or an agent wrote them.

        Args:
            reference: Path, id or title.
            wish: What should change, in words; it bounds how far the changes may reach.
            changes: An answer of the schema that ``update --dry-run --json`` gives.
            by: Who wrote them.

        Raises:
            AnswerError: The changes do not fit the schema, or reach wider than the wish.
            DraftError: The document cannot be changed so.
        """
        from procauthor.project.revision import Revision

        return Revision.open(self, reference, wish).propose(changes, by)

    def draft(self, name: str = "") -> ProjectDraft:
        """Return a draft that waits, by id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        from procauthor.project.draft import ProjectDraft

        return ProjectDraft(self, self.drafts.get(name))


def _several(paths: Sequence[str]) -> str:
    """Name some paths, and count those beyond the fifth."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
