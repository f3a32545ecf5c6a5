"""The tools of the server. Each makes one call to a project that was opened for it, and returns data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from procauthor.authoring.draft import Draft
from procauthor.authoring.handoff import answer_json
from procauthor.authoring.reply import QUESTIONS
from procauthor.data import pick
from procauthor.errors import ConfigError
from procauthor.library.library import find_section
from procauthor.mcp.page import MOST, Outcome
from procauthor.planning.plan import plan_json
from procauthor.project.project import Project


@dataclass(frozen=True)
class Tool:
    """A tool: what it is for, what it takes, what it returns, and what it does.

    ``returns`` gives the JSON types of the members of its data. ``reads`` says that it writes nothing at all, not even
    what may be deleted; ``same`` that to call it again changes no more.
    """

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    call: Callable[[Project, Any], Outcome]
    returns: Mapping[str, str]
    reads: bool = True
    same: bool = True
    destroys: bool = False

    @property
    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of its data."""
        pages = dict.fromkeys(("page", "pages"), "integer")
        members = {name: {"type": kind.split("|")} for name, kind in {**self.returns, **pages}.items()}
        return {"type": "object", "properties": members, "required": list(self.returns)}


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Paged(_Arguments):
    page: int = Field(default=1, ge=1, description="Which page, where the answer has several.")
    max_characters: int = Field(default=MOST, ge=2_000, le=1_000_000, description="How long an answer may be.")


class _Search(_Paged):
    query: str = Field(min_length=1, description="Words, or a question.")
    limit: int = Field(default=10, ge=1, le=100)


class _Check(_Paged):
    paths: list[str] = Field(default_factory=list, description="Report only on these; empty for all.")
    select: list[str] = Field(default_factory=list, description="Only these rules; empty for all.")


class _Explain(_Paged):
    rule: str = Field(default="", description="Name or code of a rule; empty for all.")


class _Reference(_Paged):
    ref: str = Field(description="Path, id or title of a document.")


class _Read(_Reference):
    section: str = Field(default="", description="A heading; empty for the whole document.")


class _Refs(_Reference):
    output: str = Field(default="", description="Say instead what a change of this output reaches.")


class _Maybe(_Paged):
    ref: str = Field(default="", description="Path, id or title of a document; empty for all.")


class _DueBy(_Paged):
    within: str = Field(default="", description="Only what is due by then: 30d, 2w.")
    owner: str = Field(default="", description="Only documents of this owner.")


class _Evaluate(_Paged):
    part: Literal[
        "counts",
        "documents",
        "broken",
        "orchestrations",
        "claims",
        "trend",
        "open_questions",
        "status_mismatches",
        "unread",
        "method",
    ] = Field(default="counts", description="What to return: the counts of all lifecycles, or one list of details.")


class _Plan(_Paged):
    file: str = Field(default="", description="An action plan of the library; empty for the one in the settings.")


class _List(_Paged):
    lifecycle: str = Field(default="", description="Only those of this lifecycle.")
    status: str = Field(default="", description="missing, placeholder, in progress, defined ...")


class _Brief(_Paged):
    title: str = Field(description="Title of the procedure to write.")
    lifecycle: str = Field(default="", description="Its lifecycle, where neither plan nor index says it.")
    phase: str | None = Field(default=None, description="Its phase in the lifecycle.")
    depends_on: list[str] = Field(default_factory=list, description="Titles that it takes something from.")
    purpose: str = Field(default="", description="What it is for, in a sentence.")
    trigger: str = Field(default="", description="What starts it, in a sentence.")
    scope: str = Field(default="", description="What it covers, and what it does not.")


class _Propose(_Paged):
    run: str = Field(default="", description="The run that get_brief named.")
    title: str = Field(default="", description="The title, where there is no run yet.")
    by: str = Field(default="", description="Who writes.")
    fields: dict[str, Any] = Field(
        default_factory=dict,
        description="Some or all fields of the brief; a key may be a path such as workflow[2].inputs[0].source.",
    )
    sources: dict[str, list[str]] = Field(default_factory=dict, description="Passage ids that a field rests on.")
    open_questions: list[str] | None = Field(default=None, description="What a person has to decide.")


class _Follow(_Arguments):
    ref: str = Field(description="Path, id or title of the procedure.")
    by: str = Field(min_length=1, description="Who follows it: your name and the person you work for.")
    occasion: str = Field(default="", description="What for, where a new record begins.")
    step: int = Field(default=0, ge=0, description="Number of the next step, to record it; 0 to look only.")
    result: Literal["done", "failed", "skipped"] = Field(default="done", description="How that step ended.")
    evidence: str = Field(default="", description="What shows it: a link, a number, the output of a command.")
    deviation: str = Field(default="", description="What was done otherwise, or why the step failed or was skipped.")
    stop: bool = Field(default=False, description="End the record here.")


class _Targets(_Reference):
    wish: str = Field(min_length=1, description="What should change, in words.")


class _Sections(_Targets):
    section: str = Field(
        default="", description="Id or heading of one section; * for all, and empty for those that the wish names."
    )


class _ProposeUpdate(_Targets):
    changes: dict[str, list[Any]] = Field(
        description="Operations in the form of the schema that get_update_targets returned; fields may be left out."
    )
    by: str = Field(default="", description="Who writes.")
    open_questions: list[str] = Field(default_factory=list, description="What a person has to decide.")


class _Named(_Paged):
    draft: str = Field(default="", description="Id or title; not needed where only one draft waits.")


class _Draft(_Named):
    fields: bool = Field(default=False, description="Return the typed fields too.")


class _QuestionPage(_Paged):
    ref: str = Field(default="", description="Path, id or title of a document, or id of a draft; empty for all.")


class _AnswerText(_Arguments):
    ref: str = Field(description="Path, id or title of a document, or id of a draft.")
    number: int = Field(ge=1, description="The number that list_questions gives it.")
    text: str = Field(default="", description="The answer, one line.")
    accept: bool = Field(default=False, description="Take the proposed value, or confirm the claim.")
    section: str = Field(default="", description="The heading for the answer, where the text has no mark for it.")


class _StatusWord(_Arguments):
    word: str = Field(description="As the documents write it.")
    state: str = Field(description="placeholder, in progress, defined, approved, proposed, rejected, deprecated, alias")


class _Conventions(_Paged):
    title_patterns: list[str] = Field(
        default_factory=list, description='What is around names, as in "Playbook: {name}".'
    )
    status_words: list[_StatusWord] = Field(default_factory=list, description="Words for a status, and what they mean.")
    unfinished_words: list[str] = Field(
        default_factory=list, description="Words that say that a text is to be written."
    )
    ordinary_words: list[str] = Field(default_factory=list, description="Words that look so, and mean something else.")
    procedures: list[str] = Field(
        default_factory=list, description="Path patterns of documents without a form that count."
    )


class _Nothing(_Paged):
    pass


_COUNTS = (
    *("measured", "total", "compliance", "broken_references", "section_completeness", "left_out", "questions"),
    *("findings", "notes", "lifecycles"),
)
_ROWS, _TEXT, _OBJECT, _NUMBER = "array", "string", "object", "integer"
_OF_DRAFT = {"run": _TEXT, "outcome": _TEXT, "path": _TEXT, "findings": _ROWS, "open_questions": _ROWS, "notes": _ROWS}
_OF_SURVEY = {"site": _OBJECT, "titles": _OBJECT, "statuses": _ROWS, "placeholders": _ROWS, "questions": _ROWS} | {
    "proposed": _OBJECT,
    "left_out": _ROWS,
    "documents": _ROWS,
}
_OF_ANSWER = {"question": _OBJECT, "answer": _TEXT, "where": _TEXT, "status": _TEXT, "left": _NUMBER, "next": _TEXT}
_Call = Callable[[Project, Any], Outcome]


def _tool(title: str, returns: Mapping[str, str], **flags: bool) -> Callable[[_Call], Tool]:
    """Make a tool of a function: by its name, with its docstring as description and the type of its arguments."""

    def make(call: _Call) -> Tool:
        description = " ".join((call.__doc__ or "").split())
        _, arguments, _ = get_type_hints(call).values()
        return Tool(call.__name__, title, description, arguments, call, returns, **flags)

    return make


def _inside(project: Project, file: str) -> Path:
    """Return the place of a file of the library; a client reads nothing else of the disk."""
    root = project.root.resolve()
    place = (root / file.replace("\0", "")).resolve()
    if not place.is_relative_to(root):
        message = f"{file!r} is outside of the library"
        raise ConfigError(message, "name a file by its path in the library")
    return place


def _short(draft: Draft) -> dict[str, Any]:
    """Return what is known of a draft without its passages, which the brief holds."""
    data = draft.describe(draft.change(), draft.outcome)
    return {name: value for name, value in data.items() if name not in ("passages", "usage_by_step")}


@_tool("Search", {"query": _TEXT, "hits": _ROWS}, reads=False)
def search(project: Project, args: _Search) -> Outcome:
    """Find the sections of the library that answer a question.

    Keeps its index under .procauthor.
    """
    hits = [hit.as_json() for hit in project.search(args.query, args.limit)]
    return Outcome({"query": args.query, "hits": hits}, rows=("hits",))


@_tool("Read", {"path": _TEXT, "title": _TEXT, "status": _TEXT, "line": _NUMBER})
def read(project: Project, args: _Read) -> Outcome:
    """Return a document of the library, or one section of it."""
    library = project.library()
    procedure = library.find(args.ref)
    document = procedure.document
    text = document.source.raw.decode()
    line = 1
    if args.section:
        section = find_section(procedure, args.section)
        text, line = document.source.slice(section.start, document.end(section)), section.line
    status = project.workspace.earned(library, [procedure.path])[procedure.path]
    data = {"path": procedure.path, "title": procedure.title, "status": status, "line": line}
    return Outcome(data, text)


@_tool("Check", {"findings": _ROWS, "summary": _OBJECT}, reads=False)
def check(project: Project, args: _Check) -> Outcome:
    """Check the library with all rules, and return the findings.

    Of a large library it remembers what it read, under .procauthor.
    """
    return Outcome(project.check(args.paths or None, select=args.select).as_json(), rows=("findings",))


@_tool("Explain a rule", {"rules": _ROWS})
def explain(_project: Project, args: _Explain) -> Outcome:
    """Say what a rule means, why, and how to fix what it finds; without a rule, of all rules."""
    from procauthor.authoring.complaint import every_rule, explained

    rules = (explained(args.rule),) if args.rule else every_rule()
    return Outcome({"rules": [rule.as_json() for rule in rules]}, rows=("rules",))


@_tool("References", {"document": _OBJECT}, reads=False)
def refs(project: Project, args: _Refs) -> Outcome:
    """Return who uses a document and what it uses, or which steps a change of one of its outputs reaches.

    Of a large library it remembers what it read, under .procauthor.
    """
    from procauthor.reporting.reference import find_node, impact_json, reference_json
    from procauthor.workspace.measure import survey

    census = survey(project.workspace)
    node = find_node(census, args.ref)
    if args.output:
        return Outcome(impact_json(census, node, args.output), rows=("concerned",))
    return Outcome(reference_json(census, node), rows=("used_by", "uses", "outputs"))


@_tool("Evaluate", {"total": _OBJECT}, reads=False)
def evaluate(project: Project, args: _Evaluate) -> Outcome:
    """Count what is defined, in progress and missing in each lifecycle; a part brings details.

    Of a large library it remembers what it read, under .procauthor.
    """
    from procauthor.evaluation.view import evaluation_json

    data = evaluation_json(project.evaluate())
    wanted = _COUNTS if args.part == "counts" else ("total", args.part)
    return Outcome({name: data[name] for name in wanted}, rows=wanted[-1:])


@_tool("Suspects", {"suspects": _ROWS})
def suspects(project: Project, args: _Maybe) -> Outcome:
    """Return documents that rely on a part of a contract that changed since they last saw it."""
    from procauthor.reporting.review import suspect_json

    suspects = project.review.suspects(args.ref)
    return Outcome({"suspects": [suspect_json(suspect) for suspect in suspects]}, rows=("suspects",))


@_tool("Due reviews", {"today": _TEXT, "due": _ROWS, "problems": _ROWS})
def due(project: Project, args: _DueBy) -> Outcome:
    """Return what is to be reviewed, when and by whom."""
    from procauthor.library.sidecar import today
    from procauthor.reporting.due import due_json

    reviews, problems = project.due(within=args.within, owner=args.owner)
    return Outcome(due_json(reviews, problems, today()), rows=("due", "problems"))


@_tool("Blame", {"path": _TEXT, "title": _TEXT, "sections": _ROWS})
def blame(project: Project, args: _Reference) -> Outcome:
    """Say of each section of a document who wrote it, what it rests on, and who approved it."""
    from procauthor.reporting.review import blame_json

    return Outcome(blame_json(project.review.blame(args.ref)), rows=("sections",))


@_tool("Action plan", {"items": _ROWS, "order": _ROWS, "next": _ROWS})
def plan(project: Project, args: _Plan) -> Outcome:
    """Return the items of the action plan, their order, and what comes next."""
    return Outcome(plan_json(project.plan(_inside(project, args.file) if args.file else None)), rows=("items",))


@_tool("Survey the conventions", {**_OF_SURVEY, "next": _TEXT})
def survey_conventions(project: Project, args: _Conventions) -> Outcome:
    """Return how the documents write titles, statuses and unfinished places, with counts, examples and questions.

    Propose what you see in them: each part is counted, and what none shows is refused. Nothing is written.
    """
    from procauthor.adoption.amend import amend
    from procauthor.adoption.survey import survey
    from procauthor.adoption.view import survey_json

    surveyed = survey(project.root)
    proposed = args.model_dump(exclude={"page", "max_characters"})
    amended = amend(surveyed, proposed) if any(proposed.values()) else None
    told = survey_json(amended.survey if amended else surveyed, amended)
    shown = {name: told[name] for name in _OF_SURVEY}
    then = "a person adopts the documents with what was taken: procauthor init --answer FILE"
    return Outcome({**shown, "next": then}, rows=("documents", "left_out"))


@_tool("List procedures", {"procedures": _ROWS})
def list_procedures(project: Project, args: _List) -> Outcome:
    """Return all titles with lifecycle and status; those that are only announced are missing, and have no path."""
    library = project.library()
    earned = project.workspace.earned(library)
    names = ("path", "title", "id", "kind", "lifecycle")
    rows = [{**pick(p, *names), "status": earned[p.path]} for p in library.counted]
    announced = project.workspace.announced(library, project.workspace.own_plan(library)).values()
    rows += [
        {"path": "", "title": title, "id": "", "kind": "procedure", "lifecycle": "", "status": "missing"}
        for title in announced
    ]
    wanted = {"lifecycle": args.lifecycle.casefold(), "status": args.status.casefold()}
    chosen = [row for row in rows if all(want in ("", row[name].casefold()) for name, want in wanted.items())]
    return Outcome({"procedures": chosen}, rows=("procedures",))


@_tool("List open questions", {"questions": _ROWS})
def list_questions(project: Project, args: _QuestionPage) -> Outcome:
    """Return the open questions and proposals of documents and waiting drafts, with number, place and owner."""
    return Outcome({"questions": [each.as_json() for each in project.questions.list(args.ref)]}, rows=("questions",))


@_tool("Get a brief", {"run": _TEXT, "title": _TEXT, "path": _TEXT, "missing": _ROWS}, reads=False)
def get_brief(project: Project, args: _Brief) -> Outcome:
    """Return all that is needed to write a new procedure, or to revise one that is defined: fields, guidance,
    references, passages, and what the fields hold.

    Start here, and read all pages, or ask for all at once with max_characters. Begins a run under .procauthor;
    documents stay as they are.
    """  # noqa: D205 - one sentence
    handoff = project.handoff
    options = args.model_dump(include={"lifecycle", "phase", "depends_on", "purpose", "trigger", "scope"})
    assignment = handoff.brief(args.title, **options)
    text = handoff.text(assignment)
    whole = assignment.as_json()
    data = {name: whole[name] for name in ("run", "title", "path", "revises", "filled", "missing", "sources")}
    return Outcome(data, text)


@_tool("Propose a draft", {**_OF_DRAFT, "missing": _ROWS, "next": _TEXT}, reads=False)
def propose_draft(project: Project, args: _Propose) -> Outcome:
    """Hand in fields of a brief, all or some.

    Findings say by path what is wrong or missing; repeat until there is no error. Claims that neither brief nor
    library holds become open questions. Keeps a draft under .procauthor; documents stay as they are.
    """
    left_out = {"page", "max_characters"} | ({"open_questions"} if args.open_questions is None else set())
    draft = project.handoff.submit(json.dumps(args.model_dump(exclude=left_out)))
    data = answer_json(draft)
    again = "call propose_draft again with what findings name"
    then = again if draft.failed else "a person accepts or rejects the draft"
    return Outcome({**data, "next": then}, rows=("findings",))


@_tool(
    "Targets of an update",
    {"path": _TEXT, "sections": _ROWS, "targets": _ROWS, "schema": _OBJECT, "next": _TEXT},
    reads=False,
)
def get_update_targets(project: Project, args: _Sections) -> Outcome:
    """Return what can be changed in a document: its sections, and targets with hashes and the schema of changes of the
    sections that the wish names, or of one that you name.
    """  # noqa: D205 - one sentence
    data = project.revision(args.ref, args.wish).targets_json(args.section)
    then = "call propose_update with operations on these targets; name a section for the targets of another one"
    if not data["targets"]:
        then = "the wish names no section: call get_update_targets again with one of the sections"
    return Outcome({**data, "next": then}, rows=("targets",))


@_tool("Propose an update", {**_OF_DRAFT, "next": _TEXT}, reads=False, same=False)
def propose_update(project: Project, args: _ProposeUpdate) -> Outcome:
    """Hand in changes of an existing document as operations on targets; all else stays to the byte.

    Keeps a draft under .procauthor; documents stay as they are.
    """
    asked = [*args.changes.get(QUESTIONS, ()), *args.open_questions]
    changes = {**args.changes, QUESTIONS: asked} if asked else args.changes
    draft = project.revise(args.ref, args.wish, changes, by=args.by)
    data = _short(draft)
    then = {
        "Awaiting review": "a person accepts or rejects the draft",
        "No change": "nothing was to be changed, and no draft was kept",
    }.get(draft.outcome, "a person rejects the draft; call propose_update again with what findings name")
    return Outcome({**data, "next": then}, rows=("findings",))


@_tool(
    "Follow a procedure",
    {"record": _TEXT, "path": _TEXT, "title": _TEXT, "steps": _ROWS, "next_step": f"{_OBJECT}|null"}
    | {"closing": _ROWS, "wishes": _ROWS, "next": _TEXT},
    reads=False,
    same=False,
)
def follow(project: Project, args: _Follow) -> Outcome:
    """Walk through a procedure step by step, and keep a record beside it: who, when, evidence, deviations.

    Gives the next step; call it again with the number of that step to record how it ended. What was begun goes on.
    """
    from procauthor.reporting.follow import walk_json

    walk = project.follow(args.ref, by=args.by, occasion=args.occasion)
    if args.step:
        walk = walk.record(args.step, args.result, args.evidence, args.deviation)
    if args.stop and not walk.following.ended:
        walk = walk.stop()
    then = "carry out next_step as far as you are allowed to, then call follow with its number and how it ended"
    if walk.next is None:
        then = "the record has ended; a wish can be handed to get_update_targets"
    return Outcome({**walk_json(walk), "next": then})


@_tool("List drafts", {"drafts": _ROWS})
def list_drafts(project: Project, _args: _Nothing) -> Outcome:
    """Return the drafts that wait for review."""
    rows = [waiting.as_row() for waiting in project.drafts.all()]
    return Outcome({"drafts": rows}, rows=("drafts",))


@_tool("Get a draft", _OF_DRAFT)
def get_draft(project: Project, args: _Draft) -> Outcome:
    """Return a draft with its text and findings."""
    draft = project.draft(args.draft)
    fields = {"fields": draft.fields} if args.fields else {}
    return Outcome({**_short(draft), **fields}, draft.text)


@_tool("Diff of a draft", {"draft": _TEXT, "changes": _ROWS})
def diff(project: Project, args: _Named) -> Outcome:
    """Return what accepting a draft would change, in all files."""
    draft = project.draft(args.draft)
    change = draft.change()
    return Outcome({"draft": draft.id, "changes": change.as_json()}, change.diff())


@_tool("Findings of a draft", {"draft": _TEXT, "outcome": _TEXT, "findings": _ROWS, "open_questions": _ROWS})
def findings(project: Project, args: _Named) -> Outcome:
    """Return what is wrong or open in a draft."""
    draft = project.draft(args.draft)
    questions = list(draft.open_questions)
    data = {"draft": draft.id, "outcome": draft.outcome, "findings": list(draft.findings), "open_questions": questions}
    return Outcome(data, rows=("findings",))


@_tool("Answer a question", _OF_ANSWER, reads=False, same=False, destroys=True)
def answer_question(project: Project, args: _AnswerText) -> Outcome:
    """Answer an open question or accept a proposal.

    The answer takes its place in the document or draft, with all that follows from it in the library.
    """
    return _answer(project, args, may_write=True)


@_tool("Accept a draft", {"draft": _TEXT, "outcome": _TEXT, "changes": _ROWS}, reads=False, same=False, destroys=True)
def accept(project: Project, args: _Named) -> Outcome:
    """Write a draft and all that follows from it into the library."""
    draft = project.draft(args.draft)
    change = draft.accept()
    return Outcome({"draft": draft.id, "outcome": draft.accepted, "changes": change.as_json()})


@_tool("Answer a question", _OF_ANSWER, reads=False, same=False)
def propose_answer(project: Project, args: _AnswerText) -> Outcome:
    """Answer an open question or accept a proposal.

    In a draft the answer is written; of a document only the diff is returned, and a person writes it.
    """
    return _answer(project, args, may_write=False)


def _answer(project: Project, args: _AnswerText, *, may_write: bool) -> Outcome:
    """Answer a question; ``may_write`` says whether documents may be written, as drafts may in any case."""
    questions = project.questions
    answered = questions.answer(args.ref, args.number, args.text, accept=args.accept, section=args.section)
    written = may_write or answered.draft is not None
    if written:
        questions.write(answered)
    then = "a person answers it with: procauthor answer"
    if may_write:
        then = "call list_questions for what is still open"
    elif written:
        then = "a person accepts the draft"
    return Outcome({**answered.as_json(written=written), "next": then})


_TOOLS = (
    search,
    read,
    check,
    explain,
    refs,
    evaluate,
    suspects,
    due,
    blame,
    plan,
    survey_conventions,
    list_procedures,
    list_questions,
    get_brief,
    propose_draft,
    get_update_targets,
    propose_update,
    follow,
    list_drafts,
    get_draft,
    diff,
    findings,
)


def tools(*, allow_accept: bool) -> dict[str, Tool]:
    """Return the tools by name; accepting is one of them only where that is allowed."""
    deciding = (answer_question, accept) if allow_accept else (replace(propose_answer, name=answer_question.name),)
    return {tool.name: tool for tool in (*_TOOLS, *deciding)}
