"""Creates and updates procedures with one author."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procauthor.authoring.brief import Brief, Usage
from procauthor.authoring.draft import NO_CHANGE, Draft
from procauthor.authoring.gather import Source, gather
from procauthor.authoring.grounding import gather_evidence, plain_text, unverified
from procauthor.authoring.request import (
    Wish,
    build_request,
    defined_document,
    refuse_duplicate,
    refuse_revision,
    refuse_unknown,
)
from procauthor.authoring.run import Run, execute, lease
from procauthor.checking.rule import look_at_one
from procauthor.errors import AuthoringError
from procauthor.finding import Finding
from procauthor.library.library import Library, Procedure, read_procedure
from procauthor.library.title import check_title
from procauthor.planning.plan import Plan
from procauthor.project.draft import ProjectDraft
from procauthor.project.writing import Bench, Writing, check_author, open_prompts, open_writing, prompt_hash
from procauthor.retrieval.chunk import Chunk
from procauthor.template.spec import Template

if TYPE_CHECKING:
    from procauthor.authoring.budget import Bound
    from procauthor.authoring.graph import Progress, Work
    from procauthor.planning.plan import Plan
    from procauthor.project.project import Project
    from procauthor.retrieval.index import SectionIndex


@dataclass(frozen=True)
class Authoring:
    """Creates and updates procedures with one author."""

    project: Project
    model: str
    max_tokens: int | None = None
    progress: Callable[[Progress], None] | None = None
    fresh: bool = False
    reviewer: str = ""
    bench: Bench | None = None

    def library(self) -> Library:
        """Return the library that the author builds on: as it is now, or what a batch lets it see."""
        return self.bench.library if self.bench else self.project.library()

    def brief(  # noqa: PLR0913 - one parameter an option
        self,
        title: str,
        *,
        lifecycle: str = "",
        phase: int | str | None = None,
        depends_on: Sequence[str] = (),
        plan: str | Path | None = None,
        revise: bool = False,
    ) -> Brief:
        """Gather everything that an author needs; no model is called. ``revise`` takes a defined procedure too.

        Raises:
            InvalidTitleError: The title cannot name a procedure.
            AuthoringError: The procedure is already defined.
            NotFoundError: Nothing says to which lifecycle the title belongs, or nothing knows what it depends on.
        """
        project = self.project
        name = check_title(title)
        library = self.library()
        found = self._plan(plan, library)
        request = build_request(Wish(name, lifecycle, phase, tuple(depends_on)), library, found)
        present = defined_document(request.title, library) if revise else None
        if present:
            refuse_revision(present, library)
        else:
            refuse_duplicate(request.title, library)
        announced = project.announced(library, found)
        refuse_unknown(request, library, announced)
        source = Source(
            library=library,
            template=lambda path: project.templates.for_path(path, "procedure"),
            search=self.bench.search if self.bench else self.search(library),
            announced=announced,
            passages=project.settings.authoring.passages,
            routine=_routine(found),
        )
        return replace(gather(request, source), revises=present is not None)

    def _plan(self, plan: str | Path | None, library: Library) -> Plan | None:
        if self.bench:
            return self.bench.plan
        return self.project.plan(plan, library) if plan else self.project.own_plan(library)

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
        check_author(self.model, self.reviewer)
        brief = self.brief(title, lifecycle=lifecycle, phase=phase, depends_on=depends_on, plan=plan)
        limit = self.max_tokens or self.project.settings.authoring.max_tokens
        run = self.project.runs.create(brief, self.model, limit, self.reviewer)
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
        check_author(self.model, changing=True)
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
        return replace(self, model=run.author, max_tokens=run.max_tokens, reviewer=run.reviewer).execute(run)

    def bound(self, brief: Brief) -> Bound | None:
        """Return what drafting may cost at most; nothing is sent. Without a model it costs nothing, which is None."""
        check_author(self.model, self.reviewer)
        if ":" not in self.model:
            return None
        from procauthor.authoring.budget import bound_run

        project = self.project
        settings = project.settings.authoring
        template = project.templates.get(brief.template)
        limit = self.max_tokens or settings.max_tokens
        return bound_run(open_prompts(project), settings, brief, template, limit, reviewed=bool(self.reviewer))

    def _tell_bound(self, run: Run, used: Usage) -> None:
        bound = self.bound(run.brief) if ":" in self.model and self.progress else None
        if bound is None or self.progress is None:
            return
        from procauthor.authoring.graph import Progress

        already = f"; {used.tokens:,} are used already" if used.calls else ""
        self.progress(Progress(0, "Budget", done=False, usage=used, note=f"{bound}{already}"))

    def execute(self, run: Run) -> ProjectDraft:
        """Carry a run from its last checkpoint to its draft; an error names the command that resumes it."""
        with lease(run):
            try:
                if run.brief.request.wish:
                    from procauthor.project.update import run_update

                    return run_update(self, run)
                return self.carry(run, open_writing(self.project, run, fresh=self.fresh, bench=self.bench))
            except AuthoringError as error:
                if not error.hint:
                    error.hint = f"the run is kept; go on with: procauthor resume {run.id}"
                else:
                    error.hint += f" (the run is kept; go on with: procauthor resume {run.id})"
                raise

    def carry(self, run: Run, writing: Writing) -> ProjectDraft:
        """Carry a run that is held to its draft."""
        from procauthor.authoring.graph import build_graph, merge_late, questions_of

        project = self.project
        library = self.library()
        calls = writing.calls
        if self.bench is None:
            self._tell_bound(run, calls.usage)
        work = self._work(run, library, writing)
        runs = self.bench.runs if self.bench else project.runs
        state: Mapping[str, Any] = execute(run, runs, lambda: build_graph(work))
        fields = merge_late(work.template, state)  # type: ignore[arg-type]
        questions = questions_of(state)  # type: ignore[arg-type]
        doubts = work.doubts(fields) if writing.doubts != "nothing" else ()
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
            revises=run.brief.revises,
            template=run.brief.template,
            template_hash=run.brief.template_hash,
            prompt=prompt_hash(project, run.author, self.bench),
            fields=fields,
            sources={name: tuple(found) for name, found in state.get("sources", {}).items()},
            passages=tuple(p for p in run.brief.as_json()["passages"]),
            open_questions=tuple(dict.fromkeys([*questions, *(doubts if writing.doubts == "question" else ())])),
            notes=doubts if writing.doubts == "note" else (),
            findings=findings,
            usage=calls.usage,
            usage_by_step=calls.by_step(),
        )
        draft = writing.finish(draft)
        if draft.outcome == NO_CHANGE:
            project.drafts.remove(draft)
            run.open_again()
        else:
            (self.bench.keep if self.bench else project.drafts.save)(draft)
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
        # What looks at the document alone does not see what follows from it elsewhere.
        seen = laid if rules and look_at_one(rules) else project.with_derived(laid, ticks=False)
        return project.check_library(seen, [path], rules).findings

    def _work(self, run: Run, library: Library, writing: Writing) -> Work:
        from procauthor.authoring.graph import Work

        project, brief = self.project, run.brief
        template = project.templates.get(brief.template)
        raw = brief.text.encode() if brief.base else None

        plain = self.bench.plain if self.bench else plain_text
        evidence = cache(lambda: gather_evidence(brief, library, plain))

        def doubts(fields: Mapping[str, Any]) -> tuple[str, ...]:
            return unverified(template, fields, evidence())

        last: list[tuple[Mapping[str, Any], tuple[str, ...], bytes]] = []

        def render(fields: Mapping[str, Any], questions: tuple[str, ...]) -> bytes:
            if last and last[0][:2] == (fields, questions):
                return last[0][2]
            told = tuple(dict.fromkeys([*questions, *(doubts(fields) if writing.doubts == "question" else ())]))
            made = writing.render(brief, template, fields, author=writing.written_by, questions=told, present=raw)
            last[:] = [(copy.deepcopy(fields), questions, made)]
            return made

        def findings(text: bytes, rules: Sequence[str]) -> Sequence[Finding]:
            return self.check(library, brief.path, text, rules, template)

        return Work(
            brief=brief,
            template=template,
            author=writing.author,
            render=render,
            doubts=doubts,
            spent=lambda: writing.calls.usage,
            critique=writing.critique,
            check=findings,
            report=self.progress or (lambda _: None),
            repairs=writing.repairs,
            max_tokens=run.max_tokens,
            at_once=":" in run.author,
        )


def _routine(plan: Plan | None) -> frozenset[str]:
    """Return the action items that a third of the items with some share, at least three of them."""
    items = [item for item in plan.items if item.actions] if plan else []
    counts = Counter(text for item in items for text in {action.text for action in item.actions})
    return frozenset(text for text, count in counts.items() if count >= max(3, len(items) / 3))
