"""Who carries out a run: its author, and what is particular about the author's drafts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from procauthor.authoring.author import Author
from procauthor.authoring.batch.allowance import Allowance, LocalPurse
from procauthor.authoring.brief import Brief
from procauthor.authoring.calls import CallLog
from procauthor.authoring.draft import IN_PROGRESS, NO_CHANGE, Draft, render_draft
from procauthor.authoring.gap import holds_gap, lacks
from procauthor.authoring.grounding import plain_text
from procauthor.authoring.handoff import HandoffAuthor
from procauthor.authoring.judge import Complaint, Verdict, follows, judge, place_finding
from procauthor.authoring.neighbour import find_neighbours
from procauthor.authoring.obligation import unmet
from procauthor.authoring.offline import OfflineAuthor
from procauthor.authoring.reply import Reply
from procauthor.authoring.retry import Gate
from procauthor.authoring.run import HAND_OFF, Run, RunStore
from procauthor.authoring.skeleton import SKELETON, UNFINISHED, SkeletonAuthor, render_skeleton
from procauthor.authoring.spending import Spend, at_once
from procauthor.authoring.submission import Submission
from procauthor.authoring.update.offline import OfflineUpdateAuthor
from procauthor.errors import ConfigError
from procauthor.library.library import Library, Procedure
from procauthor.markdown.parse import parse
from procauthor.planning.plan import Plan
from procauthor.prompt import PromptLibrary
from procauthor.retrieval.chunk import Chunk
from procauthor.template.spec import Template

if TYPE_CHECKING:
    from procauthor.authoring.critique import Critique
    from procauthor.project.project import Project

OFFLINE = "offline"
Doubts = Literal["question", "note", "nothing"]
_AT_ONCE = 2


@dataclass(frozen=True)
class Bench:
    """What the runs of a batch share, and what one of them sees instead of the files as they are.

    ``library`` is what the run may build on, ``plan`` the plan that its item stands in, ``search`` finds passages,
    ``spend`` makes its calls when there is room, ``gate`` keeps them back while the server has too many requests, and
    ``plain`` gives the text of a document as evidence. ``runs`` is where the runs are, and ``keep`` stores a draft.
    """

    library: Library
    plan: Plan
    search: Callable[[str, int], Sequence[Chunk]]
    prompts: PromptLibrary
    runs: RunStore
    keep: Callable[[Draft], None]
    spend: Spend = at_once
    gate: Gate | None = None
    plain: Callable[[Procedure], str] = plain_text


@dataclass(frozen=True)
class Writing:
    """An author at work.

    ``finish`` has the last word on the draft before it is stored; ``render`` makes the document as `render_draft` does.
    ``doubts`` says what claims become that nothing supports: open questions, notes, or nothing. ``calls`` is what was
    paid for, and ``critique`` the second model's reading, where there is one.
    """

    author: Author
    written_by: str
    repairs: int
    finish: Callable[[Draft], Draft] = lambda draft: draft
    render: Callable[..., bytes] = render_draft
    doubts: Doubts = "question"
    calls: CallLog = field(default_factory=CallLog)
    critique: Callable[[Mapping[str, Any], int | None], Critique] | None = None


def check_author(name: str, reviewer: str = "", *, changing: bool = False) -> None:
    """Fail on an unknown author before anything is gathered.

    Raises:
        ConfigError: It is neither offline nor a model, cannot change what stands, or has a reviewer and is no model.
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


def open_writing(project: Project, run: Run, *, fresh: bool = False, bench: Bench | None = None) -> Writing:
    """Return who carries out a run; ``fresh`` asks a model anew, even what an earlier run has asked word by word.

    Raises:
        ConfigError: The model cannot be used.
    """
    repairs = project.settings.authoring.repairs
    if run.author == OFFLINE:
        written_by = "offline author, no language model"
        if run.brief.request.wish:
            return Writing(OfflineUpdateAuthor(), written_by, repairs)
        return Writing(OfflineAuthor(), written_by, repairs, _pass_unfinished, _render_gaps)
    if run.author == SKELETON:
        return Writing(SkeletonAuthor(), "", 0, _pass_unfinished, render_skeleton, doubts="nothing")
    if run.author == HAND_OFF:
        return hand_off(project, run)
    return _chat(project, run, fresh=fresh, bench=bench)


def _chat(project: Project, run: Run, *, fresh: bool, bench: Bench | None) -> Writing:
    from procauthor.authoring.cache import ReplyCache
    from procauthor.authoring.chat import ChatAuthor

    settings = project.settings.authoring
    prompts = bench.prompts if bench else open_prompts(project)
    outer = bench.spend if bench else at_once
    calls = run.calls
    # Two sections may be written at the same time: together they keep to the ceiling of the run as well.
    allowance = Allowance(_AT_ONCE, LocalPurse(run.max_tokens, calls.usage.tokens))

    def spend(need: int, call: Callable[[], Reply]) -> Reply:
        return allowance.spend((), need, lambda: outer(need, call))

    cache = None if fresh else ReplyCache(project.state / "replies")
    model = ChatAuthor.open(run.author, settings, prompts, calls, cache, spend, bench.gate if bench else None)
    critique = _critique(project, run, prompts, calls, spend) if run.reviewer else None
    return Writing(model, run.author, settings.repairs, calls=calls, critique=critique)


def _critique(
    project: Project, run: Run, prompts: PromptLibrary, calls: CallLog, spend: Spend
) -> Callable[[Mapping[str, Any], int | None], Critique]:
    from procauthor.authoring.review import Reviewer

    settings = project.settings.authoring
    if run.reviewer.partition(":")[0] != run.author.partition(":")[0]:
        # The server of one provider is not that of another.
        settings = settings.model_copy(update={"base_url": ""})
    reviewer = Reviewer.open(run.reviewer, settings, prompts, calls, spend)
    template = project.templates.get(run.brief.template)
    return lambda fields, budget: reviewer.review(run.brief, template, fields, budget)


def _render_gaps(brief: Brief, template: Template, fields: Mapping[str, Any], **options: Any) -> bytes:
    """Render a draft; one with marked gaps says that it is in progress."""
    if holds_gap(fields) or lacks(template, fields):
        options["status"] = IN_PROGRESS
    return render_draft(brief, template, fields, **options)


def may_be_unfinished(draft: Draft) -> bool:
    """Say whether a draft is from an author that marks what it does not know, for a person to fill in."""
    return draft.author in (SKELETON, OFFLINE) and not draft.wish


def _pass_unfinished(draft: Draft) -> Draft:
    """What is marked as a gap is meant to be unfinished: that alone does not send a draft back."""
    failed = any(f["severity"] == "error" and f["rule"] not in UNFINISHED for f in draft.findings)
    return replace(draft, outcome="Needs revision" if failed else "Awaiting review")


def open_prompts(project: Project) -> PromptLibrary:
    """Return the prompts; the project's own come first."""
    return PromptLibrary(project.workspace.own_folder("prompts"))


def prompt_hash(project: Project, author: str, bench: Bench | None = None) -> str:
    """Return the hash of the prompts that an author is given, empty for one that reads none."""
    if ":" not in author:
        return ""
    return (bench.prompts if bench else open_prompts(project)).fingerprint()


def hand_off(project: Project, run: Run, more: Sequence[Complaint] = ()) -> Writing:
    """Return the author whose answers were handed in. Nobody is asked again, so there are no repairs."""
    template = project.templates.get(run.brief.template)
    submission = Submission.load(run.folder)
    verdict = judge(template, run.brief, submission)

    def finish(draft: Draft) -> Draft:
        notes = tuple(unmet(run.brief, template, find_neighbours(run.brief.request, project.library()), draft.text))
        return _join(replace(draft, notes=(*draft.notes, *notes)), template, verdict, (*verdict.complaints, *more))

    # A person knows more than the brief says, and answers for it; an agent is a model like any other.
    doubts: Doubts = "note" if submission.person else "question"
    written_by = submission.by or ("" if run.brief.revises else HAND_OFF)
    return Writing(HandoffAuthor(verdict, submission), written_by, 0, finish, doubts=doubts)


def _join(draft: Draft, template: Template, verdict: Verdict, complaints: Sequence[Complaint]) -> Draft:
    """Join what is wrong with the fields and what the rules say, by field."""
    document = parse(draft.text.encode())
    found: list[dict[str, Any]] = [complaint.as_json(draft.path) for complaint in complaints]
    own = [f for f in draft.findings if not follows(str(f["rule"]), template, verdict.lacking)]
    found += [place_finding(finding, template, document) for finding in own]
    # That the status is not true yet only sums up the other errors.
    found = [f for f in found if f["rule"] != "status-mismatch"] or found
    failed = any(each["severity"] == "error" for each in found)
    same = draft.revises and draft.text == draft.base_text
    outcome = "Needs revision" if failed else NO_CHANGE if same else "Awaiting review"
    return replace(draft, findings=tuple(found), outcome=outcome)
