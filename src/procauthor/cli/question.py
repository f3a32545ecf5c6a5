"""Commands for what documents and drafts leave open."""

from __future__ import annotations

from typing import Annotated

import typer

from procauthor.character import plain
from procauthor.cli.output import DryRun, Json, open_project, say, say_notices, show, show_diff, show_json
from procauthor.naming import amount


def questions(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Only this document or draft.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """List open questions and proposals of documents and waiting drafts."""
    asked = open_project(ctx).questions.list(ref)
    if as_json:
        show_json({"questions": [each.as_json() for each in asked]})
        return
    for each in asked:
        q = each.question
        place = f"draft {each.draft}" if each.draft else f"{each.path}:{q.line}"
        owner = f" ({each.owner})" if each.owner else ""
        show(plain(f"{place}: {each.title!r}{owner}: {q.kind} {q.number}: {q.text}"))
        if q.reason:
            show(plain(f"    {q.reason}"))
    documents = len({(each.path, each.draft) for each in asked})
    if asked:
        say(f"{len(asked)} open in {amount(documents, 'document')} or drafts; answer: procauthor answer REF N TEXT")
    else:
        say("nothing is open")


def answer(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Path, id or title of a document, or id of a draft.")],
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="Number of the question, as questions shows it.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The answer, one line.", show_default=False)] = "",
    accept: Annotated[bool, typer.Option("--accept", help="Take the proposed value, or confirm the claim.")] = False,
    section: Annotated[
        str, typer.Option("--section", metavar="HEADING", help="Where the answer goes, if the text has no mark for it.")
    ] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Answer an open question or a proposal: the answer takes its place, and the question is closed."""
    project = open_project(ctx)
    answered = project.questions.answer(ref, number, text, accept=accept, section=section)
    say_notices(project)
    if not dry_run:
        project.questions.write(answered)
    if as_json:
        show_json(answered.as_json(written=not dry_run))
        return
    show_diff(answered.change.diff())
    kind, left = answered.asked.question.kind, f"{answered.left} left, status {answered.status}"
    say(f"{kind} {number} is answered: {answered.where}; {left}")
    if dry_run:
        say("nothing was written")
        return
    if answered.left:
        following = project.questions.list(ref)[0].question
        say(plain(f"the others are numbered again: {following.kind} {following.number} is now: {following.text}"))
    if answered.draft is None:
        say("undo with: procauthor undo")
