"""Who carries out a run: its author, and what is particular about the author's drafts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from procauthor.authoring.author import Author
from procauthor.authoring.draft import Draft, render_draft
from procauthor.authoring.handoff import HandoffAuthor
from procauthor.authoring.judge import Complaint, Verdict, follows, judge, place_finding
from procauthor.authoring.offline import OfflineAuthor
from procauthor.authoring.run import HAND_OFF, Run
from procauthor.authoring.skeleton import SKELETON, UNFINISHED, SkeletonAuthor, render_skeleton
from procauthor.authoring.submission import Submission
from procauthor.authoring.update.offline import OfflineUpdateAuthor
from procauthor.errors import ConfigError
from procauthor.markdown.parse import parse
from procauthor.prompt import PromptLibrary
from procauthor.template.spec import Template

if TYPE_CHECKING:
    from procauthor.project.project import Project

OFFLINE = "offline"


@dataclass(frozen=True)
class Writing:
    """An author at work.

    ``finish`` has the last word on the draft before it is stored; ``render`` makes the document as `render_draft` does.
    """

    author: Author
    written_by: str
    repairs: int
    finish: Callable[[Draft], Draft] = lambda draft: draft
    render: Callable[..., bytes] = render_draft


def check_author(name: str, *, changing: bool = False) -> None:
    """Fail on an unknown author before anything is gathered.

    Raises:
        ConfigError: It is neither offline nor a model, or cannot change what stands.
    """
    if name == SKELETON and changing:
        message = "the skeleton author writes new documents and changes none"
        raise ConfigError(message, "edit the file, or use offline or a model")
    if name not in (OFFLINE, SKELETON) and ":" not in name:
        message = f"{name!r} names no model"
        raise ConfigError(message, 'write it as provider:model, for example "openai:gpt-5-mini", or use offline')


def open_writing(project: Project, run: Run) -> Writing:
    """Return who carries out a run.

    Raises:
        ConfigError: The model cannot be used.
    """
    repairs = project.settings.authoring.repairs
    if run.author == OFFLINE:
        author = OfflineUpdateAuthor() if run.brief.request.wish else OfflineAuthor()
        return Writing(author, "offline author, no language model", repairs)
    if run.author == SKELETON:
        return Writing(SkeletonAuthor(), "", 0, _pass_unfinished, render_skeleton)
    if run.author == HAND_OFF:
        return hand_off(project, run)
    from procauthor.authoring.calls import CallLog
    from procauthor.authoring.chat import ChatAuthor

    log = CallLog(run.calls)
    model = ChatAuthor.open(run.author, project.settings.authoring, open_prompts(project), log)
    return Writing(model, run.author, repairs)


def _pass_unfinished(draft: Draft) -> Draft:
    """A skeleton is meant to be unfinished: that alone does not send it back."""
    failed = any(f["severity"] == "error" and f["rule"] not in UNFINISHED for f in draft.findings)
    return replace(draft, outcome="Needs revision" if failed else "Awaiting review")


def open_prompts(project: Project) -> PromptLibrary:
    """Return the prompts; the project's own come first."""
    folder = project.root / "prompts"
    return PromptLibrary((folder,) if folder.is_dir() else ())


def prompt_hash(project: Project, author: str) -> str:
    """Return the hash of the prompts that an author is given, empty for one that reads none."""
    return open_prompts(project).fingerprint() if ":" in author else ""


def hand_off(project: Project, run: Run, more: Sequence[Complaint] = ()) -> Writing:
    """Return the author whose answers were handed in. Nobody is asked again, so there are no repairs."""
    template = project.templates.get(run.brief.template)
    submission = Submission.load(run.folder)
    verdict = judge(template, run.brief, submission)

    def finish(draft: Draft) -> Draft:
        return _join(draft, template, verdict, (*verdict.complaints, *more))

    return Writing(HandoffAuthor(verdict, submission), submission.by or HAND_OFF, 0, finish)


def _join(draft: Draft, template: Template, verdict: Verdict, complaints: Sequence[Complaint]) -> Draft:
    """Join what is wrong with the fields and what the rules say, by field."""
    document = parse(draft.text.encode())
    found: list[dict[str, Any]] = [complaint.as_json(draft.path) for complaint in complaints]
    own = [f for f in draft.findings if not follows(str(f["rule"]), template, verdict.lacking)]
    found += [place_finding(finding, template, document) for finding in own]
    # That the status is not true yet only sums up the other errors.
    found = [f for f in found if f["rule"] != "status-mismatch"] or found
    failed = any(each["severity"] == "error" for each in found)
    return replace(draft, findings=tuple(found), outcome="Needs revision" if failed else "Awaiting review")
