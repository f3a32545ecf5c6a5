"""The public door: a library of procedures with its settings, and all that one can do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from procauthor.checking.check import Baseline
from procauthor.errors import ProcauthorError
from procauthor.finding import Report
from procauthor.library.change import Change
from procauthor.library.library import Library
from procauthor.settings import Settings
from procauthor.template.read import TemplateStore
from procauthor.workspace import Workspace, unless_stale
from procauthor.workspace.check import Checking, baseline_file, shrink_baseline, update_baseline

# What checking does not need is imported where it is: it would take longer to load than a small library to check.
if TYPE_CHECKING:
    from procauthor.authoring.authoring import Authoring
    from procauthor.authoring.draft import Draft, DraftStore, Records
    from procauthor.authoring.handoff import Handoff
    from procauthor.authoring.pipeline import Progress
    from procauthor.authoring.question import Questions
    from procauthor.authoring.revision import Revision
    from procauthor.authoring.run import RunStore
    from procauthor.batch.batching import Batching
    from procauthor.batch.record import BatchStore, Tell
    from procauthor.evaluation.value import Evaluation
    from procauthor.library.history import HistoryEntry
    from procauthor.planning.plan import Plan
    from procauthor.planning.propose import Proposal
    from procauthor.refactoring.refactor import Refactoring
    from procauthor.reporting.export import Form
    from procauthor.reporting.printed import PrintForm
    from procauthor.reporting.site.build import WaitingChange
    from procauthor.reporting.site.publish import SiteReport
    from procauthor.retrieval.index import Hit
    from procauthor.review.due import Due, Undated
    from procauthor.review.follow import Walk
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

    def release(self) -> None:
        """Write down what was read, and let go of all files until the next question; what is in memory stays there."""
        self.workspace.release()
        if "records" in self.__dict__:
            self.records.close()

    def close(self) -> None:
        """Let go of all files and of what was read; it is written down, so that the next process has it."""
        self.release()
        self.workspace.close()

    def take_over(self, other: Project) -> None:
        """Know what another project of the same library has read, as far as it still counts; that one is closed."""
        self.workspace.take_over(other.workspace)
        other.close()

    def __enter__(self) -> Self:
        """Return the project."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the project."""
        self.close()

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

    def evaluate(self, *, at: str = "", since: Sequence[str] = ()) -> Evaluation:
        """Count the library, as it is or as it was ``at`` a git revision, with a trend ``since`` other revisions.

        Raises:
            RevisionError: There is no such revision.
            CountError: The numbers contradict each other; a fault of procauthor.
        """
        from procauthor.workspace.measure import measure

        return measure(self.workspace, at=at, since=since)[0]

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the sections that answer a query best, over words and meaning.

        Raises:
            RetrievalError: The index cannot be used.
        """
        return unless_stale(lambda: list(self.workspace.index(self.library()).search(query, limit)))

    # Writing

    def sync(self) -> Change:
        """Return what brings the index, READMEs, orchestrations and plan ticks up to date; `apply` writes it.

        What consumers see of a contract for the first time is written down too, so that a change of it can be noticed.
        """
        from procauthor.review.review import sync

        return sync(self.workspace)

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
        """Take back the newest change in force, or the one with a number; return it with what was written.

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

    def follow(self, reference: str, *, by: str = "", occasion: str = "", fresh: bool = False) -> Walk:
        """Go on with the record that was begun, else begin one; `Walk.record` writes down each step.

        Args:
            reference: Path, id or title.
            by: Who follows; else the user.name of git.
            occasion: What for, where a new record begins.
            fresh: Begin a new record, whatever is open.

        Raises:
            NotFoundError: There is no such document.
            DraftError: It has no steps.
            ConfigError: There is no name of who follows.
            LibraryError: The records that are there cannot be understood.
        """
        from procauthor.review.follow import follow

        return follow(self.workspace, reference, by, occasion=occasion, fresh=fresh)

    @property
    def questions(self) -> Questions:
        """What documents and drafts leave open, and its answers."""
        from procauthor.authoring.question import Questions

        return Questions(self.records)

    def due(self, *, within: str = "", owner: str = "") -> tuple[list[Due], list[Undated]]:
        """Return what is to be reviewed, the first one first, and what documents say of it that cannot be read.

        Args:
            within: Only what is due by then, as ``30d`` or ``2 weeks``; empty for all.
            owner: Only documents of this owner; upper and lower case are the same.

        Raises:
            ConfigError: The span cannot be read.
        """
        from procauthor.review.due import choose_due

        return choose_due(self.library(), within, owner)

    def export(
        self, reference: str, form: Form | PrintForm, out: str | Path | None = None, *, replace: bool = False
    ) -> list[Path]:
        """Write a procedure in another form, and return the files.

        Args:
            reference: Path, id or title.
            form: ``agent-skill`` or ``agent-sop`` for coding agents; ``pdf``, ``docx``, ``odt`` or ``html`` to print.
            out: The folder to write to.
            replace: Whether a file to print may be replaced.

        Raises:
            ProcauthorError: It is not finished, the folder cannot be used, or no converter is installed.
        """
        if form == "agent-skill" or form == "agent-sop":  # noqa: PLR1714 - so that mypy knows which form is left
            from procauthor.reporting.export import export

            return export(self.workspace, reference, form, out)
        from procauthor.reporting.printed import print_document

        return [print_document(self.workspace, reference, form, Path(out or "."), replace=replace)]

    def site(self, folder: str | Path) -> SiteReport:
        """Write the library as pages for readers, with the drafts that wait; see `docs/site.md`.

        Args:
            folder: Where to: a folder that is new or empty, or holds an earlier site.

        Raises:
            ConfigError: Something else is there, or the disk refuses.
        """
        from procauthor.reporting.site.publish import publish

        return publish(self.workspace, Path(folder), lambda: list(map(_waiting, self.drafts.all())))

    # Authoring

    @cached_property
    def records(self) -> Records:
        """What authoring keeps: drafts, runs, and the memory of what was paid for."""
        from procauthor.authoring.draft import Records

        return Records(self.workspace)

    @property
    def drafts(self) -> DraftStore:
        """The drafts that wait."""
        return self.records.drafts

    @property
    def runs(self) -> RunStore:
        """The runs, finished or not."""
        return self.records.runs

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
            fresh: Ask the model again, even what an earlier run has asked word by word.
            reviewer: A second model, as ``provider:name``, that looks at the draft in place of the author.
        """
        from procauthor.authoring.authoring import Authoring

        return Authoring(self.records, model or self.settings.authoring.model, max_tokens, progress, fresh, reviewer)

    @cached_property
    def batches(self) -> BatchStore:
        """The batches, finished or not."""
        from procauthor.batch.record import BatchStore

        return BatchStore(self.records.memory)

    def batch_of(self, name: str = "") -> str:
        """Return the id of the batch that a name means: its own, or that of a run in it; empty where there is none.

        Without a name it is the last batch that can go on, unless a run of its own was stopped later.
        """
        batches = self.batches.all()
        if name:
            fitting = [b for b in batches if name == b.id or (not b.ended and name in b.runs)]
        else:
            last = self.runs.last_open()
            fitting = [
                b for b in batches if b.can_go_on and (last is None or last.id in b.runs or b.started > last.started)
            ]
        return fitting[-1].id if fitting else ""

    def batch(self, model: str | None = None, *, progress: Tell | None = None, **wishes: Any) -> Batching:
        """Return what authors the open items of a plan together.

        Args:
            model: ``offline``, or a model as ``provider:name``; the settings' where nothing is said.
            progress: Is told what happens.
            wishes: The other attributes of `Wishes`: ``jobs``, ``max_tokens``, ``deadline``, ``accept`` and so on.

        Raises:
            TypeError: There is no wish of that name.
        """
        from procauthor.batch.batching import Batching
        from procauthor.batch.record import Wishes

        return Batching(self.records, Wishes(author=model or self.settings.authoring.model, **wishes), progress)

    def prune_runs(self, *, keep: int | None = None, older: float | None = None) -> list[str]:
        """Delete runs that have ended and whose draft does not wait any more, and batches that ended; return their ids.

        Args:
            keep: How many of these stay, the newest first.
            older: Delete only what is older than so many days.
        """
        held = {*self.drafts.names(), *self.batches.members()}
        return [*self.runs.prune(held, keep=keep, older=older), *self.batches.prune(keep=keep, older=older)]

    @property
    def handoff(self) -> Handoff:
        """Briefs for people and agents, and their answers."""
        from procauthor.authoring.handoff import Handoff

        return Handoff(self.records)

    def revise(
        self, reference: str, wish: str, changes: Mapping[str, Any], *, by: str = "", person: bool = False
    ) -> Draft:
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
        return self.revision(reference, wish).propose(changes, by, person=person)

    def revision(self, reference: str, wish: str) -> Revision:
        """Return what can be named in an existing document to fulfil a wish, for a person or an agent.

        Raises:
            NotFoundError: No document has that path, id or title.
            DraftError: The document cannot be changed so.
        """
        from procauthor.authoring.revision import Revision

        return Revision.open(self.records, reference, wish)

    def draft(self, name: str = "") -> Draft:
        """Return a draft that waits, by id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        return self.drafts.get(name)


def _waiting(draft: Draft) -> WaitingChange:
    """Return a draft as reviewers read it, without secrets."""
    from procauthor.reporting.site.build import WaitingChange
    from procauthor.secret import redact

    diff, problem = "", ""
    try:
        diff = redact(draft.diff())
    except ProcauthorError as error:
        problem = error.message
    return WaitingChange(
        id=draft.id,
        title=draft.title,
        path=draft.path,
        author=draft.author,
        wish=draft.wish,
        outcome=draft.outcome,
        diff=diff,
        problem=problem,
        questions=draft.open_questions,
        findings=draft.findings,
    )
