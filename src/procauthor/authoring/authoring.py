"""Creates and updates procedures with one author."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from msgspec import Struct, field
from msgspec.structs import replace as replace_struct

from procauthor.authoring.allowance import Gate, Spend, at_once
from procauthor.authoring.brief import Brief, BriefOptions, ChangeRequest
from procauthor.authoring.draft import OFFLINE, SKELETON, Draft, Records, find_elsewhere
from procauthor.authoring.gather import (
    build_request,
    defined_document,
    gather,
    refuse_duplicate,
    refuse_revision,
)
from procauthor.authoring.grounding import DocumentTexts
from procauthor.authoring.judge import Complaint, HandoffAuthor, judge
from procauthor.authoring.memory import CallLog
from procauthor.authoring.offline import OfflineAuthor, render_offline
from procauthor.authoring.passage import find_leads
from procauthor.authoring.pipeline import Progress, Work
from procauthor.authoring.run import HAND_OFF, Run
from procauthor.authoring.skeleton import SkeletonAuthor, render_skeleton
from procauthor.checking.rule import look_at_one
from procauthor.checking.rules.structure import PLACEHOLDER_TEXT
from procauthor.errors import AuthoringError, ConfigError
from procauthor.finding import Finding
from procauthor.library.library import Library
from procauthor.library.reference import check_title
from procauthor.retrieval.chunk import Chunk
from procauthor.template.spec import Template, has_foreign_words

if TYPE_CHECKING:
    from procauthor.authoring.budget import Bound
    from procauthor.planning.plan import Plan
    from procauthor.prompt import PromptLibrary

_UNFINISHED = PLACEHOLDER_TEXT.name


class RunContext(Struct, frozen=True):
    """What the runs of a batch share, and what one of them sees instead of the files as they are.

    ``library`` is what the run may build on, ``plan`` the plan that has its item, ``search`` finds passages, ``spend``
    makes its calls when there is room, ``gate`` keeps them back while the server has too many requests, and ``texts``
    are the documents as evidence.
    """

    library: Library
    plan: Plan
    search: Callable[[str, int], Sequence[Chunk]]
    prompts: PromptLibrary
    spend: Spend = at_once
    gate: Gate | None = None
    texts: DocumentTexts = field(default_factory=DocumentTexts)


def check_author(name: str, reviewer: str = "", *, changing: bool = False) -> None:
    """Fail on an unknown author before anything is gathered.

    Raises:
        ConfigError: It is neither offline nor a model, cannot change what is there, or has a reviewer and is no model.
    """
    if reviewer and ":" not in name:
        message = "a reviewer needs a chat model as author"
        raise ConfigError(message, 'name one with --model "provider:name"')
    if name == SKELETON and changing:
        message = "the skeleton author writes new documents and changes none"
        raise ConfigError(message, "edit the file, or use offline or a model")
    if name not in (OFFLINE, SKELETON) and ":" not in name:
        message = f"{name!r} names no model"
        raise ConfigError(message, 'write it as provider:model, for example "openai:gpt-5-mini", or use offline')


class Authoring(Struct, frozen=True):
    """Creates and updates procedures with one author."""

    records: Records
    model: str
    max_tokens: int | None = None
    progress: Callable[[Progress], None] | None = None
    fresh: bool = False
    reviewer: str = ""
    context: RunContext | None = None

    @property
    def _limit(self) -> int | None:
        return self.max_tokens or self.records.workspace.settings.authoring.max_tokens

    def library(self) -> Library:
        """Return the library that the author builds on: as it is now, or what a batch lets it see."""
        return self.context.library if self.context else self.records.workspace.read()

    def brief(  # noqa: PLR0913 - one parameter an option
        self,
        title: str,
        *,
        lifecycle: str = "",
        phase: int | str | None = None,
        depends_on: Sequence[str] = (),
        plan: str | Path | None = None,
        purpose: str = "",
        trigger: str = "",
        scope: str = "",
        revise: bool = False,
    ) -> Brief:
        """Gather everything that an author needs; no model is called.

        Args:
            title: The title of the procedure.
            lifecycle: Its lifecycle, where neither plan nor index says it.
            phase: Its phase in the lifecycle.
            depends_on: Titles that it takes something from.
            plan: The action plan to take its item from.
            purpose: What it is for, in the user's words.
            trigger: What starts it.
            scope: What it covers, and what not.
            revise: Whether a defined procedure is taken too.

        Raises:
            InvalidTitleError: The title cannot name a procedure.
            ConfigError: The author is neither offline nor a model.
            AuthoringError: The procedure is already defined.
            NotFoundError: Nothing says to which lifecycle the title belongs, or nothing knows what it depends on.
        """
        if self.model != HAND_OFF:
            check_author(self.model, self.reviewer)
        library = self.library()
        own_plan = self._plan(plan, library)
        asked = ChangeRequest(
            check_title(title), lifecycle, phase, added=tuple(depends_on), purpose=purpose, trigger=trigger, scope=scope
        )
        request = build_request(asked, library, own_plan)
        present = defined_document(request.title, library) if revise else None
        if present:
            refuse_revision(present, library)
        else:
            refuse_duplicate(request.title, library)
        brief = gather(request, self.records.workspace, library, own_plan, self.search(library))
        return replace_struct(brief, revises=present is not None)

    def _plan(self, plan: str | Path | None, library: Library) -> Plan | None:
        if self.context:
            return self.context.plan
        return self.records.workspace.plan(plan, library) if plan else self.records.workspace.own_plan(library)

    def search(self, library: Library) -> Callable[[str, int], Sequence[Chunk]]:
        """Return the search of a library, or that of the batch; the index is opened by the first query."""
        if self.context:
            return self.context.search

        def search(query: str, limit: int) -> Sequence[Chunk]:
            return [hit.chunk for hit in self.records.workspace.index(library).search(query, limit)]

        return search

    def create(self, title: str, **options: Unpack[BriefOptions]) -> Draft:
        """Draft a new procedure, or one that is still a placeholder, in the eight steps.

        The options are those of `brief`.

        Raises:
            InvalidTitleError: The title cannot name a procedure.
            AuthoringError: The procedure is already defined, or the author failed; the run is kept.
        """
        return self.write(self.brief(title, **options))

    def write(self, brief: Brief) -> Draft:
        """Draft what a brief asks for, in the eight steps.

        Raises:
            AuthoringError: The author failed, or wanted more than was wished; the run is kept.
        """
        return self.execute(self.begin(brief, self._limit))

    def begin(self, brief: Brief, max_tokens: int | None, name: str = "") -> Run:
        """Start a run, under a name of its own where none is given; its ceiling is ``max_tokens``."""
        taken = self.records.drafts.names()
        return self.records.runs.create(brief, self.model, max_tokens, self.reviewer, name, taken)

    def update_brief(self, reference: str, wish: str) -> Brief:
        """Gather everything that an author needs to change an existing document; no model is called.

        Raises:
            NotFoundError: No document has that path, id or title.
            AmbiguousError: Several documents share the title.
            DraftError: The document is derived, or still a placeholder, or the wish is empty.
        """
        from procauthor.authoring.operations import update_brief

        search = None if self.model == OFFLINE else self.search
        return update_brief(self.records.workspace, reference, wish, search)

    def update(self, reference: str, wish: str) -> Draft:
        """Draft a change of an existing document, in the eight steps; only the sections that the wish needs change.

        The outcome is "No change" where nothing has to: then no draft is kept.

        Raises:
            LibraryError: No document, or several, of that path, id or title.
            AuthoringError: The author failed, or wanted more than was wished; nothing was written.
        """
        check_author(self.model, changing=True)
        return self.write(self.update_brief(reference, wish))

    async def aupdate(self, reference: str, wish: str) -> Draft:
        """Update without blocking the event loop."""
        import asyncio

        return await asyncio.to_thread(lambda: self.update(reference, wish))

    async def acreate(self, title: str, **options: Unpack[BriefOptions]) -> Draft:
        """Create without blocking the event loop; the options are those of `brief`."""
        import asyncio

        return await asyncio.to_thread(lambda: self.create(title, **options))

    def resume(self, name: str = "") -> Draft:
        """Go on with a run where it stopped; without a name, with the last one that has not come to its draft.

        Raises:
            DraftError: There is no such run.
        """
        run = self.records.runs.get(name) if name else self.records.runs.unfinished()
        return replace_struct(self, model=run.author, max_tokens=run.max_tokens, reviewer=run.reviewer).execute(run)

    def bound(self, brief: Brief) -> Bound | None:
        """Return what drafting may cost at most; nothing is sent. Without a model it costs nothing, which is None."""
        if ":" not in self.model:
            return None
        from procauthor.authoring.budget import bound_run, bound_update
        from procauthor.authoring.update.outline import outline_of

        prompts, settings = self.records.prompts, self.records.workspace.settings.authoring
        template, limit = self.template_of(brief), self._limit
        if not brief.request.wish:
            return bound_run(prompts, settings, brief, template, limit)
        return bound_update(prompts, settings, brief, outline_of(brief, template), template, limit)

    def _tell_bound(self, run: Run) -> None:
        bound = self.bound(run.brief) if ":" in self.model and self.progress else None
        if bound is None or self.progress is None:
            return
        used = run.calls.usage
        already = f"; {used.tokens:,} are used already" if used.calls else ""
        self.progress(Progress(0, "Budget", done=False, usage=used, note=f"{bound}{already}"))

    def execute(self, run: Run) -> Draft:
        """Carry a run to its draft; an error names the command that resumes it."""
        # A run of a batch is held with the batch.
        with nullcontext() if self.context else run.hold():
            try:
                return self.carry(self._with_template(run))
            except AuthoringError as error:
                kept = f"the run is kept; go on with: procauthor resume {run.id}"
                error.hint = f"{error.hint} ({kept})" if error.hint else kept
                raise

    def _with_template(self, run: Run) -> Run:
        """Return the run with the template as it is now: a run that goes on asks what a new one would."""
        brief = run.brief
        now = self.records.workspace.templates.get(brief.template).hash if brief.template else brief.template_hash
        if now == brief.template_hash:
            return run
        return self.records.runs.renew(run, replace_struct(brief, template_hash=now))

    def template_of(self, brief: Brief) -> Template:
        """Return the template of a document, or that of procedures where it has none."""
        templates = self.records.workspace.templates
        return templates.get(brief.template) if brief.template else templates.of_kind("procedure")

    def carry(self, run: Run, complaints: Sequence[Complaint] = ()) -> Draft:
        """Carry a run that is held to its draft, and keep that.

        Args:
            run: The run.
            complaints: What is wrong with the last part that was handed in, beside its fields.
        """
        work = open_work(self, run, complaints)
        if self.context is None:
            # A model that cannot be used costs nothing, so it is opened before anything is said of its cost.
            self._tell_bound(run)
        return self.keep(run, work.carry())

    def keep(self, run: Run, draft: Draft) -> Draft:
        """Keep the draft that a run has come to; where nothing would change, there is none."""
        draft = replace(draft, kept=self.records)
        if draft.waits:
            draft = self._with_surroundings(draft)
            self.records.drafts.save(draft)
        else:
            self.records.drafts.remove(draft)
        if not draft.waits and run.author == HAND_OFF and not draft.wish:
            # Its author may hand in another answer.
            run.open_again()
        else:
            run.end()
        return draft

    def _with_surroundings(self, draft: Draft) -> Draft:
        """Return a draft with what accepting it causes elsewhere, and where its questions may be answered."""
        library = self.library()
        after = self.records.workspace.parse(draft.path, draft.text.encode())
        elsewhere = (finding.as_json() for finding in find_elsewhere(self.records.workspace, library, after))
        search = self.search(library)
        leads = find_leads(draft.open_questions, library, search, draft.path)
        return replace(draft, findings=(*draft.findings, *elsewhere), leads=tuple(lead.as_json() for lead in leads))

    def check(
        self, library: Library, path: str, text: bytes, rules: Sequence[str], template: Template | None = None
    ) -> Sequence[Finding]:
        """Return the findings that a document would have with other bytes; ``template`` where no path names one."""
        records = self.records
        procedure = records.workspace.parse(path, text)
        if procedure.template is None and template is not None:
            procedure = replace(procedure, template=template, kind="procedure")
        laid = library.overlay(procedure)
        # What looks at the document alone does not see what follows from it elsewhere.
        seen = laid if rules and look_at_one(rules) else records.workspace.with_derived(laid, ticks=False)
        findings = records.workspace.check(seen, [path], rules).findings
        if self.model in (OFFLINE, SKELETON) or _UNFINISHED in records.workspace.settings.rules:
            return findings
        # A document that says that it is in progress may hold such a word; what a model or an agent writes may not.
        return [replace_struct(f, severity="error") if f.rule == _UNFINISHED else f for f in findings]


def open_work(authoring: Authoring, run: Run, complaints: Sequence[Complaint] = ()) -> Work:
    """Return a run with its author, ready to be carried out; for the arguments see `Authoring.carry`.

    Raises:
        ConfigError: The model cannot be used.
    """
    workspace, library, template = authoring.records.workspace, authoring.library(), authoring.template_of(run.brief)
    # A document that is there is judged by its own template, even if it has none.
    based, expected = library, template if not run.brief.request.wish else None
    if run.brief.request.wish:
        based = workspace.with_text(library, run.brief.path, run.brief.text.encode())
    work = partial(
        _kind_of(run),
        run=run,
        template=template,
        library=library,
        calls=run.calls,
        check=lambda text, rules: authoring.check(based, run.brief.path, text, rules, expected),
        report=authoring.progress or (lambda _: None),
        search=authoring.search(library),
        texts=authoring.context.texts if authoring.context else DocumentTexts(),
    )
    if run.author == HAND_OFF:
        submission = run.submission
        verdict = judge(template, run.brief, submission)
        # It is asked once, so there are no repairs. A person knows more than the brief says, and answers for it;
        # an agent is a model like any other.
        return work(
            author=HandoffAuthor(verdict, submission),
            written_by=submission.by or ("" if run.brief.revises else HAND_OFF),
            verdict=verdict,
            complaints=tuple(complaints),
            doubts="note" if submission.person else "question",
        )
    if run.author == SKELETON:
        return work(author=SkeletonAuthor(), render=render_skeleton)
    repairs = workspace.settings.authoring.repairs
    work = partial(work, repairs=repairs, doubts="question")
    if run.author != OFFLINE:
        return _with_model(authoring, run, work)
    work = partial(work, written_by="offline author, no language model")
    if run.brief.request.wish:
        from procauthor.authoring.update.offline import OfflineUpdateAuthor

        return work(author=OfflineUpdateAuthor())
    if has_foreign_words(template):
        return work(author=SkeletonAuthor(), render=render_skeleton)
    return work(author=OfflineAuthor(), render=render_offline)


def _kind_of(run: Run) -> type[Work]:
    # A brief needs none of them.
    if run.brief.request.wish:
        from procauthor.authoring.operations import Operations

        return Operations
    from procauthor.authoring.field import Fields

    return Fields


def _with_model(authoring: Authoring, run: Run, work: Callable[..., Work]) -> Work:
    from procauthor.authoring.chat import ChatAuthor
    from procauthor.authoring.provider import Provider

    context, settings = authoring.context, authoring.records.workspace.settings.authoring
    prompts = context.prompts if context else authoring.records.prompts
    spend = context.spend if context else at_once
    calls = CallLog(authoring.records.memory, run.id, fresh=authoring.fresh)
    author = ChatAuthor.open(run.author, settings, prompts, calls, spend, context.gate if context else None)
    reviewer = None
    if run.reviewer:
        # The server of one provider is not that of another.
        same = run.reviewer.partition(":")[0] == run.author.partition(":")[0]
        own = settings.model_copy(update={"repairs": 1} if same else {"repairs": 1, "base_url": ""})
        reviewer = ChatAuthor(Provider.open(run.reviewer, own), own, prompts, calls, spend)
    return work(
        author=author,
        calls=calls,
        reply_tokens=settings.reply_tokens,
        written_by=run.author,
        prompt=prompts.fingerprint(),
        reviewer=reviewer,
    )
