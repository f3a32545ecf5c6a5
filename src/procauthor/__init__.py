"""Draft, check and keep a library of procedures in Markdown.

from procauthor import Project

project = Project.open("procedures")
report = project.check()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procauthor.authoring.authoring import Authoring
    from procauthor.authoring.brief import Brief, BriefOptions, ChangeRequest, Usage
    from procauthor.authoring.budget import Bound
    from procauthor.authoring.draft import Draft, DraftStore, Records
    from procauthor.authoring.handoff import Assignment, Handoff
    from procauthor.authoring.pipeline import Progress
    from procauthor.authoring.question import Questions
    from procauthor.authoring.revision import Revision
    from procauthor.authoring.run import Run, RunStore
    from procauthor.batch.batching import Batching, Outlook
    from procauthor.batch.record import Batch, BatchReport, BatchStore, Wishes
    from procauthor.checking.check import Baseline
    from procauthor.checking.usage import Suspect
    from procauthor.errors import (
        AmbiguousError,
        AnswerError,
        AuthoringError,
        BudgetError,
        ConfigError,
        ConflictError,
        CountError,
        DraftError,
        FrontMatterError,
        HaltError,
        InvalidTitleError,
        LibraryError,
        LockedError,
        MarkError,
        ModelError,
        ModelOutputError,
        NoPlanError,
        NotFoundError,
        PlanError,
        ProcauthorError,
        PromptError,
        RetrievalError,
        RevisionError,
        StaleError,
        StoreError,
        TemplateError,
        UnreadableError,
    )
    from procauthor.evaluation.value import Evaluation
    from procauthor.finding import Finding, Report
    from procauthor.library.change import Change
    from procauthor.library.history import HistoryEntry
    from procauthor.library.library import Library, Procedure
    from procauthor.library.sidecar import FollowedStep, Following
    from procauthor.planning.plan import Plan, PlanItem
    from procauthor.planning.propose import Proposal
    from procauthor.project.project import Project
    from procauthor.refactoring.refactor import Refactoring
    from procauthor.reporting.site.publish import SiteReport
    from procauthor.retrieval.chunk import Chunk
    from procauthor.retrieval.index import Hit, SectionIndex
    from procauthor.review.approve import Approval
    from procauthor.review.due import Due, Undated
    from procauthor.review.follow import Walk
    from procauthor.review.review import Blame, Clearance, Reviewing
    from procauthor.settings import Settings
    from procauthor.template.read import TemplateStore
    from procauthor.template.spec import Template
    from procauthor.workspace import Workspace

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

__all__ = [
    "AmbiguousError",
    "AnswerError",
    "Approval",
    "Assignment",
    "Authoring",
    "AuthoringError",
    "Baseline",
    "Batch",
    "BatchReport",
    "BatchStore",
    "Batching",
    "Blame",
    "Bound",
    "Brief",
    "BriefOptions",
    "BudgetError",
    "Change",
    "ChangeRequest",
    "Chunk",
    "Clearance",
    "ConfigError",
    "ConflictError",
    "CountError",
    "Draft",
    "DraftError",
    "DraftStore",
    "Due",
    "Evaluation",
    "Finding",
    "FollowedStep",
    "Following",
    "FrontMatterError",
    "HaltError",
    "Handoff",
    "HistoryEntry",
    "Hit",
    "InvalidTitleError",
    "Library",
    "LibraryError",
    "LockedError",
    "MarkError",
    "ModelError",
    "ModelOutputError",
    "NoPlanError",
    "NotFoundError",
    "Outlook",
    "Plan",
    "PlanError",
    "PlanItem",
    "ProcauthorError",
    "Procedure",
    "Progress",
    "Project",
    "PromptError",
    "Proposal",
    "Questions",
    "Records",
    "Refactoring",
    "Report",
    "RetrievalError",
    "Reviewing",
    "Revision",
    "RevisionError",
    "Run",
    "RunStore",
    "SectionIndex",
    "Settings",
    "SiteReport",
    "StaleError",
    "StoreError",
    "Suspect",
    "Template",
    "TemplateError",
    "TemplateStore",
    "Undated",
    "UnreadableError",
    "Usage",
    "Walk",
    "Wishes",
    "Workspace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'procauthor' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"procauthor.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
