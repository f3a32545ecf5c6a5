"""Commands that read the library, and those that bring it up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from procauthor.cli.output import Json, open_project, say, say_notices, show, show_diff, show_json
from procauthor.data import pick
from procauthor.naming import amount


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Name or code; without one, all are listed.")] = "",
    as_json: Json = False,
) -> None:
    """Say what a rule means, why it is there, and how to fix what it finds; without a rule, list all."""
    from procauthor.authoring.complaint import every_rule, explained

    rules = (explained(rule),) if rule.strip() else every_rule()
    if as_json:
        show_json({"rules": [known.as_json() for known in rules]})
        return
    if len(rules) > 1:
        for known in rules:
            show(f"{known.code}  {known.severity:<7}  {known.name}: {known.summary}")
        return
    (known,) = rules
    show(f"{known.name} ({known.code}, {known.severity})\n\n{known.summary}\n\nWhy: {known.why}\n")
    if known.example:
        show(f"Example: {known.example}\n")
    show(f"Fix: {known.fix}")


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, or a question.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many hits.")] = 10,
    as_json: Json = False,
) -> None:
    """Find the sections that answer a question."""
    from procauthor.errors import ConfigError

    if not query.strip():
        message = "the query is empty"
        raise ConfigError(message, 'ask something, for example: procauthor search "who approves a release"')
    project = open_project(ctx)
    hits = project.search(query, limit)
    say_notices(project)
    if as_json:
        show_json({"query": query, "hits": [hit.as_json() for hit in hits]})
        return
    for hit in hits:
        show(f"{hit.chunk.path}:{hit.chunk.line}  {' > '.join(filter(None, (hit.chunk.title, hit.chunk.heading)))}")
        if hit.chunk.text:
            show(f"    {' '.join(hit.chunk.text.split())[:160]}")
    if not hits:
        say("nothing found")


def sync(
    ctx: typer.Context,
    check_only: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if something is stale.")] = False,
    as_json: Json = False,
) -> None:
    """Bring index, lifecycle READMEs, orchestrations and plan ticks up to date; note new uses of contracts."""
    project = open_project(ctx)
    # What was never written down is not stale: nothing in the library is wrong without it.
    change = project.workspace.derive(project.library()) if check_only else project.sync()
    left = project.workspace.left_open(project.library())
    if not check_only:
        project.apply(change)
    if as_json:
        lines = [{"path": path, **pick(line, "line", "titles")} for path, line in left]
        show_json({"changes": change.as_json(), "left_open": lines, "applied": bool(change) and not check_only})
        raise typer.Exit(1 if check_only and change else 0)
    for path, line in left:
        there = f"{line.titles[0]} exists" if len(line.titles) == 1 else f"{' and '.join(line.titles)} exist"
        say(f"left open: {path}:{line.line} asks for more than that {there}")
    if not change:
        say("everything is up to date")
    else:
        show_diff(change.diff())
        noted = sum(edit.quiet for edit in change.edits)
        if derived := len(change.edits) - noted:
            say(f"{'stale' if check_only else 'brought up to date'}: {amount(derived, 'file')}")
        if noted:
            say(f"noted what {amount(noted, 'document')} relied on in the contracts of others")
        if not check_only:
            say("undo with: procauthor undo")
    raise typer.Exit(1 if check_only and change else 0)
