"""Who carries out a run: its author, and what is particular about the author's drafts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from procauthor.authoring.allowance import Gate, Spend, at_once
from procauthor.authoring.brief import Brief
from procauthor.authoring.document import IN_PROGRESS, render_draft
from procauthor.authoring.draft import OFFLINE, SKELETON
from procauthor.authoring.evidence import DocumentTexts
from procauthor.authoring.handoff import HandoffAuthor
from procauthor.authoring.judge import Complaint, judge
from procauthor.authoring.memory import CallLog
from procauthor.authoring.offline import OfflineAuthor
from procauthor.authoring.pipeline import Work
from procauthor.authoring.run import HAND_OFF, Run
from procauthor.authoring.skeleton import SkeletonAuthor, render_skeleton
from procauthor.authoring.topic import holds_gap, lacks
from procauthor.errors import ConfigError
from procauthor.library.library import Library
from procauthor.retrieval.chunk import Chunk
from procauthor.template.spec import Template, has_foreign_words

if TYPE_CHECKING:
    from procauthor.authoring.draft import Records
    from procauthor.planning.plan import Plan
    from procauthor.prompt import PromptLibrary


@dataclass(frozen=True)
class RunContext:
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


def open_work(  # noqa: PLR0913 - what an author needs
    records: Records,
    run: Run,
    make: Callable[..., Work],
    context: RunContext | None,
    *,
    fresh: bool,
    complaints: Sequence[Complaint],
) -> Work:
    """Return a run with its author, ready to be carried out.

    Args:
        records: The library, and what is kept of it.
        run: The run.
        make: Makes the work of what depends on the author: ``author``, ``calls`` and so on.
        context: What the run shares with others of its batch.
        fresh: Ask a model again, even what another run has asked word by word.
        complaints: What is wrong with the last part that was handed in, beside its fields.

    Raises:
        ConfigError: The model cannot be used.
    """
    if run.author == OFFLINE:
        written_by, repairs = "offline author, no language model", records.workspace.settings.authoring.repairs
        own = partial(make, calls=run.calls, written_by=written_by, repairs=repairs, doubts="question")
        if run.brief.request.wish:
            from procauthor.authoring.update.offline import OfflineUpdateAuthor

            return own(author=OfflineUpdateAuthor())
        if has_foreign_words(records.workspace.templates.get(run.brief.template)):
            return own(author=SkeletonAuthor(), render=render_skeleton)
        return own(author=OfflineAuthor(), render=_render_gaps)
    if run.author == SKELETON:
        return make(author=SkeletonAuthor(), calls=run.calls, render=render_skeleton)
    if run.author == HAND_OFF:
        submission = run.submission
        verdict = judge(records.workspace.templates.get(run.brief.template), run.brief, submission)
        # It is asked once, so there are no repairs. A person knows more than the brief says, and answers for it;
        # an agent is a model like any other.
        return make(
            author=HandoffAuthor(verdict, submission),
            calls=run.calls,
            written_by=submission.by or ("" if run.brief.revises else HAND_OFF),
            verdict=verdict,
            complaints=tuple(complaints),
            doubts="note" if submission.person else "question",
        )
    return _open_chat(records, run, make, context, fresh=fresh)


def _open_chat(
    records: Records, run: Run, make: Callable[..., Work], context: RunContext | None, *, fresh: bool
) -> Work:
    from procauthor.authoring.chat import ChatAuthor
    from procauthor.authoring.review import Reviewer

    settings = records.workspace.settings.authoring
    prompts = context.prompts if context else open_prompts(records)
    spend = context.spend if context else at_once
    calls = CallLog(records.memory, run.id, fresh=fresh)
    author = ChatAuthor.open(run.author, settings, prompts, calls, spend, context.gate if context else None)
    reviewer = None
    if run.reviewer:
        # The server of one provider is not that of another.
        same = run.reviewer.partition(":")[0] == run.author.partition(":")[0]
        others = settings if same else settings.model_copy(update={"base_url": ""})
        reviewer = Reviewer.open(run.reviewer, others, prompts, calls, spend)
    return make(
        author=author,
        calls=calls,
        reply_tokens=settings.reply_tokens,
        written_by=run.author,
        repairs=settings.repairs,
        doubts="question",
        prompt=prompts.fingerprint(),
        reviewer=reviewer,
    )


def _render_gaps(brief: Brief, template: Template, fields: Mapping[str, Any], **options: Any) -> bytes:
    """Render a draft; one with marked gaps says that it is in progress."""
    if holds_gap(fields) or lacks(template, fields):
        options["status"] = IN_PROGRESS
    return render_draft(brief, template, fields, **options)


def open_prompts(records: Records) -> PromptLibrary:
    """Return the prompts; the library's own come first."""
    from procauthor.prompt import PromptLibrary

    return PromptLibrary(records.workspace.own_folder("prompts"))
