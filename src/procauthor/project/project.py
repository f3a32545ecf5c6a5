"""The public door: a library of procedures with its settings, and all that one can do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.checking.baseline import Baseline
from procauthor.finding import Report
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library
from procauthor.settings import Settings
from procauthor.template.store import TemplateStore
from procauthor.workspace import Workspace
from procauthor.workspace.check import Checking, baseline_file, shrink_baseline, update_baseline

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
    from procauthor.project.handoff import Handoff
    from procauthor.project.question import Questions
    from procauthor.refactoring.refactor import Refactoring
    from procauthor.reporting.export import Form
    from procauthor.retrieval.index import Hit, SectionIndex
    from procauthor.review.review import Reviewing


class Project:
    """A library of procedures with its settings. Reading methods write nothing but ``.procauthor/``.

    Attributes:
        workspace: The library on disk, upon which all services are built.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @classmethod
    def open(cls, path: str | Path = ".") -> Project:
        """Open the project of a folder: the nearest parent with settings, else the folder itself.

        State that was not written here is set aside, and a change that a crash cut off is taken back; both are named
        in ``notices``.

        Raises:
            ConfigError: The folder does not exist, or its settings are wrong.
        """
        return cls(Workspace.open(path))

    @property
    def root(self) -> Path:
        """The folder of the library."""
        return self.workspace.root

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.workspace.settings

    @property
    def state(self) -> Path:
        """The folder for what the program keeps for itself."""
        return self.workspace.state

    @property
    def templates(self) -> TemplateStore:
        """The templates, those of the library first."""
        return self.workspace.templates

    @property
    def notices(self) -> list[str]:
        """What is to be said to the user besides results, in whole sentences."""
        return self.workspace.notices

    # Reading

    def library(self) -> Library:
        """Read all documents, as they are now; what has not changed since the last reading is not parsed again."""
        return self.workspace.read()

    def plan(self, file: str | Path | None = None, library: Library | None = None) -> Plan:
        """Read an action plan: the given file, else the one in the settings.

        Raises:
            PlanError: There is no such file, or it holds no plan.
        """
        return self.workspace.plan(file, library)

    def plan_bytes(self, file: str | Path | None = None) -> bytes:
        """Return an action plan as it is on disk; for the arguments and errors see `plan`."""
        return self.workspace.plan_bytes(file)

    def propose_plan(self) -> Proposal:
        """Make a plan from the gaps of the library; `plan_change` writes it."""
        from procauthor.workspace.plan import propose_plan

        return propose_plan(self.workspace)

    def plan_change(self, proposal: Proposal, file: str | Path | None = None) -> Change:
        """Return what writes a proposed plan, to the plan's own file or to the given one.

        Raises:
            PlanError: The plan there was written by a person, and no file was named; or a title cannot be in a plan.
            LibraryError: The file lies outside of the library.
        """
        from procauthor.workspace.plan import plan_change

        return plan_change(self.workspace, proposal, file)

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
        return Checking(self.workspace, select, ignore, baseline).check(paths)

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
        return Checking(self.workspace, select, ignore, baseline).fix(paths)

    @property
    def baseline_file(self) -> Path:
        """Where the baseline is, or would be.

        Raises:
            LibraryError: It is a link that leads out of the library.
        """
        return baseline_file(self.workspace)

    def update_baseline(self) -> Baseline:
        """Make all findings of today known, and forget those that no longer occur.

        Raises:
            ConfigError: A file is there that is no baseline.
            LibraryError: The file cannot be written.
        """
        return update_baseline(self.workspace)

    def shrink_baseline(self, report: Report) -> None:
        """Forget what a report says is gone; nothing is ever added.

        Raises:
            LibraryError: The file cannot be written.
        """
        shrink_baseline(self.workspace, report)

    def check_library(self, library: Library, paths: Sequence[str] | None, select: Sequence[str] = ()) -> Report:
        """Check a library that was read before, perhaps with a draft laid over it."""
        return self.workspace.check(library, paths, select)

    def announced(self, library: Library, plan: Plan | None = None) -> dict[str, str]:
        """Return titles that a plan or the index announces without a document, by key."""
        return self.workspace.announced(library, plan)

    def own_plan(self, library: Library) -> Plan | None:
        """Return the plan in the settings, or None where there is none that can be read."""
        return self.workspace.own_plan(library)

    def evaluate(self, *, at: str = "", since: Sequence[str] = ()) -> Evaluation:
        """Count the library, as it is or as it was ``at`` a git revision, with a trend ``since`` other revisions.

        Raises:
            RevisionError: There is no such revision.
            CountError: The numbers contradict each other; a fault of procauthor.
        """
        from procauthor.workspace.measure import measure

        return measure(self.workspace, at=at, since=since)[0]

    def survey(self) -> Census:
        """Read the library once and check it once, for all that is counted, drawn and planned from it."""
        from procauthor.workspace.measure import survey

        return survey(self.workspace)

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the sections that answer a query best, over words and meaning.

        Raises:
            RetrievalError: The index cannot be used.
        """
        with self.open_index(self.library()) as index:
            return list(index.search(query, limit))

    def open_index(self, library: Library) -> SectionIndex:
        """Open the index and bring it up to date with a library."""
        return self.workspace.open_index(library)

    # Writing

    def sync(self) -> Change:
        """Return what brings the index, READMEs, orchestrations and plan ticks up to date; `apply` writes it.

        What consumers see of a contract for the first time is written down too, so that a change of it can be noticed.
        """
        from procauthor.review.review import sync

        return sync(self.workspace)

    def with_derived(self, library: Library, *, ticks: bool = True) -> Library:
        """Return the library as it would be with everything derived up to date; the ticks of plans if that matters."""
        return self.workspace.with_derived(library, ticks=ticks)

    def laid(self, library: Library, edits: Iterable[Edit]) -> Library:
        """Return the library as it would be with some edits of documents written."""
        return self.workspace.with_edits(library, edits)

    def derived(self, library: Library, *, ticks: bool = True) -> Change:
        """Return what follows from a library, perhaps with a draft laid over it."""
        return self.workspace.derive(library, ticks=ticks)

    def apply(self, change: Change) -> None:
        """Write a change: all of its files, or none.

        Raises:
            ConflictError: A file moved since; nothing was written.
            LibraryError: The disk refused; nothing was changed.
        """
        self.workspace.commit(change)

    def history(self) -> list[HistoryEntry]:
        """Return the changes that were written, the oldest first."""
        from procauthor.library.history import read_history

        self.workspace.name_strangers()
        return read_history(self.state)

    def undo(self, number: int | None = None) -> tuple[HistoryEntry, Change]:
        """Take back the newest change that still stands, or the one with a number; return it with what was written.

        Raises:
            NotFoundError: There is none.
            ConflictError: A file of it was edited since at the same place; nothing was written.
        """
        from procauthor.library.history import undo

        self.workspace.name_strangers()
        return undo(self.root, self.state, number)

    def redo(self, number: int | None = None) -> tuple[HistoryEntry, Change]:
        """Write again what was undone last, or the change with a number; return it with what was written.

        Raises:
            NotFoundError: Nothing was undone, or another change was written since.
            ConflictError: A file of it was edited since; nothing was written.
        """
        from procauthor.library.history import redo

        self.workspace.name_strangers()
        return redo(self.root, self.state, number)

    # Services: each returns a change, and `apply` writes it

    @property
    def refactor(self) -> Refactoring:
        """Rename, move, split, merge, deprecate, renumber, migrate: on the library as it is now."""
        from procauthor.refactoring.refactor import Refactoring

        return Refactoring(self.workspace, self.library())

    @property
    def review(self) -> Reviewing:
        """Approve, blame, suspects, clear: on the library as it is now."""
        from procauthor.review.review import Reviewing

        return Reviewing(self.workspace, self.library())

    @property
    def questions(self) -> Questions:
        """What documents and drafts leave open, and its answers."""
        from procauthor.project.question import Questions

        return Questions(self)

    def export(self, reference: str, form: Form, out: str | Path | None = None) -> list[Path]:
        """Write a procedure as an ``agent-skill`` or an ``agent-sop``, and return the files.

        Raises:
            ProcauthorError: It is not finished, or the folder cannot be used.
        """
        from procauthor.reporting.export import export

        return export(self.workspace, reference, form, out)

    # Authoring

    @cached_property
    def drafts(self) -> DraftStore:
        """The drafts that wait."""
        from procauthor.authoring.draft import DraftStore

        return DraftStore(self.state / "drafts", self.workspace.tell)

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

    def revise(
        self, reference: str, wish: str, changes: Mapping[str, Any], *, by: str = "", person: bool = False
    ) -> ProjectDraft:
        """Make the draft that changes of an existing document give, as a person or an agent wrote them.

        Args:
            reference: Path, id or title.
            wish: What should change, in words; it bounds how far the changes may reach.
            changes: An answer of the schema that ``update --dry-run --json`` gives.
            by: Who wrote them.
            person: Whether that is a person who answers for them: then claims that nothing supports are notes, and
                no open questions.

        Raises:
            AnswerError: The changes do not fit the schema, or reach wider than the wish.
            DraftError: The document cannot be changed so.
        """
        from procauthor.project.revision import Revision

        return Revision.open(self, reference, wish).propose(changes, by, person=person)

    def draft(self, name: str = "") -> ProjectDraft:
        """Return a draft that waits, by id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        from procauthor.project.draft import ProjectDraft

        return ProjectDraft(self, self.drafts.get(name))
