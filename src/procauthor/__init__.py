"""Draft, check and keep a library of procedures in Markdown.

from procauthor import Project

project = Project.open("procedures")
report = project.check()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procauthor.authoring.authoring import Authoring as Authoring
    from procauthor.authoring.brief import (
        Brief as Brief,
        BriefOptions as BriefOptions,
        ChangeRequest as ChangeRequest,
        Usage as Usage,
    )
    from procauthor.authoring.budget import Bound as Bound
    from procauthor.authoring.draft import Draft as Draft, DraftStore as DraftStore, Records as Records
    from procauthor.authoring.handoff import Assignment as Assignment, Handoff as Handoff
    from procauthor.authoring.pipeline import Progress as Progress
    from procauthor.authoring.question import Questions as Questions
    from procauthor.authoring.revision import Revision as Revision
    from procauthor.authoring.run import Run as Run, RunStore as RunStore
    from procauthor.batch.batching import Batching as Batching, Outlook as Outlook
    from procauthor.batch.record import (
        Batch as Batch,
        BatchReport as BatchReport,
        BatchStore as BatchStore,
        Wishes as Wishes,
    )
    from procauthor.checking.check import Baseline as Baseline
    from procauthor.checking.usage import Suspect as Suspect
    from procauthor.errors import (
        AmbiguousError as AmbiguousError,
        AnswerError as AnswerError,
        AuthoringError as AuthoringError,
        BudgetError as BudgetError,
        ConfigError as ConfigError,
        ConflictError as ConflictError,
        CountError as CountError,
        DraftError as DraftError,
        FrontMatterError as FrontMatterError,
        HaltError as HaltError,
        InvalidTitleError as InvalidTitleError,
        LibraryError as LibraryError,
        LockedError as LockedError,
        MarkError as MarkError,
        ModelError as ModelError,
        ModelOutputError as ModelOutputError,
        NoPlanError as NoPlanError,
        NotFoundError as NotFoundError,
        PlanError as PlanError,
        ProcauthorError as ProcauthorError,
        PromptError as PromptError,
        RetrievalError as RetrievalError,
        RevisionError as RevisionError,
        StaleError as StaleError,
        StoreError as StoreError,
        TemplateError as TemplateError,
        UnreadableError as UnreadableError,
    )
    from procauthor.evaluation.value import Evaluation as Evaluation
    from procauthor.finding import Finding as Finding, Report as Report
    from procauthor.library.change import Change as Change
    from procauthor.library.history import HistoryEntry as HistoryEntry
    from procauthor.library.library import Library as Library, Procedure as Procedure
    from procauthor.library.sidecar import FollowedStep as FollowedStep, Following as Following
    from procauthor.planning.plan import Plan as Plan, PlanItem as PlanItem
    from procauthor.planning.propose import Proposal as Proposal
    from procauthor.project.project import Project as Project
    from procauthor.refactoring.refactor import Refactoring as Refactoring
    from procauthor.reporting.site.publish import SiteReport as SiteReport
    from procauthor.retrieval.chunk import Chunk as Chunk
    from procauthor.retrieval.index import Hit as Hit, SectionIndex as SectionIndex
    from procauthor.review.approve import Approval as Approval
    from procauthor.review.due import Due as Due, Undated as Undated
    from procauthor.review.follow import Walk as Walk
    from procauthor.review.review import Blame as Blame, Clearance as Clearance, Reviewing as Reviewing
    from procauthor.settings import Settings as Settings
    from procauthor.template.read import TemplateStore as TemplateStore
    from procauthor.template.spec import Template as Template
    from procauthor.workspace import Workspace as Workspace

# Names are loaded when they are used, so that `import procauthor` costs next to nothing.
_HOMES = {
    "AmbiguousError": "errors",
    "AnswerError": "errors",
    "Approval": "review.approve",
    "Assignment": "authoring.handoff",
    "Authoring": "authoring.authoring",
    "AuthoringError": "errors",
    "Baseline": "checking.check",
    "Batch": "batch.record",
    "BatchReport": "batch.record",
    "BatchStore": "batch.record",
    "Batching": "batch.batching",
    "Blame": "review.review",
    "Bound": "authoring.budget",
    "Brief": "authoring.brief",
    "BriefOptions": "authoring.brief",
    "BudgetError": "errors",
    "Change": "library.change",
    "ChangeRequest": "authoring.brief",
    "Chunk": "retrieval.chunk",
    "Clearance": "review.review",
    "ConfigError": "errors",
    "ConflictError": "errors",
    "CountError": "errors",
    "Draft": "authoring.draft",
    "DraftError": "errors",
    "DraftStore": "authoring.draft",
    "Due": "review.due",
    "Evaluation": "evaluation.value",
    "Finding": "finding",
    "FollowedStep": "library.sidecar",
    "Following": "library.sidecar",
    "FrontMatterError": "errors",
    "HaltError": "errors",
    "Handoff": "authoring.handoff",
    "HistoryEntry": "library.history",
    "Hit": "retrieval.index",
    "InvalidTitleError": "errors",
    "Library": "library.library",
    "LibraryError": "errors",
    "LockedError": "errors",
    "MarkError": "errors",
    "ModelError": "errors",
    "ModelOutputError": "errors",
    "NoPlanError": "errors",
    "NotFoundError": "errors",
    "Outlook": "batch.batching",
    "Plan": "planning.plan",
    "PlanError": "errors",
    "PlanItem": "planning.plan",
    "ProcauthorError": "errors",
    "Procedure": "library.library",
    "Progress": "authoring.pipeline",
    "Project": "project.project",
    "PromptError": "errors",
    "Proposal": "planning.propose",
    "Questions": "authoring.question",
    "Records": "authoring.draft",
    "Refactoring": "refactoring.refactor",
    "Report": "finding",
    "RetrievalError": "errors",
    "Reviewing": "review.review",
    "Revision": "authoring.revision",
    "RevisionError": "errors",
    "Run": "authoring.run",
    "RunStore": "authoring.run",
    "SectionIndex": "retrieval.index",
    "Settings": "settings",
    "SiteReport": "reporting.site.publish",
    "StaleError": "errors",
    "StoreError": "errors",
    "Suspect": "checking.usage",
    "Template": "template.spec",
    "TemplateError": "errors",
    "TemplateStore": "template.read",
    "Undated": "review.due",
    "UnreadableError": "errors",
    "Usage": "authoring.brief",
    "Walk": "review.follow",
    "Wishes": "batch.record",
    "Workspace": "workspace._workspace",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'procauthor' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"procauthor.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
