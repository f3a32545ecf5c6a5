"""The composition root: settings in, everything else hangs here. This is the public Python API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.authoring.author import Author
from procauthor.authoring.brief import Brief, ChangeRequest
from procauthor.authoring.draft import Draft, DraftStore, render_draft
from procauthor.authoring.gather import Source, check_title, gather
from procauthor.authoring.offline import OfflineAuthor
from procauthor.authoring.run import Run, RunStore, execute, lease
from procauthor.checking.check import check
from procauthor.errors import AuthoringError, ConfigError, ConflictError, DraftError, LibraryError, PlanError
from procauthor.finding import Finding, Report
from procauthor.library.change import Change, Edit, apply, recover
from procauthor.library.derive import derive
from procauthor.library.index import missing_titles
from procauthor.library.library import Library, Procedure, read_library, read_procedure
from procauthor.naming import title_key
from procauthor.planning.plan import Plan, PlanItem
from procauthor.planning.read import read_plan
from procauthor.planning.tick import tick
from procauthor.procedure import stamp
from procauthor.retrieval.chunk import Chunk, chunk_document
from procauthor.settings import Location, Settings, locate
from procauthor.template.store import TemplateStore

if TYPE_CHECKING:
    from procauthor.authoring.graph import Progress, Work
    from procauthor.retrieval.index import Hit, SectionIndex

STATE = ".procauthor"
_DONE = ("defined", "approved")


class Project:
    """A library of procedures with its settings. Reading methods write nothing but ``.procauthor/``."""

    def __init__(self, location: Location) -> None:
        self.root = location.root
        self.settings: Settings = location.settings
        self.file = location.file
        self.state = self.root / STATE
        folders = (self.root / "templates",) if (self.root / "templates").is_dir() else ()
        self.templates = TemplateStore(folders, self.settings.templates)
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
        place = Path(file) if file else self.root / self.settings.library.plan
        try:
            raw = place.read_bytes()
        except OSError as error:
            message = f"{str(file or self.settings.library.plan)!r} cannot be read: {error.strerror}"
            raise PlanError(message, "name the file of an action plan") from error
        known = {p.key: str(p.status) for p in (library or self.library()).counted}
        return read_plan(raw, known=known)

    def check(
        self,
        paths: Sequence[str] | None = None,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> Report:
        """Check the library with all rules. ``paths`` narrows what is reported, never what is seen.

        Raises:
            ConfigError: A rule's name, or a path, is not known.
        """
        library = self.library()
        chosen = self._paths(library, paths) if paths else None
        return self._check(library, chosen, select, ignore)

    def _check(
        self, library: Library, paths: Sequence[str] | None, select: Sequence[str] = (), ignore: Sequence[str] = ()
    ) -> Report:
        return check(
            library,
            settings=self.settings,
            announced=frozenset(self.announced(library)),
            paths=paths,
            select=select,
            ignore=ignore,
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
        found = plan or self._own_plan(library)
        if found:
            titles |= {title_key(item.title): item.title for item in found.items}
        return {key: title for key, title in titles.items() if key not in library.by_key}

    def _own_plan(self, library: Library) -> Plan | None:
        file = self.root / self.settings.library.plan
        try:
            return self.plan(library=library) if file.is_file() else None
        except (PlanError, LibraryError):
            return None

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the sections that answer a query best, over words and meaning.

        Raises:
            RetrievalError: The index cannot be used.
        """
        with self._index(self.library()) as index:
            return list(index.search(query, limit))

    def _index(self, library: Library) -> SectionIndex:
        from procauthor.retrieval.embedding import embedding_for
        from procauthor.retrieval.index import SectionIndex

        settings = self.settings.retrieval
        index = SectionIndex.open(
            self.state / "index", embedding=embedding_for(settings.embedding), server=settings.server
        )
        report = index.sync(chunks(library))
        if report.notice:
            self.notices.append(report.notice)
        return index

    # Writing

    def sync(self) -> Change:
        """Return what brings the index, READMEs, orchestrations and plan ticks up to date; `apply` writes it."""
        return self._derived(self.library())

    def _derived(self, library: Library) -> Change:
        edits = list(derive(library).edits)
        for plan in library.of_kind("plan"):
            raw = plan.document.source.raw
            after = self._ticked(raw, library)
            if after != raw:
                edits.append(Edit(plan.path, raw, after))
        return Change(tuple(edits))

    def _ticked(self, raw: bytes, library: Library) -> bytes:
        """Tick the items of a plan whose procedure is defined."""
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
        return DraftStore(self.state / "drafts")

    @cached_property
    def runs(self) -> RunStore:
        """The runs, finished or not."""
        return RunStore(self.state / "runs")

    def author(
        self,
        model: str | None = None,
        *,
        max_tokens: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Authoring:
        """Return the authoring side with one author: ``offline``, or a model as ``provider:name``."""
        return Authoring(self, model or self.settings.authoring.model, max_tokens, progress)

    def draft(self, name: str = "") -> ProjectDraft:
        """Return a draft that waits, by id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        return ProjectDraft(self, self.drafts.get(name))


def chunks(library: Library) -> list[Chunk]:
    """Return the chunks of all documents, with the lifecycle as context."""
    found: list[Chunk] = []
    for procedure in library.procedures:
        if procedure.kind != "template":
            found += chunk_document(procedure.path, procedure.document, context=procedure.lifecycle)
    return found


@dataclass(frozen=True)
class ProjectDraft:
    """A draft together with the project that it belongs to."""

    project: Project
    draft: Draft

    def __getattr__(self, name: str) -> Any:
        """Give access to the values of the draft itself."""
        return getattr(self.draft, name)

    def change(self) -> Change:
        """Return all that accepting changes: the procedure, index, README, orchestrations and plan ticks.

        Raises:
            ConflictError: The document moved since the draft was based on it.
        """
        project, draft = self.project, self.draft
        library = project.library()
        present = library.by_path.get(draft.path)
        raw = present.document.source.raw if present else None
        if (stamp(raw) if raw is not None else "") != draft.base:
            message = f"{draft.path} changed since the draft {draft.id!r} was based on it"
            raise ConflictError(message, f"reject it and create {draft.title!r} again; the draft is kept until then")
        text = draft.text.encode()
        procedure = read_procedure(draft.path, text, project.settings.library, project.templates)
        derived = project._derived(library.overlay(procedure))  # noqa: SLF001 - one module
        return Change((Edit(draft.path, raw, text), *(e for e in derived.edits if e.path != draft.path)))

    def diff(self) -> str:
        """Return the change as one unified diff."""
        return self.change().diff()

    def accept(self) -> Change:
        """Write the draft and everything that follows from it, in one transaction.

        Raises:
            DraftError: The draft still has findings of severity error.
            ConflictError: The document moved since.
        """
        errors = [f for f in self.draft.findings if f["severity"] == "error"]
        if errors:
            message = f"draft {self.draft.id!r} has {len(errors)} findings of severity error"
            raise DraftError(message, f"the first: {errors[0]['message']}; create it again, or edit after reject")
        change = self.change()
        self.project.apply(change)
        self.project.drafts.remove(self.draft)
        return change

    async def aaccept(self) -> Change:
        """Accept without blocking the event loop."""
        return await asyncio.to_thread(self.accept)

    def reject(self) -> None:
        """Drop the draft; the library stays as it is."""
        self.project.drafts.remove(self.draft)


@dataclass(frozen=True)
class Authoring:
    """Creates procedures with one author."""

    project: Project
    model: str
    max_tokens: int | None = None
    progress: Callable[[Progress], None] | None = None

    def brief(
        self,
        title: str,
        *,
        lifecycle: str = "",
        phase: int | str | None = None,
        depends_on: Sequence[str] = (),
        plan: str | Path | None = None,
    ) -> Brief:
        """Gather everything that an author needs; no model is called.

        Raises:
            InvalidTitleError: The title cannot name a procedure.
            AuthoringError: The procedure is already defined.
            NotFoundError: Nothing says to which lifecycle the title belongs.
        """
        project = self.project
        name = check_title(title)
        library = project.library()
        found = project.plan(plan, library) if plan else project._own_plan(library)  # noqa: SLF001 - one module
        request = _request(name, library, found, lifecycle, phase, tuple(depends_on))
        _refuse_duplicate(request.title, library)
        source = Source(
            library=library,
            template=self._template(library, request),
            search=self._search(library),
            announced=project.announced(library, found),
            passages=project.settings.authoring.passages,
        )
        return gather(request, source)

    def _template(self, library: Library, request: ChangeRequest) -> Any:
        """Return the template of the path at which the document already stands, else the one for procedures."""
        present = next(iter(library.by_key.get(title_key(request.title), ())), None)
        if present and present.template:
            return present.template
        return self.project.templates.of_kind("procedure")

    def _search(self, library: Library) -> Callable[[str, int], Sequence[Chunk]]:
        opened: list[SectionIndex] = []

        def search(query: str, limit: int) -> Sequence[Chunk]:
            if not opened:
                opened.append(self.project._index(library))  # noqa: SLF001 - one module
            return [hit.chunk for hit in opened[0].search(query, limit)]

        return search

    def create(
        self,
        title: str,
        *,
        lifecycle: str = "",
        phase: int | str | None = None,
        depends_on: Sequence[str] = (),
        plan: str | Path | None = None,
    ) -> ProjectDraft:
        """Draft a new procedure, or one that is still a placeholder, in the eight steps.

        Raises:
            InvalidTitleError: The title cannot name a procedure.
            AuthoringError: The procedure is already defined, or the author failed; the run is kept.
        """
        self._author_check()
        brief = self.brief(title, lifecycle=lifecycle, phase=phase, depends_on=depends_on, plan=plan)
        limit = self.max_tokens or self.project.settings.authoring.max_tokens
        run = self.project.runs.create(brief, self.model, limit)
        return self._execute(run)

    async def acreate(self, title: str, **options: Any) -> ProjectDraft:
        """Create without blocking the event loop; the options are those of `create`."""
        return await asyncio.to_thread(lambda: self.create(title, **options))

    def resume(self, name: str = "") -> ProjectDraft:
        """Go on with a run where it stopped; without a name, with the last one.

        Raises:
            DraftError: There is no such run.
        """
        names = self.project.runs.names()
        run = self.project.runs.get(name or (names[-1] if names else ""))
        return replace(self, model=run.author, max_tokens=run.max_tokens)._execute(run)

    def _author_check(self) -> None:
        """Fail on an unknown model before anything is gathered."""
        if self.model != "offline" and ":" not in self.model:
            message = f"{self.model!r} names no model"
            raise ConfigError(message, 'write it as provider:model, for example "openai:gpt-5-mini", or use offline')

    def _author(self, run: Run) -> Author:
        if self.model == "offline":
            return OfflineAuthor()
        from procauthor.authoring.calls import CallLog
        from procauthor.authoring.chat import ChatAuthor
        from procauthor.prompt import PromptLibrary

        folder = self.project.root / "prompts"
        prompts = PromptLibrary((folder,) if folder.is_dir() else ())
        return ChatAuthor.open(self.model, self.project.settings.authoring, prompts, CallLog(run.calls))

    def _execute(self, run: Run) -> ProjectDraft:
        with lease(run):
            try:
                return self._run(run)
            except AuthoringError as error:
                if not error.hint:
                    error.hint = f"the run is kept; go on with: procauthor resume {run.id}"
                else:
                    error.hint += f" (the run is kept; go on with: procauthor resume {run.id})"
                raise

    def _run(self, run: Run) -> ProjectDraft:
        from procauthor.authoring.graph import build_graph, merge_late, questions_of

        project = self.project
        library = project.library()
        work = self._work(run, library, self._author(run))
        state: Mapping[str, Any] = execute(run, project.runs, lambda: build_graph(work))
        questions = questions_of(state)  # type: ignore[arg-type]
        fields = merge_late(work.template, state)  # type: ignore[arg-type]
        findings = tuple(state.get("findings", ()))
        failed = any(f["severity"] == "error" for f in findings)
        draft = Draft(
            id=run.id,
            title=run.brief.request.title,
            path=run.brief.path,
            author=run.author,
            outcome="Needs revision" if failed else "Awaiting review",
            text=work.render(fields, questions).decode(),
            base=run.brief.base,
            template=run.brief.template,
            template_hash=run.brief.template_hash,
            fields=fields,
            sources={name: tuple(found) for name, found in state.get("sources", {}).items()},
            passages=tuple(p for p in run.brief.as_json()["passages"]),
            open_questions=questions,
            findings=findings,
            usage=_usage(state),
        )
        project.drafts.save(draft)
        return ProjectDraft(project, draft)

    def _work(self, run: Run, library: Library, author: Author) -> Work:
        from procauthor.authoring.graph import Work

        project, brief = self.project, run.brief
        template = project.templates.get(brief.template)
        present = library.by_path.get(brief.path)
        raw = present.document.source.raw if present else None
        written_by = "offline author, no language model" if run.author == "offline" else run.author

        def render(fields: Mapping[str, Any], questions: tuple[str, ...]) -> bytes:
            return render_draft(brief, template, fields, author=written_by, questions=questions, present=raw)

        def findings(text: bytes, rules: Sequence[str]) -> Sequence[Finding]:
            procedure: Procedure = read_procedure(brief.path, text, project.settings.library, project.templates)
            if procedure.template is None:
                procedure = replace(procedure, template=template, kind="procedure")
            return project._check(library.overlay(procedure), [brief.path], rules).findings  # noqa: SLF001

        return Work(
            brief=brief,
            template=template,
            author=author,
            render=render,
            check=findings,
            report=self.progress or (lambda _: None),
            repairs=project.settings.authoring.repairs,
            max_tokens=run.max_tokens,
        )


def _usage(state: Mapping[str, Any]) -> Any:
    from procauthor.authoring.brief import Usage

    return Usage(**state.get("usage", {}))


def _request(
    title: str,
    library: Library,
    plan: Plan | None,
    lifecycle: str,
    phase: int | str | None,
    depends_on: tuple[str, ...],
) -> ChangeRequest:
    """Put together what the caller, the plan, the index and a placeholder say; the caller comes first."""
    key = title_key(title)
    item = next((i for i in plan.items if title_key(i.title) == key), None) if plan else None
    present = next((p for p in library.by_key.get(key, ()) if p.counted), None)
    entry = missing_titles(library).get(key)
    name = present.title if present else item.title if item else entry.title if entry else title
    return ChangeRequest(
        title=name,
        lifecycle=_lifecycle(lifecycle, library)
        or (present.lifecycle if present else "")
        or (item.lifecycle if item else "")
        or (entry.table.lifecycle if entry else ""),
        phase=phase if phase is not None else present.phase if present else item.phase if item else None,
        depends_on=depends_on or _hard(item, library),
        blocks=tuple(_named(title, plan, library) for title in item.blocks if _named(title, plan, library))
        if item
        else (),
        actions=tuple(action.text for action in item.actions) if item else (),
        why=item.why if item else "",
        item=item.number if item else None,
    )


def _hard(item: PlanItem | None, library: Library) -> tuple[str, ...]:
    """Return the dependencies of an item that name a procedure."""
    if item is None:
        return ()
    named = [d.title for d in item.depends_on if d.hard and d.state != "vague"]
    return tuple(_title(library, title) for title in named)


def _title(library: Library, title: str) -> str:
    found = library.by_key.get(title_key(title), ())
    return found[0].title if len(found) == 1 else title


def _named(title: str, plan: Plan | None, library: Library) -> str:
    """Return a blocked title in full, or nothing where it names no procedure: "Other PR procedures"."""
    key = title_key(title)
    if key in library.by_key:
        return _title(library, title)
    known = {title_key(i.title): i.title for i in plan.items} if plan else {}
    return known.get(key, "")


def _lifecycle(name: str, library: Library) -> str:
    """Return a lifecycle as the library spells it: "feature" becomes "Feature"."""
    key = title_key(name.removesuffix("lifecycle").removesuffix("Lifecycle")) if name else ""
    return next((p.lifecycle for p in library.counted if title_key(p.lifecycle) == key), name) if name else ""


def _refuse_duplicate(title: str, library: Library) -> None:
    for procedure in library.by_key.get(title_key(title), ()):
        if procedure.counted and procedure.status not in ("placeholder", "missing"):
            message = f"Rejected: {procedure.title!r} already exists in {procedure.path} ({procedure.status})"
            raise DraftError(message, "edit it there; create is for new procedures and placeholders")


__all__ = ["Authoring", "Project", "ProjectDraft"]
