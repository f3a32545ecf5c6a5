"""Creates and updates procedures with one author."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.authoring.author import Author
from procauthor.authoring.brief import Brief, ChangeRequest, Usage
from procauthor.authoring.draft import Draft, render_draft
from procauthor.authoring.gather import Source, check_title, gather
from procauthor.authoring.offline import OfflineAuthor
from procauthor.authoring.request import Wish, build_request, refuse_duplicate
from procauthor.authoring.run import Run, execute, lease
from procauthor.authoring.update.offline import OfflineUpdateAuthor
from procauthor.errors import AuthoringError, ConfigError
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.naming import title_key
from procauthor.project.draft import ProjectDraft
from procauthor.retrieval.chunk import Chunk
from procauthor.template.spec import Template

if TYPE_CHECKING:
    from procauthor.authoring.graph import Progress, Work
    from procauthor.project.project import Project
    from procauthor.retrieval.index import SectionIndex


@dataclass(frozen=True)
class Authoring:
    """Creates and updates procedures with one author."""

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
        found = project.plan(plan, library) if plan else project.own_plan(library)
        request = build_request(Wish(name, lifecycle, phase, tuple(depends_on)), library, found)
        refuse_duplicate(request.title, library)
        source = Source(
            library=library,
            template=self._template(library, request),
            search=self.search(library),
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

    def search(self, library: Library) -> Callable[[str, int], Sequence[Chunk]]:
        """Return the search of a library; the index is opened by the first query."""
        opened: list[SectionIndex] = []

        def search(query: str, limit: int) -> Sequence[Chunk]:
            if not opened:
                opened.append(self.project.open_index(library))
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
        return self.execute(run)

    def update_brief(self, reference: str, wish: str) -> Brief:
        """Gather everything that an author needs to change an existing document; no model is called.

        Raises:
            NotFoundError: No document has that path, id or title.
            AmbiguousError: Several documents share the title.
            DraftError: The document is derived, or still a placeholder, or the wish is empty.
        """
        from procauthor.project.update import update_brief

        return update_brief(self, reference, wish)

    def update(self, reference: str, wish: str) -> ProjectDraft:
        """Draft a change of an existing document, in the eight steps; only the sections that the wish needs change.

        The outcome is "No change" where nothing has to: then no draft is kept.

        Raises:
            LibraryError: No document, or several, of that path, id or title.
            AuthoringError: The author failed, or wanted more than was wished; nothing was written.
        """
        self._author_check()
        brief = self.update_brief(reference, wish)
        limit = self.max_tokens or self.project.settings.authoring.max_tokens
        return self.execute(self.project.runs.create(brief, self.model, limit))

    async def aupdate(self, reference: str, wish: str) -> ProjectDraft:
        """Update without blocking the event loop."""
        return await asyncio.to_thread(lambda: self.update(reference, wish))

    async def acreate(self, title: str, **options: Any) -> ProjectDraft:
        """Create without blocking the event loop; the options are those of `create`."""
        return await asyncio.to_thread(lambda: self.create(title, **options))

    def resume(self, name: str = "") -> ProjectDraft:
        """Go on with a run where it stopped; without a name, with the last one that has not come to its draft.

        Raises:
            DraftError: There is no such run.
        """
        run = self.project.runs.get(name) if name else self.project.runs.unfinished()
        return replace(self, model=run.author, max_tokens=run.max_tokens).execute(run)

    def _author_check(self) -> None:
        """Fail on an unknown model before anything is gathered."""
        if self.model != "offline" and ":" not in self.model:
            message = f"{self.model!r} names no model"
            raise ConfigError(message, 'write it as provider:model, for example "openai:gpt-5-mini", or use offline')

    def author(self, run: Run) -> Author:
        """Return the author of a run."""
        if self.model == "offline":
            return OfflineUpdateAuthor() if run.brief.request.wish else OfflineAuthor()
        from procauthor.authoring.calls import CallLog
        from procauthor.authoring.chat import ChatAuthor
        from procauthor.prompt import PromptLibrary

        folder = self.project.root / "prompts"
        prompts = PromptLibrary((folder,) if folder.is_dir() else ())
        return ChatAuthor.open(self.model, self.project.settings.authoring, prompts, CallLog(run.calls))

    def execute(self, run: Run) -> ProjectDraft:
        """Carry a run from its last checkpoint to its draft; an error names the command that resumes it."""
        with lease(run):
            try:
                if run.brief.request.wish:
                    from procauthor.project.update import run_update

                    return run_update(self, run)
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
        work = self._work(run, library, self.author(run))
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
            base_text=run.brief.text if run.brief.base else None,
            template=run.brief.template,
            template_hash=run.brief.template_hash,
            fields=fields,
            sources={name: tuple(found) for name, found in state.get("sources", {}).items()},
            passages=tuple(p for p in run.brief.as_json()["passages"]),
            open_questions=questions,
            findings=findings,
            usage=Usage(**state.get("usage", {})),
        )
        project.drafts.save(draft)
        run.end()
        return ProjectDraft(project, draft)

    def check(
        self, library: Library, path: str, text: bytes, rules: Sequence[str], template: Template | None = None
    ) -> Sequence[Finding]:
        """Return the findings that a document would have with other bytes; ``template`` where no path names one."""
        project = self.project
        procedure: Procedure = read_procedure(path, text, project.settings.library, project.templates)
        if procedure.template is None and template is not None:
            procedure = replace(procedure, template=template, kind="procedure")
        laid = library.overlay(procedure)
        return project.check_library(project.with_derived(laid), [path], rules).findings

    def _work(self, run: Run, library: Library, author: Author) -> Work:
        from procauthor.authoring.graph import Work

        project, brief = self.project, run.brief
        template = project.templates.get(brief.template)
        raw = brief.text.encode() if brief.base else None
        written_by = "offline author, no language model" if run.author == "offline" else run.author

        def render(fields: Mapping[str, Any], questions: tuple[str, ...]) -> bytes:
            return render_draft(brief, template, fields, author=written_by, questions=questions, present=raw)

        def findings(text: bytes, rules: Sequence[str]) -> Sequence[Finding]:
            return self.check(library, brief.path, text, rules, template)

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
