"""Creates procedures with one author."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.authoring.author import Author
from procauthor.authoring.brief import Brief, ChangeRequest, Usage
from procauthor.authoring.draft import Draft, render_draft
from procauthor.authoring.gather import Source, gather
from procauthor.authoring.offline import OfflineAuthor
from procauthor.authoring.request import Wish, build_request, refuse_duplicate
from procauthor.authoring.run import Run, execute, lease
from procauthor.errors import AuthoringError, ConfigError
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.library.title import check_title
from procauthor.naming import title_key
from procauthor.project.draft import ProjectDraft
from procauthor.retrieval.chunk import Chunk

if TYPE_CHECKING:
    from procauthor.authoring.graph import Progress, Work
    from procauthor.project.project import Project
    from procauthor.retrieval.index import SectionIndex


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
        found = project.plan(plan, library) if plan else project.own_plan(library)
        request = build_request(Wish(name, lifecycle, phase, tuple(depends_on)), library, found)
        refuse_duplicate(request.title, library)
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
        return replace(self, model=run.author, max_tokens=run.max_tokens).execute(run)

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

    def execute(self, run: Run) -> ProjectDraft:
        """Carry a run from its last checkpoint to its draft; an error names the command that resumes it."""
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
            usage=Usage(**state.get("usage", {})),
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
            laid = library.overlay(procedure)
            return project.check_library(project.with_derived(laid), [brief.path], rules).findings

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
