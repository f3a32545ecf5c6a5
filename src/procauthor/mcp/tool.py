"""The tools of the server. Each opens the project anew, makes one call, and returns data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from procauthor.errors import ConfigError, NotFoundError
from procauthor.planning.view import plan_json
from procauthor.project.draft import draft_json
from procauthor.project.handoff import answer_json
from procauthor.project.project import Project
from procauthor.project.revision import Revision
from procauthor.template.key import section_key


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool returns: data, and text for a reader where that is easier to read."""

    data: Mapping[str, Any]
    text: str = ""


@dataclass(frozen=True)
class Tool:
    """A tool: what it is for, what it takes, and what it does. ``reads`` says that it changes nothing."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    call: Callable[[Project, Any], Outcome]
    reads: bool = True


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Search(_Arguments):
    query: str = Field(min_length=1, description="Words, or a question.")
    limit: int = Field(default=10, ge=1, le=100)


class _Read(_Arguments):
    ref: str = Field(description="Path, id or title of a document.")
    section: str = Field(default="", description="A heading; empty for the whole document.")


class _Check(_Arguments):
    paths: list[str] = Field(default_factory=list, description="Report only on these; empty for all.")
    select: list[str] = Field(default_factory=list, description="Only these rules; empty for all.")


class _Explain(_Arguments):
    rule: str = Field(description="Name or code of a rule.")


class _Plan(_Arguments):
    file: str = Field(default="", description="An action plan of the library; empty for the one in the settings.")


class _List(_Arguments):
    lifecycle: str = ""
    status: str = Field(default="", description="placeholder, in progress, defined ...")


class _Brief(_Arguments):
    title: str = Field(description="Title of the procedure to write.")
    lifecycle: str = ""
    phase: str | None = None
    depends_on: list[str] = Field(default_factory=list)


class _Propose(_Arguments):
    run: str = Field(default="", description="The run that get_brief named.")
    title: str = Field(default="", description="The title, where there is no run yet.")
    by: str = Field(default="", description="Who writes.")
    fields: dict[str, Any] = Field(
        default_factory=dict,
        description="Some or all fields of the brief; a key may be a path such as workflow[2].inputs[0].source.",
    )
    sources: dict[str, list[str]] = Field(default_factory=dict, description="Passage ids that a field rests on.")
    open_questions: list[str] | None = Field(default=None, description="What a person has to decide.")


class _Targets(_Arguments):
    ref: str = Field(description="Path, id or title of the document to change.")
    wish: str = Field(min_length=1, description="What should change, in words.")


class _ProposeUpdate(_Targets):
    changes: dict[str, list[dict[str, Any]]] = Field(
        description="Operations in the form of the schema that get_update_targets returned; fields may be left out."
    )
    by: str = Field(default="", description="Who writes.")


class _Named(_Arguments):
    draft: str = Field(default="", description="Id or title; not needed where only one draft waits.")


class _Nothing(_Arguments):
    pass


def _search(project: Project, args: _Search) -> Outcome:
    hits = [
        {"path": h.chunk.path, "heading": h.chunk.heading, "line": h.chunk.line, "score": h.score, "text": h.chunk.text}
        for h in project.search(args.query, args.limit)
    ]
    return Outcome({"query": args.query, "hits": hits})


def _read(project: Project, args: _Read) -> Outcome:
    found = project.library().find(args.ref)
    document = found.document
    text = document.source.raw.decode()
    line = 1
    if args.section:
        key = section_key(args.section)
        section = next((s for s in document.sections if s.heading and section_key(s.title) == key), None)
        if section is None:
            message = f"{found.title!r} has no section {args.section!r}"
            known = ", ".join(s.title for s in document.sections if s.level > 1)
            raise NotFoundError(message, f"its sections are {known}" if known else "")
        text, line = document.source.slice(section.start, document.end(section)), section.line
    data = {"path": found.path, "title": found.title, "status": found.status, "line": line, "text": text}
    return Outcome(data, text)


def _check(project: Project, args: _Check) -> Outcome:
    return Outcome(project.check(args.paths or None, select=args.select).as_json())


def _explain(_project: Project, args: _Explain) -> Outcome:
    from procauthor.checking.rule import find_rule

    rule = find_rule(args.rule)
    words = {"summary": rule.summary, "why": rule.why, "fix": rule.fix, "example": rule.example}
    return Outcome({"rule": rule.name, "code": rule.code, "severity": rule.severity, **words})


def _plan(project: Project, args: _Plan) -> Outcome:
    return Outcome(plan_json(project.plan(_inside(project, args.file) if args.file else None)))


def _inside(project: Project, file: str) -> Path:
    """Return the place of a file of the library; a client reads nothing else of the disk."""
    root = project.root.resolve()
    place = (root / file.replace("\0", "")).resolve()
    if not place.is_relative_to(root):
        message = f"{file!r} is outside of the library"
        raise ConfigError(message, "name a file by its path in the library")
    return place


def _list(project: Project, args: _List) -> Outcome:
    rows = [
        {"path": p.path, "title": p.title, "id": p.id, "kind": p.kind, "lifecycle": p.lifecycle, "status": p.status}
        for p in project.library().counted
        if args.lifecycle.casefold() in ("", p.lifecycle.casefold()) and args.status.casefold() in ("", p.status)
    ]
    return Outcome({"procedures": rows})


def _brief(project: Project, args: _Brief) -> Outcome:
    handoff = project.handoff
    found = handoff.brief(args.title, lifecycle=args.lifecycle, phase=args.phase, depends_on=args.depends_on)
    text = handoff.text(found)
    whole = found.as_json()
    data = {name: whole[name] for name in ("run", "title", "path", "revises", "filled", "missing", "sources")}
    return Outcome({**data, "brief": text}, text)


def _propose(project: Project, args: _Propose) -> Outcome:
    answer = args.model_dump(exclude={"open_questions"} if args.open_questions is None else set())
    found = project.handoff.submit(json.dumps(answer))
    data = answer_json(found)
    again = "call propose_draft again with what findings name"
    then = again if found.draft.failed else "a person accepts or rejects the draft"
    return Outcome({**data, "next": then})


def _targets(project: Project, args: _Targets) -> Outcome:
    return Outcome(Revision.open(project, args.ref, args.wish).as_json())


def _propose_update(project: Project, args: _ProposeUpdate) -> Outcome:
    found = project.revise(args.ref, args.wish, args.changes, by=args.by)
    data = draft_json(found, found.change(), found.draft.outcome)
    then = {
        "Awaiting review": "a person accepts or rejects the draft",
        "No change": "nothing was to be changed, and no draft was kept",
    }.get(found.draft.outcome, "a person rejects the draft; call propose_update again with what findings name")
    return Outcome({**data, "next": then})


def _drafts(project: Project, _args: _Nothing) -> Outcome:
    rows = [
        {"draft": d.id, "title": d.title, "path": d.path, "author": d.author, "outcome": d.outcome}
        for d in project.drafts.all()
    ]
    return Outcome({"drafts": rows})


def _draft(project: Project, args: _Named) -> Outcome:
    found = project.draft(args.draft)
    data = draft_json(found, found.change(), found.draft.outcome)
    return Outcome({**data, "fields": found.draft.fields, "text": found.draft.text})


def _diff(project: Project, args: _Named) -> Outcome:
    found = project.draft(args.draft)
    change = found.change()
    return Outcome({"draft": found.draft.id, "changes": change.as_json(), "diff": change.diff()}, change.diff())


def _findings(project: Project, args: _Named) -> Outcome:
    draft = project.draft(args.draft).draft
    questions = list(draft.open_questions)
    data = {"draft": draft.id, "outcome": draft.outcome, "findings": list(draft.findings), "open_questions": questions}
    return Outcome(data)


def _accept(project: Project, args: _Named) -> Outcome:
    found = project.draft(args.draft)
    change = found.accept()
    return Outcome({"draft": found.draft.id, "outcome": found.accepted, "changes": change.as_json()})


_ACCEPT = Tool(
    "accept",
    "Accept a draft",
    "Write a draft and all that follows from it into the library.",
    _Named,
    _accept,
    reads=False,
)
_TOOLS = (
    Tool("search", "Search", "Find the sections of the library that answer a question.", _Search, _search),
    Tool("read", "Read", "Return a document of the library, or one section of it.", _Read, _read),
    Tool("check", "Check", "Check the library with all rules, and return the findings.", _Check, _check),
    Tool("explain", "Explain a rule", "Say what a rule means, why, and how to fix what it finds.", _Explain, _explain),
    Tool("plan", "Action plan", "Return the items of the action plan, their order, and what comes next.", _Plan, _plan),
    Tool("list_procedures", "List procedures", "Return all procedures with lifecycle and status.", _List, _list),
    Tool(
        "get_brief",
        "Get a brief",
        "Return all that is needed to write a new procedure, or to revise one that is defined: fields, guidance, "
        "references, passages, and what the fields hold. Start here.",
        _Brief,
        _brief,
    ),
    Tool(
        "propose_draft",
        "Propose a draft",
        "Hand in fields of a brief, all or some. Findings say by path what is wrong or missing; repeat until there is "
        "no error. Nothing is written to the library.",
        _Propose,
        _propose,
        reads=False,
    ),
    Tool(
        "get_update_targets",
        "Targets of an update",
        "Return what can be changed in a document: targets with hashes, and the schema of changes.",
        _Targets,
        _targets,
    ),
    Tool(
        "propose_update",
        "Propose an update",
        "Hand in changes of an existing document as operations on targets; all else stays to the byte. Nothing is "
        "written to the library.",
        _ProposeUpdate,
        _propose_update,
        reads=False,
    ),
    Tool("list_drafts", "List drafts", "Return the drafts that wait for review.", _Nothing, _drafts),
    Tool("get_draft", "Get a draft", "Return a draft with its fields, text and findings.", _Named, _draft),
    Tool("diff", "Diff of a draft", "Return what accepting a draft would change, in all files.", _Named, _diff),
    Tool("findings", "Findings of a draft", "Return what is wrong or open in a draft.", _Named, _findings),
)


def tools(*, allow_accept: bool) -> dict[str, Tool]:
    """Return the tools by name; accepting is one of them only where that is allowed."""
    return {tool.name: tool for tool in (*_TOOLS, *([_ACCEPT] if allow_accept else []))}
