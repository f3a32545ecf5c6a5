"""Commands that make, show and decide on drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from procauthor.cli.output import (
    NEEDS_REVISION,
    Json,
    author_id,
    open_project,
    say,
    say_for_now,
    say_notices,
    show,
    show_diff,
    show_json,
    show_lines,
)
from procauthor.data import grouped
from procauthor.naming import amount, is_document, list_first

if TYPE_CHECKING:
    from procauthor.authoring.authoring import Authoring
    from procauthor.authoring.brief import Brief
    from procauthor.authoring.draft import Draft
    from procauthor.authoring.pipeline import Progress
    from procauthor.library.change import Change
    from procauthor.project import Project


Name = Annotated[str, typer.Argument(metavar="DRAFT", help="Id or title; not needed where only one draft waits.")]


def create(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Title of the procedure.")],
    lifecycle: Annotated[str, typer.Option(help="Lifecycle that it belongs to.")] = "",
    phase: Annotated[str | None, typer.Option(help="Phase within the lifecycle.")] = None,
    depends_on: Annotated[list[str] | None, typer.Option(help="Title that it depends on; may be repeated.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Action plan to take the item from.")] = None,
    purpose: Annotated[str, typer.Option(help="What it is for, in a sentence.")] = "",
    trigger: Annotated[str, typer.Option(help="What starts it, in a sentence.")] = "",
    scope: Annotated[str, typer.Option(help="What it covers, and what it does not.")] = "",
    model: Annotated[str, typer.Option(help='Chat model, as "provider:name".')] = "",
    author: Annotated[str, typer.Option(help="offline, skeleton, or a chat model.")] = "",
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Ceiling of tokens for the run.")] = None,
    accept_it: Annotated[bool, typer.Option("--accept", help="Accept the draft if it has no error.")] = False,
    reviewer: Annotated[str, typer.Option(help='Second model that looks at the draft, as "provider:name".')] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask the model again, even what was asked before.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the brief and what it may cost; send nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draft a new procedure, or one that is a placeholder, in the eight steps."""
    project = open_project(ctx)
    writer = project.author(
        author_id(model, author), max_tokens=max_tokens, progress=tell, fresh=fresh, reviewer=reviewer
    )
    brief = writer.brief(
        title,
        lifecycle=lifecycle,
        phase=phase,
        depends_on=depends_on or (),
        plan=plan,
        purpose=purpose,
        trigger=trigger,
        scope=scope,
    )
    if dry_run:
        _show_brief(project, brief, writer, as_json=as_json)
        return
    draft = writer.write(brief)
    finish(project, draft, accept_it=accept_it, as_json=as_json)


def _show_brief(project: Project, brief: Brief, author: Authoring, *, as_json: bool) -> None:
    bound = author.bound(brief)
    say_notices(project)
    if as_json:
        from procauthor.secret import Censor

        show_json(
            {
                "brief": Censor.of(brief.text.encode()).each(brief.as_json()),
                "author": author.model,
                "bound": bound.as_json() if bound else None,
            }
        )
        return

    show_lines(brief_lines(brief))
    show(f"budget for {author.model}: {bound}" if bound else f"author {author.model}: no calls, no tokens")


def resume(
    ctx: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of a run or a batch; the last one where none is named.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Go on with a run or a batch that was stopped; no paid call is made twice."""
    project = open_project(ctx)
    batch = project.batch_of(run)
    if batch:
        from procauthor.cli.run import go_on

        go_on(project, batch, as_json=as_json)
    draft = project.author(progress=tell).resume(run)
    finish(project, draft, accept_it=False, as_json=as_json)


def finish(project: Project, waiting: Draft, *, accept_it: bool, as_json: bool) -> None:
    """Show a draft, accept it if that is wanted and it has no error, and exit."""
    say_notices(project)
    failed = waiting.failed
    accepted = accept_it and not failed and waiting.waits
    change = waiting.accept() if accepted else waiting.change()
    outcome = waiting.accepted if accepted else waiting.outcome
    if as_json:
        show_json(waiting.describe(change, outcome))
    else:
        show_diff(change.diff())
        for line in draft_lines(waiting, outcome, change):
            say(line)
        if accepted:
            _say_unlinked(waiting)
    raise typer.Exit(NEEDS_REVISION if failed else 0)


def drafts(ctx: typer.Context, as_json: Json = False) -> None:
    """List the drafts that wait."""
    project = open_project(ctx)
    waiting = project.drafts.all()
    if as_json:
        show_json({"drafts": [d.as_row() for d in waiting]})
        return
    for d in waiting:
        questions = amount(len(d.open_questions), "open question")
        show(f"{d.id}  {d.title}  ->  {d.path}  ({d.author}; {d.outcome}; {questions})")
    if not waiting:
        say("no draft waits")


def diff(
    ctx: typer.Context,
    draft: Name = "",
    document: Annotated[bool, typer.Option("--document", help="Print the document as it would be.")] = False,
    as_json: Json = False,
) -> None:
    """Show what accepting a draft would change, in all files."""
    project = open_project(ctx)
    waiting = project.draft(draft)
    if document:
        show(waiting.text.removeprefix("\ufeff").rstrip("\r\n"))
        return
    change = waiting.change()
    say_notices(project)
    if as_json:
        show_json(waiting.describe(change, waiting.outcome) | {"diff": change.diff()})
    else:
        show_diff(change.diff())


def accept(ctx: typer.Context, draft: Name = "", as_json: Json = False) -> None:
    """Write a draft, and all that follows from it, into the library."""
    project = open_project(ctx)
    waiting = project.draft(draft)
    change = waiting.accept()
    say_notices(project)
    if as_json:
        show_json(waiting.describe(change, waiting.accepted) | {"unlinked": list(waiting.unlinked())})
        return
    for edit in change.edits:
        show(f"{edit.action:7} {edit.path}")
    done = "updated" if waiting.accepted == "Updated" else "published"
    questions = waiting.open_questions
    if not questions:
        say(f"{waiting.title} is {done}")
    else:
        say(f"{waiting.title} is {done}, with {amount(len(questions), 'open question')}:")
        for question in questions:
            say(f"  - {question}")
        say(f"answer the first with: procauthor answer {quote(waiting.path)} 1 TEXT")
    _say_unlinked(waiting)
    say("undo with: procauthor undo")


def _say_unlinked(draft: Draft) -> None:
    """Name the command that links the document where others name it; their text is not touched unasked."""
    paths = draft.unlinked()
    if paths:
        count = "1 other document names it" if len(paths) == 1 else f"{len(paths)} other documents name it"
        command = f"procauthor check --fix --select unlinked-name {' '.join(map(quote, paths))}"
        say(f"{count} without a link; link it there with: {command}")


def reject(ctx: typer.Context, draft: Name = "") -> None:
    """Drop a draft; the library stays as it is."""
    waiting = open_project(ctx).draft(draft)
    waiting.reject()
    say(f"dropped {waiting.id}; the library is unchanged")
    if waiting.usage_by_step:
        say("its replies are kept: to create it again unchanged costs nothing; create --fresh asks the model again")


def tell(progress: Progress) -> None:
    """Print a step as it ends, and what is said between them; on a terminal also as it begins, until it ends."""
    if not progress.step:
        say(f"  {progress.note}")
    elif progress.done:
        cost = [f"{progress.seconds:6.2f} s"]
        if progress.usage.calls:
            cost.append(f"{progress.usage.tokens} tokens so far")
        say(f"  {progress.step} {progress.name:45} {'  '.join(filter(None, [*cost, progress.note]))}")
    else:
        say_for_now(f"  {progress.step} {progress.name} ...")


_SHOWN = 4


def brief_lines(brief: Brief) -> Iterator[str]:
    """Yield what an author would be given."""
    request = brief.request
    yield f"{request.title}  ->  {brief.path}"
    yield f"lifecycle {request.lifecycle or '-'}, phase {request.phase or '-'}, template {brief.template}"
    yield from (f"same work? {namesake}" for namesake in brief.namesakes)
    yield from (f"said: {text}" for text in request.said)
    for neighbour in brief.neighbours:
        outputs = ", ".join(o.name for o in (neighbour.outputs or neighbour.wants)) or "nothing named yet"
        yield f"{neighbour.relation} {neighbour.title} ({neighbour.status}): {outputs}"
    for passage in brief.passages:
        yield f"passage {passage.id}: {passage.path}:{passage.line} {passage.title} > {passage.heading}"
    yield from (
        f"rules of {standard.title}: {', '.join(rule.name for rule in standard.rules)}" for standard in brief.rules
    )
    if brief.promises:
        artifacts = amount(sum(len(p.artifacts) for p in brief.promises), "promised artifact")
        yield f"{artifacts} of {amount(len(brief.promises), 'procedure')}"
    announced = sum(r.announced for r in brief.references)
    yield f"{amount(len(brief.references), 'known title')} may be referred to, {announced} of them only announced"


def draft_lines(draft: Draft, outcome: str, change: Change) -> Iterator[str]:
    """Yield what was drafted, what is left to decide, and what to do next."""
    yield ""
    yield f"{draft.title}: {outcome}, written by {draft.author}"
    for note in draft.notes:
        yield f"  {note}"
    if outcome == "No change":
        yield from _usage(draft)
        return
    used = set(chain.from_iterable(draft.sources.values()))
    places = [f"{p['path']}:{p['line']}" for p in draft.passages if p["id"] in used]
    if not draft.wish:
        passages = amount(len(draft.passages), "passage")
        shown = f": {list_first(places, _SHOWN)}" if places else ""
        yield f"  rests on {len(places)} of {passages}{shown}"
    yield from _usage(draft)
    yield from _finding_lines(draft)
    if draft.author in ("offline", "skeleton") and any(f["code"] == "S106" for f in draft.findings):
        yield "  what says TODO is for a person to write in the file, or for a model: --model provider:name"
    if draft.open_questions:
        yield f"  {amount(len(draft.open_questions), 'question')} for a person:"
        for question in draft.open_questions:
            yield f"    - {question}"
            yield from (_lead(lead) for lead in draft.leads if lead["question"] == question)
    files = _files(change)
    if outcome in ("Published", "Updated"):
        yield f"  wrote {files}"
        yield "undo with: procauthor undo"
    else:
        yield f"  would write {files}"
        yield f"next: procauthor diff {draft.id}, then procauthor accept {draft.id} or procauthor reject {draft.id}"


def _finding_lines(draft: Draft) -> Iterator[str]:
    """Yield the findings; what is said of several places is said once."""
    alike = grouped(((f["severity"], f["code"], f["message"]), f) for f in draft.findings)
    for (severity, code, message), (first, *others) in alike.items():
        place = f"line {first['line']}"
        if first["path"] != draft.path:
            place = f"in {first['path']}:{first['line']}, once accepted"
        if others:
            place = f"in {len(others) + 1} places, the first {place if place.startswith('in ') else f'in {place}'}"
        yield f"  {severity} {code} {place}: {message}"


def _lead(lead: Mapping[str, Any]) -> str:
    return f"        see {lead['path']}:{lead['line']}, {lead['heading']!r}"


def _files(change: Change) -> str:
    """Return the documents of a change by name; what is recorded beside them is counted."""
    documents = [edit.path for edit in change.edits if is_document(edit.path)]
    records = len(change.edits) - len(documents)
    return ", ".join(documents) + (f", with {amount(records, 'record')}" if records else "")


def _usage(draft: Draft) -> Iterator[str]:
    usage = draft.usage
    if usage.calls:
        yield f"  {amount(usage.calls, 'call')}, {usage.input_tokens} tokens in, {usage.output_tokens} out"
    if draft.reused:
        yield f"  at no cost, from an earlier run: {amount(draft.reused, 'call')}; --fresh asks the model again"
