"""The command that changes an existing document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.authoring import finish, tell
from procauthor.cli.handoff import read_file
from procauthor.cli.output import Json, author_id, open_project, say, say_notices, show, show_json

if TYPE_CHECKING:
    from procauthor.authoring.authoring import Authoring
    from procauthor.project import Project


def update(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Path, id or title of the document.")],
    wish: Annotated[str, typer.Argument(metavar="WISH", help="What should change, in words.")],
    model: Annotated[str, typer.Option(help='Chat model, as "provider:name".')] = "",
    author: Annotated[str, typer.Option(help="offline: no model, no network.")] = "",
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Ceiling of tokens for the run.")] = None,
    answer: Annotated[str, typer.Option(metavar="FILE|-", help="Changes as a person or an agent wrote them.")] = "",
    by: Annotated[str, typer.Option(help="The person who wrote the answer and answers for it.")] = "",
    accept_it: Annotated[bool, typer.Option("--accept", help="Accept the draft if it has no error.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what can be changed; draft nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Draft a change of an existing document; only what the wish needs changes."""
    from procauthor.authoring.answer import read_members

    project = open_project(ctx)
    if dry_run:
        asked = project.author(author_id(model, author), max_tokens=max_tokens)
        _show_targets(project, ref, wish, asked, as_json=as_json)
        return
    if answer:
        draft = project.revise(ref, wish, read_members(read_file(answer)), by=by, person=bool(by.strip()))
        finish(project, draft, accept_it=accept_it, as_json=as_json)
    chosen = author_id(model, author)
    draft = project.author(chosen, max_tokens=max_tokens, progress=tell).update(ref, wish)
    finish(project, draft, accept_it=accept_it, as_json=as_json)


def _show_targets(project: Project, ref: str, wish: str, author: Authoring, *, as_json: bool) -> None:
    revision = project.revision(ref, wish)
    data = revision.as_json()
    bound = author.bound(revision.brief) if ":" in author.model else None
    data["bound"] = bound.as_json() if bound else None
    say_notices(project)
    if as_json:
        show_json(data)
        return
    for target in data["targets"]:
        text = " ".join(target["text"].split())
        show(f"{target['id']:28} {target['hash']}  {target['kind']:9} {text[:70]}".rstrip())
    say(f"{len(data['targets'])} targets in {data['brief']['path']}; nothing was drafted")
    if bound:
        say(f"budget for {author.model}: {bound}")
    say("--json adds the schema of an answer, which --answer FILE takes")
